//! Why a plan is invalid.

use std::fmt;

use super::PlannedObject;
use crate::ceremony::{CanonicalError, QuorumError};

/// Why a plan is invalid.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlanError {
    /// The file is not canonical JSON of this form.
    Canonical(CanonicalError),
    /// The file has another format.
    Format {
        /// The format that it names.
        found: String,
    },
    /// A time is not UTC in whole seconds.
    Time {
        /// Which time it is.
        what: &'static str,
        /// The time as written.
        found: String,
    },
    /// A name is used twice in a list, or a session ends before it begins.
    Part {
        /// The part.
        what: &'static str,
        /// Its name.
        name: String,
        /// The reason.
        reason: &'static str,
    },
    /// A person has an invalid key or name.
    Person {
        /// Who.
        name: String,
        /// The reason.
        reason: String,
    },
    /// The people cannot form a quorum.
    Quorum(QuorumError),
    /// The step is not a gate.
    NotAGate {
        /// The step.
        step: String,
    },
    /// The people cannot meet the threshold.
    Threshold {
        /// How many must approve.
        threshold: u64,
        /// How many approvers there are.
        approvers: u64,
    },
    /// The parts of an object are inconsistent.
    Object {
        /// The session.
        session: String,
        /// The step.
        step: String,
        /// The reason.
        reason: String,
    },
    /// A key signs more or less often than its budget says.
    Budget {
        /// The key.
        key: String,
        /// The session.
        session: String,
    },
    /// A waiver does not match the verdicts of its step.
    Waiver {
        /// The rule.
        rule: String,
        /// The step.
        step: String,
    },
    /// The octets do not fit the hole.
    Hole {
        /// The step.
        step: String,
        /// The key.
        key: String,
        /// The reason.
        reason: String,
    },
}

impl PlanError {
    pub(super) fn object(object: &PlannedObject, reason: impl Into<String>) -> Self {
        Self::Object {
            session: object.session.clone(),
            step: object.step.clone(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canonical(cause) => cause.fmt(f),
            Self::Format { found } => write!(
                f,
                "its format is {found:?}; this program reads {:?}",
                super::FORMAT
            ),
            Self::Part { what, name, reason } => write!(f, "{what} {name:?} {reason}"),
            Self::Time { what, found } => write!(
                f,
                "{what} is {found:?}, not a time in UTC such as 2026-12-01T08:00:00Z"
            ),
            Self::Person { name, reason } => write!(f, "person {name:?}: {reason}"),
            Self::Quorum(cause) => cause.fmt(f),
            Self::NotAGate { step } => write!(f, "step {step:?} is not a gate"),
            Self::Threshold { threshold, approvers } => {
                write!(
                    f,
                    "{threshold} people must approve, and the plan has {approvers} approvers"
                )
            }
            Self::Object {
                session,
                step,
                reason,
            } => write!(f, "step {step:?}, session {session:?}: {reason}"),
            Self::Budget { key, session } => write!(
                f,
                "key {key:?} does not sign as often as its budget says in session {session:?}"
            ),
            Self::Waiver { rule, step } => write!(
                f,
                "the plan waives {rule} for step {step:?}, but the objects of the step do not have that verdict"
            ),
            Self::Hole { step, key, reason } => {
                write!(f, "step {step:?}: the octets of key {key:?}: {reason}")
            }
        }
    }
}

impl std::error::Error for PlanError {}
