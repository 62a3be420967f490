//! What CloudHSM refused, or why it was not asked.

use std::fmt;

use super::ClusterId;
use crate::aws::AwsError;

/// Why CloudHSM did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloudHsmError {
    /// The text is no cluster id.
    ClusterId {
        /// The text.
        text: String,
    },
    /// CloudHSM was not asked, or did not answer.
    Aws(AwsError),
    /// The account has no such cluster in this region.
    NotFound {
        /// The cluster.
        cluster: ClusterId,
        /// The region that was asked.
        region: String,
    },
    /// `CloudHsmAccessDeniedException`
    AccessDenied {
        /// The operation.
        operation: &'static str,
        /// What CloudHSM said.
        message: String,
    },
    /// `CloudHsmInvalidRequestException`
    InvalidRequest {
        /// The operation.
        operation: &'static str,
        /// What CloudHSM said.
        message: String,
    },
    /// Any other answer.
    Service {
        /// The operation.
        operation: &'static str,
        /// The exception's name.
        code: String,
        /// What CloudHSM said.
        message: String,
    },
    /// An answer without the field that it must have.
    Incomplete {
        /// The operation.
        operation: &'static str,
        /// The field.
        field: &'static str,
    },
}

impl CloudHsmError {
    /// True where CloudHSM answered that it did not do it. Else it may have done it, and the answer was lost.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        match self {
            Self::Aws(AwsError::Unreachable { .. }) | Self::Incomplete { .. } => false,
            Self::Service { code, .. } => code.contains("Throttl"),
            _ => true,
        }
    }
}

impl fmt::Display for CloudHsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operation, code, message) = match self {
            Self::ClusterId { text } => return write!(f, "\"{text}\" is no cluster id"),
            Self::Aws(error) => return error.fmt(f),
            Self::NotFound { cluster, region } => {
                return write!(f, "there is no {cluster} in this account in {region}");
            }
            Self::Incomplete { operation, field } => {
                return write!(f, "CloudHSM {operation}: the answer has no {field}");
            }
            Self::AccessDenied { operation, message } => {
                (operation, "CloudHsmAccessDeniedException", message)
            }
            Self::InvalidRequest { operation, message } => {
                (operation, "CloudHsmInvalidRequestException", message)
            }
            Self::Service {
                operation,
                code,
                message,
            } => (operation, code.as_str(), message),
        };
        write!(f, "CloudHSM {operation}: {code}")?;
        if message.is_empty() {
            return Ok(());
        }
        write!(f, ": {message}")
    }
}

impl std::error::Error for CloudHsmError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Aws(error) => Some(error),
            _ => None,
        }
    }
}
