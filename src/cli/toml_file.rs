//! Files in TOML: configuration and profiles.

use std::path::Path;

use hsm_ca::file_trust::Owners;
use serde::de::DeserializeOwned;

use super::exit::CliError;
use super::input;

/// Reads a file. Unknown keys are refused, and only trusted users may be able to write it.
pub(super) fn read<T: DeserializeOwned>(path: &Path, owners: Owners) -> Result<T, CliError> {
    parse(path, input::read_trusted(path, owners)?)
}

/// The same for bytes that were already read.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, bytes: Vec<u8>) -> Result<T, CliError> {
    let text = String::from_utf8(bytes).map_err(|_| CliError::config(path, None, "it is not UTF-8 text"))?;
    toml::from_str(&text).map_err(|error| {
        let line = error
            .span()
            .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        // The message without the quoted line, which could contain anything.
        CliError::config(path, line, error.message())
    })
}
