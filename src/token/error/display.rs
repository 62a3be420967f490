//! Messages about a token that did not do what was requested.

use std::fmt;

use super::TokenError;
use crate::token::{KeyClass, PinForm, SkippedSlot, TokenDescription};

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module { path, reason } => {
                write!(f, "{path} cannot be loaded as a PKCS#11 module: {reason}")
            }
            Self::ModuleNotFound { path } => {
                write!(
                    f,
                    "{path} cannot be loaded as a PKCS#11 module: No such file or directory"
                )
            }
            Self::Call {
                doing,
                function,
                value,
            } => write!(f, "{doing}: {function}: {value}"),
            Self::NoToken {
                wanted,
                found,
                uninitialised,
                skipped,
            } => write_no_token(f, wanted, found, uninitialised, skipped),
            Self::SeveralTokens { wanted, found } => {
                write!(f, "{} tokens {wanted}: {}", found.len(), join(found))
            }
            Self::PinIncorrect {
                token,
                form: PinForm::CryptoUser,
                ..
            } => write!(
                f,
                "token \"{token}\": no crypto user has this name and password (tried once)"
            ),
            Self::PinIncorrect { token, tries, .. } => {
                write!(
                    f,
                    "token \"{token}\": wrong PIN; the token has counted this try ({tries})"
                )
            }
            Self::UnfitPin { token, unfit } => {
                write!(f, "token \"{token}\": the PIN was not tried: {unfit}")
            }
            Self::PinLocked { token, .. } => write!(f, "token \"{token}\": the user PIN is locked"),
            Self::PinFinalTry { token } => {
                write!(
                    f,
                    "token \"{token}\": one more wrong PIN would lock it, so no PIN is tried"
                )
            }
            Self::PinNotInitialised { token } => write!(f, "token \"{token}\": its user PIN is not set yet"),
            Self::SessionLimit { token, limit } => {
                write!(f, "token \"{token}\": no more sessions can be opened")?;
                limit.map_or(Ok(()), |limit| write!(f, "; the token allows a process {limit}"))
            }
            Self::NoLocks { token } => write!(
                f,
                "token \"{token}\": its module has no locks (CKR_CANT_LOCK), so several threads cannot sign with it"
            ),
            Self::PinLength { token } => {
                write!(f, "token \"{token}\": it does not accept a PIN of this length")
            }
            Self::WriteProtected { token } => write!(f, "token \"{token}\" is write-protected"),
            Self::KeyWantsPin { key } => write!(
                f,
                "the key \"{key}\" needs the PIN for each use (CKA_ALWAYS_AUTHENTICATE), and no PIN was given"
            ),
            Self::KeyPinRefused { key, value } => write!(
                f,
                "the key \"{key}\" needs the PIN for each use (CKA_ALWAYS_AUTHENTICATE): C_Login: {value}"
            ),
            Self::NoKey { wanted, found } if found.is_empty() => {
                write!(f, "no private key {wanted}: the token shows no private keys")
            }
            Self::NoKey { wanted, found } => {
                write!(f, "no private key {wanted}; the token has: {}", join(found))
            }
            Self::SeveralKeys { wanted, found } => {
                let class = found.first().map_or(KeyClass::Private, |key| key.class);
                write!(f, "{} {class} keys {wanted}: {}", found.len(), join(found))
            }
            Self::NoPublicKey { key, reason } => {
                write!(f, "key \"{key}\": its public key is not known: {reason}")
            }
            Self::NoRoute { token, closed } => {
                let by = if closed.len() == 1 {
                    "by the route"
                } else {
                    "by any of the routes"
                };
                write!(
                    f,
                    "token \"{token}\" cannot import this key {by} {}",
                    join(closed)
                )
            }
            Self::NoMechanism {
                token,
                signature,
                lacking,
            } => {
                write!(
                    f,
                    "token \"{token}\" cannot sign with {signature}: it lacks {lacking}"
                )
            }
            Self::CannotGenerate {
                token,
                algorithm,
                reason,
            } => write!(
                f,
                "token \"{token}\" cannot generate an {algorithm} key that signs: {reason}"
            ),
            Self::UnfitRecipient { key, unfit } => {
                write!(
                    f,
                    "the key \"{key}\" cannot be the recipient of a private key: {unfit}"
                )
            }
            Self::ContentKey { found } => write!(
                f,
                "the content key that was unwrapped with the recipient key has {found} bytes; an AES-256 key has 32"
            ),
            Self::Memory(error) => error.fmt(f),
            Self::Software { what } => write!(f, "{what} failed"),
        }
    }
}

fn write_no_token(
    f: &mut fmt::Formatter<'_>,
    wanted: &str,
    found: &[TokenDescription],
    uninitialised: &[TokenDescription],
    skipped: &[SkippedSlot],
) -> fmt::Result {
    write!(f, "no token {wanted}")?;
    if found.is_empty() && uninitialised.is_empty() && skipped.is_empty() {
        return f.write_str(": the module shows no tokens");
    }
    if !skipped.is_empty() {
        write!(f, "; not readable: {}", join(skipped))?;
    }
    if !found.is_empty() {
        write!(f, "; found: {}", join(found))?;
    }
    if !uninitialised.is_empty() {
        let slots: Vec<_> = uninitialised
            .iter()
            .map(|token| format!("slot {} ({} {})", token.slot_id, token.manufacturer, token.model))
            .collect();
        write!(f, "; not initialised yet: {}", join(&slots))?;
    }
    Ok(())
}

/// A list for a sentence, shortened to a readable length.
fn join<T: fmt::Display>(items: &[T]) -> String {
    const SHOWN: usize = 10;
    let mut text = items
        .iter()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ");
    if items.len() > SHOWN {
        text.push_str(&format!("; and {} more", items.len() - SHOWN));
    }
    text
}
