//! The files of this program itself. No output replaces them, even with `--force`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hsm_ca::ledger::LedgerUrl;
use hsm_ca::output::database_files;

use super::{HeadPlace, Settings};
use crate::cli::exit::CliError;

impl Settings {
    /// The configuration, the module, the PIN, and the ledger with the files that SQLite and this program keep beside it (beside the target
    /// of a link).
    pub(super) fn own_paths(&self) -> Vec<PathBuf> {
        let named = [&self.config_file, &self.module, &self.refused_keys];
        let mut own: Vec<_> = named.into_iter().flatten().cloned().collect();
        let pin = self
            .pin_source
            .as_deref()
            .and_then(|source| source.strip_prefix("file:"));
        own.extend(pin.map(PathBuf::from));
        let password = self.ledger.password_source.as_deref();
        own.extend(
            password
                .and_then(|source| source.strip_prefix("file:"))
                .map(PathBuf::from),
        );
        if let HeadPlace::File(path) = &self.guards.place {
            own.push(path.clone());
        }
        let ledger = self.ledger();
        if let Ok(LedgerUrl::Sqlite(path)) = &ledger {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            own.extend(database_files(&real));
        }
        #[cfg(feature = "postgres")]
        if let Ok(LedgerUrl::Postgres(place)) = &ledger {
            own.extend(place.files());
        }
        own
    }

    /// The same, to check outputs against.
    pub(in crate::cli) fn own_files(&self) -> OwnFiles {
        OwnFiles {
            paths: self.own_paths().iter().filter_map(|own| real_path(own)).collect(),
            directories: Mutex::default(),
        }
    }

    /// Refuses an output that would replace one of these, even one that does not exist yet.
    pub(in crate::cli) fn refuse_own_file(&self, output: &Path) -> Result<(), CliError> {
        self.own_files().refuse(output)
    }
}

/// The paths of this program's own files.
#[derive(Debug)]
pub(in crate::cli) struct OwnFiles {
    paths: Vec<PathBuf>,
    /// The real path of each directory of an output. A batch has a thousand outputs in one.
    directories: Mutex<HashMap<PathBuf, Option<PathBuf>>>,
}

impl OwnFiles {
    /// Refuses an output that would replace one of these.
    pub(in crate::cli) fn refuse(&self, output: &Path) -> Result<(), CliError> {
        if output != Path::new("-") && self.has(output) {
            return Err(CliError::options(format!(
                "{} is a settings file of this program, or the ledger: name another file for the output",
                output.display()
            )));
        }
        Ok(())
    }

    fn has(&self, output: &Path) -> bool {
        let is_link = || output.symlink_metadata().is_ok_and(|found| found.is_symlink());
        let real = match (output.parent(), output.file_name()) {
            (Some(directory), Some(name)) if !is_link() => {
                self.real_directory(directory).map(|real| real.join(name))
            }
            _ => real_path(output),
        };
        real.is_some_and(|real| self.paths.contains(&real))
    }

    fn real_directory(&self, directory: &Path) -> Option<PathBuf> {
        let mut known = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(real) = known.get(directory) {
            return real.clone();
        }
        let named = match directory.as_os_str().is_empty() {
            true => Path::new("."),
            false => directory,
        };
        let real = named.canonicalize().ok();
        known.insert(directory.to_owned(), real.clone());
        real
    }
}

/// The canonical path of a file. If it does not exist yet, its directory must.
fn real_path(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().or_else(|| {
        let absolute = std::path::absolute(path).ok()?;
        Some(
            absolute
                .parent()?
                .canonicalize()
                .ok()?
                .join(absolute.file_name()?),
        )
    })
}
