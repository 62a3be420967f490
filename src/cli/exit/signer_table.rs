//! The rows for signers.

use hsm_ca::kms::KmsError;
use hsm_ca::signer::{NoRandomNumbers, SignError};
use hsm_ca::token::{TokenError, UriError};

use super::kms_table::explain_kms;
use super::row::Row;
use super::token_table::explain_token;
use super::{FAILED, UNAVAILABLE, USAGE};

/// The row for an error of a signer or a key store of any kind.
pub(super) fn explain_signer(error: &SignError) -> Row {
    if let Some(error) = error.cause::<TokenError>() {
        return explain_token(error);
    }
    if let Some(error) = error.cause::<KmsError>() {
        return explain_kms(error);
    }
    if error.cause::<NoRandomNumbers>().is_some() {
        return ("random", FAILED, None);
    }
    match error.cause::<UriError>() {
        Some(_) => ("uri", USAGE, None),
        None => ("token", UNAVAILABLE, None),
    }
}
