//! `ledger`, and ledger entries in other results.

use hsm_ca::ledger::{KeptHead, ProvenEvent, VerifyReport};
use serde::Serialize;

use super::Output;
use super::common::{FileName, Fingerprint, Time};
use super::ledger_entry::Entry;
use super::ledger_key::KeyEntry;

/// `ledger new`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LedgerNew {
    /// The ledger, in the form of --ledger.
    pub(in crate::cli) ledger: String,
    /// As COUNT:HASH.
    pub(in crate::cli) head: String,
}

impl Output for LedgerNew {
    const NAME: &'static str = "ledger-new";
}

/// `ledger copy`: the new ledger.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub(in crate::cli) struct LedgerCopy(pub(in crate::cli) LedgerNew);

impl Output for LedgerCopy {
    const NAME: &'static str = "ledger-copy";
}

/// `ledger list`, oldest first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LedgerList {
    /// Certificates, CRLs, OCSP responses and requests.
    pub(in crate::cli) entries: Vec<Entry>,
    /// What happened to keys on tokens.
    pub(in crate::cli) keys: Vec<KeyEntry>,
    /// If there are earlier entries: the value of --before that lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) before: Option<u64>,
}

impl Output for LedgerList {
    const NAME: &'static str = "ledger-list";
}

/// `ledger show`: the entries with a number or a serial number.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub(in crate::cli) struct LedgerShow(pub(in crate::cli) LedgerList);

impl Output for LedgerShow {
    const NAME: &'static str = "ledger-show";
}

/// `ledger deliver`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LedgerDeliver {
    #[serde(flatten)]
    pub(in crate::cli) entry: Entry,
    /// Null if it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
}

impl Output for LedgerDeliver {
    const NAME: &'static str = "ledger-deliver";
    const HAS_CONTENT: bool = true;
}

/// `ledger accept`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LedgerAccept {
    /// The kept heads that the ledger does not contain.
    pub(in crate::cli) given_up: Vec<GivenUpHead>,
    /// The new kept head, as COUNT:HASH.
    pub(in crate::cli) head: String,
}

/// A kept head that was given up.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct GivenUpHead {
    /// As COUNT:HASH.
    head: String,
    /// The hash of the first event of the ledger that the head belongs to.
    first_event_sha256: Fingerprint,
    /// Where it was kept, for people.
    place: String,
}

impl GivenUpHead {
    pub(in crate::cli) fn of(head: &hsm_ca::ledger::GivenUpHead) -> Self {
        Self {
            head: head.head.to_string(),
            first_event_sha256: Fingerprint::new(head.ledger),
            place: head.place.clone(),
        }
    }
}

impl Output for LedgerAccept {
    const NAME: &'static str = "ledger-accept";
}

/// `ledger verify`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LedgerVerify {
    pub(in crate::cli) verified: bool,
    /// The number of events.
    pub(in crate::cli) events: u64,
    /// As COUNT:HASH.
    pub(in crate::cli) head: String,
    /// The number of entries that have not ended.
    pub(in crate::cli) open: u64,
    /// Whether the kept head is on the chain; null without a kept head.
    pub(in crate::cli) kept_head: Option<FoundHead>,
    /// The checkpoint of --checkpoint.
    pub(in crate::cli) checkpoint: Option<ComparedCheckpoint>,
    pub(in crate::cli) problems: Vec<LedgerFault>,
    /// The number of further problems.
    pub(in crate::cli) more_problems: u64,
}

/// The result of the comparison with a kept head.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum FoundHead {
    OnTheChain,
    /// The ledger is shorter.
    Missing,
    /// The ledger has a different event with that number.
    Another,
}

/// A kept checkpoint.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ComparedCheckpoint {
    /// The number of events in it.
    pub(in crate::cli) size: u64,
    /// The number of events after it; null if the ledger does not extend it.
    pub(in crate::cli) extended_by: Option<u64>,
}

/// A fault of the ledger.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LedgerFault {
    /// The number of the event, if the fault is about one.
    pub(in crate::cli) event: Option<u64>,
    /// For people.
    pub(in crate::cli) found: String,
}

impl FoundHead {
    pub(in crate::cli) fn of(report: &VerifyReport) -> Option<Self> {
        report.kept.map(|kept| match kept {
            KeptHead::OnTheChain { .. } => Self::OnTheChain,
            KeptHead::Missing => Self::Missing,
            KeptHead::Another => Self::Another,
        })
    }
}

impl Output for LedgerVerify {
    const NAME: &'static str = "ledger-verify";
}

/// A checkpoint in the format of transparency logs (C2SP tlog-checkpoint).
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Checkpoint {
    /// The name of the ledger.
    pub(in crate::cli) origin: String,
    /// The number of events in it.
    pub(in crate::cli) size: u64,
    /// The root hash of the tree over the events (RFC 6962 section 2.1).
    pub(in crate::cli) root_sha256: Fingerprint,
    /// The name of each key that signed it.
    pub(in crate::cli) signatures: Vec<String>,
}

/// `ledger checkpoint`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LedgerCheckpoint {
    pub(in crate::cli) checkpoint: Checkpoint,
    /// The key that signed it, in the form of --verifier-key.
    pub(in crate::cli) verifier_key: Option<String>,
    /// Null if it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
}

impl Output for LedgerCheckpoint {
    const NAME: &'static str = "ledger-checkpoint";
    const HAS_CONTENT: bool = true;
}

/// `ledger prove`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LedgerProve {
    /// The number of the proven event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) event: Option<u64>,
    /// With --since: the size of the older checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) since: Option<u64>,
    /// The checkpoint that the proof refers to.
    pub(in crate::cli) checkpoint: Checkpoint,
    /// Null if the proof went to stdout.
    pub(in crate::cli) file: Option<FileName>,
}

impl Output for LedgerProve {
    const NAME: &'static str = "ledger-prove";
    const HAS_CONTENT: bool = true;
}

/// `ledger verify-proof`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LedgerVerifyProof {
    #[serde(flatten)]
    pub(in crate::cli) proven: Proven,
    /// The checkpoint that the proof refers to.
    pub(in crate::cli) checkpoint: Checkpoint,
}

/// What a proof shows.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "proven", rename_all = "kebab-case")]
pub(in crate::cli) enum Proven {
    /// The ledger has the event.
    Inclusion(ProvenEntry),
    /// The ledger extends the older checkpoint.
    Consistency {
        /// The size of the older checkpoint.
        since: u64,
    },
}

/// The event that a proof is about.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ProvenEntry {
    /// Its number.
    event: u64,
    what: ProvenAct,
    /// The entry that it is about.
    entry: u64,
    /// The SHA-256 of the object's DER.
    sha256: Fingerprint,
    time: Time,
    /// The user who recorded it.
    by: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum ProvenAct {
    Signed,
    /// Signed without this ledger, and recorded later.
    Adopted,
}

impl ProvenEntry {
    pub(in crate::cli) fn of(event: ProvenEvent) -> Self {
        Self {
            event: event.sequence,
            what: match event.what {
                "adopted" => ProvenAct::Adopted,
                _ => ProvenAct::Signed,
            },
            entry: event.entry.0,
            sha256: Fingerprint::new(event.sha256),
            time: Time::of(event.time),
            by: event.by,
        }
    }
}

impl Output for LedgerVerifyProof {
    const NAME: &'static str = "ledger-verify-proof";
}

/// `cert revoke`: the certificate's entry.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CertRevoke {
    #[serde(flatten)]
    pub(in crate::cli) entry: Entry,
    /// As COUNT:HASH.
    pub(in crate::cli) ledger_head: String,
    /// Whether that head is kept now, on the token or in a file. Otherwise an older copy of the ledger is not noticed before the next signature.
    pub(in crate::cli) head_kept: bool,
}

impl Output for CertRevoke {
    const NAME: &'static str = "cert-revoke";
}
