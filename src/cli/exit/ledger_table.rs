//! The rows for the ledger.

use hsm_ca::ledger::{CrlNumberProblem, LedgerError};
use hsm_ca::transparency::TransparencyError;
use hsm_ca::workflow::KeptHeadError;

use super::row::Row;
use super::signer_table::explain_signer;
use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_ledger(error: &LedgerError) -> Row {
    match error {
        LedgerError::NotFound { .. } => (
            "no-ledger",
            UNAVAILABLE,
            Some("name it with --ledger sqlite:PATH, or create one: hsm-ca ledger new"),
        ),
        LedgerError::Empty { .. } => (
            "empty-ledger",
            UNAVAILABLE,
            Some(
                "restore the ledger from a copy; if there never was one, remove the empty file and run `hsm-ca ledger new`",
            ),
        ),
        LedgerError::Exists { .. } => (
            "ledger-exists",
            USAGE,
            Some(
                "`hsm-ca ledger verify` checks it; name another place with --ledger sqlite:PATH, or as TO of `ledger copy`",
            ),
        ),
        LedgerError::NoDirectory { .. } => ("no-directory", USAGE, Some("name a directory that exists")),
        LedgerError::OpenToOthers { cause } if cause.is_about_shared_directory() => (
            "ledger-mode",
            USAGE,
            Some(
                "name a ledger in a directory where only you and root can write, by its own path; check it with `hsm-ca ledger verify` and a head that you kept",
            ),
        ),
        LedgerError::OpenToOthers { .. } => (
            "ledger-mode",
            USAGE,
            Some(
                "take ownership of it (chown, chmod go-w), then run `hsm-ca ledger verify` with a head that you kept",
            ),
        ),
        LedgerError::Denied { place, .. } if place.is_on_server() => (
            "ledger-denied",
            UNAVAILABLE,
            Some(
                "grant the role its rights: docs/postgres.md has the statements; an issuer needs SELECT and INSERT on hsm_ca.events",
            ),
        ),
        LedgerError::Denied { .. } => (
            "ledger-denied",
            UNAVAILABLE,
            Some(
                "check the owner and the mode of the file, of its -wal and -shm files, and of the directory; to read a copy, copy all of them",
            ),
        ),
        LedgerError::Locked { place, .. } if place.is_on_server() => (
            "ledger-locked",
            UNAVAILABLE,
            Some(
                "pg_locks on the server shows which session holds the advisory lock; nothing was recorded, so run the command again",
            ),
        ),
        LedgerError::Locked { .. } => (
            "ledger-locked",
            UNAVAILABLE,
            Some("`fuser` shows which process has it open; nothing was recorded, so run the command again"),
        ),
        LedgerError::Newer { .. } => (
            "ledger-newer",
            UNAVAILABLE,
            Some("use the version of hsm-ca that last wrote to it, or a later one"),
        ),
        LedgerError::Older { .. } => (
            "ledger-older",
            UNAVAILABLE,
            Some("the next command that records a signature upgrades it"),
        ),
        LedgerError::NotALedger { .. } => (
            "not-a-ledger",
            UNAVAILABLE,
            Some("check the path in --ledger, HSM_CA_LEDGER or `ledger` in hsm-ca.toml"),
        ),
        LedgerError::Altered { .. } | LedgerError::Damaged { .. } => (
            "ledger-damaged",
            UNAVAILABLE,
            Some(
                "keep an unchanged copy; `hsm-ca ledger verify` shows what is wrong; continue from a backup",
            ),
        ),
        LedgerError::Replaced { .. } => (
            "ledger-replaced",
            UNAVAILABLE,
            Some(
                "find out who moved it; `hsm-ca ledger verify` and `hsm-ca ledger list --open` show what the file at that path contains",
            ),
        ),
        LedgerError::Unreachable { .. } => (
            "ledger-unreachable",
            UNAVAILABLE,
            Some(
                "check that the server runs, accepts connections and is not a standby; nothing was recorded, so run the command again",
            ),
        ),
        LedgerError::Server { refusal, .. } => {
            ("ledger-server", UNAVAILABLE, Some(explain_state(&refusal.code)))
        }
        LedgerError::Unresolved { .. } => (
            "ledger-outcome-unknown",
            UNAVAILABLE,
            Some(
                "when the server is back, `hsm-ca ledger list --open` shows what it has; then run the same command again",
            ),
        ),
        LedgerError::Rewound { .. } => (
            "ledger-older-copy",
            UNAVAILABLE,
            Some(
                "sign nothing until it is known which server has the newest events; `hsm-ca ledger verify --head COUNT:HASH` shows whether a server has an event",
            ),
        ),
        LedgerError::NotDurable { .. } => (
            "ledger-not-durable",
            UNAVAILABLE,
            Some(
                "change the setting in postgresql.conf; the encoding of a database is set when it is created",
            ),
        ),
        LedgerError::RootCertificates { .. } => (
            "ledger-root-certificates",
            USAGE,
            Some(
                "name the PEM file of the CA that issued the server's certificate with sslrootcert=FILE; only its owner and root may be able to write to it",
            ),
        ),
        LedgerError::ClientCertificate { .. } => (
            "ledger-client-certificate",
            USAGE,
            Some(
                "name the PEM file with this issuer's certificate and those above it: sslcert=FILE; only its owner and root may be able to write to it",
            ),
        ),
        LedgerError::ClientKey { .. } => (
            "ledger-client-key",
            USAGE,
            Some(
                "name the PEM file with an unencrypted key: sslkey=FILE; chown it to this user and chmod 600, or chmod 640 if it belongs to root",
            ),
        ),
        LedgerError::PasswordMissing { .. } => (
            "ledger-password",
            USAGE,
            Some(
                "name its source with --ledger-password-source: file:PATH, env:NAME, fd:N or credential:NAME",
            ),
        ),
        LedgerError::ServerCertificate { .. } => (
            "ledger-server-certificate",
            UNAVAILABLE,
            Some(
                "name the host as the certificate does, and with sslrootcert=FILE the CA that issued it; check its dates too",
            ),
        ),
        LedgerError::CertificateRefused { .. } => (
            "ledger-certificate-refused",
            UNAVAILABLE,
            Some(
                "check the dates and the issuer of the certificate in sslcert, and ssl_ca_file on the server",
            ),
        ),
        LedgerError::Full { .. } => (
            "ledger-full",
            UNAVAILABLE,
            Some("free some space; nothing was recorded, and earlier records are safe"),
        ),
        LedgerError::SerialUsed { .. } => (
            "serial-used",
            REFUSED,
            Some("`hsm-ca ledger show SERIAL` shows the certificate that has it; nothing was signed"),
        ),
        LedgerError::RequestTaken { .. } => (
            "request-taken",
            REFUSED,
            Some(
                "when no other process signs, run the same command again: it delivers the certificate that was signed; --again signs another one",
            ),
        ),
        LedgerError::RequestOpen { .. } => (
            "request-open",
            REFUSED,
            Some(
                "when the other process has ended, run the same command again: it delivers the certificate, or signs it if nothing was signed. `lslocks` shows which process holds the ledger's -lock file; on PostgreSQL, pg_locks shows the sessions. If the process that began has ended, revoke that entry's certificate, which may exist: `hsm-ca cert revoke SERIAL --ca FILE --reason superseded`. --again signs now, and there can be two certificates",
            ),
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
        LedgerError::CrlNumber {
            problem: CrlNumberProblem::FarAbove,
            ..
        } => (
            "crl-number",
            REFUSED,
            Some(
                "leave out --number for the next number; if the CA's last CRL has a number that large, --number-is-right uses it",
            ),
        ),
        LedgerError::CrlNumber { .. } => ("crl-number", REFUSED, None),
        LedgerError::NoEntry { .. } => (
            "no-entry",
            UNAVAILABLE,
            Some("`hsm-ca ledger list` shows the entries"),
        ),
        LedgerError::Ended { .. } => ("entry-ended", REFUSED, None),
        LedgerError::OtherBytes { .. } => (
            "other-bytes",
            FAILED,
            Some("do not use the signed object: find out who changed it between the check and the signature"),
        ),
        LedgerError::UnknownCertificate { .. } => (
            "unknown-certificate",
            UNAVAILABLE,
            Some(
                "name the certificate's file, so that a certificate from before the ledger is adopted first",
            ),
        ),
        LedgerError::NotACertificate => ("not-a-certificate", REFUSED, None),
        LedgerError::AlreadyRevoked { .. } => (
            "already-revoked",
            REFUSED,
            Some(
                "a hold can be changed to any reason, and any reason to a compromise; no other change is possible",
            ),
        ),
        LedgerError::NotOnHold { .. } => ("not-on-hold", REFUSED, None),
        LedgerError::NotExtended(_) => (
            "checkpoint-not-extended",
            REFUSED,
            Some(
                "keep this ledger unchanged and find out what happened to it; if the checkpoint is from another ledger, name that one with --ledger",
            ),
        ),
        LedgerError::Export { .. } => ("output", FAILED, None),
        _ => ("ledger", UNAVAILABLE, None),
    }
}

/// The hint for an SQLSTATE.
fn explain_state(code: &str) -> &'static str {
    match code {
        "28P01" | "28000" => {
            "check the user, sslcert and sslkey in the URL, --ledger-password-source, and pg_hba.conf on the server"
        }
        "42501" | "42P01" | "3F000" => {
            "the role needs USAGE on the schema hsm_ca, SELECT on hsm_ca.ledger, and SELECT and INSERT on hsm_ca.events; to create a ledger, CREATE on the database"
        }
        "3D000" => "create the database first: createdb --encoding UTF8 --template template0 NAME",
        "53100" => "free some space on the server; nothing was recorded",
        _ => "the server's log says more; nothing was recorded",
    }
}

pub(super) fn explain_kept_head(error: &KeptHeadError) -> Row {
    match error {
        KeptHeadError::Older { .. } => (
            "ledger-older-copy",
            UNAVAILABLE,
            Some(
                "nothing was signed. Restore the newest ledger. If it is lost, `hsm-ca ledger accept --ca \
                 FILE` continues with this one: first look for CRLs and certificates that it does not \
                 contain",
            ),
        ),
        KeptHeadError::OtherLedger { .. } => (
            "other-ledger",
            UNAVAILABLE,
            Some(
                "nothing was signed. Check --ledger, HSM_CA_LEDGER or `ledger` in hsm-ca.toml. `hsm-ca ca \
                 adopt FILE --key KEY` lets the key sign for this ledger too; `hsm-ca ledger accept --ca FILE` continues with \
                 this one alone",
            ),
        ),
        KeptHeadError::Missing { .. } => (
            "ledger-head",
            UNAVAILABLE,
            Some(
                "nothing was signed. Restore the file. If the ledger never had one, or if the file is lost and the ledger is the newest one, \
                 `hsm-ca ledger accept --ca FILE` verifies the ledger and makes the file",
            ),
        ),
        _ => (
            "ledger-head",
            UNAVAILABLE,
            Some(
                "nothing was signed; check `ledger-head` in hsm-ca.toml, HSM_CA_LEDGER_HEAD or --ledger-head",
            ),
        ),
    }
}

pub(super) fn explain_transparency(error: &TransparencyError) -> Row {
    match error {
        TransparencyError::Malformed { .. } | TransparencyError::Name { .. } => {
            ("checkpoint-malformed", REFUSED, None)
        }
        TransparencyError::OtherKey { .. }
        | TransparencyError::Unsigned { .. }
        | TransparencyError::BadSignature { .. } => (
            "checkpoint-signature",
            REFUSED,
            Some(
                "compare the verifier key with the one that `hsm-ca ledger checkpoint` showed when the key was new",
            ),
        ),
        TransparencyError::NotIncluded
        | TransparencyError::NotConsistent { .. }
        | TransparencyError::OtherOrigin { .. }
        | TransparencyError::OtherCheckpoint { .. } => (
            "proof-failed",
            REFUSED,
            Some("the proof shows nothing: get another from the CA, with `hsm-ca ledger prove`"),
        ),
        TransparencyError::KeyKind { .. } => (
            "checkpoint-key",
            USAGE,
            Some("make a key only for checkpoints: openssl genpkey -algorithm ed25519 -out checkpoint.key"),
        ),
        TransparencyError::Signer(error) => explain_signer(error),
        _ => ("checkpoint", REFUSED, None),
    }
}
