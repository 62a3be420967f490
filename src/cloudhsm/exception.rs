//! From CloudHSM's exceptions to our errors, by the list in the CloudHSM API reference.

use std::error::Error as StdError;

use aws_sdk_cloudhsmv2::error::{ProvideErrorMetadata, SdkError};

use super::CloudHsmError;
use crate::aws::Failure;

/// The service's name in errors.
const SERVICE: &str = "CloudHSM";

pub(super) fn translate<E>(operation: &'static str, error: SdkError<E>) -> CloudHsmError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match Failure::read(SERVICE, operation, &error) {
        Failure::Aws(error) => CloudHsmError::Aws(error),
        Failure::Exception { code, message } => match code.as_str() {
            // The common errors of every AWS API have the second name.
            "CloudHsmAccessDeniedException" | "AccessDeniedException" => {
                CloudHsmError::AccessDenied { operation, message }
            }
            "CloudHsmInvalidRequestException" => CloudHsmError::InvalidRequest { operation, message },
            _ => CloudHsmError::Service {
                operation,
                code,
                message,
            },
        },
    }
}
