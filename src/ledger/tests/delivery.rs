//! Deliveries of signed objects, and the records of keys.

use std::time::{Duration, Instant};

use super::*;

impl Desk {
    fn unfinished(&self) -> (Vec<u64>, Vec<u64>) {
        let found = self.ledger.unfinished(&ca(), UnixTime(1_750_000_000)).unwrap();
        assert!(!found.more_open && !found.more_undelivered);
        let numbers = |entries: Vec<Entry>| entries.iter().map(|entry| entry.id.0).collect();
        (numbers(found.open), numbers(found.undelivered))
    }
}

#[test]
fn a_signed_object_is_undelivered_until_its_delivery_is_recorded() {
    let mut desk = Desk::new();
    let entry = desk.certificate(1);
    assert_eq!(desk.unfinished(), (vec![], vec![entry.0]));
    let filter = EntryFilter {
        undelivered: true,
        ..EntryFilter::default()
    };
    assert_eq!(all(&desk.ledger, &filter).len(), 1);

    let later = Stamp {
        time: UnixTime(1_700_000_050),
        ..stamp()
    };
    desk.ledger.deliver(entry, &later).unwrap();
    let event = desk.ledger.head().unwrap().count;
    assert_eq!(desk.unfinished(), (vec![], vec![]));
    assert_eq!(all(&desk.ledger, &filter), []);
    // A later copy is an event too, but the first delivery stays the first.
    desk.ledger.deliver(entry, &stamp()).unwrap();
    let told = desk.ledger.entry(entry).unwrap().unwrap();
    assert_eq!(
        told.delivery,
        DeliveryState::Delivered {
            event,
            time: later.time
        }
    );
    desk.assert_sound();
}

/// What another process would put there is put there before or after.
#[test]
fn no_other_process_has_a_turn_while_a_file_is_placed() {
    let mut desk = Desk::new();
    let entry = desk.certificate(1);
    let short = Duration::from_millis(20);
    let mut other = SqliteLedger::open_waiting(&desk.path(), Access::Record, short).unwrap();
    let head = desk.ledger.head().unwrap();
    let mut refused = None;
    let mut place = |is_placed| {
        let mut calls = 0;
        let recorded = desk.ledger.deliver_in_turn(entry, &stamp(), &mut || {
            calls += 1;
            refused = other.deliver_in_turn(entry, &stamp(), &mut || true).err();
            is_placed
        });
        recorded.unwrap();
        assert_eq!(calls, 1);
        assert!(matches!(refused, Some(LedgerError::Locked { .. })), "{refused:?}");
        desk.ledger.head().unwrap().count
    };
    assert_eq!(place(false), head.count, "nothing is recorded");
    assert_eq!(place(true), head.count + 1);
    other.deliver_in_turn(entry, &stamp(), &mut || true).unwrap();
    assert_eq!(desk.unfinished(), (vec![], vec![]));
    desk.assert_sound();
}

/// As when a batch has several groups to record, and another process does not give up its turn.
#[test]
fn only_the_first_of_several_changes_waits_for_a_ledger_in_vain() {
    let desk = Desk::new();
    let longest = Duration::from_secs(1);
    let mut ledger = SqliteLedger::open_waiting(&desk.path(), Access::Record, longest).unwrap();
    let entries: Vec<_> = (0..5)
        .map(|number| ledger.begin(&certificate(number), &stamp()).unwrap())
        .collect();
    let other = rusqlite::Connection::open(desk.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    for (number, entry) in (0..).zip(&entries) {
        let refused = ledger.complete(*entry, &signed(number), &stamp());
        assert!(matches!(refused, Err(LedgerError::Locked { .. })), "{refused:?}");
        assert!(start.elapsed() >= longest);
    }
    assert!(start.elapsed() < 3 * longest, "{:?}", start.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    for (number, entry) in (0..).zip(&entries) {
        ledger.complete(*entry, &signed(number), &stamp()).unwrap();
    }
}

#[test]
fn an_interruption_ends_the_wait_for_a_ledger() {
    let desk = Desk::new();
    let mut ledger = SqliteLedger::open(&desk.path(), Access::Record).unwrap();
    let other = rusqlite::Connection::open(desk.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    interrupted_soon(&mut ledger);
    for number in 0..5 {
        let refused = ledger.begin(&certificate(number), &stamp());
        assert!(matches!(refused, Err(LedgerError::Locked { .. })), "{refused:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    // What needs no wait is still recorded.
    ledger.begin(&certificate(9), &stamp()).unwrap();
}

#[test]
fn only_signed_objects_are_delivered() {
    let mut desk = Desk::new();
    let open = desk.ledger.begin(&certificate(1), &stamp()).unwrap();
    let given_up = desk.ledger.begin(&certificate(2), &stamp()).unwrap();
    desk.ledger.abandon(given_up, "no", &stamp()).unwrap();
    let head = desk.ledger.head().unwrap();
    for wrong in [open, given_up, EntryId(1), EntryId(99), EntryId(u64::MAX)] {
        let result = desk.ledger.deliver(wrong, &stamp());
        assert!(result.is_err(), "{wrong}");
    }
    assert_eq!(desk.ledger.head().unwrap(), head);
    assert_eq!(desk.unfinished(), (vec![open.0], vec![]));
}

#[test]
fn superseded_objects_are_not_unfinished() {
    let mut desk = Desk::new();
    desk.certificate(1);
    desk.ledger.begin(&certificate(2), &stamp()).unwrap();
    for number in [1, 2] {
        let revoke = revocation(number, RevocationReason::Superseded);
        desk.ledger.revoke(&ca(), &revoke, &stamp()).unwrap();
    }
    assert_eq!(desk.unfinished(), (vec![], vec![]));

    desk.certificate(3);
    desk.ledger.begin(&certificate(4), &stamp()).unwrap();
    let expired = desk.ledger.unfinished(&ca(), UnixTime(1_900_000_000)).unwrap();
    assert!(expired.is_empty(), "{expired:?}");
    let others = authority("other", "CN=Other");
    assert!(desk.ledger.unfinished(&others, UnixTime(0)).unwrap().is_empty());

    // A CRL, until the next one is signed.
    let before = desk.unfinished();
    for number in [1, 2] {
        desk.ledger.reserve_crl_number(&ca(), None, &stamp()).unwrap();
        let entry = desk.ledger.begin(&crl(number, None, 5), &stamp()).unwrap();
        assert_eq!(desk.unfinished().0[0], entry.0);
        if number == 2 {
            desk.ledger.complete(entry, &signed(0), &stamp()).unwrap();
            assert_eq!(desk.unfinished().0, before.0);
            assert_eq!(desk.unfinished().1[0], entry.0);
        }
    }
    desk.assert_sound();
}

#[test]
fn a_truncated_list_says_that_there_is_more() {
    let mut desk = Desk::new();
    let intents: Vec<_> = (0..150).map(certificate).collect();
    desk.ledger.begin_many(&intents, &stamp()).unwrap();
    let found = desk.ledger.unfinished(&ca(), UnixTime(0)).unwrap();
    assert_eq!((found.open.len(), found.more_open), (100, true));
    assert!(!found.more_undelivered);
}

fn answer() -> Intent {
    Intent {
        object: Object::OcspResponse {
            serials: vec![serial(1)],
            this_update: UnixTime(5),
            next_update: None,
        },
        ..crl(1, None, 5)
    }
}

/// As after a killed `ocsp publish`.
#[test]
fn many_replaced_objects_hide_nothing() {
    let mut desk = Desk::new();
    let certificate = desk.ledger.begin(&certificate(1), &stamp()).unwrap();
    let answers: Vec<_> = (0..200).map(|_| answer()).collect();
    let begun = desk.ledger.begin_many(&answers, &stamp()).unwrap();
    assert_eq!(
        desk.ledger.unfinished(&ca(), UnixTime(0)).unwrap().open.len(),
        100
    );
    let last = desk.ledger.begin(&answer(), &stamp()).unwrap();
    desk.ledger.complete(last, &signed(0), &stamp()).unwrap();
    assert_eq!(desk.unfinished(), (vec![certificate.0], vec![]));
    let listed = |without_replaced| {
        let filter = EntryFilter {
            open: true,
            without_replaced,
            ..EntryFilter::default()
        };
        all(&desk.ledger, &filter).len()
    };
    assert_eq!((listed(true), listed(false)), (1, 1 + begun.len()));
}

#[test]
fn revoked_and_expired_certificates_do_not_count_to_the_limit() {
    let mut desk = Desk::new();
    let intents: Vec<_> = (0..150).map(certificate).collect();
    let begun = desk.ledger.begin_many(&intents, &stamp()).unwrap();
    for number in 1..150 {
        let revoke = revocation(number, RevocationReason::Superseded);
        desk.ledger.revoke(&ca(), &revoke, &stamp()).unwrap();
    }
    assert_eq!(desk.unfinished(), (vec![begun[0].0], vec![]));
}

#[test]
fn the_change_after_an_unsynced_delivery_is_synced() {
    let mut desk = Desk::new();
    let entry = desk.certificate(1);
    desk.ledger.deliver(entry, &stamp()).unwrap();
    assert!(desk.ledger.deliver(EntryId(99), &stamp()).is_err());
    assert_eq!(desk.ledger.synchronous(), 2, "FULL");
}

#[test]
fn certificates_are_found_by_their_request() {
    let mut desk = Desk::new();
    let request = Digest::of(b"request");
    let first = desk.certificate(1);
    desk.ledger.begin(&certificate(2), &stamp()).unwrap();
    let last = desk.certificate(3);
    let ids = |authority: &Authority, request: &Digest| -> Vec<_> {
        let found = certificates_for(&desk.ledger, authority, request);
        found.iter().map(|entry| entry.id).collect()
    };
    assert_eq!(ids(&ca(), &request), [last, first]);
    assert_eq!(ids(&ca(), &Digest::of(b"other")), []);
    assert_eq!(ids(&authority("k", "CN=Other"), &request), []);
}

fn certificates_for(ledger: &SqliteLedger, authority: &Authority, request: &Digest) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut each = |entry| {
        found.push(entry);
        ControlFlow::Continue(())
    };
    ledger.certificates_for(authority, request, &mut each).unwrap();
    found
}

#[test]
fn a_key_is_recorded_before_and_after() {
    let mut desk = Desk::new();
    let begun = desk
        .ledger
        .begin_key(&key_intent(KeyAct::Generate), &stamp())
        .unwrap();
    let open = KeyFilter {
        open: true,
        ..KeyFilter::default()
    };
    let list = |desk: &Desk, filter: &KeyFilter| {
        let mut list = Vec::new();
        desk.ledger
            .keys(filter, &mut |key| {
                list.push(key);
                ControlFlow::Continue(())
            })
            .unwrap();
        list
    };
    assert_eq!(list(&desk, &open)[0].state, KeyState::Begun);
    desk.ledger.complete_key(begun, &key_record(), &stamp()).unwrap();
    let told = desk.ledger.key(begun).unwrap().unwrap();
    let expected = KeyEntry {
        id: begun,
        intent: key_intent(KeyAct::Generate),
        begun: stamp(),
        state: KeyState::Done {
            stamp: stamp(),
            key: key_record(),
        },
    };
    assert_eq!(told, expected);
    assert_eq!(
        (list(&desk, &open), list(&desk, &KeyFilter::default())),
        (vec![], vec![told])
    );

    let failed = desk
        .ledger
        .begin_key(&key_intent(KeyAct::Delete), &stamp())
        .unwrap();
    desk.ledger
        .fail_key(failed, "the token said no", &stamp())
        .unwrap();
    for ended in [begun, failed] {
        let twice = [
            desk.ledger.complete_key(ended, &key_record(), &stamp()),
            desk.ledger.fail_key(ended, "no", &stamp()),
        ];
        for result in twice {
            assert!(matches!(result, Err(LedgerError::Ended { .. })), "{result:?}");
        }
    }
    assert!(matches!(
        desk.ledger.fail_key(EntryId(1), "no", &stamp()),
        Err(LedgerError::NoEntry { .. })
    ));
    desk.assert_sound();
}

/// In version 2, CRL numbers were integers of the database.
#[test]
fn a_ledger_of_version_2_is_upgraded() {
    let mut desk = Desk::new();
    desk.certificate(1);
    for number in 1..=2 {
        desk.ledger.reserve_crl_number(&ca(), None, &stamp()).unwrap();
        let entry = desk.ledger.begin(&crl(number, None, 5), &stamp()).unwrap();
        desk.ledger.complete(entry, &signed(0), &stamp()).unwrap();
    }
    let version_1 = include_str!("../sqlite/version_1.sql");
    let (_, table) = version_1.split_once("CREATE TABLE crl_numbers").unwrap();
    let (table, _) = table.split_once(';').unwrap();
    desk.attack(&format!(
        "DROP INDEX events_by_time; DROP INDEX compromised_certificates; DROP TABLE crl_numbers; CREATE TABLE crl_numbers{table};
         INSERT INTO crl_numbers VALUES (2, 1, 5, 6, NULL), (2, 2, 9, 10, NULL); PRAGMA user_version = 2"
    ));
    let path = desk.path();
    assert!(matches!(
        SqliteLedger::open(&path, Access::Read),
        Err(LedgerError::Older { found: 2, .. })
    ));
    desk.ledger = SqliteLedger::open(&path, Access::Record).unwrap();
    let next = desk.ledger.reserve_crl_number(&ca(), None, &stamp()).unwrap();
    assert_eq!(next.number, 3.into());
    desk.assert_sound();
}

#[test]
fn a_ledger_of_version_3_only_gets_an_index() {
    let mut desk = Desk::new();
    desk.certificate(1);
    desk.ledger
        .revoke(&ca(), &revocation(1, RevocationReason::KeyCompromise), &stamp())
        .unwrap();
    desk.attack("DROP INDEX events_by_time; DROP INDEX compromised_certificates; PRAGMA user_version = 3");
    let path = desk.path();
    assert!(matches!(
        SqliteLedger::open(&path, Access::Read),
        Err(LedgerError::Older { found: 3, .. })
    ));
    desk.ledger = SqliteLedger::open(&path, Access::Record).unwrap();
    let mut found = 0;
    desk.ledger
        .compromised(&mut |_| {
            found += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(found, 1);
    desk.assert_sound();
}

/// Objects signed in version 1 count as delivered, and their requests are found.
#[test]
fn a_ledger_of_version_1_is_upgraded() {
    let mut desk = Desk::new();
    let entry = desk.certificate(1);
    // In the encoding of that version.
    desk.attack(
        "DROP INDEX events_by_time; DROP INDEX compromised_certificates; DROP TABLE deliveries; DROP TABLE requests; DROP TABLE keys; DROP INDEX other_entries; DROP TABLE names;
         DROP TABLE authority_certificates;
         PRAGMA user_version = 1",
    );
    desk.write_chain_anew(|body| body.replace(",\"to_deliver\":true", ""));
    let path = desk.path();
    assert!(matches!(
        SqliteLedger::open(&path, Access::Read),
        Err(LedgerError::Older { found: 1, .. })
    ));
    assert!(SqliteLedger::is_there(&path).unwrap());
    desk.ledger = SqliteLedger::open(&path, Access::Record).unwrap();
    assert_eq!(desk.unfinished(), (vec![], vec![]));
    let request = Digest::of(b"request");
    let found = certificates_for(&desk.ledger, &ca(), &request);
    assert_eq!((found[0].id, found[0].delivery), (entry, DeliveryState::Unknown));
    desk.assert_sound();
}
