//! Subjects that a request may have.

use der::{Any, Tag};

use super::*;
use crate::x509::csr::RequestTbs;
use crate::x509::fixture::{Sketch, plan};
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
const SERIAL: &[u8] = b"\x55\x04\x05";
const QUALIFIER: &[u8] = b"\x55\x04\x2e";
const EMAIL: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";
const DC: &[u8] = b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19";

const UTF8: Tag = Tag::Utf8String;
const PRINTABLE: Tag = Tag::PrintableString;
const TELETEX: Tag = Tag::TeletexString;
const IA5: Tag = Tag::Ia5String;
const BMP: Tag = Tag::BmpString;

fn invisible() -> Vec<Name> {
    vec![
        name(CN, UTF8, b"bank.example\0.evil.example"),
        name(CN, UTF8, b"a\x1b[2J"),
        name(CN, UTF8, "a\u{202e}b".as_bytes()),
        name(CN, UTF8, "a\u{200b}b".as_bytes()),
        name(CN, UTF8, "a\u{3164}b".as_bytes()),
        name(L, UTF8, "a\u{2800}b".as_bytes()),
        name(EMAIL, IA5, b"a@b\n"),
    ]
}

fn empty() -> Vec<Name> {
    vec![name(CN, UTF8, b""), name(CN, PRINTABLE, b""), name(CN, BMP, b"")]
}

/// Names that an established CA may have, but a new subject must not.
fn misleading() -> Vec<Name> {
    vec![
        name(CN, UTF8, b" example.com"),
        name(CN, PRINTABLE, b"example.com "),
        name(L, UTF8, b"a "),
        name(CN, UTF8, "www\u{ff0e}example\u{3002}com".as_bytes()),
        name(L, UTF8, "a\u{a0}b".as_bytes()),
        name(CN, UTF8, "ex\u{430}mple.com".as_bytes()),
    ]
}

/// Values of a string type that their attribute does not allow, and an RDN with two attributes of one type.
fn mistyped() -> Vec<(&'static str, Name)> {
    let types = [
        (C, UTF8, &b"US"[..]),
        (SERIAL, UTF8, b"1"),
        (QUALIFIER, UTF8, b"1"),
        (EMAIL, UTF8, b"a@example.com"),
        (EMAIL, PRINTABLE, b"a"),
        (DC, UTF8, b"example"),
        (DC, PRINTABLE, b"example"),
        (CN, TELETEX, b"Caf\xe9"),
        (CN, BMP, b"\0a"),
        (CN, BMP, b"\0a\x20\xac"),
        (CN, IA5, b"a"),
        (C, TELETEX, b"US"),
    ];
    let types = types.map(|(kind, tag, value)| ("name-string-type", name(kind, tag, value)));
    let attribute = |value: &[u8]| {
        let attribute = [element(Tag::ObjectIdentifier, CN), element(UTF8, value)].concat();
        element(Tag::Sequence, &attribute)
    };
    let twice = [(&b"a"[..], &b"b"[..]), (b"a", b"a")].map(|(one, other)| {
        let rdn = element(Tag::Set, &[attribute(one), attribute(other)].concat());
        (
            "name-attribute-once",
            Name::from_der(&element(Tag::Sequence, &rdn)).unwrap(),
        )
    });
    types.into_iter().chain(twice).collect()
}

/// A name with this many organizational units.
fn units(count: usize) -> Name {
    let attribute = [
        element(Tag::ObjectIdentifier, b"\x55\x04\x0b"),
        element(UTF8, b"a"),
    ]
    .concat();
    let rdn = element(Tag::Set, &element(Tag::Sequence, &attribute));
    Name::from_der(&element(Tag::Sequence, &rdn.repeat(count))).unwrap()
}

/// Every refused name, with its rule.
fn bad() -> Vec<(&'static str, Name)> {
    let with = |rule, names: Vec<Name>| names.into_iter().map(move |name| (rule, name));
    with("name-text", invisible())
        .chain(with("name-text", misleading()))
        .chain(with("subject", empty()))
        .chain(with("subject", outdated()))
        .chain(with("name-size", vec![units(65), units(3000)]))
        .collect()
}

/// Names that an old root may have, but a new subject must not.
fn outdated() -> Vec<Name> {
    vec![
        name(CN, UTF8, &[b'a'; 65]),
        name(L, UTF8, &[b'a'; 129]),
        name(EMAIL, IA5, &[b'a'; 256]),
        name(C, PRINTABLE, b"USA"),
        name(C, PRINTABLE, b"U"),
        name(C, PRINTABLE, b"U1"),
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
        name(SERIAL, PRINTABLE, b"1"),
        name(QUALIFIER, PRINTABLE, b"1"),
        units(64),
    ]
}

#[test]
fn a_request_is_checked_against_the_rules_for_names() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let plan = |subject: &Name| leaf_plan(&VerifiedRequest::for_tests(&key, subject), &ca, 100);
    for (rule, subject) in &bad() {
        assert_breaks(plan(subject), Issuer::Authority(&ca), rule);
    }
    for subject in &good() {
        plan(subject).check(Issuer::Authority(&ca), NOW).unwrap();
    }
}

/// RFC 5280 appendix A.1 applies in every profile. If an HSM wrote the name, it is only a warning.
#[test]
fn string_types_are_rules_of_every_profile_but_that_of_the_cluster() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    for (rule, subject) in &mistyped() {
        let request = VerifiedRequest::for_tests(&key, subject);
        for profile in Profile::built_in()
            .into_iter()
            .filter(|one| !one.is_self_signed())
        {
            let planned = plan(&profile, &request, &ca);
            match profile.name.as_ref() {
                "cloudhsm-cluster" => {
                    planned.check(Issuer::Authority(&ca), NOW).unwrap();
                    assert_eq!(subject.type_faults()[0].rule.name, *rule);
                }
                _ => assert_breaks(planned, Issuer::Authority(&ca), rule),
            }
        }
    }
}

#[test]
fn a_name_that_no_subject_may_have_is_not_requested() {
    let key = SoftwareKey::generate();
    let signature = key.public_key().algorithm().default_signature();
    let plan = |subject: &Name| RequestTbs::build(key.public_key(), subject, &[], None, signature).unwrap();
    for (rule, subject) in bad().iter().chain(&mistyped()) {
        let error = plan(subject).check().unwrap_err();
        assert_eq!(error.rule(), Some(*rule), "{subject}");
    }
    for subject in &good() {
        plan(subject).check().unwrap();
    }
}

#[test]
fn a_cross_certificate_keeps_an_old_name_but_not_one_with_hidden_characters() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let check = |name: &Name| {
        let mut sketch = Sketch::authority("CN=Other", "CN=Other");
        (sketch.subject, sketch.issuer) = (name.clone(), name.clone());
        let original = Original::verify(sketch.sign(&key, &key), None, NOW)?;
        let plan = cross::plan_under(&ca, &original, None)?;
        plan.check(Issuer::Authority(&ca), NOW)
    };
    for name in &empty() {
        assert_eq!(check(name).unwrap_err().rule(), Some("subject"), "{name}");
    }
    for name in &invisible() {
        assert_eq!(check(name).unwrap_err().rule(), Some("name-text"), "{name}");
    }
    let mistyped = mistyped().into_iter().map(|(_, name)| name).collect();
    for name in [outdated(), misleading(), mistyped, good()].concat() {
        check(&name).unwrap();
    }
}
