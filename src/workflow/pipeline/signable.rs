//! What the pipeline needs to know about the four structures that it signs.

use crate::ledger::Intent;
use crate::output::{Encoding, Verified};
use crate::signer::{PublicKey, SignatureAlgorithm, Signer};
use crate::workflow::WorkflowError;
use crate::workflow::record::{certificate_intent, crl_intent, ocsp_intent, request_intent};
use crate::x509::{
    Certificate, Checked, CheckedCrl, CheckedOcsp, CheckedRequest, Issued, IssuedCrl, IssuedOcsp,
    IssuedRequest, Name, X509Error,
};

/// A structure that passed every rule and is signed once. Only this crate can implement it, so nothing unchecked can be signed.
pub trait Signable: sealed::Sealed + Sized {
    /// The signed object. Its signature is verified.
    type Signed: Verified;

    /// The DER bytes that are signed.
    fn to_sign(&self) -> &[u8];

    /// The key that signs.
    fn signing_key(&self) -> &PublicKey;

    /// The signature algorithm.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The CA certificate in whose name it is signed. The ledger must know it. `None` if the key signs for itself.
    fn authority(&self) -> Option<&Certificate> {
        None
    }

    /// The certified key and its subject. `None` if it certifies no key.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]; checked bytes never are.
    fn certified(&self) -> Result<Option<Certified>, X509Error> {
        Ok(None)
    }

    /// Waits for a check that runs on another thread while the token logs in.
    ///
    /// # Errors
    /// The broken rule.
    fn confirm(&self) -> Result<(), X509Error> {
        Ok(())
    }

    /// The largest size of the file in bytes. This much space is reserved.
    fn longest_file(&self, encoding: Encoding) -> usize;

    /// What the ledger records before the signature.
    ///
    /// # Errors
    /// [`WorkflowError`] for a value that the ledger does not accept.
    fn intent(&self) -> Result<Intent, WorkflowError>;

    /// Has `signer` sign it, once, and verifies the signature in software.
    ///
    /// # Errors
    /// [`X509Error::Signer`] if the key does not sign, [`X509Error::TokenSignature`] if its signature is wrong.
    fn sign(self, signer: &dyn Signer) -> Result<Self::Signed, X509Error>;

    /// What the ledger records after the signature: DER whose first element is what was signed.
    fn signed_der(signed: &Self::Signed) -> &[u8];
}

/// A certified key.
#[derive(Clone, Debug)]
pub struct Certified {
    /// The key.
    pub key: PublicKey,
    /// Its subject.
    pub subject: Name,
    /// Whether it becomes a CA's key.
    pub is_authority: bool,
    /// The issuer's name, for a cross-certificate.
    pub cross_issuer: Option<Name>,
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Checked {}
    impl Sealed for super::CheckedRequest {}
    impl Sealed for super::CheckedCrl {}
    impl Sealed for super::CheckedOcsp {}
}

impl Signable for Checked {
    type Signed = Issued;

    fn to_sign(&self) -> &[u8] {
        self.der()
    }

    fn signing_key(&self) -> &PublicKey {
        self.issuer_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.signature()
    }

    fn authority(&self) -> Option<&Certificate> {
        Self::authority(self)
    }

    fn certified(&self) -> Result<Option<Certified>, X509Error> {
        let content = self.content();
        Ok(Some(Certified {
            key: content.key.clone(),
            subject: content.subject.clone(),
            is_authority: content.is_authority,
            cross_issuer: self.original().map(|_| content.issuer.clone()),
        }))
    }

    fn confirm(&self) -> Result<(), X509Error> {
        self.confirm_key()
    }

    fn longest_file(&self, encoding: Encoding) -> usize {
        Self::longest_file(self, encoding)
    }

    fn intent(&self) -> Result<Intent, WorkflowError> {
        certificate_intent(self)
    }

    fn sign(self, signer: &dyn Signer) -> Result<Issued, X509Error> {
        Self::sign(self, signer)
    }

    fn signed_der(signed: &Issued) -> &[u8] {
        signed.certificate().der()
    }
}

impl Signable for CheckedRequest {
    type Signed = IssuedRequest;

    fn to_sign(&self) -> &[u8] {
        self.der()
    }

    fn signing_key(&self) -> &PublicKey {
        self.key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.signature()
    }

    fn certified(&self) -> Result<Option<Certified>, X509Error> {
        Ok(Some(Certified {
            key: self.key().clone(),
            subject: self.subject()?,
            is_authority: false,
            cross_issuer: None,
        }))
    }

    fn longest_file(&self, encoding: Encoding) -> usize {
        Self::longest_file(self, encoding)
    }

    fn intent(&self) -> Result<Intent, WorkflowError> {
        request_intent(self)
    }

    fn sign(self, signer: &dyn Signer) -> Result<IssuedRequest, X509Error> {
        Self::sign(self, signer)
    }

    fn signed_der(signed: &IssuedRequest) -> &[u8] {
        signed.request().der()
    }
}

impl Signable for CheckedCrl {
    type Signed = IssuedCrl;

    fn to_sign(&self) -> &[u8] {
        self.der()
    }

    fn signing_key(&self) -> &PublicKey {
        self.issuer_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.signature()
    }

    fn authority(&self) -> Option<&Certificate> {
        Some(Self::authority(self))
    }

    fn longest_file(&self, encoding: Encoding) -> usize {
        Self::longest_file(self, encoding)
    }

    fn intent(&self) -> Result<Intent, WorkflowError> {
        crl_intent(self)
    }

    fn sign(self, signer: &dyn Signer) -> Result<IssuedCrl, X509Error> {
        Self::sign(self, signer)
    }

    fn signed_der(signed: &IssuedCrl) -> &[u8] {
        signed.list().der()
    }
}

impl Signable for CheckedOcsp {
    type Signed = IssuedOcsp;

    fn to_sign(&self) -> &[u8] {
        self.der()
    }

    fn signing_key(&self) -> &PublicKey {
        self.signer_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.signature()
    }

    fn authority(&self) -> Option<&Certificate> {
        Some(self.plan().responder.issuer())
    }

    fn longest_file(&self, encoding: Encoding) -> usize {
        Self::longest_file(self, encoding)
    }

    fn intent(&self) -> Result<Intent, WorkflowError> {
        ocsp_intent(self)
    }

    fn sign(self, signer: &dyn Signer) -> Result<IssuedOcsp, X509Error> {
        Self::sign(self, signer)
    }

    fn signed_der(signed: &IssuedOcsp) -> &[u8] {
        signed.answer().der()
    }
}
