//! Why people cannot say what they want to.

use std::fmt;
use std::path::PathBuf;

use super::SshKeygenError;
use crate::ceremony::{
    CanonicalError, Digest, PlanError, Rejection, StatementError, StatementFileError, TranscriptError,
};
use crate::file_trust::TrustError;
use crate::values::UnixTime;
use crate::workflow::{CeremonyError, WorkflowError};

/// Why people cannot say what they want to, or why what they said does not count.
#[derive(Debug)]
#[non_exhaustive]
pub enum PeopleError {
    /// The path has no planned ceremony.
    NoCeremony {
        /// The directory.
        directory: PathBuf,
    },
    /// The directory or a file in it can be changed by others, or cannot be read.
    Trust {
        /// Why.
        cause: TrustError,
    },
    /// The plan is not one.
    Plan {
        /// Its file.
        path: PathBuf,
        /// Why.
        cause: PlanError,
    },
    /// The export of the ceremony before is not the one in the plan.
    Previous {
        /// Its file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The transcript.
    Transcript(TranscriptError),
    /// A line of the transcript is not an event.
    Event {
        /// Why.
        cause: CanonicalError,
    },
    /// A file among the statements.
    StatementFile(StatementFileError),
    /// A statement that does not count.
    Statement {
        /// Its file.
        path: PathBuf,
        /// Why.
        cause: StatementError,
    },
    /// What somebody wants to say is not one thing.
    Saying {
        /// Why.
        cause: StatementError,
    },
    /// The key is of nobody who may sign.
    UnknownKey {
        /// The key.
        fingerprint: String,
        /// Who may sign.
        called: String,
    },
    /// The person has said it already.
    AlreadySigned {
        /// Who.
        person: String,
        /// The file of the statement.
        path: PathBuf,
    },
    /// An unsigned statement that says something else is where the new one would be.
    OtherStatement {
        /// Its file.
        path: PathBuf,
    },
    /// `ssh-keygen` did not sign.
    SshKeygen(SshKeygenError),
    /// What `ssh-keygen` made is not a signature of the statement by the person's key.
    Signature {
        /// Why.
        cause: StatementError,
    },
    /// Too few have approved.
    NotApproved {
        /// How many more are needed.
        missing: usize,
        /// Whether these are people of the ceremony before.
        old: bool,
    },
    /// Somebody has rejected the plan.
    Rejected {
        /// The first rejection.
        rejection: Rejection,
    },
    /// Nothing outside the plan says who may approve it.
    NotAnchored {
        /// The plan's quorum.
        quorum: Digest,
    },
    /// The machine's settings say that others approve.
    OtherQuorum {
        /// The plan's quorum.
        quorum: Digest,
        /// That of the settings.
        settings: Digest,
    },
    /// The bytes that a gate asks to sign are not those of the plan.
    OtherBytes {
        /// The gate's step.
        gate: String,
        /// The step that signs the object.
        step: String,
        /// What is wrong.
        reason: String,
    },
    /// The gate was passed, or the run stopped, before the signature was made.
    GateGone {
        /// The step.
        step: String,
    },
    /// Nobody has begun the ceremony.
    NotBegun,
    /// It is neither closed nor aborted, so there is nothing to attest.
    NotEnded,
    /// The transcript says that it did not go as planned, and the statement says that it did.
    NotAsPlanned {
        /// The first entry that says so.
        what: String,
    },
    /// It is closed or aborted, so nothing is added to it.
    Ended {
        /// Closed or aborted.
        how: &'static str,
    },
    /// A note or a reason that is not one line of visible text.
    Text {
        /// What it is for.
        what: &'static str,
    },
    /// The clock is behind the transcript's last line.
    ClockBehind {
        /// What the clock says.
        now: UnixTime,
        /// The time of the last line.
        last: UnixTime,
    },
    /// Nobody in the plan has this name.
    UnknownName {
        /// The name.
        name: String,
    },
}

impl fmt::Display for PeopleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCeremony { directory } => {
                write!(
                    f,
                    "{} has no plan.json, so it is not a planned ceremony",
                    directory.display()
                )
            }
            Self::Trust { cause } => write!(f, "the ceremony's files are not used: {cause}"),
            Self::Plan { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::Previous { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Transcript(cause) => cause.fmt(f),
            Self::Event { cause } => write!(f, "a line of the transcript is not an event: it is {cause}"),
            Self::StatementFile(cause) => cause.fmt(f),
            Self::Statement { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::Saying { cause } => cause.fmt(f),
            Self::UnknownKey { fingerprint, called } => {
                write!(f, "the key {fingerprint} does not belong to any of {called}")
            }
            Self::AlreadySigned { person, path } => {
                write!(
                    f,
                    "{person:?} has signed this already, and nothing was changed: {}",
                    path.display()
                )
            }
            Self::OtherStatement { path } => write!(
                f,
                "{} is there without a signature, and says something else; nothing was signed",
                path.display()
            ),
            Self::SshKeygen(cause) => cause.fmt(f),
            Self::Signature { cause } => {
                write!(
                    f,
                    "ssh-keygen's signature does not count, and nothing was written: {cause}"
                )
            }
            Self::NotApproved { missing, old: false } => {
                write!(f, "the plan is not approved: {missing} more have to approve it")
            }
            Self::NotApproved { missing, old: true } => write!(
                f,
                "the plan changes the people, and {missing} more approvers of the ceremony before have to approve it"
            ),
            Self::Rejected { rejection } => write!(
                f,
                "{:?} has rejected the plan: {}",
                rejection.person, rejection.because
            ),
            Self::NotAnchored { quorum } => write!(
                f,
                "only the plan itself says who may approve it: its quorum sha256:{quorum} is neither in this machine's settings nor that of a previous ceremony"
            ),
            Self::OtherQuorum { quorum, settings } => write!(
                f,
                "the plan's quorum is sha256:{quorum}, and this machine's settings have sha256:{settings}"
            ),
            Self::OtherBytes { gate, step, reason } => write!(
                f,
                "step {gate:?} asks for a signature over bytes of step {step:?} that are not the planned ones, and nothing was signed: {reason}"
            ),
            Self::GateGone { step } => {
                write!(
                    f,
                    "step {step:?} no longer waits for a signature, so none was written"
                )
            }
            Self::NotBegun => f.write_str("the ceremony has not begun: it has no transcript"),
            Self::NotEnded => {
                f.write_str("the ceremony is neither closed nor aborted, so nobody can attest it yet")
            }
            Self::NotAsPlanned { what } => write!(
                f,
                "the ceremony did not go as planned, so a statement that says so cannot be signed; the transcript has {what:?}"
            ),
            Self::Ended { how } => write!(f, "the ceremony is {how}, so nothing can be added to it"),
            Self::Text { what } => write!(f, "{what} must be one line of visible text"),
            Self::ClockBehind { now, last } => write!(
                f,
                "the clock says {now}, and the transcript's last line is of {last}: one of the two is wrong"
            ),
            Self::UnknownName { name } => write!(f, "nobody in the plan is called {name:?}"),
        }
    }
}

impl std::error::Error for PeopleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Trust { cause } => cause.source(),
            Self::StatementFile(cause) => cause.source(),
            Self::SshKeygen(cause) => cause.source(),
            _ => None,
        }
    }
}

impl From<PlanError> for PeopleError {
    /// Of a plan that was read already.
    fn from(cause: PlanError) -> Self {
        Self::Plan {
            path: PathBuf::from("plan.json"),
            cause,
        }
    }
}

impl From<StatementFileError> for PeopleError {
    fn from(cause: StatementFileError) -> Self {
        Self::StatementFile(cause)
    }
}

impl From<TranscriptError> for PeopleError {
    fn from(cause: TranscriptError) -> Self {
        Self::Transcript(cause)
    }
}

impl From<SshKeygenError> for PeopleError {
    fn from(cause: SshKeygenError) -> Self {
        Self::SshKeygen(cause)
    }
}

impl From<PeopleError> for CeremonyError {
    fn from(error: PeopleError) -> Self {
        Self::People(Box::new(error))
    }
}

impl From<PeopleError> for WorkflowError {
    fn from(error: PeopleError) -> Self {
        CeremonyError::from(error).into()
    }
}
