//! Gives a written file its name. Its content is on the disk before its name is, so a power failure leaves the whole file or none.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::syncfs;
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::{Destination, OutputError};

/// A file that was written and read back, and has no name yet.
#[derive(Debug)]
#[must_use = "it is removed unless it is published"]
pub struct Written {
    pub(super) destination: Destination,
    pub(super) directory: PathBuf,
    pub(super) temporary: NamedTempFile,
}

impl Written {
    /// Syncs the content, gives the file its name, and syncs the directory.
    ///
    /// # Errors
    /// [`OutputError`]; the path is then unchanged, except after [`OutputError::NotSynced`].
    pub fn publish(self) -> Result<PathBuf, OutputError> {
        self.sync()?.publish()
    }

    /// Waits until the content is on the disk.
    ///
    /// # Errors
    /// [`OutputError`]
    pub(crate) fn sync(self) -> Result<Synced, OutputError> {
        let synced = self.temporary.as_file().sync_all();
        synced.map_err(|cause| self.destination.failed("sync", cause))?;
        Ok(Synced(self))
    }

    /// Whether it may replace an earlier file.
    pub(crate) const fn may_replace(&self) -> bool {
        self.destination.overwrite
    }

    /// The same for several files. Syncs each file system and each directory once, not once per file.
    ///
    /// The results are in the order of the files. A file whose content could not be synced does not get its name.
    pub fn publish_all(files: Vec<Self>) -> Vec<Result<PathBuf, OutputError>> {
        if files.len() < 2 || !syncfs_reports_errors() {
            return files.into_iter().map(Self::publish).collect();
        }
        let unsynced = sync_file_systems(&files);
        let named: Vec<_> = files
            .into_iter()
            .map(|file| {
                let directory = file.directory.clone();
                match unsynced_of(&unsynced, &file) {
                    Some(cause) => Err(file.destination.failed("sync", cause)),
                    None => file.name().map(|path| (directory, path)),
                }
            })
            .collect();
        let directories = named.iter().flatten().map(|(directory, _)| directory.clone());
        let synced: BTreeMap<PathBuf, Result<(), io::Error>> = directories
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .map(|directory| {
                let outcome = sync(&directory);
                (directory, outcome)
            })
            .collect();
        named
            .into_iter()
            .map(|named| {
                let (directory, path) = named?;
                match synced.get(&directory) {
                    Some(Err(cause)) => Err(OutputError::NotSynced {
                        path,
                        cause: copy_of(cause),
                    }),
                    _ => Ok(path),
                }
            })
            .collect()
    }

    pub(super) fn name(self) -> Result<PathBuf, OutputError> {
        let Self {
            destination,
            temporary,
            ..
        } = self;
        // In the meantime, another file may have become protected, or may have appeared at the path.
        destination.refuse_what_is_there()?;
        let persisted = if destination.overwrite {
            temporary.persist(&destination.path)
        } else {
            temporary.persist_noclobber(&destination.path)
        };
        match persisted {
            Ok(_) => Ok(destination.path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(OutputError::Exists {
                path: destination.path,
            }),
            Err(error) => Err(destination.failed("rename the finished file to its name", error.error)),
        }
    }
}

/// A file whose content is on the disk, and that has no name yet.
#[derive(Debug)]
#[must_use = "it is removed unless it is published"]
pub(crate) struct Synced(pub(super) Written);

impl Synced {
    /// Gives the file its name, and syncs the directory.
    fn publish(self) -> Result<PathBuf, OutputError> {
        let directory = self.0.directory.clone();
        sync_directory(&directory, self.0.name()?)
    }
}

/// Syncs each file system, by device, and returns the error if it failed.
fn sync_file_systems(files: &[Written]) -> BTreeMap<u64, Option<io::Error>> {
    let mut synced = BTreeMap::new();
    for file in files {
        let Ok(found) = file.temporary.as_file().metadata() else {
            continue;
        };
        // The descriptor was opened before the content was written, so any write error since then is reported here.
        synced
            .entry(found.dev())
            .or_insert_with(|| syncfs(file.temporary.as_file()).err().map(io::Error::from));
    }
    synced
}

fn unsynced_of(synced: &BTreeMap<u64, Option<io::Error>>, file: &Written) -> Option<io::Error> {
    match file.temporary.as_file().metadata() {
        Ok(found) => synced.get(&found.dev()).and_then(Option::as_ref).map(copy_of),
        Err(cause) => Some(cause),
    }
}

fn copy_of(cause: &io::Error) -> io::Error {
    match cause.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::from(cause.kind()),
    }
}

/// syncfs(2): "in mainline kernel versions prior to 5.8, syncfs() will fail only when passed a bad file descriptor".
fn syncfs_reports_errors() -> bool {
    let system = rustix::system::uname();
    let mut numbers = system
        .release()
        .to_str()
        .unwrap_or_default()
        .split(|character: char| !character.is_ascii_digit())
        .map(|number| number.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (5, 8)
}

pub(super) fn sync_directory(directory: &Path, path: PathBuf) -> Result<PathBuf, OutputError> {
    match sync(directory) {
        Ok(()) => Ok(path),
        Err(cause) => Err(OutputError::NotSynced { path, cause }),
    }
}

fn sync(directory: &Path) -> io::Result<()> {
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // Some file systems cannot sync a directory, and return EINVAL.
        Err(cause) if cause.raw_os_error() != Some(Errno::INVAL.raw_os_error()) => Err(cause),
        _ => Ok(()),
    }
}
