//! The table's part about the run of a ceremony, and its transcript.

use std::io;

use hsm_ca::ceremony::TranscriptError;
use hsm_ca::ledger::LedgerError;
use hsm_ca::workflow::{RunError, WorkflowError};

use super::row::Row;
use super::table::explain_workflow;
use super::token_table::explain_token;
use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_run(error: &RunError) -> Row {
    match error {
        RunError::Transcript(TranscriptError::InUse { .. }) => (
            "ceremony-in-use",
            UNAVAILABLE,
            Some(
                "the ceremony is running in another terminal: continue it there, or end that run with Ctrl-C",
            ),
        ),
        RunError::Transcript(error) => explain_transcript(error),
        RunError::Event(_) => DAMAGED,
        RunError::Closed => (
            "ceremony-closed",
            REFUSED,
            Some("the results are in its directory `out`; `hsm-ca ceremony verify` checks them"),
        ),
        RunError::Aborted { .. } => ("ceremony-aborted", REFUSED, Some("plan another ceremony")),
        RunError::NoSession { wanted: Some(_), .. } => NO_SESSION,
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
        RunError::NoToken { .. } => (
            "no-token",
            UNAVAILABLE,
            Some(
                "connect it; `hsm-ca token list` shows the tokens that the module has. Then run the same command again",
            ),
        ),
        RunError::LogIn { cause, .. } => {
            let (kind, exit_code, _) = explain_token(cause);
            let hint = "the run stopped, and nothing is lost: check the PIN tries left with `hsm-ca token show` (CloudHSM: `cloudhsm-cli user list`), then run the same command again";
            (kind, exit_code, Some(hint))
        }
        RunError::ClockBehind { .. } => (
            "clock-behind",
            REFUSED,
            Some("compare the machine's clock with the wall clock, and set it"),
        ),
        RunError::Swapped { .. } => (
            "ceremony-swapped",
            REFUSED,
            Some("use what was planned, or plan again; the approvals count only for this plan"),
        ),
        RunError::CannotDo { .. } => ("ceremony-step", REFUSED, None),
        RunError::OtherBytes { .. } => (
            "ceremony-bytes",
            REFUSED,
            Some("abort the ceremony, and find out why"),
        ),
        RunError::OverBudget { .. } => ("ceremony-budget", REFUSED, None),
        RunError::WrongAnswer { .. } => (
            "ceremony-stopped",
            FAILED,
            Some(
                "check the PIN tries left with `hsm-ca token show`, then run the same command again: it continues, and logs in again. `hsm-ca ceremony abort` ends the ceremony for good",
            ),
        ),
        RunError::NoPeople => (
            "ceremony-stopped",
            FAILED,
            Some("nothing was recorded: run it at a terminal, without --no-input"),
        ),
        RunError::NoAnswer { .. } | RunError::Halted { .. } => (
            "ceremony-stopped",
            FAILED,
            Some(
                "run the same command again to continue; `hsm-ca ceremony abort` ends the ceremony for good",
            ),
        ),
        RunError::Unfinished { cause, .. } => explain_unfinished(cause),
        RunError::File { cause, .. } if is_full(cause) => FULL,
        RunError::Missing { .. } => (
            "ceremony-missing-file",
            REFUSED,
            Some(
                "put it back from another copy of the directory: the plan has its hash, so a copy that differs is refused",
            ),
        ),
        RunError::Changed { .. } => (
            "ceremony-changed",
            REFUSED,
            Some(
                "put back the file that was there before, and run the same command again to finish the ceremony",
            ),
        ),
        RunError::OtherSignatures { .. } => (
            "ceremony-changed",
            REFUSED,
            Some(
                "put back what was in run/gates when the gate was passed, from another copy; move out what was added. If no copy exists, the same person signs again: `hsm-ca ceremony approve DIR --ssh-key FILE`. Then run the same command again",
            ),
        ),
        RunError::OtherResults { .. } => (
            "ceremony-results",
            REFUSED,
            Some(
                "find out who wrote it, and move the directory `out` away: then the same command writes the results",
            ),
        ),
        RunError::File { .. } => ("file", FAILED, Some("run the same command again to continue")),
        _ => ("ceremony-step", REFUSED, None),
    }
}

/// The same for a rehearsal.
pub(super) const NO_SESSION: Row = (
    "no-session",
    USAGE,
    Some("`hsm-ca ceremony show` lists the sessions"),
);

const FULL: Row = (
    "disk-full",
    FAILED,
    Some("nothing is lost: free some space, and run the same command again to continue"),
);

pub(super) const DAMAGED: Row = (
    "ceremony-transcript",
    REFUSED,
    Some(
        "do not continue with it: keep a copy, and compare it with another copy and with the head that was kept",
    ),
);

/// The same for every command that reads a transcript or adds to it.
pub(super) fn explain_transcript(error: &TranscriptError) -> Row {
    match error {
        TranscriptError::InUse { .. } => (
            "ceremony-in-use",
            UNAVAILABLE,
            Some("`ceremony run` has it open: type a note there, or stop it first"),
        ),
        TranscriptError::Io { cause, .. } if is_full(cause) => FULL,
        TranscriptError::Io { .. } => (
            "ceremony-transcript",
            FAILED,
            Some(
                "the ceremony cannot continue without the transcript: keep a copy of the directory before you touch it",
            ),
        ),
        _ => DAMAGED,
    }
}

/// The transcript has the signature, so the hints of other commands do not hold.
fn explain_unfinished(cause: &WorkflowError) -> Row {
    let (kind, exit_code, _) = match cause {
        WorkflowError::Unrecorded {
            cause: LedgerError::Full { .. },
            ..
        } => FULL,
        other => explain_workflow(other),
    };
    let hint = "the transcript has the signature: correct this, and run the same command again to continue; the token does not sign again";
    (kind, exit_code, Some(hint))
}

fn is_full(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
