//! Who approved: people are counted, not files, signatures or keys.

use std::collections::BTreeSet;

use super::{Approval, ApprovalError, ApprovalStatement, Decision, PlanIdentity, QuorumError};
use crate::ceremony::Requirement;
use crate::ceremony::ssh_key::SshKey;
use crate::ceremony::sshsig::SshSignature;

/// Somebody who may approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The name, as in the plan.
    pub name: String,
    /// The keys, one of which signs.
    pub keys: Vec<ApproverKey>,
}

/// A key of an approver, and what its signatures have to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproverKey {
    /// The key.
    pub key: SshKey,
    /// What a security key has to show in each signature.
    pub require: Vec<Requirement>,
}

/// The approvals of one plan, as they are read.
#[derive(Clone, Debug)]
pub struct ApprovalCount {
    plan: PlanIdentity,
    approvers: Vec<Approver>,
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
    pub fn new(plan: PlanIdentity, approvers: Vec<Approver>, threshold: usize) -> Result<Self, QuorumError> {
        for (index, approver) in approvers.iter().enumerate() {
            let earlier = approvers.get(..index).unwrap_or_default();
            check_approver(approver, earlier)?;
        }
        if threshold == 0 || threshold > approvers.len() {
            return Err(QuorumError::Threshold {
                threshold,
                people: approvers.len(),
            });
        }
        Ok(Self {
            plan,
            approvers,
            threshold,
            approvals: Vec::new(),
        })
    }

    /// Verifies a statement and its signature, and counts it. The same statement may come again, signed with the same key or another one.
    ///
    /// # Errors
    /// [`ApprovalError`]; then it is not counted. A file that cannot be counted is a reason to stop, not one to go on without it.
    pub fn add(&mut self, statement: &[u8], signature: &[u8]) -> Result<&Approval, ApprovalError> {
        let approval = self.verify(statement, signature)?;
        let index = self.approvals.len();
        self.approvals.push(approval);
        Ok(&self.approvals[index])
    }

    fn verify(&self, statement: &[u8], signature: &[u8]) -> Result<Approval, ApprovalError> {
        let read = ApprovalStatement::read(statement, &self.plan)?;
        let approver = self
            .approvers
            .iter()
            .find(|approver| approver.name == read.person);
        let approver = approver.ok_or_else(|| ApprovalError::UnknownPerson {
            person: read.person.clone(),
        })?;
        let signature = SshSignature::verify(signature, self.plan.approval_namespace(), statement)
            .map_err(ApprovalError::Signature)?;
        let found = approver.keys.iter().find(|known| known.key == *signature.key());
        let known = found.ok_or_else(|| ApprovalError::NotTheirKey {
            person: read.person.clone(),
            fingerprint: signature.key().fingerprint(),
        })?;
        if read.key != known.key.fingerprint() {
            return Err(ApprovalError::OtherKeyStated {
                stated: read.key,
                fingerprint: known.key.fingerprint(),
            });
        }
        let shows = |requirement| match requirement {
            Requirement::Touch => signature.is_touched(),
            Requirement::Pin => signature.is_pin_entered(),
        };
        if let Some(missing) = known.require.iter().find(|requirement| !shows(**requirement)) {
            return Err(ApprovalError::NotShown {
                person: read.person,
                requirement: *missing,
            });
        }
        Ok(Approval {
            time: read.claimed_time()?,
            decision: read.decision()?,
            person: read.person,
            key: known.key.clone(),
        })
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
            match approval.decision() {
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

fn check_approver(approver: &Approver, earlier: &[Approver]) -> Result<(), QuorumError> {
    let same_name = |other: &&Approver| other.name.to_lowercase() == approver.name.to_lowercase();
    if earlier.iter().any(|other| same_name(&other)) {
        return Err(QuorumError::SameName {
            person: approver.name.clone(),
        });
    }
    for (index, known) in approver.keys.iter().enumerate() {
        let of_others = earlier
            .iter()
            .flat_map(|other| other.keys.iter().map(move |key| (other, key)));
        let own = approver.keys[..index].iter().map(|key| (approver, key));
        let same = of_others
            .chain(own)
            .find(|(_, other)| other.key.has_numbers_of(&known.key));
        if let Some((other, _)) = same {
            return Err(QuorumError::SameKey {
                person: approver.name.clone(),
                other: other.name.clone(),
                fingerprint: known.key.fingerprint(),
            });
        }
        if !known.require.is_empty() && !known.key.kind().is_security_key() {
            return Err(QuorumError::CannotShow {
                person: approver.name.clone(),
                kind: known.key.kind().name(),
            });
        }
    }
    Ok(())
}
