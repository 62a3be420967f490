//! Other connections that have the ledger open, or change it, while a job records in it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn with_another_connection_open_the_one_that_audited_everything_writes_the_stamp() {
    let stamped = Stamped::new();
    for last_is_first in [false, true] {
        let mut first = open(&stamped.path(), Access::Record).unwrap();
        let mut second = open(&stamped.path(), Access::Record).unwrap();
        assert!(!first.has_read_every_event() && !second.has_read_every_event());
        let number = 20 + 10 * u8::from(last_is_first);
        first.begin(&certificate(number), &stamp()).unwrap();
        second.begin(&certificate(number + 1), &stamp()).unwrap();
        assert!(second.has_read_every_event(), "it did not write all of it");
        if last_is_first {
            drop(second);
            drop(first);
        } else {
            drop(first);
            drop(second);
        }
        assert!(!stamped.is_audited());
    }
    let mut first = open(&stamped.path(), Access::Record).unwrap();
    let mut second = open(&stamped.path(), Access::Record).unwrap();
    first.begin(&certificate(40), &stamp()).unwrap();
    // This makes no decision, so nothing was audited before it.
    second.begin_key(&key_intent(KeyAct::Generate), &stamp()).unwrap();
    drop(first);
    drop(second);
    assert!(stamped.is_audited());
    stamped.assert_sound();
}

type Change<'a> = (&'a str, &'a dyn Fn(&Stamped));

#[test]
fn a_foreign_change_while_it_is_open_is_never_stamped() {
    let sound = busy_desk();
    let changes: [Change<'_>; 3] = [
        ("with SQLite", &|stamped| {
            stamped.attack("DELETE FROM revocations")
        }),
        ("in the file", &|stamped| {
            let mut bytes = fs::read(stamped.path()).unwrap();
            let reason = b"\"reason\":1";
            let at = bytes
                .windows(reason.len())
                .position(|found| found == reason)
                .unwrap();
            bytes[at + reason.len() - 1] = b'4';
            fs::write(stamped.path(), bytes).unwrap();
        }),
        ("another file", &|stamped| {
            let other = stamped.path().with_extension("other");
            fs::copy(stamped.path(), &other).unwrap();
            rusqlite::Connection::open(&other)
                .unwrap()
                .execute_batch("DELETE FROM revocations")
                .unwrap();
            fs::rename(other, stamped.path()).unwrap();
        }),
    ];
    for (what, change) in changes {
        for records in [false, true] {
            let stamped = Stamped::of(&sound);
            let mut ledger = open(&stamped.path(), Access::Record).unwrap();
            ledger.begin(&certificate(20), &stamp()).unwrap();
            change(&stamped);
            if records {
                // It need not be noticed at once.
                let _ = ledger.complete(EntryId(3), &signed(9), &stamp());
                let _ = ledger.begin_key(&key_intent(KeyAct::Generate), &stamp());
            }
            drop(ledger);
            assert_refused(&stamped.path(), &format!("{what}, {records}"));
        }
    }
}

#[test]
fn a_long_reader_prevents_only_the_stamp() {
    let stamped = Stamped::new();
    let mut ledger = open(&stamped.path(), Access::Record).unwrap();
    ledger.begin(&certificate(20), &stamp()).unwrap();
    let reader = rusqlite::Connection::open(stamped.path()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM events")
        .unwrap();
    let start = Instant::now();
    drop(ledger);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "it waited for the reader"
    );
    drop(reader);
    assert!(stamped.is_audited());
    stamped.assert_sound();
}

#[test]
fn parallel_writers_lose_nothing_and_the_last_stamp_is_valid() {
    let stamped = Stamped::new();
    let path = stamped.path();
    let threads: Vec<_> = (0..4)
        .map(|player| {
            let path = path.clone();
            thread::spawn(move || {
                for number in 0..8 {
                    let mut ledger = open(&path, Access::Record).unwrap();
                    let number = 50 + player * 8 + number;
                    let entry = ledger.begin(&certificate(number), &stamp()).unwrap();
                    ledger.complete(entry, &signed(number), &stamp()).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    stamped.assert_sound();
    stamped.is_audited();
    assert!(!stamped.is_audited());
    stamped.attack("DELETE FROM revocations");
    assert_refused(&path, "after all of them");
}
