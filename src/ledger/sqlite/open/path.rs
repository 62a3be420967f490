//! The path of a ledger: what is there, and who could change it.

use std::fs;
use std::io;
use std::path::Path;

use crate::file_trust::{self, Owners};
use crate::ledger::{LedgerError, LedgerPlace};

pub(in crate::ledger::sqlite) fn denied(path: &Path, cause: &io::Error) -> LedgerError {
    LedgerError::Denied {
        place: LedgerPlace::file(path),
        found: cause.to_string(),
    }
}

/// Checks the path of a ledger that is to be written or created. Other users must not be able to write to the file, to a directory above it
/// (they could swap it), or to its directory, `/tmp` included (SQLite would use a log that they put there).
pub(super) fn check_place(path: &Path) -> Result<(), LedgerError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    if !fs::metadata(directory).is_ok_and(|found| found.is_dir()) {
        return Err(LedgerError::NoDirectory {
            directory: directory.to_owned(),
        });
    }
    let refused = |cause| LedgerError::OpenToOthers { cause };
    match refuse_missing(path) {
        Err(LedgerError::NotFound { .. }) => {
            return file_trust::check_directory(directory).map(drop).map_err(refused);
        }
        other => other?,
    }
    let found = fs::metadata(path).map_err(|cause| denied(path, &cause))?;
    refuse_other_kinds(path, &found)?;
    file_trust::check_file(path, Owners::Own)
        .map(drop)
        .map_err(refused)
}

/// Whether nothing is at the path, also because a file is where a directory should be.
fn is_missing(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|cause| means_missing(&cause))
}

fn means_missing(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

pub(super) fn refuse_existing(path: &Path) -> Result<(), LedgerError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(LedgerError::Exists {
            place: LedgerPlace::file(path),
        }),
        Err(cause) if means_missing(&cause) => Ok(()),
        // A directory above it that this user cannot search.
        Err(cause) => Err(denied(path, &cause)),
    }
}

/// Reports a dangling symbolic link as such: it pointed to a ledger that no longer exists.
pub(super) fn refuse_missing(path: &Path) -> Result<(), LedgerError> {
    if is_missing(path) {
        return Err(LedgerError::NotFound {
            place: LedgerPlace::file(path),
        });
    }
    match fs::metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Err(LedgerError::NotALedger {
            place: LedgerPlace::file(path),
            found: "a dangling symbolic link",
        }),
        _ => Ok(()),
    }
}

pub(super) fn refuse_other_kinds(path: &Path, found: &fs::Metadata) -> Result<(), LedgerError> {
    if found.is_file() {
        return Ok(());
    }
    Err(LedgerError::NotALedger {
        place: LedgerPlace::file(path),
        found: "not a regular file",
    })
}
