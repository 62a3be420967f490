//! Breaks every rule of a planned response.

use const_oid::db::rfc5280::{ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE};
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
use der::{Decode, Tag};

use super::super::data::{ResponseDataDer, SingleResponseDer};
use super::*;
use crate::x509::Validity;
use crate::x509::fixture::{Sketch, extension};

#[track_caller]
fn breaks(tbs: OcspTbs, rule: &str) {
    match tbs.check(LATER) {
        Ok(_) => panic!("no rule is broken, where it should be {rule}"),
        Err(error) => assert_eq!(error.rule(), Some(rule), "{error}"),
    }
}

/// A valid plan with altered bytes.
#[track_caller]
fn bent(plan: OcspContent, rule: &str, bend: impl FnOnce(&mut ResponseDataDer)) {
    let mut tbs = build(plan);
    let mut data = ResponseDataDer::from_der(&tbs.der).unwrap();
    bend(&mut data);
    tbs.der = data.to_der().unwrap();
    breaks(tbs, rule);
}

fn first(data: &mut ResponseDataDer) -> &mut SingleResponseDer {
    &mut data.responses[0]
}

#[test]
fn a_valid_plan_breaks_no_rule() {
    let ca = Ca::new();
    assert!(build(ca.good()).check(LATER).is_ok());
    assert!(build(ca.delegated(&ca.signer)).check(LATER).is_ok());
}

#[test]
fn the_bytes_must_be_those_of_the_plan() {
    let (ca, other) = (Ca::new(), Ca::new());
    let time = |time: u64| UnixTime(time).to_generalized_time().unwrap();
    bent(ca.good(), "ocsp-responder-id", |data| {
        let id = build(other.good());
        data.responder_id = ResponseDataDer::from_der(&id.der).unwrap().responder_id;
    });
    bent(ca.good(), "ocsp-cert-ids", |data| {
        first(data).cert_id = ca.id(&[8], ID_SHA_1);
    });
    bent(ca.good(), "ocsp-cert-ids", |data| {
        first(data).cert_id = ca.id(&[7], ID_SHA_256);
    });
    bent(ca.good(), "ocsp-cert-ids", |data| {
        let again = first(data).clone();
        data.responses.push(again);
    });
    bent(ca.good(), "ocsp-status", |data| {
        first(data).cert_status = CertificateStatus::Unknown.to_der_form().unwrap();
    });
    bent(ca.good(), "ocsp-times", |data| {
        data.produced_at = time(LATER.0 - 1)
    });
    bent(ca.good(), "ocsp-times", |data| {
        first(data).this_update = time(LATER.0 - 1)
    });
    bent(ca.good(), "ocsp-next-update", |data| {
        first(data).next_update = None
    });
    bent(ca.good(), "ocsp-next-update", |data| {
        first(data).next_update = Some(time(LATER.0 + 1));
    });
    bent(ca.good(), "ocsp-nonce", |data| data.response_extensions = None);
    bent(ca.good(), "ocsp-nonce", |data| {
        data.response_extensions = Some(vec![nonce::build(b"other").unwrap()]);
    });
    let more = extension(ID_PKIX_OCSP_NOCHECK, false, &[5, 0]);
    bent(ca.good(), "ocsp-extensions", |data| {
        data.response_extensions.as_mut().unwrap().push(more.clone());
    });
    bent(ca.good(), "ocsp-extensions", |data| {
        first(data).single_extensions = Some(vec![more.clone()]);
    });
    bent(ca.good(), "ocsp-extensions", |data| {
        data.response_extensions.as_mut().unwrap()[0].critical = true;
    });
    // Version 1 written out: [0] { INTEGER 0 } after the header of the structure.
    let mut tbs = build(ca.good());
    let whole = Any::from_der(&tbs.der).unwrap();
    let versioned = [&[0xa0, 3, 2, 1, 0], whole.value()].concat();
    tbs.der = Any::new(Tag::Sequence, versioned).unwrap().to_der().unwrap();
    breaks(tbs, "ocsp-encoding");
}

#[test]
fn an_impossible_plan_is_refused() {
    let (ca, other) = (Ca::new(), Ca::new());
    let plan = |status| ca.plan(ca.request(), &[status]);
    let at = UnixTime(LATER.0 - HOUR);
    assert!(
        build(plan(revoked(at, CrlReason::CertificateHold)))
            .check(LATER)
            .is_ok()
    );
    let future = revoked(UnixTime(LATER.0 + 1), CrlReason::KeyCompromise);
    breaks(build(plan(future)), "ocsp-revocation");
    let removed = revoked(at, CrlReason::RemoveFromCrl);
    breaks(build(plan(removed)), "ocsp-revocation");
    let two = Asking::about(vec![ca.id(&[7], ID_SHA_1), ca.id(&[8], ID_SHA_1)]);
    let one = ca.plan(two.read().unwrap(), &[CertificateStatus::Good]);
    breaks(build(one), "ocsp-cert-ids");
    let mixed = Asking::about(vec![ca.id(&[7], ID_SHA_1), other.id(&[7], ID_SHA_1)]);
    let both = ca.plan(mixed.read().unwrap(), &[CertificateStatus::Good; 2]);
    breaks(build(both), "ocsp-status");

    let at = |produced_at: u64, next_update: u64| OcspContent {
        produced_at: UnixTime(produced_at),
        next_update: UnixTime(next_update),
        ..ca.good()
    };
    breaks(build(at(LATER.0 + 1, LATER.0 + 2)), "ocsp-times");
    breaks(build(at(LATER.0, LATER.0)), "ocsp-next-update");
    let end = ca.certificate.validity().not_after.0;
    assert!(build(at(LATER.0, end)).check(LATER).is_ok());
    breaks(build(at(LATER.0, end + 1)), "ocsp-nesting");
    let mut signed_otherwise = build(ca.good());
    signed_otherwise.signature = crate::signer::SignatureAlgorithm::Ed25519;
    breaks(signed_otherwise, "signature-algorithm");
}

#[test]
fn a_delegated_signer_must_be_authorised() {
    let (ca, other) = (Ca::new(), Ca::new());
    breaks(build(ca.delegated(&other.signer)), "ocsp-signer");
    let ends = ca.signer.validity().not_after.0;
    let until = |next_update| OcspContent {
        next_update: UnixTime(next_update),
        ..ca.delegated(&ca.signer)
    };
    assert!(build(until(ends)).check(LATER).is_ok());
    breaks(build(until(ends + 1)), "ocsp-nesting");

    let purpose = |last: u8| {
        let oid = [0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, last];
        extension(ID_CE_EXT_KEY_USAGE, false, &oid)
    };
    let usage = |bits: u8| extension(ID_CE_KEY_USAGE, true, &[3, 2, 0, bits]);
    let no_check = extension(ID_PKIX_OCSP_NOCHECK, false, &[5, 0]);
    let sketch = |extensions| Sketch::version_3("CN=Signer", "CN=Test CA", extensions);
    let sound = sketch(vec![purpose(9), usage(0x80), no_check.clone()]);
    let plan = |sketch: &Sketch| build(ca.delegated(&sketch.sign(&ca.signer_key, &ca.key)));
    assert!(plan(&sound).check(LATER).is_ok());
    for (extensions, rule) in [
        (vec![usage(0x80), no_check.clone()], "ocsp-signer-purpose"),
        (vec![purpose(1), no_check.clone()], "ocsp-signer-purpose"),
        (
            vec![purpose(9), usage(0x20), no_check.clone()],
            "ocsp-signer-purpose",
        ),
        (vec![purpose(9), usage(0x80)], "ocsp-nocheck"),
        (
            vec![
                purpose(9),
                no_check,
                extension(ObjectIdentifier::new_unwrap("1.2.3"), true, &[5, 0]),
            ],
            "ocsp-signer",
        ),
    ] {
        breaks(plan(&sketch(extensions)), rule);
    }
    let expired = Sketch {
        validity: Validity {
            not_before: UnixTime(NOW.0 - HOUR),
            not_after: NOW,
        },
        ..sound.clone()
    };
    breaks(plan(&expired), "ocsp-signer-validity");
    // The CA's name, but another key than the current one.
    let by_other_key = sound.sign(&ca.signer_key, &other.key);
    breaks(build(ca.delegated(&by_other_key)), "ocsp-signer");
}

#[test]
fn a_response_is_verified_as_a_client_does() {
    let (ca, other) = (Ca::new(), Ca::new());
    let direct = build(ca.good()).check(LATER).unwrap().sign(&ca.key).unwrap();
    let delegated = build(ca.delegated(&ca.signer)).check(LATER).unwrap();
    let delegated = delegated.sign(&ca.signer_key).unwrap();
    let rule = |outcome: Result<(), X509Error>| outcome.unwrap_err().rule();
    for issued in [&direct, &delegated] {
        let response = issued.response();
        assert!(response.verify(&ca.certificate, LATER).is_ok());
        let early = response.verify(&ca.certificate, UnixTime(LATER.0 - 1));
        assert_eq!(rule(early), Some("ocsp-times"));
        let late = response.verify(&ca.certificate, UnixTime(LATER.0 + 25 * HOUR));
        assert_eq!(rule(late), Some("ocsp-next-update"));
        assert!(response.verify(&other.certificate, LATER).is_err());
        let again = Asking::about(vec![ca.id(&[7], ID_SHA_1)]).with(b"new");
        let replayed = response.verify_answers(&again.read().unwrap());
        assert_eq!(rule(replayed), Some("ocsp-nonce"));
        let about_another = Asking::about(vec![ca.id(&[8], ID_SHA_1)]);
        let other_id = response.verify_answers(&about_another.read().unwrap());
        assert_eq!(rule(other_id), Some("ocsp-cert-ids"));
    }
    let error = OcspResponse::read(&[0x30, 3, 0x0a, 1, 6]).unwrap();
    assert_eq!(
        rule(error.verify(&ca.certificate, LATER)),
        Some("ocsp-successful")
    );
}

/// A response that the holder of the CA's key could make, but no rule here allows.
#[test]
fn a_response_about_another_cas_certificate_is_not_verified() {
    let (ca, other) = (Ca::new(), Ca::new());
    for (status, wanted) in [
        (CertificateStatus::Good, Some("ocsp-status")),
        (revoked(NOW, CrlReason::Unspecified), Some("ocsp-status")),
        (CertificateStatus::Unknown, None),
    ] {
        for theirs_is_first in [true, false] {
            let mut ids = vec![
                (ca.id(&[7], ID_SHA_1), CertificateStatus::Good),
                (other.id(&[9], ID_SHA_1), status),
            ];
            if theirs_is_first {
                ids.reverse();
            }
            let (ids, statuses): (Vec<_>, Vec<_>) = ids.into_iter().unzip();
            let tbs = build(ca.plan(Asking::about(ids).read().unwrap(), &statuses));
            let issued = CheckedOcsp(tbs).sign(&ca.key).unwrap();
            let outcome = issued.response().verify(&ca.certificate, LATER);
            assert_eq!(outcome.err().and_then(|error| error.rule()), wanted, "{status}");
        }
    }
}
