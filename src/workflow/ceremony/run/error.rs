//! Why a run stops.

use std::path::PathBuf;
use std::{fmt, io};

use crate::ceremony::{CanonicalError, Digest, Finding, TranscriptError};
use crate::token::TokenError;
use crate::values::UnixTime;
use crate::workflow::{CeremonyError, WorkflowError};

/// Why a run stops. The transcript contains everything done so far.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The transcript cannot be read or written.
    Transcript(TranscriptError),
    /// A line of the transcript is not an event.
    Event(CanonicalError),
    /// The ceremony is already closed.
    Closed,
    /// The ceremony was aborted.
    Aborted {
        /// The reason.
        because: String,
    },
    /// No session has this name, or no session is open now.
    NoSession {
        /// The requested name; `None` if the time selects the session.
        wanted: Option<String>,
        /// The current time.
        now: UnixTime,
    },
    /// It is not the time of the session.
    OtherTime {
        /// The session.
        session: String,
        /// Its first second.
        begins: UnixTime,
        /// Its last second.
        ends: UnixTime,
        /// The current time.
        now: UnixTime,
    },
    /// A key was made or used in another session, and the dates of that session are in what it signed.
    OtherSession {
        /// That session.
        bound: String,
        /// The requested session.
        wanted: String,
    },
    /// A token of the plan is not connected.
    NoToken {
        /// Its name in the plan.
        name: String,
        /// Its serial number.
        serial: String,
    },
    /// The token refused the PIN.
    LogIn {
        /// The token's name in the plan.
        name: String,
        /// The token's answer.
        cause: Box<TokenError>,
    },
    /// The clock is behind the transcript.
    ClockBehind {
        /// The time of the last event.
        last: UnixTime,
        /// The current time.
        now: UnixTime,
    },
    /// Something differs from the plan.
    Swapped {
        /// What differs.
        what: String,
        /// The value in the plan.
        planned: String,
        /// The actual value.
        found: String,
    },
    /// The machine cannot carry out a step.
    CannotDo {
        /// The step.
        step: String,
        /// The reason.
        reason: String,
    },
    /// The bytes to sign are not the approved ones.
    OtherBytes {
        /// The step.
        step: String,
        /// SHA-256 of the approved bytes.
        approved: Digest,
        /// SHA-256 of the bytes that the same inputs give now.
        found: Digest,
    },
    /// A key would sign more often than the plan says.
    OverBudget {
        /// The key.
        key: String,
    },
    /// Nobody can answer.
    NoAnswer {
        /// The question.
        asked: &'static str,
    },
    /// Nobody can answer: this was known before anything was recorded.
    NoPeople,
    /// There were too many wrong answers.
    WrongAnswer {
        /// The question.
        asked: &'static str,
    },
    /// People decided to stop.
    Halted {
        /// The step.
        step: String,
    },
    /// An object is signed according to the transcript, but it could not be recorded in the ledger or written to its file.
    Unfinished {
        /// The step.
        step: String,
        /// The reason.
        cause: Box<WorkflowError>,
    },
    /// A file of the ceremony cannot be written, or has other content.
    File {
        /// The file.
        path: PathBuf,
        /// The system's error, or what is wrong.
        cause: io::Error,
    },
    /// A file of the plan is missing in the directory.
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file changed after this run read or made it.
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The signatures at a gate differ from those with which it was passed.
    OtherSignatures {
        /// The first difference.
        found: Finding,
    },
    /// Something else is in the place of the results.
    OtherResults {
        /// The directory, or an entry in it.
        path: PathBuf,
        /// The problem.
        reason: &'static str,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transcript(cause) => cause.fmt(f),
            Self::Event(cause) => write!(f, "the transcript has a line that is not an event: {cause}"),
            Self::Closed => f.write_str("the ceremony is already closed"),
            Self::Aborted { because } => write!(f, "the ceremony was aborted: {because}"),
            Self::NoSession {
                wanted: Some(wanted), ..
            } => write!(f, "the plan has no session {wanted:?}"),
            Self::NoSession { wanted: None, now } => write!(f, "no session of the plan is open at {now}"),
            Self::OtherTime {
                session,
                begins,
                ends,
                now,
            } => write!(
                f,
                "session {session:?} is open from {begins} to {ends}, and the clock says {now}"
            ),
            Self::OtherSession { bound, wanted } => write!(
                f,
                "session {bound:?} has made or used a key, so session {wanted:?} can no longer be held"
            ),
            Self::NoToken { name, serial } => write!(
                f,
                "token {name:?} was not found: the module has no token with the serial number {serial}"
            ),
            Self::LogIn { name, cause } => write!(f, "token {name:?} of the plan: {cause}"),
            Self::ClockBehind { last, now } => write!(
                f,
                "the clock says {now}, and the last event of the transcript was at {last}"
            ),
            Self::Swapped { what, planned, found } => {
                write!(
                    f,
                    "{what} is not the planned one: planned {planned}, found {found}"
                )
            }
            Self::CannotDo { step, reason } => write!(f, "step {step:?} cannot be done here: {reason}"),
            Self::OtherBytes {
                step,
                approved,
                found,
            } => write!(
                f,
                "step {step:?}: the same inputs make other bytes than the approved ones: SHA-256 {found}, approved {approved}. \
                 Nothing was signed"
            ),
            Self::OverBudget { key } => write!(
                f,
                "key {key:?} has already made every signature that the plan allows"
            ),
            Self::NoAnswer { asked } => write!(f, "nobody answered: {asked}"),
            Self::NoPeople => f.write_str("nobody can answer the questions of this run"),
            Self::WrongAnswer { asked } => write!(f, "too many wrong answers: {asked}"),
            Self::Halted { step } => write!(f, "the people in the room decided to stop at step {step:?}"),
            Self::Unfinished { step, cause } => write!(f, "step {step:?}: {cause}"),
            Self::File { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::Missing { path } => {
                write!(f, "{} is missing, and the plan was made with it", path.display())
            }
            Self::Changed { path } => write!(
                f,
                "{} was changed while the ceremony ran, so its hash is not written",
                path.display()
            ),
            Self::OtherSignatures { found } => write!(
                f,
                "the signatures at the gates are not those in the transcript: {}: {}",
                found.file, found.found
            ),
            Self::OtherResults { path, reason } => {
                write!(f, "the results cannot be written: {}: {reason}", path.display())
            }
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Transcript(cause) => cause.source(),
            Self::LogIn { cause, .. } => cause.source(),
            Self::Unfinished { cause, .. } => cause.source(),
            Self::File { cause, .. } => cause.source(),
            _ => None,
        }
    }
}

impl From<TranscriptError> for RunError {
    fn from(cause: TranscriptError) -> Self {
        Self::Transcript(cause)
    }
}

impl From<RunError> for WorkflowError {
    fn from(error: RunError) -> Self {
        CeremonyError::Run(Box::new(error)).into()
    }
}
