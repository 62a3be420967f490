//! `ceremony verify`.

use std::path::{Path, PathBuf};

use clap::Args;
use hsm_ca::ceremony::{CeremonyDirectory, CeremonyRule, Digest, Finding, TranscriptHead, rules};
use hsm_ca::workflow::{CeremonyReport, check_plan, verify_ceremony};

use super::words::add_words;
use super::{source, unlisted};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony_verify::CeremonyVerify;
use crate::cli::report::{Fields, Report, printable};
use crate::cli::shell::quote;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyCeremony {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl VerifyCeremony {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let directory = CeremonyDirectory::at(&self.directory);
        // If the directory does not exist, the path is wrong. That is an error, not a finding.
        std::fs::read_dir(&self.directory).map_err(|cause| CliError::read(&self.directory, cause))?;
        // Like the ledger, the transcript is a chain. Here --head names a head of the transcript.
        let kept = settings.guards().head.map(|head| TranscriptHead {
            n: head.count,
            hash: head.hash,
        });
        let mut verified = verify_ceremony(&directory, kept);
        let again = self.plan_again(&directory, &mut verified, ui);
        let json = CeremonyVerify::of(&verified, again);
        let mut text = describe(&verified, again, directory.plan().exists());
        text.push_str(&what_to_do(&verified, &self.directory));
        let mut report = Report::new(text, json.document());
        report.failure = not_verified(&verified, &self.directory);
        if kept.is_none() && verified.is_verified() {
            let warning = "no --head was given: without one, lines that were removed from the end are not found if the attestations were \
                           replaced too";
            report.warnings.extend(ui.warn(warning));
        }
        let unlisted = verified.unlisted.iter().map(unlisted::warning);
        report.warnings.extend(unlisted.filter_map(|text| ui.warn(&text)));
        Ok(report)
    }

    /// Plans again from the files and compares. Only the same program does this, because another version can have other rules.
    fn plan_again(&self, directory: &CeremonyDirectory, verified: &mut CeremonyReport, ui: &Ui) -> bool {
        let Some(plan) = &verified.content else {
            return false;
        };
        if plan.tool.version != env!("CARGO_PKG_VERSION") {
            return false;
        }
        // The list of refused keys may be in the settings of another machine.
        let again = source::read(&directory.file())
            .map(|read| read.refusing_keys_of_plan(plan))
            .and_then(|read| check_plan(plan, &read.source, ui).map_err(CliError::from));
        if let Err(error) = again {
            verified.findings.push(Finding::in_file(
                "plan.json",
                rules::PLAN_AGAIN,
                error.to_string(),
            ));
        }
        true
    }
}

/// The next step, if the findings show only one.
fn what_to_do(verified: &CeremonyReport, directory: &Path) -> String {
    let directory = quote(&directory.display().to_string());
    let has_only =
        |fits: fn(&Finding) -> bool| !verified.findings.is_empty() && verified.findings.iter().all(fits);
    let has = |rules: &[CeremonyRule]| {
        verified
            .findings
            .iter()
            .any(|finding| rules.contains(&finding.rule))
    };
    if has_only(|finding| finding.rule == rules::ATTESTATION) {
        let mut text = String::new();
        // A person is missing, or a file is wrong. Where a file is wrong, its person can be missing too.
        if verified.findings.len() > verified.must_attest.len() {
            text.push_str(
                "Keep a copy of each file in attest/ that is named above, and move it out, with the other file of its pair (NAME.json and \
                 NAME.json.sig). Then verify again: a person whose attestation is missing signs again.\n",
            );
        }
        if !verified.must_attest.is_empty() {
            text.push_str(&format!(
                "Each person who must still sign the transcript's head runs:\n  hsm-ca ceremony attest {directory} --ssh-key FILE\n"
            ));
        }
        text
    } else if has(&[rules::CHAIN, rules::HEAD]) {
        "Keep a copy of this directory. Compare it with another copy, and with the head on paper.\n"
            .to_owned()
    } else if has_only(|finding| finding.rule == rules::NOT_CLOSED) {
        format!("Finish it:\n  hsm-ca ceremony run {directory}\n")
    } else {
        String::new()
    }
}

/// The error for the first finding, if there is one.
pub(super) fn not_verified(verified: &CeremonyReport, directory: &Path) -> Option<CliError> {
    let first = verified.findings.first().map(ToString::to_string);
    (!verified.is_verified()).then(|| {
        let what = format!("the ceremony in {}", directory.display());
        CliError::not_verified(what, first.unwrap_or_else(|| "it has no plan".to_owned()))
    })
}

fn describe(verified: &CeremonyReport, again: bool, has_plan: bool) -> String {
    let no_plan = if has_plan {
        "the plan cannot be read"
    } else {
        "plan.json does not exist"
    };
    let mut text = match (&verified.content, verified.is_verified()) {
        (Some(plan), true) => format!(
            "{}, a {} ceremony: verified\n",
            printable(&plan.ceremony),
            plan.kind.word()
        ),
        (Some(plan), false) => {
            format!(
                "{}, a {} ceremony: NOT VERIFIED\n",
                printable(&plan.ceremony),
                plan.kind.word()
            )
        }
        (None, _) => format!("NOT VERIFIED: {no_plan}\n"),
    };
    let mut fields = Fields::default();
    if let Some(plan) = verified.plan {
        fields.add("plan", plan);
        add_words(&mut fields, &plan);
    }
    if let Some(Ok(quorum)) = verified.content.as_ref().map(|plan| plan.people.quorum()) {
        fields.add("quorum", format!("sha256:{quorum}"));
    }
    if let Some(transcript) = &verified.transcript {
        fields.add("head", transcript.head());
    }
    if let Some(added) = verified.added {
        let lines = match added {
            0 => "the head that was given".to_owned(),
            added => format!("{added} lines follow the head that was given"),
        };
        fields.add("transcript", lines);
    }
    if let Some(session) = &verified.trail.session {
        fields.add("session", format!("{session}, runs: {}", verified.trail.runs));
    }
    fields.add(
        "plan made again",
        match (&verified.content, again) {
            (_, true) => "yes, from the same files".to_owned(),
            (Some(_), false) => "no: another version planned it".to_owned(),
            (None, false) => format!("no: {no_plan}"),
        },
    );
    if !verified.approved_by.is_empty() {
        fields.add("approved by", verified.approved_by.join(", "));
    }
    for attested in &verified.attested {
        let present = if attested.present_all {
            "all of it"
        } else {
            "a part of it"
        };
        let planned = if attested.as_planned {
            "as planned"
        } else {
            "NOT as planned"
        };
        let mut said = format!("{}: saw {present}, {planned}", attested.person);
        if let Some(remarks) = &attested.remarks {
            said.push_str(&format!(": {remarks}"));
        }
        fields.add("attested by", said);
    }
    for made in &verified.made {
        let sha256 = Digest::of(&made.der);
        fields.add(
            format!("out/{}", made.out),
            format!("SHA-256 of its DER: {sha256}"),
        );
    }
    text.push_str(&fields.render(2));
    if !verified.findings.is_empty() {
        text.push_str(&format!("\nFindings: {}\n", verified.findings.len()));
        for finding in &verified.findings {
            text.push_str(&format!("  {}\n", printable(&finding.to_string())));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(findings: Vec<Finding>, must_attest: &[&str]) -> String {
        let verified = CeremonyReport {
            findings,
            must_attest: must_attest.iter().map(|name| (*name).to_owned()).collect(),
            ..CeremonyReport::default()
        };
        what_to_do(&verified, Path::new("r1"))
    }

    fn attestation(file: &str, found: &str) -> Finding {
        Finding::in_file(file, rules::ATTESTATION, found)
    }

    #[test]
    fn a_file_that_is_wrong_is_not_taken_for_a_person_who_is_missing() {
        let (sign, move_out) = ("Each person who must still sign", "move it out");
        let missing = || attestation("attest", "\"Ada\" must sign");
        let text = advice(vec![missing()], &["Ada"]);
        assert!(text.contains(sign) && !text.contains(move_out), "{text}");
        let text = advice(vec![attestation("attest", "attest/notes.txt is neither")], &[]);
        assert!(!text.contains(sign) && text.contains(move_out), "{text}");
        // A damaged signature: its person is missing too.
        let text = advice(
            vec![attestation("attest/01.json", "damaged"), missing()],
            &["Ada"],
        );
        assert!(text.contains(sign) && text.contains(move_out), "{text}");
    }

    #[test]
    fn a_directory_without_a_plan_says_so() {
        let text = describe(&CeremonyReport::default(), false, false);
        assert!(
            text.starts_with("NOT VERIFIED: plan.json does not exist\n"),
            "{text}"
        );
        assert!(
            text.contains("no: plan.json does not exist") && !text.contains("another version"),
            "{text}"
        );
        assert!(describe(&CeremonyReport::default(), false, true).contains("no: the plan cannot be read"));
    }
}
