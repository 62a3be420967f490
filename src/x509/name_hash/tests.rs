//! Compared with `openssl x509 -hash`, for certificates whose subject is built here byte by byte.

use std::io::Write;
use std::process::{Command, Stdio};

use der::asn1::Any;

use super::*;
use crate::x509::Certificate;
use crate::x509::fixture::{SoftwareKey, authority_plan};
use crate::x509::signed::Signed;
use crate::x509::tbs::TbsCertificate;

const CN: &[u8] = &[0x55, 4, 3];
const O: &[u8] = &[0x55, 4, 10];
const OU: &[u8] = &[0x55, 4, 11];
/// An OID that no program knows: an arc for examples (like RFC 5612 for enterprises).
const UNKNOWN: &[u8] = &[0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59, 1];

/// Type, tag of the value, value.
type Attribute<'a> = (&'a [u8], u8, &'a [u8]);

fn name(rdns: &[&[Attribute<'_>]]) -> Vec<u8> {
    let attribute = |(kind, tag, value): &Attribute<'_>| {
        let kind = element(OBJECT_IDENTIFIER, kind).unwrap();
        element(SEQUENCE, &[kind, element(*tag, value).unwrap()].concat()).unwrap()
    };
    let rdn = |attributes: &&[Attribute<'_>]| {
        let attributes: Vec<_> = attributes.iter().map(attribute).collect();
        element(SET, &attributes.concat()).unwrap()
    };
    let rdns: Vec<_> = rdns.iter().map(rdn).collect();
    element(SEQUENCE, &rdns.concat()).unwrap()
}

/// A certificate with that subject; its signature does not matter.
fn certificate(subject: &[u8]) -> Certificate {
    let key = SoftwareKey::generate();
    let mut tbs = TbsCertificate::from_der(authority_plan(&key).der()).unwrap();
    tbs.subject = Any::from_der(subject).unwrap();
    let signed = Signed::assemble(
        &tbs.to_der().unwrap(),
        crate::signer::SignatureAlgorithm::Ecdsa(crate::signer::Hash::Sha256),
        &[0; 70],
    );
    Certificate::from_der(&signed.unwrap().to_der().unwrap()).unwrap()
}

/// What openssl prints, or `None` if it cannot read the certificate.
fn openssl_hash(certificate: &Certificate) -> Option<String> {
    let mut openssl = Command::new("openssl")
        .args(["x509", "-inform", "DER", "-hash", "-noout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is needed");
    let mut stdin = openssl.stdin.take().unwrap();
    stdin.write_all(certificate.der()).unwrap();
    drop(stdin);
    let output = openssl.wait_with_output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| printed.trim().to_owned())
}

/// Both have a hash, and the hashes are equal.
#[track_caller]
fn assert_agrees(rdns: &[&[Attribute<'_>]]) -> String {
    let certificate = certificate(&name(rdns));
    let expected = openssl_hash(&certificate);
    assert_eq!(certificate.subject_hash(), expected, "{rdns:02x?}");
    expected.expect("openssl reads it")
}

#[test]
fn every_string_type_is_hashed_as_openssl_does() {
    let strings: [(u8, &[u8]); 8] = [
        (UTF8_STRING, "Prüfstelle Zürich Ñ".as_bytes()),
        (PRINTABLE_STRING, b"Example  CA   Two"),
        (IA5_STRING, b"Info@Example.COM"),
        (TELETEX_STRING, b"Z\xfcrich \xc4\xd6"),
        (BMP_STRING, b"\0Z\0\xfc\0r\0i\0c\0h\0 \0 \x20\xac"),
        (UNIVERSAL_STRING, b"\0\0\0Z\0\0\0\xfc\0\x01\xf6\x00\0\0\0A"),
        (NUMERIC_STRING, b" 12  34 "),
        (UTF8_STRING, b""),
    ];
    for (tag, value) in strings {
        assert_agrees(&[&[(CN, tag, value)]]);
    }
}

#[test]
fn case_spaces_and_string_types_make_no_difference() {
    let plain = assert_agrees(&[&[(CN, UTF8_STRING, b"example ca")]]);
    let spellings: [(u8, &[u8]); 6] = [
        (PRINTABLE_STRING, b"Example CA"),
        (PRINTABLE_STRING, b"  EXAMPLE    ca "),
        (UTF8_STRING, b"\t\x0b\x0cexample\r\n ca\n"),
        (TELETEX_STRING, b"Example CA"),
        (BMP_STRING, b"\0E\0x\0a\0m\0p\0l\0e\0 \0C\0A"),
        (IA5_STRING, b"EXAMPLE CA"),
    ];
    for (tag, value) in spellings {
        assert_eq!(assert_agrees(&[&[(CN, tag, value)]]), plain);
    }
    // Outside ASCII they make one.
    let [small, large] = ["é", "É"].map(|text| assert_agrees(&[&[(CN, UTF8_STRING, text.as_bytes())]]));
    assert_ne!(small, large);
    let no_break = assert_agrees(&[&[(CN, UTF8_STRING, "example\u{a0}ca".as_bytes())]]);
    assert_ne!(no_break, plain);
}

#[test]
fn a_multi_valued_rdn_is_sorted_again() {
    // In DER order as written, the shorter first; but no longer once folded to "bb" and "a".
    let sorted: &[Attribute<'_>] = &[(OU, UTF8_STRING, b"BB"), (OU, UTF8_STRING, b"   A")];
    let folded: &[Attribute<'_>] = &[(OU, UTF8_STRING, b"a"), (OU, UTF8_STRING, b"bb")];
    assert_eq!(assert_agrees(&[sorted]), assert_agrees(&[folded]));
    let types: &[Attribute<'_>] = &[(OU, IA5_STRING, b"bb"), (OU, PRINTABLE_STRING, b"a")];
    assert_eq!(assert_agrees(&[types]), assert_agrees(&[folded]));
    // The first RDN of a cluster's certificate.
    let cavium: &[Attribute<'_>] = &[
        (&[0x55, 4, 6], PRINTABLE_STRING, b"US"),
        (&[0x55, 4, 8], UTF8_STRING, b"CA"),
        (O, UTF8_STRING, b"Cavium"),
        (OU, UTF8_STRING, b"N3FIPS"),
        (&[0x55, 4, 7], UTF8_STRING, b"SanJose"),
    ];
    let partition: &[Attribute<'_>] = &[(CN, UTF8_STRING, b"HSM:01:PARTN:13, for FIPS mode")];
    let of_two = assert_agrees(&[cavium, partition]);
    let both: Vec<_> = cavium.iter().chain(partition).copied().collect();
    assert_ne!(of_two, assert_agrees(&[&both]), "one RDN is not two");
    assert_ne!(of_two, assert_agrees(&[partition, cavium]), "RDNs are in order");
}

#[test]
fn values_that_are_not_strings_are_hashed_unchanged() {
    assert_agrees(&[&[(UNKNOWN, UTF8_STRING, b" Any  Thing ")]]);
    assert_agrees(&[&[(UNKNOWN, SEQUENCE, &[0x0c, 2, b'A', b'B'])]]);
    // x500UniqueIdentifier
    assert_agrees(&[&[(&[0x55, 4, 45], BIT_STRING, &[4, 0xab, 0xc0])]]);
}

#[test]
fn the_empty_name_an_empty_rdn_and_a_long_name_have_hashes() {
    assert_eq!(assert_agrees(&[]), "eea339da", "SHA-1 of nothing begins da39a3ee");
    let organisation: &[Attribute<'_>] = &[(O, UTF8_STRING, b"Example")];
    assert_eq!(
        assert_agrees(&[&[], organisation]),
        assert_agrees(&[organisation])
    );
    // Lengths of two and three bytes.
    for length in [100, 130, 300, 70_000] {
        assert_agrees(&[&[(O, UTF8_STRING, &vec![b'X'; length])]]);
    }
}

#[test]
fn a_name_with_an_invalid_string_has_no_hash() {
    let bad: [(u8, &[u8]); 5] = [
        (UTF8_STRING, b"\xff"),
        (BMP_STRING, b"\0A\0"),
        (BMP_STRING, b"\xd8\x00"),
        (UNIVERSAL_STRING, b"\0\0A"),
        (UNIVERSAL_STRING, b"\x7f\0\0\0"),
    ];
    for (tag, value) in bad {
        let certificate = certificate(&name(&[&[(CN, tag, value)]]));
        assert_eq!(certificate.subject_hash(), None, "{value:02x?}");
        assert_eq!(openssl_hash(&certificate), None, "{value:02x?}");
    }
}
