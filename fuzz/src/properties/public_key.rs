//! A `SubjectPublicKeyInfo`.

use hsm_ca::signer::{KeyAlgorithm, KeySearch, PublicKey, SignatureAlgorithm};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::shown::told;

/// A parsed key has one encoding, which the second decoder parses; its faults are found in bounded time; it verifies no arbitrary
/// signature.
pub fn check(input: &[u8]) {
    let key = match PublicKey::from_der(input) {
        Ok(key) => key,
        Err(error) => return told(error),
    };
    assert_eq!(PublicKey::from_der(key.der()).as_ref(), Ok(&key));
    // A missing NULL of rsaEncryption is added (RFC 3279 section 2.3.1); everything else is unchanged.
    let is_plain_rsa = matches!(key.algorithm(), KeyAlgorithm::Rsa { .. });
    assert!(key.der() == input || (is_plain_rsa && key.der().len() == input.len() + 2));
    let (rest, theirs) = SubjectPublicKeyInfo::from_der(key.der()).expect("the second decoder parses it");
    assert!(rest.is_empty());
    assert_eq!(theirs.subject_public_key.data.as_ref(), key.subject_public_key());
    assert_eq!(key.rsa_integers().is_some(), key.algorithm().rsa_bits().is_some());
    assert_eq!(key.key_identifier().len(), 20);
    if let Some(fault) = key.find_fault(KeySearch::Short) {
        told(format!("{fault:?}"));
    }
    for algorithm in [key.algorithm().default_signature(), SignatureAlgorithm::Ed25519] {
        let signature = &input[..input.len().min(64)];
        assert!(key.verify(algorithm, input, signature).is_err());
    }
}
