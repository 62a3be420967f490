//! `doctor`: is everything there that the jobs need? Each check tells what it found and, where something is missing, what to do.

use crate::token::{ImportRoute, PinTries, Session, Token};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// As it should be.
    Passed,
    /// It works, with a limit.
    Warning,
    /// It does not work.
    Failed,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is, as "token".
    pub name: &'static str,
    /// How it ended.
    pub state: CheckState,
    /// What was found.
    pub found: String,
}

impl Check {
    /// As it should be.
    #[must_use]
    pub fn passed(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Passed,
            found: found.into(),
        }
    }

    /// It works, with a limit.
    #[must_use]
    pub fn warning(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Warning,
            found: found.into(),
        }
    }

    /// It does not work.
    #[must_use]
    pub fn failed(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Failed,
            found: found.into(),
        }
    }
}

/// What can be seen of the token before anybody logs in.
#[must_use]
pub fn check_token(token: &Token) -> Vec<Check> {
    let description = token.description();
    let tries = description.pin_tries.to_string();
    let pin = match description.pin_tries {
        PinTries::Untouched if description.user_pin_initialised => Check::passed("PIN tries", tries),
        PinTries::Untouched => Check::failed("PIN tries", "the user PIN is not set yet"),
        PinTries::Low => Check::warning("PIN tries", tries),
        PinTries::Final | PinTries::Locked => Check::failed("PIN tries", tries),
    };
    let writable = if description.write_protected {
        Check::warning(
            "writable",
            "the token is write-protected: nothing can be imported",
        )
    } else {
        Check::passed("writable", "yes")
    };
    let found = format!(
        "{description}, {} {}",
        description.manufacturer, description.model
    );
    vec![Check::passed("token", found), pin, writable]
}

/// Whether the login went well, and what keys are there.
#[must_use]
pub fn check_login(session: &Session) -> Check {
    match session.keys() {
        Ok(keys) => Check::passed("login", format!("as user; {} key objects", keys.len())),
        Err(error) => Check::failed("login", format!("logged in, but: {error}")),
    }
}

/// Whether the token can take a key from KMS.
#[must_use]
pub fn check_import_route(token: &Token) -> Check {
    const NAME: &str = "import route";
    match token.missing_for_import(ImportRoute::OaepAesKwp) {
        Ok(missing) if missing.is_empty() => Check::passed(NAME, ImportRoute::OaepAesKwp.to_string()),
        Ok(missing) => Check::warning(
            NAME,
            format!("none: {} needs {}", ImportRoute::OaepAesKwp, missing.join(", ")),
        ),
        Err(error) => Check::failed(NAME, error.to_string()),
    }
}

/// Whether the token has the mechanisms that sign.
#[must_use]
pub fn check_signing(token: &Token) -> Check {
    const NAME: &str = "signing";
    match token.missing_for_signing() {
        Ok(missing) if missing.is_empty() => Check::passed(NAME, "RSA (CKM_RSA_PKCS) and ECDSA (CKM_ECDSA)"),
        Ok(missing) => Check::warning(NAME, format!("without {}", missing.join(", "))),
        Err(error) => Check::failed(NAME, error.to_string()),
    }
}
