//! The table's part about the ledger.

use hsm_ca::ledger::{CrlNumberProblem, LedgerError};
use hsm_ca::workflow::KeptHeadError;

use super::row::Row;
use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_ledger(error: &LedgerError) -> Row {
    match error {
        LedgerError::NotFound { .. } => (
            "no-ledger",
            UNAVAILABLE,
            Some("name it with --ledger sqlite:PATH, or make a new one: hsm-ca ledger new"),
        ),
        LedgerError::Empty { .. } => (
            "empty-ledger",
            UNAVAILABLE,
            Some(
                "bring the ledger back from a copy; if there never was one, remove the empty file and run `hsm-ca ledger new`",
            ),
        ),
        LedgerError::Exists { .. } => (
            "ledger-exists",
            USAGE,
            Some("`hsm-ca ledger verify` looks at it; name another place with --ledger sqlite:PATH"),
        ),
        LedgerError::NoDirectory { .. } => ("no-directory", USAGE, Some("make the directory first")),
        LedgerError::OpenToOthers { .. } => (
            "ledger-mode",
            USAGE,
            Some(
                "give it to yourself (chown, chmod go-w), and run `hsm-ca ledger verify` with a head that you kept",
            ),
        ),
        LedgerError::Denied { .. } => (
            "ledger-denied",
            UNAVAILABLE,
            Some(
                "look at the owner and the mode of the file, of its -wal and -shm, and of the directory; to read a copy, copy all of them",
            ),
        ),
        LedgerError::Locked { .. } => (
            "ledger-locked",
            UNAVAILABLE,
            Some("fuser shows who has it open; nothing was recorded, so the command can be repeated"),
        ),
        LedgerError::Newer { .. } => (
            "ledger-newer",
            UNAVAILABLE,
            Some("use the version of hsm-ca that last wrote to it, or a later one"),
        ),
        LedgerError::Older { .. } => (
            "ledger-older",
            UNAVAILABLE,
            Some("the next signature that is recorded brings it up to date"),
        ),
        LedgerError::NotALedger { .. } => (
            "not-a-ledger",
            UNAVAILABLE,
            Some("look at the path in --ledger, HSM_CA_LEDGER or `ledger` in hsm-ca.toml"),
        ),
        LedgerError::Altered { .. } | LedgerError::Damaged { .. } => (
            "ledger-damaged",
            UNAVAILABLE,
            Some("keep a copy as it is; `hsm-ca ledger verify` tells what is wrong; go on from a backup"),
        ),
        LedgerError::Replaced { .. } => (
            "ledger-replaced",
            UNAVAILABLE,
            Some(
                "find out who moved it; `hsm-ca ledger verify` and `hsm-ca ledger list --open` tell what the file there has",
            ),
        ),
        LedgerError::Full { .. } => (
            "ledger-full",
            UNAVAILABLE,
            Some("make room; nothing was recorded, and what was recorded before is safe"),
        ),
        LedgerError::SerialUsed { .. } => (
            "serial-used",
            REFUSED,
            Some("`hsm-ca ledger show SERIAL` tells what has it; nothing was signed"),
        ),
        LedgerError::CrlNumber {
            problem: CrlNumberProblem::Passed,
            ..
        } => (
            "crl-number",
            REFUSED,
            Some("another process was faster; run the command again for a new number"),
        ),
        LedgerError::CrlNumber {
            problem: CrlNumberProblem::Last,
            ..
        } => (
            "crl-number",
            REFUSED,
            Some(
                "a number that large comes from `--number` or from the CRL that was adopted; this CA needs a successor with another name",
            ),
        ),
        LedgerError::CrlNumber { .. } => ("crl-number", REFUSED, None),
        LedgerError::NoEntry { .. } => (
            "no-entry",
            REFUSED,
            Some("`hsm-ca ledger list` shows the entries"),
        ),
        LedgerError::Ended { .. } => ("entry-ended", REFUSED, None),
        LedgerError::OtherBytes { .. } => (
            "other-bytes",
            FAILED,
            Some("do not use what was signed: find out who changed it between check and signature"),
        ),
        LedgerError::UnknownCertificate { .. } | LedgerError::NotACertificate => {
            ("unknown-certificate", REFUSED, None)
        }
        LedgerError::AlreadyRevoked { .. } => (
            "already-revoked",
            REFUSED,
            Some("only a hold can become something else, and anything a compromise"),
        ),
        LedgerError::NotOnHold { .. } => ("not-on-hold", REFUSED, None),
        LedgerError::Export { .. } => ("output", FAILED, None),
        _ => ("ledger", UNAVAILABLE, None),
    }
}

pub(super) fn explain_kept_head(error: &KeptHeadError) -> Row {
    match error {
        KeptHeadError::Older { .. } => (
            "ledger-older-copy",
            UNAVAILABLE,
            Some(
                "nothing was signed. Bring back the newest ledger. If that is lost, `hsm-ca ledger accept --ca FILE` goes on with this \
                 one: look first for the CRLs and certificates that it does not know",
            ),
        ),
        KeptHeadError::OtherLedger { .. } => (
            "other-ledger",
            UNAVAILABLE,
            Some(
                "nothing was signed. Look at --ledger, HSM_CA_LEDGER or `ledger` in hsm-ca.toml. `hsm-ca ca adopt FILE` brings the CA into \
                 this ledger; `hsm-ca ledger accept --ca FILE` goes on with this one alone",
            ),
        ),
        _ => (
            "ledger-head",
            UNAVAILABLE,
            Some(
                "nothing was signed; look at `ledger-head` in hsm-ca.toml, HSM_CA_LEDGER_HEAD or --ledger-head",
            ),
        ),
    }
}
