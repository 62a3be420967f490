//! CRL numbers, revocations and holds.

use super::*;

fn reserve(desk: &mut Desk) -> u64 {
    desk.ledger
        .reserve_crl_number(&ca(), None, &stamp())
        .unwrap()
        .number
        .to_u64()
        .unwrap()
}

#[track_caller]
fn refused(desk: &mut Desk, intent: &Intent, expected: CrlNumberProblem) {
    match desk.ledger.begin(intent, &stamp()) {
        Err(LedgerError::CrlNumber { problem, .. }) => assert_eq!(problem, expected),
        other => panic!("{other:?}"),
    }
}

fn sign(desk: &mut Desk, intent: &Intent) {
    let entry = desk.ledger.begin(intent, &stamp()).unwrap();
    desk.ledger.complete(entry, &signed(0), &stamp()).unwrap();
}

#[test]
fn numbers_rise_for_the_name_across_its_keys() {
    let mut desk = Desk::new();
    assert_eq!((reserve(&mut desk), reserve(&mut desk)), (1, 2));
    let renewed = authority("new key", "CN=Test CA");
    let next = desk
        .ledger
        .reserve_crl_number(&renewed, Some(40.into()), &stamp())
        .unwrap();
    assert_eq!(next.number, 41.into());
    assert_eq!(desk.ledger.crl_number(&ca(), 41.into()).unwrap(), Some(next));
    let lower = desk
        .ledger
        .reserve_crl_number(&ca(), Some(5.into()), &stamp())
        .unwrap();
    assert_eq!(lower.number, 42.into());
    // More than an integer column, a JSON parser or 64 bits can hold: RFC 5280 section 5.2.3 allows 20 octets.
    let mut signed_at = Vec::new();
    for above in [i64::MAX.unsigned_abs() - 1, i64::MAX.unsigned_abs(), u64::MAX] {
        let next = desk
            .ledger
            .reserve_crl_number(&ca(), Some(above.into()), &stamp())
            .unwrap();
        assert_eq!(next.number.to_string(), (u128::from(above) + 1).to_string());
        assert_eq!(desk.ledger.crl_number(&ca(), next.number).unwrap(), Some(next));
        let Object::Crl {
            this_update,
            next_update,
            ..
        } = crl(0, None, 5).object
        else {
            unreachable!()
        };
        let object = Object::Crl {
            number: next.number,
            base: signed_at.last().copied(),
            this_update,
            next_update,
            entries: 0,
        };
        sign(
            &mut desk,
            &Intent {
                object: object.clone(),
                ..crl(0, None, 5)
            },
        );
        if signed_at.is_empty() {
            signed_at.push(next.number);
        }
        let filter = EntryFilter {
            limit: Some(1),
            ..EntryFilter::default()
        };
        let mut newest = None;
        let mut keep = |entry: Entry| {
            newest = Some(entry.object);
            ControlFlow::Continue(())
        };
        desk.ledger.entries(&filter, &mut keep).unwrap();
        assert_eq!(newest, Some(object));
    }
    let largest = CrlNumber::from_octets(&[&[0x7f][..], &[0xff; 19]].concat()).unwrap();
    let last = desk
        .ledger
        .reserve_crl_number(&ca(), largest.previous(), &stamp())
        .unwrap();
    assert_eq!(last.number, largest);
    let end = desk.ledger.reserve_crl_number(&ca(), None, &stamp());
    let used_up = CrlNumberProblem::Last;
    assert!(
        matches!(end, Err(LedgerError::CrlNumber { number, problem }) if number == largest && problem == used_up),
        "{end:?}"
    );
    desk.assert_sound();
}

#[test]
fn one_complete_and_one_delta_crl_of_the_same_time_share_a_number() {
    let mut desk = Desk::new();
    refused(&mut desk, &crl(1, None, 5), CrlNumberProblem::NotReserved);
    let (first, second) = (reserve(&mut desk), reserve(&mut desk));
    sign(&mut desk, &crl(first, None, 5));
    refused(&mut desk, &crl(first, None, 5), CrlNumberProblem::Used);
    sign(&mut desk, &crl(second, None, 8));
    refused(
        &mut desk,
        &crl(second, Some(first), 9),
        CrlNumberProblem::OtherTime,
    );
    sign(&mut desk, &crl(second, Some(first), 8));
    refused(&mut desk, &crl(second, Some(first), 8), CrlNumberProblem::Used);
    desk.assert_sound();
}

#[test]
fn a_number_below_a_used_one_is_refused() {
    let mut desk = Desk::new();
    let (slow, fast) = (reserve(&mut desk), reserve(&mut desk));
    desk.ledger.begin(&crl(fast, None, 5), &stamp()).unwrap();
    refused(&mut desk, &crl(slow, None, 6), CrlNumberProblem::Passed);
}

#[test]
fn the_base_of_a_delta_crl_is_a_signed_complete_crl() {
    let mut desk = Desk::new();
    let numbers: Vec<_> = (0..4).map(|_| reserve(&mut desk)).collect();
    let begun = desk.ledger.begin(&crl(numbers[0], None, 5), &stamp()).unwrap();
    refused(
        &mut desk,
        &crl(numbers[1], Some(numbers[0]), 6),
        CrlNumberProblem::Base,
    );
    refused(
        &mut desk,
        &crl(numbers[1], Some(numbers[1]), 6),
        CrlNumberProblem::Base,
    );
    // A base with a higher number, from any program.
    refused(&mut desk, &crl(numbers[1], Some(77), 6), CrlNumberProblem::Base);
    desk.ledger.complete(begun, &signed(0), &stamp()).unwrap();
    sign(&mut desk, &crl(numbers[1], Some(numbers[0]), 6));
    // A delta CRL is not a base.
    refused(
        &mut desk,
        &crl(numbers[2], Some(numbers[1]), 7),
        CrlNumberProblem::Base,
    );
    let given_up = desk.ledger.begin(&crl(numbers[2], None, 7), &stamp()).unwrap();
    desk.ledger.abandon(given_up, "no", &stamp()).unwrap();
    refused(
        &mut desk,
        &crl(numbers[3], Some(numbers[2]), 8),
        CrlNumberProblem::Base,
    );
    desk.assert_sound();
}

#[test]
fn a_release_from_hold_is_on_the_next_delta_crl() {
    let mut desk = Desk::new();
    for number in 1..=3 {
        desk.certificate(number);
        desk.ledger
            .revoke(
                &ca(),
                &revocation(number, RevocationReason::CertificateHold),
                &stamp(),
            )
            .unwrap();
    }
    let base = desk.ledger.reserve_crl_number(&ca(), None, &stamp()).unwrap();
    desk.ledger.release(&ca(), &serial(1), &stamp()).unwrap();
    let again = desk.ledger.release(&ca(), &serial(1), &stamp());
    assert!(matches!(again, Err(LedgerError::NotOnHold { .. })), "{again:?}");
    let later = RevocationRequest {
        revoked: UnixTime(1_799_999_999),
        invalidity_date: Some(UnixTime(3)),
        ..revocation(2, RevocationReason::KeyCompromise)
    };
    desk.ledger.revoke(&ca(), &later, &stamp()).unwrap();

    let now = revoked(&desk.ledger, &ca(), None);
    assert_eq!(
        now.iter().map(|one| one.serial.clone()).collect::<Vec<_>>(),
        [serial(2), serial(3)]
    );
    let expected = RevocationState::Revoked {
        reason: RevocationReason::KeyCompromise,
        // The date of the hold.
        revoked: UnixTime(1_700_000_002),
        invalidity_date: Some(UnixTime(3)),
    };
    assert_eq!(
        (&now[0].state, now[0].not_after),
        (&expected, UnixTime(1_800_000_000))
    );
    let delta = revoked(&desk.ledger, &ca(), Some(base.event));
    assert_eq!(
        delta.iter().map(|one| one.serial.clone()).collect::<Vec<_>>(),
        [serial(1), serial(2)]
    );
    assert_eq!(delta[0].state, RevocationState::Released);
    // It may be revoked again, with a new date.
    let once_more = RevocationRequest {
        revoked: UnixTime(1_750_000_000),
        ..revocation(1, RevocationReason::Superseded)
    };
    desk.ledger.revoke(&ca(), &once_more, &stamp()).unwrap();
    assert!(matches!(
        revoked(&desk.ledger, &ca(), None)[0].state,
        RevocationState::Revoked {
            revoked: UnixTime(1_750_000_000),
            ..
        }
    ));
    desk.assert_sound();
}

#[test]
fn a_revocation_is_final_except_for_a_compromise() {
    let mut desk = Desk::new();
    desk.certificate(1);
    desk.ledger
        .revoke(&ca(), &revocation(1, RevocationReason::Superseded), &stamp())
        .unwrap();
    for reason in [
        RevocationReason::Superseded,
        RevocationReason::CertificateHold,
        RevocationReason::Unspecified,
    ] {
        let result = desk.ledger.revoke(&ca(), &revocation(1, reason), &stamp());
        assert!(
            matches!(result, Err(LedgerError::AlreadyRevoked { .. })),
            "{result:?}"
        );
    }
    let result = desk.ledger.release(&ca(), &serial(1), &stamp());
    assert!(matches!(result, Err(LedgerError::NotOnHold { .. })), "{result:?}");
    desk.ledger
        .revoke(&ca(), &revocation(1, RevocationReason::KeyCompromise), &stamp())
        .unwrap();
    desk.assert_sound();
}

#[test]
fn of_many_revocations_all_or_none_are_recorded() {
    let mut desk = Desk::new();
    desk.certificate(1);
    desk.certificate(2);
    let requests = [1, 2, 9].map(|number| revocation(number, RevocationReason::KeyCompromise));
    let refused = desk.ledger.revoke_many(&ca(), &requests, &stamp());
    assert!(
        matches!(refused, Err(LedgerError::UnknownCertificate { .. })),
        "{refused:?}"
    );
    assert_eq!(revoked(&desk.ledger, &ca(), None), []);
    desk.ledger.revoke_many(&ca(), &requests[..2], &stamp()).unwrap();
    assert_eq!(revoked(&desk.ledger, &ca(), None).len(), 2);
    desk.assert_sound();
}

#[test]
fn only_its_issuer_revokes_a_certificate() {
    let mut desk = Desk::new();
    desk.certificate(1);
    let renewed = authority("new key", "CN=Test CA");
    desk.ledger
        .begin(
            &Intent {
                authority: renewed.clone(),
                ..certificate(2)
            },
            &stamp(),
        )
        .unwrap();
    for (authority, number) in [
        (&renewed, 1),
        (&ca(), 2),
        (&authority("x", "CN=x"), 1),
        (&ca(), 9),
    ] {
        let result = desk.ledger.revoke(
            authority,
            &revocation(number, RevocationReason::Superseded),
            &stamp(),
        );
        assert!(
            matches!(result, Err(LedgerError::UnknownCertificate { .. })),
            "{result:?}"
        );
    }
    // Begun, so perhaps signed: it can be revoked.
    desk.ledger
        .revoke(&renewed, &revocation(2, RevocationReason::Superseded), &stamp())
        .unwrap();
    assert_eq!(
        (
            revoked(&desk.ledger, &ca(), None).len(),
            revoked(&desk.ledger, &renewed, None).len()
        ),
        (0, 1)
    );
    desk.assert_sound();
}

/// Ledgers of version 1 did not record the key. For them, it is read from the certificate.
#[test]
fn a_compromised_key_is_known_by_its_revocation_or_by_the_certificate() {
    let mut desk = Desk::new();
    let entries: Vec<_> = (1..=4).map(|number| desk.certificate(number)).collect();
    let known = Some(Digest::of(b"key"));
    for (number, reason, key_sha256) in [
        (1, RevocationReason::KeyCompromise, None),
        (2, RevocationReason::CaCompromise, known),
        (3, RevocationReason::Superseded, known),
        (4, RevocationReason::CertificateHold, None),
    ] {
        let request = RevocationRequest {
            key_sha256,
            ..revocation(number, reason)
        };
        desk.ledger.revoke(&ca(), &request, &stamp()).unwrap();
    }
    let found = |desk: &Desk| {
        let mut found = Vec::new();
        let mut keep = |one: CompromisedKey| {
            found.push((one.entry, one.key_sha256, one.certificate));
            ControlFlow::Continue(())
        };
        desk.ledger.compromised(&mut keep).unwrap();
        found.sort_by_key(|(entry, ..)| *entry);
        found
    };
    let first = (entries[0], None, Some(Der(signed(1))));
    let second = (entries[1], known, None);
    assert_eq!(found(&desk), [first.clone(), second.clone()]);
    // A hold that turns into a compromise.
    let request = RevocationRequest {
        key_sha256: known,
        ..revocation(4, RevocationReason::KeyCompromise)
    };
    desk.ledger.revoke(&ca(), &request, &stamp()).unwrap();
    assert_eq!(found(&desk), [first, second, (entries[3], known, None)]);
    desk.assert_sound();
}
