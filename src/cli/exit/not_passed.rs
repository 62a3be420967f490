//! Why a command with a result does not end with exit code 0. The result on stdout has the details.

use std::fmt;

use super::row::Row;
use super::{FAILED, REFUSED, UNAVAILABLE};

/// The problem that a result reports.
#[derive(Debug)]
pub(in crate::cli) enum NotPassed {
    /// A verification failed.
    NotVerified {
        /// A file, a cluster, a ceremony, or the ledger.
        what: String,
        /// The first problem.
        problem: String,
    },
    /// Some of several were refused, and the others are done.
    SomeRefused {
        refused: usize,
        /// `request` or `file`
        what: &'static str,
    },
    /// Some of several could not be done, for a reason that is not in the requests or files.
    SomeFailed {
        failed: usize,
        /// `request` or `file`
        what: &'static str,
    },
    /// `doctor` found a problem.
    ChecksFailed {
        /// The first check that failed, and what it found.
        first: String,
        failed: usize,
        hint: Option<String>,
    },
    /// Servers did not answer.
    Unreachable {
        /// The first one.
        server: String,
        reason: String,
    },
    /// A rehearsal differs from the plan.
    Differs { ceremony: String },
}

pub(super) fn explain_not_passed(what: &NotPassed) -> Row {
    match what {
        NotPassed::NotVerified { .. } => ("not-verified", REFUSED, None),
        NotPassed::SomeRefused { .. } => ("some-refused", REFUSED, None),
        NotPassed::SomeFailed { .. } => (
            "some-failed",
            FAILED,
            Some("remove the cause, then run the same command again: it continues"),
        ),
        NotPassed::ChecksFailed { .. } => ("checks-failed", UNAVAILABLE, None),
        NotPassed::Unreachable { .. } => ("server-unreachable", UNAVAILABLE, None),
        NotPassed::Differs { .. } => (
            "rehearsal-differs",
            REFUSED,
            Some("do not approve this plan: the result says what differs"),
        ),
    }
}

impl NotPassed {
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::ChecksFailed { hint, .. } => hint.clone(),
            _ => None,
        }
    }
}

impl fmt::Display for NotPassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotVerified { what, problem } => write!(f, "{what} is not verified: {problem}"),
            Self::SomeRefused { refused: 1, what } => write!(f, "1 {what} was refused"),
            Self::SomeRefused { refused, what } => write!(f, "{refused} {what}s were refused"),
            Self::SomeFailed { failed: 1, what } => write!(f, "1 {what} could not be completed"),
            Self::SomeFailed { failed, what } => write!(f, "{failed} {what}s could not be completed"),
            Self::ChecksFailed { first, failed: 1, .. } => write!(f, "a check failed: {first}"),
            Self::ChecksFailed { first, failed, .. } => {
                write!(f, "{failed} checks failed; the first: {first}")
            }
            Self::Unreachable { server, reason } => {
                write!(f, "the certificate of {server} could not be read: {reason}")
            }
            Self::Differs { ceremony } => write!(f, "the rehearsal of {ceremony} differs from the plan"),
        }
    }
}
