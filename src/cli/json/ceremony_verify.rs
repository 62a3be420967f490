//! `ceremony verify`, and what other outputs share with it.

use hsm_ca::ceremony::ObjectKind;
use hsm_ca::workflow::{Attested, CeremonyReport};
use serde::Serialize;

use super::Output;
use super::ceremony_unlisted::UnlistedRevocation;
use super::common::{CeremonyKindName, Fingerprint};

/// `ceremony verify`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyVerify {
    verified: bool,
    /// The name of the ceremony; null where the plan cannot be read, as in what follows from it.
    ceremony: Option<String>,
    /// `production` or `practice`.
    ceremony_kind: Option<CeremonyKindName>,
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
            rule: finding.rule.name(),
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
            ceremony_kind: plan.map(|plan| CeremonyKindName::of(plan.kind)),
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
