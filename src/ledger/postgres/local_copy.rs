//! The verified part of a large ledger, kept for the next opening: the replica in a file of this user, and an audit stamp beside it. A copy
//! is used on two conditions. Its stamp is valid: the file was not written to since this program closed it (`sqlite/audit_stamp.rs`). And
//! the server still has the copy's last event with the same hash of the chain, which covers every event before it. Otherwise everything is
//! read and verified again. So decisions always depend on events that were verified here and that belong to the server's chain.
//! `docs/postgres.md` describes what this does not detect.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use super::super::Digest;
use super::super::sqlite::{LARGE, Watch, read, schema};
use super::place::PostgresPlace;
use crate::file_trust::{self, Owners};
use crate::output::LockFile;

/// Where copies of large ledgers are kept.
#[derive(Clone)]
pub(super) struct Copies {
    directory: PathBuf,
    /// The number of events from which a copy is kept.
    large: u64,
}

impl PostgresPlace {
    /// The same place, with copies of large ledgers in `directory`, so that the next opening reads only new events. A directory that others
    /// can write to is not used; each opening then reads everything.
    #[must_use]
    pub fn with_copies_in(self, directory: PathBuf) -> Self {
        self.with_copies_of(directory, LARGE)
    }

    /// The same. A copy is kept of a ledger with `large` events or more.
    pub(in crate::ledger) fn with_copies_of(mut self, directory: PathBuf, large: u64) -> Self {
        self.copies = Some(Copies { directory, large });
        self
    }
}

/// The place of one ledger's copy, locked against other processes.
pub(super) struct LocalCopy {
    path: PathBuf,
    large: u64,
    _lock: LockFile,
}

impl LocalCopy {
    /// `None` if no directory is set or usable, or if another process has the copy.
    pub(super) fn take(place: &PostgresPlace) -> Option<Self> {
        let copies = place.copies.as_ref()?;
        let directory = file_trust::check_directory(&copies.directory).ok()?;
        let name = format!("ledger-{}", Digest::of(place.to_string().as_bytes()));
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let lock = rustix::fs::open(
            directory.join(format!("{name}.lock")),
            flags,
            Mode::RUSR | Mode::WUSR,
        );
        let lock = LockFile::new(File::from(lock.ok()?));
        flock(&*lock, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self {
            path: directory.join(format!("{name}.db")),
            large: copies.large,
            _lock: lock,
        })
    }

    /// The copy, if its stamp is valid. Removes the stamp before anything is written: the file is not synced until it gets the next one,
    /// and a power failure could leave new pages under the old change time.
    pub(super) fn open(&self) -> Option<(Connection, Watch)> {
        file_trust::check_file(&self.path, Owners::Own).ok()?;
        let mut watch = Watch::of(&self.path);
        // SQLite would use a journal that lies beside the file.
        watch.is_in_one_file().then_some(())?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.path, flags).ok()?;
        db.pragma_update(None, "trusted_schema", false).ok()?;
        db.pragma_update(None, "cell_size_check", true).ok()?;
        schema::is_newest(&db).ok()?.then_some(())?;
        watch.measure(&db, self.large);
        watch.find_stamp(&db).ok()?.then_some(())?;
        self.remove_stamp()?;
        self.sync_directory()?;
        Some((db, watch.without_stamp()))
    }

    /// Keeps the contents of `db`: in its own file if it has a `watch`, otherwise in a new one. After any failure, the next opening reads
    /// everything.
    pub(super) fn leave(&self, db: &Connection, watch: Option<&mut Watch>) -> Option<()> {
        if let Some(watch) = watch {
            watch.awaits_stamp().then_some(())?;
            // Sync before the stamp.
            File::open(&self.path).ok()?.sync_all().ok()?;
            return watch.leave_alone(db);
        }
        (read::head(db).ok()?.count >= self.large).then_some(())?;
        self.remove_stamp()?;
        let made = self.make(db);
        if made.is_none() {
            // The disk may be full.
            let _ = fs::remove_file(&self.path);
        }
        made
    }

    fn make(&self, db: &Connection) -> Option<()> {
        is_removed(fs::remove_file(&self.path))?;
        // SQLite fills an empty file. This one already has its mode.
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path)
            .ok()?;
        db.execute("VACUUM INTO ?1", [self.path.to_str()?]).ok()?;
        file.sync_all().ok()?;
        self.sync_directory()?;
        Watch::made(&self.path).leave_alone(db)
    }

    fn sync_directory(&self) -> Option<()> {
        File::open(self.path.parent()?).ok()?.sync_all().ok()
    }

    /// Invalidates the copy.
    pub(super) fn remove_stamp(&self) -> Option<()> {
        is_removed(fs::remove_file(Watch::stamp_of(&self.path)))
    }
}

fn is_removed(removed: io::Result<()>) -> Option<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => None,
        _ => Some(()),
    }
}
