//! What CloudHSM refused, or why it was not called.

use std::fmt;

use super::{ClusterId, ClusterState, NoCsr};
use crate::aws::AwsError;

/// Why CloudHSM did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloudHsmError {
    /// The text is not a cluster id.
    ClusterId {
        /// The text.
        text: String,
    },
    /// CloudHSM was not called, or did not answer.
    Aws(AwsError),
    /// The account has no such cluster in this region.
    NotFound {
        /// The cluster.
        cluster: ClusterId,
        /// The region of the call.
        region: String,
    },
    /// The cluster has no CSR to sign.
    NoCsr {
        /// The cluster.
        cluster: ClusterId,
        /// Its state.
        state: ClusterState,
        /// Why it has none.
        reason: NoCsr,
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
    /// True if CloudHSM answered that it did not carry the call out. Otherwise it may have done so, and the answer was lost.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        match self {
            Self::Aws(AwsError::Unreachable { .. }) | Self::Incomplete { .. } => false,
            Self::Service { .. } => self.is_throttled(),
            _ => true,
        }
    }

    /// True if CloudHSM was called too often.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        // The common errors of every AWS API have several names for it.
        let names = ["Throttl", "TooManyRequests", "RequestLimitExceeded"];
        matches!(self, Self::Service { code, .. } if names.iter().any(|name| code.contains(name)))
    }

    /// True if the same call may well succeed a little later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Aws(AwsError::Unreachable { .. }) | Self::Service { .. } | Self::Incomplete { .. }
        )
    }
}

impl fmt::Display for CloudHsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operation, code, message) = match self {
            Self::ClusterId { text } => {
                return write!(
                    f,
                    "\"{text}\" is not a cluster id: cluster- and 11 to 16 letters or digits from 2 to 7"
                );
            }
            Self::Aws(error) => return error.fmt(f),
            Self::NotFound { cluster, region } => {
                return write!(f, "this account has no {cluster} in {region}");
            }
            Self::NoCsr {
                cluster,
                state,
                reason,
            } => return explain_missing(f, cluster, state, reason),
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

fn explain_missing(
    f: &mut fmt::Formatter<'_>,
    cluster: &ClusterId,
    state: &ClusterState,
    reason: &NoCsr,
) -> fmt::Result {
    match reason {
        NoCsr::ClusterInCreation => write!(f, "{cluster} is being created ({state}) and has no CSR yet"),
        NoCsr::NoHsm => write!(f, "{cluster} has no HSM yet, so it has no CSR"),
        NoCsr::HsmInCreation { hsm, state } => {
            write!(
                f,
                "the first HSM of {cluster}, {hsm}, is {state}: the cluster has no CSR yet"
            )
        }
        NoCsr::Initialized => write!(
            f,
            "{cluster} is {state}: it has its certificate and no longer has a CSR"
        ),
        NoCsr::Changing => write!(
            f,
            "{cluster} is {state}: a change is in progress, and the cluster has neither a CSR nor a certificate"
        ),
        NoCsr::Unusable => write!(f, "{cluster} is {state}: it has no CSR"),
        NoCsr::Missing => write!(f, "{cluster} is {state} with an HSM, but AWS returned no CSR"),
    }
}

impl std::error::Error for CloudHsmError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Aws(error) => error.source(),
            _ => None,
        }
    }
}
