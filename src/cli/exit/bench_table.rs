//! The table's part about `token bench`.

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
            Some("leave --key out: then keys of the session are measured, and nothing stays on the token"),
        ),
        BenchError::BadSignatures { .. } => (
            "bad-signature",
            REFUSED,
            Some("do not use this token for keys until you know what is wrong with it"),
        ),
        BenchError::NothingMeasured { .. } => (
            "nothing-measured",
            REFUSED,
            Some("a token without session keys can be measured with a key that is on it: --key"),
        ),
        BenchError::NoRandomNumbers(_) => ("random", FAILED, None),
        BenchError::NoThread(_) => ("bench", FAILED, Some("measure fewer sessions: --sessions")),
        _ => ("bench", FAILED, None),
    }
}
