//! Checks what `run` writes at the closing: the export, the checkpoint and the checksums.

use std::collections::BTreeMap;

use super::archive::TEMPORARY;
use super::pinned::PREVIOUS;
use super::{Archive, CeremonyReport, Inputs};
use crate::ceremony::{CeremonyExport, CeremonyPlan, Digest, TrailEnd, rules};
use crate::workflow::ceremony::next_state;

const NEXT: &str = "state/next.json";
const CHECKPOINT: &str = "checkpoint";
const CHECKSUMS: &str = "SHA256SUMS";

/// The checksums cover every file in these places. Other files may be added later: attestations, a report, timestamps.
const LISTED: [&str; 9] = [
    "approvals/",
    "inputs/",
    "out/",
    "run/",
    "state/",
    "ceremony.toml",
    "plan.json",
    "plan.txt",
    CHECKPOINT,
];

pub(super) fn check(plan: &CeremonyPlan, inputs: &Inputs, archive: &Archive, report: &mut CeremonyReport) {
    if !matches!(report.trail.end, TrailEnd::Closed { .. }) {
        return;
    }
    check_next(plan, inputs, archive, report);
    check_checkpoint(plan, archive, report);
    check_sums(archive, report);
}

/// Checks the checksums alone, if the closing wrote them: without a transcript nothing else of the closing can be checked.
pub(super) fn check_written_sums(archive: &Archive, report: &mut CeremonyReport) {
    if has_sums(archive) {
        check_sums(archive, report);
    }
}

/// Whether the closing wrote the checksums, after the last line of the transcript.
pub(super) fn has_sums(archive: &Archive) -> bool {
    archive.is_whole() && archive.files().contains(CHECKSUMS)
}

fn check_next(plan: &CeremonyPlan, inputs: &Inputs, archive: &Archive, report: &mut CeremonyReport) {
    let Some(transcript) = &report.transcript else {
        return;
    };
    let previous = inputs
        .get(PREVIOUS)
        .and_then(|bytes| CeremonyExport::read(bytes).ok());
    let expected = next_state(plan, transcript, previous.as_ref()).map_err(|error| error.to_string());
    let expected = expected.and_then(|export| export.to_bytes().map_err(|error| error.to_string()));
    match (expected, archive.read(NEXT)) {
        (Ok(expected), Ok(found)) if expected == found => {}
        (Ok(_), Ok(_)) => report.find(
            NEXT,
            rules::EXPORT,
            "it is not the export that follows from the plan and the transcript",
        ),
        (Err(reason), _) | (_, Err(reason)) => report.find(NEXT, rules::EXPORT, reason),
    }
}

/// The size and root hash must be those of the transcript. Signatures by co-signers may follow.
fn check_checkpoint(plan: &CeremonyPlan, archive: &Archive, report: &mut CeremonyReport) {
    let bytes = match archive.read(CHECKPOINT) {
        Ok(bytes) => bytes,
        Err(reason) => return report.find(CHECKPOINT, rules::CHECKPOINT, reason),
    };
    let text = String::from_utf8(bytes).unwrap_or_default();
    let Some(transcript) = &report.transcript else {
        return;
    };
    let hash = report.plan.map(|plan| plan.to_string()).unwrap_or_default();
    let origin = format!(
        "hsm-ca/ceremony/{}/{}",
        plan.ceremony,
        hash.get(..16).unwrap_or_default()
    );
    let expected = transcript
        .checkpoint(&origin)
        .map(|checkpoint| checkpoint.to_string());
    let is_sound = expected.is_ok_and(|expected| match text.strip_prefix(&expected) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('\n').is_some_and(|signatures| {
            let mut lines = signatures.split_inclusive('\n');
            lines.clone().next().is_some()
                && lines.all(|line| line.starts_with("\u{2014} ") && line.ends_with('\n'))
        }),
        None => false,
    });
    if !is_sound {
        report.find(
            CHECKPOINT,
            rules::CHECKPOINT,
            "it is not the checkpoint of this transcript",
        );
    }
}

/// Every file of that time must have its line, sorted by path, as `sha256sum` writes it.
fn check_sums(archive: &Archive, report: &mut CeremonyReport) {
    let bytes = match archive.read(CHECKSUMS) {
        Ok(bytes) => bytes,
        Err(reason) => return report.find(CHECKSUMS, rules::CHECKSUMS, reason),
    };
    let listed = match read_sums(&bytes) {
        Ok(listed) => listed,
        Err((line, reason)) => {
            report.findings.push(crate::ceremony::Finding {
                file: CHECKSUMS.to_owned(),
                line: Some(line),
                rule: rules::CHECKSUMS,
                found: reason,
            });
            return;
        }
    };
    for (file, sha256) in &listed {
        match archive.digest(file) {
            Ok(found) if found == *sha256 => {}
            Ok(_) => report.find(
                file.clone(),
                rules::CHECKSUMS,
                format!("its SHA-256 is not the one in {CHECKSUMS}"),
            ),
            Err(reason) => report.find(file.clone(), rules::CHECKSUMS, reason),
        }
    }
    for file in archive.files() {
        let has_to_be = LISTED.iter().any(|listed| match listed.ends_with('/') {
            true => file.starts_with(listed),
            false => file == *listed,
        });
        let name = file.rsplit('/').next().unwrap_or_default();
        if has_to_be && !name.starts_with(TEMPORARY) && !listed.contains_key(&file) {
            report.find(file, rules::CHECKSUMS, format!("it is not listed in {CHECKSUMS}"));
        }
    }
}

fn read_sums(bytes: &[u8]) -> Result<BTreeMap<String, Digest>, (u64, String)> {
    let text = str::from_utf8(bytes).map_err(|_| (1, "not UTF-8 text".to_owned()))?;
    let mut listed: BTreeMap<String, Digest> = BTreeMap::new();
    for (number, line) in (1_u64..).zip(text.split_inclusive('\n')) {
        let parts = line.strip_suffix('\n').and_then(|line| line.split_once("  "));
        let read = parts.and_then(|(sha256, file)| Some((sha256.parse::<Digest>().ok()?, file)));
        let Some((sha256, file)) = read else {
            return Err((number, "not a SHA-256, two spaces and a path".to_owned()));
        };
        if listed
            .last_key_value()
            .is_some_and(|(before, _)| before.as_str() >= file)
        {
            return Err((number, "the paths are not in order".to_owned()));
        }
        listed.insert(file.to_owned(), sha256);
    }
    Ok(listed)
}
