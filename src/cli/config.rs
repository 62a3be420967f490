//! `hsm-ca.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::exit::CliError;
use super::global::Format;

/// The file that is read when none is named.
pub(super) const CONFIG_FILE: &str = "hsm-ca.toml";

/// The keys are the flags' names. A key that is not known is an error: a misspelt one would silently do nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ConfigFile {
    pub(super) module: Option<PathBuf>,
    pub(super) token: Option<String>,
    pub(super) pin_source: Option<String>,
    pub(super) format: Option<Format>,
    /// Variables that the module reads, such as `SOFTHSM2_CONF`. They belong to the module that is named beside them, so they
    /// win over what is set outside.
    #[serde(default)]
    pub(super) module_environment: BTreeMap<String, String>,
}

impl ConfigFile {
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let text = fs::read_to_string(path).map_err(|cause| CliError::read(path, cause))?;
        toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            // The message without the quoted source: a line of the file could hold anything.
            CliError::config(path, line, error.message())
        })
    }
}
