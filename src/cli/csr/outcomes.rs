//! The output of a job with several requests: a line for each as soon as it is done, and a summary.

use std::time::Instant;

use hsm_ca::workflow::{Delivered, IssueSummary, RequestOutcome};

use crate::cli::batch::{Missed, about, describe_rate, seconds};
use crate::cli::cert::describe_dropped;
use crate::cli::exit::CliError;
use crate::cli::json::Output as _;
use crate::cli::json::certificate::Issued;
use crate::cli::json::error::ErrorBody;
use crate::cli::json::request::{CsrSignLine, SignedRequest};
use crate::cli::report::{Report, printable};
use crate::cli::ui::{ProgressLine, Ui};

/// Reports and counts the outcomes.
pub(super) struct Outcomes<'a> {
    ui: &'a Ui,
    line: ProgressLine,
    began: Instant,
    issued: usize,
    delivered_again: usize,
    missed: Missed,
    /// The number of requests that asked for something they did not get, and the first of them.
    dropped: usize,
    first_dropped: Option<String>,
}

impl<'a> Outcomes<'a> {
    pub(super) fn new(ui: &'a Ui, count: usize) -> Self {
        Self {
            ui,
            line: ui.progress_line(count),
            began: Instant::now(),
            issued: 0,
            delivered_again: 0,
            missed: Missed::default(),
            dropped: 0,
            first_dropped: None,
        }
    }

    pub(super) fn tell(&mut self, outcome: RequestOutcome<CliError>) {
        match outcome {
            RequestOutcome::Issued(summary) => self.tell_issued(*summary),
            RequestOutcome::Refused { request, error } => self.tell_refused(&request, &error),
        }
    }

    fn tell_issued(&mut self, summary: IssueSummary) {
        match summary.retried {
            true => self.delivered_again += 1,
            false => self.issued += 1,
        }
        if !summary.dropped.is_empty() {
            self.dropped += 1;
            let words: Vec<_> = summary.dropped.iter().map(describe_dropped).collect();
            let first = || format!("{} asks for {}", printable(&summary.request), words.join(", "));
            self.first_dropped.get_or_insert_with(first);
        }
        if self.ui.writes_json() {
            let signed = Box::new(SignedRequest {
                issued: Issued::of(&summary),
                request: summary.request.clone(),
            });
            let line = match summary.retried {
                true => CsrSignLine::DeliveredAgain(signed),
                false => CsrSignLine::Issued(signed),
            };
            return self.line.print_json(&line.document());
        }
        let certificate = &summary.certificate;
        let place = match &summary.delivered {
            Delivered::File(path) => path.display().to_string(),
            Delivered::Content(_) => "stdout".to_owned(),
        };
        let how = if summary.retried { "again" } else { "signed" };
        let not_after = certificate.validity().not_after.to_string();
        let day = not_after.split('T').next().unwrap_or_default();
        let serial = certificate.serial_number();
        self.line
            .print(&format!("{how:8} {}  {serial}  {day}", printable(&place)));
    }

    fn tell_refused(&mut self, request: &str, error: &CliError) {
        let refusal = error.explain();
        let word = self.missed.add(&refusal);
        if self.ui.writes_json() {
            let line = CsrSignLine::Refused {
                request: request.to_owned(),
                error: ErrorBody::of(refusal),
            };
            return self.line.print_json(&line.document());
        }
        self.line.print_reason(word, &about(request, &refusal.message));
    }

    /// The summary at the end.
    pub(super) fn summarise(self) -> Report {
        let took = self.began.elapsed();
        self.line.finish();
        let Self {
            issued,
            delivered_again,
            missed,
            ..
        } = self;
        let mut text = format!("\n{issued} signed");
        if delivered_again > 0 {
            text.push_str(&format!(", {delivered_again} delivered again without signing"));
        }
        text.push_str(&format!(
            "{} in {}\n",
            missed.describe(),
            describe_rate(issued, took)
        ));
        let json = CsrSignLine::Summary {
            issued,
            delivered_again,
            refused: missed.count(),
            seconds: seconds(took),
        };
        let mut report = Report::new(text, json.document());
        if let Some(first) = self.first_dropped {
            report.warnings.push(format!(
                "{} of the requests ask for something that the profile does not give: {first}",
                self.dropped
            ));
        }
        report.lines = true;
        report.failure = missed.failure("request");
        report
    }
}
