//! From the settings to a module, a token, a session.

use hsm_ca::token::{KeySelector, Module, Pkcs11Uri, Session, Token, TokenError, TokenSelector};

use super::exit::CliError;
use super::global::Settings;
use super::pin::read_pin;

/// Refuses a key's name that names no key, before anybody is asked for a PIN.
pub(super) fn check_key_name(key: &str) -> Result<KeySelector, CliError> {
    KeySelector::parse(key).map_err(|error| CliError::uri("the key", error))
}

impl Settings {
    /// Loads the module.
    pub(super) fn load_module(&self) -> Result<Module, CliError> {
        let path = self.module.as_deref().ok_or(CliError::NoModule)?;
        Ok(Module::load(path)?)
    }

    /// Finds the token. `key` may be a URI that names one too; the two must agree.
    pub(super) fn find_token(&self, key: Option<&str>) -> Result<Token, CliError> {
        self.find_token_of(&self.load_module()?, key)
    }

    /// As [`find_token`](Self::find_token), with a module that is loaded already: one per process.
    pub(super) fn find_token_of(&self, module: &Module, key: Option<&str>) -> Result<Token, CliError> {
        let of_key = match key.filter(|key| key.starts_with(Pkcs11Uri::SCHEME)) {
            Some(key) => TokenSelector::parse(key).map_err(|error| CliError::uri("the key", error))?,
            None => TokenSelector::default(),
        };
        let selector = match &self.token {
            Some(token) => TokenSelector::parse(token).map_err(|error| CliError::uri("--token", error))?,
            None => of_key.clone(),
        };
        let token = module.token(&selector)?;
        if !of_key.fits(token.description()) {
            let found = vec![token.description().clone()];
            return Err(TokenError::NoToken {
                wanted: of_key.to_string(),
                found,
            }
            .into());
        }
        Ok(token)
    }

    /// Finds the token and logs in, with one try.
    pub(super) fn open_session(&self, key: Option<&str>) -> Result<Session, CliError> {
        self.log_in(&self.find_token(key)?)
    }

    /// Logs in, with one try; what cannot succeed is refused before anybody is asked for a PIN.
    pub(super) fn log_in(&self, token: &Token) -> Result<Session, CliError> {
        token.check_login()?;
        if token.description().protected_authentication_path {
            return Ok(token.login(None)?);
        }
        let pin = read_pin(
            self.pin_source.as_deref(),
            &token.description().label,
            self.no_input,
        )?;
        Ok(token.login(Some(&pin))?)
    }
}
