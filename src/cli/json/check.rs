//! The result of a check, shared by several commands.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum State {
    Ok,
    /// Information, not a fault.
    Note,
    /// Something that will become a fault.
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
    /// The finding, for people.
    pub(in crate::cli) found: String,
}

impl Check {
    /// A check that passes or fails, with a text for each.
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
