//! An input, and its name in errors.

use super::WorkflowError;
use crate::x509::X509Error;

/// An input of a job and its name. Errors about the input name it.
#[derive(Clone, Debug)]
pub struct Named<T> {
    /// Its name in errors: the file that it was read from.
    pub name: String,
    /// The input.
    pub value: T,
}

impl<T> Named<T> {
    /// An input that was read from `name`.
    #[must_use]
    pub fn new(name: impl Into<String>, value: T) -> Self {
        Self {
            name: name.into(),
            value,
        }
    }

    /// The same input after a check, or the check's error with the input's name.
    ///
    /// # Errors
    /// [`WorkflowError::InInput`]
    pub fn try_map<U, E: Into<WorkflowError>>(
        self,
        check: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<Named<U>, WorkflowError> {
        let Self { name, value } = self;
        match check(value) {
            Ok(value) => Ok(Named { name, value }),
            Err(error) => Err(in_input(&name, error)),
        }
    }

    /// An error about this input.
    pub fn about(&self, error: impl Into<WorkflowError>) -> WorkflowError {
        in_input(&self.name, error)
    }
}

/// An error about the input with that name.
pub(super) fn in_input(name: &str, error: impl Into<WorkflowError>) -> WorkflowError {
    WorkflowError::InInput {
        name: name.to_owned(),
        cause: Box::new(error.into()),
    }
}

/// Names the input in a refusal. A failure of the token or the linter is not about an input, so it stays unnamed.
pub(super) fn refusal_of(name: &str, error: WorkflowError) -> WorkflowError {
    match error {
        WorkflowError::X509(X509Error::Signer(_) | X509Error::Throwaway) | WorkflowError::Linter(_) => error,
        refused => in_input(name, refused),
    }
}
