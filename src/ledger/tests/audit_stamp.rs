//! A large ledger is audited once and stamped. After any change of its file or its stamp, it is audited again.

mod shared;

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::Duration;

use super::tampering::{busy_desk, other_value, restored};
use super::*;
use crate::ledger::sqlite::LARGE;
use crate::ledger::sqlite::read::NEWEST;

const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Opens a small ledger as if it were large.
fn open(path: &Path, access: Access) -> Result<SqliteLedger, LedgerError> {
    SqliteLedger::open_audited(path, access, LONGEST_WAIT, 1)
}

fn stamp_of(path: &Path) -> PathBuf {
    path.with_file_name("l.db-audit")
}

/// A change of a file, with its description.
type Change<'a> = (&'a str, &'a dyn Fn(&Path));

/// A closed ledger with a stamp.
struct Stamped {
    directory: TempDir,
}

impl Stamped {
    fn new() -> Self {
        Self::of(&busy_desk())
    }

    fn of(desk: &Desk) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let stamped = Self { directory };
        desk.attack(&format!("VACUUM INTO '{}'", stamped.path().display()));
        fs::set_permissions(stamped.path(), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(stamped.is_audited(), "it has no stamp yet");
        assert!(!stamped.is_audited(), "it has one now");
        stamped
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("l.db")
    }

    fn stamp(&self) -> PathBuf {
        stamp_of(&self.path())
    }

    /// Opens it for recording. Returns whether it was read completely.
    fn is_audited(&self) -> bool {
        open(&self.path(), Access::Record).unwrap().has_read_every_event()
    }

    fn attack(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        db.execute_batch(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn assert_sound(&self) {
        let ledger = SqliteLedger::open(&self.path(), Access::Read).unwrap();
        assert_eq!(ledger.verify(None).unwrap().faults, []);
    }
}

#[track_caller]
fn assert_refused(path: &Path, what: &str) {
    for access in [Access::Decide, Access::Record] {
        let refused = open(path, access);
        assert!(
            matches!(
                refused,
                Err(LedgerError::Damaged { .. } | LedgerError::Altered { .. } | LedgerError::Empty { .. })
            ),
            "{what}: {refused:?}"
        );
    }
}

#[test]
fn a_small_ledger_is_always_audited_and_never_stamped() {
    let desk = busy_desk();
    assert!(desk.ledger.head().unwrap().count < LARGE);
    for _ in 0..2 {
        let ledger = SqliteLedger::open(&desk.path(), Access::Record).unwrap();
        assert!(ledger.has_read_every_event());
    }
    assert!(!stamp_of(&desk.path()).exists());
}

#[test]
fn new_events_are_stamped_at_closing() {
    let stamped = Stamped::new();
    for number in 20..23 {
        let mut ledger = open(&stamped.path(), Access::Record).unwrap();
        assert!(!ledger.has_read_every_event(), "{number}");
        let entry = ledger.begin(&certificate(number), &stamp()).unwrap();
        ledger.complete(entry, &signed(number), &stamp()).unwrap();
        ledger.deliver(entry, &stamp()).unwrap();
        let again = ledger.begin(&certificate(number), &stamp());
        assert!(matches!(again, Err(LedgerError::SerialUsed { .. })), "{again:?}");
    }
    let ledger = open(&stamped.path(), Access::Decide).unwrap();
    assert!(!ledger.has_read_every_event());
    assert_eq!(revoked(&ledger, &ca(), None).len(), 2);
    drop(ledger);
    stamped.assert_sound();
    let mode = fs::metadata(stamped.stamp()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut left = fs::read_dir(stamped.directory.path()).unwrap();
    assert!(left.all(|found| found.unwrap().file_name().to_string_lossy().starts_with("l.db")));
}

/// More than SQLite keeps in its log before it copies the log into the file.
#[test]
fn a_batch_that_outgrows_the_log_is_stamped_as_well() {
    let stamped = Stamped::new();
    let mut ledger = open(&stamped.path(), Access::Record).unwrap();
    let before = fs::metadata(stamped.path()).unwrap().size();
    let large: Vec<_> = (0..40)
        .map(|number| {
            let mut intent = certificate(number + 100);
            intent.authority = authority("other key", "CN=Other");
            intent.waived = vec!["x".repeat(200_000)];
            intent
        })
        .collect();
    ledger.begin_many(&large, &stamp()).unwrap();
    ledger.begin(&certificate(99), &stamp()).unwrap();
    assert!(
        fs::metadata(stamped.path()).unwrap().size() > before,
        "the log was copied into the file"
    );
    drop(ledger);
    assert!(!stamped.is_audited());
    stamped.assert_sound();
}

#[test]
fn a_change_of_any_column_is_found_despite_the_stamp() {
    let sound = busy_desk();
    for table in sound.tables() {
        let (columns, key) = sound.columns(&table);
        for column in columns {
            let stamped = Stamped::of(&sound);
            let other = other_value(&sound, &table, &column);
            stamped.attack(&restored(&format!(
                "PRAGMA ignore_check_constraints = ON; UPDATE {table} SET {column} = {other}
                 WHERE ({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1)"
            )));
            assert_refused(&stamped.path(), &format!("{table}.{column}"));
        }
        let stamped = Stamped::of(&sound);
        let newest = format!("({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1)");
        stamped.attack(&restored(&format!("DELETE FROM {table} WHERE {newest}")));
        assert_refused(&stamped.path(), &format!("a row of {table} was removed"));
    }
}

/// Changes the bytes of the file directly.
#[test]
fn a_changed_byte_in_the_file_is_found_despite_the_stamp() {
    let stamped = Stamped::new();
    let mut bytes = fs::read(stamped.path()).unwrap();
    let reason = b"\"reason\":1";
    let at = bytes
        .windows(reason.len())
        .position(|found| found == reason)
        .unwrap();
    bytes[at + reason.len() - 1] = b'4';
    fs::write(stamped.path(), bytes).unwrap();
    assert_refused(&stamped.path(), "one byte");
}

#[test]
fn another_file_or_another_change_time_is_audited_again() {
    let changes: [Change<'_>; 6] = [
        ("touch", &|path| {
            File::options()
                .append(true)
                .open(path)
                .unwrap()
                .set_modified(std::time::UNIX_EPOCH)
                .unwrap();
        }),
        ("chmod", &|path| {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap()
        }),
        ("a copy, as cp -a makes it", &|path| {
            let copied = std::process::Command::new("cp")
                .arg("-a")
                .arg(path)
                .arg(path.with_extension("new"))
                .status();
            assert!(copied.unwrap().success());
            fs::rename(path.with_extension("new"), path).unwrap();
        }),
        ("a copy into the same file", &|path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, bytes).unwrap();
        }),
        ("another name and back", &|path| {
            fs::rename(path, path.with_extension("away")).unwrap();
            fs::rename(path.with_extension("away"), path).unwrap();
        }),
        ("VACUUM", &|path| {
            rusqlite::Connection::open(path)
                .unwrap()
                .execute_batch("VACUUM")
                .unwrap()
        }),
    ];
    for (what, change) in changes {
        let stamped = Stamped::new();
        change(&stamped.path());
        assert!(stamped.is_audited(), "{what}");
        assert!(!stamped.is_audited(), "{what}: it has a new stamp");
    }
}

#[test]
fn a_second_name_of_the_file_is_never_stamped() {
    let stamped = Stamped::new();
    let other = stamped.path().with_extension("other");
    fs::hard_link(stamped.path(), &other).unwrap();
    for _ in 0..2 {
        assert!(stamped.is_audited());
    }
    fs::remove_file(other).unwrap();
    assert!(stamped.is_audited());
    assert!(!stamped.is_audited());
}

#[test]
fn an_older_copy_with_its_own_stamp_is_audited_again() {
    let stamped = Stamped::new();
    let backup = tempfile::tempdir().unwrap();
    for name in ["l.db", "l.db-audit"] {
        fs::copy(stamped.directory.path().join(name), backup.path().join(name)).unwrap();
    }
    let mut ledger = open(&stamped.path(), Access::Record).unwrap();
    ledger.begin(&certificate(20), &stamp()).unwrap();
    drop(ledger);
    for name in ["l.db", "l.db-audit"] {
        fs::copy(backup.path().join(name), stamped.directory.path().join(name)).unwrap();
    }
    assert!(stamped.is_audited());
}

#[test]
fn an_altered_stamp_does_not_count() {
    let changes: [Change<'_>; 11] = [
        ("it is gone", &|path| fs::remove_file(path).unwrap()),
        ("empty", &|path| fs::write(path, "").unwrap()),
        ("cut", &|path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, &text[..text.len() - 1]).unwrap();
        }),
        ("a word more", &|path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, format!("{} 1\n", text.trim_end())).unwrap();
        }),
        ("of another audit", &|path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.replace("hsm-ca-audit-3", "hsm-ca-audit-2")).unwrap();
        }),
        ("of another program version", &|path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.replace(env!("CARGO_PKG_VERSION"), "0.0.9")).unwrap();
        }),
        ("not text", &|path| fs::write(path, [0xff; 100]).unwrap()),
        ("huge", &|path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, format!("{text}{}", " ".repeat(1 << 20))).unwrap();
        }),
        ("others can write it", &|path| {
            fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap()
        }),
        ("a link", &|path| {
            fs::rename(path, path.with_extension("real")).unwrap();
            symlink(path.with_extension("real"), path).unwrap();
        }),
        ("a directory", &|path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (what, change) in changes {
        let stamped = Stamped::new();
        change(&stamped.stamp());
        assert!(stamped.is_audited(), "{what}");
        let stays =
            fs::symlink_metadata(stamped.stamp()).is_ok_and(|found| !found.is_file() || found.len() > 1024);
        assert_eq!(
            stamped.is_audited(),
            stays,
            "{what}: a file that is not ours is not touched"
        );
    }
}

#[test]
fn each_number_of_a_stamp_counts() {
    let stamped = Stamped::new();
    let text = fs::read_to_string(stamped.stamp()).unwrap();
    let words: Vec<_> = text.trim_end().split(' ').collect();
    for place in 2..words.len() {
        let mut other: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let last = other[place].pop().unwrap();
        other[place].push(if last == '1' { '2' } else { '1' });
        fs::write(stamped.stamp(), format!("{}\n", other.join(" "))).unwrap();
        assert!(stamped.is_audited(), "word {place}");
        assert!(!stamped.is_audited(), "word {place}: the stamp was written again");
    }
    fs::write(stamped.stamp(), text).unwrap();
    assert!(!stamped.is_audited());
}

#[test]
fn a_fifo_instead_of_the_stamp_blocks_nothing() {
    let stamped = Stamped::new();
    fs::remove_file(stamped.stamp()).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        stamped.stamp(),
        rustix::fs::FileType::Fifo,
        mode,
        0,
    )
    .unwrap();
    for _ in 0..2 {
        assert!(stamped.is_audited());
    }
}

/// The state after a kill: committed to the log, not yet in the file.
#[test]
fn a_leftover_log_is_audited() {
    let stamped = Stamped::new();
    let killed = Stamped::of(&busy_desk());
    let mut ledger = open(&killed.path(), Access::Record).unwrap();
    ledger.begin(&certificate(20), &stamp()).unwrap();
    for name in ["l.db", "l.db-wal", "l.db-audit"] {
        let (from, to) = (
            killed.directory.path().join(name),
            stamped.directory.path().join(name),
        );
        fs::copy(from, to).unwrap();
    }
    drop(ledger);
    assert!(stamped.is_audited());
    assert!(!stamped.is_audited());
    stamped.assert_sound();
    // A log without frames. SQLite would treat it as empty.
    fs::write(stamped.directory.path().join("l.db-wal"), "x").unwrap();
    assert!(stamped.is_audited());
    assert!(!stamped.is_audited());
}

/// The clock is compared with it, so a stamped ledger must not be read for it.
#[test]
fn the_newest_time_is_found_without_reading_every_event() {
    let stamped = Stamped::new();
    let at = |seconds| Stamp {
        time: UnixTime(seconds),
        by: r#"a,"time":9"#.to_owned(),
        ..stamp()
    };
    let mut ledger = open(&stamped.path(), Access::Record).unwrap();
    for (number, time) in [(40, 1_900_000_000), (41, 1_700_000_000), (42, 1_800_000_000)] {
        ledger.begin(&certificate(number), &at(time)).unwrap();
    }
    drop(ledger);
    let ledger = open(&stamped.path(), Access::Record).unwrap();
    assert_eq!(ledger.newest_time().unwrap(), Some(UnixTime(1_900_000_000)));
    assert!(!ledger.has_read_every_event());
    let db = rusqlite::Connection::open(stamped.path()).unwrap();
    let explain = format!("EXPLAIN QUERY PLAN {NEWEST}");
    let plan: String = db.query_row(&explain, [], |row| row.get(3)).unwrap();
    assert!(plan.contains("events_by_time"), "{plan}");
}
