//! AWS KMS: the key pair that it generated and encrypted, and the call that decrypts it.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod aws_error;
#[cfg(feature = "aws")]
mod endpoint;
mod error;
mod pair;

#[cfg(feature = "aws")]
pub use aws::{CreatedKey, Kms, Reachability};
pub use error::KmsError;
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
}
