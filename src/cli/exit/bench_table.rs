//! The rows for `token bench`.

use hsm_ca::workflow::BenchError;

use super::row::Row;
use super::signer_table::explain_signer;
use super::{FAILED, REFUSED};

pub(super) fn explain_bench(error: &BenchError) -> Row {
    match error {
        BenchError::Sign(error) => explain_signer(error),
        BenchError::WantsPin { .. } => (
            "bench-key",
            REFUSED,
            Some("omit --key: session keys are then measured, and nothing stays on the token"),
        ),
        BenchError::BadSignatures { .. } => (
            "bad-signature",
            REFUSED,
            Some("do not use this token for keys until you have found the fault"),
        ),
        BenchError::NothingMeasured { .. } => (
            "nothing-measured",
            REFUSED,
            Some("to measure a token without session keys, name one of its keys with --key"),
        ),
        BenchError::NoRandomNumbers(_) => ("random", FAILED, None),
        BenchError::NoThread(_) => ("bench", FAILED, Some("measure fewer sessions: --sessions")),
        _ => ("bench", FAILED, None),
    }
}
