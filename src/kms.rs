//! AWS KMS: the key pair that it generated and encrypted, and the call that decrypts it.

mod attestation;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod aws_decrypt;
mod ber;
mod envelope;
mod error;
#[cfg(feature = "aws")]
mod exception;
#[cfg(feature = "nitro-enclave")]
mod nsm;
mod pair;

pub use attestation::{AttestationDocument, AttestationError};
#[cfg(feature = "aws")]
pub use aws::{CreatedKey, Kms, Reachability};
pub use envelope::{EnvelopeError, RecipientEnvelope};
pub use error::KmsError;
#[cfg(feature = "nitro-enclave")]
pub use nsm::attest;
pub use pair::{EncryptionContext, KeyPairFile, KeySpec};

use crate::secret::{MemoryGuard, PrivateKeyDer};

/// Whoever can decrypt the private key of a pair file: KMS.
pub trait KeyPairDecryptor {
    /// Decrypts the private key of `pair`, whose key must be `pair`'s own or the one pinned by the implementation.
    /// The guard shows that the process keeps its memory to itself.
    ///
    /// # Errors
    /// [`KmsError`]
    fn decrypt(&self, pair: &KeyPairFile, guard: &MemoryGuard) -> Result<PrivateKeyDer, KmsError>;

    /// Has the private key of `pair` encrypted to the public key in `attestation`: this process sees ciphertext only.
    ///
    /// # Errors
    /// [`KmsError`]
    fn decrypt_for_recipient(
        &self,
        pair: &KeyPairFile,
        attestation: &AttestationDocument,
    ) -> Result<RecipientEnvelope, KmsError>;
}
