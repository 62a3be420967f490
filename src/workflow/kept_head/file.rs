//! A head that is kept in a file.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::NamedTempFile;

use super::{KeptHead, KeptHeadError, LONGEST};
use crate::file_trust::{self, Owners, TrustError};
use crate::workflow::WorkflowError;

pub(in crate::workflow) fn place_of(path: &Path) -> String {
    format!("in {}", path.display())
}

/// The head in a file. None if the file does not exist yet.
pub(in crate::workflow) fn in_file(path: &Path) -> Result<Option<KeptHead>, WorkflowError> {
    match file_trust::open(path, Owners::Own) {
        Err(TrustError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error.to_string())),
        Ok(file) => read_file(path, file).map(Some),
    }
}

fn read_file(path: &Path, mut file: File) -> Result<KeptHead, WorkflowError> {
    let mut bytes = Vec::new();
    let read = Read::by_ref(&mut file).take(LONGEST).read_to_end(&mut bytes);
    read.map_err(|cause| unreadable(path, cause.to_string()))?;
    KeptHead::parse(&bytes)
        .ok_or_else(|| unreadable(path, "it is not in the form that this program writes".to_owned()))
}

fn unreadable(path: &Path, reason: String) -> WorkflowError {
    KeptHeadError::Unreadable {
        place: place_of(path),
        reason,
    }
    .into()
}

/// Writes the head to a file, whole or not at all, if it is higher than the one there. The process that raises it holds a lock on the
/// existing file, which no other user can open.
pub(in crate::workflow) fn raise_in_file(path: &Path, now: &KeptHead) -> Result<(), WorkflowError> {
    write_file(path, now, false)
}

/// Writes the head to a file whatever is there.
pub(in crate::workflow) fn replace_file(path: &Path, now: &KeptHead) -> Result<(), WorkflowError> {
    write_file(path, now, true)
}

/// Refuses a path at which no file could be written, before there is a head to write. Nothing is left there.
pub(in crate::workflow) fn try_file(path: &Path) -> Result<(), WorkflowError> {
    new_file(path, "").map(drop)
}

fn write_file(path: &Path, now: &KeptHead, whatever: bool) -> Result<(), WorkflowError> {
    let io = |cause: io::Error| unwritable(path, cause.to_string());
    let write = || new_file(path, &format!("{now}\n"));
    loop {
        let held = match file_trust::open(path, Owners::Own) {
            Ok(held) => held,
            Err(TrustError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
                match write()?.persist_noclobber(path) {
                    Ok(_) => break,
                    Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => continue,
                    Err(error) => return Err(io(error.error)),
                }
            }
            Err(error) => return Err(unreadable(path, error.to_string())),
        };
        held.lock().map_err(io)?;
        let (mine, there) = (held.metadata().map_err(io)?, fs::metadata(path).map_err(io)?);
        if (mine.dev(), mine.ino()) != (there.dev(), there.ino()) {
            // Someone else was first.
            continue;
        }
        let kept = read_file(path, held.try_clone().map_err(io)?)?;
        if !whatever && kept.head.count >= now.head.count {
            return Ok(());
        }
        write()?.persist(path).map_err(|error| io(error.error))?;
        break;
    }
    File::open(directory_of(path))
        .and_then(|directory| directory.sync_all())
        .map_err(io)
}

/// A file with this text that has no name of its own yet, beside `path`. It is removed when it is dropped.
fn new_file(path: &Path, text: &str) -> Result<NamedTempFile, WorkflowError> {
    let directory = directory_of(path);
    file_trust::check_directory(directory).map_err(|error| unwritable(path, error.to_string()))?;
    let write = || -> io::Result<NamedTempFile> {
        let mut file = tempfile::Builder::new()
            .prefix(".hsm-ca-")
            .suffix(".tmp")
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(|cause| unwritable(path, cause.to_string()))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn unwritable(path: &Path, reason: String) -> WorkflowError {
    KeptHeadError::Unwritable {
        place: place_of(path),
        reason,
    }
    .into()
}
