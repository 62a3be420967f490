//! `ceremony`, from its plan to its report.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Output;
use super::ceremony_check::KeyBudget;
use super::ceremony_unlisted::UnlistedRevocation;
use super::common::{CeremonyKindName, FileName, Fingerprint};

/// Which ceremony.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Identity {
    /// The name of the ceremony.
    pub(in crate::cli) ceremony: String,
    pub(in crate::cli) ceremony_kind: CeremonyKindName,
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
            ceremony_kind: CeremonyKindName::of(plan.kind),
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
    pub(in crate::cli) ceremony_kind: CeremonyKindName,
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
