//! Temporary file, fsync, read back, rename, fsync of the directory.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::{Encoding, OutputError, Verified};

/// Room that is asked of the file system before anything is signed: more than any certificate, so that a full disk
/// costs no signature. What can be longer asks for more, with [`Reserved::make_room`].
const RESERVED_BYTES: u64 = 64 * 1024;

/// What is handed to the system at once: any certificate is one write.
const WRITE_BYTES: usize = 64 * 1024;

/// Where a result goes, and how.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The file.
    pub path: PathBuf,
    /// PEM or DER.
    pub encoding: Encoding,
    /// Replace what is there.
    pub overwrite: bool,
    /// Permission bits of the new file; certificates are public (0644), configuration with secrets is not.
    pub mode: u32,
}

impl Destination {
    /// A public PEM file that replaces nothing.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            encoding: Encoding::Pem,
            overwrite: false,
            mode: 0o644,
        }
    }

    /// Makes sure that the file can be written before anything is signed for it: the directory is there, the path is
    /// free, and there is room. What is reserved goes away again when the value is dropped.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn reserve(&self) -> Result<Reserved, OutputError> {
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !directory.is_dir() {
            return Err(OutputError::NoDirectory {
                directory: directory.to_owned(),
            });
        }
        // A dangling symbolic link is something too. Directories, devices and pipes are never replaced.
        match fs::symlink_metadata(&self.path) {
            Ok(found) if !self.overwrite || !(found.is_file() || found.is_symlink()) => {
                return Err(OutputError::Exists {
                    path: self.path.clone(),
                });
            }
            _ => {}
        }
        let temporary = tempfile::Builder::new()
            .prefix(".hsm-ca-")
            .suffix(".tmp")
            .permissions(Permissions::from_mode(self.mode))
            .tempfile_in(directory)
            .map_err(|cause| self.failed("create a file in its directory", cause))?;
        let reserved = Reserved {
            destination: self.clone(),
            directory: directory.to_owned(),
            temporary,
        };
        reserved.make_room(RESERVED_BYTES)?;
        Ok(reserved)
    }

    fn failed(&self, action: &'static str, cause: io::Error) -> OutputError {
        if matches!(
            cause.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        ) {
            return OutputError::NoSpace {
                path: self.path.clone(),
            };
        }
        OutputError::Io {
            path: self.path.clone(),
            action,
            cause,
        }
    }
}

/// A place kept for a file that is not there yet.
#[derive(Debug)]
pub struct Reserved {
    destination: Destination,
    directory: PathBuf,
    temporary: NamedTempFile,
}

impl Reserved {
    /// Asks the file system for this much room in all, once it is known and before anything is signed.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn make_room(&self, bytes: u64) -> Result<(), OutputError> {
        match fallocate(self.temporary.as_file(), FallocateFlags::KEEP_SIZE, 0, bytes) {
            // Some file systems cannot preallocate; the write itself then tells.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(error) => Err(self.destination.failed("reserve space", error.into())),
        }
    }

    /// How the content will be written.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.destination.encoding
    }

    /// Writes, reads back, has the content's second decoder look at it, and only then gives the file its name.
    ///
    /// # Errors
    /// [`OutputError`]; the path is then as it was.
    pub fn commit(mut self, verified: &dyn Verified) -> Result<PathBuf, OutputError> {
        self.write(verified)?;
        let unread = |cause| self.destination.failed("read the file back", cause);
        let mut written = File::open(self.temporary.path()).map_err(unread)?;
        verified
            .recheck_file(self.destination.encoding, &mut written)
            .map_err(unread)?
            .map_err(|reason| OutputError::Recheck {
                path: self.destination.path.clone(),
                reason,
            })?;

        let Self {
            destination,
            directory,
            temporary,
        } = self;
        let persisted = if destination.overwrite {
            temporary.persist(&destination.path)
        } else {
            temporary.persist_noclobber(&destination.path)
        };
        persisted.map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => OutputError::Exists {
                path: destination.path.clone(),
            },
            _ => destination.failed("rename the finished file to its name", error.error),
        })?;
        match File::open(&directory).and_then(|directory| directory.sync_all()) {
            // Some file systems have nothing to sync in a directory, and say so.
            Err(cause) if cause.raw_os_error() != Some(Errno::INVAL.raw_os_error()) => {
                Err(OutputError::NotSynced {
                    path: destination.path,
                    cause,
                })
            }
            _ => Ok(destination.path),
        }
    }

    fn write(&mut self, verified: &dyn Verified) -> Result<(), OutputError> {
        let encoding = self.destination.encoding;
        write_all(self.temporary.as_file_mut(), encoding, verified)
            .map_err(|cause| self.destination.failed("write", cause))
    }
}

fn write_all(file: &mut File, encoding: Encoding, verified: &dyn Verified) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(WRITE_BYTES, &mut *file);
    verified.write_to(encoding, &mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    // Gives the reserved room beyond the content back.
    let length = file.stream_position()?;
    file.set_len(length)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Text(&'static str);

    impl Verified for Text {
        fn content(&self, _: Encoding) -> Vec<u8> {
            self.0.as_bytes().to_vec()
        }
        fn recheck(&self, written: &[u8]) -> Result<(), String> {
            if written == b"bad" {
                Err("bad".to_owned())
            } else {
                Ok(())
            }
        }
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let reserved = Destination::new(&path).reserve().unwrap();
        fs::write(&path, "mine").unwrap();
        assert!(matches!(
            reserved.commit(&Text("new")),
            Err(OutputError::Exists { .. })
        ));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        assert_eq!(names(directory.path()), ["a"]);
    }

    #[test]
    fn what_fails_the_second_decoder_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let reserved = Destination::new(directory.path().join("a")).reserve().unwrap();
        assert!(matches!(
            reserved.commit(&Text("bad")),
            Err(OutputError::Recheck { .. })
        ));
        assert_eq!(names(directory.path()), [""; 0]);
    }

    #[test]
    fn force_replaces_a_file_but_no_directory() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, "old").unwrap();
        let destination = Destination {
            overwrite: true,
            ..Destination::new(&path)
        };
        destination.reserve().unwrap().commit(&Text("new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        let over_directory = Destination {
            path: directory.path().to_owned(),
            ..destination
        };
        assert!(matches!(
            over_directory.reserve(),
            Err(OutputError::Exists { .. })
        ));
    }
}
