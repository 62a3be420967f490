//! Keys that no CA certifies, and random numbers that are not usable as a serial number.

use super::*;
use crate::signer::{Hex, KeyList, KeySearch, sha256};
use crate::x509::check_existing_key;

#[test]
fn invalid_keys_are_never_certified() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let sound = plan(&Profile::tls_client(), &request(&key, "CN=leaf"), &ca);
    let with_key = |key: &PublicKey| {
        let mut tbs = TbsCertificate::from_der(&sound.der).unwrap();
        tbs.subject_public_key_info = SubjectPublicKeyInfoOwned::from_der(key.der()).unwrap();
        Tbs {
            der: tbs.to_der().unwrap(),
            ..sound.clone()
        }
    };
    let rsa = SoftwareKey::of(KeyAlgorithm::Rsa { bits: 2048 });
    let (modulus, _) = rsa.public_key().rsa_integers().unwrap();
    let exponent_3 = PublicKey::from_rsa(modulus, &[3]).unwrap();
    assert_eq!(found(with_key(&exponent_3), &ca), Some("key-exponent"));
    let times_3 = BigUint::from_bytes_be(modulus) * 3_u32;
    let times_3 = PublicKey::from_rsa(&times_3.to_bytes_be(), &[1, 0, 1]).unwrap();
    assert_eq!(found(with_key(&times_3), &ca), Some("key-small-factors"));
    let listed = Hex(&sha256(modulus)).to_string();
    let refused_keys = Some(Arc::new(KeyList::read(listed.as_bytes()).unwrap()));
    let profile = Profile {
        refused_keys,
        ..Profile::tls_client()
    };
    let planned = Tbs {
        profile: profile.into(),
        ..with_key(rsa.public_key())
    };
    assert_eq!(found(planned, &ca), Some("key-refused"));
    let off = PublicKey::from_ec_point(Curve::P256, &[&[4][..], &[7; 64]].concat()).unwrap();
    assert_eq!(found(with_key(&off), &ca), Some("key-point"));
    // scripts/debian_weak_keys.c: process 5, le64, rnd.
    let point = hex::decode(concat!(
        "04",
        "095b11b427d5b0890edc2a9503e69804e00d86c6c42a35c736fe9e169aba16bb",
        "6944bfa9d61c4e090513251654d15b90f0500d7f64aacc1250605704733b869f"
    ));
    let debian = PublicKey::from_ec_point(Curve::P256, &point.unwrap()).unwrap();
    assert_eq!(found(with_key(&debian), &ca), Some("key-debian"));
    let prime = BigUint::from_bytes_be(modulus).sqrt() | BigUint::from(1_u32);
    let fit = |number: &BigUint| (3_u32..752).all(|divisor| number % divisor != BigUint::from(0_u32));
    let root = (0_u32..).map(|step| &prime + 2 * step).find(fit).unwrap();
    let close = PublicKey::from_rsa(&(&root * &root).to_bytes_be(), &[1, 0, 1]).unwrap();
    assert_eq!(found(with_key(&close), &ca), Some("key-close-primes"));
    let generated = std::process::Command::new("openssl")
        .args(["prime", "-generate", "-hex", "-bits", "2048"])
        .output()
        .expect("openssl");
    let prime = BigUint::parse_bytes(generated.stdout.trim_ascii(), 16).expect("a prime");
    let times_medium = (&prime * 1_000_003_u32).to_bytes_be();
    let times_medium = PublicKey::from_rsa(&times_medium, &[1, 0, 1]).unwrap();
    let checked = Checked::unchecked;
    checked(with_key(&times_medium)).confirm_key().unwrap();
    let searching = Tbs {
        profile: Arc::new(Profile {
            key_search: KeySearch::Long,
            ..Profile::tls_client()
        }),
        ..with_key(&times_medium)
    };
    let refused = checked(searching).confirm_key().unwrap_err();
    assert_eq!(refused.rule(), Some("key-medium-factors"));
    let prime = PublicKey::from_rsa(&prime.to_bytes_be(), &[1, 0, 1]).unwrap();
    // Its other rules are those of a certificate for this key.
    let checked = checked(with_key(&prime));
    assert_eq!(checked.confirm_key().unwrap_err().rule(), Some("key-composite"));
    assert_eq!(checked.sign(&ca_key).unwrap_err().rule(), Some("key-composite"));
    let roca = PublicKey::from_rsa(&roca_modulus(), &[1, 0, 1]).unwrap();
    assert_eq!(found(with_key(&roca), &ca), Some("key-roca"));
    // key-size
    let short = PublicKey::from_rsa(&[&modulus[..127], &[1]].concat(), &[1, 0, 1]).unwrap();
    let short = with_key(&short).check(Issuer::Authority(&ca), NOW);
    assert_eq!(short.unwrap_err().rule(), Some("key-size"));
    let none = Profile {
        keys: KeyKinds::default(),
        ..Profile::tls_client()
    };
    let none = Tbs {
        profile: none.into(),
        ..sound.clone()
    };
    assert_eq!(found(none, &ca), Some("key-kind"));
    let by_none = Profile {
        signed_by: KeyKinds::default(),
        ..Profile::tls_client()
    };
    assert_eq!(
        found(
            Tbs {
                profile: by_none.into(),
                ..sound.clone()
            },
            &ca
        ),
        Some("key-kind")
    );
}

/// A number that is a power of 65537 modulo each small prime, like a modulus of the vulnerable generator.
fn roca_modulus() -> Vec<u8> {
    let primes = (3_u32..=167).filter(|number| (2..*number).all(|divisor| number % divisor != 0));
    let product = primes.fold(BigUint::from(2_u32), |product, prime| product * prime);
    let residue = BigUint::from(65_537_u32).modpow(&BigUint::from(12_345_u32), &product);
    let modulus = (BigUint::from(1_u32) << 2047) / &product * &product + residue + &product;
    // Without other small factors, and without two close factors.
    let is_fit = |modulus: &BigUint| {
        let small = (169_u32..752).filter(|number| (2..*number).all(|divisor| number % divisor != 0));
        modulus.bits() == 2048
            && small
                .into_iter()
                .all(|prime| modulus % prime != BigUint::from(0_u32))
    };
    let mut candidates = (0_u32..).map(|step| &modulus + &product * step);
    candidates.find(is_fit).unwrap().to_bytes_be()
}

#[test]
fn random_numbers_that_are_zeros_make_no_serial_number() {
    let refused = SerialNumber::random(&Constant(0));
    assert!(matches!(
        refused,
        Err(X509Error::Rule {
            rule: "serial-entropy",
            ..
        })
    ));
    assert!(SerialNumber::random(&Constant(1)).is_ok());
}

#[test]
fn the_key_of_an_existing_ca_may_have_a_small_exponent_but_no_other_fault() {
    let rsa = SoftwareKey::of(KeyAlgorithm::Rsa { bits: 2048 });
    let (modulus, _) = rsa.public_key().rsa_integers().unwrap();
    let exponent_3 = PublicKey::from_rsa(modulus, &[3]).unwrap();
    check_existing_key(&exponent_3, None).unwrap();
    let times_medium = BigUint::from_bytes_be(modulus) * 2_147_483_629_u32;
    for exponent in [&[3][..], &[1, 0, 1]] {
        let faulty = PublicKey::from_rsa(&times_medium.to_bytes_be(), exponent).unwrap();
        let refused = check_existing_key(&faulty, None).unwrap_err();
        assert_eq!(refused.rule(), Some("key-medium-factors"), "{exponent:?}");
    }
    let list = KeyList::read(Hex(&sha256(modulus)).to_string().as_bytes()).unwrap();
    let refused = check_existing_key(&exponent_3, Some(&list)).unwrap_err();
    assert_eq!(refused.rule(), Some("key-refused"));
}
