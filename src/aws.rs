//! What the AWS clients share: settings from the usual AWS chain, encrypted connections only, and one vocabulary for errors.

#[cfg(feature = "aws")]
mod bounded;
#[cfg(feature = "aws")]
mod cause;
#[cfg(feature = "aws")]
mod endpoint;
mod error;
#[cfg(feature = "aws")]
mod failure;
#[cfg(feature = "aws")]
mod settings;

/// The settings that a caller may hand to [`Kms`](crate::kms::Kms::with_config) and
/// [`CloudHsm`](crate::cloudhsm::CloudHsm::with_config), in the version that they take.
#[cfg(feature = "aws")]
pub use aws_config::SdkConfig;
pub use error::AwsError;
#[cfg(feature = "aws")]
pub(crate) use failure::{Failure, may_have_happened};
#[cfg(feature = "aws")]
pub(crate) use settings::{AwsSettings, start_runtime};
