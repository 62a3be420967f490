//! An asymmetric KMS key in the place of a token: it signs, and nothing of it is ever here.

use super::aws_sign::KmsSigner;
use super::{Kms, KmsError, SigningKey, SigningKeyName};
use crate::signer::{KeyStore, PublicKey, SignError, Signer, fill_random};

/// One KMS key that signs, as a store with that key alone.
#[derive(Debug)]
pub struct KmsKeyStore {
    kms: Kms,
    name: SigningKeyName,
    key: SigningKey,
}

impl KmsKeyStore {
    /// Asks KMS for the key's public half (`GetPublicKey`), and whether it signs. From here on the key is the one with the ARN in that
    /// answer, wherever an alias may point later.
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
    /// From the operating system and not from KMS (`GenerateRandom`): what is drawn is told to
    /// everybody in the certificate, needs to be unpredictable only, and is one permission less to give.
    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), SignError> {
        fill_random(buffer).map_err(|_| SignError::new(KmsError::Random))
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
