//! `ceremony show`.

use std::path::{Path, PathBuf};

use clap::Args;
use hsm_ca::ceremony::{Digest, Event, Record, Transcript, TranscriptError, TranscriptHead, plan_text};
use hsm_ca::workflow::{CeremonyError, PeopleError};
use serde_json::json;

use super::approvals::describe_state;
use super::directory::ReadPlan;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony::{CeremonyShow, Identity, RunState as State, ShownRun};
use crate::cli::json::common::{Fingerprint, Time};
use crate::cli::json::show::Transcript as ShownTranscript;
use crate::cli::report::{Fields, Report};

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowCeremony {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl ShowCeremony {
    /// Shows the ceremony in that directory.
    pub(in crate::cli) const fn of(directory: PathBuf) -> Self {
        Self { directory }
    }

    pub(in crate::cli) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let (read, approvals) = self.read(settings)?;
        let mut text = plan_text(&read.plan).map_err(CeremonyError::from)?;
        let state = RunState::read(&read)?;
        text.push_str("\nState\n");
        text.push_str(&state.describe(&approvals));
        let json = CeremonyShow {
            identity: Identity::of(&read.plan, &read.hash),
            plan: json!(read.plan),
            approvals,
            run: state.to_json(),
        };
        Ok(Report::new(text, json.document()))
    }

    /// Reads the plan, and the state of its approvals in words.
    fn read(&self, settings: &Settings) -> Result<(ReadPlan, String), CliError> {
        let (read, counted) = ReadPlan::with_approvals(&self.directory, settings)?;
        let approvals = counted.map_or_else(
            |error| format!("not counted: {error}"),
            |found| describe_state(&found),
        );
        Ok((read, approvals))
    }
}

/// Shows a transcript outside its ceremony's directory. The plan is the one that its first line names.
pub(in crate::cli) fn show_transcript(path: &Path, bytes: &[u8]) -> Result<Report, CliError> {
    let plan = Transcript::claimed_plan(bytes).ok_or_else(|| CliError::Unrecognised {
        path: path.to_owned(),
    })?;
    let state =
        RunState::of(bytes, plan).map_err(|error| CliError::in_file(path, PeopleError::from(error)))?;
    let records = state.transcript.as_ref().map_or(&[][..], Transcript::records);
    let time = |record: Option<&Record>| record.and_then(Record::time);
    let (first, last) = (time(records.first()), time(records.last()));
    let mut fields = Fields::default();
    fields
        .add("plan", format!("SHA-256 {plan}"))
        .add("lines", records.len());
    for (name, time) in [("first", first), ("last", last)] {
        fields.add(
            name,
            time.map_or_else(|| "none".to_owned(), |time| time.to_string()),
        );
    }
    fields.add("run", state.word());
    if let Some(head) = state.head() {
        fields.add("head", head);
    }
    if state.is_torn {
        fields.add("last line", "torn: it is incomplete");
    }
    let json = ShownTranscript {
        plan_sha256: Fingerprint::new(plan),
        lines: records.len().try_into().unwrap_or(u64::MAX),
        first: first.map(Time::of),
        last: last.map(Time::of),
        run: state.to_json(),
    };
    let text = format!(
        "The transcript of a ceremony; `hsm-ca ceremony verify` checks it with its plan\n{}",
        fields.render(2)
    );
    Ok(Report::new(text, json.document()))
}

/// How far `run` has come.
#[derive(Default)]
pub(super) struct RunState {
    /// `None` if the file does not exist.
    transcript: Option<Transcript>,
    is_torn: bool,
}

impl RunState {
    pub(super) fn read(read: &ReadPlan) -> Result<Self, CliError> {
        let path = read.directory.transcript();
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = input::read_regular(&path)?;
        Self::of(&bytes, read.hash).map_err(|error| PeopleError::from(error).into())
    }

    fn of(bytes: &[u8], plan: Digest) -> Result<Self, TranscriptError> {
        let (transcript, is_torn) = match Transcript::read(bytes, plan) {
            Err(TranscriptError::Torn(torn)) => (torn.before, true),
            read => (read?, false),
        };
        Ok(Self {
            transcript: Some(transcript),
            is_torn,
        })
    }

    /// The state follows from the last event.
    pub(super) fn state(&self) -> State {
        let Some(last) = self.transcript.as_ref().and_then(|read| read.records().last()) else {
            return State::NotStarted;
        };
        match last.event().ok() {
            Some(Event::Closed { .. }) => State::Closed,
            Some(Event::Aborted { .. }) => State::Aborted,
            Some(Event::Stopped { .. }) => State::Stopped,
            _ => State::Unfinished,
        }
    }

    /// The head of a transcript with lines.
    fn head(&self) -> Option<TranscriptHead> {
        let head = self.transcript.as_ref()?.head();
        (head.n > 0).then_some(head)
    }

    fn word(&self) -> &'static str {
        match self.state() {
            State::NotStarted => "not started",
            State::Unfinished => "running or interrupted",
            State::Stopped => "stopped",
            State::Aborted => "aborted",
            State::Closed => "closed",
        }
    }

    fn describe(&self, approvals: &str) -> String {
        let mut fields = Fields::default();
        fields.add("approvals", approvals);
        fields.add("run", self.word());
        if let Some(head) = self.head() {
            fields.add("head", head);
        }
        if self.is_torn {
            fields.add("last line", "torn: it is incomplete");
        }
        fields.render(2)
    }

    fn to_json(&self) -> ShownRun {
        ShownRun {
            state: self.state(),
            head: self.head().map(|head| head.to_string()),
            torn: self.is_torn,
        }
    }
}
