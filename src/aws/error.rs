//! Why a call to an AWS service got no answer.

use std::fmt;

/// Why a service was not asked, or did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AwsError {
    /// No region is set, and the resource's name does not contain one.
    NoRegion,
    /// The resource is in one region, and the client is set to another.
    OtherRegion {
        /// Its region.
        wanted: String,
        /// The region that is set.
        set: String,
    },
    /// No credentials were found, or they cannot be used.
    Credentials {
        /// What the AWS chain or the service said.
        reason: String,
    },
    /// The endpoint is `http` and not on this machine.
    PlaintextEndpoint {
        /// The service.
        service: &'static str,
        /// The endpoint.
        endpoint: String,
    },
    /// The service cannot be reached.
    Unreachable {
        /// The service.
        service: &'static str,
        /// The operation.
        operation: &'static str,
        /// What the connection said.
        reason: String,
    },
    /// The service's answer is longer than any genuine one, and was not read to its end.
    AnswerTooLong {
        /// The service.
        service: &'static str,
        /// The operation.
        operation: &'static str,
        /// How many bytes were read.
        longest: usize,
    },
    /// The async runtime did not start.
    Runtime {
        /// What it said.
        reason: String,
    },
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRegion => f.write_str("no AWS region is set"),
            Self::OtherRegion { wanted, set } => {
                write!(f, "it is in {wanted}, but the AWS region is {set}")
            }
            Self::Credentials { reason } => write!(f, "no usable AWS credentials: {reason}"),
            Self::PlaintextEndpoint { service, endpoint } => {
                write!(f, "the {service} endpoint {endpoint} is not encrypted")
            }
            Self::Unreachable {
                service,
                operation,
                reason,
            } => write!(f, "{service} {operation}: {service} cannot be reached: {reason}"),
            Self::AnswerTooLong {
                service,
                operation,
                longest,
            } => write!(
                f,
                "{service} {operation}: the answer is longer than {longest} bytes, and was dropped"
            ),
            Self::Runtime { reason } => write!(f, "the AWS client cannot start: {reason}"),
        }
    }
}

impl std::error::Error for AwsError {}
