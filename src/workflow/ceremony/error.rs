//! Why a ceremony cannot be planned or carried out.

use std::path::PathBuf;
use std::{fmt, io};

use super::{PreviousError, RehearsalError};
use crate::ceremony::{CeremonyFileError, CeremonyKind, Digest, PlanError};
use crate::kms::KmsError;
use crate::values::UnixTime;
use crate::workflow::{PeopleError, RunError, WorkflowError};
use crate::x509::X509Error;

/// Why a ceremony cannot be planned or carried out.
#[derive(Debug)]
#[non_exhaustive]
pub enum CeremonyError {
    /// The ceremony file is invalid.
    File(CeremonyFileError),
    /// An input is not the file that the ceremony file pins.
    OtherInput {
        /// Its name.
        name: String,
        /// The SHA-256 in the file.
        pinned: Digest,
        /// The SHA-256 of its bytes.
        found: Digest,
    },
    /// The content of an input is not what the step needs.
    InputContent {
        /// Its name.
        name: String,
        /// The reason.
        reason: String,
    },
    /// A step would break a rule.
    Step {
        /// Production or practice.
        kind: CeremonyKind,
        /// The step.
        step: String,
        /// The session in which it would.
        session: String,
        /// The rule.
        cause: Box<WorkflowError>,
    },
    /// No built-in profile has the name in a step.
    UnknownProfile {
        /// The step.
        step: String,
        /// The name, and the known ones.
        cause: X509Error,
    },
    /// A session ends before the ceremony is planned.
    SessionOver {
        /// The session.
        session: String,
        /// Its last second.
        ends: UnixTime,
    },
    /// The plan is inconsistent.
    Plan(PlanError),
    /// The same files give another plan.
    OtherPlan {
        /// The first part that differs.
        what: String,
    },
    /// The plan was made with another list of refused keys, or without one.
    OtherRefusedKeys {
        /// SHA-256 of the plan's list.
        planned: Option<Digest>,
        /// SHA-256 of the list in the settings.
        found: Option<Digest>,
    },
    /// A file that the plan pins cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// A token of the ceremony was not found.
    NoToken {
        /// Its name in the ceremony file.
        name: String,
        /// Its serial number.
        serial: String,
    },
    /// A token cannot hold the key of a step.
    TokenCannot {
        /// The step.
        step: String,
        /// The reason.
        cause: Box<WorkflowError>,
    },
    /// A key pair cannot be imported: it is the wrong pair, or KMS would not decrypt it.
    Pair {
        /// The step.
        step: String,
        /// The reason.
        cause: KmsError,
    },
    /// A step imports a key, but the program cannot use KMS.
    NoKms {
        /// The step.
        step: String,
    },
    /// The random number generator returned the same number twice.
    SameSerial,
    /// The export of the previous ceremony does not fit this one.
    Previous(PreviousError),
    /// A statement or an approval was refused.
    People(Box<PeopleError>),
    /// The plan or the transcript cannot be read, so a report is not possible.
    NothingToReport {
        /// What the verification found.
        findings: Vec<String>,
    },
    /// The ceremony cannot be rehearsed.
    Rehearsal(Box<RehearsalError>),
    /// The run cannot continue.
    Run(Box<RunError>),
    /// A value in a step is invalid.
    Value {
        /// The step.
        step: String,
        /// The field.
        field: &'static str,
        /// The reason.
        reason: String,
    },
}

impl fmt::Display for CeremonyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::OtherInput { name, pinned, found } => write!(
                f,
                "input {name:?} is not the file that was pinned: its SHA-256 is {}, and the ceremony file has {}",
                found, pinned
            ),
            Self::InputContent { name, reason } => write!(f, "input {name:?}: {reason}"),
            Self::SessionOver { session, ends } => {
                write!(f, "session {session:?} is over: it ended at {ends}")
            }
            Self::Plan(error) => error.fmt(f),
            Self::OtherPlan { what } => write!(
                f,
                "the plan does not follow from its files: {what} differs when the plan is made again"
            ),
            Self::OtherRefusedKeys { planned, found } => {
                let named = |list: &Option<Digest>| {
                    list.map_or("none".to_owned(), |sha256| {
                        format!("the one with SHA-256 {sha256}")
                    })
                };
                write!(
                    f,
                    "the list of refused keys is not the plan's: the plan was made with {}, and the settings name {}",
                    named(planned),
                    named(found)
                )
            }
            Self::Unreadable { path, cause } => write!(f, "cannot read {}: {cause}", path.display()),
            Self::NoToken { name, serial } => write!(
                f,
                "token {name:?} was not found: the module has no token with the serial number {serial}"
            ),
            Self::TokenCannot { step, cause } => write!(f, "step {step:?}: {cause}"),
            Self::UnknownProfile { step, cause } => write!(f, "step {step:?}: {cause}"),
            Self::Pair { step, cause } => write!(f, "step {step:?}: {cause}"),
            Self::NoKms { step } => write!(
                f,
                "step {step:?} imports a key from KMS, and this program was built without the feature aws"
            ),
            Self::SameSerial => f.write_str("the random number generator gave the same serial number twice"),
            Self::Step {
                step, session, cause, ..
            } => write!(f, "step {step:?}, session {session:?}: {cause}"),
            Self::Previous(error) => error.fmt(f),
            Self::NothingToReport { findings } => {
                write!(f, "nothing to report: {}", findings.join("; "))
            }
            Self::Rehearsal(error) => error.fmt(f),
            Self::Run(error) => error.fmt(f),
            Self::People(error) => error.fmt(f),
            Self::Value { step, field, reason } => write!(f, "step {step:?}: {field}: {reason}"),
        }
    }
}

impl std::error::Error for CeremonyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Step { cause, .. } | Self::TokenCannot { cause, .. } => cause.source(),
            Self::Pair { cause, .. } => cause.source(),
            Self::Unreadable { cause, .. } => cause.source(),
            Self::UnknownProfile { cause, .. } => cause.source(),
            Self::Previous(cause) => cause.source(),
            Self::Rehearsal(cause) => cause.source(),
            Self::Run(cause) => cause.source(),
            Self::People(cause) => cause.source(),
            _ => None,
        }
    }
}

impl From<PreviousError> for CeremonyError {
    fn from(error: PreviousError) -> Self {
        Self::Previous(error)
    }
}

impl From<CeremonyFileError> for CeremonyError {
    fn from(error: CeremonyFileError) -> Self {
        Self::File(error)
    }
}

impl From<PlanError> for CeremonyError {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}

impl From<CeremonyError> for WorkflowError {
    fn from(error: CeremonyError) -> Self {
        Self::Ceremony(Box::new(error))
    }
}
