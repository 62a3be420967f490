//! What an approver signs: a statement about one plan.

mod count;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::count::{ApprovalCount, Rejection, Verdict};
use super::ssh_key::SshKey;
use super::statement::{
    PlanIdentity, SignedStatement, Statement, StatementError, StatementFrame, StatementKind, is_line,
    is_plain_line,
};
use crate::output::Sealed;
use crate::values::UnixTime;

/// An approver's decision about the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// The ceremony may run.
    Approve,
    /// The ceremony must not run.
    Reject {
        /// The reason.
        because: String,
    },
}

/// The statement that is signed, as canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalStatement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    decision: String,
    #[serde(flatten)]
    frame: StatementFrame,
}

/// A verified statement about the plan by one of the approvers.
pub type Approval = SignedStatement<Decision>;

impl ApprovalStatement {
    /// The decision of `person` about the plan, to be signed with `key`. The time comes from this machine's clock; it is a claim, not a proof.
    ///
    /// # Errors
    /// [`StatementError::Reason`]: a rejection needs a reason.
    pub fn new(
        plan: &PlanIdentity,
        person: &str,
        key: &SshKey,
        time: UnixTime,
        decision: &Decision,
    ) -> Result<Self, StatementError> {
        let (decision, because) = match decision {
            Decision::Approve => ("approve", None),
            Decision::Reject { because } if !is_plain_line(because) => {
                return Err(StatementError::Reason {
                    decision: "reject".to_owned(),
                });
            }
            Decision::Reject { because } => ("reject", Some(because.clone())),
        };
        let statement = Self {
            because,
            decision: decision.to_owned(),
            frame: StatementFrame::new(StatementKind::Approval, plan, person, key, time),
        };
        statement.content()?;
        Ok(statement)
    }
}

impl Sealed for ApprovalStatement {}

impl Statement for ApprovalStatement {
    type Content = Decision;

    const KIND: StatementKind = StatementKind::Approval;

    fn frame(&self) -> &StatementFrame {
        &self.frame
    }

    fn content(&self) -> Result<Decision, StatementError> {
        match (self.decision.as_str(), &self.because) {
            ("approve", None) => Ok(Decision::Approve),
            ("reject", Some(because)) if is_line(because) => Ok(Decision::Reject {
                because: because.clone(),
            }),
            ("approve" | "reject", _) => Err(StatementError::Reason {
                decision: self.decision.clone(),
            }),
            (other, _) => Err(StatementError::Decision {
                found: other.to_owned(),
            }),
        }
    }
}
