//! Creates or opens the file, and refuses a file that is not a ledger.

pub(super) mod path;

use std::cell::RefCell;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use path::{check_place, denied, refuse_existing, refuse_missing, refuse_other_kinds};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::access;

use super::super::rules::Recording;
use super::super::waiting::{Wait, WaitLimits};
use super::super::{Access, Evidence, Head, Ledger, LedgerError, LedgerPlace, Stamp};
use super::audit::Audit;
use super::audit_stamp::{LARGE, Watch};
use super::place::{self, Place};
use super::presence::Presence;
use super::schema::{self, APPLICATION_ID, Header};
use super::store::Turn;
use super::verify;
use super::{Failure, SqliteLedger};
use crate::output::make_temporary;

/// How long to wait while other processes write. Each needs milliseconds.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl SqliteLedger {
    /// Creates a new ledger in a file (0600), atomically, and opens it for recording.
    ///
    /// # Errors
    /// [`LedgerError::Exists`] if anything is at that path, including an empty file or a dangling symbolic link.
    pub fn create(path: &Path, stamp: &Stamp) -> Result<Self, LedgerError> {
        let path = std::path::absolute(path).map_err(|cause| denied(path, &cause))?;
        refuse_existing(&path)?;
        check_place(&path)?;
        let first = |db: &mut Connection| {
            let mut recording =
                Recording::start(Turn::wait(db, &Wait::of(LONGEST_WAIT), LONGEST_WAIT)?, stamp)?;
            recording.create()?;
            let (turn, _) = recording.finish();
            turn.commit()
        };
        make(&path, first).map_err(|failure| failure.of(&path, LONGEST_WAIT))?;
        Self::open(&path, Access::Record)
    }

    /// Creates a file with the events of another ledger, atomically. It is verified before it gets its name.
    ///
    /// # Errors
    /// [`LedgerError::Exists`]; [`LedgerError::Damaged`] if the events do not make a sound ledger.
    pub(in crate::ledger) fn copy(path: &Path, source: &dyn Ledger, head: Head) -> Result<(), LedgerError> {
        let path = std::path::absolute(path).map_err(|cause| denied(path, &cause))?;
        refuse_existing(&path)?;
        check_place(&path)?;
        let fill = |db: &mut Connection| {
            let mut turn = Turn::wait(db, &Wait::of(LONGEST_WAIT), LONGEST_WAIT)?;
            let mut failure = None;
            source.events(&mut |head, body| match turn.append_stored(*head, body) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            })?;
            if let Some(failure) = failure {
                return Err(failure);
            }
            turn.commit()?;
            let evidence = Evidence {
                head: Some(head),
                checkpoint: None,
            };
            verify::verify(db, &evidence, &mut |_| ())?
                .require(head)
                .map_err(Failure::contradiction)
        };
        make(&path, fill).map_err(|failure| failure.of(&path, LONGEST_WAIT))
    }

    /// Opens the ledger in a file. Never creates one.
    ///
    /// # Errors
    /// [`LedgerError`]: the path, the permissions, or the contents of the file.
    pub fn open(path: &Path, access: Access) -> Result<Self, LedgerError> {
        Self::open_waiting(path, access, LONGEST_WAIT)
    }

    /// Whether a ledger is there. Refuses a file that cannot be written, and a place where none can be created, before the PIN prompt.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn is_there(path: &Path) -> Result<bool, LedgerError> {
        let path = std::path::absolute(path).map_err(|cause| denied(path, &cause))?;
        check_place(&path)?;
        match Self::open(&path, Access::Decide) {
            // An older one is upgraded when it is opened for recording.
            Ok(_) | Err(LedgerError::Older { .. }) => Ok(true),
            Err(LedgerError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// [`open`](Self::open) with another limit for waiting while other processes write.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn open_waiting(path: &Path, access: Access, longest_wait: Duration) -> Result<Self, LedgerError> {
        Self::open_audited(path, access, longest_wait, LARGE)
    }

    /// The same. A ledger of `large` events or more is not audited at every opening.
    pub(in crate::ledger) fn open_audited(
        path: &Path,
        access: Access,
        longest_wait: Duration,
        large: u64,
    ) -> Result<Self, LedgerError> {
        // SQLite gives some names a meaning: ":memory:", "", "file:…".
        let path = std::path::absolute(path).map_err(|cause| denied(path, &cause))?;
        let found = place::file_of(&path);
        let watch = Watch::of(&path);
        let opened = match access {
            Access::Read | Access::Decide => open_to_read(&path, longest_wait),
            Access::Record => open_to_record(&path, longest_wait),
        };
        let db = opened.map_err(|failure| failure.of(&path, longest_wait))?;
        let presence = match access {
            Access::Record => Some(Presence::enter(&path, longest_wait)?),
            Access::Read | Access::Decide => None,
        };
        let audit = (access != Access::Read).then(|| RefCell::new(Audit::default()));
        let mut ledger = Self {
            db,
            path,
            wait_limits: WaitLimits::new(longest_wait),
            audit,
            place: None,
            watch: RefCell::new(watch),
            large,
            known: None,
            presence,
        };
        ledger.audit_opened()?;
        // SQLite has its log now.
        if access == Access::Record {
            ledger.place = Some(Place::of(&ledger.path, found)?);
            ledger.hand_over_opened();
        }
        Ok(ledger)
    }
}

fn open_to_read(path: &Path, longest_wait: Duration) -> Result<Connection, Failure> {
    refuse_missing(path)?;
    refuse_other_kinds(path, &fs::metadata(path).map_err(|cause| denied(path, &cause))?)?;
    let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let attempt =
        connect(path, read_only, longest_wait).and_then(|db| recognise(&db, path).map(|header| (db, header)));
    let (db, header) = match attempt {
        // A read-only medium, or another user's directory. Without a log beside it, the file is complete.
        Err(failure) if failure.is_no_place_for_shared_memory() && !place::has_log(path) => {
            access(path, rustix::fs::Access::READ_OK).map_err(|cause| denied(path, &cause.into()))?;
            let db = connect(
                &immutable(path),
                read_only | OpenFlags::SQLITE_OPEN_URI,
                longest_wait,
            )?;
            let header = recognise(&db, path)?;
            (db, header)
        }
        other => other?,
    };
    refuse_empty(&db, &header, path)?;
    if header.version < schema::newest() {
        return Err(LedgerError::Older {
            place: LedgerPlace::file(path),
            found: header.version,
        }
        .into());
    }
    Ok(db)
}

/// A ledger is created with its first event. A file without events was emptied, or was never a ledger.
fn refuse_empty(db: &Connection, header: &Header, path: &Path) -> Result<(), LedgerError> {
    // A file without that table is damaged; that is reported elsewhere.
    let has_no_event = || db.query_row("SELECT NOT EXISTS (SELECT 1 FROM events)", [], |row| row.get(0));
    if header.is_new() || has_no_event().unwrap_or(false) {
        return Err(LedgerError::Empty {
            place: LedgerPlace::file(path),
        });
    }
    Ok(())
}

fn open_to_record(path: &Path, longest_wait: Duration) -> Result<Connection, Failure> {
    check_place(path)?;
    refuse_missing(path)?;
    let read_write = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = connect(path, read_write, longest_wait)?;
    let header = recognise(&db, path)?;
    refuse_empty(&db, &header, path)?;
    // SQLite opens the file read-only if it may not write.
    if db.is_readonly("main")? {
        let found = "it cannot be written: it is read-only for this user".to_owned();
        return Err(LedgerError::Denied {
            place: LedgerPlace::file(path),
            found,
        }
        .into());
    }
    use_write_ahead_log(&db, longest_wait)?;
    if header.version < schema::newest() {
        schema::migrate(&mut db)?;
    }
    Ok(db)
}

/// Foreign tables or triggers could falsify what is read or written.
pub(super) fn refuse_altered(db: &Connection, path: &Path) -> Result<(), Failure> {
    match schema::differences(db)?.into_iter().next() {
        None => Ok(()),
        Some((name, _)) => Err(LedgerError::Altered {
            place: LedgerPlace::file(path),
            name,
        }
        .into()),
    }
}

/// Creates the file with its final permissions. It gets its name last, with its events in it, and replaces nothing. It is not opened under
/// that name: closing it would drop the locks that SQLite has on it in another thread (POSIX).
fn make(path: &Path, fill: impl FnOnce(&mut Connection) -> Result<(), Failure>) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let failed = |cause: io::Error| match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LedgerError::Full {
            place: LedgerPlace::file(path),
        },
        io::ErrorKind::AlreadyExists => LedgerError::Exists {
            place: LedgerPlace::file(path),
        },
        _ => denied(path, &cause),
    };
    let temporary = make_temporary(directory, 0o600).map_err(failed)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = connect(temporary.path(), flags, LONGEST_WAIT)?;
    // No other process has the file yet, and an unfinished one is deleted, so no journal is needed.
    db.pragma_update(None, "journal_mode", "MEMORY")?;
    schema::migrate(&mut db)?;
    fill(&mut db)?;
    db.close().map_err(|(_, error)| error)?;
    temporary
        .persist_noclobber(path)
        .map_err(|error| failed(error.error))?;
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(failed)?;
    Ok(())
}

fn connect(path: &Path, flags: OpenFlags, longest_wait: Duration) -> Result<Connection, Failure> {
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(longest_wait)?;
    for (pragma, value) in [
        // Every commit is on the disk when it returns.
        ("synchronous", "FULL"),
        ("foreign_keys", "ON"),
        // The contents of the file are not trusted.
        ("trusted_schema", "OFF"),
        ("cell_size_check", "ON"),
        // With this, REPLACE fires the triggers too.
        ("recursive_triggers", "ON"),
    ] {
        db.pragma_update(None, pragma, value)?;
    }
    Ok(db)
}

/// A file that is not a ledger, or that a newer program created, is not changed.
fn recognise(db: &Connection, path: &Path) -> Result<Header, Failure> {
    let header = Header::read(db)?;
    if header.application != APPLICATION_ID && !header.is_new() {
        return Err(LedgerError::NotALedger {
            place: LedgerPlace::file(path),
            found: "the database of another program",
        }
        .into());
    }
    let known = schema::newest();
    if header.version > known {
        return Err(LedgerError::Newer {
            place: LedgerPlace::file(path),
            found: header.version,
            known,
        }
        .into());
    }
    Ok(header)
}

/// In this mode, readers and a writer do not wait for each other. SQLite does not wait if two processes set it at once, so this function
/// does.
fn use_write_ahead_log(db: &Connection, longest_wait: Duration) -> Result<(), Failure> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        let changed = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match changed.map_err(Failure::from) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(Failure::contradiction(format!(
                    "it cannot keep a write-ahead log, only {mode}"
                )));
            }
            Err(failure) if failure.is_busy() && waited < longest_wait => {
                thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// <https://www.sqlite.org/uri.html#uriimmutable>: no locks, no shared memory.
fn immutable(path: &Path) -> PathBuf {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    PathBuf::from(uri)
}
