//! The table's part about the run of a ceremony.

use hsm_ca::workflow::RunError;

use super::row::Row;
use super::{FAILED, REFUSED, UNAVAILABLE};

pub(super) fn explain_run(error: &RunError) -> Row {
    match error {
        RunError::Transcript(_) => (
            "transcript",
            UNAVAILABLE,
            Some("nothing goes on without the transcript: keep a copy of the directory before you touch it"),
        ),
        RunError::Event(_) => ("transcript", REFUSED, None),
        RunError::Closed => (
            "ceremony-closed",
            REFUSED,
            Some("the results are in its directory `out`; `hsm-ca ceremony verify` checks them"),
        ),
        RunError::Aborted { .. } => ("ceremony-aborted", REFUSED, Some("plan another one")),
        RunError::NoSession { .. } | RunError::OtherTime { .. } => (
            "ceremony-session",
            REFUSED,
            Some("`hsm-ca ceremony show` lists the sessions; each has its own dates, so none can be moved"),
        ),
        RunError::OtherSession { .. } => (
            "ceremony-session",
            REFUSED,
            Some("finish the session that has begun, or abort the ceremony and plan another one"),
        ),
        RunError::ClockBehind { .. } => (
            "clock-behind",
            REFUSED,
            Some("compare the machine's clock with the wall clock, and set it"),
        ),
        RunError::Swapped { .. } => (
            "ceremony-swapped",
            REFUSED,
            Some("use what was planned, or plan again with what is there; the approvals are for the plan"),
        ),
        RunError::CannotDo { .. } => ("ceremony-step", REFUSED, None),
        RunError::OtherBytes { .. } => (
            "ceremony-bytes",
            REFUSED,
            Some("abort the ceremony, and find out why"),
        ),
        RunError::OverBudget { .. } => ("ceremony-budget", REFUSED, None),
        RunError::NoAnswer { .. } | RunError::WrongAnswer { .. } | RunError::Halted { .. } => (
            "ceremony-stopped",
            FAILED,
            Some("the same command goes on from here; `hsm-ca ceremony abort` gives the ceremony up"),
        ),
        RunError::File { .. } => ("file", FAILED, None),
        _ => ("ceremony-step", REFUSED, None),
    }
}
