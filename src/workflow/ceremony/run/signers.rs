//! Signers besides the token's signer.

use std::sync::Mutex;

use crate::signer::{PublicKey, SignError, SignatureAlgorithm, Signer};

/// A signature from the transcript. It returns the same octets without using a token.
pub(super) struct RecordedSignature {
    key: PublicKey,
    signature: Vec<u8>,
}

impl RecordedSignature {
    pub(super) fn new(key: PublicKey, signature: &[u8]) -> Self {
        let signature = signature.to_vec();
        Self { key, signature }
    }
}

impl Signer for RecordedSignature {
    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn sign(&self, _: SignatureAlgorithm, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.signature.clone())
    }
}

/// The token's signer. It keeps the octets of its signature for the transcript.
pub(super) struct Remembering<'a> {
    signer: Box<dyn Signer + 'a>,
    signature: Mutex<Vec<u8>>,
}

impl<'a> Remembering<'a> {
    pub(super) fn new(signer: Box<dyn Signer + 'a>) -> Self {
        Self {
            signer,
            signature: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn signature(&self) -> Vec<u8> {
        self.signature
            .lock()
            .map(|octets| octets.clone())
            .unwrap_or_default()
    }
}

impl Signer for Remembering<'_> {
    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    fn check(&self, algorithm: SignatureAlgorithm) -> Result<(), SignError> {
        self.signer.check(algorithm)
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let octets = self.signer.sign(algorithm, message)?;
        if let Ok(mut signature) = self.signature.lock() {
            signature.clone_from(&octets);
        }
        Ok(octets)
    }
}
