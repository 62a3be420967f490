//! Who approved: people are counted, not files, signatures or keys.

use std::collections::BTreeSet;

use super::{Approval, ApprovalStatement, Decision};
use crate::ceremony::statement::{PlanIdentity, QuorumError, Signatories, Signatory, StatementError};
use crate::ceremony::{CeremonyPlan, PlanError, PlannedPeople, Role};

/// What they are called in errors.
const APPROVERS: &str = "the approvers";

/// The approvals of one plan, as they are read.
#[derive(Clone, Debug)]
pub struct ApprovalCount {
    approvers: Signatories,
    threshold: usize,
    approvals: Vec<Approval>,
}

/// What the approvals so far say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Enough people have approved, and nobody has rejected.
    Approved {
        /// Who, in the order of the names.
        by: Vec<String>,
    },
    /// More people have to approve.
    Open {
        /// Who has.
        by: Vec<String>,
        /// How many more are needed.
        missing: usize,
    },
    /// At least one person has rejected. Nothing may run, no matter how many approve.
    Rejected {
        /// Each rejection.
        rejections: Vec<Rejection>,
    },
}

/// Somebody's No.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Who.
    pub person: String,
    /// Why.
    pub because: String,
}

impl ApprovalCount {
    /// Nothing counted yet. `threshold` distinct people have to approve.
    ///
    /// # Errors
    /// [`QuorumError`]: a key that two people have or one has twice, a name twice, a threshold that cannot be met.
    pub fn new(plan: PlanIdentity, approvers: Vec<Signatory>, threshold: usize) -> Result<Self, QuorumError> {
        Self::by(Signatories::new(plan, approvers, APPROVERS)?, threshold)
    }

    /// Nothing counted yet, by the approvers of the plan and its threshold.
    ///
    /// # Errors
    /// [`PlanError`], which a plan that was read does not give.
    pub fn of(plan: &CeremonyPlan) -> Result<Self, PlanError> {
        Self::of_people(plan.identity()?, &plan.people)
    }

    /// Nothing counted yet, by the approvers among these people: those of the plan, or of the ceremony before.
    ///
    /// # Errors
    /// [`PlanError`]
    pub fn of_people(plan: PlanIdentity, people: &PlannedPeople) -> Result<Self, PlanError> {
        let approvers = Signatories::of(plan, people.with(Role::Approver), APPROVERS)?;
        let threshold = usize::try_from(people.approve_threshold).unwrap_or(usize::MAX);
        Self::by(approvers, threshold).map_err(PlanError::Quorum)
    }

    fn by(approvers: Signatories, threshold: usize) -> Result<Self, QuorumError> {
        let people = approvers.count();
        if threshold == 0 || threshold > people {
            return Err(QuorumError::Threshold { threshold, people });
        }
        Ok(Self {
            approvers,
            threshold,
            approvals: Vec::new(),
        })
    }

    /// Verifies a statement and its signature, and counts it. The same statement may come again, signed with the same key or another one.
    ///
    /// # Errors
    /// [`StatementError`]; then it is not counted. A file that cannot be counted is a reason to stop, not one to go on without it.
    pub fn add(&mut self, statement: &[u8], signature: &[u8]) -> Result<&Approval, StatementError> {
        let approval = self.approvers.verify::<ApprovalStatement>(statement, signature)?;
        let index = self.approvals.len();
        self.approvals.push(approval);
        Ok(&self.approvals[index])
    }

    /// Everything that was counted.
    #[must_use]
    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }

    /// What follows from what was counted.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let mut by = BTreeSet::new();
        let mut rejections = Vec::new();
        for approval in &self.approvals {
            match approval.content() {
                Decision::Approve => {
                    by.insert(approval.person().to_owned());
                }
                Decision::Reject { because } => rejections.push(Rejection {
                    person: approval.person().to_owned(),
                    because: because.clone(),
                }),
            }
        }
        let missing = self.threshold.saturating_sub(by.len());
        let by = by.into_iter().collect();
        match (rejections.is_empty(), missing) {
            (false, _) => Verdict::Rejected { rejections },
            (true, 0) => Verdict::Approved { by },
            (true, missing) => Verdict::Open { by, missing },
        }
    }
}
