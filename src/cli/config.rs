//! `hsm-ca.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::exit::CliError;
use super::global::Format;
use super::toml_file;

/// The file that is read when none is named.
pub(super) const CONFIG_FILE: &str = "hsm-ca.toml";

/// The keys are the flags' names. A key that is not known is an error: a misspelt one would silently do nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ConfigFile {
    pub(super) module: Option<PathBuf>,
    pub(super) token: Option<String>,
    pub(super) pin_source: Option<String>,
    pub(super) ledger: Option<String>,
    pub(super) format: Option<Format>,
    /// Variables that the module reads, such as `SOFTHSM2_CONF`. They belong to the module that is named beside them, so they
    /// win over what is set outside.
    #[serde(default)]
    pub(super) module_environment: BTreeMap<String, String>,
}

impl ConfigFile {
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let config: Self = toml_file::read(path)?;
        if let Some(name) = config
            .module_environment
            .keys()
            .find(|name| !is_for_a_module(name))
        {
            let reason = format!("[module-environment] cannot set {name:?}");
            return Err(CliError::config(path, None, &reason));
        }
        Ok(config)
    }
}

/// Not what steers this program or the loader: a file in the working directory must not be able to run code.
fn is_for_a_module(name: &str) -> bool {
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name
        && !["LD_", "HSM_CA_", "GCONV_", "GLIBC_", "MALLOC_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        && name != "PATH"
}
