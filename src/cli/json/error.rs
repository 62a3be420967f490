//! Errors.

use serde::Serialize;

use super::Output;
use crate::cli::exit::Refusal;
use crate::cli::report::printable;

/// What stderr has at every exit code but 0. A command that checks something prints its result on stdout, too.
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
    /// With -v: what caused it, the nearest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) causes: Option<Vec<String>>,
    /// What was worth a warning before it failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::cli) warnings: Vec<String>,
}

impl Output for ErrorReport {
    const NAME: &'static str = "error";
}

impl ErrorBody {
    /// As the `error` of one of several results.
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
