//! From the SDK's errors to ours.

use std::error::Error as StdError;
use std::io;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::AwsError;
use super::bounded::{LONGEST_ANSWER, is_too_long};
use super::cause::{chain, find_cause, innermost};
use super::endpoint::NotEncrypted;

/// How a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The service did not answer, or did not accept the credentials.
    Aws(AwsError),
    /// The service answered with an exception.
    Exception {
        /// Its name, or what stands in for it.
        code: String,
        /// What the service said.
        message: String,
    },
}

impl Failure {
    /// Reads the SDK's error of `operation`.
    pub(crate) fn read<E>(
        service: &'static str,
        operation: &'static str,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let SdkError::ServiceError(answer) = error else {
            let mut failed = read_connection(service, operation, error);
            // Something answered: a proxy with a page of its own, perhaps.
            if let (AwsError::Unreachable { reason, .. }, SdkError::ResponseError(answer)) =
                (&mut failed, error)
            {
                let status = answer.raw().status().as_u16();
                *reason = format!("the answer (HTTP status {status}) cannot be read: {reason}");
            }
            return Self::Aws(failed);
        };
        let unnamed = || match answer.raw().status().as_u16() {
            200 => "the answer cannot be read".to_owned(),
            status => format!("HTTP status {status} without an error name"),
        };
        let code = answer.err().code().map_or_else(unnamed, str::to_owned);
        let message = answer.err().message().unwrap_or("").to_owned();
        match code.as_str() {
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "ExpiredTokenException"
            | "InvalidSignatureException"
            | "IncompleteSignature" => Self::Aws(AwsError::Credentials {
                reason: format!("{service} {operation}: {code}: {message}"),
            }),
            _ => Self::Exception { code, message },
        }
    }
}

/// Whether the service may have carried out the call although it failed: nothing shows that the call was refused or never sent.
pub(crate) fn may_have_happened<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: StdError + 'static,
{
    match error {
        SdkError::ConstructionFailure(_) => false,
        // An internal failure may come after the work.
        SdkError::ServiceError(answer) => !answer.raw().status().is_client_error(),
        SdkError::DispatchFailure(_) => !was_not_sent(error),
        _ => true,
    }
}

fn was_not_sent(error: &(dyn StdError + 'static)) -> bool {
    let not_connected = find_cause::<io::Error>(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
        )
    });
    not_connected || find_cause::<NotEncrypted>(error).is_some() || is_about_credentials(error)
}

fn is_about_credentials(error: &dyn StdError) -> bool {
    let all = chain(error);
    ["credential", "identity", "no providers"]
        .iter()
        .any(|word| all.contains(word))
}

fn read_connection(
    service: &'static str,
    operation: &'static str,
    error: &(dyn StdError + 'static),
) -> AwsError {
    if let Some(NotEncrypted(endpoint)) = find_cause(error) {
        return AwsError::PlaintextEndpoint {
            service,
            endpoint: endpoint.clone(),
        };
    }
    if is_too_long(error) {
        return AwsError::AnswerTooLong {
            service,
            operation,
            longest: LONGEST_ANSWER,
        };
    }
    let reason = innermost(error);
    if is_about_credentials(error) {
        return AwsError::Credentials { reason };
    }
    AwsError::Unreachable {
        service,
        operation,
        reason,
    }
}
