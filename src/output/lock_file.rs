//! Files that are locked.

use std::fs::File;
use std::ops::{Deref, DerefMut};

use rustix::fs::{FlockOperation, flock};

/// A file to lock with `flock`. Dropping it releases the lock.
///
/// Closing the file is not enough: a child process has a copy of each descriptor from `fork` until `execve`, and the lock belongs to all copies
/// (flock(2)). A process that had released its lock could find it taken.
#[derive(Debug)]
pub(crate) struct LockFile(File);

impl LockFile {
    /// Locks nothing yet.
    pub(crate) const fn new(file: File) -> Self {
        Self(file)
    }
}

impl Deref for LockFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for LockFile {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // If this fails, closing the file releases the lock.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_descriptor_does_not_keep_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = LockFile::new(File::create(&path).unwrap());
        first.try_lock().unwrap();
        // As in a child process before `execve`.
        let _copy = first.try_clone().unwrap();
        let second = LockFile::new(File::open(&path).unwrap());
        assert!(second.try_lock().is_err());
        drop(first);
        second.try_lock().unwrap();
    }
}
