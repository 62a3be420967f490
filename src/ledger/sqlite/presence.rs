//! The presence of processes that have a ledger open to record in it. A certificate that was begun and not signed has two explanations: its
//! process died, or it is about to sign. Without a process that is present, it died.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, lstat};
use rustix::io::Errno;

use super::super::waiting::Wait;
use super::lock_wait::lock_within;
use super::open::path::denied;
use crate::ledger::{LedgerError, LedgerPlace};
use crate::output::LockFile;

/// The lock file is called like the ledger, with this at the end.
const LOCK: &str = "-lock";

/// A lock (`flock`) on a file beside the ledger that only its owner can open. The kernel releases the lock when the process ends, however that
/// happens. The ledger itself must not be opened for it: closing any descriptor of a file drops all of the process's POSIX locks on it, and
/// SQLite needs them. The file stays: a process that removed it could remove the lock of another one.
#[derive(Debug)]
pub(super) struct Presence {
    lock: LockFile,
    path: PathBuf,
    longest_wait: Duration,
}

impl Presence {
    /// Counts as present until it is dropped. Waits up to `longest_wait` while other processes check who is present, which takes microseconds.
    pub(super) fn enter(ledger: &Path, longest_wait: Duration) -> Result<Self, LedgerError> {
        let mut path = ledger
            .canonicalize()
            .map_err(|cause| denied(ledger, &cause))?
            .into_os_string();
        path.push(LOCK);
        let path = PathBuf::from(path);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR);
        let file = opened.map_err(|error| denied(&path, &error.into()))?;
        let presence = Self {
            lock: LockFile::new(File::from(file)),
            path,
            longest_wait,
        };
        presence.share()?;
        Ok(presence)
    }

    /// Refuses to begin if the lock file was removed or replaced: another process would lock a new one, and not see this process.
    pub(super) fn refuse_removed(&self) -> Result<(), LedgerError> {
        let failed = |error: Errno| denied(&self.path, &error.into());
        let held = fstat(&*self.lock).map_err(failed)?;
        match lstat(&self.path) {
            Ok(named) if (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino) => Ok(()),
            Ok(_) | Err(Errno::NOENT) => Err(LedgerError::Replaced {
                place: LedgerPlace::file(&self.path),
            }),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether another process is present. It releases its own lock for that moment, so nothing may be in progress.
    pub(super) fn has_others(&self) -> Result<bool, LedgerError> {
        let is_alone = flock(&*self.lock, FlockOperation::NonBlockingLockExclusive).is_ok();
        self.share()?;
        Ok(!is_alone)
    }

    fn share(&self) -> Result<(), LedgerError> {
        let shared = lock_within(
            &*self.lock,
            FlockOperation::NonBlockingLockShared,
            &Wait::of(self.longest_wait),
        );
        match shared.map_err(|error| denied(&self.path, &error.into()))? {
            true => Ok(()),
            false => Err(LedgerError::Locked {
                place: LedgerPlace::file(&self.path),
                waited: self.longest_wait,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const SHORT: Duration = Duration::from_millis(60);

    fn ledger() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("l.db");
        std::fs::write(&path, "").unwrap();
        (directory, path)
    }

    #[test]
    fn those_who_are_present_see_each_other() {
        let (_directory, path) = ledger();
        let one = Presence::enter(&path, SHORT).unwrap();
        assert!(!one.has_others().unwrap());
        let two = Presence::enter(&path, SHORT).unwrap();
        assert!(one.has_others().unwrap() && two.has_others().unwrap());
        drop(one);
        assert!(!two.has_others().unwrap());
        // It is still present after it checked.
        let three = Presence::enter(&path, SHORT).unwrap();
        assert!(three.has_others().unwrap());
        // Without the file, nobody would see it.
        three.refuse_removed().unwrap();
        std::fs::remove_file(path.with_file_name("l.db-lock")).unwrap();
        assert!(matches!(
            three.refuse_removed(),
            Err(LedgerError::Replaced { .. })
        ));
        let four = Presence::enter(&path, SHORT).unwrap();
        four.refuse_removed().unwrap();
        assert!(matches!(
            three.refuse_removed(),
            Err(LedgerError::Replaced { .. })
        ));
    }

    #[test]
    fn a_process_that_cannot_be_seen_does_not_record() {
        let (_directory, path) = ledger();
        let one = Presence::enter(&path, SHORT).unwrap();
        assert_eq!(one.path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(one);
        let lock = path.with_file_name("l.db-lock");
        let other = LockFile::new(File::open(&lock).unwrap());
        other.try_lock().unwrap();
        match Presence::enter(&path, SHORT) {
            Err(LedgerError::Locked { place, .. }) => assert_eq!(place, LedgerPlace::file(&lock)),
            other => panic!("{other:?}"),
        }
        drop(other);
        // A lock on the directory, such as that of `flock DIRECTORY COMMAND`, is not this one.
        let directory = LockFile::new(File::open(path.parent().unwrap()).unwrap());
        directory.try_lock().unwrap();
        assert!(!Presence::enter(&path, SHORT).unwrap().has_others().unwrap());
        std::fs::remove_file(&lock).unwrap();
        symlink(path.with_file_name("elsewhere"), &lock).unwrap();
        assert!(matches!(
            Presence::enter(&path, SHORT),
            Err(LedgerError::Denied { .. })
        ));
    }
}
