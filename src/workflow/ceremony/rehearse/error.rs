//! Why a session cannot be rehearsed.

use std::fmt;
use std::path::PathBuf;

use crate::ceremony::{PracticeFileError, StandInSignerError};
use crate::token::InitTokenError;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::CeremonyError;

/// Why a session cannot be rehearsed.
#[derive(Debug)]
#[non_exhaustive]
pub enum RehearsalError {
    /// The plan has no session with this name.
    NoSession {
        /// The name.
        session: String,
    },
    /// The ceremony was rehearsed already.
    AlreadyThere {
        /// The directory of that rehearsal.
        path: PathBuf,
    },
    /// The ceremony file cannot be turned into a practice.
    File(PracticeFileError),
    /// A token of the rig was not initialised.
    Rig {
        /// The reason.
        cause: InitTokenError,
    },
    /// A stand-in key of a person did not sign.
    Signer(StandInSignerError),
    /// A person has no stand-in key.
    NoKey {
        /// The person's key, as a line.
        key: String,
    },
    /// The rig has no token with this name.
    NoToken {
        /// The name.
        token: String,
    },
    /// The stand-in for a KMS key pair could not be made.
    PracticeKey {
        /// The reason.
        reason: String,
    },
    /// The key of an input signs on two tokens, but a stand-in can be on only one.
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
            Self::AlreadyThere { path } => {
                write!(f, "{} already has a rehearsal of this ceremony", path.display())
            }
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

impl std::error::Error for RehearsalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(cause) => cause.source(),
            Self::Rig { cause } => cause.source(),
            Self::Signer(cause) => cause.source(),
            _ => None,
        }
    }
}

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
