//! The table's part about ceremonies.

use hsm_ca::workflow::CeremonyError;

use super::row::Row;
use super::table::explain_workflow;
use super::{REFUSED, USAGE};

pub(super) fn explain_ceremony(error: &CeremonyError) -> Row {
    match error {
        CeremonyError::File(_) | CeremonyError::Value { .. } => (
            "ceremony-file",
            USAGE,
            Some("`hsm-ca ceremony new -` prints a file with comments; `hsm-ca cert rules` lists the rules"),
        ),
        CeremonyError::OtherInput { .. } => (
            "ceremony-input",
            REFUSED,
            Some("find out which of the two is meant; `sha256sum` prints the hash of a file"),
        ),
        // Its hint is about the options of another command.
        CeremonyError::Step { cause, .. } => {
            let (kind, exit_code, _) = explain_workflow(cause);
            (kind, exit_code, None)
        }
        _ => ("ceremony-input", REFUSED, None),
    }
}
