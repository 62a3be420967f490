//! From checked bytes to a signed request: one signature by the token, verified in software.

use super::{CertificationRequest, CheckedRequest, VerifiedRequest, reread};
use crate::output::{Encoding, Sealed, Verified, encode_pem};
use crate::signer::Signer;
use crate::x509::signed::{Signed, longest_signed, sign_once};
use crate::x509::{X509Error, pem};

/// A request of our own whose signature verifies. Only this kind can be written.
#[derive(Clone, Debug)]
pub struct IssuedRequest {
    request: VerifiedRequest,
}

impl CheckedRequest {
    /// The largest size of the request's file in bytes, to reserve space before it is signed.
    #[must_use]
    pub fn longest_file(&self, encoding: Encoding) -> usize {
        let Self(tbs) = self;
        let der = longest_signed(tbs.der.len(), tbs.key.algorithm());
        encoding.length(pem::CERTIFICATE_REQUEST, der)
    }

    /// Has `signer` sign the checked bytes, once, and verifies the signature under the request's own key, in software.
    ///
    /// # Errors
    /// [`X509Error::Signer`] if the token does not sign; [`X509Error::TokenSignature`] if its signature does not verify.
    pub fn sign(self, signer: &dyn Signer) -> Result<IssuedRequest, X509Error> {
        let Self(tbs) = self;
        let signature = sign_once(signer, &tbs.key, tbs.signature, &tbs.der)?;
        let der = Signed::assemble(&tbs.der, tbs.signature, &signature)?.to_der()?;
        let request = CertificationRequest::read(&der)?.verify()?;
        Ok(IssuedRequest { request })
    }
}

impl IssuedRequest {
    /// Reads a request that was signed before, and verifies its signature again.
    ///
    /// # Errors
    /// [`X509Error`]
    pub fn reread(der: &[u8]) -> Result<Self, X509Error> {
        let request = CertificationRequest::read(der)?.verify()?;
        Ok(Self { request })
    }

    /// The request.
    #[must_use]
    pub const fn request(&self) -> &CertificationRequest {
        &self.request.request
    }
}

impl Sealed for IssuedRequest {}

impl Verified for IssuedRequest {
    fn content(&self, encoding: Encoding) -> Vec<u8> {
        let der = self.request().der();
        match encoding {
            Encoding::Pem => encode_pem(pem::CERTIFICATE_REQUEST, der).into_bytes(),
            Encoding::Der => der.to_vec(),
        }
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        reread::compare(written, self.request())
    }
}
