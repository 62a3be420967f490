//! `show FILE`, for files that no other command shows.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Output;
use super::ceremony::ShownRun;
use super::common::{CeremonyKindName, Fingerprint, Hex, PublicKeyDigest, PublicKeyPem, Time};
use super::ledger::{self, ProvenEntry};

/// `show` with a pair file.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Pair {
    /// The key that the private half is encrypted under.
    pub(in crate::cli) kms_key_arn: String,
    /// The AWS account of that key.
    pub(in crate::cli) kms_key_account: String,
    /// The key type, as KMS names it.
    pub(in crate::cli) key_spec: String,
    /// The SHA-1 of the public key, as in certificates.
    pub(in crate::cli) key_identifier: Hex,
    pub(in crate::cli) key_material_id: Option<String>,
    pub(in crate::cli) encryption_context: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(in crate::cli) fingerprint: PublicKeyDigest,
}

impl Output for Pair {
    const NAME: &'static str = "show-pair";
}

/// `show` with the export of a ledger.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LedgerExport {
    pub(in crate::cli) events: u64,
    /// The time of the first event.
    pub(in crate::cli) first: Option<Time>,
    /// The time of the last event.
    pub(in crate::cli) last: Option<Time>,
    /// As COUNT:HASH.
    pub(in crate::cli) head: String,
    /// Whether the chain of events is intact.
    pub(in crate::cli) verified: bool,
    /// Why it is not intact.
    pub(in crate::cli) problem: Option<String>,
}

impl Output for LedgerExport {
    const NAME: &'static str = "show-ledger-export";
}

/// `show` with a ceremony's plan outside the ceremony's directory.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Plan {
    /// The name of the ceremony.
    pub(in crate::cli) ceremony: String,
    pub(in crate::cli) ceremony_kind: CeremonyKindName,
    pub(in crate::cli) plan_sha256: Fingerprint,
    /// As in the file (docs/ceremony-format.md).
    pub(in crate::cli) plan: Value,
}

impl Output for Plan {
    const NAME: &'static str = "show-ceremony-plan";
}

/// `show` with a statement that somebody signed for a ceremony. Its signature is not verified.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Statement {
    pub(in crate::cli) statement_kind: StatementName,
    /// The name of the ceremony.
    pub(in crate::cli) ceremony: String,
    pub(in crate::cli) ceremony_kind: CeremonyKindName,
    pub(in crate::cli) plan_sha256: Fingerprint,
    pub(in crate::cli) person: String,
    /// As the statement claims it.
    pub(in crate::cli) time: String,
    /// As in the file (docs/ceremony-format.md).
    pub(in crate::cli) statement: Value,
}

/// The kinds of statements.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum StatementName {
    /// Somebody approves or rejects the plan.
    Approval,
    /// Somebody confirms the completed bytes at a step.
    Gate,
    /// Somebody who was there signs the transcript's head.
    Attestation,
}

impl Output for Statement {
    const NAME: &'static str = "show-ceremony-statement";
}

/// `show` with what a ceremony leaves to the next one.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ExportedCeremony {
    /// The name of the ceremony.
    pub(in crate::cli) ceremony: String,
    pub(in crate::cli) ceremony_kind: CeremonyKindName,
    pub(in crate::cli) plan_sha256: Fingerprint,
    /// The head of the transcript.
    pub(in crate::cli) head: String,
    /// How the ceremony ended.
    #[cfg_attr(test, schemars(extend("enum" = ["closed", "aborted"])))]
    pub(in crate::cli) end: String,
    /// As in the file (docs/ceremony-format.md).
    pub(in crate::cli) export: Value,
}

impl Output for ExportedCeremony {
    const NAME: &'static str = "show-ceremony-export";
}

/// `show` with a file of settings (--config).
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct SettingsFile {
    /// As in the file. Its relative paths begin at the file's directory.
    pub(in crate::cli) settings: Value,
}

impl Output for SettingsFile {
    const NAME: &'static str = "show-settings";
}

/// `show` with a public key.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct PublicKeyFile {
    /// For example "RSA 2048" or "EC P-256".
    pub(in crate::cli) key_type: String,
    /// The SHA-1 of the public key, as in certificates.
    pub(in crate::cli) key_identifier: Hex,
    #[serde(flatten)]
    pub(in crate::cli) fingerprint: PublicKeyDigest,
    pub(in crate::cli) public_key: PublicKeyPem,
}

impl Output for PublicKeyFile {
    const NAME: &'static str = "show-public-key";
}

/// `show` with a checkpoint. Its signatures are not verified.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Checkpoint {
    pub(in crate::cli) checkpoint: ledger::Checkpoint,
}

impl Output for Checkpoint {
    const NAME: &'static str = "show-checkpoint";
}

/// `show` with a proof. `ledger verify-proof` compares it with a checkpoint that was kept.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Proof {
    #[serde(flatten)]
    pub(in crate::cli) proof: ShownProof,
    /// The checkpoint in the proof. Its signatures are not verified.
    pub(in crate::cli) checkpoint: ledger::Checkpoint,
}

/// What a proof claims.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "proof_kind", rename_all = "kebab-case")]
pub(in crate::cli) enum ShownProof {
    /// The ledger of the checkpoint has the event. This was compared with the root hash in the checkpoint.
    Inclusion(ProvenEntry),
    /// The checkpoint extends an older one, which is not in the file.
    Consistency {
        /// The size of the older checkpoint.
        since: u64,
    },
}

impl Output for Proof {
    const NAME: &'static str = "show-proof";
}

/// `show` with a ceremony's transcript outside the ceremony's directory.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Transcript {
    /// The SHA-256 of the plan that the first line names.
    pub(in crate::cli) plan_sha256: Fingerprint,
    /// The number of lines.
    pub(in crate::cli) lines: u64,
    /// The time of the first line.
    pub(in crate::cli) first: Option<Time>,
    /// The time of the last line.
    pub(in crate::cli) last: Option<Time>,
    pub(in crate::cli) run: ShownRun,
}

impl Output for Transcript {
    const NAME: &'static str = "show-transcript";
}
