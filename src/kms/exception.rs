//! From KMS's exceptions to our errors, by the list in the KMS API reference.

use std::error::Error as StdError;

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

use super::KmsError;
use crate::aws::Failure;

/// The service's name in errors.
const SERVICE: &str = "KMS";

pub(super) fn translate<E>(operation: &'static str, key: &str, error: SdkError<E>) -> KmsError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match Failure::read(SERVICE, operation, &error) {
        Failure::Aws(error) => KmsError::Aws(error),
        Failure::Exception { code, message } => from_exception(operation, key, &code, message),
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
        _ => KmsError::Service {
            operation,
            code: code.to_owned(),
            message,
        },
    }
}
