//! The ledger that the options name, and the place of its kept head.

use std::path::Path;
#[cfg(feature = "postgres")]
use std::sync::Arc;

use hsm_ca::ledger::{Head, LedgerUrl};
use hsm_ca::workflow::HeadPlace;

use super::{DEFAULT_ORIGIN, HERE, Settings};
use crate::cli::exit::CliError;
#[cfg(feature = "postgres")]
use crate::cli::lock_directory::state_directory;
#[cfg(feature = "postgres")]
use crate::cli::pin::read_ledger_password;

impl Settings {
    /// The same, ready to open: with the password, if a server may ask for one.
    pub(in crate::cli) fn ledger_to_open(&self) -> Result<LedgerUrl, CliError> {
        self.to_open(self.ledger()?)
    }

    /// The ledger that an argument names, ready to open.
    pub(in crate::cli) fn ledger_of(&self, origin: &'static str, url: &str) -> Result<LedgerUrl, CliError> {
        let url = LedgerUrl::parse(url).map_err(|cause| CliError::LedgerUrl { origin, cause })?;
        self.to_open(url)
    }

    /// The same, with the password, if any, and the directory for copies of large ledgers.
    #[cfg(feature = "postgres")]
    fn to_open(&self, url: LedgerUrl) -> Result<LedgerUrl, CliError> {
        let LedgerUrl::Postgres(mut place) = url else {
            return Ok(url);
        };
        if let Some(directory) = state_directory() {
            place = place.with_copies_in(directory);
        }
        let Some(source) = &self.ledger.password_source else {
            return Ok(LedgerUrl::Postgres(place));
        };
        let password = match self.ledger.password.get() {
            Some(password) => password,
            None => {
                let password = Arc::new(read_ledger_password(source, &self.pins)?);
                self.ledger.password.get_or_init(|| password)
            }
        };
        Ok(LedgerUrl::Postgres(place.with_password(Arc::clone(password))))
    }

    #[cfg(not(feature = "postgres"))]
    fn to_open(&self, url: LedgerUrl) -> Result<LedgerUrl, CliError> {
        Ok(url)
    }

    /// Whether a setting names the ledger.
    pub(in crate::cli) fn names_ledger(&self) -> bool {
        self.ledger.origin != DEFAULT_ORIGIN
    }

    /// The error for a missing ledger: the full path, and the setting that names it.
    pub(in crate::cli) fn no_ledger(&self) -> CliError {
        let place = match self.ledger() {
            Ok(LedgerUrl::Sqlite(path)) => LedgerUrl::Sqlite(std::path::absolute(&path).unwrap_or(path)),
            Ok(place) => place,
            Err(error) => return error,
        };
        let origin = match (self.ledger.origin, &self.config_file) {
            (DEFAULT_ORIGIN, Some(file)) => format!("{DEFAULT_ORIGIN} (beside {})", file.display()),
            (DEFAULT_ORIGIN, None) => HERE.to_owned(),
            (origin, _) => origin.to_owned(),
        };
        CliError::NoLedger {
            place: Box::new(place),
            origin,
        }
    }
}

/// The head of a ledger or of a ceremony's transcript.
pub(super) fn read_head(text: &str) -> Result<Head, &'static str> {
    let wrong = "it must be COUNT:HASH, as `ledger verify` prints it for a ledger, and `ceremony run` for a transcript";
    text.parse().map_err(|_| wrong)
}

/// Flag before environment before file. A relative path in the file is relative to it.
pub(super) fn head_place(
    flag: Option<String>,
    environment: Option<String>,
    file: Option<String>,
    directory: &Path,
) -> Result<HeadPlace, CliError> {
    let said = [
        (flag, "--ledger-head", None),
        (environment, "HSM_CA_LEDGER_HEAD", None),
        (file, "`ledger-head` in the configuration file", Some(directory)),
    ];
    let said = said
        .into_iter()
        .find_map(|(text, origin, directory)| Some((text?, origin, directory)));
    let Some((text, origin, directory)) = said else {
        return Ok(HeadPlace::default());
    };
    match (HeadPlace::parse(&text), directory) {
        (Some(HeadPlace::File(path)), Some(directory)) => Ok(HeadPlace::File(directory.join(path))),
        (Some(place), _) => Ok(place),
        (None, _) => Err(CliError::options(format!(
            "{origin} is {text:?}; it must be token, file:PATH or none"
        ))),
    }
}
