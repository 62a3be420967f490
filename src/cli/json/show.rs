//! `show FILE`, for files that no other command shows.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Output;
use super::common::{Fingerprint, Hex, PublicKeyDigest, Time};

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
    /// `production` or `practice`.
    pub(in crate::cli) ceremony_kind: String,
    pub(in crate::cli) plan_sha256: Fingerprint,
    /// As in the file (docs/ceremony-format.md).
    pub(in crate::cli) plan: Value,
}

impl Output for Plan {
    const NAME: &'static str = "show-ceremony-plan";
}
