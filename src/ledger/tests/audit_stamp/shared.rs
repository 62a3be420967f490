//! Other connections that have the ledger open, or change it, while a job records in it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// Two processes that have a ledger open, which was stamped before.
fn two(stamped: &Stamped) -> [SqliteLedger; 2] {
    let both = [(), ()].map(|()| open(&stamped.path(), Access::Record).unwrap());
    assert!(both.iter().all(|ledger| !ledger.has_read_every_event()));
    both
}

/// All that a signature records, and a question about a revocation.
fn use_once(ledger: &mut SqliteLedger, number: u8) -> Result<(), LedgerError> {
    let entry = ledger.begin(&certificate(number), &stamp())?;
    ledger.complete(entry, &signed(number), &stamp())?;
    ledger.deliver(entry, &stamp())?;
    ledger.revocations(&ca(), None, &mut |_| ControlFlow::Continue(()))
}

/// SQLite changes the owner of a log that root opens, and so its change time.
fn as_ordinary_user(body: impl FnOnce() + Send) {
    let nobody = rustix::process::Uid::from_raw(65534);
    thread::scope(|scope| {
        let user = scope.spawn(|| {
            if rustix::process::getuid().is_root() {
                rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
            }
            body();
        });
        user.join().unwrap();
    });
}

#[test]
fn two_that_record_in_turn_read_nothing_again() {
    let stamped = Stamped::new();
    for last_is_first in [false, true] {
        let [mut first, mut second] = two(&stamped);
        let start = 20 + 40 * u8::from(last_is_first);
        for number in 0..10 {
            use_once(&mut first, start + 2 * number).unwrap();
            use_once(&mut second, start + 2 * number + 1).unwrap();
            let taken = first.begin(&certificate(start + 2 * number + 1), &stamp());
            assert!(matches!(taken, Err(LedgerError::SerialUsed { .. })), "{taken:?}");
        }
        assert!(!first.has_read_every_event() && !second.has_read_every_event());
        match last_is_first {
            true => drop((second, first)),
            false => drop((first, second)),
        }
        assert!(!stamped.is_audited());
    }
    stamped.assert_sound();
}

#[test]
fn those_who_come_and_go_meanwhile_read_nothing_either() {
    as_ordinary_user(|| {
        let stamped = Stamped::new();
        let [mut first, mut second] = two(&stamped);
        for number in (20..50).step_by(5) {
            use_once(&mut first, number).unwrap();
            let mut third = open(&stamped.path(), Access::Record).unwrap();
            use_once(&mut second, number + 1).unwrap();
            let looking = open(&stamped.path(), Access::Decide).unwrap();
            use_once(&mut third, number + 2).unwrap();
            use_once(&mut first, number + 3).unwrap();
            assert_eq!(revoked(&looking, &ca(), None).len(), 2);
            for ledger in [&first, &second, &third, &looking] {
                assert!(!ledger.has_read_every_event(), "{number}");
            }
            drop(third);
            use_once(&mut second, number + 4).unwrap();
        }
        drop((first, second));
        assert!(!stamped.is_audited());
        stamped.assert_sound();
    });
}

#[test]
fn of_those_who_open_it_as_root_only_the_last_one_reads_everything() {
    let stamped = Stamped::new();
    let [mut first, mut second] = two(&stamped);
    use_once(&mut first, 20).unwrap();
    let mut third = open(&stamped.path(), Access::Record).unwrap();
    for number in (21..30).step_by(3) {
        use_once(&mut second, number).unwrap();
        use_once(&mut third, number + 1).unwrap();
        use_once(&mut first, number + 2).unwrap();
    }
    assert!(!first.has_read_every_event() && !second.has_read_every_event());
    drop((first, second, third));
    assert!(!stamped.is_audited());
    stamped.assert_sound();
}

/// More than SQLite keeps in its log: one of them copies it into the file while both have it open.
#[test]
fn a_log_that_is_emptied_meanwhile_is_not_read_again_either() {
    let stamped = Stamped::new();
    let [mut first, mut second] = two(&stamped);
    let before = fs::metadata(stamped.path()).unwrap().size();
    for number in 0..30 {
        let mut intent = certificate(number + 100);
        intent.waived = vec!["x".repeat(300_000)];
        first.begin(&intent, &stamp()).unwrap();
        second.begin(&certificate(number + 20), &stamp()).unwrap();
    }
    assert!(fs::metadata(stamped.path()).unwrap().size() > before);
    assert!(!first.has_read_every_event() && !second.has_read_every_event());
    drop(first);
    second.begin(&certificate(60), &stamp()).unwrap();
    drop(second);
    assert!(!stamped.is_audited());
    stamped.assert_sound();
}

/// As a process leaves it that was killed between two commits: its log is not in the file, and nothing else has written.
#[test]
fn a_log_that_stays_is_not_read_again_while_nobody_has_touched_it() {
    as_ordinary_user(|| {
        let stamped = Stamped::new();
        let mut killed = open(&stamped.path(), Access::Record).unwrap();
        use_once(&mut killed, 20).unwrap();
        std::mem::forget(killed);
        assert!(!stamped.is_audited());
        stamped.assert_sound();
    });
}

/// What was done to a table decides nothing, whichever of the two comes next, and whether it decides or only adds.
#[test]
fn a_table_that_was_edited_between_two_turns_is_found_by_both() {
    let sound = busy_desk();
    for table in sound.tables() {
        let (_, key) = sound.columns(&table);
        let oldest = format!("({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1)");
        let stamped = Stamped::of(&sound);
        let [mut first, mut second] = two(&stamped);
        use_once(&mut first, 20).unwrap();
        let entry = second.begin(&certificate(21), &stamp()).unwrap();
        stamped.attack(&restored(&format!("DELETE FROM {table} WHERE {oldest}")));
        if table == "authorities" || table == "entries" {
            // This adds to what was decided, and audits nothing. Its commit must not cover what was done before it.
            let _ = second.complete(entry, &signed(21), &stamp());
        } else {
            second.complete(entry, &signed(21), &stamp()).unwrap();
        }
        for ledger in [&mut first, &mut second] {
            let found = use_once(ledger, 22);
            assert!(
                matches!(found, Err(LedgerError::Damaged { .. })),
                "{table}: {found:?}"
            );
            let found = ledger.revocations(&ca(), None, &mut |_| ControlFlow::Continue(()));
            assert!(
                matches!(found, Err(LedgerError::Damaged { .. })),
                "{table}: {found:?}"
            );
        }
        drop((first, second));
        assert_refused(&stamped.path(), &table);
    }
}

/// The bytes of a file, written over those that are there.
fn overwrite(path: &Path, bytes: &[u8]) {
    use std::os::unix::fs::FileExt;
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(bytes, 0).unwrap();
}

#[test]
fn a_stamp_does_not_stand_for_files_that_were_written_to_since() {
    type Write<'a> = (&'a str, &'a dyn Fn(&Path));
    let writes: [Write<'_>; 4] = [
        ("the file, with its own bytes", &|path| {
            overwrite(path, &fs::read(path).unwrap());
        }),
        ("the log, with its own bytes", &|path| {
            let log = path.with_file_name("l.db-wal");
            overwrite(&log, &fs::read(&log).unwrap());
        }),
        ("a commit that changes nothing", &|path| {
            let db = rusqlite::Connection::open(path).unwrap();
            db.execute_batch("UPDATE keys SET ended = ended").unwrap();
        }),
        ("a checkpoint", &|path| {
            let db = rusqlite::Connection::open(path).unwrap();
            db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .unwrap();
        }),
    ];
    for (what, write) in writes {
        let stamped = Stamped::new();
        let [mut first, mut second] = two(&stamped);
        use_once(&mut first, 20).unwrap();
        write(&stamped.path());
        use_once(&mut second, 21).unwrap();
        assert!(second.has_read_every_event(), "{what}");
        drop((first, second));
        stamped.assert_sound();
    }
}

/// Each file as it was, with the stamp that stood for it.
#[test]
fn an_older_state_that_comes_back_with_its_stamp_is_not_taken_for_the_newest() {
    let stamped = Stamped::new();
    let [mut first, mut second] = two(&stamped);
    use_once(&mut first, 20).unwrap();
    let names = ["l.db", "l.db-wal", "l.db-audit"].map(|name| stamped.directory.path().join(name));
    let older = names.clone().map(|name| fs::read(name).unwrap());
    use_once(&mut second, 21).unwrap();
    for (name, bytes) in names.iter().zip(&older) {
        overwrite(name, bytes);
    }
    let found = use_once(&mut first, 22);
    assert!(first.has_read_every_event() || found.is_err(), "{found:?}");
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
        start.elapsed() < Duration::from_secs(10),
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
