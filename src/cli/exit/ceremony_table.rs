//! The table's part about ceremonies.

use hsm_ca::ceremony::CeremonyKind;
use hsm_ca::workflow::{CeremonyError, PreviousError, RehearsalError, WorkflowError};
use hsm_ca::x509::X509Error;
use hsm_ca::x509::rules::{SAME_NAME_OTHER_KEY, SECOND_CERTIFICATE};

use super::kms_table::explain_kms;
use super::people_table::explain_people;
use super::row::Row;
use super::run_table::{NO_SESSION, explain_run, explain_transcript};
use super::table::explain_workflow;
use super::x509_table::explain_x509;
use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_ceremony(error: &CeremonyError) -> Row {
    match error {
        CeremonyError::File(_) | CeremonyError::Value { .. } => ("ceremony-file", USAGE, None),
        CeremonyError::OtherInput { .. } => (
            "ceremony-input",
            REFUSED,
            Some("find out which of the two is meant; `sha256sum` prints the hash of a file"),
        ),
        CeremonyError::Previous(error) => explain_previous(error),
        // Its hint is about the options of another command.
        CeremonyError::Step { kind: of, cause, .. } => {
            let (kind, exit_code, _) = explain_workflow(cause);
            let hint = match &**cause {
                WorkflowError::UnknownAuthority(_) => Some(
                    "`hsm-ca ca adopt FILE` records an existing CA in the ledger; check the ceremony file again after it",
                ),
                WorkflowError::X509(X509Error::Rule { rule, .. })
                    if [SAME_NAME_OTHER_KEY.name, SECOND_CERTIFICATE.name].contains(rule) =>
                {
                    Some(match of {
                        CeremonyKind::Practice => {
                            "an earlier practice has this name in the ledger: make a new rig for each practice (`hsm-ca rig new DIR`), and use its settings"
                        }
                        _ => {
                            "choose another name, or waive the rule for this step in [close] (docs/ceremony.md)"
                        }
                    })
                }
                _ => None,
            };
            (kind, exit_code, hint)
        }
        CeremonyError::UnknownProfile { cause, .. } => {
            let (kind, exit_code, _) = explain_x509(cause);
            (kind, exit_code, Some("`hsm-ca profile list` shows the profiles"))
        }
        CeremonyError::TokenCannot { cause, .. } => {
            let (kind, exit_code, _) = explain_workflow(cause);
            let hint = "`hsm-ca doctor` shows what the token can do, `hsm-ca key list` the keys that it has";
            (kind, exit_code, Some(hint))
        }
        CeremonyError::Pair { cause, .. } => {
            let (kind, exit_code, _) = explain_kms(cause);
            let hint = "`hsm-ca doctor --pair FILE` tries the same with the pair file alone";
            (kind, exit_code, Some(hint))
        }
        CeremonyError::NoKms { .. } => (
            "no-kms",
            USAGE,
            Some(
                "build the program with the feature aws and plan again, or import the key with `hsm-ca kms import` before the ceremony and use its public key as an input",
            ),
        ),
        CeremonyError::People(error) => explain_people(error),
        CeremonyError::Rehearsal(error) => explain_rehearsal(error),
        CeremonyError::Run(error) => explain_run(error),
        CeremonyError::SessionOver { .. } => (
            "ceremony-session",
            REFUSED,
            Some("write the days that are still to come into the ceremony file, and plan again"),
        ),
        CeremonyError::Plan(_) => (
            "ceremony-plan",
            REFUSED,
            Some(
                "the file is not as `ceremony plan` wrote it: take the directory from somebody else, or plan again",
            ),
        ),
        CeremonyError::OtherPlan { .. } => (
            "ceremony-plan",
            REFUSED,
            Some(
                "a file in the directory was changed, or another version of this program planned it (`tool` in plan.json)",
            ),
        ),
        CeremonyError::OtherRefusedKeys { .. } => (
            "ceremony-plan",
            REFUSED,
            Some(
                "name the plan's list with --refused-keys FILE, or plan again with the list of this machine",
            ),
        ),
        CeremonyError::Unreadable { .. } => ("file", FAILED, None),
        CeremonyError::NoToken { .. } => (
            "no-token",
            UNAVAILABLE,
            Some("`hsm-ca token list` shows the tokens that the module has; --offline plans without them"),
        ),
        CeremonyError::NothingToReport { .. } => (
            "ceremony-not-verified",
            REFUSED,
            Some("`hsm-ca ceremony verify` lists everything that is wrong"),
        ),
        CeremonyError::SameSerial => ("random", FAILED, None),
        _ => ("ceremony-input", REFUSED, None),
    }
}

fn explain_rehearsal(error: &RehearsalError) -> Row {
    match error {
        RehearsalError::Rig { .. } => (
            "rehearsal-rig",
            UNAVAILABLE,
            Some("install SoftHSM, or name its module with --rig-module"),
        ),
        RehearsalError::AlreadyThere { .. } => (
            "output-exists",
            USAGE,
            Some("read its reports, or remove that directory and run the same command again"),
        ),
        RehearsalError::NoSession { .. } => NO_SESSION,
        RehearsalError::Signer(_) => ("random", FAILED, None),
        _ => ("rehearsal", REFUSED, None),
    }
}

fn explain_previous(error: &PreviousError) -> Row {
    match error {
        PreviousError::NotEnded => (
            "ceremony-not-ended",
            REFUSED,
            Some("`hsm-ca ceremony run` finishes it, and `hsm-ca ceremony abort` ends it for good"),
        ),
        PreviousError::Transcript(error) => explain_transcript(error),
        PreviousError::Unreadable { .. } => ("unreadable-file", USAGE, None),
        _ => (
            "ceremony-previous",
            REFUSED,
            Some("`hsm-ca ceremony export` writes the file in the directory of the previous ceremony"),
        ),
    }
}
