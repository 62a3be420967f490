//! What the pipeline must know of the four structures that it signs.

use crate::ledger::Intent;
use crate::output::{Encoding, Verified};
use crate::signer::{PublicKey, SignatureAlgorithm, Signer};
use crate::workflow::WorkflowError;
use crate::workflow::record::{certificate_intent, crl_intent, ocsp_intent, request_intent};
use crate::x509::{
    Certificate, Checked, CheckedCrl, CheckedOcsp, CheckedRequest, Issued, IssuedCrl, IssuedOcsp,
    IssuedRequest, Name, X509Error,
};

/// A structure that passed every rule and is signed once. Nothing outside this crate can implement it: what is unchecked cannot be signed.
pub trait Signable: sealed::Sealed + Sized {
    /// What comes out. Its signature is verified.
    type Signed: Verified;

    /// The DER bytes that are signed.
    fn to_sign(&self) -> &[u8];

    /// The key that signs.
    fn signing_key(&self) -> &PublicKey;

    /// How it signs.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The CA certificate in whose name it is signed. The ledger must know it. None where a key speaks for itself.
    fn authority(&self) -> Option<&Certificate> {
        None
    }

    /// The key that it certifies, and for whom. None where it certifies no key.
    ///
    /// # Errors
    /// [`X509Error::Malformed`], which checked bytes are not.
    fn certified(&self) -> Result<Option<Certified>, X509Error> {
        Ok(None)
    }

    /// Waits for a check that runs on another thread while the token logs in.
    ///
    /// # Errors
    /// The rule that is broken.
    fn confirm(&self) -> Result<(), X509Error> {
        Ok(())
    }

    /// The largest size of the file in bytes: so much room is reserved for it.
    fn longest_file(&self, encoding: Encoding) -> usize;

    /// What the ledger records before the signature.
    ///
    /// # Errors
    /// [`WorkflowError`] for a value that the ledger does not take.
    fn intent(&self) -> Result<Intent, WorkflowError>;

    /// Has `signer` sign it, once, and verifies the signature in software.
    ///
    /// # Errors
    /// [`X509Error::Signer`] when the key does not sign, [`X509Error::TokenSignature`] when it signs wrongly.
    fn sign(self, signer: &dyn Signer) -> Result<Self::Signed, X509Error>;

    /// What the ledger records after the signature: DER whose first element is what was signed.
    fn signed_der(signed: &Self::Signed) -> &[u8];
}

/// A key that is vouched for.
#[derive(Clone, Debug)]
pub struct Certified {
    /// The key.
    pub key: PublicKey,
    /// For whom.
    pub subject: Name,
    /// Whether it becomes a CA's.
    pub is_authority: bool,
    /// The name of the issuer, where the certificate repeats that of another CA.
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
