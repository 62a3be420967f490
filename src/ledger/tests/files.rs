//! Creating, recognising, sharing and refusing the file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use crate::file_trust::TrustError;

fn open(desk: &Desk, access: Access) -> Result<SqliteLedger, LedgerError> {
    SqliteLedger::open_waiting(&desk.path(), access, Duration::from_millis(200))
}

#[test]
fn a_new_ledger_is_for_its_owner_only() {
    let mut desk = Desk::new();
    desk.certificate(1);
    for name in ["l.db", "l.db-wal", "l.db-shm"] {
        let mode = fs::metadata(desk.directory.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn opening_never_creates_a_ledger() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("l.db");
    for access in [Access::Read, Access::Record] {
        let missing = SqliteLedger::open(&path, access);
        assert!(
            matches!(missing, Err(LedgerError::NotFound { .. })),
            "{missing:?}"
        );
        assert!(!path.exists());
    }
    assert!(!SqliteLedger::is_there(&path).unwrap());
    for access in [Access::Read, Access::Record] {
        let nowhere = SqliteLedger::open(&directory.path().join("no/l.db"), access);
        assert!(
            matches!(
                nowhere,
                Err(LedgerError::NoDirectory { .. } | LedgerError::NotFound { .. })
            ),
            "{nowhere:?}"
        );
    }
}

#[test]
fn a_ledger_is_created_with_its_first_event_and_replaces_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("l.db");
    let ledger = SqliteLedger::create(&path, &stamp()).unwrap();
    assert_eq!(ledger.head().unwrap().count, 1);
    assert!(ledger.verify(None).unwrap().passed());
    let head = ledger.head().unwrap();
    drop(ledger);
    assert!(SqliteLedger::is_there(&path).unwrap());
    let again = SqliteLedger::create(&path, &stamp());
    assert!(matches!(again, Err(LedgerError::Exists { .. })), "{again:?}");
    let kept = SqliteLedger::open(&path, Access::Read).unwrap();
    assert_eq!(kept.head().unwrap(), head);
    drop(kept);
    let nowhere = SqliteLedger::create(&directory.path().join("no/l.db"), &stamp());
    assert!(
        matches!(nowhere, Err(LedgerError::NoDirectory { .. })),
        "{nowhere:?}"
    );
    let mut left = fs::read_dir(directory.path()).unwrap();
    assert!(left.all(|found| !found.unwrap().file_name().to_string_lossy().contains(".tmp")));
}

#[test]
fn an_empty_file_a_dangling_link_and_a_ledger_without_events_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("empty"), "").unwrap();
    fs::set_permissions(at("empty"), fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink(at("gone"), at("link")).unwrap();
    let desk = Desk::new();
    desk.attack("DROP TRIGGER events_are_not_removed; DELETE FROM events");
    for path in [at("empty"), at("link"), desk.path()] {
        for access in [Access::Read, Access::Record] {
            let refused = SqliteLedger::open(&path, access);
            assert!(
                matches!(
                    refused,
                    Err(LedgerError::Empty { .. } | LedgerError::NotALedger { .. })
                ),
                "{refused:?}"
            );
        }
        assert!(SqliteLedger::is_there(&path).is_err());
        let made = SqliteLedger::create(&path, &stamp());
        assert!(matches!(made, Err(LedgerError::Exists { .. })), "{made:?}");
    }
    assert_eq!(fs::read(at("empty")).unwrap(), b"");
    assert!(!at("gone").exists());
}

#[test]
fn a_file_that_is_not_a_ledger_is_not_changed() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("text");
    fs::write(
        &text,
        "this is a text, and longer than the header of an SQLite database must be: it is one hundred bytes",
    )
    .unwrap();
    let other = directory.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE a (b)")
        .unwrap();
    for path in [&text, &other] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        let before = fs::read(path).unwrap();
        for access in [Access::Read, Access::Record] {
            let refused = SqliteLedger::open(path, access);
            assert!(
                matches!(refused, Err(LedgerError::NotALedger { .. })),
                "{refused:?}"
            );
        }
        assert_eq!(fs::read(path).unwrap(), before);
    }
    let refused = SqliteLedger::open(directory.path(), Access::Read);
    assert!(
        matches!(refused, Err(LedgerError::NotALedger { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_newer_ledger_is_not_changed() {
    let desk = Desk::new();
    desk.attack("PRAGMA user_version = 6");
    for access in [Access::Read, Access::Record] {
        let refused = open(&desk, access);
        assert!(
            matches!(
                refused,
                Err(LedgerError::Newer {
                    found: 6,
                    known: 5,
                    ..
                })
            ),
            "{refused:?}"
        );
    }
}

#[test]
fn a_ledger_that_others_could_change_is_not_written() {
    let desk = Desk::new();
    fs::set_permissions(desk.path(), fs::Permissions::from_mode(0o660)).unwrap();
    let refused = open(&desk, Access::Record);
    assert!(
        matches!(
            refused,
            Err(LedgerError::OpenToOthers {
                cause: TrustError::OpenToOthers { mode: 0o660, .. }
            })
        ),
        "{refused:?}"
    );
    fs::set_permissions(desk.path(), fs::Permissions::from_mode(0o640)).unwrap();
    open(&desk, Access::Record).unwrap();
    // SQLite would use a log that another user puts beside the file. A sticky directory does not prevent that.
    for wrong in [0o777, 0o1777, 0o770] {
        fs::set_permissions(desk.directory.path(), fs::Permissions::from_mode(wrong)).unwrap();
        let refused = open(&desk, Access::Record);
        assert!(
            matches!(refused, Err(LedgerError::OpenToOthers { cause: TrustError::OpenToOthers { mode, .. } }) if mode == wrong),
            "{refused:?}"
        );
    }
    fs::set_permissions(desk.directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    open(&desk, Access::Record).unwrap();
    // Through a directory above it, the whole directory can be swapped.
    let (above, below) = (
        desk.directory.path().join("above"),
        desk.directory.path().join("above/below"),
    );
    fs::create_dir_all(&below).unwrap();
    let stamp = stamp();
    SqliteLedger::create(&below.join("l.db"), &stamp).unwrap();
    fs::set_permissions(&above, fs::Permissions::from_mode(0o777)).unwrap();
    for name in ["l.db", "new.db"] {
        let refused = match name {
            "l.db" => SqliteLedger::open(&below.join(name), Access::Record),
            _ => SqliteLedger::create(&below.join(name), &stamp),
        };
        assert!(
            matches!(&refused, Err(LedgerError::OpenToOthers { cause }) if cause.path().ends_with("above")),
            "{refused:?}"
        );
    }
}

#[test]
fn while_another_connection_writes_reads_see_the_old_state_and_writes_wait() {
    let mut desk = Desk::new();
    desk.certificate(1);
    let other = rusqlite::Connection::open(desk.path()).unwrap();
    other
        .execute_batch("BEGIN IMMEDIATE; UPDATE entries SET kind = 'crl'")
        .unwrap();
    let mut waiting = open(&desk, Access::Record).unwrap();
    let refused = waiting.begin(&certificate(2), &stamp());
    assert!(matches!(refused, Err(LedgerError::Locked { .. })), "{refused:?}");
    desk.assert_sound();
    open(&desk, Access::Read).unwrap().verify(None).unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    waiting.begin(&certificate(2), &stamp()).unwrap();
    desk.assert_sound();
}

#[test]
fn names_with_a_meaning_in_sqlite_are_files() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["file:a?mode=memory", ":memory:", "50%25 é"] {
        let path = directory.path().join(name);
        let mut ledger = SqliteLedger::create(&path, &stamp()).unwrap();
        ledger.begin(&certificate(1), &stamp()).unwrap();
        assert!(path.exists(), "{name}");
    }
}

#[test]
fn damaged_pages_are_reported_and_nothing_panics() {
    let mut desk = Desk::new();
    for number in 0..150 {
        desk.certificate(number);
    }
    desk.attack("PRAGMA wal_checkpoint(TRUNCATE)");
    let bytes = fs::read(desk.path()).unwrap();
    let mut found = 0;
    // One byte of every 97, each in a separate file. The first page has the header.
    for at in (100..bytes.len()).step_by(997) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("l.db");
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        fs::write(&path, damaged).unwrap();
        let report = SqliteLedger::open(&path, Access::Read).and_then(|ledger| ledger.verify(None));
        if !report.is_ok_and(|report| report.passed()) {
            found += 1;
        }
    }
    // The byte may be in free space.
    assert!(found * 2 > bytes.len() / 997, "{found} of {}", bytes.len() / 997);
}
