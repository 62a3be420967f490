//! The table: the kind, exit code and hint of each error.

use hsm_ca::ledger::LedgerError;
use hsm_ca::output::OutputError;
use hsm_ca::secret::PrivateKeyError;
use hsm_ca::signer::UnfitChoice;
use hsm_ca::workflow::{
    GenerateError, KeyLockError, LeftBehind, LinterError, NotDeliverable, PublicationError, UnprovenReason,
    WorkflowError,
};

use super::bench_table::explain_bench;
use super::ceremony_table::explain_ceremony;
use super::cloudhsm_table::{explain_cloudhsm, explain_initialize};
use super::kms_table::explain_kms;
use super::ledger_table::{explain_kept_head, explain_ledger, explain_transparency};
use super::row::Row;
use super::signer_table::explain_signer;
use super::token_table::explain_token;
use super::x509_table::explain_x509;
use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_workflow(error: &WorkflowError) -> Row {
    match error {
        WorkflowError::Kms(error) => explain_kms(error),
        WorkflowError::CloudHsm(error) => explain_cloudhsm(error),
        WorkflowError::Initialize(error) => explain_initialize(error),
        WorkflowError::InAnswer { .. } => (
            "cloudhsm-answer",
            UNAVAILABLE,
            Some("check the answer: aws cloudhsmv2 describe-clusters"),
        ),
        WorkflowError::IdentityNotVerified { .. } => (
            "identity-not-verified",
            REFUSED,
            Some("`hsm-ca cluster verify --dir DIR` shows every step; nothing was signed"),
        ),
        WorkflowError::OtherHsm => (
            "other-hsm",
            REFUSED,
            Some(
                "AWS replaces a first HSM that fails, and with it the CSR: run `hsm-ca cluster fetch` and `cluster verify` again",
            ),
        ),
        WorkflowError::Generate(error) => explain_generate(error),
        WorkflowError::Bench(error) => explain_bench(error),
        WorkflowError::Token(error) => explain_token(error),
        WorkflowError::Ledger(error) => explain_ledger(error),
        WorkflowError::Unrecorded {
            cause: cause @ LedgerError::OtherBytes { .. },
            ..
        } => explain_ledger(cause),
        WorkflowError::Unrecorded {
            cause:
                LedgerError::Unreachable { .. } | LedgerError::Unresolved { .. } | LedgerError::Server { .. },
            ..
        } => (
            "unrecorded",
            UNAVAILABLE,
            Some(
                "when the server answers again, run the same command again: what was signed was discarded unless `hsm-ca ledger list` has it",
            ),
        ),
        WorkflowError::Unrecorded {
            cause: LedgerError::Full { .. },
            ..
        } => (
            "unrecorded",
            UNAVAILABLE,
            Some("free some space for the ledger, then run the command again: what was signed was discarded"),
        ),
        WorkflowError::Unrecorded {
            cause: LedgerError::Locked { .. },
            ..
        } => (
            "unrecorded",
            UNAVAILABLE,
            Some(
                "when the other process no longer writes to the ledger, run the command again: what was signed was discarded",
            ),
        ),
        WorkflowError::Unrecorded { .. } => (
            "unrecorded",
            UNAVAILABLE,
            Some(
                "repair the ledger (`hsm-ca ledger verify` shows what is wrong), then run the command again: what was signed was discarded",
            ),
        ),
        WorkflowError::Undelivered { .. } => (
            "undelivered",
            FAILED,
            Some(
                "`hsm-ca ledger deliver '#N' --out FILE` writes it; an OCSP response or a large CRL is not kept there, so run the command again",
            ),
        ),
        WorkflowError::RepeatsRefused => ("repeated-request", REFUSED, None),
        WorkflowError::SomeUndelivered { cause, .. } if is_full(cause) => (
            "undelivered",
            FAILED,
            Some(
                "free some space, and run the same command again: it writes the recorded certificates, and does not sign them again",
            ),
        ),
        WorkflowError::SomeUndelivered { .. } => (
            "undelivered",
            FAILED,
            Some(
                "run the same command again: it writes the recorded certificates, and does not sign them again; an OCSP response is signed again",
            ),
        ),
        WorkflowError::Overtaken { .. } => (
            "overtaken",
            REFUSED,
            Some(
                "read what is there with `hsm-ca show`; if it is not what you need, run the command again. `hsm-ca ledger deliver '#N' --out OTHER` writes the signed CRL to another file",
            ),
        ),
        WorkflowError::UnrecordedKey {
            cause: LedgerError::Full { .. },
            ..
        } => (
            "unrecorded",
            UNAVAILABLE,
            Some("free some space for the ledger, then run the command again"),
        ),
        WorkflowError::UnrecordedKey {
            cause: LedgerError::Locked { .. },
            ..
        } => (
            "unrecorded",
            UNAVAILABLE,
            Some("when the other process no longer writes to the ledger, run the command again"),
        ),
        WorkflowError::UnrecordedKey { .. } => (
            "unrecorded",
            UNAVAILABLE,
            Some("check the ledger with `hsm-ca ledger verify`, then run the command again"),
        ),
        WorkflowError::UnrecordedDeletion { .. } => (
            "unrecorded",
            UNAVAILABLE,
            Some(
                "check the ledger with `hsm-ca ledger verify`; `hsm-ca ledger list --open` shows the deletion",
            ),
        ),
        WorkflowError::NotDeliverable(error) => explain_not_deliverable(error),
        WorkflowError::UnknownAuthority(_) => ("unknown-ca", REFUSED, None),
        WorkflowError::X509(error) => explain_x509(error),
        WorkflowError::Transparency(error) => explain_transparency(error),
        WorkflowError::CheckpointKey { .. } => (
            "checkpoint-key",
            REFUSED,
            Some("make a key only for checkpoints: openssl genpkey -algorithm ed25519 -out checkpoint.key"),
        ),
        WorkflowError::Ed25519Key(_) => (
            "checkpoint-key",
            USAGE,
            Some(
                "make one that only you can read: umask 077; openssl genpkey -algorithm ed25519 -out checkpoint.key",
            ),
        ),
        WorkflowError::Output(error) => explain_output(error),
        WorkflowError::Memory(_) => (
            "memory",
            FAILED,
            Some(
                "raise the limit of locked memory (ulimit -l), two pages per secret, or run as a user who may lock memory",
            ),
        ),
        WorkflowError::PrivateKey(PrivateKeyError::OtherKey) => (
            "proof-failed",
            REFUSED,
            Some("do not use this pair: find out what was changed and by whom, and generate another"),
        ),
        WorkflowError::PrivateKey(_) => ("private-key", REFUSED, None),
        WorkflowError::NoAttestation => (
            "no-attestation",
            USAGE,
            Some(
                "`hsm-ca kms recipient-key` writes the key to attest; give the document with --attestation-document",
            ),
        ),
        WorkflowError::UselessAttestation { .. } => (
            "useless-attestation",
            USAGE,
            Some("omit --attestation-document or --route"),
        ),
        WorkflowError::NoRecipientKey => (
            "no-recipient-key",
            UNAVAILABLE,
            Some("`hsm-ca kms recipient-key --out FILE` makes it; the document must carry that key"),
        ),
        WorkflowError::RecipientLeft { .. } => (
            "recipient-key-left",
            UNAVAILABLE,
            Some(
                "the import is done; to delete the recipient key, run the same command again, or `hsm-ca kms recipient-key --delete`",
            ),
        ),
        WorkflowError::LeftOnToken { .. } => (
            "left-on-token",
            UNAVAILABLE,
            Some("run the same command again: it checks the key and finishes the import"),
        ),
        WorkflowError::MayBeOnToken { .. } => (
            "left-on-token",
            UNAVAILABLE,
            Some(
                "when the token responds again, run the same command again: it checks what is there and finishes the import",
            ),
        ),
        WorkflowError::LabelTaken { .. } => (
            "label-taken",
            USAGE,
            Some("choose another --label; nothing was decrypted"),
        ),
        WorkflowError::OtherLabel { .. } => (
            "other-label",
            REFUSED,
            Some("use the key under its current label; nothing was decrypted"),
        ),
        WorkflowError::Unproven { unproven, left } => match (&unproven.reason, left) {
            // The token failed to answer, which says nothing about the key.
            (UnprovenReason::Token(error), _) => explain_signer(error),
            (_, LeftBehind::Untouched) => ("proof-failed", REFUSED, None),
            _ => (
                "proof-failed",
                REFUSED,
                Some("do not use this pair: find out what was changed and by whom, and generate another"),
            ),
        },
        WorkflowError::ImportedTwice { .. } => (
            "imported-twice",
            FAILED,
            Some("check with `hsm-ca key list`, then import again"),
        ),
        WorkflowError::PlannedFile(_) => ("planned-file", REFUSED, None),
        WorkflowError::Publication(error) => match error.as_ref() {
            PublicationError::Directory { .. } => (
                "directory",
                USAGE,
                Some(
                    "publish in a directory that only you and root can write to; a web server needs only to read it",
                ),
            ),
            _ => (
                "other-file",
                REFUSED,
                Some("find out where the file comes from, and move it away; --force replaces it"),
            ),
        },
        WorkflowError::Ceremony(error) => explain_ceremony(error),
        WorkflowError::Interrupted => (
            "interrupted",
            FAILED,
            Some("run the same command again to continue"),
        ),
        WorkflowError::InputChanged { .. } => (
            "input-changed",
            REFUSED,
            Some("run the command again when nothing writes to the inputs"),
        ),
        WorkflowError::InInput { cause, .. } | WorkflowError::Partly { cause, .. } => explain_workflow(cause),
        WorkflowError::Choice(UnfitChoice::Pss { .. }) => (
            "no-pss",
            REFUSED,
            Some("omit --pss: hsm-ca chooses the signature for the key"),
        ),
        WorkflowError::Choice(UnfitChoice::Restricted { .. }) => ("restricted-key", REFUSED, None),
        WorkflowError::Choice(_) => (
            "weak-hash",
            REFUSED,
            Some("omit --hash: hsm-ca chooses the hash for the key"),
        ),
        WorkflowError::Linter(LinterError::Untrusted { .. }) => (
            "untrusted-file",
            USAGE,
            Some("put the linter where only its owner and root can write"),
        ),
        WorkflowError::KeptHead(error) => explain_kept_head(error),
        WorkflowError::ClockBehind { .. } => (
            "clock",
            REFUSED,
            Some(
                "set the clock (timedatectl); if it is right already, --clock-is-right continues, and the ledger records that",
            ),
        ),
        WorkflowError::Linter(LinterError::Missing { .. }) => (
            "linter-failed",
            FAILED,
            Some("install it, or write its full path in the profile; nothing was signed"),
        ),
        WorkflowError::Linter(_) => (
            "linter-failed",
            FAILED,
            Some("try the profile's command by hand on a certificate; nothing was signed"),
        ),
        WorkflowError::KeyLock(KeyLockError::Held { .. }) => (
            "token-locked",
            UNAVAILABLE,
            Some("wait for that process to end, or stop it; then run this command again"),
        ),
        WorkflowError::KeyLock(_) => ("key-lock", FAILED, None),
        WorkflowError::SameOutput { .. } => (
            "same-output",
            USAGE,
            Some("give the inputs different names, or sign them one by one with --out"),
        ),
        WorkflowError::Rig { .. } => ("rig", FAILED, None),
        WorkflowError::RigExists { .. } => (
            "output-exists",
            USAGE,
            Some("name a directory that does not exist yet"),
        ),
        WorkflowError::RigPath { .. } => ("rig-path", USAGE, None),
        WorkflowError::RigToken { .. } => ("rig-token", UNAVAILABLE, None),
        _ => ("failed", FAILED, None),
    }
}

fn explain_generate(error: &GenerateError) -> Row {
    match error {
        GenerateError::LabelTaken { .. } => (
            "label-taken",
            USAGE,
            Some("choose another --label; `hsm-ca key show` shows that key, `hsm-ca key delete` deletes it"),
        ),
        GenerateError::Unproven { unproven, .. } => match &unproven.reason {
            UnprovenReason::Token(error) => explain_signer(error),
            _ => (
                "proof-failed",
                REFUSED,
                Some("do not use this token for keys until you have found the fault"),
            ),
        },
        GenerateError::Twice { .. } => (
            "generated-twice",
            FAILED,
            Some("check with `hsm-ca key list`, then generate again"),
        ),
        _ => ("failed", FAILED, None),
    }
}

/// Whether the disk of the output is full.
const fn is_full(error: &WorkflowError) -> bool {
    matches!(error, WorkflowError::Output(OutputError::NoSpace { .. }))
}

fn explain_output(error: &OutputError) -> Row {
    match error {
        OutputError::Protected { .. }
        | OutputError::ProtectedDirectory { .. }
        | OutputError::DatabaseFile { .. } => ("usage", USAGE, Some("choose another place for the output")),
        OutputError::NotReplaceable { .. } | OutputError::Database { .. } => (
            "output-exists",
            USAGE,
            Some("choose another place for the output"),
        ),
        OutputError::DirectoryExists { .. } => (
            "output-exists",
            USAGE,
            Some("name another directory: this one is never replaced"),
        ),
        OutputError::Exists { .. } => (
            "output-exists",
            USAGE,
            Some("name another file, or replace it with --force"),
        ),
        OutputError::NotADirectory { .. }
        | OutputError::OpenDirectory { .. }
        | OutputError::TooLarge { .. } => (
            "other-file",
            REFUSED,
            Some("find out where it comes from, and move it away"),
        ),
        OutputError::NoDirectory { .. } => ("no-directory", USAGE, Some("create the directory first")),
        OutputError::FileAsDirectory { .. } => ("no-directory", USAGE, None),
        OutputError::InUse { .. } => (
            "output-in-use",
            UNAVAILABLE,
            Some("wait for that process to end, or stop it; then run this command again"),
        ),
        OutputError::NoSpace { .. } => (
            "disk-full",
            FAILED,
            Some("free some space, and run the same command again"),
        ),
        OutputError::NotSynced { .. } => (
            "not-synced",
            FAILED,
            Some("the file is complete, but a power failure right now could lose it"),
        ),
        OutputError::Recheck { .. } => (
            "recheck",
            FAILED,
            Some("the file was not given its name; check the disk"),
        ),
        _ => ("output", FAILED, None),
    }
}

fn explain_not_deliverable(error: &NotDeliverable) -> Row {
    match error {
        NotDeliverable::Open { serial: Some(_), .. } => (
            "entry-open",
            REFUSED,
            Some(
                "sign the request again; `hsm-ca cert revoke SERIAL --ca CA --reason superseded` revokes the certificate, if there is one",
            ),
        ),
        NotDeliverable::Open { .. } => ("entry-open", REFUSED, Some("run the command that began it again")),
        NotDeliverable::Abandoned { .. } => (
            "entry-abandoned",
            REFUSED,
            Some("run the command that began it again"),
        ),
        NotDeliverable::NotKept { .. } => (
            "entry-not-kept",
            REFUSED,
            Some("OCSP responses and CRLs above 64 KiB are not kept; run the command that signed it again"),
        ),
        NotDeliverable::NoAuthority { .. } => (
            "unknown-authority",
            REFUSED,
            Some("give the CA certificate with --ca FILE"),
        ),
        NotDeliverable::OtherAuthority { .. } => ("other-authority", REFUSED, None),
        _ => (
            "ledger-damaged",
            UNAVAILABLE,
            Some("`hsm-ca ledger verify` shows what is wrong; continue from a backup"),
        ),
    }
}
