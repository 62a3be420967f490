//! From the SDK's errors to ours, by the exceptions that the KMS API reference lists.

use std::error::Error as StdError;

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

use super::KmsError;
use super::endpoint::NotEncrypted;

pub(super) fn translate<E>(operation: &'static str, key: &str, error: SdkError<E>) -> KmsError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match &error {
        SdkError::ServiceError(service) => {
            let status = error.raw_response().map(|response| response.status().as_u16());
            let unnamed = || match status.unwrap_or_default() {
                200 => "the answer cannot be read".to_owned(),
                status => format!("HTTP status {status} without an error name"),
            };
            let code = service.err().code().map_or_else(unnamed, str::to_owned);
            let message = service.err().message().unwrap_or("").to_owned();
            from_exception(operation, key, &code, message)
        }
        other => {
            if let Some(NotEncrypted(endpoint)) = find_cause(other) {
                return KmsError::PlaintextEndpoint {
                    endpoint: endpoint.clone(),
                };
            }
            let reason = innermost(other);
            let all = chain(other);
            let about_credentials = ["credential", "identity", "no providers"];
            if about_credentials.iter().any(|word| all.contains(word)) {
                return KmsError::Credentials { reason };
            }
            KmsError::Unreachable { operation, reason }
        }
    }
}

fn from_exception(operation: &'static str, key: &str, code: &str, message: String) -> KmsError {
    match code {
        "AccessDeniedException" => KmsError::AccessDenied { operation, message },
        "DisabledException" => KmsError::Disabled {
            operation,
            key: key.to_owned(),
        },
        "IncorrectKeyException" => KmsError::IncorrectKey { key: key.to_owned() },
        "InvalidCiphertextException" => KmsError::InvalidCiphertext { with_context: false },
        "KMSInvalidStateException" => KmsError::InvalidState { operation, message },
        "NotFoundException" => KmsError::NotFound { operation, message },
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "ExpiredTokenException"
        | "InvalidSignatureException"
        | "IncompleteSignature" => KmsError::Credentials {
            reason: format!("KMS {operation}: {code}: {message}"),
        },
        _ => KmsError::Service {
            operation,
            code: code.to_owned(),
            message,
        },
    }
}

/// The cause at the bottom says what happened ("connection refused"), those above only where.
fn innermost(error: &dyn StdError) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut current = error.source();
    while let Some(source) = current {
        text.push_str(": ");
        text.push_str(&source.to_string());
        current = source.source();
    }
    text.to_lowercase()
}

fn find_cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        current = error.source();
    }
    None
}
