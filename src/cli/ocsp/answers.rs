//! The output of `ocsp publish`: a line for each answer as soon as it is in its file, and a summary.

use std::time::Instant;

use hsm_ca::workflow::{AnswerReason, AnswerSummary, PublishedOutcome};
use hsm_ca::x509::{CertIdHash, CertificateStatus};
use serde_json::json;

use super::show::status_word;
use crate::cli::batch::{describe_rate, json_of_refusal, seconds};
use crate::cli::exit::{CliError, REFUSED};
use crate::cli::report::{Report, printable};
use crate::cli::ui::{ProgressLine, Ui};

/// Tells the outcomes, and counts them.
pub(super) struct Answers<'a> {
    ui: &'a Ui,
    line: ProgressLine,
    began: Instant,
    signed: usize,
    unchanged: usize,
    refused: usize,
}

impl<'a> Answers<'a> {
    pub(super) fn new(ui: &'a Ui, due: usize, unchanged: usize) -> Self {
        Self {
            ui,
            line: ui.progress_line(due),
            began: Instant::now(),
            signed: 0,
            unchanged,
            refused: 0,
        }
    }

    pub(super) fn tell(&mut self, outcome: PublishedOutcome) {
        match outcome {
            PublishedOutcome::Signed(answer) => self.tell_signed(&answer),
            PublishedOutcome::Refused { path, error } => {
                self.refused += 1;
                let error = CliError::from(error);
                if self.ui.writes_json() {
                    let (file, error) = (path.display().to_string(), json_of_refusal(&error));
                    self.line
                        .print_json(&json!({ "result": "refused", "file": file, "error": error }));
                } else {
                    let message = error.explain().message;
                    self.line.print(&format!("REFUSED  {}", printable(&message)));
                }
            }
            _ => {}
        }
        self.line.advance();
    }

    fn tell_signed(&mut self, answer: &AnswerSummary) {
        self.signed += 1;
        let (hash, why) = (hash_name(answer.hash), reason_name(answer.reason));
        if self.ui.writes_json() {
            let mut json = json!({
                "result": "signed", "file": answer.path.display().to_string(),
                "serial_number": answer.serial.to_string(), "hash": hash, "status": status_word(answer.status),
                "because": why, "this_update": answer.this_update.to_string(),
                "next_update": answer.next_update.to_string(), "entry": answer.entry.0,
            });
            if let CertificateStatus::Revoked { revoked_at, reason } = answer.status {
                json["revoked_at"] = revoked_at.to_string().into();
                json["reason"] = reason.to_string().into();
            }
            return self.line.print_json(&json);
        }
        let (serial, status) = (&answer.serial, status_word(answer.status));
        let until = answer.next_update;
        self.line.print(&format!(
            "signed  {serial}  {hash:<6}  {status:<7}  until {until}  ({why})"
        ));
    }

    /// What is said at the end.
    pub(super) fn summarise(self) -> Report {
        let took = self.began.elapsed();
        self.line.finish();
        let Self {
            signed,
            unchanged,
            refused,
            ..
        } = self;
        let mut text = format!("\n{signed} answers signed, {unchanged} left as they are");
        if refused > 0 {
            text.push_str(&format!(", {refused} refused"));
        }
        text.push_str(&format!(" in {}\n", describe_rate(signed, took)));
        let json = json!({
            "result": "summary", "signed": signed, "unchanged": unchanged, "refused": refused,
            "seconds": seconds(took),
        });
        let mut report = Report::new(text, json);
        report.lines = true;
        if refused > 0 {
            report.exit_code = REFUSED;
        }
        report
    }
}

const fn hash_name(hash: CertIdHash) -> &'static str {
    match hash {
        CertIdHash::Sha1 => "sha1",
        CertIdHash::Sha256 => "sha256",
        _ => "other",
    }
}

const fn reason_name(reason: AnswerReason) -> &'static str {
    match reason {
        AnswerReason::New => "new",
        AnswerReason::Status => "status changed",
        AnswerReason::Age => "half of its validity is over",
        AnswerReason::Signer => "another signer",
        AnswerReason::Replaced => "replaced another file",
        _ => "due",
    }
}
