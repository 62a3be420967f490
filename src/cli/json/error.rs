//! Errors.

use serde::Serialize;

use super::Output;
use crate::cli::exit::Refusal;
use crate::cli::report::printable;

/// The object on stderr for every exit code except 0. A command that checks something also prints its result on stdout.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ErrorReport {
    pub(in crate::cli) error: ErrorBody,
}

/// An error.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ErrorBody {
    /// A name for programs.
    pub(in crate::cli) kind: &'static str,
    /// One line for people.
    pub(in crate::cli) message: String,
    /// What to try, for people.
    pub(in crate::cli) hint: Option<String>,
    /// The exit code.
    #[cfg_attr(test, schemars(range(min = 1, max = 4)))]
    pub(in crate::cli) exit_code: u8,
    /// With -v: the causes, nearest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) causes: Option<Vec<String>>,
    /// Warnings from before the failure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::cli) warnings: Vec<String>,
}

impl Output for ErrorReport {
    const NAME: &'static str = "error";
}

impl ErrorBody {
    /// The `error` in one of several results.
    pub(in crate::cli) fn of(refusal: Refusal) -> Self {
        Self {
            kind: refusal.kind,
            message: printable(&refusal.message),
            hint: refusal.hint,
            exit_code: refusal.exit_code,
            causes: None,
            warnings: Vec::new(),
        }
    }
}
