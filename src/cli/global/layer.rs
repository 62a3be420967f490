//! The settings for the token from one of three sources.

use std::path::PathBuf;

use hsm_ca::token::Pkcs11Uri;

use crate::cli::exit::CliError;

/// The settings of one source: the command line, the environment, or the file.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) module: Option<PathBuf>,
    pub(super) token: Option<String>,
    pub(super) pin_source: Option<String>,
}

impl Layer {
    /// `module-path` and `pin-source` in a token's URI rank with the source of the URI, but below its explicit settings.
    pub(super) fn with_uri(mut self, origin: &str) -> Result<Self, CliError> {
        if let Some(token) = self
            .token
            .as_deref()
            .filter(|token| token.starts_with(Pkcs11Uri::SCHEME))
        {
            let uri = Pkcs11Uri::parse(token).map_err(|error| CliError::uri(origin, error))?;
            self.module = self.module.or_else(|| uri.module_path.map(PathBuf::from));
            self.pin_source = self.pin_source.or(uri.pin_source);
        }
        Ok(self)
    }
}
