//! The files behind a connection. SQLite keeps writing to the file that it opened, even if another file has the name by now.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::{LedgerError, LedgerPlace};

/// Device and inode.
type FileId = Option<(u64, u64)>;

/// The ledger's file and its write-ahead log at the time of opening.
#[derive(Debug)]
pub(super) struct Place {
    file: FileId,
    log: FileId,
}

pub(super) fn file_of(path: &Path) -> FileId {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

fn log_of(path: &Path) -> FileId {
    file_of(&log(path))
}

/// Whether the log of a file has data.
pub(super) fn has_log(path: &Path) -> bool {
    fs::metadata(log(path)).is_ok_and(|found| found.len() > 0)
}

fn log(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

impl Place {
    /// Called after opening. `before` is the file that had the name just before.
    pub(super) fn of(path: &Path, before: FileId) -> Result<Self, LedgerError> {
        let place = Self {
            file: before,
            log: log_of(path),
        };
        place.refuse_replaced(path)?;
        Ok(place)
    }

    /// Refuses if another file has the name or the log was removed: recorded events would be lost.
    pub(super) fn refuse_replaced(&self, path: &Path) -> Result<(), LedgerError> {
        let log_is_there = self.log.is_none() || self.log == log_of(path);
        if self.file.is_some() && self.file == file_of(path) && log_is_there {
            return Ok(());
        }
        Err(LedgerError::Replaced {
            place: LedgerPlace::file(path),
        })
    }
}
