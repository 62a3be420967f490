use std::process::Command;

use super::*;

/// The product of two numbers, as a key with the exponent 65537.
fn key(p: &BigUint, q: &BigUint) -> PublicKey {
    PublicKey::from_rsa(&(p * q).to_bytes_be(), &[1, 0, 1]).unwrap()
}

/// A prime of this many bits, by openssl.
fn prime(bits: u32) -> BigUint {
    let output = Command::new("openssl")
        .args(["prime", "-generate", "-hex", "-bits", &bits.to_string()])
        .output()
        .expect("openssl");
    let text = String::from_utf8(output.stdout).unwrap();
    BigUint::parse_bytes(text.trim().as_bytes(), 16).expect("a prime")
}

fn is_prime(number: &BigUint) -> bool {
    let base = BigUint::from(2_u32);
    base.modpow(&(number - 1_u32), number) == BigUint::from(1_u32)
}

#[test]
fn a_sound_key_has_no_fault() {
    assert_eq!(key(&prime(1024), &prime(1024)).find_fault(KeySearch::Long), None);
}

#[test]
fn an_exponent_of_three_is_a_fault() {
    let modulus = (prime(1024) * prime(1024)).to_bytes_be();
    let key = |exponent: &[u8]| PublicKey::from_rsa(&modulus, exponent);
    assert_eq!(
        key(&[3]).unwrap().find_fault(KeySearch::Long),
        Some(KeyFault::Exponent)
    );
    assert_eq!(
        key(&[0xff, 0xff]).unwrap().find_fault(KeySearch::Long),
        Some(KeyFault::Exponent)
    );
    assert_eq!(key(&[1, 0, 3]).unwrap().find_fault(KeySearch::Long), None);
    // A key with the exponent 1 or an even exponent is refused outright.
    for exponent in [&[1][..], &[2], &[1, 0, 0]] {
        assert!(key(exponent).is_err(), "{exponent:?}");
    }
}

/// The primes next to the ends and to powers of two; 65521 is the largest below 2¹⁶.
#[test]
fn every_small_factor_is_found() {
    let large = prime(2040);
    for small in [
        3_u32, 5, 7, 257, 743, 751, 757, 1021, 4093, 8191, 32_749, 32_771, 65_519, 65_521,
    ] {
        assert_eq!(
            key(&BigUint::from(small), &large).find_fault(KeySearch::Long),
            Some(KeyFault::SmallFactor(small))
        );
    }
    let both = BigUint::from(32_771_u32) * BigUint::from(65_521_u32);
    assert_eq!(
        key(&both, &prime(2010)).find_fault(KeySearch::Long),
        Some(KeyFault::SmallFactor(32_771))
    );
    for bits in [1024, 1536] {
        assert_eq!(
            key(&prime(bits), &(prime(bits - 16) * 65_519_u32)).find_fault(KeySearch::Long),
            Some(KeyFault::SmallFactor(65_519))
        );
    }
}

#[test]
fn factors_up_to_2_to_the_32_are_found() {
    let large = prime(2016);
    for medium in [65_537_u32, 2_147_483_647, 4_294_967_291] {
        let key = key(&BigUint::from(medium), &large);
        assert_eq!(
            key.find_fault(KeySearch::Long),
            Some(KeyFault::MediumFactor(Some(medium)))
        );
    }
}

/// 2 has the order 32 modulo 65537, so one modulus in 16 passes as a prime there.
#[test]
fn a_factor_that_the_test_for_primes_meets_is_not_called_a_prime_power() {
    let one = BigUint::from(1_u32);
    let large = (0..)
        .map(|_| prime(1024))
        .find(|large| large % 32_u32 == one)
        .unwrap();
    assert_eq!(
        key(&BigUint::from(65_537_u32), &large).find_fault(KeySearch::Short),
        Some(KeyFault::MediumFactor(Some(65_537)))
    );
}

/// A batch checks all of its keys before it signs for the first, and checks again for each signature.
#[test]
fn each_key_of_a_batch_is_searched_once() {
    let large = prime(1024);
    let keys: Vec<_> = (0..70).map(|_| key(&large, &prime(256))).collect();
    for key in &keys {
        assert_eq!(key.find_fault(KeySearch::Short), None);
    }
    for key in &keys {
        assert_eq!(key.recall_rsa().prime_power.found.get(), Some(&None));
    }
}

#[test]
fn a_short_search_does_not_wait_for_a_long_one() {
    let faulty = key(&BigUint::from(16_777_259_u32), &prime(2016));
    assert_eq!(faulty.find_fault(KeySearch::Short), None);
    assert_eq!(faulty.find_quick_fault(KeySearch::Long), None);
    let found = Some(KeyFault::MediumFactor(Some(16_777_259)));
    assert_eq!(faulty.find_fault(KeySearch::Long), found);
    assert_eq!(faulty.find_fault(KeySearch::Short), None);
}

/// NIST SP 800-89 section 5.3.3
#[test]
fn a_modulus_that_is_prime_or_a_power_of_a_prime_is_a_fault() {
    let one = BigUint::from(1_u32);
    for bits in [2048, 3072] {
        assert_eq!(
            key(&prime(bits), &one).find_fault(KeySearch::Long),
            Some(KeyFault::PrimePower)
        );
    }
    let third = prime(690);
    assert_eq!(
        key(&third.pow(2), &third).find_fault(KeySearch::Long),
        Some(KeyFault::PrimePower)
    );
    let fifth = prime(411);
    assert_eq!(
        key(&fifth.pow(4), &fifth).find_fault(KeySearch::Long),
        Some(KeyFault::PrimePower)
    );
    // A product of three primes does not have this fault.
    assert_eq!(
        key(&(prime(690) * prime(690)), &prime(690)).find_fault(KeySearch::Long),
        None
    );
}

#[test]
fn faults_found_for_one_key_are_not_reported_for_another() {
    let large = prime(2040);
    let faulty = key(&BigUint::from(65_521_u32), &large);
    let sound = key(&prime(1024), &prime(1024));
    for _ in 0..3 {
        assert_eq!(
            faulty.find_fault(KeySearch::Long),
            Some(KeyFault::SmallFactor(65_521))
        );
        assert_eq!(sound.find_fault(KeySearch::Long), None);
    }
}

/// By the construction of "The Return of Coppersmith's Attack" (CCS 2017), section 2.1: p = k·M + (65537ᵃ mod M), M the product of the
/// first 126 primes for keys of 2048 bits.
#[test]
fn a_modulus_of_the_vulnerable_generator_is_found() {
    let product = primes(10_000)
        .take(126)
        .fold(BigUint::from(1_u32), |product, prime| product * prime);
    assert_eq!(product.bits(), 971);
    let generate = |seed: u32| {
        let residue = BigUint::from(65_537_u32).modpow(&BigUint::from(seed), &product);
        // k of 1024 - 971 bits.
        let first = (BigUint::from(1_u32) << 52) + seed;
        (0_u32..)
            .map(|step| (&first + step) * &product + &residue)
            .find(is_prime)
            .unwrap()
    };
    assert_eq!(
        key(&generate(1_000_003), &generate(77_777)).find_fault(KeySearch::Long),
        Some(KeyFault::Roca)
    );
    // A product with one such prime does not have this fault.
    assert_eq!(
        key(&generate(1_000_003), &prime(1024)).find_fault(KeySearch::Long),
        None
    );
}

#[test]
fn primes_that_are_close_are_found() {
    let p = prime(1024);
    let next = |from: BigUint| (1_u32..).map(|step| &from + 2 * step).find(is_prime).unwrap();
    assert_eq!(
        key(&p, &next(p.clone())).find_fault(KeySearch::Long),
        Some(KeyFault::ClosePrimes)
    );
    // The square of a prime.
    assert_eq!(
        key(&p, &p).find_fault(KeySearch::Long),
        Some(KeyFault::ClosePrimes)
    );
    // a - √n is (p - q)² / 8√n: 2⁵¹⁶ apart is one round, 2⁵²⁵ apart some 2¹⁵.
    let apart = |bits: u32| next(&p + (BigUint::from(1_u32) << bits));
    assert_eq!(
        key(&p, &apart(514)).find_fault(KeySearch::Long),
        Some(KeyFault::ClosePrimes)
    );
    assert_eq!(key(&p, &apart(525)).find_fault(KeySearch::Long), None);
}

#[test]
fn a_point_off_its_curve_is_not_a_key() {
    for curve in Curve::ALL {
        let point = [&[4][..], &vec![7; 2 * curve.field_bytes()]].concat();
        let key = PublicKey::from_ec_point(curve, &point).unwrap();
        assert_eq!(
            key.find_fault(KeySearch::Long),
            Some(KeyFault::OffCurve),
            "{curve}"
        );
    }
}

#[test]
fn points_of_each_curve_are_valid_keys() {
    for (curve, name) in [
        (Curve::P256, "prime256v1"),
        (Curve::P384, "secp384r1"),
        (Curve::P521, "secp521r1"),
        (Curve::Secp256k1, "secp256k1"),
    ] {
        let script =
            format!("openssl ecparam -name {name} -genkey -noout | openssl pkey -pubout -outform DER");
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        let key = PublicKey::from_der(&output.stdout).unwrap();
        assert_eq!(key.algorithm(), KeyAlgorithm::Ec(curve));
        assert_eq!(key.find_fault(KeySearch::Long), None, "{curve}");
    }
}

fn ed25519(hex: &str) -> PublicKey {
    let bytes = BigUint::parse_bytes(hex.as_bytes(), 16).unwrap().to_bytes_be();
    let padded = [&vec![0; 32 - bytes.len()][..], &bytes].concat();
    PublicKey::from_ed25519(&padded).unwrap()
}

/// The points of order 1, 2, 4 and 8, as "Taming the Many EdDSAs" (2020) lists them, with their encodings that are not canonical.
#[test]
fn an_ed25519_point_of_small_order_is_not_a_key() {
    for point in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        // Not canonical by RFC 8032: a sign without an x, or y from p on.
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        assert!(ed25519(point).find_fault(KeySearch::Long).is_some(), "{point}");
    }
}

#[test]
fn an_ed25519_point_off_the_curve_is_not_a_key() {
    // y = 2 has no x. 2²⁵⁵ - 1 is y = 18, in an encoding that RFC 8032 does not allow.
    for point in [[7; 32], [&[2][..], &[0; 31]].concat().try_into().unwrap(), {
        let mut largest = [0xff; 32];
        largest[31] = 0x7f;
        largest
    }] {
        let key = PublicKey::from_ed25519(&point).unwrap();
        assert_eq!(
            key.find_fault(KeySearch::Long),
            Some(KeyFault::OffCurve),
            "{point:?}"
        );
    }
}

#[test]
fn ed25519_keys_of_other_programs_are_valid() {
    // RFC 8032 section 7.1: TEST 1, 2 and 3; and section 5.1: B.
    for point in [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "5866666666666666666666666666666666666666666666666666666666666666",
    ] {
        assert_eq!(ed25519(point).find_fault(KeySearch::Long), None, "{point}");
    }
    for _ in 0..8 {
        let script = "openssl genpkey -algorithm ed25519 | openssl pkey -pubout -outform DER";
        let output = Command::new("sh").args(["-c", script]).output().unwrap();
        let key = PublicKey::from_der(&output.stdout).unwrap();
        assert_eq!(key.algorithm(), KeyAlgorithm::Ed25519);
        assert_eq!(key.find_fault(KeySearch::Long), None);
    }
}

#[test]
fn every_square_passes_and_few_other_numbers() {
    let start = prime(700);
    let mut passed = 0;
    for step in 0..1000_u32 {
        let number = &start + step;
        assert!(may_be_square(&(&number * &number)), "{number}");
        assert!(may_be_square(&BigUint::from(step * step)), "{step}");
        passed += u32::from(may_be_square(&number));
    }
    assert!(passed < 50, "{passed} of 1000 numbers that are not squares");
}
