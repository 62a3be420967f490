//! `ceremony attest`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::{Course, Occurrence, Presence, Remarks, TranscriptHead};
use hsm_ca::workflow::{OpenedCeremony, PeopleError, Saying, prepare_statement};

use super::signing::{InWords, SigningOptions};
use super::step_text::describe_step;
use super::words::word_lines;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony_attest::{Attested, CeremonyAttest};
use crate::cli::report::Report;
use crate::cli::ui::Ui;
use crate::cli::wrap;

#[derive(Debug, Args)]
pub(in crate::cli) struct AttestCeremony {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    signing: SigningOptions,
    /// The person was there from beginning to end. Without --all and --part, a terminal asks
    #[arg(long, conflicts_with = "part")]
    all: bool,
    /// The person was not there from beginning to end
    #[arg(long)]
    part: bool,
    /// What the person saw did not go as planned. Where the transcript has a deviation, a decision or a stop, the statement says so without it
    #[arg(long)]
    not_as_planned: bool,
    /// What else the person says, in one line
    #[arg(long, value_name = "TEXT")]
    remarks: Option<String>,
}

impl AttestCeremony {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let key = self.signing.public_key()?;
        let ceremony = OpenedCeremony::open(&self.directory)?;
        let transcript = ceremony.transcript()?.ok_or(PeopleError::NotBegun)?;
        let occurrences = Occurrence::all_in(&transcript);
        let unplanned = occurrences.iter().filter(|found| !found.kind.is_as_planned());
        let unplanned = unplanned.count();
        let remarks = Remarks {
            present: if self.part { Presence::Part } else { Presence::All },
            as_planned: !self.not_as_planned && unplanned == 0,
            remarks: self.remarks.clone(),
        };
        let course = OpenedCeremony::course_of(Some(&transcript))?;
        let head = transcript.head();
        let said = InWords {
            what: sentence(&remarks, unplanned),
            shown: describe(&ceremony, &course, head, &occurrences, self.signing.width()),
            asked: !self.all && !self.part,
        };
        let attested = Attested::of(&ceremony, &course, head, &occurrences, &remarks);
        let saying = Saying::Attestation(remarks);
        let now = settings.clock.now();
        let prepared = prepare_statement(&ceremony, Some(&transcript), &key, &saying, now)?;
        let document = |statement| CeremonyAttest { statement, attested }.document();
        self.signing
            .carry_out(&ceremony, prepared, &said, document, settings, ui)
    }
}

fn sentence(remarks: &Remarks, unplanned: usize) -> String {
    let seen = match remarks.present {
        Presence::Part => "was there for a part of it",
        _ => "was there from beginning to end",
    };
    let went = match (remarks.as_planned, unplanned) {
        (true, _) => "it went as planned".to_owned(),
        (false, 0) => "it did NOT go as planned".to_owned(),
        (false, 1) => "it did NOT go as planned: the transcript has 1 entry that says so".to_owned(),
        (false, found) => {
            format!("it did NOT go as planned: the transcript has {found} entries that say so")
        }
    };
    let more = remarks.remarks.as_ref();
    let more = more.map(|text| format!("; remarks: {text}")).unwrap_or_default();
    format!("{seen}, and {went}{more}")
}

/// Describes the steps, every other entry, and the head.
fn describe(
    ceremony: &OpenedCeremony,
    course: &Course,
    head: TranscriptHead,
    occurrences: &[Occurrence],
    width: Option<usize>,
) -> String {
    let mut text = "Steps:\n".to_owned();
    for (index, step) in ceremony.plan.steps.iter().enumerate() {
        let done = match course.step(&step.id).is_done(&step.action) {
            true => "done",
            false => "NOT done",
        };
        let first = format!("  {} {}, {done}: ", index + 1, step.id);
        text.push_str(&wrap::below(&first, &describe_step(step), width));
    }
    text.push_str("Deviations, decisions and notes:");
    if occurrences.is_empty() {
        text.push_str(" none");
    }
    text.push('\n');
    for found in occurrences {
        let time = found.time.map(|time| time.to_string()).unwrap_or_default();
        let first = format!("  {time} {}: ", found.kind.word());
        let said = format!("{}: {}", found.by, found.text);
        text.push_str(&wrap::below(&first, &said, width));
    }
    text.push_str(&format!("Head of the transcript:\n  {head}\n"));
    for line in word_lines(&head.hash) {
        text.push_str(&format!("  {line}\n"));
    }
    text
}
