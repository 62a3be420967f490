//! The audit stamp of a large ledger: the state of its file and its log after this program audited it, or recorded in it after that. If the next
//! opening finds exactly this state, it does not read every event again. Neither does another process that has the ledger open.
//!
//! A stamp proves one thing: nothing has written to the two files since. A change through the file system gives a file a new inode or a new
//! change time (`st_ctim`), which no user can set. A stamp does not prove that the medium still has the written data; `verify` finds that. It
//! does not reveal a disk that was restored as a whole; a head kept elsewhere does.
//!
//! A process leaves a stamp only if it audited the ledger, or found it stamped, and only its own commits changed it since. So each stamp goes
//! back to an audit, through any number of processes. SQLite's locks hold while the files are examined. Only `stat` is used: closing another
//! descriptor of the file would drop the locks (POSIX). SQLite's change counter does not help, because a commit to a write-ahead log does not
//! always raise it.

mod file_state;
mod queue;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{self, Metadata};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

pub(super) use self::file_state::beside;
use self::file_state::{FileState, FilesState, Wait, changed, wait_until_past};
use self::queue::Queue;
use super::audit::Audit;
use super::failure::Failure;
use super::read;
use crate::file_trust::{self, Owners};
use crate::ledger::{Digest, Head, waiting};
use crate::output::make_temporary;

/// A smaller ledger is audited at every opening, which takes about as long as writing a stamp (docs/benchmark.md).
pub(in crate::ledger) const LARGE: u64 = 256;

/// The format. A changed audit gets a new number.
const FORM: &str = "hsm-ca-audit-3";
/// An audit by another version of the program may have been less strict.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// A read limit; real stamps are shorter.
const LONGEST: u64 = 1024;

/// A sound ledger, and its files.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AuditStamp {
    files: FilesState,
    /// The hash of the first event.
    ledger: Digest,
    head: Head,
}

impl fmt::Display for AuditStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM} {VERSION} {} {} {}", self.files, self.ledger, self.head)
    }
}

impl AuditStamp {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.split(' ');
        let is_ours = words.next()? == FORM && words.next()? == VERSION;
        let stamp = is_ours.then_some(Self {
            files: FilesState::parse(&mut words)?,
            ledger: words.next()?.parse().ok()?,
            head: words.next()?.parse().ok()?,
        })?;
        words.next().is_none().then_some(stamp)
    }
}

/// Watches a ledger's files from its audit to its stamp.
#[derive(Debug)]
pub(in crate::ledger) struct Watch {
    /// The path with symbolic links resolved: SQLite keeps its other files beside the real file.
    path: PathBuf,
    /// The state of the file before it was opened.
    opening: Opening,
    /// The state that was audited, with only this connection's changes since. `None` if anything else may have changed it.
    files: Option<FilesState>,
    /// The state of the database file at the last audit, stamp or commit. Only a checkpoint changes it.
    seen: Option<FileState>,
    /// The current state of the files has a stamp.
    is_stamped: bool,
    /// The ledger has enough events for a stamp.
    is_large: bool,
}

/// Opening a file may change it: SQLite rolls back a journal beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    Found(Option<FileState>),
    Done,
}

impl Watch {
    /// Starts before the file is opened.
    pub(in crate::ledger) fn of(path: &Path) -> Self {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Self {
            opening: Opening::Found(FileState::of(&path)),
            files: None,
            seen: None,
            is_stamped: false,
            is_large: false,
            path,
        }
    }

    /// Waits for the other processes of this program that record in the ledger. `None` if the ledger is not stamped, or if the wait takes too
    /// long.
    pub(super) fn queue(&self, wait: &waiting::Wait) -> Option<Queue> {
        self.is_large.then_some(())?;
        Queue::wait(&self.beside("-wal"), wait)
    }

    /// Whether there is a log. All processes that have the ledger open share it.
    pub(super) fn has_log(&self) -> bool {
        fs::symlink_metadata(self.beside("-wal")).is_ok()
    }

    /// Whether what `db` sees in its transaction was audited or has a valid stamp. If something wrote to the file without a commit, the audit
    /// is in doubt afterwards: another process may have moved its log into the file, or someone copied another ledger over it.
    pub(super) fn is_audited(&mut self, db: &Connection, audit: &mut Audit) -> Result<bool, Failure> {
        let holds = audit.holds(db)?;
        let is_as_seen = self.seen == FileState::of(&self.path);
        if holds && is_as_seen && (!self.is_large || self.is_as_left()) {
            return Ok(true);
        }
        if self.find_stamp(db)? {
            audit.trust(db)?;
            return Ok(true);
        }
        if holds && !is_as_seen {
            audit.doubt(db)?;
        }
        Ok(holds && is_as_seen)
    }

    /// Audits everything that `db` sees in its transaction.
    pub(super) fn audit(&mut self, db: &Connection, audit: &mut Audit) -> Result<(), Failure> {
        let files = FilesState::of(&self.path);
        let seen = FileState::of(&self.path);
        audit.follow(db)?;
        self.is_stamped = false;
        self.files = files.filter(|files| FilesState::of(&self.path).as_ref() == Some(files));
        self.seen = seen.filter(|seen| FileState::of(&self.path).as_ref() == Some(seen));
        Ok(())
    }

    /// Checks whether a ledger has enough events for a stamp. An unreadable one gets none.
    pub(in crate::ledger) fn measure(&mut self, db: &Connection, large: u64) {
        self.is_large = read::head(db).is_ok_and(|head| head.count >= large);
    }

    /// Whether a stamp is valid for the files, as `db` sees them in its transaction or while no other process can open them.
    pub(in crate::ledger) fn find_stamp(&mut self, db: &Connection) -> Result<bool, Failure> {
        let files = FilesState::of(&self.path);
        let was_opened = match std::mem::replace(&mut self.opening, Opening::Done) {
            Opening::Found(found) => found.is_some() && found == files.map(|files| files.file),
            Opening::Done => true,
        };
        self.is_stamped = was_opened && files.is_some() && self.is_stamp_of(db, files.as_ref())?;
        self.files = files.filter(|_| self.is_stamped);
        if let Some(files) = &self.files {
            self.seen = Some(files.file);
        }
        Ok(self.is_stamped)
    }

    /// `db` is in a transaction, so it sees files that have not changed since their stamp: a commit would change the
    /// log, a checkpoint would change the file, and a log with a reader cannot be emptied.
    fn is_stamp_of(&self, db: &Connection, files: Option<&FilesState>) -> Result<bool, Failure> {
        if !self.is_large {
            return Ok(false);
        }
        let Some(stamp) = self.read().filter(|stamp| Some(&stamp.files) == files) else {
            return Ok(false);
        };
        Ok(stamp.head == read::head(db)? && read::hash_of(db, 1)? == Some(stamp.ledger))
    }

    /// Whether both files are as this connection left them.
    pub(in crate::ledger) fn is_as_left(&self) -> bool {
        self.files.is_some() && self.files == FilesState::of(&self.path)
    }

    /// Whether the database file is. Called just before a commit, when a long transaction has already written to the log.
    pub(super) fn is_file_as_left(&self) -> bool {
        self.files.map(|files| files.file) == FileState::of(&self.path)
    }

    /// Call it after a commit of this connection.
    pub(in crate::ledger) fn committed(&mut self, was_as_left: bool) {
        let files = FilesState::of(&self.path).filter(|_| was_as_left);
        self.is_stamped = self.is_stamped && files == self.files;
        self.files = files;
        self.seen = FileState::of(&self.path);
    }

    /// Leaves a stamp for other processes that have the ledger open, after an audit or a commit. The caller holds the queue.
    pub(super) fn hand_over(&mut self, db: &Connection, audit: &Audit, longest_wait: Duration) -> Option<()> {
        if !self.is_large || self.is_stamped || self.files.is_none() {
            return None;
        }
        self.leave_in_turn(db, audit, Wait::Not, longest_wait)
    }

    /// Leaves a stamp for the next process that opens the ledger. Every change to the files since their audit must come from this connection, or
    /// have another connection's stamp. If anything fails, the stamp is missing, and the next opening audits.
    pub(super) fn leave(
        &mut self,
        db: &Connection,
        audit: &Audit,
        large: u64,
        longest_wait: Duration,
    ) -> Option<()> {
        let is_done = self.is_stamped && self.files.is_some_and(|files| files.is_in_one_file());
        if is_done || read::head(db).ok()?.count < large || !audit.holds(db).ok()? || !self.is_as_left() {
            return None;
        }
        // Moves the whole log into the file, and syncs both. Other processes that have the ledger open may block this. We do not wait for them:
        // the last one to close it does the same.
        db.busy_timeout(Duration::ZERO).ok()?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .ok()?;
        self.files = FilesState::of(&self.path);
        self.leave_in_turn(db, audit, Wait::ForTheClock, longest_wait)
    }

    /// Locks out other writers, and checks that no one else wrote since the audit.
    fn leave_in_turn(
        &mut self,
        db: &Connection,
        audit: &Audit,
        wait: Wait,
        longest_wait: Duration,
    ) -> Option<()> {
        // A stamp is not worth a wait.
        db.busy_timeout(Duration::ZERO).ok()?;
        let begun = db.execute_batch("BEGIN IMMEDIATE");
        db.busy_timeout(longest_wait).ok()?;
        begun.ok()?;
        // `files` was read before this lock. A commit in between changes them; one before that is in `files`, and only the audit's number shows it.
        let is_ours = audit.holds(db).ok().filter(|holds| *holds && self.is_as_left());
        let left = is_ours.and_then(|_| self.stamp(db, wait));
        db.execute_batch("ROLLBACK").ok()?;
        left
    }

    fn stamp(&mut self, db: &Connection, wait: Wait) -> Option<()> {
        let (files, head) = (self.files?, read::head(db).ok()?);
        let ledger = read::hash_of(db, 1).ok()??;
        self.write(&AuditStamp { files, ledger, head }, wait)?;
        self.is_stamped = true;
        Some(())
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

    /// Writes the stamp atomically, without a sync. A stamp that a power failure emptied is ignored.
    fn write(&self, stamp: &AuditStamp, wait: Wait) -> Option<()> {
        let path = self.beside(STAMP);
        // Do not touch a file that is not ours.
        if let Ok(found) = fs::symlink_metadata(&path) {
            is_file(&found).then_some(())?;
        }
        let mut temporary = make_temporary(path.parent()?, 0o600).ok()?;
        temporary.write_all(format!("{stamp}\n").as_bytes()).ok()?;
        wait_until_past(&stamp.files, wait, || {
            temporary.as_file().set_modified(SystemTime::now()).ok()?;
            Some(changed(&temporary.as_file().metadata().ok()?))
        })?;
        (FilesState::of(&self.path)? == stamp.files).then_some(())?;
        temporary.persist(&path).ok().map(drop)
    }
}

/// For a file that no other process can open while it is watched, because this process holds a lock.
#[cfg(feature = "postgres")]
impl Watch {
    /// Watches a file that this process has just created.
    pub(in crate::ledger) fn made(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            opening: Opening::Done,
            files: FilesState::of(path),
            seen: FileState::of(path),
            is_stamped: false,
            is_large: true,
        }
    }

    /// The same, after the stamp was removed.
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
    pub(in crate::ledger) fn leave_alone(&mut self, db: &Connection) -> Option<()> {
        self.awaits_stamp().then_some(())?;
        self.stamp(db, Wait::ForTheClock)
    }

    /// Whether the file has the whole ledger: neither log nor journal has content.
    pub(in crate::ledger) fn is_in_one_file(&self) -> bool {
        FilesState::of(&self.path).is_some_and(|files| files.is_in_one_file())
    }

    /// The path of a file's stamp.
    pub(in crate::ledger) fn stamp_of(path: &Path) -> PathBuf {
        beside(path, STAMP)
    }
}

/// The suffix of the stamp's name.
const STAMP: &str = "-audit";

/// Whether it is a small file of this user or root, with only one hard link.
fn is_file(found: &Metadata) -> bool {
    let owners = [0, rustix::process::geteuid().as_raw()];
    found.is_file() && found.nlink() == 1 && found.len() < LONGEST && owners.contains(&found.uid())
}
