//! `doctor`: checks that everything that the jobs need is available. Each check reports what it found and, if something is missing, what to do.

mod check;
mod client_sdk;
mod cloudhsm;
mod cluster_authority;

use super::kept_head::heads_on_token;
use crate::token::{ImportRoute, KEY_PROBE_LABEL, NOTE_LABEL, PinTries, Session, Slots, Token, TokenError};

pub use check::{Check, CheckState};
pub use cloudhsm::{Client, advise, check_client, check_key_use};
pub use cluster_authority::{CLUSTER_AUTHORITY, check_authority_key, note_no_authority};

/// The slots that were skipped because their token cannot be read.
#[must_use]
pub fn check_slots(slots: &Slots) -> Vec<Check> {
    let skipped = slots.skipped().iter();
    skipped
        .map(|slot| Check::noted("slot", format!("skipped, its token cannot be read: {slot}")))
        .collect()
}

/// What the token shows before a login.
#[must_use]
pub fn check_token(token: &Token) -> Vec<Check> {
    let description = token.description();
    let tries = description.pin_tries.to_string();
    let pin = match description.pin_tries {
        PinTries::Untouched if !description.login_required => Check::noted(
            "PIN tries",
            "the token needs no login (CKF_LOGIN_REQUIRED is not set)",
        ),
        PinTries::Untouched => match token.has_user_pin() {
            Ok(true) => Check::passed("PIN tries", tries),
            Ok(false) => Check::failed("PIN tries", "the user PIN is not set yet"),
            Err(error) => Check::failed("PIN tries", error.to_string()),
        },
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
        Ok("PKCS#11") => Check::noted("kind", "unknown: used as PKCS#11 specifies"),
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

/// Whether the login succeeded, and how many keys the token has.
#[must_use]
pub fn check_login(session: &Session) -> Check {
    const NAME: &str = "login";
    match (session.count_keys(), session.user()) {
        (Ok(keys), _) if !session.is_logged_in() => Check::noted(
            NAME,
            format!("none: the token needs none and no PIN source was given; {keys} key objects"),
        ),
        (Ok(keys), Some(user)) => Check::passed(NAME, format!("as crypto user {user}; {keys} key objects")),
        (Ok(keys), None) => Check::passed(NAME, format!("as user; {keys} key objects")),
        (Err(error), _) => Check::failed(NAME, format!("the keys cannot be counted: {error}")),
    }
}

/// Whether the session can write. CloudHSM has only read-write sessions (User Guide, ki-pkcs11-sdk); an import needs one.
#[must_use]
pub fn check_session(session: &Session) -> Check {
    const NAME: &str = "session";
    match session.is_read_write() {
        Ok(true) => Check::passed(NAME, "read-write"),
        Ok(false) => Check::warning(NAME, "read-only: nothing can be imported"),
        Err(error) => Check::failed(NAME, error.to_string()),
    }
}

/// The ledger heads that are kept on the token. They are data objects, so no list of keys shows them.
#[must_use]
pub fn check_kept_heads(session: &Session) -> Check {
    const NAME: &str = "ledger head";
    match heads_on_token(session) {
        Ok(heads) => match heads.iter().map(|head| head.count).max() {
            None => Check::noted(NAME, "none is kept on the token"),
            Some(highest) => Check::passed(
                NAME,
                format!(
                    "{} kept on the token (data objects named \"{NOTE_LABEL}\"); the highest is event {highest}",
                    heads.len()
                ),
            ),
        },
        Err(error) => Check::failed(NAME, error.to_string()),
    }
}

/// Whether a key can be made on the token: makes one and destroys it.
#[must_use]
pub fn check_new_key(session: &Session) -> Check {
    const NAME: &str = "new key";
    match session.try_new_key() {
        Ok(0) => Check::passed(NAME, "one was made on the token, and destroyed"),
        Ok(left) => Check::passed(
            NAME,
            format!("one was made on the token, and destroyed with {left} left by an earlier attempt"),
        ),
        // tpm2-pkcs11 makes no secret keys.
        Err(TokenError::Call { function, value, .. })
            if ["CKR_FUNCTION_NOT_SUPPORTED", "CKR_MECHANISM_INVALID"].contains(&value.as_str()) =>
        {
            Check::noted(
                NAME,
                format!("not tried: the token cannot make AES keys: {function}: {value}"),
            )
        }
        Err(error) => match session.token().is_cloudhsm() {
            Ok(true) => cloudhsm::refused_key(NAME, &error),
            _ => Check::failed(NAME, error.to_string()),
        },
    }
}

/// Whether an interrupted key probe left its key on the token. The key has no usage, but it should not stay.
#[must_use]
pub fn check_left_key_probes(session: &Session) -> Option<Check> {
    const NAME: &str = "new key";
    match session.count_left_key_probes() {
        Ok(0) => None,
        Ok(left) => {
            let found = format!("{left} left on the token by an interrupted attempt, \"{KEY_PROBE_LABEL}\"");
            Some(Check::warning(NAME, found))
        }
        Err(error) => Some(Check::failed(NAME, error.to_string())),
    }
}

/// The routes by which a key from KMS can get into the token. `--route auto` uses the first.
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
                        " (only if it is named: the plaintext crosses the PKCS#11 call)"
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
    match token.signs_with() {
        Ok((present, missing)) if missing.is_empty() => Check::passed(NAME, present.join(" and ")),
        Ok((present, missing)) => {
            let without = format!("without {}", missing.join(", "));
            let found: Vec<_> = present.into_iter().chain([without]).collect();
            Check::warning(NAME, found.join(", "))
        }
        Err(error) => Check::failed(NAME, error.to_string()),
    }
}
