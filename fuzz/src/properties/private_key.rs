//! A decrypted private key: PKCS#8.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use hsm_ca::secret::{CheckedPrivateKey, MemoryGuard, PrivateKeyDer, PrivateKeyError};
use hsm_ca::signer::{Curve, KeyAlgorithm, PublicKey};

use super::shown::told;

/// The public keys of the pairs in the corpus, as `SubjectPublicKeyInfo`.
const KEYS: [&[u8]; 6] = [
    include_bytes!("keys/rsa.spki"),
    include_bytes!("keys/p256.spki"),
    include_bytes!("keys/p384.spki"),
    include_bytes!("keys/p521.spki"),
    include_bytes!("keys/secp256k1.spki"),
    include_bytes!("keys/ed25519.spki"),
];

static PUBLIC: LazyLock<[PublicKey; 6]> =
    LazyLock::new(|| KEYS.map(|der| PublicKey::from_der(der).expect("it was made by openssl")));

/// Checks against the public key that the first byte selects: an accepted key belongs to that public key, signs for it, and is in the
/// canonical encoding.
pub fn check(input: &[u8]) {
    let Some((which, bytes)) = input.split_first() else {
        return;
    };
    let public = &PUBLIC[usize::from(*which) % KEYS.len()];
    let key = match take(bytes, public) {
        Ok(key) => key,
        Err(error) => {
            assert!(!matches!(error, PrivateKeyError::Memory { .. }), "{error}");
            return told(error);
        }
    };
    assert!(key.parts().is_some());
    let again = take(key.expose(), public).expect("it was accepted before");
    assert_eq!(again.expose(), key.expose());
    let algorithm = public.algorithm().default_signature();
    let signature = sign(public.algorithm(), key.expose());
    assert_eq!(public.verify(algorithm, b"message", &signature), Ok(()));
    // It matches no other public key.
    for other in PUBLIC.iter().filter(|other| *other != public) {
        assert!(take(key.expose(), other).is_err());
    }
}

fn take(bytes: &[u8], public: &PublicKey) -> Result<CheckedPrivateKey, PrivateKeyError> {
    let guard = MemoryGuard::engage()?;
    PrivateKeyDer::take(&guard, &mut bytes.to_vec())?.check(public)
}

fn sign(kind: KeyAlgorithm, pkcs8: &[u8]) -> Vec<u8> {
    const TAKEN: &str = "another program accepts it too";
    let random = SystemRandom::new();
    match kind {
        KeyAlgorithm::Ed25519 => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).expect(TAKEN);
            pair.sign(b"message").as_ref().to_vec()
        }
        KeyAlgorithm::Ec(curve) => {
            let algorithm = match curve {
                Curve::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
                Curve::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
                Curve::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
                Curve::Secp256k1 => &ECDSA_P256K1_SHA256_ASN1_SIGNING,
                other => panic!("no key on {other} is made here"),
            };
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).expect(TAKEN);
            pair.sign(&random, b"message")
                .expect("it signs")
                .as_ref()
                .to_vec()
        }
        _ => {
            let pair = RsaKeyPair::from_pkcs8(pkcs8).expect(TAKEN);
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &random, b"message", &mut signature)
                .expect("it signs");
            signature
        }
    }
}
