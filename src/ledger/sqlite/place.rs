//! The files behind a connection. SQLite keeps writing to the file that it opened, even if another file has the name by now.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::super::{LedgerError, LedgerPlace};
use super::audit_stamp::beside;

/// Device and inode.
type FileId = Option<(u64, u64)>;

/// The ledger's file, its write-ahead log, and the index of the log that all processes share, at the time of opening.
#[derive(Debug)]
pub(super) struct Place {
    file: FileId,
    log: FileId,
    /// With another index, two processes do not see what the other commits, and overwrite it.
    index: FileId,
}

pub(super) fn file_of(path: &Path) -> FileId {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Whether the log of a file has data.
pub(super) fn has_log(path: &Path) -> bool {
    fs::metadata(beside(path, LOG)).is_ok_and(|found| found.len() > 0)
}

/// The suffixes of SQLite's names for them.
const LOG: &str = "-wal";
const INDEX: &str = "-shm";

impl Place {
    /// Called after opening. `before` is the file that had the name just before.
    pub(super) fn of(path: &Path, before: FileId) -> Result<Self, LedgerError> {
        let place = Self {
            file: before,
            log: file_of(&beside(path, LOG)),
            index: file_of(&beside(path, INDEX)),
        };
        place.refuse_replaced(path)?;
        Ok(place)
    }

    /// Refuses if another file has the name, or if the log or its index was removed: recorded events would be lost.
    pub(super) fn refuse_replaced(&self, path: &Path) -> Result<(), LedgerError> {
        let is_there = |file: FileId, suffix| file.is_none() || file == file_of(&beside(path, suffix));
        let is_complete = is_there(self.log, LOG) && is_there(self.index, INDEX);
        if self.file.is_some() && self.file == file_of(path) && is_complete {
            return Ok(());
        }
        Err(LedgerError::Replaced {
            place: LedgerPlace::file(path),
        })
    }
}
