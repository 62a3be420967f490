//! Files that no output replaces, and directories that no output goes into.

use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Files in a directory that show that a token keeps its keys there or in a directory below: SoftHSM, opencryptoki.
const STORE_MARKS: [&str; 2] = ["token.object", "NVTOK.DAT"];

/// Files that no output replaces, even with `--force`: what the job itself reads, its settings, the PIN of its keys. Directories that no output
/// goes into: those where a token keeps its keys. Both are identified by device and inode, not by name. Clones share one list, so files that
/// are read later are protected too.
#[derive(Clone, Debug, Default)]
pub struct Protected(Arc<Mutex<Lists>>);

#[derive(Debug, Default)]
struct Lists {
    files: HashSet<(u64, u64)>,
    directories: HashSet<(u64, u64)>,
    /// Directories of outputs, and the protected directory that each is in. A batch has a thousand outputs in one.
    seen: HashMap<PathBuf, Option<PathBuf>>,
}

impl Protected {
    /// Protects this file.
    pub fn add(&self, file: &Metadata) {
        self.with(|lists| lists.files.insert(identity(file)));
    }

    /// Protects this directory and everything below it.
    pub fn add_directory(&self, directory: &Metadata) {
        self.with(|lists| {
            lists.seen.clear();
            lists.directories.insert(identity(directory))
        });
    }

    /// Whether the file is protected.
    #[must_use]
    pub fn has(&self, file: &Metadata) -> bool {
        self.with(|lists| lists.files.contains(&identity(file)))
    }

    /// The protected directory that this directory is, or is in. A token's store is one, even if it was not added.
    #[must_use]
    pub fn directory_above(&self, directory: &Path) -> Option<PathBuf> {
        self.with(|lists| lists.directory_above(directory))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Lists) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Lists {
    fn directory_above(&mut self, directory: &Path) -> Option<PathBuf> {
        if let Some(known) = self.seen.get(directory) {
            return known.clone();
        }
        let found = match self.is_protected(directory) {
            true => Some(directory.to_owned()),
            false => parent_of(directory).and_then(|parent| self.directory_above(&parent)),
        };
        self.seen.insert(directory.to_owned(), found.clone());
        found
    }

    fn is_protected(&self, directory: &Path) -> bool {
        let is_listed = directory
            .metadata()
            .is_ok_and(|found| self.directories.contains(&identity(&found)));
        is_listed
            || STORE_MARKS
                .iter()
                .any(|mark| directory.join(mark).symlink_metadata().is_ok())
    }
}

/// The directory above, through links and `..`.
fn parent_of(directory: &Path) -> Option<PathBuf> {
    let is_plain = matches!(directory.components().next_back(), Some(Component::Normal(_)))
        && fs::symlink_metadata(directory).is_ok_and(|found| found.is_dir());
    let above = directory
        .parent()
        .filter(|above| is_plain && !above.as_os_str().is_empty());
    match above {
        Some(above) => Some(above.to_owned()),
        None => directory.canonicalize().ok()?.parent().map(Path::to_owned),
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
