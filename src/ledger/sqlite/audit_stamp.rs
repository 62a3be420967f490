//! The audit stamp of a large ledger: the file's metadata at the time when this program had audited and closed it. If the metadata is
//! unchanged at the next opening, the program does not read every event again. A stamp proves one thing: the file was not written to since.
//! A change through the file system gives the file another inode or another change time (`st_ctim`), which no user can set. A stamp does
//! not prove that the medium still has what was written; `verify` does. It does not detect a disk that was restored as a whole; a head that
//! is kept elsewhere does. The file is examined under SQLite's locks, and only with `stat`: closing another descriptor of the file would
//! drop the locks (POSIX). SQLite's change counter would not help, because a commit to a write-ahead log does not always raise it.

mod file_state;

use std::fmt;
use std::fs::{self, Metadata};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use self::file_state::{FileState, changed, wait_until_past};
use super::audit::Audit;
use super::failure::Failure;
use super::read;
use crate::file_trust::{self, Owners};
use crate::ledger::{Digest, Head};
use crate::output::make_temporary;

/// A ledger with fewer events is audited at every opening, which takes about as long as writing a stamp (docs/benchmark.md).
pub(in crate::ledger) const LARGE: u64 = 1024;

/// The first word. A changed audit gets a new number.
const FORM: &str = "hsm-ca-audit-1";
/// An audit by another version of the program may have been less strict.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// More bytes than any stamp has.
const LONGEST: u64 = 1024;

/// A sound ledger, and its file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AuditStamp {
    file: FileState,
    /// The hash of the first event.
    ledger: Digest,
    head: Head,
}

impl fmt::Display for AuditStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM} {VERSION} {} {} {}", self.file, self.ledger, self.head)
    }
}

impl AuditStamp {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.split(' ');
        let is_ours = words.next()? == FORM && words.next()? == VERSION;
        let stamp = is_ours.then_some(Self {
            file: FileState::parse(&mut words)?,
            ledger: words.next()?.parse().ok()?,
            head: words.next()?.parse().ok()?,
        })?;
        words.next().is_none().then_some(stamp)
    }
}

/// Watches a ledger's file from its audit to its stamp.
#[derive(Debug)]
pub(in crate::ledger) struct Watch {
    /// The path without symbolic links: SQLite's own files are beside the real file.
    path: PathBuf,
    /// The state before it was opened.
    found: Option<FileState>,
    /// The state that was audited or that only this connection has changed since; `None` if anything else may have changed it.
    file: Option<FileState>,
    /// The current state of the file has a stamp.
    is_stamped: bool,
}

impl Watch {
    /// Before the file is opened.
    pub(in crate::ledger) fn of(path: &Path) -> Self {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Self {
            found: FileState::of(&path),
            file: None,
            is_stamped: false,
            path,
        }
    }

    /// Audits the ledger that `db` sees in its transaction, unless it has a stamp.
    pub(super) fn audit(&mut self, db: &Connection, audit: &mut Audit, large: u64) -> Result<(), Failure> {
        if self.find_stamp(db, large)? {
            return audit.trust(db);
        }
        let file = FileState::of(&self.path);
        audit.follow(db)?;
        self.file = file.filter(|file| FileState::of(&self.path).as_ref() == Some(file));
        Ok(())
    }

    /// Whether the file has a valid stamp, as `db` sees it in its transaction or while no other process can open it.
    pub(in crate::ledger) fn find_stamp(&mut self, db: &Connection, large: u64) -> Result<bool, Failure> {
        let file = FileState::of(&self.path);
        self.is_stamped =
            file.is_some() && file == self.found && self.is_stamp_of(db, file.as_ref(), large)?;
        self.file = file.filter(|_| self.is_stamped);
        Ok(self.is_stamped)
    }

    /// The transaction of `db` has begun, so if the log is empty and the file has not changed since its stamp, the file has everything that
    /// `db` sees: no process can empty a log that a transaction reads from, and a checkpoint changes the file.
    fn is_stamp_of(&self, db: &Connection, file: Option<&FileState>, large: u64) -> Result<bool, Failure> {
        let head = read::head(db)?;
        if head.count < large {
            return Ok(false);
        }
        let Some(stamp) = self.read() else {
            return Ok(false);
        };
        let is_of_this = read::hash_of(db, 1)? == Some(stamp.ledger) && stamp.head == head;
        Ok(is_of_this && Some(&stamp.file) == file && self.is_whole())
    }

    /// Whether the file is as this connection left it. Checked just before a commit, which may copy the log into the file.
    pub(in crate::ledger) fn is_as_left(&self) -> bool {
        self.file.is_some() && self.file == FileState::of(&self.path)
    }

    /// After a commit of this connection.
    pub(in crate::ledger) fn committed(&mut self, was_as_left: bool) {
        self.is_stamped = false;
        self.file = FileState::of(&self.path).filter(|_| was_as_left);
    }

    /// Writes a stamp if only this connection has changed the file since its audit. On any failure no stamp is written, and the next
    /// opening audits.
    pub(super) fn leave(&self, db: &Connection, audit: &Audit, large: u64) -> Option<()> {
        let head = read::head(db).ok()?;
        if self.is_stamped || head.count < large || !audit.holds(db).ok()? || !self.is_as_left() {
            return None;
        }
        // Do not wait for other processes: the last one to close the ledger can write the stamp.
        db.busy_timeout(Duration::ZERO).ok()?;
        // The whole log is copied into the file and both are synced, so that a stamp is only written for durable data.
        let busy: i64 = db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .ok()?;
        (busy == 0).then_some(())?;
        db.execute_batch("BEGIN IMMEDIATE").ok()?;
        let left = self.leave_in_turn(db, audit, head);
        db.execute_batch("ROLLBACK").ok()?;
        left
    }

    /// No other process can write now, and none has written since the audit.
    fn leave_in_turn(&self, db: &Connection, audit: &Audit, head: Head) -> Option<()> {
        let is_ours = audit.holds(db).ok()? && read::head(db).ok()? == head;
        let file = FileState::of(&self.path).filter(|_| is_ours)?;
        self.stamp(db, file, head)
    }

    fn stamp(&self, db: &Connection, file: FileState, head: Head) -> Option<()> {
        self.is_whole().then_some(())?;
        let ledger = read::hash_of(db, 1).ok()??;
        self.write(&AuditStamp { file, ledger, head })
    }

    /// The file has the whole ledger: neither the log nor a journal has data.
    pub(in crate::ledger) fn is_whole(&self) -> bool {
        let is_empty = |suffix| match fs::symlink_metadata(self.beside(suffix)) {
            Ok(found) => found.is_file() && found.len() == 0,
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        is_empty("-wal") && is_empty("-journal")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        beside(&self.path, suffix)
    }

    fn read(&self) -> Option<AuditStamp> {
        let path = self.beside(STAMP);
        is_file(&fs::symlink_metadata(&path).ok()?).then_some(())?;
        let file = file_trust::open(&path, Owners::Own).ok()?;
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        AuditStamp::parse(&text)
    }

    /// Writes the stamp atomically. Not synced: a stamp that a power failure emptied is ignored.
    fn write(&self, stamp: &AuditStamp) -> Option<()> {
        let path = self.beside(STAMP);
        // A file that is not ours is not touched.
        if let Ok(found) = fs::symlink_metadata(&path) {
            is_file(&found).then_some(())?;
        }
        let mut temporary = make_temporary(path.parent()?, 0o600).ok()?;
        writeln!(temporary, "{stamp}").ok()?;
        wait_until_past(&stamp.file, || {
            temporary.as_file().set_modified(SystemTime::now()).ok()?;
            Some(changed(&temporary.as_file().metadata().ok()?))
        })?;
        (FileState::of(&self.path)? == stamp.file).then_some(())?;
        temporary.persist(&path).ok().map(drop)
    }
}

/// For a file that no other process can open while it is watched, because of a lock of this process.
#[cfg(feature = "postgres")]
impl Watch {
    /// Watches a file that this process has just created.
    pub(in crate::ledger) fn made(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            found: None,
            file: FileState::of(path),
            is_stamped: false,
        }
    }

    /// The same after the stamp was removed.
    pub(in crate::ledger) fn without_stamp(self) -> Self {
        Self {
            is_stamped: false,
            ..self
        }
    }

    /// Whether the file has no stamp, and only this connection has changed it.
    pub(in crate::ledger) fn awaits_stamp(&self) -> bool {
        !self.is_stamped && self.is_as_left()
    }

    /// Writes a stamp. The caller has synced the file.
    pub(in crate::ledger) fn leave_alone(&self, db: &Connection) -> Option<()> {
        let file = self.file.filter(|_| self.awaits_stamp())?;
        self.stamp(db, file, read::head(db).ok()?)
    }

    /// The path of a file's stamp.
    pub(in crate::ledger) fn stamp_of(path: &Path) -> PathBuf {
        beside(path, STAMP)
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The suffix of the stamp's name.
const STAMP: &str = "-audit";

/// Whether it is a small file of this user or root, with one name.
fn is_file(found: &Metadata) -> bool {
    let owners = [0, rustix::process::geteuid().as_raw()];
    found.is_file() && found.nlink() == 1 && found.len() < LONGEST && owners.contains(&found.uid())
}
