//! Files that no output replaces.

use std::collections::HashSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};

/// Files that no output replaces, even with `--force`: what the job itself reads, its settings, the PIN of its keys. A file is identified by
/// device and inode, not by name. Clones share one list, so files that are read later are protected too.
#[derive(Clone, Debug, Default)]
pub struct Protected(Arc<Mutex<HashSet<(u64, u64)>>>);

impl Protected {
    /// Protects this file.
    pub fn add(&self, file: &Metadata) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(identity(file));
    }

    /// Whether it is protected.
    #[must_use]
    pub fn has(&self, file: &Metadata) -> bool {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.contains(&identity(file))
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
