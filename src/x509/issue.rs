//! From checked bytes to a certificate: one signature by the token, verified in software.

use super::signed::{Signed, longest_signed, sign_once};
use super::{Certificate, Checked, X509Error, confirm_quality, pem, reread, rules};
use crate::output::{Encoding, Sealed, Verified, encode_pem};
use crate::signer::{PublicKey, Signer};

/// A certificate whose signature verifies. Only this kind can be written.
#[derive(Clone, Debug)]
pub struct Issued {
    certificate: Certificate,
}

impl Checked {
    /// Waits for the search that the check of the subject's key started. Every signature waits for it. A caller that records before it signs
    /// calls this before the record.
    ///
    /// # Errors
    /// The rules `key-composite` and `key-medium-factors`
    pub fn confirm_key(&self) -> Result<(), X509Error> {
        confirm_quality(&self.content().key, self.tbs.profile.key_search)
    }

    /// The largest size of the certificate's file in bytes, to reserve space before it is signed.
    #[must_use]
    pub fn longest_file(&self, encoding: Encoding) -> usize {
        let der = longest_signed(self.der().len(), self.issuer_key().algorithm());
        encoding.length(pem::CERTIFICATE, der)
    }

    /// Has `signer` sign the checked bytes, once, and verifies the signature under the issuer's public key, in software.
    ///
    /// # Errors
    /// [`X509Error::Signer`] if the token does not sign; [`X509Error::TokenSignature`] if its signature does not verify.
    pub fn sign(self, signer: &dyn Signer) -> Result<Issued, X509Error> {
        self.confirm_key()?;
        let Self { tbs, .. } = self;
        let signature = sign_once(signer, &tbs.issuer_key, tbs.signature, &tbs.der)?;
        let der = Signed::assemble(&tbs.der, tbs.signature, &signature)?.to_der()?;
        let certificate = Certificate::from_der(&der)?;
        // The signature was already verified over these bytes. To verify it again would cost as much as a fast token's signature.
        if !certificate.is_signed_content(&tbs.der, tbs.signature, &signature)? {
            let found = "the certificate does not hold the bytes and the signature that were verified";
            return Err(X509Error::broken(rules::READ_BACK, found));
        }
        Ok(Issued { certificate })
    }
}

impl Issued {
    /// Reads a certificate that was signed before, and verifies its signature under the issuer's public key again.
    ///
    /// # Errors
    /// [`X509Error`]
    pub fn reread(der: &[u8], issuer_key: &PublicKey) -> Result<Self, X509Error> {
        let certificate = Certificate::from_der(der)?;
        certificate.verify_signature(issuer_key)?;
        Ok(Self { certificate })
    }

    /// The certificate.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

impl Sealed for Issued {}

impl Verified for Issued {
    fn content(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Pem => encode_pem(pem::CERTIFICATE, self.certificate.der()).into_bytes(),
            Encoding::Der => self.certificate.der().to_vec(),
        }
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        reread::compare(written, &self.certificate)
    }
}
