//! Why a checkpoint or a proof is refused.

use std::fmt;

use crate::signer::{BadSignature, SignError};

/// Why a checkpoint or a proof is refused, or could not be signed.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransparencyError {
    /// Not in the form that its specification requires.
    Malformed {
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        reason: String,
    },
    /// The name cannot be the origin of a checkpoint or the name of a key.
    Name {
        /// The name.
        name: String,
    },
    /// A verifier key with another name than the checkpoint's origin.
    OtherKey {
        /// The key's name.
        key: String,
        /// The origin.
        origin: String,
    },
    /// The key has not signed the checkpoint.
    Unsigned {
        /// The key.
        key: String,
        /// Who has.
        found: Vec<String>,
    },
    /// The signature that names the key does not verify under it.
    BadSignature {
        /// The key.
        key: String,
    },
    /// A key that cannot sign notes.
    KeyKind {
        /// What kind it is.
        found: String,
    },
    /// The key did not sign.
    Signer(SignError),
    /// The leaf and the hashes of the proof do not come to the checkpoint's root hash.
    NotIncluded,
    /// The proof does not show that the older checkpoint is the beginning of the newer one.
    NotConsistent {
        /// The size of the older one.
        old: u64,
        /// The size of the newer one.
        new: u64,
    },
    /// A checkpoint of another log.
    OtherOrigin {
        /// Its origin.
        found: String,
        /// The one that was expected.
        expected: String,
    },
    /// Not the checkpoint that was kept.
    OtherCheckpoint {
        /// The size of the one that was kept.
        kept: u64,
        /// The size of this one.
        found: u64,
    },
}

impl TransparencyError {
    pub(super) fn malformed(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Malformed {
            what,
            reason: reason.into(),
        }
    }
}

impl From<SignError> for TransparencyError {
    fn from(error: SignError) -> Self {
        Self::Signer(error)
    }
}

impl TransparencyError {
    pub(super) fn bad_signature(key: &str) -> impl FnOnce(BadSignature) -> Self {
        |BadSignature| Self::BadSignature { key: key.to_owned() }
    }
}

impl fmt::Display for TransparencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { what, reason } => write!(f, "not {what}: {reason}"),
            Self::Name { name } => write!(
                f,
                "{name:?} cannot be the origin of a checkpoint: it must have no spaces and no +, and not be empty"
            ),
            Self::OtherKey { key, origin } => {
                write!(
                    f,
                    "the verifier key is for {key}, and the checkpoint is from {origin}"
                )
            }
            Self::Unsigned { key, found } if found.is_empty() => {
                write!(f, "the checkpoint has no signature, so none by {key}")
            }
            Self::Unsigned { key, found } => write!(
                f,
                "the checkpoint has no signature by {key}, only by {}",
                found.join(", ")
            ),
            Self::BadSignature { key } => {
                write!(f, "the signature of the checkpoint does not verify under {key}")
            }
            Self::KeyKind { found } => {
                write!(
                    f,
                    "a checkpoint is signed with an Ed25519 key, and this key is {found}"
                )
            }
            Self::Signer(error) => error.fmt(f),
            Self::NotIncluded => {
                f.write_str("the proof does not lead from its event to the root hash of its checkpoint")
            }
            Self::NotConsistent { old, new } => write!(
                f,
                "the proof does not show that the {old} events of the older checkpoint are the first of the {new} of the newer one"
            ),
            Self::OtherOrigin { found, expected } => {
                write!(f, "the checkpoint is from {found}, not from {expected}")
            }
            Self::OtherCheckpoint { kept, found } => write!(
                f,
                "the proof is for another checkpoint (of {found} events) than the one that was kept (of {kept} events)"
            ),
        }
    }
}

impl std::error::Error for TransparencyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Signer(error) => error.source(),
            _ => None,
        }
    }
}
