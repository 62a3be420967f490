//! What a stranger may be called.

use der::{Any, Tag};

use super::*;
use crate::x509::csr::RequestTbs;
use crate::x509::fixture::Sketch;
use crate::x509::{Name, Original};

fn element(tag: Tag, content: &[u8]) -> Vec<u8> {
    Any::new(tag, content).unwrap().to_der().unwrap()
}

/// A name of one attribute.
fn name(kind: &[u8], tag: Tag, value: &[u8]) -> Name {
    let attribute = [element(Tag::ObjectIdentifier, kind), element(tag, value)].concat();
    let rdn = element(Tag::Set, &element(Tag::Sequence, &attribute));
    Name::from_der(&element(Tag::Sequence, &rdn)).unwrap()
}

const CN: &[u8] = b"\x55\x04\x03";
const C: &[u8] = b"\x55\x04\x06";
const L: &[u8] = b"\x55\x04\x07";
const EMAIL: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";
const DC: &[u8] = b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19";

const UTF8: Tag = Tag::Utf8String;
const PRINTABLE: Tag = Tag::PrintableString;
const TELETEX: Tag = Tag::TeletexString;
const IA5: Tag = Tag::Ia5String;
const BMP: Tag = Tag::BmpString;

fn bad() -> Vec<Name> {
    vec![
        name(CN, UTF8, b"bank.example\0.evil.example"),
        name(CN, UTF8, b"a\x1b[2J"),
        name(CN, UTF8, "a\u{202e}b".as_bytes()),
        name(CN, UTF8, "a\u{200b}b".as_bytes()),
        name(CN, UTF8, b""),
        name(CN, PRINTABLE, b""),
        name(CN, TELETEX, b"a\0b"),
        name(CN, BMP, b"\0a\x20\x2e"),
        name(CN, BMP, b""),
        name(EMAIL, IA5, b"a@b\n"),
    ]
}

/// What an old root may be called, and nobody new.
fn outdated() -> Vec<Name> {
    vec![
        name(CN, UTF8, &[b'a'; 65]),
        name(L, UTF8, &[b'a'; 129]),
        name(EMAIL, IA5, &[b'a'; 256]),
        name(C, PRINTABLE, b"USA"),
        name(C, PRINTABLE, b"U"),
        name(CN, TELETEX, b"Caf\xe9"),
        name(CN, BMP, b"\0a"),
        name(CN, IA5, b"a"),
    ]
}

fn good() -> Vec<Name> {
    vec![
        name(CN, UTF8, "é".repeat(64).as_bytes()),
        name(CN, PRINTABLE, b"HSM:0123456789:PARTN:10, for FIPS mode"),
        name(L, UTF8, &[b'a'; 128]),
        name(EMAIL, IA5, b"a@example.com"),
        name(DC, IA5, b"example"),
        name(C, PRINTABLE, b"US"),
    ]
}

#[test]
fn a_request_is_held_to_what_a_subject_may_be_called() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let plan = |subject: &Name| leaf_plan(&VerifiedRequest::for_tests(&key, subject), &ca, 100);
    for subject in bad().iter().chain(&outdated()) {
        assert_breaks(plan(subject), Issuer::Authority(&ca), "subject");
    }
    for subject in &good() {
        plan(subject).check(Issuer::Authority(&ca), NOW).unwrap();
    }
}

#[test]
fn what_no_subject_may_be_called_is_not_asked_for() {
    let key = SoftwareKey::generate();
    let signature = key.public_key().algorithm().default_signature();
    let plan = |subject: &Name| RequestTbs::build(key.public_key(), subject, &[], None, signature).unwrap();
    for subject in bad().iter().chain(&outdated()) {
        let error = plan(subject).check().unwrap_err();
        assert_eq!(error.rule(), Some("subject"), "{subject}");
    }
    for subject in &good() {
        plan(subject).check().unwrap();
    }
}

#[test]
fn a_cross_certificate_keeps_an_old_name_but_none_that_hides_something() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let check = |name: &Name| {
        let mut sketch = Sketch::authority("CN=Other", "CN=Other");
        (sketch.subject, sketch.issuer) = (name.clone(), name.clone());
        let original = Original::verify(sketch.sign(&key, &key), None, NOW)?;
        let plan = cross::plan_under(&ca, &original, None)?;
        plan.check(Issuer::Authority(&ca), NOW)
    };
    for name in &bad() {
        assert_eq!(check(name).unwrap_err().rule(), Some("subject"), "{name}");
    }
    for name in outdated().iter().chain(&good()) {
        check(name).unwrap();
    }
}
