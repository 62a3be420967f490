//! The input files of a ceremony. Only the pinned bytes are accepted.

mod describe;

use std::collections::BTreeMap;

use super::CeremonyError;
use crate::ceremony::{CeremonyFile, Digest};
use crate::kms::KeyPairFile;
use crate::signer::PublicKey;
use crate::x509::{
    Certificate, CertificateRevocationList, CertificationRequest, PUBLIC_KEY, VerifiedRequest, decode_one,
};

/// The bytes of every input. Each has the hash that the ceremony file pins.
#[derive(Clone, Debug)]
pub struct CeremonyInputs(BTreeMap<String, Vec<u8>>);

impl CeremonyInputs {
    /// Calls `read` for each input of the file, with its path relative to the file's directory.
    ///
    /// # Errors
    /// The errors of `read`; [`CeremonyError::OtherInput`]
    pub fn read<E: From<CeremonyError>>(
        file: &CeremonyFile,
        mut read: impl FnMut(&str) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let mut inputs = BTreeMap::new();
        for (name, input) in &file.inputs {
            let bytes = read(&input.file)?;
            let found = Digest::of(&bytes);
            if found != input.sha256 {
                return Err(CeremonyError::OtherInput {
                    name: name.clone(),
                    pinned: input.sha256,
                    found,
                }
                .into());
            }
            inputs.insert(name.clone(), bytes);
        }
        Ok(Self(inputs))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn certificate(&self, name: &str) -> Result<Certificate, CeremonyError> {
        self.content(name, Certificate::read)
    }

    /// A request whose self-signature is valid.
    pub(super) fn request(&self, name: &str) -> Result<VerifiedRequest, CeremonyError> {
        self.content(name, |bytes| CertificationRequest::read(bytes)?.verify())
    }

    pub(super) fn crl(&self, name: &str) -> Result<CertificateRevocationList, CeremonyError> {
        self.content(name, |bytes| CertificateRevocationList::read(bytes.to_vec()))
    }

    pub(super) fn pair(&self, name: &str) -> Result<KeyPairFile, CeremonyError> {
        self.content(name, KeyPairFile::read)
    }

    /// A public key, given alone or in a certificate.
    pub(super) fn public_key(&self, name: &str) -> Result<PublicKey, CeremonyError> {
        if let Ok(certificate) = self.certificate(name) {
            return self.content(name, |_| certificate.public_key());
        }
        let der = self.content(name, |bytes| decode_one(bytes, PUBLIC_KEY))?;
        self.content(name, |_| PublicKey::from_der(&der))
    }

    fn content<T, E: std::fmt::Display>(
        &self,
        name: &str,
        read: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T, CeremonyError> {
        let refuse = |reason: String| CeremonyError::InputContent {
            name: name.to_owned(),
            reason,
        };
        let bytes = self
            .0
            .get(name)
            .ok_or_else(|| refuse("it does not exist".to_owned()))?;
        read(bytes).map_err(|error| refuse(error.to_string()))
    }
}
