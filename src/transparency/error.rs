//! Why a checkpoint or a proof is refused.

use std::fmt;

use crate::signer::{BadSignature, SignError};

/// Why a checkpoint or a proof is refused or cannot be signed.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransparencyError {
    /// The file does not have the form that its specification requires.
    Malformed {
        /// The form that is required.
        what: &'static str,
        /// The reason.
        reason: String,
    },
    /// The name is not valid as the origin of a checkpoint or the name of a key.
    Name {
        /// The name.
        name: String,
    },
    /// The name of the verifier key is not the checkpoint's origin.
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
        /// The keys that have signed.
        found: Vec<String>,
    },
    /// The signature that names this key does not verify.
    BadSignature {
        /// The key.
        key: String,
    },
    /// The key type cannot sign notes.
    KeyKind {
        /// The key type.
        found: String,
    },
    /// The key did not sign.
    Signer(SignError),
    /// The leaf and the hashes of the proof do not give the checkpoint's root hash.
    NotIncluded,
    /// The proof does not show that the newer checkpoint extends the older one.
    NotConsistent {
        /// The size of the older checkpoint.
        old: u64,
        /// The size of the newer checkpoint.
        new: u64,
    },
    /// The checkpoint belongs to another log.
    OtherOrigin {
        /// Its origin.
        found: String,
        /// The expected origin.
        expected: String,
    },
    /// This is not the checkpoint that was kept.
    OtherCheckpoint {
        /// The size of the kept checkpoint.
        kept: u64,
        /// The size of this checkpoint.
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
