//! From the settings to a module, a token, a session; or to a key of AWS KMS.

use std::path::Path;
use std::thread;
use std::time::Duration;

use hsm_ca::file_trust::{self, Owners};
#[cfg(feature = "aws")]
use hsm_ca::kms::KmsKeyStore;
use hsm_ca::kms::SigningKeyName;
use hsm_ca::signer::KeyStore;
use hsm_ca::token::{KeySelector, Module, Pkcs11Uri, Session, Slots, Token, TokenError, TokenSelector};
use hsm_ca::workflow::WorkflowError;

use super::exit::CliError;
use super::global::Settings;
use super::pin::{check_source, read_pin};
use super::recorder::who;

/// The waits before a module that shows no token, but may have one, looks for it again, in milliseconds.
const LOOKING_AGAIN: [u64; 3] = [10, 20, 40];

/// Why a command does not accept a KMS key.
#[cfg(feature = "aws")]
const NOT_HERE: &str = "and this command is for keys on the token";
#[cfg(not(feature = "aws"))]
const NOT_HERE: &str = "and this program was built without the feature aws";

fn is_no_token(error: &CliError) -> bool {
    let CliError::Workflow { cause, .. } = error else {
        return false;
    };
    matches!(**cause, WorkflowError::Token(TokenError::NoToken { .. }))
}

/// Refuses a malformed name of a signing key, on the token or in KMS, before the PIN prompt.
pub(super) fn check_signing_key_name(key: &str) -> Result<(), CliError> {
    if SigningKeyName::is_meant(key) {
        SigningKeyName::parse(key)?;
        return Ok(());
    }
    check_key_name(key).map(drop)
}

/// Refuses a malformed name of a key on the token, before the PIN prompt.
pub(super) fn check_key_name(key: &str) -> Result<KeySelector, CliError> {
    if SigningKeyName::is_meant(key) {
        return Err(CliError::options(format!("{key} is a KMS key, {NOT_HERE}")));
    }
    KeySelector::parse(key).map_err(|error| CliError::uri("the key", error))
}

impl Settings {
    /// Starts loading the module while the ledger is read: each takes milliseconds. `key` is as for [`open_store`](Self::open_store). An
    /// untrusted module is not loaded. Errors are reported when the module is needed.
    pub(super) fn begin_loading(&self, key: Option<&str>) {
        if key.is_some_and(SigningKeyName::is_meant) {
            return;
        }
        if let Ok(path) = self.trusted_module() {
            // This reads the environment, which must not happen while a module may change it (setenv(3)).
            let _ = who();
            self.opened.begin_loading(path.to_owned());
        }
    }

    /// Loads the module.
    pub(super) fn load_module(&self) -> Result<Module, CliError> {
        let module = match self.opened.wait_for_module() {
            Some(loaded) => loaded?,
            None => Module::load(self.trusted_module()?)?,
        };
        self.opened.keep_module(&module);
        Ok(module)
    }

    fn trusted_module(&self) -> Result<&Path, CliError> {
        let path = self.module.as_deref().ok_or(CliError::NoModule)?;
        // Without a slash, the loader searches the system's directories.
        if path.components().count() > 1 && path.exists() {
            file_trust::check_file(path, Owners::Any)
                .map_err(|cause| CliError::trust(path, Owners::Any, cause))?;
        }
        self.check_module_variables()?;
        Ok(path)
    }

    /// Finds the token. If `key` is a URI that names a token too, the two must agree.
    pub(super) fn find_token(&self, key: Option<&str>) -> Result<Token, CliError> {
        let module = self.load_module()?;
        for wait in LOOKING_AGAIN {
            let slots = module.slots()?;
            let found = self.choose_token(&slots, key);
            if !found.as_ref().is_err_and(is_no_token)
                || !slots.may_be_incomplete()
                || self.opened.has_session()
            {
                return found;
            }
            thread::sleep(Duration::from_millis(wait));
            module.look_again()?;
        }
        self.choose_token(&module.slots()?, key)
    }

    /// Like [`find_token`](Self::find_token), with slots that were already read.
    pub(super) fn choose_token(&self, slots: &Slots, key: Option<&str>) -> Result<Token, CliError> {
        let of_key = match key.filter(|key| key.starts_with(Pkcs11Uri::SCHEME)) {
            Some(key) => TokenSelector::parse(key).map_err(|error| CliError::uri("the key", error))?,
            None => TokenSelector::default(),
        };
        let selector = match &self.token {
            Some(token) => TokenSelector::parse(token).map_err(|error| CliError::uri("--token", error))?,
            None => of_key.clone(),
        };
        let token = slots.token(&selector)?;
        if !of_key.fits(token.description()) {
            let found = vec![token.description().clone()];
            return Err(TokenError::NoToken {
                wanted: of_key.to_string(),
                found,
                uninitialised: Vec::new(),
                skipped: Vec::new(),
            }
            .into());
        }
        Ok(token)
    }

    /// Opens the store of the CA's key: KMS for `kms:KEY`, without module, token or PIN; otherwise the token.
    pub(super) fn open_store(&self, key: Option<&str>) -> Result<Box<dyn KeyStore + '_>, CliError> {
        match key.filter(|key| SigningKeyName::is_meant(key)) {
            Some(key) => Ok(Box::new(open_kms_key(key)?)),
            None => Ok(Box::new(self.open_session(key)?)),
        }
    }

    /// Finds the token and logs in, with one attempt.
    pub(super) fn open_session(&self, key: Option<&str>) -> Result<&Session, CliError> {
        self.log_in(&self.find_token(key)?)
    }

    /// Logs in, with one attempt. A login that cannot succeed is refused before the PIN prompt. If the token needs no login, this logs in
    /// only with a PIN source.
    pub(super) fn log_in(&self, token: &Token) -> Result<&Session, CliError> {
        Ok(self.opened.keep_session(self.start_session(token)?))
    }

    /// Like [`log_in`](Self::log_in), for one of several tokens.
    pub(super) fn start_session(&self, token: &Token) -> Result<Session, CliError> {
        if !self.logs_in_to(token) {
            return Ok(token.open()?);
        }
        token.check_login()?;
        if token.description().protected_authentication_path {
            return Ok(token.login(None)?);
        }
        let pin = read_pin(
            self.pin_source.as_deref(),
            &self.pins,
            &token.description().label,
            self.no_input,
        )?;
        Ok(token.login(Some(pin))?)
    }

    /// Refuses tokens to which a login cannot succeed, and a source from which their PINs cannot be read. Nobody is asked, and no PIN is used up.
    pub(super) fn check_logins<'a>(&self, tokens: impl Iterator<Item = &'a Token>) -> Result<(), CliError> {
        let mut labels = Vec::new();
        for token in tokens {
            token.check_login()?;
            let description = token.description();
            if self.logs_in_to(token) && !description.protected_authentication_path {
                labels.push(description.label.as_str());
            }
        }
        check_source(self.pin_source.as_deref(), &self.pins, &labels, self.no_input)
    }

    fn logs_in_to(&self, token: &Token) -> bool {
        token.description().login_required || self.pin_source.is_some()
    }
}

/// Asks KMS for the key `kms:KEY`.
#[cfg(feature = "aws")]
pub(super) fn open_kms_key(key: &str) -> Result<KmsKeyStore, CliError> {
    Ok(KmsKeyStore::open(SigningKeyName::parse(key)?)?)
}

#[cfg(not(feature = "aws"))]
fn open_kms_key(key: &str) -> Result<Session, CliError> {
    Err(CliError::options(format!("{key} is a KMS key, {NOT_HERE}")))
}
