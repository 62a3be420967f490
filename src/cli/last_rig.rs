//! Remembers the last rig, for a shell that has not sourced its `env.sh`.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use hsm_ca::file_trust::{self, Owners};
use hsm_ca::workflow::{Rig, rig_files};
use tempfile::NamedTempFile;

use super::lock_directory::{places, state_directory};
use super::report::printable;
use super::shell::quote;

/// The file with the rig's directory.
const NAME: &str = "last-rig";

/// The longest path (limits.h, PATH_MAX).
const LONGEST: u64 = 4096;

/// Saves the rig's directory. Failures are ignored: this is only a convenience.
pub(super) fn remember(rig: &Rig) {
    let write = |directory: PathBuf| {
        let mut file = NamedTempFile::new_in(&directory)?;
        writeln!(file, "{}", rig.directory.display())?;
        file.persist(directory.join(NAME)).map_err(|error| error.error)
    };
    let _ = state_directory().map(write);
}

/// The command that loads the last rig's settings into this shell, if the rig still exists. The note and the rig are ignored if another
/// user could have written them.
pub(super) fn command() -> Option<String> {
    let directory = places()
        .into_iter()
        .find_map(|(base, name)| read(&base.join(name).join(NAME)))?;
    file_trust::check_directory(&directory).ok()?;
    let environment = rig_files(&directory)
        .into_iter()
        .find(|file| file.extension().is_some_and(|extension| extension == "sh"))?;
    file_trust::check_file(&environment, Owners::Own).ok()?;
    Some(format!(
        ". {}",
        printable(&quote(&environment.display().to_string()))
    ))
}

fn read(note: &Path) -> Option<PathBuf> {
    let mut text = String::new();
    let file = file_trust::open(note, Owners::Own).ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    let directory = PathBuf::from(text.strip_suffix('\n')?);
    fs::symlink_metadata(&directory)
        .is_ok_and(|found| directory.is_absolute() && found.is_dir())
        .then_some(directory)
}
