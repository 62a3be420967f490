//! The rules, on every store: SQLite and PostgreSQL through the ledgers themselves, and a store in memory.

mod side_by_side;

use super::random::Dice;
use super::*;
use crate::ledger::tables::Tables;
use side_by_side::{Step, Stores, begin, by, complete, revoke};

fn a_serial_number_is_used_once_for_a_name<L: Tables>(new: fn() -> Stores<L>) {
    let mut stores = new();
    stores.done(&begin(&[1]));
    stores.refused(&begin(&[1]), "is already used");
    let renewed = authority("new key", "CN=Test CA");
    stores.refused(&by(renewed.clone(), certificate(1)), "is already used");
    stores.done(&by(authority("key", "CN=Other CA"), certificate(1)));
    // All or none, also within one batch.
    stores.refused(&begin(&[2, 3, 1]), "is already used");
    stores.refused(&begin(&[2, 2]), "is already used");
    stores.done(&begin(&[2, 3]));
    // The number of an abandoned entry stays used.
    let last = stores.last();
    stores.done(&Step::Abandon(vec![last]));
    stores.refused(&by(renewed, certificate(3)), "is already used");
    stores.refused(&Step::Adopt(3), "is already used");
    let bare = Intent {
        object: bare(9),
        ..certificate(9)
    };
    stores.refused(&Step::Begin(vec![bare]), "only certificates can be adopted");
    stores.assert_alike();
}

fn an_entry_ends_once_with_the_bytes_it_began_with<L: Tables>(new: fn() -> Stores<L>) {
    let mut stores = new();
    stores.done(&begin(&[1, 2]));
    let (one, two) = (stores.last() - 1, stores.last());
    stores.refused(&Step::Deliver(one), "no entry");
    stores.refused(&complete(one, 2), "differs from what entry");
    stores.refused(
        &Step::Complete(vec![(one, signed(1)), (two, signed(1))]),
        "differs from what entry",
    );
    stores.done(&complete(one, 1));
    let before = stores.last();
    stores.done(&complete(one, 1));
    assert_eq!(stores.last(), before, "a second time changes nothing");
    let longer = [signed(1), vec![0]].concat();
    stores.refused(&Step::Complete(vec![(one, longer)]), "has already ended: signed");
    stores.refused(&Step::Abandon(vec![two, one]), "has already ended: signed");
    stores.refused(&Step::Abandon(vec![two, 99]), "no entry #99");
    stores.refused(&Step::Abandon(vec![two, two]), "has already ended: abandoned");
    stores.done(&Step::Abandon(vec![two]));
    stores.refused(&complete(two, 2), "has already ended: abandoned");
    stores.refused(&Step::Deliver(two), "no entry");
    for number in [0, 1, before, 99] {
        stores.refused(&complete(number, 1), "no entry");
        stores.refused(&Step::Abandon(vec![number]), "no entry");
        stores.refused(&Step::Deliver(number), "no entry");
    }
    stores.done(&Step::Deliver(one));
    stores.done(&Step::Deliver(one));
    stores.done(&Step::Adopt(7));
    let adopted = stores.last();
    stores.refused(&complete(adopted, 7), "no entry");
    stores.refused(&Step::Abandon(vec![adopted]), "no entry");
    stores.done(&Step::Deliver(adopted));
    stores.assert_alike();
}

/// RFC 5280 sections 5.2.3 and 5.2.4.
fn crl_numbers_rise_and_a_delta_has_a_base<L: Tables>(new: fn() -> Stores<L>) {
    let mut stores = new();
    let one = |intent: Intent| Step::Begin(vec![intent]);
    stores.refused(&one(crl(1, None, 5)), "was not reserved");
    for _ in 1..=3 {
        stores.done(&Step::Reserve(ca(), None));
    }
    stores.done(&one(crl(1, None, 5)));
    let base = stores.last();
    stores.refused(&one(crl(1, None, 5)), "already has it");
    stores.refused(&one(crl(1, Some(1), 5)), "its base");
    // Its base is not signed yet.
    stores.refused(&one(crl(2, Some(1), 6)), "its base");
    stores.done(&complete(base, 0));
    stores.done(&one(crl(2, Some(1), 6)));
    stores.refused(&one(crl(2, None, 7)), "a different thisUpdate");
    stores.done(&one(crl(2, None, 6)));
    let given_up = stores.last();
    stores.done(&Step::Abandon(vec![given_up]));
    stores.refused(&one(crl(3, Some(2), 8)), "its base");
    stores.done(&one(crl(3, Some(1), 8)));
    stores.refused(&one(crl(1, Some(0), 5)), "was begun in the meantime");
    // The numbers belong to the name, for all its keys. One starts above a number of another program.
    let renewed = authority("new key", "CN=Test CA");
    stores.done(&Step::Reserve(renewed.clone(), Some(40)));
    stores.done(&Step::Reserve(ca(), Some(5)));
    stores.done(&by(renewed, crl(42, None, 9)));
    stores.refused(&one(crl(41, None, 9)), "was begun in the meantime");
    stores.done(&Step::Reserve(ca(), Some(u64::MAX)));
    stores.done(&Step::Reserve(authority("key", "CN=Other CA"), None));
    stores.assert_alike();
}

fn a_revocation_changes_only_to_an_allowed_reason<L: Tables>(new: fn() -> Stores<L>) {
    use RevocationReason::{CertificateHold, KeyCompromise, Superseded, Unspecified};
    let mut stores = new();
    stores.refused(&revoke(1, Superseded), "no certificate");
    stores.done(&begin(&[1, 2]));
    stores.refused(&Step::Release(1), "not on hold");
    stores.done(&revoke(1, CertificateHold));
    stores.refused(&revoke(1, CertificateHold), "already revoked");
    stores.done(&Step::Release(1));
    stores.refused(&Step::Release(1), "not on hold");
    stores.done(&revoke(1, Superseded));
    for reason in [Superseded, CertificateHold, Unspecified] {
        stores.refused(&revoke(1, reason), "already revoked");
    }
    stores.refused(&Step::Release(1), "not on hold");
    stores.done(&revoke(1, KeyCompromise));
    let batch = [2, 1].map(|number| revocation(number, Unspecified));
    stores.refused(&Step::Revoke(batch.to_vec()), "already revoked");
    stores.done(&revoke(2, Unspecified));
    // Another key of the name issued it, so it is on that key's CRLs.
    stores.done(&by(authority("new key", "CN=Test CA"), certificate(3)));
    stores.refused(&revoke(3, Superseded), "no certificate");
    stores.refused(&Step::Release(3), "no certificate");
    stores.assert_alike();
}

fn an_action_on_a_key_ends_once<L: Tables>(new: fn() -> Stores<L>) {
    let mut stores = new();
    for act in [KeyAct::Generate, KeyAct::Import, KeyAct::Delete] {
        stores.done(&Step::BeginKey(act));
        let begun = stores.last();
        stores.done(&Step::CompleteKey(begun));
        stores.refused(&Step::CompleteKey(begun), act.done());
        stores.refused(&Step::FailKey(begun), act.done());
        stores.done(&Step::BeginKey(act));
        let begun = stores.last();
        stores.done(&Step::FailKey(begun));
        stores.refused(&Step::CompleteKey(begun), "has already ended: failed");
    }
    for number in [0, 1, stores.last(), 99] {
        stores.refused(&Step::CompleteKey(number), "no entry");
        stores.refused(&Step::FailKey(number), "no entry");
    }
    stores.assert_alike();
}

fn a_takeover_adds_only_what_is_new<L: Tables>(new: fn() -> Stores<L>) {
    let mut stores = new();
    let mut known = takeover();
    stores.done(&Step::TakeOver(Box::new(known.clone())));
    let before = stores.last();
    stores.done(&Step::TakeOver(Box::new(known.clone())));
    assert_eq!(stores.last(), before, "nothing was new");
    if let Some(certificate) = &mut known.certificate {
        certificate.path = PathCheck::NotChecked;
    }
    stores.done(&Step::TakeOver(Box::new(known.clone())));
    assert_eq!(stores.last(), before, "what was checked stays checked");
    if let Some(certificate) = &mut known.certificate {
        certificate.path = PathCheck::Verified;
    }
    known
        .revocations
        .push(revocation(103, RevocationReason::KeyCompromise));
    stores.done(&Step::TakeOver(Box::new(known.clone())));
    assert_eq!(stores.last(), before + 2);
    // A certificate replaces a bare number. A different certificate cannot replace it.
    let adoption = |number: u8, bytes: u8| Adoption {
        authority: takeover().authority,
        object: certificate_object(number),
        certificate: signed(bytes),
    };
    known.certificates.push(adoption(103, 103));
    stores.done(&Step::TakeOver(Box::new(known.clone())));
    known.certificates.push(adoption(103, 104));
    stores.refused(&Step::TakeOver(Box::new(known)), "is already used");
    stores.assert_alike();
}

/// Random steps, most of them refused.
fn every_sequence_of_steps_has_the_same_results_and_the_same_events<L: Tables>(new: fn() -> Stores<L>) {
    for seed in 0..6 {
        let (mut stores, mut dice) = (new(), Dice(1_000 + seed));
        let mut done = 0;
        for _ in 0..150 {
            let number = dice.byte(12);
            let event = dice.roll(stores.last() + 2);
            let step = match dice.roll(14) {
                0 | 1 => begin(&[number, dice.byte(12)]),
                2 | 3 => begin(&[number]),
                4 => complete(event, number),
                5 => complete(event, 0),
                6 => Step::Abandon(vec![event]),
                7 => Step::Deliver(event),
                8 => Step::Adopt(number),
                9 => Step::Reserve(ca(), Some(dice.roll(9)).filter(|above| above % 2 == 0)),
                10 => {
                    let base = Some(dice.roll(9)).filter(|base| base % 2 == 0);
                    Step::Begin(vec![crl(dice.roll(9), base, dice.roll(2))])
                }
                11 => {
                    let reason = RevocationReason::ALL[usize::try_from(dice.roll(9)).unwrap()];
                    revoke(number, reason)
                }
                12 => Step::Release(number),
                _ => match dice.roll(3) {
                    0 => Step::BeginKey(KeyAct::Import),
                    1 => Step::CompleteKey(event),
                    _ => Step::FailKey(event),
                },
            };
            done += usize::from(stores.take(&step).is_ok());
        }
        assert!(done > 20, "seed {seed}: {done}");
        stores.assert_alike();
    }
}

/// Runs each test on a file and on a server.
macro_rules! on_each_store {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $name() { super::$name(super::Stores::sqlite); })+
        }
        #[cfg(all(feature = "postgres", feature = "softhsm-tests"))]
        mod on_postgres {
            $(#[test] fn $name() { super::$name(super::Stores::postgres); })+
        }
    };
}

on_each_store! {
    a_serial_number_is_used_once_for_a_name,
    an_entry_ends_once_with_the_bytes_it_began_with,
    crl_numbers_rise_and_a_delta_has_a_base,
    a_revocation_changes_only_to_an_allowed_reason,
    an_action_on_a_key_ends_once,
    a_takeover_adds_only_what_is_new,
    every_sequence_of_steps_has_the_same_results_and_the_same_events,
}
