//! The rows for the command line itself.

use hsm_ca::ledger::LedgerUrlError;
use hsm_ca::token::UriError;

#[cfg(feature = "aws")]
use super::cloudhsm_table::explain_server;
use super::not_passed::explain_not_passed;
use super::row::Row;
use super::table::explain_workflow;
use super::{CliError, FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_own(error: &CliError) -> Row {
    match error {
        CliError::Workflow { cause, .. } => explain_workflow(cause),
        CliError::Read { .. } => ("unreadable-file", USAGE, None),
        CliError::Unrecognised { .. } | CliError::Empty { .. } => ("unrecognised-file", REFUSED, None),
        CliError::TooLarge { .. } => ("too-large", REFUSED, None),
        CliError::Config { .. } => ("configuration", USAGE, None),
        CliError::Trust { .. } | CliError::NamedByFound { .. } => ("untrusted-file", USAGE, None),
        CliError::Restart { .. } => (
            "restart",
            FAILED,
            Some("export the variables of [module-environment] yourself"),
        ),
        CliError::Uri {
            cause: UriError::PinValue,
            ..
        } => (
            "uri",
            USAGE,
            Some(
                "name the source of the PIN with --pin-source: file:PATH, env:NAME, fd:N or credential:NAME",
            ),
        ),
        CliError::Uri { .. } => ("uri", USAGE, None),
        CliError::NoModule => (
            "no-module",
            USAGE,
            Some(
                "name it with --module, HSM_CA_MODULE, or `module` in hsm-ca.toml; `hsm-ca rig new DIR` makes a SoftHSM rig",
            ),
        ),
        CliError::PinSource => (
            "pin-source",
            USAGE,
            Some(
                "name the source of the PIN, never the PIN itself; file:PATH names a file that only you can read",
            ),
        ),
        CliError::Pin { .. } => ("pin-source", USAGE, None),
        #[cfg(feature = "postgres")]
        CliError::LedgerPassword { .. } => (
            "ledger-password",
            USAGE,
            Some(
                "--ledger-password-source accepts the sources of --pin-source, except prompt; see docs/postgres.md",
            ),
        ),
        CliError::PinFileMode { .. } => (
            "pin-file-mode",
            USAGE,
            Some("chmod 600 it, and change the PIN if others may have read it"),
        ),
        CliError::KeyFileMode { .. } => (
            "key-file-mode",
            USAGE,
            Some("make a new key that only you can read: others may have read this one"),
        ),
        CliError::OtherProof { .. } => (
            "proof-failed",
            REFUSED,
            Some("name the certificate that the proof is about"),
        ),
        CliError::AfterCheckpoint { .. } => (
            "after-checkpoint",
            REFUSED,
            Some(
                "take a newer checkpoint: `hsm-ca ledger checkpoint`; or leave out --checkpoint to prove it for the current ledger",
            ),
        ),
        CliError::NothingToProve { .. } | CliError::RecordsKey { .. } => (
            "nothing-to-prove",
            REFUSED,
            Some("`hsm-ca ledger show '#N'` shows the entry"),
        ),
        CliError::Unconfirmed { .. } => (
            "not-confirmed",
            USAGE,
            Some("`hsm-ca key show` shows the key; --yes deletes it without asking"),
        ),
        CliError::NotSigned { .. } => (
            "not-confirmed",
            USAGE,
            Some(
                "--all says that the person was there from beginning to end, --part that they were not; with one of them, nothing is asked",
            ),
        ),
        #[cfg(feature = "aws")]
        CliError::NotInitialized { .. } => (
            "not-confirmed",
            USAGE,
            Some("`hsm-ca cert show` shows both certificates; --yes initialises without asking"),
        ),
        CliError::WouldPrompt { .. } | CliError::NoTerminal { .. } => (
            "input-needed",
            USAGE,
            Some("name another --pin-source: file:PATH, env:NAME, fd:N or credential:NAME"),
        ),
        CliError::NoClusterFiles { .. } => (
            "no-cluster-files",
            USAGE,
            Some("`hsm-ca cluster fetch CLUSTER --out-dir DIR` writes them"),
        ),
        CliError::MissingEvidence { .. } => (
            "identity-incomplete",
            REFUSED,
            Some("`hsm-ca cluster fetch` gets all of them, but only while the cluster is UNINITIALIZED"),
        ),
        #[cfg(feature = "aws")]
        CliError::Server { cause } => explain_server(cause),
        CliError::LedgerUrl {
            cause: LedgerUrlError::NoPostgres,
            ..
        } => (
            "ledger-url",
            USAGE,
            Some(
                "use the package hsm-ca in place of hsm-ca-offline, or build with the feature `postgres`; or write sqlite:PATH",
            ),
        ),
        CliError::LedgerUrl { .. } => (
            "ledger-url",
            USAGE,
            Some(
                "write sqlite:PATH, or postgres://HOST/DATABASE (docs/postgres.md) with --ledger-password-source for a password; a relative path in the configuration file starts at the file's directory",
            ),
        ),
        CliError::NoLedger { .. } => ("no-ledger", UNAVAILABLE, None),
        CliError::NoEntry { .. } => (
            "no-entry",
            UNAVAILABLE,
            Some("`hsm-ca ledger list` shows the entries; write an entry's number as '#3'"),
        ),
        CliError::NoProfile { .. } => (
            "no-profile",
            USAGE,
            Some("`hsm-ca csr show` shows what a request asks for; docs/profiles.md describes each profile"),
        ),
        CliError::RigModule { .. } => ("rig-token", UNAVAILABLE, None),
        CliError::Rehearsal { exit_code, .. } => ("rehearsal", *exit_code, None),
        CliError::NoneSigned { first, .. } => explain_own(first),
        CliError::Options { .. } | CliError::NoSchema { .. } => ("usage", USAGE, None),
        CliError::NotPassed(what) => explain_not_passed(what),
    }
}
