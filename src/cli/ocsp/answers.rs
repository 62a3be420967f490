//! The output of `ocsp publish`: a line for each answer as soon as it is written, and a summary.

use std::time::Instant;

use hsm_ca::workflow::{AnswerReason, AnswerSummary, PublishedOutcome};

use super::show::status_word;
use crate::cli::batch::{Missed, about, describe_rate, seconds};
use crate::cli::exit::CliError;
use crate::cli::json::Output as _;
use crate::cli::json::common::FileName;
use crate::cli::json::error::ErrorBody;
use crate::cli::json::ocsp::{OcspPublish, PublishedAnswer};
use crate::cli::report::Report;
use crate::cli::ui::{ProgressLine, Ui};

/// Reports and counts the outcomes.
pub(super) struct Answers<'a> {
    ui: &'a Ui,
    line: ProgressLine,
    began: Instant,
    signed: usize,
    unchanged: usize,
    missed: Missed,
}

impl<'a> Answers<'a> {
    pub(super) fn new(ui: &'a Ui, due: usize, unchanged: usize) -> Self {
        Self {
            ui,
            line: ui.progress_line(due),
            began: Instant::now(),
            signed: 0,
            unchanged,
            missed: Missed::default(),
        }
    }

    pub(super) fn tell(&mut self, outcome: PublishedOutcome) {
        match outcome {
            PublishedOutcome::Signed(answer) => self.tell_signed(&answer),
            PublishedOutcome::Refused { path, error } => {
                let refusal = CliError::from(error).explain();
                let word = self.missed.add(&refusal);
                if self.ui.writes_json() {
                    let line = OcspPublish::Refused {
                        file: FileName::of(&path),
                        error: ErrorBody::of(refusal),
                    };
                    self.line.print_json(&line.document());
                } else {
                    let message = about(&path.display().to_string(), &refusal.message);
                    self.line.print_reason(word, &message);
                }
            }
            _ => {}
        }
    }

    fn tell_signed(&mut self, answer: &AnswerSummary) {
        self.signed += 1;
        if self.ui.writes_json() {
            let line = OcspPublish::Signed(Box::new(PublishedAnswer::of(answer)));
            return self.line.print_json(&line.document());
        }
        let (hash, why) = (answer.hash.name(), reason_name(answer.reason));
        let (serial, status) = (&answer.serial, status_word(answer.status));
        let until = answer.next_update;
        self.line.print_two(
            &format!("signed   {serial}  {hash:<6}  {status:<7}"),
            &format!("until {until}  ({why})"),
        );
    }

    /// The summary at the end.
    pub(super) fn summarise(self) -> Report {
        let took = self.began.elapsed();
        self.line.finish();
        let Self {
            signed,
            unchanged,
            missed,
            ..
        } = self;
        let text = format!(
            "\n{signed} answers signed, {unchanged} left as they are{} in {}\n",
            missed.describe(),
            describe_rate(signed, took)
        );
        let json = OcspPublish::Summary {
            signed,
            unchanged,
            refused: missed.count(),
            seconds: seconds(took),
        };
        let mut report = Report::new(text, json.document());
        report.lines = true;
        report.failure = missed.failure("file");
        report
    }
}

const fn reason_name(reason: AnswerReason) -> &'static str {
    match reason {
        AnswerReason::New => "new",
        AnswerReason::Status => "status changed",
        AnswerReason::Age => "half of its validity is over",
        AnswerReason::Signer => "another signer",
        AnswerReason::Terms => "another validity or signature was requested",
        AnswerReason::Replaced => "replaced another file",
        _ => "due",
    }
}
