//! Why a session cannot be rehearsed.

use std::fmt;

use crate::ceremony::{PracticeFileError, StandInSignerError};
use crate::token::InitTokenError;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::CeremonyError;

/// Why a session cannot be rehearsed.
#[derive(Debug)]
#[non_exhaustive]
pub enum RehearsalError {
    /// The plan has no session of that name.
    NoSession {
        /// The name.
        session: String,
    },
    /// No practice can be made of the ceremony file.
    File(PracticeFileError),
    /// A token of the rig was not initialised.
    Rig {
        /// Why.
        cause: InitTokenError,
    },
    /// A stand-in key of a person did not sign.
    Signer(StandInSignerError),
    /// Somebody has no stand-in key.
    NoKey {
        /// Their key, as a line.
        key: String,
    },
    /// The rig has no token of that name.
    NoToken {
        /// The name.
        token: String,
    },
    /// No key pair was made that stands in for one of KMS.
    PracticeKey {
        /// Why.
        reason: String,
    },
    /// The key of an input signs on two tokens, and a stand-in can be on one only.
    TwoTokens {
        /// The input.
        input: String,
        /// The tokens.
        tokens: [String; 2],
    },
}

impl fmt::Display for RehearsalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSession { session } => write!(f, "the plan has no session {session:?}"),
            Self::File(error) => error.fmt(f),
            Self::Rig { cause } => write!(f, "the rig's token was not initialised: {cause}"),
            Self::Signer(error) => error.fmt(f),
            Self::NoKey { key } => write!(f, "no stand-in was made for the key {key}"),
            Self::NoToken { token } => write!(f, "the plan has no token {token:?}"),
            Self::PracticeKey { reason } => f.write_str(reason),
            Self::TwoTokens {
                input,
                tokens: [one, other],
            } => write!(
                f,
                "the key of input {input:?} signs on the tokens {one:?} and {other:?}: a rehearsal can make its stand-in on one only"
            ),
        }
    }
}

impl std::error::Error for RehearsalError {}

impl From<RehearsalError> for CeremonyError {
    fn from(error: RehearsalError) -> Self {
        Self::Rehearsal(Box::new(error))
    }
}

impl From<RehearsalError> for WorkflowError {
    fn from(error: RehearsalError) -> Self {
        CeremonyError::from(error).into()
    }
}
