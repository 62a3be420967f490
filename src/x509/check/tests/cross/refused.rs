//! Faults in the values of an original, which only its CA could correct.

mod values;

use const_oid::db::rfc5280::ID_CE_INHIBIT_ANY_POLICY;

use self::values::*;
use super::*;
use crate::x509::fixture::plan;
use crate::x509::{CarriedExtension, NameConstraints, Policy, Subtree};

fn critical(kind: ObjectIdentifier) -> bool {
    [
        ID_CE_NAME_CONSTRAINTS,
        ID_CE_POLICY_CONSTRAINTS,
        ID_CE_INHIBIT_ANY_POLICY,
    ]
    .contains(&kind)
}

/// An original with this value.
fn original_with(kind: ObjectIdentifier, value: &[u8]) -> Result<Original, X509Error> {
    let key = SoftwareKey::generate();
    let mut made = Sketch::authority("CN=Other", "CN=Other");
    let extensions = made.extensions.as_mut().unwrap();
    extensions.push(fixture::extension(kind, critical(kind), value));
    Original::verify(made.sign(&key, &key), None, NOW)
}

#[track_caller]
fn assert_refused(error: X509Error, rule: &str, clause: &str, words: &str) {
    match error {
        X509Error::Rule {
            rule: broken,
            source,
            found,
        } => {
            assert_eq!((broken, source), (rule, clause), "{found}");
            assert!(found.contains(words), "{words}: {found}");
        }
        other => panic!("{words}: {other:?}"),
    }
}

#[test]
fn a_value_with_a_fault_is_refused_by_name_and_clause() {
    for (kind, value, clause, words) in faults() {
        let error = original_with(kind, &value).unwrap_err();
        assert!(
            error.to_string().contains(&extension::extension_name(kind)),
            "{error}"
        );
        assert_refused(error, "cross-original", clause, words);
    }
}

/// The same rule reads the bytes that are about to be signed, regardless of who planned them.
#[test]
fn a_plan_with_such_a_value_is_refused_too() {
    let ca = authority(&SoftwareKey::generate());
    let key = SoftwareKey::generate();
    let original = Sketch::authority("CN=Other", "CN=Other").sign(&key, &key);
    let original = Original::verify(original, None, NOW).unwrap();
    let sound = plan_under(&ca, &original, None).unwrap();
    for (kind, value, clause, words) in faults() {
        // The identifier of a plan is a rule of its own.
        if kind == ID_CE_SUBJECT_KEY_IDENTIFIER {
            continue;
        }
        let mut plan = sound.clone();
        let mut tbs = TbsCertificate::from_der(&plan.der).unwrap();
        let extensions = tbs.extensions.as_mut().unwrap();
        extensions.push(fixture::extension(kind, critical(kind), &value));
        plan.der = tbs.to_der().unwrap();
        let carried = CarriedExtension {
            identifier: kind,
            critical: critical(kind),
            value,
        };
        let profile = Arc::make_mut(&mut plan.profile);
        profile.extensions.push(ProfileExtension::Carried(carried));
        let error = plan.check(Issuer::Authority(&ca), NOW).unwrap_err();
        assert_refused(error, "extension-form", clause, words);
    }
}

/// A file of a profile is checked when it is read. A caller of the library can make a profile without one.
#[test]
fn a_profile_with_such_a_value_is_refused_too() {
    let ca = authority(&SoftwareKey::generate());
    let below = request(&SoftwareKey::generate(), "CN=Below");
    let names = |permitted: Subtree| {
        ProfileExtension::NameConstraints(NameConstraints {
            permitted: vec![permitted],
            excluded: Vec::new(),
        })
    };
    let policies = |cps: &str| {
        let policy = Policy {
            identifier: ObjectIdentifier::new_unwrap("1.2.3.4"),
            cps: Some(cps.to_owned()),
        };
        ProfileExtension::CertificatePolicies(vec![policy.clone(), policy])
    };
    for (wanted, words) in [
        (names(Subtree::Dns("*.example.com".to_owned())), "wildcard"),
        (
            names(Subtree::Uri("https://example.com/".to_owned())),
            "uri:https://example.com/",
        ),
        (
            names(Subtree::Email("a b@example.com".to_owned())),
            "not a mailbox",
        ),
        (names(Subtree::Ip([10, 0, 0, 1].into(), 8)), "ip:10.0.0.1/8"),
        (policies("http://example.com/cps"), "twice"),
        (policies("http://b\u{fc}cher.example/cps"), "not ASCII"),
    ] {
        let mut profile = Profile::intermediate();
        profile.extensions.insert(2, wanted);
        let error = plan(&profile, &below, &ca)
            .check(Issuer::Authority(&ca), NOW)
            .unwrap_err();
        let clause = match words {
            "twice" | "not ASCII" => "RFC 5280 4.2.1.4",
            _ => "RFC 5280 4.2.1.10",
        };
        assert_refused(error, "extension-form", clause, words);
    }
}

#[test]
fn an_identifier_of_the_issuer_is_refused() {
    let ca_key = SoftwareKey::generate();
    let ca = authority(&ca_key);
    let own = ca.subject_key_identifier().unwrap().unwrap();
    let original = original_with(ID_CE_SUBJECT_KEY_IDENTIFIER, &tlv(4, &[&own])).unwrap();
    let plan = plan_under(&ca, &original, None).unwrap();
    let error = plan.check(Issuer::Authority(&ca), NOW).unwrap_err();
    assert_refused(
        error,
        "subject-key-identifier",
        "RFC 5280 4.2.1.2",
        "the issuer's own",
    );
}

/// Of unusual values, those that RFC 5280 allows are repeated.
#[test]
fn a_value_without_a_fault_is_repeated() {
    let organization = tlv(
        SEQUENCE,
        &[&tlv(IA5, &[b"Example"]), &tlv(SEQUENCE, &[b"\x02\x01\x01"])],
    );
    let upn = [
        &b"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03"[..],
        &tlv(0xa0, &[&tlv(UTF8, &[b"@a.b"])]),
    ]
    .concat();
    let ca = authority(&SoftwareKey::generate());
    for (kind, value) in [
        (ID_CE_NAME_CONSTRAINTS, constraint(EXCLUDED, DNS, b"", b"")),
        (
            ID_CE_NAME_CONSTRAINTS,
            constraint(PERMITTED, DNS, b"EXAMPLE.com", b""),
        ),
        (
            ID_CE_NAME_CONSTRAINTS,
            constraint(PERMITTED, DNS, b".example.com", b""),
        ),
        (ID_CE_NAME_CONSTRAINTS, constraint(EXCLUDED, IP, &[0; 8], b"")),
        (ID_CE_NAME_CONSTRAINTS, constraint(EXCLUDED, IP, &[0; 32], b"")),
        (
            ID_CE_NAME_CONSTRAINTS,
            constraint(PERMITTED, URI, b".example.com", b""),
        ),
        (
            ID_CE_NAME_CONSTRAINTS,
            constraint(PERMITTED, EMAIL, b"example.com", b""),
        ),
        (
            ID_CE_NAME_CONSTRAINTS,
            constraint(PERMITTED, EMAIL, b"root@example.com", b""),
        ),
        (
            ID_CE_NAME_CONSTRAINTS,
            constraint(EXCLUDED, DIRECTORY, Name::from_rfc4514("O=A").unwrap().der(), b""),
        ),
        (
            ID_CE_NAME_CONSTRAINTS,
            constraint(EXCLUDED, REGISTERED_ID, &POLICY[2..], b""),
        ),
        (
            ID_CE_NAME_CONSTRAINTS,
            constraint(PERMITTED, OTHER_NAME, &upn, b""),
        ),
        (
            ID_CE_CERTIFICATE_POLICIES,
            qualified(POLICY, CPS, &tlv(IA5, &[b"http://x"])),
        ),
        (ID_CE_CERTIFICATE_POLICIES, qualified(POLICY, POLICY, b"\x05\x00")),
        (
            ID_CE_CERTIFICATE_POLICIES,
            qualified(POLICY, NOTICE, &tlv(SEQUENCE, &[])),
        ),
        (
            ID_CE_CERTIFICATE_POLICIES,
            qualified(ANY, NOTICE, &tlv(SEQUENCE, &[&organization])),
        ),
        (
            ID_CE_CERTIFICATE_POLICIES,
            noticed(UTF8, "\u{fc}".repeat(200).as_bytes()),
        ),
        (ID_CE_CERTIFICATE_POLICIES, noticed(VISIBLE, b"text")),
        (ID_CE_CERTIFICATE_POLICIES, noticed(BMP, b"\0t\0e")),
        (
            ID_CE_POLICY_CONSTRAINTS,
            b"\x30\x06\x80\x01\x00\x81\x01\x7f".to_vec(),
        ),
        (ID_CE_INHIBIT_ANY_POLICY, b"\x02\x01\x00".to_vec()),
        (ID_CE_EXT_KEY_USAGE, tlv(SEQUENCE, &[SERVER_AUTH])),
        (ID_CE_SUBJECT_KEY_IDENTIFIER, tlv(4, &[&[1; 64]])),
    ] {
        let original = original_with(kind, &value).unwrap();
        let checked = plan_under(&ca, &original, None)
            .unwrap()
            .check(Issuer::Authority(&ca), NOW);
        if let Err(error) = checked {
            panic!("{kind} {value:02x?}: {error}");
        }
    }
}
