//! The list of refused keys that the settings name.

use std::sync::Arc;

use hsm_ca::ceremony::Digest;
use hsm_ca::file_trust::Owners;
use hsm_ca::signer::KeyList;

use super::Settings;
use crate::cli::exit::CliError;
use crate::cli::input;

impl Settings {
    /// The list of refused keys.
    pub(in crate::cli) fn refused_keys(&self) -> Result<Option<Arc<KeyList>>, CliError> {
        Ok(self.refused_keys_with_digest()?.map(|(list, _)| list))
    }

    /// The same with the SHA-256 of the file.
    pub(in crate::cli) fn refused_keys_with_digest(
        &self,
    ) -> Result<Option<(Arc<KeyList>, Digest)>, CliError> {
        let Some(path) = &self.refused_keys else {
            return Ok(None);
        };
        let bytes = input::read_trusted_list(path, Owners::Any)?;
        let list = KeyList::read(&bytes).map_err(|error| CliError::config(path, None, &error.to_string()))?;
        Ok(Some((Arc::new(list), Digest::of(&bytes))))
    }
}
