//! Decides whether a plan is approved: enough people approve it, its quorum is confirmed outside the plan, and nobody rejects it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{OpenedCeremony, PeopleError};
use crate::ceremony::{
    Approval, ApprovalCount, ApprovalStatement, CeremonyKind, Course, Decision, Digest, QuorumAnchor, Role,
    Statement, StatementError, StatementFile, UnsignedStatement, Verdict, read_statements,
};

/// The approvals of a plan.
#[derive(Clone, Debug)]
pub struct Approvals {
    /// Production or practice.
    pub kind: CeremonyKind,
    /// The plan's quorum: SHA-256 of its people, as canonical JSON.
    pub quorum: Digest,
    /// What confirms the quorum.
    pub anchor: QuorumAnchor,
    /// The verdict of the plan's approvers.
    pub verdict: Verdict,
    /// The verdict of the previous ceremony's approvers, if the quorum changed.
    pub old_verdict: Option<Verdict>,
    /// Every verified statement.
    pub files: Vec<ApprovalFile>,
    /// Every statement without a signature.
    pub waiting: Vec<WaitingApproval>,
    /// The plan's approvers who have not signed.
    pub silent: Vec<String>,
    /// SHA-256 of each statement and signature that was read, by its path relative to the ceremony's directory.
    pub sha256: BTreeMap<String, Digest>,
}

/// A verified statement.
#[derive(Clone, Debug)]
pub struct ApprovalFile {
    /// The statement's file.
    pub path: PathBuf,
    /// The approval or rejection.
    pub approval: Approval,
}

/// A statement without a signature. It does not count.
#[derive(Clone, Debug)]
pub struct WaitingApproval {
    /// The statement's file.
    pub path: PathBuf,
    /// The person who would sign it.
    pub person: String,
    /// The decision that it states.
    pub decision: Decision,
    /// The namespace for `ssh-keygen -Y sign -n`.
    pub namespace: &'static str,
}

/// Reads and counts every approval of the ceremony. `settings` is the quorum in the machine's settings.
///
/// # Errors
/// [`PeopleError`]. A file that does not verify ends the count; the error names it.
pub fn count_approvals(
    ceremony: &OpenedCeremony,
    settings: Option<Digest>,
) -> Result<Approvals, PeopleError> {
    let people = &ceremony.plan.people;
    let previous = ceremony.previous_people()?;
    let anchor = QuorumAnchor::of(people, settings, previous.as_ref())?;
    let mut count = ApprovalCount::of(&ceremony.plan)?;
    let mut old = match (&anchor, &previous) {
        (QuorumAnchor::Changed { .. } | QuorumAnchor::Other { .. }, Some(previous))
            if previous.quorum()? != people.quorum()? =>
        {
            Some(ApprovalCount::of_people(ceremony.identity.clone(), previous)?)
        }
        _ => None,
    };
    let (mut files, mut waiting) = (Vec::new(), Vec::new());
    let mut sha256 = BTreeMap::new();
    for file in read_statements(&ceremony.directory.approvals())? {
        let wrong = |cause| PeopleError::Statement {
            path: file.path.clone(),
            cause,
        };
        let below = file.path.strip_prefix(ceremony.directory.path());
        let name = below.unwrap_or(&file.path).display().to_string();
        if let Some(signature) = &file.signature {
            sha256.insert(format!("{name}.sig"), Digest::of(signature));
        }
        sha256.insert(name, Digest::of(&file.statement));
        match &file.signature {
            Some(signature) => {
                let approval = add(&mut count, old.as_mut(), &file, signature).map_err(wrong)?;
                files.push(ApprovalFile {
                    path: file.path.clone(),
                    approval,
                });
            }
            None => waiting.push(read_waiting(ceremony, &file).map_err(wrong)?),
        }
    }
    let has_spoken = |name: &str| files.iter().any(|file| file.approval.person() == name);
    let silent = people.with(Role::Approver);
    let silent = silent.filter(|person| !has_spoken(&person.name));
    Ok(Approvals {
        kind: ceremony.plan.kind,
        quorum: people.quorum()?,
        anchor,
        verdict: count.verdict(),
        old_verdict: old.map(|old| old.verdict()),
        silent: silent.map(|person| person.name.clone()).collect(),
        files,
        waiting,
        sha256,
    })
}

/// Refuses an approval of the plan once a run has begun: the person means a gate that does not wait any more. While approvals are missing, because
/// their files were lost, people can sign them again.
pub(super) fn refuse_late_approval(ceremony: &OpenedCeremony, course: &Course) -> Result<(), PeopleError> {
    if course.runs == 0 {
        return Ok(());
    }
    let is_approved = |verdict: &Verdict| matches!(verdict, Verdict::Approved { .. });
    let counted = count_approvals(ceremony, None);
    let is_complete = counted.is_ok_and(|counted| {
        is_approved(&counted.verdict) && counted.old_verdict.as_ref().is_none_or(is_approved)
    });
    match is_complete {
        true => Err(PeopleError::RunBegun {
            passed: course.passed_gate(&ceremony.plan),
        }),
        false => Ok(()),
    }
}

/// Counts the approval for the plan's approvers, for those of the previous ceremony, or for both.
fn add(
    count: &mut ApprovalCount,
    old: Option<&mut ApprovalCount>,
    file: &StatementFile,
    signature: &[u8],
) -> Result<Approval, StatementError> {
    let new = count.add(&file.statement, signature).cloned();
    let old = old.map(|old| old.add(&file.statement, signature).cloned());
    match (new, old) {
        (Ok(approval), _) | (Err(_), Some(Ok(approval))) => Ok(approval),
        (Err(cause), _) => Err(cause),
    }
}

fn read_waiting(ceremony: &OpenedCeremony, file: &StatementFile) -> Result<WaitingApproval, StatementError> {
    let (unsigned, statement) =
        UnsignedStatement::read::<ApprovalStatement>(&file.statement, &ceremony.identity)?;
    Ok(WaitingApproval {
        path: file.path.clone(),
        person: statement.frame().signer().0.to_owned(),
        decision: statement.content()?,
        namespace: unsigned.namespace(),
    })
}

impl Approvals {
    /// Whether the ceremony may run: enough people have approved, nobody has rejected, and for a production ceremony something outside the plan
    /// confirms the quorum.
    ///
    /// # Errors
    /// [`PeopleError::Rejected`], [`PeopleError::OtherQuorum`], [`PeopleError::NotAnchored`], [`PeopleError::NotApproved`]
    pub fn permit(&self) -> Result<(), PeopleError> {
        let verdicts = [(Some(&self.verdict), false), (self.old_verdict.as_ref(), true)];
        for (verdict, _) in &verdicts {
            if let Some(Verdict::Rejected { rejections }) = verdict
                && let Some(rejection) = rejections.first()
            {
                return Err(PeopleError::Rejected {
                    rejection: rejection.clone(),
                });
            }
        }
        let quorum = self.quorum;
        match self.anchor {
            QuorumAnchor::Other { settings } => return Err(PeopleError::OtherQuorum { quorum, settings }),
            QuorumAnchor::None if self.kind == CeremonyKind::Production => {
                return Err(PeopleError::NotAnchored { quorum });
            }
            _ => {}
        }
        for (verdict, old) in verdicts {
            match verdict {
                Some(Verdict::Approved { .. }) | None => {}
                Some(Verdict::Open { missing, .. }) => {
                    return Err(PeopleError::NotApproved {
                        missing: *missing,
                        old,
                    });
                }
                // This case was refused above.
                Some(_) => {
                    return Err(PeopleError::NotApproved { missing: 1, old });
                }
            }
        }
        Ok(())
    }
}
