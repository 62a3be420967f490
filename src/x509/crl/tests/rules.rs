//! Breaks every rule once.

use der::asn1::{Any, GeneralizedTime, OctetString};
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::time::Time;

use super::buffer::{DerBuffer, HEADER_BYTES};
use super::fields::Fields;
use super::*;
use crate::x509::fixture::Sketch;

type Change = fn(&mut Fields);

/// The same list with other fields.
fn changed(tbs: &CrlTbs, change: Change) -> CrlTbs {
    let mut fields = Fields::read(tbs.der()).unwrap();
    let entries = fields.entries.take().map(|range| tbs.der()[range].to_vec());
    change(&mut fields);
    let front = fields.encode_front().unwrap();
    let mut buffer = DerBuffer::with_room(front.len() + 3 * HEADER_BYTES);
    if let Some(entries) = entries {
        buffer
            .append(&Any::new(der::Tag::Sequence, entries).unwrap())
            .unwrap();
    }
    buffer.prepend(&front).unwrap();
    buffer.append(&fields.back()).unwrap();
    buffer.wrap().unwrap();
    CrlTbs {
        buffer,
        ..tbs.clone()
    }
}

#[track_caller]
fn assert_breaks(ca: &Ca, tbs: CrlTbs, base: Option<&CertificateRevocationList>, wanted: &str) {
    match tbs.check(&ca.certificate, base, LATER) {
        Err(X509Error::Rule { rule, .. }) => assert_eq!(rule, wanted),
        Err(other) => panic!("{wanted}: {other:?}"),
        Ok(_) => panic!("{wanted} is not broken"),
    }
}

fn extension(fields: &mut Fields, index: usize) -> &mut Extension {
    &mut fields.extensions.as_mut().unwrap()[index]
}

#[test]
fn every_rule_about_the_fields_can_be_broken() {
    let ca = Ca::new();
    let plan = CrlContent {
        distribution_point: Some("http://crl.example/a".to_owned()),
        kind: CrlKind::Full {
            freshest: Some("ldap://crl.example/b".to_owned()),
        },
        ..full()
    };
    let sound = ca.build(plan, &[revoked(&[1])]);
    assert!(sound.clone().check(&ca.certificate, None, LATER).is_ok());
    assert_eq!(changed(&sound, |_| {}).der(), sound.der());
    let cases: [(&str, Change); 15] = [
        ("crl-issuer", |fields| {
            fields.issuer = Any::from_der(&[0x30, 0]).unwrap()
        }),
        ("crl-issuer", |fields| {
            let other = crate::x509::Name::from_rfc4514("CN=Other").unwrap();
            fields.issuer = other.to_any().unwrap();
        }),
        ("signature-algorithm", |fields| {
            fields.signature.oid = const_oid::db::rfc5912::ECDSA_WITH_SHA_384;
        }),
        ("next-update", |fields| fields.next_update = None),
        ("next-update", |fields| {
            fields.next_update = Some(fields.this_update);
        }),
        ("time-encoding", |fields| {
            let date = fields.this_update.to_date_time();
            fields.this_update = Time::GeneralTime(GeneralizedTime::from_date_time(date));
        }),
        ("this-update", |fields| {
            fields.this_update = UnixTime(LATER.0 + 1).to_time().unwrap();
        }),
        ("update-nesting", |fields| {
            fields.this_update = UnixTime(NOW.0 - 1).to_time().unwrap();
        }),
        ("update-nesting", |fields| {
            fields.next_update = Some(NOW.plus_days(3652 + 1).to_time().unwrap());
        }),
        ("crl-extensions", |fields| fields.extensions = None),
        ("crl-extensions", |fields| extension(fields, 1).critical = true),
        ("crl-extensions", |fields| extension(fields, 2).critical = false),
        ("crl-authority-key-identifier", |fields| {
            let other = crate::x509::extension::authority_key_identifier(&[1; 20]).unwrap();
            *extension(fields, 0) = other;
        }),
        ("crl-number", |fields| {
            extension(fields, 1).extn_value = OctetString::new([2, 1, 8]).unwrap();
        }),
        ("issuing-distribution-point", |fields| {
            extension(fields, 2).extn_value = OctetString::new([0x30, 0]).unwrap();
        }),
    ];
    for (rule, change) in cases {
        assert_breaks(&ca, changed(&sound, change), None, rule);
    }
    let freshest = changed(&sound, |fields| {
        extension(fields, 3).extn_value = OctetString::new([0x30, 2, 0x30, 0]).unwrap();
    });
    assert_breaks(&ca, freshest, None, "freshest-crl");
    // v1 with extensions is refused before the rules.
    let v1 = changed(&sound, |fields| fields.version = 0);
    assert!(matches!(
        v1.check(&ca.certificate, None, LATER),
        Err(X509Error::Malformed { .. })
    ));
}

#[test]
fn every_rule_about_the_plan_can_be_broken() {
    let ca = Ca::new();
    let url = |url: &str| CrlContent {
        distribution_point: Some(url.to_owned()),
        ..full()
    };
    for wrong in ["https://crl.example/", "http://", "crl.example", "http://a b"] {
        assert_breaks(&ca, ca.build(url(wrong), &[]), None, "distribution-point");
    }
    // A plan cannot have a number of more than 20 octets.
    assert_eq!(CrlNumber::from_octets(&[0x80; 20]), None);
    let other = Ca::new();
    assert_breaks(&ca, other.build(full(), &[]), None, "crl-issuer");
}

/// An entry in bytes that this program would not write.
fn entry_of(serial: &[u8], extensions: &[u8]) -> Any {
    let time = NOW.to_time().unwrap().to_der().unwrap();
    Any::new(der::Tag::Sequence, [serial, &time, extensions].concat()).unwrap()
}

fn of_entries(ca: &Ca, entries: &[Any]) -> CrlTbs {
    let mut list = ca.build(full(), &[]);
    let mut fields = Fields::read(list.der()).unwrap();
    fields.entries = None;
    let front = fields.encode_front().unwrap();
    list.buffer = DerBuffer::with_room(front.len() + 3 * HEADER_BYTES);
    for entry in entries {
        list.buffer.append(entry).unwrap();
    }
    list.buffer.wrap().unwrap();
    list.buffer.prepend(&front).unwrap();
    list.buffer.append(&fields.back()).unwrap();
    list.buffer.wrap().unwrap();
    list
}

#[test]
fn an_empty_list_and_an_entry_with_an_unknown_extension_break_rules() {
    let ca = Ca::new();
    assert_breaks(&ca, of_entries(&ca, &[]), None, "revoked-certificates");
    let plain = entry_of(&[2, 1, 1], &[]);
    assert!(
        of_entries(&ca, &[plain])
            .check(&ca.certificate, None, LATER)
            .is_ok()
    );
    // holdInstruction of RFC 3280, critical.
    let held = entry_of(
        &[2, 1, 1],
        b"\x30\x0f\x30\x0d\x06\x03\x55\x1d\x17\x01\x01\xff\x04\x03\x06\x01\x2a",
    );
    assert_breaks(&ca, of_entries(&ca, &[held]), None, "entry");
    let v1 = changed(&ca.build(full(), &[]), |fields| {
        fields.version = 0;
        fields.extensions = None;
    });
    assert_breaks(&ca, v1, None, "crl-version");
}

#[test]
fn every_rule_about_the_entries_can_be_broken() {
    let ca = Ca::new();
    let future = UnixTime(LATER.0 + 1);
    let cases: [(&str, Vec<Revocation>); 5] = [
        ("entry-order", vec![revoked(&[2]), revoked(&[2])]),
        ("entry-order", vec![revoked(&[1, 0]), revoked(&[2])]),
        (
            "revocation-date",
            vec![Revocation {
                revoked_at: future,
                ..revoked(&[1])
            }],
        ),
        (
            "invalidity-date",
            vec![Revocation {
                invalid_since: Some(future),
                ..revoked(&[1])
            }],
        ),
        (
            "reason-code",
            vec![Revocation {
                reason: CrlReason::RemoveFromCrl,
                ..revoked(&[1])
            }],
        ),
    ];
    for (rule, list) in cases {
        assert_breaks(&ca, ca.build(full(), &list), None, rule);
    }
    // Not an INTEGER in DER, and an empty one.
    for serial in [&[][..], &[0, 1], &[0xff, 0x80]] {
        let serial = [&[2, u8::try_from(serial.len()).unwrap()], serial].concat();
        let list = of_entries(&ca, &[entry_of(&serial, &[])]);
        assert!(matches!(
            list.check(&ca.certificate, None, LATER),
            Err(X509Error::Malformed { .. })
        ));
    }
}

#[test]
fn the_base_of_a_delta_crl_is_a_full_one_with_the_same_scope_and_key() {
    let ca = Ca::new();
    let base = ca.issue(full(), &[]);
    let base = base.list();
    let removed = Revocation {
        reason: CrlReason::RemoveFromCrl,
        ..revoked(&[1])
    };
    let delta = ca.build(delta_of(7), &[removed]);
    assert_breaks(&ca, delta.clone(), None, "base-crl");
    assert_breaks(&ca, ca.build(full(), &[]), Some(base), "base-crl");
    assert_breaks(&ca, ca.build(delta_of(8), &[]), Some(base), "base-crl");
    assert_breaks(&ca, ca.build(delta_of(9), &[]), Some(base), "delta-indicator");
    let scoped = CrlContent {
        scope: CrlScope::UserCertificates,
        ..delta_of(7)
    };
    assert_breaks(&ca, ca.build(scoped, &[]), Some(base), "base-crl");
    let younger = CrlContent {
        this_update: UnixTime(LATER.0 - 1),
        ..delta_of(7)
    };
    assert_breaks(&ca, ca.build(younger, &[]), Some(base), "base-crl");
    let other = Ca::new().issue(full(), &[]);
    assert_breaks(&ca, delta.clone(), Some(other.list()), "base-crl");

    let checked = delta.check(&ca.certificate, Some(base), LATER).unwrap();
    let issued = checked.sign(&ca.key).unwrap();
    assert_eq!(issued.list().base().unwrap(), Some(CrlNumber::from(7)));
    issued.list().verify(&ca.certificate, LATER).unwrap();
    let of_delta = CrlContent {
        number: CrlNumber::from(10),
        ..delta_of(9)
    };
    assert_breaks(&ca, ca.build(of_delta, &[]), Some(issued.list()), "base-crl");
}

#[test]
fn a_ca_without_crl_sign_signs_no_crl() {
    // 2.5.29.15 in DER, then the BIT STRING 03 02 01 06: keyCertSign and cRLSign.
    let ca = Ca::new();
    let der = ca.certificate.der();
    let usage = [
        0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x01, 0x06,
    ];
    let at = der
        .windows(usage.len())
        .position(|window| window == usage)
        .unwrap();
    let mut without = der.to_vec();
    // keyCertSign alone: one more unused bit.
    without[at + usage.len() - 2] = 2;
    without[at + usage.len() - 1] = 4;
    let without = Certificate::from_der(&without).unwrap();
    let tbs = ca.build(full(), &[]);
    assert!(matches!(
        tbs.check(&without, None, LATER),
        Err(X509Error::Rule { rule: "crl-sign", .. })
    ));
    let issued = ca.issue(full(), &[]);
    assert!(matches!(
        issued.list().verify(&without, LATER),
        Err(X509Error::Rule { rule: "crl-sign", .. })
    ));
}

/// RFC 5280 section 4.2.1.3: without keyUsage, nothing is restricted. AWS's own recipe for a cluster's CA makes such certificates.
#[test]
fn a_ca_without_key_usage_may_sign_crls() {
    let mut sketch = Sketch::authority("CN=Test CA", "CN=Test CA");
    sketch.extensions.as_mut().unwrap().remove(1);
    let key = SoftwareKey::generate();
    let certificate = sketch.sign(&key, &key);
    let ca = Ca { key, certificate };
    let issued = ca.issue(full(), &[]);
    issued.list().verify(&ca.certificate, LATER).unwrap();
}

#[test]
fn a_list_is_valid_from_this_update_to_next_update() {
    let ca = Ca::new();
    let issued = ca.issue(full(), &[]);
    let list = issued.list();
    let (first, last) = (list.this_update(), list.next_update().unwrap());
    for (time, good) in [
        (UnixTime(first.0 - 1), false),
        (first, true),
        (last, true),
        (UnixTime(last.0 + 1), false),
    ] {
        assert_eq!(list.verify(&ca.certificate, time).is_ok(), good, "{time}");
    }
    assert!(list.verify(&Ca::new().certificate, LATER).is_err());
    assert!(list.verify_undated(&ca.certificate).is_ok());
}
