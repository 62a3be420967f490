//! The result of a check, wherever one is made.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum State {
    Ok,
    /// Something to know, and no fault.
    Note,
    /// Something that will be a fault.
    Warning,
    Failed,
    /// What it needs is missing.
    NotChecked,
}

/// A check.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Check {
    /// What was checked.
    pub(in crate::cli) check: String,
    pub(in crate::cli) state: State,
    /// What was found, for people.
    pub(in crate::cli) found: String,
}

impl Check {
    /// One that passes or fails, with the words for either.
    pub(in crate::cli) fn of(check: impl Into<String>, outcome: &Result<String, String>) -> Self {
        let (state, found) = match outcome {
            Ok(found) => (State::Ok, found),
            Err(problem) => (State::Failed, problem),
        };
        Self {
            check: check.into(),
            state,
            found: found.clone(),
        }
    }
}
