//! Signatures by openssl: each verifies with its own algorithm and no other.

use std::path::Path;
use std::process::{Command, Stdio};

use const_oid::db::rfc5912::ID_RSASSA_PSS;
use der::asn1::BitString;
use der::{Decode, Encode};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use tempfile::TempDir;

use super::*;
use crate::signer::KeySearch;

const MESSAGE: &[u8] = b"To be signed";

/// A key of openssl in a temporary directory.
struct Key {
    directory: TempDir,
    public: PublicKey,
}

fn openssl(directory: &Path, arguments: &str) {
    let status = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(directory)
        .stderr(Stdio::null())
        .status();
    assert!(
        status.expect("these tests need openssl").success(),
        "openssl {arguments}"
    );
}

impl Key {
    fn generate(arguments: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        openssl(directory.path(), &format!("genpkey -out key {arguments}"));
        openssl(directory.path(), "pkey -in key -pubout -outform DER -out public");
        std::fs::write(directory.path().join("message"), MESSAGE).unwrap();
        let public = std::fs::read(directory.path().join("public")).unwrap();
        Self {
            public: PublicKey::from_der(&public).unwrap(),
            directory,
        }
    }

    fn sign(&self, options: &str) -> Vec<u8> {
        let directory = self.directory.path();
        openssl(
            directory,
            &format!("dgst -sign key -out signature {options} message"),
        );
        std::fs::read(directory.join("signature")).unwrap()
    }

    fn sign_pss(&self, hash: &str, salt: u16) -> Vec<u8> {
        self.sign(&format!(
            "-{hash} -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:{salt}"
        ))
    }
}

const fn pss(hash: Hash, salt_bytes: u16) -> SignatureAlgorithm {
    SignatureAlgorithm::RsaPss(Pss { hash, salt_bytes })
}

#[test]
fn every_changed_byte_of_an_rsa_signature_over_sha_224_is_found() {
    let key = Key::generate("-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let signatures = [
        (SignatureAlgorithm::RsaPkcs1(Hash::Sha224), key.sign("-sha224")),
        (pss(Hash::Sha224, 28), key.sign_pss("sha224", 28)),
    ];
    for (algorithm, signature) in signatures {
        let verify = |signature: &[u8]| key.public.verify(algorithm, MESSAGE, signature);
        assert_eq!(verify(&signature), Ok(()));
        for index in 0..signature.len() {
            let mut changed = signature.clone();
            changed[index] ^= 0x80;
            assert_eq!(verify(&changed), Err(BadSignature), "byte {index}");
        }
        assert!(verify(&signature[1..]).is_err() && verify(&[]).is_err());
        assert!(
            verify(&[&[0], &signature[..]].concat()).is_err(),
            "longer than the modulus"
        );
        assert!(key.public.verify(algorithm, b"Another", &signature).is_err());
    }
}

/// RFC 8017 section 5.2.2, step 1: s + n opens to the same as s.
#[test]
fn a_number_above_the_modulus_is_not_a_signature() {
    use num_bigint::BigUint;
    // With two primes, openssl makes the modulus one bit shorter.
    let key = Key::generate("-algorithm RSA -pkeyopt rsa_keygen_bits:2049 -pkeyopt rsa_keygen_primes:3");
    let algorithm = SignatureAlgorithm::RsaPkcs1(Hash::Sha224);
    let signature = key.sign("-sha224");
    assert_eq!(key.public.verify(algorithm, MESSAGE, &signature), Ok(()));
    let (modulus, _) = key.public.rsa_integers().unwrap();
    let sum = BigUint::from_bytes_be(&signature) + BigUint::from_bytes_be(modulus);
    let sum = sum.to_bytes_be();
    assert_eq!(
        sum.len(),
        modulus.len(),
        "a modulus of 2,049 bits leaves room for it"
    );
    assert_eq!(key.public.verify(algorithm, MESSAGE, &sum), Err(BadSignature));
}

#[test]
fn a_salt_of_another_length_than_declared_is_refused() {
    let key = Key::generate("-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    for (hash, name) in [(Hash::Sha224, "sha224"), (Hash::Sha256, "sha256")] {
        for made in [0, 1, 28, 200] {
            let signature = key.sign_pss(name, made);
            for said in [0, 1, 27, 28, 29, 200, 230, 65535] {
                let verified = key.public.verify(pss(hash, said), MESSAGE, &signature);
                assert_eq!(
                    verified.is_ok(),
                    said == made,
                    "{hash}: {made} bytes, declared as {said}"
                );
            }
        }
    }
}

#[test]
fn a_signature_is_not_taken_for_one_with_another_hash_or_padding() {
    let key = Key::generate("-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let signature = key.sign("-sha224");
    let as_what = |algorithm| key.public.verify(algorithm, MESSAGE, &signature);
    for hash in Hash::ALL {
        let taken = as_what(SignatureAlgorithm::RsaPkcs1(hash)).is_ok();
        assert_eq!(taken, hash == Hash::Sha224);
        assert!(as_what(pss(hash, 28)).is_err());
    }
    assert!(as_what(SignatureAlgorithm::Ecdsa(Hash::Sha224)).is_err());
    for curve in ["P-256", "P-384", "P-521"] {
        let key = Key::generate(&format!("-algorithm EC -pkeyopt ec_paramgen_curve:{curve}"));
        let signature = key.sign("-sha224");
        for hash in Hash::ALL {
            let taken = key
                .public
                .verify(SignatureAlgorithm::Ecdsa(hash), MESSAGE, &signature);
            assert_eq!(taken.is_ok(), hash == Hash::Sha224, "{curve} {hash}");
        }
    }
}

#[test]
fn a_key_for_pss_only_keeps_to_its_restrictions() {
    let key = Key::generate("-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    // The same key with restrictions.
    let only = |only: Option<Pss>| {
        let info = SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned {
                oid: ID_RSASSA_PSS,
                parameters: only.map(|only| only.to_any().unwrap()),
            },
            subject_public_key: BitString::from_bytes(key.public.subject_public_key()).unwrap(),
        };
        let der = info.to_der().unwrap();
        let public = PublicKey::from_der(&der).unwrap();
        assert_eq!(public.der(), der);
        assert_eq!(SubjectPublicKeyInfoOwned::from_der(&der).unwrap(), info);
        public
    };
    let restricted = only(Some(Pss {
        hash: Hash::Sha256,
        salt_bytes: 32,
    }));
    let free = only(None);
    let cases = [
        ("sha256", Hash::Sha256, 32, true),
        ("sha256", Hash::Sha256, 100, true),
        ("sha256", Hash::Sha256, 31, false),
        ("sha224", Hash::Sha224, 32, false),
        ("sha512", Hash::Sha512, 64, false),
    ];
    for (name, hash, salt, allowed) in cases {
        let signature = key.sign_pss(name, salt);
        let by = |key: &PublicKey| key.verify(pss(hash, salt), MESSAGE, &signature).is_ok();
        assert_eq!(
            [by(&key.public), by(&free), by(&restricted)],
            [true, true, allowed],
            "{name} {salt}"
        );
    }
    let pkcs1 = SignatureAlgorithm::RsaPkcs1(Hash::Sha256);
    let signature = key.sign("-sha256");
    assert_eq!(key.public.verify(pkcs1, MESSAGE, &signature), Ok(()));
    assert_eq!(free.verify(pkcs1, MESSAGE, &signature), Err(BadSignature));
}

/// What [`PublicKey::verify`] leaves to AWS-LC: one key, one parameter set, one message, and the empty context of RFC 9881.
#[test]
fn an_ml_dsa_signature_is_of_one_key_one_parameter_set_and_one_message() {
    use aws_lc_rs::signature::{KeyPair, PqdsaKeyPair};
    let pairs = [
        (MlDsaParameterSet::MlDsa44, &lc::ML_DSA_44_SIGNING),
        (MlDsaParameterSet::MlDsa65, &lc::ML_DSA_65_SIGNING),
        (MlDsaParameterSet::MlDsa87, &lc::ML_DSA_87_SIGNING),
    ];
    for (set, algorithm) in pairs {
        let [pair, other] = [0; 2].map(|_| PqdsaKeyPair::generate(algorithm).unwrap());
        let public = |pair: &PqdsaKeyPair| PublicKey::from_ml_dsa(set, pair.public_key().as_ref()).unwrap();
        let mut signature = vec![0; set.signature_bytes()];
        assert_eq!(pair.sign(MESSAGE, &mut signature), Ok(set.signature_bytes()));
        let verifies = |key: &PublicKey, as_set, message: &[u8], signature: &[u8]| {
            key.verify(SignatureAlgorithm::MlDsa(as_set), message, signature)
                .is_ok()
        };
        let key = public(&pair);
        assert!(verifies(&key, set, MESSAGE, &signature));
        assert!(!verifies(&public(&other), set, MESSAGE, &signature));
        assert!(!verifies(&key, set, b"to be signed", &signature));
        assert!(!verifies(&key, set, MESSAGE, &signature[1..]));
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut bent = signature.clone();
            bent[at] ^= 1;
            assert!(!verifies(&key, set, MESSAGE, &bent), "{set} {at}");
        }
        for wrong in MlDsaParameterSet::ALL.into_iter().filter(|wrong| *wrong != set) {
            assert!(!verifies(&key, wrong, MESSAGE, &signature));
        }
        assert!(
            key.verify(SignatureAlgorithm::Ed25519, MESSAGE, &signature)
                .is_err()
        );
        assert_eq!(key.find_fault(KeySearch::Short), None);
    }
}
