//! The proofs that a key on the token is the key it should be, and can only sign.

use crate::signer::{KeyStore, PublicKey, Signer};
use crate::token::{KeyDescription, PrivateKey, Session, TokenSigner};

use super::ProofKind;

/// What is signed to prove possession begins with this sentence. No certificate, request or CRL begins so: their first byte is
/// 0x30. Boulder dropped its test signature over a bare nonce because that could be taken for a malformed certificate
/// (letsencrypt/boulder #5071).
const CHALLENGE: &[u8] =
    b"hsm-ca proof of possession: this text is no certificate, no request and no revocation list. Nonce: ";

const NONCE_BYTES: usize = 32;

/// A key on the token and what it has proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProof {
    /// The key as the token describes it.
    pub key: KeyDescription,
    /// Its public key.
    pub public_key: PublicKey,
}

/// A proof that failed, and what was found.
pub(super) type Failed = (ProofKind, String);

/// Proves that `key` holds `expected`, that its attributes are those of a key that only signs, and that it signs.
///
/// # Errors
/// The first proof that fails, with what was found.
pub fn prove_key(
    session: &Session,
    key: PrivateKey,
    expected: &PublicKey,
) -> Result<KeyProof, (ProofKind, String)> {
    if key.public_key != *expected {
        return Err((
            ProofKind::TokenKey,
            "the private key object has another public key".to_owned(),
        ));
    }
    if let Some(unfit) = key.description.attributes.unfit_for_signing_only() {
        return Err((ProofKind::Attributes, unfit.to_string()));
    }
    let description = key.description.clone();
    prove_signature(session, &TokenSigner::new(session, key), expected)?;
    Ok(KeyProof {
        key: description,
        public_key: expected.clone(),
    })
}

fn prove_signature(store: &dyn KeyStore, signer: &dyn Signer, expected: &PublicKey) -> Result<(), Failed> {
    let failed = |reason: String| (ProofKind::Signature, reason);
    let mut challenge = CHALLENGE.to_vec();
    let mut nonce = [0; NONCE_BYTES];
    store
        .fill_random(&mut nonce)
        .map_err(|error| failed(error.to_string()))?;
    challenge.extend_from_slice(&nonce);
    let algorithm = expected.algorithm().default_signature();
    let signature = signer
        .sign(algorithm, &challenge)
        .map_err(|error| failed(error.to_string()))?;
    expected
        .verify(algorithm, &challenge, &signature)
        .map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_cannot_be_read_as_der() {
        assert_ne!(CHALLENGE[0], 0x30);
        assert!(CHALLENGE.is_ascii() && CHALLENGE.len() > 64);
    }
}
