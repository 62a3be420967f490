//! The files of a run. Each is written completely and synced, and never replaces another.

use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::RunError;
use crate::output::make_temporary;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::regular_file::read_file;

/// Creates a directory (0700) if it does not exist.
pub(super) fn ensure_directory(path: &Path) -> Result<(), WorkflowError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(sync_parent(path)?),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(cause) => Err(failed(path, cause).into()),
    }
}

/// Writes a file (0600). If it exists, it must have the same bytes: an interrupted run wrote it.
pub(super) fn write_once(path: &Path, content: &[u8]) -> Result<(), WorkflowError> {
    match read_file(path) {
        Ok(found) if found == content => return Ok(()),
        Ok(_) => return Err(failed(path, io::Error::other("it has other content")).into()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        Err(cause) => return Err(failed(path, cause).into()),
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    let write = || {
        let mut file = make_temporary(directory, 0o600)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)
    };
    write().map_err(|cause| failed(path, cause))?;
    Ok(sync_parent(path)?)
}

pub(super) fn sync_parent(path: &Path) -> Result<(), RunError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let synced = File::open(parent).and_then(|parent| parent.sync_all());
    synced.map_err(|cause| failed(path, cause))
}

pub(super) fn failed(path: &Path, cause: io::Error) -> RunError {
    RunError::File {
        path: path.to_owned(),
        cause,
    }
}
