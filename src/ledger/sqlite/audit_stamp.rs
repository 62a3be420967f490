//! The audit stamp of a large ledger: what the file looked like when this program had audited it and closed it. The next opening that finds
//! exactly that does not read every event again.
//!
//! A stamp proves one thing: nobody has written to the file since. A change through the file system gives the file another inode or another
//! change time (`st_ctim`), and no user can set that. It does not prove that the medium still has what was written, and it says nothing of
//! a disk that was set back as a whole: the one is found by `verify`, the other by a head that is kept elsewhere.
//!
//! SQLite's locks hold while the file is looked at, and only `stat` looks: closing another descriptor of the file would drop the locks
//! (POSIX). SQLite's change counter would not help, since a commit to a write-ahead log does not always raise it.

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

/// A ledger with fewer events is audited at every opening, which takes about as long as leaving a stamp (docs/benchmark.md).
pub(in crate::ledger) const LARGE: u64 = 1024;

/// The first word. Another number stands for another audit.
const FORM: &str = "hsm-ca-audit-1";
/// An audit by another version of the program may have been less strict.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// More than a stamp ever has.
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

/// Follows a ledger's file from its audit to its stamp.
#[derive(Debug)]
pub(in crate::ledger) struct Watch {
    /// Without links: SQLite's own files are beside the real one.
    path: PathBuf,
    /// As it was before it was opened.
    found: Option<FileState>,
    /// As it was audited, or as this connection alone has made it since. None where anything else may have changed it.
    file: Option<FileState>,
    /// A stamp stands for the file as it is.
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

    /// Audits the ledger as `db` sees it in its transaction, or finds that a stamp stands for it.
    pub(super) fn audit(&mut self, db: &Connection, audit: &mut Audit, large: u64) -> Result<(), Failure> {
        if self.find_stamp(db, large)? {
            return audit.trust(db);
        }
        let file = FileState::of(&self.path);
        audit.follow(db)?;
        self.file = file.filter(|file| FileState::of(&self.path).as_ref() == Some(file));
        Ok(())
    }

    /// Whether a stamp stands for the file, as `db` sees it in its transaction or while nobody else can open it.
    pub(in crate::ledger) fn find_stamp(&mut self, db: &Connection, large: u64) -> Result<bool, Failure> {
        let file = FileState::of(&self.path);
        self.is_stamped =
            file.is_some() && file == self.found && self.is_stamp_of(db, file.as_ref(), large)?;
        self.file = file.filter(|_| self.is_stamped);
        Ok(self.is_stamped)
    }

    /// The transaction of `db` has begun, so what it sees is in the file if the log is empty and the file has not changed since its stamp:
    /// nobody can empty a log that a transaction reads from, and what a checkpoint writes changes the file.
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

    /// Whether the file is as this connection left it. Asked just before a commit, which may copy the log into the file.
    pub(in crate::ledger) fn is_as_left(&self) -> bool {
        self.file.is_some() && self.file == FileState::of(&self.path)
    }

    /// After a commit of this connection.
    pub(in crate::ledger) fn committed(&mut self, was_as_left: bool) {
        self.is_stamped = false;
        self.file = FileState::of(&self.path).filter(|_| was_as_left);
    }

    /// Leaves a stamp, if all that happened to the file since its audit was done by this connection. Whatever fails, there is no stamp
    /// then, and the next opening audits.
    pub(super) fn leave(&self, db: &Connection, audit: &Audit, large: u64) -> Option<()> {
        let head = read::head(db).ok()?;
        if self.is_stamped || head.count < large || !audit.holds(db).ok()? || !self.is_as_left() {
            return None;
        }
        // Not worth waiting for others: they have the ledger open, and one of them is the last.
        db.busy_timeout(Duration::ZERO).ok()?;
        // All of the log goes into the file, and both are synced: what a stamp stands for is durable.
        let busy: i64 = db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .ok()?;
        (busy == 0).then_some(())?;
        db.execute_batch("BEGIN IMMEDIATE").ok()?;
        let left = self.leave_in_turn(db, audit, head);
        db.execute_batch("ROLLBACK").ok()?;
        left
    }

    /// Nobody else can write now, and nobody has since the audit.
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

    /// The file has all of the ledger: there is nothing in a log or in a journal.
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

    /// Whole or not at all. Not synced: a stamp that a power failure emptied is none.
    fn write(&self, stamp: &AuditStamp) -> Option<()> {
        let path = self.beside(STAMP);
        // What is not a file of ours is left as it is.
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

/// For a file that nobody else can open while it is watched: a lock of this process keeps them from it.
#[cfg(feature = "postgres")]
impl Watch {
    /// Of a file that this process has just made.
    pub(in crate::ledger) fn made(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            found: None,
            file: FileState::of(path),
            is_stamped: false,
        }
    }

    /// The same, when the stamp has been removed.
    pub(in crate::ledger) fn without_stamp(self) -> Self {
        Self {
            is_stamped: false,
            ..self
        }
    }

    /// Whether the file has no stamp, and was changed by nothing but this connection.
    pub(in crate::ledger) fn awaits_stamp(&self) -> bool {
        !self.is_stamped && self.is_as_left()
    }

    /// Leaves a stamp. The caller has synced the file.
    pub(in crate::ledger) fn leave_alone(&self, db: &Connection) -> Option<()> {
        let file = self.file.filter(|_| self.awaits_stamp())?;
        self.stamp(db, file, read::head(db).ok()?)
    }

    /// Where the stamp of a file is.
    pub(in crate::ledger) fn stamp_of(path: &Path) -> PathBuf {
        beside(path, STAMP)
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// What the stamp's name adds to that of the ledger.
const STAMP: &str = "-audit";

/// A small file of this user or root, under one name.
fn is_file(found: &Metadata) -> bool {
    let owners = [0, rustix::process::geteuid().as_raw()];
    found.is_file() && found.nlink() == 1 && found.len() < LONGEST && owners.contains(&found.uid())
}
