//! An asymmetric KMS key in place of a token: it signs, and no part of the private key is ever on this machine.

use super::aws_sign::KmsSigner;
use super::{Kms, KmsError, SigningKey, SigningKeyName};
use crate::signer::{KeyStore, PublicKey, RandomSource, SignError, Signer, SystemRandom};

/// A store whose only key is one KMS key that signs.
#[derive(Debug)]
pub struct KmsKeyStore {
    kms: Kms,
    name: SigningKeyName,
    key: SigningKey,
}

impl KmsKeyStore {
    /// Asks KMS for the key's public half (`GetPublicKey`), and whether it signs. From here on the key is the one with the ARN in that answer, even
    /// if an alias points elsewhere later.
    ///
    /// # Errors
    /// [`KmsError`]
    pub fn open(name: SigningKeyName) -> Result<Self, KmsError> {
        let kms = Kms::connect(Some(name.key()))?;
        let key = kms.signing_key(&name)?;
        Ok(Self { kms, name, key })
    }

    /// What KMS says about the key.
    #[must_use]
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    fn signer(&self) -> Box<dyn Signer + '_> {
        Box::new(KmsSigner::new(&self.kms, &self.key))
    }
}

impl KeyStore for KmsKeyStore {
    /// The operating system's generator and not KMS's (`GenerateRandom`). A serial number is public and needs only to be unpredictable; a call to KMS
    /// would need one more permission.
    fn random_source(&self) -> &dyn RandomSource {
        &SystemRandom
    }

    fn signer_for(&self, public_key: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError> {
        if self.key.public_key.has_numbers_of(public_key) {
            return Ok(self.signer());
        }
        Err(SignError::new(KmsError::OtherPublicKey {
            name: self.name.to_string(),
            key: self.key.arn.clone(),
        }))
    }

    fn signer_named(&self, name: &str) -> Result<Box<dyn Signer + '_>, SignError> {
        match SigningKeyName::parse(name) {
            Ok(named) if named == self.name => Ok(self.signer()),
            Ok(_) => Err(SignError::new(KmsError::UnfitKey {
                key: self.key.arn.clone(),
                reason: format!("it is not {name}"),
            })),
            Err(error) => Err(SignError::new(error)),
        }
    }
}
