use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::*;

/// The encodings are put together by hand: the decoder that is tested shares nothing with them.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        Ok(byte) => out.extend([0x81, byte]),
        Err(_) => {
            out.push(0x82);
            out.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    out.extend(content);
    out
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn integer(value: &[u8]) -> Vec<u8> {
    let value = &value[value
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(value.len() - 1)..];
    let sign = if value[0] & 0x80 == 0 { &[][..] } else { &[0] };
    tlv(2, &[sign, value].concat())
}

fn bits(content: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], content].concat())
}

const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x22";
const EC: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const ED25519: &[u8] = b"\x06\x03\x2b\x65\x70";
const NULL: &[u8] = b"\x05\x00";
const V1: &[u8] = b"\x02\x01\x00";
const V2: &[u8] = b"\x02\x01\x01";

fn check(der: &[u8], public_key: &PublicKey) -> Result<Vec<u8>, PrivateKeyError> {
    let guard = MemoryGuard::engage().unwrap();
    let key = PrivateKeyDer::take(&guard, &mut der.to_vec()).unwrap();
    key.check(public_key).map(|checked| checked.expose().to_vec())
}

/// `RFC 5915` around a scalar, in a `PrivateKeyInfo`.
fn ec_key(version: &[u8], algorithm: &[&[u8]], scalar: &[u8], inside: &[u8], after: &[u8]) -> Vec<u8> {
    let key = sequence(&[b"\x02\x01\x01", &tlv(4, scalar), inside]);
    sequence(&[version, &sequence(algorithm), &tlv(4, &key), after])
}

fn p256() -> (Vec<u8>, PublicKey) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let scalar: aws_lc_rs::encoding::EcPrivateKeyBin<'_> =
        aws_lc_rs::encoding::AsBigEndian::as_be_bytes(&pair.private_key()).unwrap();
    let public = PublicKey::from_ec_point(Curve::P256, pair.public_key().as_ref()).unwrap();
    (scalar.as_ref().to_vec(), public)
}

#[test]
fn every_encoding_of_an_ec_key_becomes_the_same() {
    let (scalar, public) = p256();
    let point = bits(public.subject_public_key());
    let [curve, inner] = [tlv(0xa0, P256), tlv(0xa1, &point)];
    let outer = tlv(0x81, &[&[0], public.subject_public_key()].concat());
    let attributes = tlv(
        0xa0,
        &sequence(&[b"\x06\x03\x55\x1d\x0f", &tlv(0x31, &bits(b"\x80"))]),
    );
    let algorithm = &[EC, P256];
    let normal = check(&ec_key(V1, algorithm, &scalar, &inner, b""), &public).unwrap();
    assert_eq!(
        normal,
        ec_key(V1, algorithm, &scalar, &inner, b""),
        "as openssl writes it"
    );
    for (inside, version, after) in [
        (vec![], V1, vec![]),
        ([&curve[..], &inner].concat(), V1, vec![]),
        (curve.clone(), V1, vec![]),
        (vec![], V2, outer.clone()),
        (inner.clone(), V2, outer.clone()),
        (inner.clone(), V1, attributes.clone()),
        (inner, V2, [attributes, outer].concat()),
    ] {
        let der = ec_key(version, algorithm, &scalar, &inside, &after);
        assert_eq!(check(&der, &public).as_ref(), Ok(&normal), "{der:02x?}");
    }
    // A scalar with another number of leading zeros is the same number.
    let longer = [&[0, 0][..], &scalar].concat();
    assert_eq!(
        check(&ec_key(V1, algorithm, &longer, b"", b""), &public),
        Ok(normal)
    );
}

#[test]
fn a_short_scalar_is_padded_to_the_field() {
    let one = ec_key(V1, &[EC, P256], &[1], b"", b"");
    // d = 1 is the generator itself: SEC 2 section 2.4.2.
    let generator = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                     4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let generator: Vec<u8> = (0..generator.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&generator[at..at + 2], 16).unwrap())
        .collect();
    let public = PublicKey::from_ec_point(Curve::P256, &generator).unwrap();
    let guard = MemoryGuard::engage().unwrap();
    let key = PrivateKeyDer::take(&guard, &mut one.clone())
        .unwrap()
        .check(&public)
        .unwrap();
    let Some(PrivateKeyParts::Ec(Curve::P256, scalar)) = key.parts() else {
        panic!("not an EC key")
    };
    assert_eq!((scalar.len(), scalar[31]), (32, 1));
}

#[test]
fn each_fault_of_an_ec_key_is_refused() {
    let (scalar, public) = p256();
    let (_, stranger) = p256();
    let algorithm = &[EC, P256];
    let good = ec_key(V1, algorithm, &scalar, b"", b"");
    assert_eq!(check(&good, &stranger), Err(PrivateKeyError::OtherKey));
    let malformed = |der: &[u8]| matches!(check(der, &public), Err(PrivateKeyError::Malformed { .. }));
    let algorithm_refused =
        |der: &[u8]| matches!(check(der, &public), Err(PrivateKeyError::Algorithm { .. }));
    let inconsistent = |der: &[u8]| matches!(check(der, &public), Err(PrivateKeyError::Inconsistent { .. }));

    assert!(malformed(&[&good[..], &[0]].concat()), "trailing data");
    assert!(malformed(&good[..good.len() - 1]), "truncated");
    assert!(malformed(b""), "empty");
    assert!(
        malformed(&ec_key(b"\x02\x01\x02", algorithm, &scalar, b"", b"")),
        "version 3"
    );
    assert!(
        malformed(&ec_key(V1, algorithm, &[&[1][..], &scalar].concat(), b"", b"")),
        "33 bytes"
    );
    assert!(
        malformed(&ec_key(V1, algorithm, &scalar, b"", b"\x05\x00")),
        "something after it"
    );
    assert!(
        malformed(&ec_key(V1, algorithm, &scalar, b"\x05\x00", b"")),
        "something inside"
    );
    assert!(
        algorithm_refused(&ec_key(V1, &[RSA, NULL], &scalar, b"", b"")),
        "RSA"
    );
    assert!(
        algorithm_refused(&ec_key(V1, &[EC], &scalar, b"", b"")),
        "parameters missing"
    );
    assert!(
        algorithm_refused(&ec_key(V1, &[EC, NULL], &scalar, b"", b"")),
        "parameters NULL"
    );
    assert!(
        algorithm_refused(&ec_key(V1, &[EC, P384], &scalar, b"", b"")),
        "another curve"
    );
    assert!(
        algorithm_refused(&ec_key(V1, algorithm, &scalar, &tlv(0xa0, P384), b"")),
        "another curve inside"
    );
    let other = tlv(0xa1, &bits(stranger.subject_public_key()));
    assert!(
        inconsistent(&ec_key(V1, algorithm, &scalar, &other, b"")),
        "another point inside"
    );
    let outer = tlv(0x81, &[&[0], stranger.subject_public_key()].concat());
    assert!(
        inconsistent(&ec_key(V2, algorithm, &scalar, b"", &outer)),
        "another point outside"
    );
    assert!(
        check(&ec_key(V1, algorithm, &[0; 32], b"", b""), &public).is_err(),
        "d = 0"
    );
    assert!(
        check(&ec_key(V1, algorithm, &[0xff; 32], b"", b""), &public).is_err(),
        "d above the order"
    );
}

struct Rsa {
    fields: Vec<Vec<u8>>,
    public: PublicKey,
}

impl Rsa {
    fn new() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let info = PrivateKeyInfo::from_der(der.as_ref()).unwrap();
        let key = RsaPrivateKey::from_der(info.private_key).unwrap();
        let fields = [
            key.modulus,
            key.public_exponent,
            key.private_exponent,
            key.prime1,
            key.prime2,
            key.exponent1,
            key.exponent2,
            key.coefficient,
        ];
        Self {
            fields: fields.iter().map(|field| field.as_bytes().to_vec()).collect(),
            public: PublicKey::from_rsa_public_key(pair.public_key().as_ref()).unwrap(),
        }
    }

    fn der(&self, algorithm: &[&[u8]], version: &[u8]) -> Vec<u8> {
        let integers: Vec<_> = self.fields.iter().flat_map(|field| integer(field)).collect();
        let key = sequence(&[version, &integers]);
        sequence(&[V1, &sequence(algorithm), &tlv(4, &key)])
    }
}

#[test]
fn an_rsa_key_with_inconsistent_numbers_is_refused() {
    let good = Rsa::new();
    let der = good.der(&[RSA, NULL], V1);
    assert_eq!(check(&der, &good.public), Ok(der.clone()));
    for (at, name) in ["n", "e", "d", "p", "q", "dP", "dQ", "qInv"]
        .into_iter()
        .enumerate()
    {
        let mut bad = Rsa {
            fields: good.fields.clone(),
            public: good.public.clone(),
        };
        let last = bad.fields[at].len() - 1;
        bad.fields[at][last] ^= 2;
        let refused = check(&bad.der(&[RSA, NULL], V1), &good.public);
        assert!(
            matches!(refused, Err(PrivateKeyError::Inconsistent { .. })),
            "{name}: {refused:?}"
        );
    }
    // The public key in the file may have been changed along with the modulus.
    let mut bad = Rsa {
        fields: good.fields.clone(),
        public: good.public.clone(),
    };
    bad.fields[0][100] ^= 1;
    let lying = PublicKey::from_rsa(&bad.fields[0], &bad.fields[1]).unwrap();
    assert!(matches!(
        check(&bad.der(&[RSA, NULL], V1), &lying),
        Err(PrivateKeyError::Inconsistent { .. })
    ));
    assert_eq!(check(&der, &Rsa::new().public), Err(PrivateKeyError::OtherKey));
    let refused = check(&good.der(&[RSA], V1), &good.public);
    assert!(
        matches!(refused, Err(PrivateKeyError::Algorithm { .. })),
        "parameters missing"
    );
    let refused = check(&good.der(&[RSA, NULL], V2), &good.public);
    assert!(
        matches!(refused, Err(PrivateKeyError::Malformed { .. })),
        "three primes"
    );
}

#[test]
fn an_ed25519_key_is_its_seed() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let seed = pair.seed().unwrap();
    let seed: aws_lc_rs::encoding::Curve25519SeedBin<'_> =
        aws_lc_rs::encoding::AsBigEndian::as_be_bytes(&seed).unwrap();
    let public = PublicKey::from_ed25519(pair.public_key().as_ref()).unwrap();
    let key = |version: &[u8], algorithm: &[&[u8]], inner: &[u8], after: &[u8]| {
        sequence(&[version, &sequence(algorithm), &tlv(4, inner), after])
    };
    let inner = tlv(4, seed.as_ref());
    let normal = key(V1, &[ED25519], &inner, b"");
    assert_eq!(check(&normal, &public), Ok(normal.clone()));
    let outer = tlv(0x81, &[&[0], public.subject_public_key()].concat());
    assert_eq!(check(&key(V2, &[ED25519], &inner, &outer), &public), Ok(normal));

    let stranger =
        PublicKey::from_ed25519(Ed25519KeyPair::generate().unwrap().public_key().as_ref()).unwrap();
    assert_eq!(
        check(&key(V1, &[ED25519], &inner, b""), &stranger),
        Err(PrivateKeyError::OtherKey)
    );
    let outer = tlv(0x81, &[&[0], stranger.subject_public_key()].concat());
    assert!(matches!(
        check(&key(V2, &[ED25519], &inner, &outer), &public),
        Err(PrivateKeyError::Inconsistent { .. })
    ));
    assert!(
        check(&key(V1, &[ED25519, NULL], &inner, b""), &public).is_err(),
        "parameters"
    );
    assert!(
        check(&key(V1, &[ED25519], seed.as_ref(), b""), &public).is_err(),
        "no OCTET STRING"
    );
    assert!(
        check(&key(V1, &[ED25519], &tlv(4, &seed.as_ref()[1..]), b""), &public).is_err(),
        "31 bytes"
    );
}

#[test]
fn no_error_holds_a_byte_of_the_key() {
    let (scalar, public) = p256();
    let der = ec_key(V1, &[EC, P256], &scalar, b"\x05\x00", b"");
    let error = check(&der, &public).unwrap_err();
    let text = format!("{error} {error:?}");
    let hex: String = scalar.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(
        !text.contains(&hex[..16]) && !text.contains(&format!("{:?}", &scalar[..4])),
        "{text}"
    );
}
