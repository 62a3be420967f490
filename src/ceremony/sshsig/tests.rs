use super::*;
use crate::ceremony::test_key::{Fields, TestKey, two_mpints};
use crate::signer::Curve;

const NAMESPACE: &str = "ceremony-approval@hsm-ca";
const MESSAGE: &[u8] = b"{\"decision\":\"approve\"}\n";

fn verify(armoured: &str) -> Result<SshSignature, SshSignatureError> {
    SshSignature::verify(armoured.as_bytes(), NAMESPACE, MESSAGE)
}

fn every_kind() -> Vec<TestKey> {
    let kinds = SshKeyKind::ALL
        .into_iter()
        .filter(|kind| *kind != SshKeyKind::Rsa);
    kinds.map(TestKey::new).collect()
}

#[test]
fn signatures_of_every_kind_of_key_verify() {
    for key in every_kind() {
        for (name, hash) in [("sha512", Hash::Sha512), ("sha256", Hash::Sha256)] {
            let fields = key.fields_with(name, hash, NAMESPACE, MESSAGE, 0x05);
            let signature = verify(&fields.armour()).unwrap();
            assert_eq!(*signature.key(), key.key());
            assert_eq!(signature.is_touched(), key.kind.is_security_key());
            assert_eq!(signature.is_pin_entered(), key.kind.is_security_key());
        }
    }
}

/// `ssh-keygen -Y verify` logs the flags but does not enforce them (OpenSSH 9.2).
#[test]
fn the_flags_of_a_security_key_are_read_from_what_is_signed() {
    for kind in [SshKeyKind::SkEd25519, SshKeyKind::SkEcdsaP256] {
        let key = TestKey::new(kind);
        for (flags, touched, pin) in [
            (0x00, false, false),
            (0x01, true, false),
            (0x04, false, true),
            (0x05, true, true),
            (0x1d, true, true),
        ] {
            let signature = verify(&key.fields(NAMESPACE, MESSAGE, flags).armour()).unwrap();
            assert_eq!(
                (signature.is_touched(), signature.is_pin_entered()),
                (touched, pin)
            );
            // If the flags are changed after signing, the signature does not verify.
            let mut changed = key.fields(NAMESPACE, MESSAGE, flags);
            let place = changed.signature.len() - 5;
            changed.signature[place] ^= 0x05;
            assert_eq!(verify(&changed.armour()), Err(SshSignatureError::Signature));
        }
        // A signature for another application, such as a web site, does not verify either.
        let mut other = key.fields(NAMESPACE, MESSAGE, 0x05);
        other.key = key.blob_as(kind, "ssh:other");
        assert_eq!(verify(&other.armour()), Err(SshSignatureError::Signature));
    }
}

#[test]
fn one_signature_has_one_file() {
    let good = TestKey::new(SshKeyKind::Ecdsa(Curve::P521)).sign(NAMESPACE, MESSAGE);
    assert!(verify(&good).is_ok());
    let begin = "-----BEGIN SSH SIGNATURE-----\n";
    let body = good.strip_prefix(begin).unwrap();
    let one_line = body.replacen('\n', "", 1);
    let wrong = [
        good.replace('\n', "\r\n"),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("{good}trailing"),
        format!(" {good}"),
        format!("Comment: x\n{good}"),
        format!("{good}{good}"),
        format!("{begin}{one_line}"),
        format!("{begin}\n{body}"),
        format!("{begin} {body}"),
        good.replacen(
            "-----BEGIN SSH SIGNATURE-----",
            "-----BEGIN SSH SIGNATURE----- ",
            1,
        ),
        good.replace('=', ""),
        good.replace("SSH SIGNATURE", "PGP SIGNATURE"),
        String::new(),
        begin.to_owned(),
        format!("{begin}-----END SSH SIGNATURE-----\n"),
        "A".repeat(20_000),
    ];
    for text in wrong {
        // If the base64 has no padding, removing `=` changes nothing.
        if text != good {
            let error = verify(&text).unwrap_err();
            assert!(
                matches!(error, SshSignatureError::Armour | SshSignatureError::Malformed),
                "{text}: {error:?}"
            );
        }
    }
}

#[test]
fn every_changed_byte_of_a_signature_is_found() {
    for key in every_kind() {
        let good = key.sign(NAMESPACE, MESSAGE);
        for place in 0..good.len() {
            for change in [0x01, 0x20, 0x80] {
                let mut bytes = good.clone().into_bytes();
                bytes[place] ^= change;
                let read = SshSignature::verify(&bytes, NAMESPACE, MESSAGE);
                assert!(read.is_err(), "{}: byte {place} ^ {change:#x}", key.kind.name());
            }
        }
        for length in 0..good.len() {
            assert!(SshSignature::verify(&good.as_bytes()[..length], NAMESPACE, MESSAGE).is_err());
        }
        let other = SshSignature::verify(good.as_bytes(), NAMESPACE, b"{\"decision\":\"reject\"}\n");
        assert_eq!(other, Err(SshSignatureError::Signature));
    }
}

#[test]
fn each_field_is_held_to_its_meaning() {
    let key = TestKey::new(SshKeyKind::Ed25519);
    let good = key.fields(NAMESPACE, MESSAGE, 0);
    let refused = |change: fn(&mut Fields)| {
        let mut fields = good.clone();
        change(&mut fields);
        verify(&fields.armour()).unwrap_err()
    };
    assert_eq!(
        refused(|it| it.version = 2),
        SshSignatureError::Version { version: 2 }
    );
    assert_eq!(refused(|it| it.reserved = vec![0]), SshSignatureError::Malformed);
    let error = refused(|it| it.hash = b"sha1".to_vec());
    assert_eq!(
        error,
        SshSignatureError::Hash {
            name: "sha1".to_owned()
        }
    );
    let error = refused(|it| it.hash = b"sha256".to_vec());
    assert_eq!(error, SshSignatureError::Signature);
    assert_eq!(refused(|it| it.signature.push(0)), SshSignatureError::Malformed);
    assert!(matches!(
        refused(|it| it.key.push(0)),
        SshSignatureError::Key(SshKeyError::Malformed)
    ));

    let practice = key.sign("ceremony-practice-approval@hsm-ca", MESSAGE);
    let error = verify(&practice).unwrap_err();
    assert!(matches!(error, SshSignatureError::Namespace { .. }), "{error:?}");
    // The namespace is signed, so it cannot be corrected afterwards.
    let mut renamed = key.fields("file", MESSAGE, 0);
    renamed.namespace = NAMESPACE.as_bytes().to_vec();
    assert_eq!(verify(&renamed.armour()), Err(SshSignatureError::Signature));
}

#[test]
fn a_signature_is_of_the_algorithm_that_its_key_has() {
    let (one, other) = (
        TestKey::new(SshKeyKind::Ed25519),
        TestKey::new(SshKeyKind::Ecdsa(Curve::P256)),
    );
    let mut mixed = one.fields(NAMESPACE, MESSAGE, 0);
    mixed.signature = other.fields(NAMESPACE, MESSAGE, 0).signature;
    let error = verify(&mixed.armour()).unwrap_err();
    assert!(matches!(error, SshSignatureError::Algorithm { .. }), "{error:?}");
    mixed.key = other.blob();
    assert!(verify(&mixed.armour()).is_ok());
    // The same numbers under another key type: neither signature verifies as the other.
    let device = TestKey::new(SshKeyKind::SkEd25519);
    let mut plain = device.fields(NAMESPACE, MESSAGE, 0x05);
    plain.key = device.blob_as(SshKeyKind::Ed25519, "");
    assert!(verify(&plain.armour()).is_err());
}

/// (r, n - s) is also a valid signature of the same key. So the program counts keys and people, not signatures.
#[test]
fn the_other_ecdsa_signature_is_of_the_same_key() {
    let key = TestKey::new(SshKeyKind::Ecdsa(Curve::P256));
    let good = key.fields(NAMESPACE, MESSAGE, 0);
    let mut reader = Reader(&good.signature);
    let name = reader.string().unwrap();
    let mut numbers = Reader(reader.string().unwrap());
    let (r, s) = (
        numbers.positive_mpint().unwrap(),
        numbers.positive_mpint().unwrap(),
    );
    // The order of P-256 (SP 800-186 section 3.2.1.3).
    let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let order = num_bigint::BigUint::from_bytes_be(&order);
    let other = (order - num_bigint::BigUint::from_bytes_be(s)).to_bytes_be();
    let mut changed = good.clone();
    changed.signature = Vec::new();
    put_string(&mut changed.signature, name);
    put_string(&mut changed.signature, &two_mpints(r, &other));
    assert_ne!(changed.signature, good.signature);
    assert_eq!(
        verify(&changed.armour()).unwrap(),
        verify(&good.armour()).unwrap()
    );
    // An encoding with leading zeros is not accepted.
    let mut padded = good.clone();
    padded.signature = Vec::new();
    put_string(&mut padded.signature, name);
    let mut octets = Vec::new();
    put_string(&mut octets, &[&[0, 0], r].concat());
    put_string(&mut octets, &two_mpints(s, &[])[4..]);
    put_string(&mut padded.signature, &octets);
    assert_eq!(verify(&padded.armour()), Err(SshSignatureError::Malformed));
}
