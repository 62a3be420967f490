//! `ceremony`, from its plan to its export.

use std::collections::BTreeMap;

use hsm_ca::ceremony::ObjectKind;
use hsm_ca::workflow::{Attested, CeremonyReport};
use serde::Serialize;
use serde_json::Value;

use super::Output;
use super::ceremony_check::KeyBudget;
use super::ceremony_unlisted::UnlistedRevocation;
use super::common::{FileName, Fingerprint};

/// Which ceremony.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Identity {
    /// The name of the ceremony.
    pub(in crate::cli) ceremony: String,
    /// `production` or `practice`.
    pub(in crate::cli) ceremony_kind: String,
    pub(in crate::cli) plan_sha256: Fingerprint,
    /// The same in the words of the PGP word list.
    pub(in crate::cli) plan_sha256_words: String,
}

impl Identity {
    pub(in crate::cli) fn of(
        plan: &hsm_ca::ceremony::CeremonyPlan,
        sha256: &hsm_ca::ceremony::Digest,
    ) -> Self {
        Self {
            ceremony: plan.ceremony.clone(),
            ceremony_kind: plan.kind.word().to_owned(),
            plan_sha256: Fingerprint::new(sha256),
            plan_sha256_words: hsm_ca::ceremony::hash_words(&sha256.0),
        }
    }
}

/// `ceremony new`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyNew {
    /// Null where it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
}

impl Output for CeremonyNew {
    const NAME: &'static str = "ceremony-new";
    const HAS_CONTENT: bool = true;
}

/// `ceremony plan`, also with --check.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyPlan {
    #[serde(flatten)]
    pub(in crate::cli) identity: Identity,
    pub(in crate::cli) directory: FileName,
    /// The names of the sessions.
    pub(in crate::cli) sessions: Vec<String>,
    pub(in crate::cli) budget: Vec<KeyBudget>,
}

impl Output for CeremonyPlan {
    const NAME: &'static str = "ceremony-plan";
}

/// `ceremony show`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyShow {
    #[serde(flatten)]
    pub(in crate::cli) identity: Identity,
    /// As in the file (docs/ceremony-format.md).
    pub(in crate::cli) plan: Value,
    /// Whether it is approved, for people; `ceremony approvals` says it for programs.
    pub(in crate::cli) approvals: String,
    pub(in crate::cli) run: ShownRun,
}

impl Output for CeremonyShow {
    const NAME: &'static str = "ceremony-show";
}

/// How far `ceremony run` came.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ShownRun {
    pub(in crate::cli) state: RunState,
    /// The head of the transcript.
    pub(in crate::cli) head: Option<String>,
    /// Whether the last line of the transcript was not written to its end.
    pub(in crate::cli) torn: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum RunState {
    NotStarted,
    /// Running, or interrupted.
    Unfinished,
    Stopped,
    Aborted,
    Closed,
}

/// `ceremony script`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyScript {
    /// Null where it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
    pub(in crate::cli) plan_sha256: Fingerprint,
}

impl Output for CeremonyScript {
    const NAME: &'static str = "ceremony-script";
    const HAS_CONTENT: bool = true;
}

/// `ceremony run`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyRun {
    /// The name of the ceremony.
    pub(in crate::cli) ceremony: String,
    /// `production` or `practice`.
    pub(in crate::cli) ceremony_kind: String,
    /// The head of the transcript.
    pub(in crate::cli) head: String,
    /// The SHA-256 of each file that was made, by its name in the directory `out`.
    pub(in crate::cli) out: BTreeMap<String, Fingerprint>,
    pub(in crate::cli) unlisted_revocations: Vec<UnlistedRevocation>,
}

impl Output for CeremonyRun {
    const NAME: &'static str = "ceremony-run";
}

/// `ceremony note`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyNote {
    /// The name of the ceremony.
    pub(in crate::cli) ceremony: String,
    /// Whether it says that something did not go as planned.
    pub(in crate::cli) deviation: bool,
    /// The head of the transcript.
    pub(in crate::cli) head: String,
}

impl Output for CeremonyNote {
    const NAME: &'static str = "ceremony-note";
}

/// `ceremony abort`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyAbort {
    /// The name of the ceremony.
    pub(in crate::cli) ceremony: String,
    /// The head of the transcript.
    pub(in crate::cli) head: String,
}

impl Output for CeremonyAbort {
    const NAME: &'static str = "ceremony-abort";
}

/// `ceremony verify`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyVerify {
    verified: bool,
    /// The name of the ceremony; null where the plan cannot be read, as in what follows from it.
    ceremony: Option<String>,
    /// `production` or `practice`.
    ceremony_kind: Option<String>,
    plan_sha256: Option<Fingerprint>,
    /// Whether the plan was made again from its files. Another version of the program does not try.
    plan_made_again: bool,
    /// The head of the transcript.
    head: Option<String>,
    /// The root of the tree over its lines.
    tree_head: Option<String>,
    /// How many lines follow the head of --head.
    lines_after_head: Option<u64>,
    session: Option<String>,
    runs: u64,
    approved_by: Vec<String>,
    attested_by: Vec<Attestation>,
    objects: Vec<MadeObject>,
    /// Not findings: the ceremony can be verified nevertheless.
    unlisted_revocations: Vec<UnlistedRevocation>,
    findings: Vec<Finding>,
}

/// Who attests what.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Attestation {
    person: String,
    present: Presence,
    as_planned: bool,
    remarks: Option<String>,
}

/// How much of it a person saw.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Presence {
    All,
    Part,
}

impl Presence {
    pub(super) const fn of(presence: hsm_ca::ceremony::Presence) -> Self {
        match presence {
            hsm_ca::ceremony::Presence::All => Self::All,
            _ => Self::Part,
        }
    }
}

/// What was made.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MadeObject {
    step: String,
    /// Below the ceremony's directory.
    file: String,
    object_kind: MadeKind,
    /// Of its DER.
    sha256: Fingerprint,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum MadeKind {
    Certificate,
    Crl,
}

/// A rule of docs/ceremony-format.md that is broken.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Finding {
    /// Below the ceremony's directory.
    file: String,
    /// From 1, in a file of lines.
    line: Option<u64>,
    rule: &'static str,
    /// For people.
    found: String,
}

impl Finding {
    pub(super) fn list(findings: &[hsm_ca::ceremony::Finding]) -> Vec<Self> {
        let one = |finding: &hsm_ca::ceremony::Finding| Self {
            file: finding.file.clone(),
            line: finding.line,
            rule: finding.rule,
            found: finding.found.clone(),
        };
        findings.iter().map(one).collect()
    }
}

impl CeremonyVerify {
    pub(in crate::cli) fn of(verified: &CeremonyReport, plan_made_again: bool) -> Self {
        let plan = verified.content.as_ref();
        let transcript = verified.transcript.as_ref();
        let attested = |attested: &Attested| Attestation {
            person: attested.person.clone(),
            present: match attested.present_all {
                true => Presence::All,
                false => Presence::Part,
            },
            as_planned: attested.as_planned,
            remarks: attested.remarks.clone(),
        };
        let made = |made: &hsm_ca::workflow::MadeObject| MadeObject {
            step: made.step.clone(),
            file: format!("out/{}", made.out),
            object_kind: match made.is {
                ObjectKind::Certificate => MadeKind::Certificate,
                _ => MadeKind::Crl,
            },
            sha256: Fingerprint::new(hsm_ca::ceremony::Digest::of(&made.der)),
        };
        Self {
            verified: verified.is_verified(),
            ceremony: plan.map(|plan| plan.ceremony.clone()),
            ceremony_kind: plan.map(|plan| plan.kind.word().to_owned()),
            plan_sha256: verified.plan.map(Fingerprint::new),
            plan_made_again,
            head: transcript.map(|transcript| transcript.head().to_string()),
            tree_head: transcript.map(|transcript| transcript.tree_head().to_string()),
            lines_after_head: verified.added,
            session: verified.trail.session.clone(),
            runs: verified.trail.runs,
            approved_by: verified.approved_by.clone(),
            attested_by: verified.attested.iter().map(attested).collect(),
            objects: verified.made.iter().map(made).collect(),
            unlisted_revocations: UnlistedRevocation::list(&verified.unlisted),
            findings: Finding::list(&verified.findings),
        }
    }
}

impl Output for CeremonyVerify {
    const NAME: &'static str = "ceremony-verify";
}

/// `ceremony report`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyReportPage {
    /// Null where it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
    pub(in crate::cli) plan_sha256: Option<Fingerprint>,
    /// Whether the ceremony is verified. The page says so, too.
    pub(in crate::cli) verified: bool,
}

impl Output for CeremonyReportPage {
    const NAME: &'static str = "ceremony-report";
    const HAS_CONTENT: bool = true;
}

/// `ceremony export`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyExport {
    /// Null where it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
    /// The head of the transcript.
    pub(in crate::cli) head: String,
    /// `closed` or `aborted`.
    pub(in crate::cli) end: String,
    /// What the serial numbers of each issuer are for, in the order of the export.
    pub(in crate::cli) serials: Vec<ExportedSerials>,
    /// As in the file (docs/ceremony-format.md).
    pub(in crate::cli) export: Value,
}

/// The serial numbers of an issuer that no later certificate may have.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ExportedSerials {
    issuer: String,
    /// In certificates whose signature was begun in this ceremony.
    used: usize,
    /// Drawn for this ceremony and in no certificate: spare ones, and those of other sessions.
    spare: usize,
    /// From the ceremonies before.
    earlier: usize,
}

impl ExportedSerials {
    pub(in crate::cli) fn of(issuer: String, count: hsm_ca::workflow::SerialCount) -> Self {
        Self {
            issuer,
            used: count.used,
            spare: count.spare,
            earlier: count.earlier,
        }
    }
}

impl Output for CeremonyExport {
    const NAME: &'static str = "ceremony-export";
    const HAS_CONTENT: bool = true;
}
