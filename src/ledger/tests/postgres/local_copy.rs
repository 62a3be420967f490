//! The copy of a large ledger is used only if this program wrote it last, and only if it belongs to the server's chain.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};

use super::*;

/// A small ledger whose copies are kept.
struct Kept {
    shared: Shared,
    place: PostgresPlace,
    directory: TempDir,
}

impl Kept {
    /// With five certificates begun, the first one revoked, and a copy.
    fn new() -> Self {
        let (shared, mut ledger) = Shared::new();
        for number in 0..5 {
            ledger.begin(&certificate(number), &stamp()).unwrap();
        }
        ledger
            .revoke(&ca(), &revocation(1, RevocationReason::KeyCompromise), &stamp())
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let place = shared
            .place
            .clone()
            .with_copies_of(directory.path().to_owned(), 1);
        let kept = Self {
            shared,
            place,
            directory,
        };
        assert!(!kept.uses_copy(), "no copy was made yet");
        assert!(kept.uses_copy());
        kept
    }

    fn open(&self) -> PostgresLedger {
        PostgresLedger::open(&self.place, Access::Record).unwrap()
    }

    fn uses_copy(&self) -> bool {
        self.open().has_begun_with_copy()
    }

    fn file(&self, suffix: &str) -> PathBuf {
        let mut names = fs::read_dir(self.directory.path())
            .unwrap()
            .map(|found| found.unwrap().path());
        names
            .find(|path| path.to_string_lossy().ends_with(suffix))
            .unwrap()
    }

    fn attack_copy(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.file(".db")).unwrap();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        db.execute_batch(sql).unwrap();
    }

    /// Everything is read again, the answers are right, and the next opening has a new copy.
    #[track_caller]
    fn assert_reads_everything(&self, what: &str) {
        let ledger = self.open();
        assert!(!ledger.has_begun_with_copy(), "{what}");
        assert_eq!(revoked(&ledger, &ca(), None).len(), 1, "{what}");
        drop(ledger);
        assert!(self.uses_copy(), "{what}");
    }
}

#[test]
fn only_events_after_the_copy_are_read() {
    let kept = Kept::new();
    for number in 10..13 {
        // This one uses no copy.
        kept.shared.open().begin(&certificate(number), &stamp()).unwrap();
        let mut ledger = kept.open();
        assert!(ledger.has_begun_with_copy());
        let again = ledger.begin(&certificate(number), &stamp());
        assert!(matches!(again, Err(LedgerError::SerialUsed { .. })), "{again:?}");
        let entry = ledger.begin(&certificate(number + 10), &stamp()).unwrap();
        ledger.complete(entry, &signed(number + 10), &stamp()).unwrap();
        assert_eq!(ledger.head().unwrap(), kept.shared.open().head().unwrap());
    }
    let ledger = PostgresLedger::open(&kept.place, Access::Read).unwrap();
    assert!(ledger.has_begun_with_copy());
    assert_eq!(revoked(&ledger, &ca(), None).len(), 1);
    assert_eq!(ledger.verify(None).unwrap().faults, []);
    drop(ledger);
    let files: Vec<_> = fs::read_dir(kept.directory.path())
        .unwrap()
        .map(|found| found.unwrap().metadata().unwrap().permissions().mode() & 0o777)
        .collect();
    assert_eq!(files, [0o600; 3], "the copy, its stamp and the lock");
}

#[test]
fn no_copy_is_kept_of_a_small_ledger_or_where_others_can_write() {
    let (shared, _) = Shared::new();
    let directory = tempfile::tempdir().unwrap();
    let place = shared.place.clone().with_copies_in(directory.path().to_owned());
    for _ in 0..2 {
        let ledger = PostgresLedger::open(&place, Access::Record).unwrap();
        assert!(!ledger.has_begun_with_copy());
    }
    let kept = fs::read_dir(directory.path()).unwrap();
    assert!(kept.count() <= 1, "nothing but the lock");
    let kept = Kept::new();
    fs::set_permissions(kept.directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    for _ in 0..2 {
        assert!(!kept.uses_copy());
    }
    fs::set_permissions(kept.directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(kept.uses_copy());
    fs::set_permissions(kept.file(".db"), fs::Permissions::from_mode(0o666)).unwrap();
    kept.assert_reads_everything("others can write to the file");
}

#[test]
fn a_changed_copy_is_not_used() {
    type Change<'a> = (&'a str, &'a dyn Fn(&Kept));
    let changes: [Change<'_>; 7] = [
        ("a row", &|kept| kept.attack_copy("DELETE FROM revocations")),
        ("another file of the same bytes", &|kept| {
            let (file, other) = (kept.file(".db"), kept.file(".db").with_extension("other"));
            fs::copy(&file, &other).unwrap();
            fs::rename(other, file).unwrap();
        }),
        ("the stamp is gone", &|kept| {
            fs::remove_file(kept.file(".db-audit")).unwrap()
        }),
        ("the stamp is of another head", &|kept| {
            let text = fs::read_to_string(kept.file(".db-audit")).unwrap();
            let other = text.replace(":", ":0");
            fs::write(kept.file(".db-audit"), other).unwrap();
        }),
        ("the copy is gone", &|kept| {
            fs::remove_file(kept.file(".db")).unwrap()
        }),
        ("a journal lies beside it", &|kept| {
            fs::write(kept.file(".db").with_extension("db-journal"), "x").unwrap();
        }),
        ("an older copy and its stamp came back", &|kept| {
            let backup = tempfile::tempdir().unwrap();
            let names = [kept.file(".db"), kept.file(".db-audit")];
            let saved = |path: &Path| backup.path().join(path.file_name().unwrap());
            for name in &names {
                fs::copy(name, saved(name)).unwrap();
            }
            kept.open().begin(&certificate(30), &stamp()).unwrap();
            for name in &names {
                fs::copy(saved(name), name).unwrap();
            }
        }),
    ];
    for (what, change) in changes {
        let kept = Kept::new();
        change(&kept);
        kept.assert_reads_everything(what);
    }
}

/// Simulates a lost page: the stamp is valid, but SQLite cannot read the table.
fn lose(kept: &Kept, table: &str) {
    let (file, stamp) = (kept.file(".db"), kept.file(".db-audit"));
    let words = fs::read_to_string(&stamp).unwrap();
    let words: Vec<_> = words.split(' ').collect();
    let root: u64 = rusqlite::Connection::open(&file)
        .unwrap()
        .query_row(
            "SELECT rootpage FROM sqlite_master WHERE name = ?1",
            [table],
            |row| row.get::<_, i64>(0),
        )
        .unwrap()
        .try_into()
        .unwrap();
    let damaged = File::options().write(true).open(&file).unwrap();
    damaged.write_all_at(&[0; 4096], (root - 1) * 4096).unwrap();
    let found = damaged.metadata().unwrap();
    let (seconds, nanoseconds) = (found.ctime().to_string(), found.ctime_nsec().to_string());
    let changed = [seconds.as_str(), nanoseconds.as_str()];
    let fitting = [&words[..5], &changed, &words[7..]].concat();
    fs::write(&stamp, fitting.join(" ")).unwrap();
}

#[test]
fn a_copy_that_cannot_be_read_is_replaced() {
    let kept = Kept::new();
    lose(&kept, "events");
    kept.assert_reads_everything("events");
    // A fault that is found later fails only one command.
    lose(&kept, "revocations");
    let ledger = kept.open();
    assert!(ledger.has_begun_with_copy());
    let failed = ledger.revocations(&ca(), None, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(failed, Err(LedgerError::Failed { .. })), "{failed:?}");
    drop(ledger);
    kept.assert_reads_everything("revocations");
}

#[test]
fn a_server_with_other_events_is_read_without_the_copy() {
    let last = "DELETE FROM hsm_ca.events WHERE sequence = (SELECT max(sequence) FROM hsm_ca.events)";
    for replace in [false, true] {
        let kept = Kept::new();
        kept.open().begin(&certificate(20), &stamp()).unwrap();
        let head = kept.open().head().unwrap();
        kept.shared.attack(last);
        if replace {
            kept.shared.open().begin(&certificate(21), &stamp()).unwrap();
        }
        let mut ledger = kept.open();
        assert!(!ledger.has_begun_with_copy());
        let report = ledger.verify(Some(&head)).unwrap();
        assert!(
            matches!(report.kept, Some(KeptHead::Missing | KeptHead::Another)),
            "{report:?}"
        );
        ledger.begin(&certificate(20), &stamp()).unwrap();
        drop(ledger);
        assert!(kept.uses_copy());
    }
}

/// If the server changes an event that was verified before, decisions still use the verified one. A process without a copy refuses the
/// change, and so does `verify`.
#[test]
fn a_changed_old_event_on_the_server_changes_no_answer() {
    let kept = Kept::new();
    kept.shared.attack(
        "UPDATE hsm_ca.events SET body = replace(body, '\"revoked\"', '\"released\"') WHERE body LIKE '%\"revoked\":{%'",
    );
    let mut ledger = kept.open();
    assert!(ledger.has_begun_with_copy());
    assert_eq!(revoked(&ledger, &ca(), None).len(), 1);
    let again = ledger.revoke(&ca(), &revocation(1, RevocationReason::KeyCompromise), &stamp());
    assert!(
        matches!(again, Err(LedgerError::AlreadyRevoked { .. })),
        "{again:?}"
    );
    assert_ne!(ledger.verify(None).unwrap().faults, []);
    let fresh = PostgresLedger::open(&kept.shared.place, Access::Record);
    assert!(matches!(fresh, Err(LedgerError::Damaged { .. })), "{fresh:?}");
}

#[test]
fn two_processes_at_once_both_record_and_the_copy_stays_sound() {
    let kept = Kept::new();
    let mut first = kept.open();
    let mut second = kept.open();
    assert!(first.has_begun_with_copy() && !second.has_begun_with_copy());
    for number in 0..4 {
        first.begin(&numbered(number), &stamp()).unwrap();
        second.begin(&numbered(number + 100), &stamp()).unwrap();
        let taken = first.begin(&numbered(number + 100), &stamp());
        assert!(matches!(taken, Err(LedgerError::SerialUsed { .. })), "{taken:?}");
    }
    // The copy lacks what the other process records after this.
    drop(first);
    second.begin(&numbered(200), &stamp()).unwrap();
    drop(second);
    let mut third = kept.open();
    assert!(third.has_begun_with_copy());
    let taken = third.begin(&numbered(200), &stamp());
    assert!(matches!(taken, Err(LedgerError::SerialUsed { .. })), "{taken:?}");
    assert_eq!(third.head().unwrap(), kept.shared.open().head().unwrap());
    assert_eq!(third.verify(None).unwrap().faults, []);
}
