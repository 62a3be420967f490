//! The configuration file: the one that was named, or the one in the working directory.

use std::env;
use std::path::{Path, PathBuf};

use hsm_ca::file_trust::Owners;

use crate::cli::config::{CONFIG_FILE, ConfigFile};
use crate::cli::exit::CliError;

/// The configuration file, and the directory for its relative paths.
#[derive(Debug, Default)]
pub(in crate::cli) struct FoundConfig {
    pub(super) config: ConfigFile,
    pub(super) directory: PathBuf,
    pub(super) path: Option<PathBuf>,
    /// Nobody named it.
    pub(super) was_found: bool,
}

impl FoundConfig {
    /// The named file, or `hsm-ca.toml` in the working directory if it exists, and its directory. A file that was found and not named must
    /// belong to this user or root, because it decides which module is loaded and gets the PIN.
    pub(super) fn read(named: Option<PathBuf>) -> Result<Self, CliError> {
        let Some((path, owners)) = settings_file(named) else {
            return Ok(Self::default());
        };
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self {
            config: ConfigFile::read(&path, owners)?,
            directory,
            path: Some(path),
            was_found: owners == Owners::Own,
        })
    }

    /// The file, if there is one.
    pub(in crate::cli) fn path(&self) -> Option<PathBuf> {
        self.path.clone()
    }
}

/// The named settings, or those in the working directory, and who may have written them.
pub(super) fn settings_file(named: Option<PathBuf>) -> Option<(PathBuf, Owners)> {
    let in_environment = || {
        env::var_os("HSM_CA_CONFIG")
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    match named.or_else(in_environment) {
        Some(path) => Some((path, Owners::Any)),
        // A link counts even if its target is missing: then reading it is the error.
        None if Path::new(CONFIG_FILE).symlink_metadata().is_ok() => {
            Some((Path::new(".").join(CONFIG_FILE), Owners::Own))
        }
        None => None,
    }
}
