//! The content of a request whose signature was verified.

use super::{VerifiedHash, VerifiedRequest};
use crate::signer::PublicKey;
use crate::values::Digest;
use crate::x509::{AlternativeName, ExtensionText, Name, X509Error};

impl VerifiedRequest {
    /// The hash that identifies the same bytes.
    #[must_use]
    pub fn verified_hash(&self) -> VerifiedHash {
        VerifiedHash(Digest::of(self.request.der()))
    }

    /// The DER bytes it was read from.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.request.der()
    }

    /// `subject`, in the bytes of the request.
    #[must_use]
    pub fn subject(&self) -> &Name {
        self.request.subject()
    }

    /// The key that signed the request.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    pub(in crate::x509) fn alternative_names(&self) -> Result<Vec<AlternativeName>, X509Error> {
        self.request.alternative_names()
    }

    /// The requested subjectKeyIdentifier.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn subject_key_identifier(&self) -> Result<Option<Vec<u8>>, X509Error> {
        self.request.subject_key_identifier()
    }

    /// The requested extensions. The profile decides which ones the certificate gets.
    #[must_use]
    pub fn requested_extensions(&self) -> Vec<ExtensionText> {
        self.request.requested_extensions()
    }

    /// Every other attribute. None of them gets into a certificate.
    #[must_use]
    pub fn other_attributes(&self) -> Vec<(String, String)> {
        self.request.other_attributes()
    }
}
