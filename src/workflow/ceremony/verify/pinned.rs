//! The files that the plan pins by their SHA-256, and its text for people.

use super::{Archive, CeremonyReport, Inputs};
use crate::ceremony::{CeremonyPlan, Digest, plan_text, rules};
use crate::workflow::ceremony::check_previous;

/// The key under which [`check`] keeps the export of the previous ceremony.
pub(super) const PREVIOUS: &str = "previous";

/// Reads and compares each file. The bytes of inputs are kept by input name.
pub(super) fn check(plan: &CeremonyPlan, archive: &Archive, report: &mut CeremonyReport) -> Inputs {
    let mut inputs = Inputs::new();
    pin(archive, "ceremony.toml", plan.file, report);
    for (name, input) in &plan.inputs {
        if let Some(bytes) = pin(archive, &input.file, input.sha256, report) {
            inputs.insert(name.clone(), bytes);
        }
    }
    for (name, sha256) in &plan.profiles {
        let file = name.strip_prefix("./").unwrap_or(name);
        pin(archive, file, *sha256, report);
    }
    if let Some(previous) = &plan.previous
        && let Some(bytes) = pin(archive, &previous.file, previous.sha256, report)
    {
        match check_previous(plan, &bytes) {
            Ok(_) => {
                inputs.insert(PREVIOUS.to_owned(), bytes);
            }
            Err(error) => report.find(previous.file.clone(), rules::PREVIOUS, error),
        }
    }
    inputs
}

fn pin(archive: &Archive, file: &str, sha256: Digest, report: &mut CeremonyReport) -> Option<Vec<u8>> {
    match archive.read(file) {
        Err(reason) => report.find(file, rules::PINNED, reason),
        Ok(bytes) if Digest::of(&bytes) != sha256 => {
            let found = format!("its SHA-256 is {}, and the plan has {sha256}", Digest::of(&bytes));
            report.find(file, rules::PINNED, found);
        }
        Ok(bytes) => return Some(bytes),
    }
    None
}

/// People read `plan.txt` before they approve, so it must be the text of this plan. Another version of the program can write the text in other words:
/// then only the checksums cover it.
pub(super) fn check_text(plan: &CeremonyPlan, archive: &Archive, report: &mut CeremonyReport) {
    const TEXT: &str = "plan.txt";
    let found = match archive.read(TEXT) {
        Ok(found) => found,
        Err(reason) => return report.find(TEXT, rules::PLAN_TEXT, reason),
    };
    if plan.tool.version != env!("CARGO_PKG_VERSION") {
        return;
    }
    match plan_text(plan) {
        Ok(text) if text.as_bytes() == found => {}
        Ok(_) => report.find(TEXT, rules::PLAN_TEXT, "it is not the text of plan.json"),
        Err(error) => report.find(TEXT, rules::PLAN_TEXT, error),
    }
}
