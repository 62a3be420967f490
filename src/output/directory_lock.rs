//! A lock on a directory of outputs.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, lstat, open};
use rustix::io::Errno;

use super::{LockFile, OutputError, lock_holder};

/// The name of the lock file.
const NAME: &str = ".hsm-ca-lock";

/// A lock on a directory of outputs, until this value is dropped or the process ends. It is for jobs that read the directory to find out what to
/// write there. It does not stop a job that does not take it.
///
/// It is a lock (`flock`) on a file in the directory that only its owner can open (0600): a web server of another user does not serve it. The
/// directory itself is not locked, because everyone who can read a directory can lock it, and `flock DIRECTORY COMMAND` does. The file is
/// removed at the end. A process that is killed leaves it behind, empty and unlocked.
#[derive(Debug)]
pub struct DirectoryLock {
    file: LockFile,
    path: PathBuf,
}

impl DirectoryLock {
    /// Takes the lock, without waiting. On a file system without locks, it stops no other process.
    ///
    /// # Errors
    /// [`OutputError::InUse`] if another process has it; [`OutputError::NoDirectory`]; errors of the system.
    pub fn take(directory: &Path) -> Result<Self, OutputError> {
        const TRIES: usize = 16;
        if !directory.is_dir() {
            return Err(OutputError::no_directory(directory));
        }
        let path = directory.join(NAME);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        for _ in 0..TRIES {
            let opened = open(&path, flags, Mode::RUSR | Mode::WUSR).map_err(|error| failed(&path, error))?;
            let file = LockFile::new(File::from(opened));
            match flock(&*file, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => {
                    return Err(OutputError::InUse {
                        directory: directory.to_owned(),
                        holder: lock_holder(&file),
                    });
                }
                // Otherwise its last holder removed it after this process opened it.
                _ if is_in_place(&file, &path) => return Ok(Self { file, path }),
                _ => {}
            }
        }
        Err(failed(&path, Errno::AGAIN))
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // While it is locked: a process that opens it from now on finds that it is gone, and makes another.
        if is_in_place(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_in_place(file: &File, path: &Path) -> bool {
    match (fstat(file), lstat(path)) {
        (Ok(held), Ok(named)) => (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino),
        _ => false,
    }
}

fn failed(path: &Path, error: Errno) -> OutputError {
    let path = path.to_owned();
    let cause = io::Error::from(error);
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => OutputError::NoSpace { path },
        _ => OutputError::Io {
            path,
            action: "lock the directory with this file",
            cause,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn one_process_at_a_time_has_the_directory_and_leaves_nothing_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        let first = DirectoryLock::take(directory.path()).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        let refused = DirectoryLock::take(directory.path()).unwrap_err().to_string();
        let expected = format!(
            "process {} is writing to the directory {}",
            std::process::id(),
            directory.path().display()
        );
        assert_eq!(refused, expected);
        drop(first);
        assert!(!path.exists());
        // What a killed process leaves behind.
        fs::write(&path, "").unwrap();
        drop(DirectoryLock::take(directory.path()).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_its_holder_removes_is_never_the_lock_of_two() {
        let directory = tempfile::tempdir().unwrap();
        let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let Ok(lock) = DirectoryLock::take(directory.path()) else {
                            continue;
                        };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        taken.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(taken.into_inner() > 0);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_link_in_the_place_of_the_file_and_a_missing_directory_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let elsewhere = directory.path().join("elsewhere");
        symlink(&elsewhere, directory.path().join(NAME)).unwrap();
        let refused = DirectoryLock::take(directory.path());
        assert!(matches!(refused, Err(OutputError::Io { .. })), "{refused:?}");
        let refused = DirectoryLock::take(&elsewhere);
        assert!(
            matches!(refused, Err(OutputError::NoDirectory { .. })),
            "{refused:?}"
        );
        assert!(!elsewhere.exists());
    }
}
