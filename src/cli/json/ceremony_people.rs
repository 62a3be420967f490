//! What people say in a ceremony: `ceremony approve` and `ceremony approvals`.

use hsm_ca::ceremony::{Decision as Said, QuorumAnchor, Verdict as Count};
use hsm_ca::workflow::{ApprovalFile, Approvals, WaitingApproval};
use serde::Serialize;

use super::Output;
use super::ceremony::Identity;
use super::ceremony_gate::ConfirmedGate;
use super::common::{FileName, Time};

/// A statement that a person signs with an SSH key.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct SignedStatement {
    #[serde(flatten)]
    pub(in crate::cli) identity: Identity,
    pub(in crate::cli) person: String,
    /// The namespace of the signature.
    pub(in crate::cli) namespace: String,
    /// The statement's file.
    pub(in crate::cli) statement: FileName,
    /// The signature's file; null with --write-statement.
    pub(in crate::cli) signature: Option<FileName>,
    /// With --write-statement: the command that signs it.
    pub(in crate::cli) command: Option<String>,
}

/// `ceremony approve`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyApprove {
    #[serde(flatten)]
    pub(in crate::cli) statement: SignedStatement,
    /// What is confirmed at a step `confirm`; null where the plan is approved or rejected.
    pub(in crate::cli) gate: Option<ConfirmedGate>,
}

impl Output for CeremonyApprove {
    const NAME: &'static str = "ceremony-approve";
}

/// `ceremony approvals`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyApprovals {
    #[serde(flatten)]
    pub(in crate::cli) identity: Identity,
    /// As `ceremony-quorum` in the settings: sha256:HEX.
    pub(in crate::cli) quorum: String,
    /// What confirms the quorum.
    pub(in crate::cli) anchor: Anchor,
    /// The other quorum, where `anchor` is `changed` or `other`.
    pub(in crate::cli) anchored_quorum: Option<String>,
    /// The first reason that stops it, or `approved`.
    pub(in crate::cli) state: ApprovalState,
    /// Whether `ceremony run` would begin.
    pub(in crate::cli) may_run: bool,
    /// What the plan's approvers say.
    pub(in crate::cli) approvers: Verdict,
    /// What the approvers of the previous ceremony say, if the people have changed.
    pub(in crate::cli) old_approvers: Option<Verdict>,
    pub(in crate::cli) statements: Vec<Statement>,
    /// Statements that have no signature yet.
    pub(in crate::cli) waiting: Vec<WaitingStatement>,
    /// The approvers who have said nothing.
    pub(in crate::cli) silent: Vec<String>,
}

impl Output for CeremonyApprovals {
    const NAME: &'static str = "ceremony-approvals";
}

/// What confirms a quorum.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum Anchor {
    /// The settings of this machine.
    Settings,
    /// The ceremony before, which had the same.
    Previous,
    /// The ceremony before had another: its approvers must approve, too.
    Changed,
    /// The settings have another.
    Other,
    /// Nothing outside the plan.
    None,
}

impl Anchor {
    /// With the quorum that is compared.
    pub(in crate::cli) fn of(anchor: &QuorumAnchor) -> (Self, Option<String>) {
        match anchor {
            QuorumAnchor::Settings => (Self::Settings, None),
            QuorumAnchor::Previous => (Self::Previous, None),
            QuorumAnchor::Changed { old } => (Self::Changed, Some(format!("sha256:{old}"))),
            QuorumAnchor::Other { settings } => (Self::Other, Some(format!("sha256:{settings}"))),
            _ => (Self::None, None),
        }
    }
}

/// What the approvals come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum ApprovalState {
    Rejected,
    /// More people must approve.
    Open,
    Approved,
}

impl ApprovalState {
    pub(in crate::cli) fn of(found: &Approvals) -> Self {
        let verdicts = [Some(&found.verdict), found.old_verdict.as_ref()];
        let is = |wanted: fn(&Count) -> bool| verdicts.into_iter().flatten().any(wanted);
        if is(|verdict| matches!(verdict, Count::Rejected { .. })) {
            Self::Rejected
        } else if is(|verdict| !matches!(verdict, Count::Approved { .. })) {
            Self::Open
        } else {
            Self::Approved
        }
    }
}

/// What a group of approvers says.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub(in crate::cli) enum Verdict {
    Approved {
        /// Who approved.
        by: Vec<String>,
        /// How many more must approve: none.
        missing: usize,
    },
    Open {
        /// Who approved.
        by: Vec<String>,
        /// How many more must approve.
        missing: usize,
    },
    Rejected {
        rejections: Vec<Rejection>,
    },
    /// Of a later version.
    Other,
}

/// A rejection.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Rejection {
    person: String,
    because: String,
}

impl Verdict {
    pub(in crate::cli) fn of(verdict: &Count) -> Self {
        match verdict {
            Count::Approved { by } => Self::Approved {
                by: by.clone(),
                missing: 0,
            },
            Count::Open { by, missing } => Self::Open {
                by: by.clone(),
                missing: *missing,
            },
            Count::Rejected { rejections } => Self::Rejected {
                rejections: rejections
                    .iter()
                    .map(|one| Rejection {
                        person: one.person.clone(),
                        because: one.because.clone(),
                    })
                    .collect(),
            },
            _ => Self::Other,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Decision {
    Approve,
    Reject,
}

impl Decision {
    const fn of(decision: &Said) -> Self {
        match decision {
            Said::Reject { .. } => Self::Reject,
            _ => Self::Approve,
        }
    }
}

/// A statement whose signature was verified.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Statement {
    /// Its name in the ceremony's directory of approvals.
    file: String,
    person: String,
    decision: Decision,
    /// Why it is a rejection.
    because: Option<String>,
    /// The fingerprint of the SSH key, as ssh-keygen shows it.
    ssh_key: String,
    /// When the person says it was signed.
    time: Time,
}

impl Statement {
    pub(in crate::cli) fn of(file: String, found: &ApprovalFile) -> Self {
        let approval = &found.approval;
        Self {
            file,
            person: approval.person().to_owned(),
            decision: Decision::of(approval.content()),
            because: match approval.content() {
                Said::Reject { because } => Some(because.clone()),
                _ => None,
            },
            ssh_key: approval.key().fingerprint(),
            time: Time::of(approval.claimed_time()),
        }
    }
}

/// A statement that has no signature yet.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct WaitingStatement {
    /// Its name in the ceremony's directory of approvals.
    file: String,
    person: String,
    decision: Decision,
    /// The command that signs it.
    command: String,
}

impl WaitingStatement {
    pub(in crate::cli) fn of(file: String, waiting: &WaitingApproval, command: String) -> Self {
        Self {
            file,
            person: waiting.person.clone(),
            decision: Decision::of(&waiting.decision),
            command,
        }
    }
}
