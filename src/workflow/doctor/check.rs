//! One check of `doctor`.

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// Nothing is wrong.
    Passed,
    /// Information, neither good nor bad.
    Noted,
    /// It works, with a limit.
    Warning,
    /// It does not work.
    Failed,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name, such as "token".
    pub name: &'static str,
    /// How it ended.
    pub state: CheckState,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Check {
    /// A check with this result.
    #[must_use]
    pub fn new(name: &'static str, state: CheckState, found: impl Into<String>) -> Self {
        Self {
            name,
            state,
            found: found.into(),
            hint: None,
        }
    }

    /// Nothing is wrong.
    #[must_use]
    pub fn passed(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Passed, found)
    }

    /// Information, neither good nor bad.
    #[must_use]
    pub fn noted(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Noted, found)
    }

    /// It works, with a limit.
    #[must_use]
    pub fn warning(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Warning, found)
    }

    /// It does not work.
    #[must_use]
    pub fn failed(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Failed, found)
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<Option<String>>) -> Self {
        Self {
            hint: hint.into(),
            ..self
        }
    }
}
