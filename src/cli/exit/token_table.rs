//! The table's part about the token.

use hsm_ca::token::TokenError;

use super::table::Row;
use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_token(error: &TokenError) -> Row {
    match error {
        TokenError::Module { .. } => (
            "module",
            UNAVAILABLE,
            Some(
                "look at the path; SoftHSM is Debian's softhsm2, CloudHSM's is /opt/cloudhsm/lib/libcloudhsm_pkcs11.so",
            ),
        ),
        TokenError::NoToken { .. } => (
            "no-token",
            UNAVAILABLE,
            Some("`hsm-ca token list` shows the tokens; SoftHSM finds its own by SOFTHSM2_CONF"),
        ),
        TokenError::SeveralTokens { .. } => (
            "several-tokens",
            USAGE,
            Some("name one by its serial number: --token 'pkcs11:serial=…'"),
        ),
        TokenError::PinIncorrect { .. } => (
            "pin-incorrect",
            UNAVAILABLE,
            Some(
                "it was tried once and is not tried again; on CloudHSM the PIN is user:password of a crypto user",
            ),
        ),
        TokenError::PinLocked { .. } => (
            "pin-locked",
            UNAVAILABLE,
            Some("the security officer sets a new PIN"),
        ),
        TokenError::PinFinalTry { .. } => (
            "pin-final-try",
            UNAVAILABLE,
            Some("log in with another program first, with a PIN you are sure of"),
        ),
        TokenError::PinNotInitialised { .. } => {
            ("pin-not-set", UNAVAILABLE, Some("the security officer sets it"))
        }
        TokenError::PinLength { .. } => ("pin-incorrect", UNAVAILABLE, None),
        TokenError::WriteProtected { .. } => ("write-protected", UNAVAILABLE, None),
        TokenError::NoKey { .. } => ("no-key", REFUSED, Some("`hsm-ca key list` shows the keys")),
        TokenError::SeveralKeys { .. } => (
            "several-keys",
            REFUSED,
            Some("name one by its id: --key 'pkcs11:id=%…'"),
        ),
        TokenError::Memory(_) => (
            "memory",
            FAILED,
            Some("raise the limit of locked memory (ulimit -l)"),
        ),
        TokenError::NoPublicKey { .. } => ("no-public-key", REFUSED, None),
        TokenError::NoRoute { .. } => (
            "no-route",
            REFUSED,
            Some("`hsm-ca doctor` shows the routes that this token can go"),
        ),
        TokenError::ContentKey { .. } => (
            "envelope",
            REFUSED,
            Some("nothing was put on the token; find out what is between here and KMS"),
        ),
        TokenError::UnfitRecipient { .. } => (
            "unfit-recipient-key",
            REFUSED,
            Some("delete that key, and make one with `hsm-ca kms recipient-key`"),
        ),
        _ => ("token", UNAVAILABLE, None),
    }
}
