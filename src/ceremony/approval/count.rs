//! Counts the approvals: by person, not by file, signature or key.

use std::collections::BTreeSet;

use super::{Approval, ApprovalStatement, Decision};
use crate::ceremony::statement::{PlanIdentity, QuorumError, Signatories, Signatory, StatementError};
use crate::ceremony::{CeremonyPlan, PlanError, PlannedPeople, Role};

/// How errors name the approvers.
const APPROVERS: &str = "the approvers";

/// Counts the approvals of one plan as they are read.
#[derive(Clone, Debug)]
pub struct ApprovalCount {
    approvers: Signatories,
    threshold: usize,
    approvals: Vec<Approval>,
}

/// The result of the approvals counted so far.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Enough people have approved, and nobody has rejected.
    Approved {
        /// Who approved, sorted by name.
        by: Vec<String>,
    },
    /// More approvals are needed.
    Open {
        /// Who has approved so far.
        by: Vec<String>,
        /// How many more approvals are needed.
        missing: usize,
    },
    /// At least one person has rejected. The ceremony must not run, however many people approve.
    Rejected {
        /// All rejections.
        rejections: Vec<Rejection>,
    },
}

/// One person's rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Who rejected.
    pub person: String,
    /// The reason given.
    pub because: String,
}

impl ApprovalCount {
    /// Starts at zero. `threshold` distinct people must approve.
    ///
    /// # Errors
    /// [`QuorumError`]: two people share a key, a person lists a key twice, a name is used twice, or the threshold cannot be met.
    pub fn new(plan: PlanIdentity, approvers: Vec<Signatory>, threshold: usize) -> Result<Self, QuorumError> {
        Self::by(Signatories::new(plan, approvers, APPROVERS)?, threshold)
    }

    /// Starts at zero, with the plan's approvers and threshold.
    ///
    /// # Errors
    /// [`PlanError`]. A plan that was read never causes it.
    pub fn of(plan: &CeremonyPlan) -> Result<Self, PlanError> {
        Self::of_people(plan.identity()?, &plan.people)
    }

    /// Starts at zero, with the approvers among these people: those of the plan or those of the previous ceremony.
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

    /// Verifies a statement and its signature, and counts it. The same statement may be added again, signed with the same key or another one.
    ///
    /// # Errors
    /// [`StatementError`]; the statement is not counted. Stop on this error: do not skip the file and continue.
    pub fn add(&mut self, statement: &[u8], signature: &[u8]) -> Result<&Approval, StatementError> {
        let approval = self.approvers.verify::<ApprovalStatement>(statement, signature)?;
        let index = self.approvals.len();
        self.approvals.push(approval);
        Ok(&self.approvals[index])
    }

    /// All approvals counted so far.
    #[must_use]
    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }

    /// The result so far.
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
