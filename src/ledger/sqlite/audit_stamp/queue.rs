//! The queue of this program's processes that have one large ledger open. One process changes the ledger and leaves its stamp before the next
//! one looks. Without the queue, a process could find the change before the stamp, and would audit everything. What a stamp proves does not
//! depend on the queue, because other programs need not use it.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags};

use crate::ledger::sqlite::lock_wait::lock_within;
use crate::ledger::waiting::Wait;
use crate::output::LockFile;

/// The first place in the queue, held until it is dropped.
#[derive(Debug)]
pub(in crate::ledger::sqlite) struct Queue(#[expect(dead_code, reason = "the lock ends with it")] LockFile);

impl Queue {
    /// `log` is the write-ahead log, shared by all processes that have the ledger open. SQLite has no POSIX locks on the log, unlike on the
    /// file, so closing another descriptor drops none.
    pub(super) fn wait(log: &Path, wait: &Wait) -> Option<Self> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = LockFile::new(File::from(rustix::fs::open(log, flags, Mode::empty()).ok()?));
        let locked = lock_within(&*file, FlockOperation::NonBlockingLockExclusive, wait);
        locked.ok()?.then(|| Self(file))
    }
}
