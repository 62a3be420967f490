//! Checks the statements: approvals, gates, attestations.

use std::path::Path;

use super::pinned::PREVIOUS;
use super::{Archive, Attested, CeremonyReport, Inputs};
use crate::ceremony::{
    ApprovalCount, AttestationCount, CeremonyExport, CeremonyPlan, CeremonyRule, PlanError, Presence,
    StatementFile, StatementFileError, TrailEnd, Verdict, pair_statements, rules,
};
use crate::workflow::ceremony::gates::{self, GATES};

const APPROVALS: &str = "approvals";
const ATTESTATIONS: &str = "attest";

/// Enough distinct people must have approved, and nobody may have rejected. If the people changed since the previous ceremony, its approvers must
/// have approved too.
pub(super) fn check_approvals(
    archive: &Archive,
    plan: &CeremonyPlan,
    inputs: &Inputs,
    report: &mut CeremonyReport,
) {
    let previous = inputs
        .get(PREVIOUS)
        .and_then(|bytes| CeremonyExport::read(bytes).ok());
    let changed = previous.filter(|previous| previous.people.quorum().ok() != plan.people.quorum().ok());
    let counts = ApprovalCount::of(plan).and_then(|count| {
        let identity = plan.identity()?;
        let old = changed.map(|previous| ApprovalCount::of_people(identity, &previous.people));
        Ok((count, old.transpose()?))
    });
    let (mut count, mut old) = match counts {
        Ok(counts) => counts,
        Err(error) => return report.find("plan.json", rules::APPROVAL, error),
    };
    let Some(files) = statements_in(archive, APPROVALS, rules::APPROVAL, report) else {
        return;
    };
    for (name, file) in files {
        let Some(signature) = &file.signature else {
            continue;
        };
        let by_old = old
            .as_mut()
            .map(|old| old.add(&file.statement, signature).is_ok());
        if let Err(error) = count.add(&file.statement, signature)
            && by_old != Some(true)
        {
            report.find(name, rules::APPROVAL, error);
        }
    }
    let verdicts = [Some(count.verdict()), old.map(|old| old.verdict())];
    for (verdict, whose) in verdicts
        .into_iter()
        .flatten()
        .zip(["of the plan", "of the previous ceremony"])
    {
        match verdict {
            Verdict::Approved { by } if whose == "of the plan" => report.approved_by = by,
            Verdict::Approved { .. } => {}
            Verdict::Rejected { rejections } => {
                for rejection in rejections {
                    let found = format!("{:?} rejected the plan: {}", rejection.person, rejection.because);
                    report.find(APPROVALS, rules::APPROVAL, found);
                }
            }
            Verdict::Open { missing, .. } => {
                let approvers = match missing {
                    1 => "1 more approver".to_owned(),
                    missing => format!("{missing} more approvers"),
                };
                let found = format!("{approvers} {whose} must approve");
                report.find(APPROVALS, rules::APPROVAL, found);
            }
        }
    }
}

/// The statements at the gates must be those that the transcript names.
pub(super) fn check_gates(archive: &Archive, plan: &CeremonyPlan, report: &mut CeremonyReport) {
    if let Some(files) = statements_in(archive, GATES, rules::GATE, report) {
        let mut found = gates::check_gates(plan, &report.trail, &files);
        report.findings.append(&mut found);
    }
}

/// Everyone who must attest the transcript's head must have done so, once it has an end.
pub(super) fn check_attestations(archive: &Archive, plan: &CeremonyPlan, report: &mut CeremonyReport) {
    let files = statements_in(archive, ATTESTATIONS, rules::ATTESTATION, report);
    let (Some(files), Some(transcript)) = (files, &report.transcript) else {
        return;
    };
    let attended: Vec<_> = report.trail.attended.iter().cloned().collect();
    let count: Result<AttestationCount, PlanError> = AttestationCount::of(plan, &attended, transcript.head());
    let mut count = match count {
        Ok(count) => count,
        Err(error) => return report.find("plan.json", rules::ATTESTATION, error),
    };
    for (name, file) in files {
        // A statement without a signature does not count.
        if let Some(signature) = &file.signature
            && let Err(error) = count.add(&file.statement, signature)
        {
            report.find(name, rules::ATTESTATION, error);
        }
    }
    let missing = match report.trail.end {
        TrailEnd::Open => Vec::new(),
        _ => count.missing(),
    };
    report.must_attest.clone_from(&missing);
    for person in missing {
        report.find(
            ATTESTATIONS,
            rules::ATTESTATION,
            format!("{person:?} must sign the transcript's head, and has not signed it yet"),
        );
    }
    let attested = count.attestations().iter().map(|attestation| {
        let (_, remarks) = attestation.content();
        Attested {
            person: attestation.person().to_owned(),
            present_all: remarks.present == Presence::All,
            as_planned: remarks.as_planned,
            remarks: remarks.remarks.clone(),
        }
    });
    report.attested = attested.collect();
}

/// Each statement of a directory, with its path relative to the ceremony's directory. `None` if the directory could not be read, so that nobody
/// knows who signed; the finding says why.
fn statements_in(
    archive: &Archive,
    below: &str,
    rule: CeremonyRule,
    report: &mut CeremonyReport,
) -> Option<Vec<(String, StatementFile)>> {
    let named = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        format!("{below}/{}", name.to_string_lossy())
    };
    let read = |path: &Path| {
        let read = archive.read(&named(path));
        read.map_err(|reason| StatementFileError::Unread {
            path: path.to_owned(),
            reason,
        })
    };
    let files = match pair_statements(Path::new(below), archive.names_in(below), read) {
        Ok(files) => files,
        Err(error) => {
            report.find(below, rule, error);
            return None;
        }
    };
    Some(files.into_iter().map(|file| (named(&file.path), file)).collect())
}
