//! AWS KMS: the key pair that it generated and encrypted, and the call that decrypts it; and a key of its own that signs.

mod attestation;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod aws_decrypt;
#[cfg(feature = "aws")]
mod aws_sign;
mod ber;
mod envelope;
mod error;
#[cfg(feature = "aws")]
mod exception;
mod key_arn;
mod key_id;
#[cfg(feature = "aws")]
mod key_store;
#[cfg(feature = "nitro-enclave")]
mod nsm;
mod pair;
mod signing_key_name;

pub use attestation::{AttestationDocument, AttestationError};
#[cfg(feature = "aws")]
pub use aws::{CreatedKey, Kms, Reachability};
#[cfg(feature = "aws")]
pub use aws_sign::SigningKey;
pub use envelope::{EnvelopeError, RecipientEnvelope};
pub use error::KmsError;
pub use key_arn::KeyArn;
#[cfg(feature = "aws")]
pub use key_store::KmsKeyStore;
#[cfg(feature = "nitro-enclave")]
pub use nsm::attest;
pub use pair::{EncryptionContext, KeyPairFile, KeySpec};
pub use signing_key_name::SigningKeyName;

use std::fmt;

use crate::secret::{MemoryGuard, PrivateKeyDer};

/// The service that can decrypt the private key of a pair file: KMS.
pub trait KeyPairDecryptor: fmt::Debug {
    /// Asks whether [`decrypt`](Self::decrypt) would succeed (`DryRun`): KMS checks policies, encryption context and ciphertext, and decrypts
    /// nothing.
    ///
    /// # Errors
    /// What `decrypt` would fail with. A private key other than `pair`'s only shows when it is decrypted.
    fn rehearse_decrypt(&self, pair: &KeyPairFile) -> Result<(), KmsError>;

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
