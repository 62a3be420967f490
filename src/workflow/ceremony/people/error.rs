//! Why a person's action is refused.

use std::fmt;
use std::path::PathBuf;

use super::SshKeygenError;
use crate::ceremony::{
    CanonicalError, Digest, PlanError, Rejection, StatementError, StatementFileError, TranscriptError,
};
use crate::file_trust::TrustError;
use crate::values::UnixTime;
use crate::workflow::{CeremonyError, WorkflowError};

/// Why a person cannot make a statement, or why a statement does not count.
#[derive(Debug)]
#[non_exhaustive]
pub enum PeopleError {
    /// The path contains no planned ceremony.
    NoCeremony {
        /// The directory.
        directory: PathBuf,
    },
    /// Other users can change the directory or a file in it, or it cannot be read.
    Trust {
        /// The reason.
        cause: TrustError,
    },
    /// The plan is invalid.
    Plan {
        /// Its file.
        path: PathBuf,
        /// The reason.
        cause: PlanError,
    },
    /// The export of the previous ceremony is not the one in the plan.
    Previous {
        /// Its file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The transcript is invalid or cannot be accessed.
    Transcript(TranscriptError),
    /// A line of the transcript is not an event.
    Event {
        /// The reason.
        cause: CanonicalError,
    },
    /// A file among the statements is not accepted.
    StatementFile(StatementFileError),
    /// A statement does not count.
    Statement {
        /// Its file.
        path: PathBuf,
        /// The reason.
        cause: StatementError,
    },
    /// The new statement would be contradictory or incomplete.
    Saying {
        /// The reason.
        cause: StatementError,
    },
    /// The key belongs to nobody who may sign.
    UnknownKey {
        /// The key.
        fingerprint: String,
        /// Who may sign.
        called: String,
    },
    /// The person has already signed this.
    AlreadySigned {
        /// Who.
        person: String,
        /// The file of the statement.
        path: PathBuf,
    },
    /// The files of the person's statement are there, and do not count.
    Unsound {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// An unsigned statement with other content is in the place of the new one.
    OtherStatement {
        /// Its file.
        path: PathBuf,
    },
    /// A file is in the place of the statement that was signed at a gate and has to be signed again.
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// `ssh-keygen` did not sign.
    SshKeygen(SshKeygenError),
    /// The output of `ssh-keygen` is not a valid signature of the statement by the person's key.
    Signature {
        /// The reason.
        cause: StatementError,
    },
    /// Too few people have approved.
    NotApproved {
        /// How many more must approve.
        missing: usize,
        /// Whether they are people of the previous ceremony.
        old: bool,
    },
    /// Somebody has rejected the plan.
    Rejected {
        /// The first rejection.
        rejection: Rejection,
    },
    /// Nothing outside the plan confirms its quorum.
    NotAnchored {
        /// The plan's quorum.
        quorum: Digest,
    },
    /// The machine's settings name another quorum.
    OtherQuorum {
        /// The plan's quorum.
        quorum: Digest,
        /// The quorum in the settings.
        settings: Digest,
    },
    /// The bytes shown at a gate are not those of the plan.
    OtherBytes {
        /// The gate's step.
        gate: String,
        /// The step that signs the object.
        step: String,
        /// The reason.
        reason: String,
    },
    /// The gate was passed, or the run stopped, before the signature was made.
    GateGone {
        /// The step.
        step: String,
    },
    /// A run has begun with enough approvals, and no gate waits for a signature.
    RunBegun {
        /// The last gate that was passed.
        passed: Option<String>,
    },
    /// The ceremony has not begun.
    NotBegun,
    /// The ceremony is neither closed nor aborted, so it cannot be attested yet.
    NotEnded,
    /// The transcript says that the ceremony did not go as planned, but the statement says that it did.
    NotAsPlanned {
        /// The first entry that shows this.
        what: String,
    },
    /// The ceremony is closed or aborted, so nothing can be added.
    Ended {
        /// Closed or aborted.
        how: &'static str,
    },
    /// A note or a reason is not one line of visible text.
    Text {
        /// The kind of text.
        what: &'static str,
    },
    /// The clock is behind the transcript's last line.
    ClockBehind {
        /// The time of the clock.
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
                    "{person:?} has already signed this, and nothing was changed: {}",
                    path.display()
                )
            }
            Self::Unsound { path, reason } => write!(
                f,
                "{}: {reason}. The file does not count, and nothing was signed",
                path.display()
            ),
            Self::OtherStatement { path } => write!(
                f,
                "{} is an unsigned statement that says something else; nothing was signed",
                path.display()
            ),
            Self::InTheWay { path } => write!(
                f,
                "{} is not the statement with which the gate was passed; nothing was signed",
                path.display()
            ),
            Self::SshKeygen(cause) => cause.fmt(f),
            Self::Signature { cause } => {
                write!(
                    f,
                    "ssh-keygen's signature does not count, and nothing was written: {cause}"
                )
            }
            Self::NotApproved {
                missing: 1,
                old: false,
            } => f.write_str("the plan is not approved: 1 more person must approve it"),
            Self::NotApproved {
                missing: 1,
                old: true,
            } => f.write_str(
                "the plan changes the people: 1 more approver of the previous ceremony must approve it",
            ),
            Self::NotApproved { missing, old: false } => {
                write!(
                    f,
                    "the plan is not approved: {missing} more people must approve it"
                )
            }
            Self::NotApproved { missing, old: true } => write!(
                f,
                "the plan changes the people: {missing} more approvers of the previous ceremony must approve it"
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
            Self::RunBegun { passed: Some(gate) } => write!(
                f,
                "gate {gate:?} is passed and no gate waits for a signature now, so nothing was signed. The plan needs no more approvals: \
                 a run has begun"
            ),
            Self::RunBegun { passed: None } => f.write_str(
                "no gate waits for a signature now, so nothing was signed. The plan needs no more approvals: a run has begun",
            ),
            Self::NotBegun => f.write_str("the ceremony has not begun: its transcript has no line"),
            Self::NotEnded => {
                f.write_str("the ceremony is neither closed nor aborted, so nobody can attest it yet")
            }
            Self::NotAsPlanned { what } => write!(
                f,
                "the transcript has {what:?}, so nobody can state that the ceremony went as planned"
            ),
            Self::Ended { how } => write!(f, "the ceremony is {how}, so nothing can be added to it"),
            Self::Text { what } => write!(f, "{what} must be one line of visible text"),
            Self::ClockBehind { now, last } => write!(
                f,
                "the clock says {now}, and the last line of the transcript is from {last}: one of the two is wrong"
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
    /// The plan was read successfully before, so this is not expected.
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
