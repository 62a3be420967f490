//! Verifies that a ceremony was held as planned, from its directory alone: without token, module or settings.
//!
//! The list is in docs/ceremony-format.md, "What a verifier checks". Every check records its findings and continues.

mod archive;
mod closing;
mod ledger_events;
mod objects;
mod paths;
mod pinned;
mod statements;
mod strict_json;
mod torn;

use std::collections::BTreeMap;

use self::archive::Archive;
use crate::ceremony::{
    CeremonyDirectory, CeremonyPlan, CeremonyRule, Digest, Finding, ObjectKind, Trail, TrailEnd, Transcript,
    TranscriptError, TranscriptHead, UnlistedRevocation, rules,
};
use crate::workflow::ceremony::unlisted::unlisted_revocations;

const TRANSCRIPT: &str = "run/transcript.jsonl";

/// The result of a verification.
#[derive(Clone, Debug, Default)]
pub struct CeremonyReport {
    /// SHA-256 of the plan, if it could be read.
    pub plan: Option<Digest>,
    /// The plan, if it could be read.
    pub content: Option<CeremonyPlan>,
    /// The transcript, if its chain is sound.
    pub transcript: Option<Transcript>,
    /// The number of lines after the head that was kept.
    pub added: Option<u64>,
    /// What the transcript shows.
    pub trail: Trail,
    /// Who approved the plan.
    pub approved_by: Vec<String>,
    /// Who attested the ceremony, with their remarks.
    pub attested: Vec<Attested>,
    /// Who must still attest the ceremony. There is a finding for each.
    pub must_attest: Vec<String>,
    /// The objects that were made.
    pub made: Vec<MadeObject>,
    /// What was revoked in the ledger, and is on no CRL of the ceremony. The ceremony is verified nevertheless.
    pub unlisted: Vec<UnlistedRevocation>,
    /// Every problem found. If the list is empty, the ceremony is verified.
    pub findings: Vec<Finding>,
}

/// What an attendee attested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// Who.
    pub person: String,
    /// Whether they saw all of the ceremony.
    pub present_all: bool,
    /// Whether it went as planned, as far as they saw.
    pub as_planned: bool,
    /// Any other remarks.
    pub remarks: Option<String>,
}

/// A certificate or a CRL that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeObject {
    /// The step.
    pub step: String,
    /// The name of its file in `out`.
    pub out: String,
    /// Its type.
    pub is: ObjectKind,
    /// DER.
    pub der: Vec<u8>,
}

impl CeremonyReport {
    /// Whether the list of findings is empty.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.findings.is_empty()
    }

    fn find_line(&mut self, line: u64, rule: CeremonyRule, found: impl Into<String>) {
        self.findings.push(Finding::in_line(line, rule, found));
    }

    fn find(&mut self, file: impl Into<String>, rule: CeremonyRule, found: impl ToString) {
        self.findings
            .push(Finding::in_file(file, rule, found.to_string()));
    }
}

/// Verifies the ceremony in this directory, and if there is a head that was kept, checks against it.
#[must_use]
pub fn verify_ceremony(directory: &CeremonyDirectory, kept: Option<TranscriptHead>) -> CeremonyReport {
    let mut report = CeremonyReport::default();
    let archive = Archive::list(directory, &mut report);
    let bytes = match archive.read("plan.json") {
        Ok(bytes) => bytes,
        Err(reason) => {
            report.find("plan.json", rules::PLAN, reason);
            return report;
        }
    };
    let plan = match CeremonyPlan::read(&bytes) {
        Ok(plan) => plan,
        Err(error) => {
            report.find("plan.json", rules::PLAN, error);
            return report;
        }
    };
    let hash = Digest::of(&bytes);
    report.plan = Some(hash);
    let inputs = pinned::check(&plan, &archive, &mut report);
    pinned::check_text(&plan, &archive, &mut report);
    statements::check_approvals(&archive, &plan, &inputs, &mut report);
    match archive
        .read(TRANSCRIPT)
        .map(|bytes| Transcript::read(&bytes, hash))
    {
        Ok(Ok(transcript)) => {
            report.trail = Trail::follow(&plan, &transcript);
            report.unlisted = unlisted_revocations(&plan, &transcript);
            report.findings.append(&mut report.trail.findings);
            report.transcript = Some(transcript);
        }
        Ok(Err(error)) => {
            report.find(TRANSCRIPT, rules::CHAIN, &error);
            not_checked(&error, kept, &mut report);
        }
        Err(reason) => {
            let found = match archive.is_whole() {
                true => format!("{reason}: the ceremony has not begun, or the file was removed"),
                false => reason.to_string(),
            };
            report.find(TRANSCRIPT, rules::CHAIN, found);
        }
    }
    check_kept(kept, &mut report);
    if report.transcript.is_some() {
        check_end(&plan, &archive, &mut report);
    } else {
        closing::check_written_sums(&archive, &mut report);
    }
    if report.transcript.is_some() {
        torn::check(&archive, &mut report);
        let made = objects::check(&plan, &inputs, &archive, &mut report);
        statements::check_gates(&archive, &plan, &mut report);
        paths::check(&plan, &inputs, &made, &mut report);
        ledger_events::check(&plan, &made, &archive, &mut report);
        report.made = made;
        statements::check_attestations(&archive, &plan, &mut report);
        closing::check(&plan, &inputs, &archive, &mut report);
    }
    report.content = Some(plan);
    report
}

/// Says what could not be checked because a line of the transcript is damaged.
fn not_checked(error: &TranscriptError, kept: Option<TranscriptHead>, report: &mut CeremonyReport) {
    let found = match error.read_until() {
        Some(0) => "no line of the transcript can be read".to_owned(),
        Some(line) => format!("the transcript cannot be read past line {line}"),
        None => return,
    };
    let head = match kept {
        Some(_) => ", and neither was the head that was given",
        None => "",
    };
    let found = format!("{found}, so what was signed and made was not checked{head}");
    report.find(TRANSCRIPT, rules::CHAIN, found);
}

/// The transcript must contain the head that was kept, as its last head or an earlier one.
fn check_kept(kept: Option<TranscriptHead>, report: &mut CeremonyReport) {
    let (Some(kept), Some(transcript)) = (kept, &report.transcript) else {
        return;
    };
    match transcript.follows(kept) {
        Ok(following) => report.added = Some(following.added),
        Err(error) => report.find(TRANSCRIPT, rules::HEAD, error),
    }
}

/// A ceremony that is not closed is not verified, whatever it made.
fn check_end(plan: &CeremonyPlan, archive: &Archive, report: &mut CeremonyReport) {
    match report.trail.end.clone() {
        TrailEnd::Closed { .. } => {}
        TrailEnd::Aborted { because, by } => {
            report.find(
                TRANSCRIPT,
                rules::ABORTED,
                format!("the ceremony was aborted by {by:?}: {because}"),
            );
        }
        _ if report.trail.runs == 0 => {
            report.find(TRANSCRIPT, rules::NOT_CLOSED, "the ceremony has not begun")
        }
        _ => {
            let next = plan.steps.len();
            let found = format!(
                "the ceremony is not closed: {} of {next} steps are done",
                report.trail.done
            );
            report.find(TRANSCRIPT, rules::NOT_CLOSED, found);
        }
    }
    if matches!(report.trail.end, TrailEnd::Open) && closing::has_sums(archive) {
        let found =
            "lines are missing at its end: SHA256SUMS exists, and is written only after the last line";
        report.find(TRANSCRIPT, rules::CHAIN, found);
    }
}

/// The contents of the plan's files, by path.
type Inputs = BTreeMap<String, Vec<u8>>;
