//! `doctor`: is everything there that the jobs need? Each check tells what it found and, where something is missing, what to do.

use crate::token::{ImportRoute, PinTries, Session, Token};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// As it should be.
    Passed,
    /// Told, and neither good nor bad.
    Noted,
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

    /// Told, and neither good nor bad.
    #[must_use]
    pub fn noted(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Noted,
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
    let kind = match token.kind() {
        Ok("PKCS#11") => Check::noted("kind", "not known here: spoken to as PKCS#11 says"),
        Ok(kind) => Check::passed("kind", kind),
        Err(error) => Check::failed("kind", error.to_string()),
    };
    let mut checks = vec![Check::passed("token", found), kind];
    if let Ok(Some(caveat)) = token.caveat() {
        checks.push(Check::noted("caveat", caveat));
    }
    checks.extend([pin, writable]);
    checks
}

/// Whether the login went well, and what keys are there.
#[must_use]
pub fn check_login(session: &Session) -> Check {
    match session.keys() {
        Ok(keys) => Check::passed("login", format!("as user; {} key objects", keys.len())),
        Err(error) => Check::failed("login", format!("logged in, but: {error}")),
    }
}

/// Which ways a key from KMS can get into the token; the first is what `--route auto` takes.
#[must_use]
pub fn check_import_routes(token: &Token) -> Vec<Check> {
    const NAME: &str = "import route";
    let mut checks = Vec::new();
    let mut open = false;
    for route in ImportRoute::ALL {
        checks.push(match token.closed_route(route, None) {
            Ok(None) => {
                open |= route != ImportRoute::CreateObject;
                let note = match route {
                    ImportRoute::Sealed => " (with an attestation document)",
                    ImportRoute::CreateObject => {
                        " (only when it is named: the plaintext crosses the PKCS#11 call)"
                    }
                    _ => "",
                };
                Check::passed(NAME, format!("{route}{note}"))
            }
            Ok(Some(closed)) => Check::noted(NAME, format!("not {closed}")),
            Err(error) => Check::failed(NAME, error.to_string()),
        });
    }
    if !open {
        checks.push(Check::warning(
            NAME,
            "none that keeps the plaintext out of the PKCS#11 call",
        ));
    }
    checks
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
