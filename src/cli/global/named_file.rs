//! Files that the settings name.

use std::path::{Path, PathBuf};

use hsm_ca::file_trust::{self, Owners, TrustError};

use crate::cli::exit::CliError;

/// Who named a file: the user, or a settings file that was only found. The latter may name only files that belong to this user or root, as it
/// must itself.
#[derive(Debug)]
pub(super) struct NamedBy {
    /// The settings file, if it was found.
    found: Option<PathBuf>,
}

impl NamedBy {
    pub(super) const fn settings(found: Option<PathBuf>) -> Self {
        Self { found }
    }

    /// Checks a file or directory that the settings file names. What does not exist is reported when it is needed.
    pub(super) fn check(&self, path: &Path) -> Result<(), CliError> {
        let owners = match self.found {
            Some(_) => Owners::Own,
            None => Owners::Any,
        };
        let checked = match path {
            file if file.is_file() => file_trust::check_file(file, owners),
            directory if directory.is_dir() => file_trust::check_directory(directory),
            _ => return Ok(()),
        };
        checked.map(drop).map_err(|cause| match &self.found {
            Some(settings) if !matches!(cause, TrustError::Io { .. }) => CliError::NamedByFound {
                path: path.to_owned(),
                settings: settings.clone(),
                cause: Box::new(cause),
            },
            _ => CliError::trust(path, owners, cause),
        })
    }

    /// Checks a file if a found settings file names it. Other files are checked when they are opened.
    pub(super) fn check_now(&self, path: Option<&Path>) -> Result<(), CliError> {
        match (&self.found, path) {
            (Some(_), Some(path)) => self.check(path),
            _ => Ok(()),
        }
    }
}
