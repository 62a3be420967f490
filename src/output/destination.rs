//! Where a file goes. A temporary file in its directory holds the place; it is written and read back.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FallocateFlags, OFlags, fallocate};
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::database::{database_of, is_database};
use super::{Encoding, OutputError, Protected, Verified, Written, make_temporary};

/// Space reserved on the file system if the length is not known: more than any certificate needs.
const RESERVED_BYTES: u64 = 64 * 1024;

/// The most bytes per write: any certificate is one write.
const WRITE_BYTES: u64 = 64 * 1024;

/// Where a result goes, and how.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The file.
    pub path: PathBuf,
    /// PEM or DER.
    pub encoding: Encoding,
    /// Replace an existing file.
    pub overwrite: bool,
    /// Permission bits of the new file. Certificates are public (0644); configuration with secrets is not.
    pub mode: u32,
    /// Files that are never replaced.
    pub protected: Protected,
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
            protected: Protected::default(),
        }
    }

    /// [`reserve_room`](Self::reserve_room) with 64 KiB, for a file of unknown length.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn reserve(&self) -> Result<Reserved, OutputError> {
        self.reserve_room(RESERVED_BYTES)
    }

    /// Checks, before anything is signed, that a file of up to this many bytes can be written: the directory exists, the path is free, and there
    /// is space. So a full disk costs no signature. Dropping the value removes the reservation.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn reserve_room(&self, bytes: u64) -> Result<Reserved, OutputError> {
        let directory = self.directory();
        if !directory.is_dir() {
            return Err(OutputError::no_directory(directory));
        }
        self.refuse_what_is_there()?;
        self.refuse_impossible_name(directory)?;
        let temporary = make_temporary(directory, self.mode)
            .map_err(|cause| self.failed("create a file in its directory", cause))?;
        let reserved = Reserved {
            destination: self.clone(),
            directory: directory.to_owned(),
            temporary,
            room: bytes,
        };
        reserved.make_room()?;
        Ok(reserved)
    }

    /// Checks that the file could be written, and leaves nothing behind. A directory is tried once: a job of a thousand files creates one test file
    /// in it.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn check(&self, tried: &TriedDirectories) -> Result<(), OutputError> {
        let directory = self.directory();
        if !tried.has(directory) {
            self.reserve()?;
            tried.add(directory);
            return Ok(());
        }
        self.refuse_what_is_there()?;
        self.refuse_impossible_name(directory)
    }

    /// Whether the file already exists with exactly this content.
    #[must_use]
    pub fn holds(&self, verified: &dyn Verified) -> bool {
        let is_file = fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_file());
        let recheck = |mut file| verified.recheck_file(self.encoding, &mut file);
        is_file && matches!(File::open(&self.path).and_then(recheck), Ok(Ok(())))
    }

    /// The content of the regular file at the path, at most `limit` bytes. It may be an earlier output. `None` if the path is free.
    ///
    /// # Errors
    /// [`OutputError::NotReplaceable`] for a link or anything else that is not a regular file; [`OutputError::TooLarge`]
    pub fn read_existing(&self, limit: u64) -> Result<Option<Vec<u8>>, OutputError> {
        let not_replaceable = || OutputError::NotReplaceable {
            path: self.path.clone(),
        };
        let unread = |cause| self.failed("read it", cause);
        match fs::symlink_metadata(&self.path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(unread(cause)),
            Ok(found) if !found.is_file() => return Err(not_replaceable()),
            Ok(_) => {}
        }
        let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default();
        let opened = File::options().read(true).custom_flags(flags).open(&self.path);
        let mut content = Vec::new();
        let read = opened.and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut content));
        let length = read.map_err(unread)?;
        match u64::try_from(length).is_ok_and(|length| length <= limit) {
            true => Ok(Some(content)),
            false => Err(OutputError::TooLarge {
                path: self.path.clone(),
                limit,
            }),
        }
    }

    fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// A dangling symbolic link counts as taken. Directories, devices, pipes and links to them are never replaced: `--force` on `/dev/stdout`
    /// would remove the system's own link.
    ///
    /// Nothing goes into a token's store or becomes a database's file, whether its name is free or not.
    pub(super) fn refuse_what_is_there(&self) -> Result<(), OutputError> {
        if let Some(store) = self.protected.directory_above(self.directory()) {
            return Err(OutputError::ProtectedDirectory {
                path: self.path.clone(),
                directory: store,
            });
        }
        if let Some(database) = database_of(&self.path) {
            return Err(OutputError::DatabaseFile {
                path: self.path.clone(),
                database,
            });
        }
        let link = match fs::symlink_metadata(&self.path) {
            Ok(found) => found,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(self.failed("use this name", cause)),
        };
        let path = || self.path.clone();
        let target = fs::metadata(&self.path);
        if target.as_ref().is_ok_and(|found| self.protected.has(found)) || self.protected.has(&link) {
            return Err(OutputError::Protected { path: path() });
        }
        // Before `Exists`, whose hint is --force: it would not help here.
        if !target.is_ok_and(|found| found.is_file()) || self.is_the_systems() {
            return Err(OutputError::NotReplaceable { path: path() });
        }
        if is_database(&self.path) {
            return Err(OutputError::Database { path: path() });
        }
        match self.overwrite {
            true => Ok(()),
            false => Err(OutputError::Exists { path: path() }),
        }
    }

    /// Whether the file is in a directory of the kernel.
    fn is_the_systems(&self) -> bool {
        let directory = self
            .path
            .parent()
            .and_then(|directory| directory.canonicalize().ok());
        directory.is_some_and(|directory| {
            let is_shared_memory = directory.starts_with("/dev/shm");
            ["/dev", "/proc", "/sys"]
                .iter()
                .any(|system| directory.starts_with(system))
                && !is_shared_memory
        })
    }

    /// Some names are too long for the file system, or have characters that it rejects. It would report that only when the file gets its name,
    /// after the signature. So this creates a file of that name in a temporary directory, and removes it. A killed process would leave the directory
    /// behind, so names in letters, digits and the signs of base64 (but `/`) are not tried out up to the usual limit.
    fn refuse_impossible_name(&self, directory: &Path) -> Result<(), OutputError> {
        /// `NAME_MAX` of Linux. eCryptfs has 143, and refuses longer names when they are looked up, which was done before.
        const USUAL: usize = 255;
        let is_plain = |name: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+=".contains(&byte);
            name.len() <= USUAL && name.bytes().all(is_plain)
        };
        let wrong = |cause| self.failed("use this name", cause);
        let ends_as_directory = self.path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let Some(name) = self.path.file_name().filter(|_| !ends_as_directory) else {
            return Err(wrong(io::Error::from(io::ErrorKind::IsADirectory)));
        };
        if name.to_str().is_some_and(is_plain) {
            return Ok(());
        }
        let trial = tempfile::Builder::new()
            .prefix(".hsm-ca-")
            .suffix(".tmp")
            .tempdir_in(directory)
            .map_err(|cause| self.failed("create a file in its directory", cause))?;
        File::create_new(trial.path().join(name)).map(drop).map_err(wrong)
    }

    pub(super) fn failed(&self, action: &'static str, cause: io::Error) -> OutputError {
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

/// Directories in which a test file could be created.
#[derive(Debug, Default)]
pub struct TriedDirectories(Mutex<HashSet<PathBuf>>);

impl TriedDirectories {
    fn has(&self, directory: &Path) -> bool {
        self.lock().contains(directory)
    }

    fn add(&self, directory: &Path) {
        self.lock().insert(directory.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place reserved for a file that does not exist yet.
#[derive(Debug)]
pub struct Reserved {
    destination: Destination,
    directory: PathBuf,
    temporary: NamedTempFile,
    /// The number of bytes reserved on the file system.
    room: u64,
}

impl Reserved {
    fn make_room(&self) -> Result<(), OutputError> {
        match fallocate(self.temporary.as_file(), FallocateFlags::KEEP_SIZE, 0, self.room) {
            // Some file systems cannot preallocate; then the write itself reports a full disk.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(error) => Err(self.destination.failed("reserve space", error.into())),
        }
    }

    /// Checks that the path is still free: a name cannot be reserved without creating the file.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn check(&self) -> Result<(), OutputError> {
        self.destination.refuse_what_is_there()
    }

    /// The path that it is reserved for.
    pub(crate) const fn path(&self) -> &PathBuf {
        &self.destination.path
    }

    /// The encoding of the content.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.destination.encoding
    }

    /// Writes the file, reads it back, checks it with the content's second decoder, and only then gives it its name.
    ///
    /// # Errors
    /// [`OutputError`]; the path is then unchanged.
    pub fn commit(self, verified: &dyn Verified) -> Result<PathBuf, OutputError> {
        self.write(verified)?.publish()
    }

    /// Writes the file, reads it back, and checks it with the content's second decoder. The file has no name yet, and is not synced to disk.
    ///
    /// # Errors
    /// [`OutputError`]; the path is then unchanged.
    pub fn write(mut self, verified: &dyn Verified) -> Result<Written, OutputError> {
        let encoding = self.destination.encoding;
        write_all(self.temporary.as_file_mut(), encoding, verified, self.room)
            .map_err(|cause| self.destination.failed("write", cause))?;
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
            room: _,
        } = self;
        Ok(Written {
            destination,
            directory,
            temporary,
        })
    }
}

fn write_all(file: &mut File, encoding: Encoding, verified: &dyn Verified, room: u64) -> io::Result<()> {
    let together = usize::try_from(room.min(WRITE_BYTES)).unwrap_or(0);
    let mut buffered = BufWriter::with_capacity(together, &mut *file);
    verified.write_to(encoding, &mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    let length = file.stream_position()?;
    // Frees the blocks after the content. Skipped if it has none: in a batch, that costs as much as writing a certificate.
    let block = file.metadata()?.blksize().max(1);
    match room.div_ceil(block) > length.div_ceil(block) {
        true => file.set_len(length),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
