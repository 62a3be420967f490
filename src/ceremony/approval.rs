//! What an approver signs: a statement about one plan.

mod count;
mod error;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::count::{ApprovalCount, Approver, ApproverKey, Rejection, Verdict};
pub use self::error::{ApprovalError, QuorumError};
use super::ssh_key::SshKey;
use super::{CanonicalError, CeremonyKind, Digest, from_canonical, to_canonical};
use crate::values::UnixTime;

/// The statement's `format`.
const FORMAT: &str = "hsm-ca ceremony approval 1";

/// What the plan is that somebody approves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanIdentity {
    /// Production or practice.
    pub kind: CeremonyKind,
    /// The ceremony's id.
    pub ceremony: String,
    /// SHA-256 of `plan.json`.
    pub hash: Digest,
}

impl PlanIdentity {
    /// The SSHSIG namespace of its approvals: a practice has its own, so that an approval of it is never one of the real ceremony.
    #[must_use]
    pub const fn approval_namespace(&self) -> &'static str {
        match self.kind {
            CeremonyKind::Production => "ceremony-approval@hsm-ca",
            CeremonyKind::Practice => "ceremony-practice-approval@hsm-ca",
        }
    }
}

/// What somebody says about the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// It shall be carried out.
    Approve,
    /// It must not be.
    Reject {
        /// The reason.
        because: String,
    },
}

/// The statement that is signed, as canonical JSON. Nothing in it is true before its signature is verified ([`ApprovalCount::add`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStatement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    ceremony: String,
    decision: String,
    format: String,
    key: String,
    kind: String,
    person: String,
    plan: Digest,
    time: String,
}

impl ApprovalStatement {
    /// What `person` says about the plan, to be signed with `key`. The time is what this machine's clock says, and only a claim.
    ///
    /// # Errors
    /// [`ApprovalError::Reason`]: a rejection needs a reason.
    pub fn new(
        plan: &PlanIdentity,
        person: &str,
        key: &SshKey,
        time: UnixTime,
        decision: &Decision,
    ) -> Result<Self, ApprovalError> {
        let (decision, because) = match decision {
            Decision::Approve => ("approve", None),
            Decision::Reject { because } => ("reject", Some(because.clone())),
        };
        let statement = Self {
            because,
            ceremony: plan.ceremony.clone(),
            decision: decision.to_owned(),
            format: FORMAT.to_owned(),
            key: key.fingerprint(),
            kind: plan.kind.word().to_owned(),
            person: person.to_owned(),
            plan: plan.hash,
            time: time.to_string(),
        };
        statement.decision()?;
        statement.claimed_time()?;
        Ok(statement)
    }

    /// The bytes to sign: canonical JSON and a newline.
    ///
    /// # Errors
    /// None in practice: it has only strings.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical(self)
    }

    /// Reads a statement about `plan`.
    fn read(bytes: &[u8], plan: &PlanIdentity) -> Result<Self, ApprovalError> {
        let statement: Self = from_canonical(bytes).map_err(ApprovalError::Statement)?;
        let expected = [
            ("format", &statement.format, FORMAT.to_owned()),
            ("kind", &statement.kind, plan.kind.word().to_owned()),
            ("ceremony", &statement.ceremony, plan.ceremony.clone()),
            ("plan", &statement.plan.to_string(), plan.hash.to_string()),
        ];
        for (what, found, expected) in expected {
            if *found != expected {
                return Err(ApprovalError::OtherPlan {
                    what,
                    found: found.clone(),
                    expected,
                });
            }
        }
        Ok(statement)
    }

    fn decision(&self) -> Result<Decision, ApprovalError> {
        match (self.decision.as_str(), &self.because) {
            ("approve", None) => Ok(Decision::Approve),
            ("reject", Some(because)) if is_reason(because) => Ok(Decision::Reject {
                because: because.clone(),
            }),
            ("approve" | "reject", _) => Err(ApprovalError::Reason {
                decision: self.decision.clone(),
            }),
            (other, _) => Err(ApprovalError::Decision {
                found: other.to_owned(),
            }),
        }
    }

    /// In UTC and to the second: each time has one spelling.
    fn claimed_time(&self) -> Result<UnixTime, ApprovalError> {
        let time = self.time.parse::<UnixTime>().ok();
        let time = time.filter(|time| time.to_string() == self.time);
        time.ok_or_else(|| ApprovalError::Time {
            found: self.time.clone(),
        })
    }
}

/// It is printed beside the person's name, so it must be visible and cannot look like something else.
fn is_reason(because: &str) -> bool {
    let is_visible = because.chars().any(|character| !character.is_whitespace());
    is_visible && !because.chars().any(char::is_control)
}

/// A statement whose signature was verified, by one of the approvers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    person: String,
    key: SshKey,
    time: UnixTime,
    decision: Decision,
}

impl Approval {
    /// Who signed.
    #[must_use]
    pub fn person(&self) -> &str {
        &self.person
    }

    /// With which key.
    #[must_use]
    pub const fn key(&self) -> &SshKey {
        &self.key
    }

    /// When, as the signer's machine claimed.
    #[must_use]
    pub const fn claimed_time(&self) -> UnixTime {
        self.time
    }

    /// What was said.
    #[must_use]
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }
}
