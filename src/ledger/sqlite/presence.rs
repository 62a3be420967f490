//! The presence of processes that have a ledger open to record in it. A certificate that was begun and not signed has two explanations: its
//! process died, or it is about to sign. Without a process that is present, it died.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use crate::output::LockFile;

/// How long to wait while other processes check who is present, which takes microseconds.
const PATIENCE: Duration = Duration::from_secs(2);

const PAUSE: Duration = Duration::from_millis(1);

/// A lock (`flock`) on the ledger's directory. The kernel releases it when the process ends, however that happens. SQLite has no POSIX locks
/// on the directory, so closing the descriptor drops none of the ledger's own.
#[derive(Debug)]
pub(super) struct Presence {
    directory: LockFile,
    is_kept: bool,
}

impl Presence {
    /// Counts as present until it is dropped. If another user holds the directory for two seconds, this process does not count.
    pub(super) fn enter(path: &Path) -> io::Result<Self> {
        let presence = Self::look_in(path)?;
        let is_kept = presence.share();
        Ok(Self { is_kept, ..presence })
    }

    /// Opens the directory to find out who is present. This process does not count.
    pub(super) fn look_in(path: &Path) -> io::Result<Self> {
        let file = path.canonicalize()?;
        let directory = file.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            directory: LockFile::new(File::from(rustix::fs::open(&directory, flags, Mode::empty())?)),
            is_kept: false,
        })
    }

    /// Whether another process is present. It releases its own lock for that moment, so nothing may be in progress.
    pub(super) fn has_others(&self) -> bool {
        let is_alone = flock(&*self.directory, FlockOperation::NonBlockingLockExclusive).is_ok();
        match self.is_kept {
            true => drop(self.share()),
            false => drop(flock(&*self.directory, FlockOperation::Unlock)),
        }
        !is_alone
    }

    fn share(&self) -> bool {
        let start = Instant::now();
        while flock(&*self.directory, FlockOperation::NonBlockingLockShared).is_err() {
            if start.elapsed() >= PATIENCE {
                return false;
            }
            thread::sleep(PAUSE);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_present_see_each_other_and_a_reader_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("l.db");
        std::fs::write(&path, "").unwrap();
        let reader = Presence::look_in(&path).unwrap();
        assert!(!reader.has_others());
        let one = Presence::enter(&path).unwrap();
        assert!(!one.has_others());
        assert!(reader.has_others());
        let two = Presence::enter(&path).unwrap();
        assert!(one.has_others() && two.has_others() && reader.has_others());
        // A process that checks stays present.
        drop(one);
        assert!(reader.has_others() && !two.has_others());
        drop(two);
        assert!(!reader.has_others());
    }
}
