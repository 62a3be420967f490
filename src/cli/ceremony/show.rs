//! `ceremony show`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::{Digest, Event, Transcript, TranscriptError, plan_text};
use hsm_ca::workflow::{CeremonyError, OpenedCeremony, PeopleError, count_approvals};
use serde_json::json;

use super::approvals::describe_state;
use super::directory::ReadPlan;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony::{CeremonyShow, Identity, RunState as State, ShownRun};
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

    /// Reads the plan, and the state of the approvals of exactly this plan. If the approvals cannot be counted, the plan is shown anyway.
    fn read(&self, settings: &Settings) -> Result<(ReadPlan, String), CliError> {
        let not_counted = |error: PeopleError| format!("not counted: {error}");
        let ceremony = match OpenedCeremony::open(&self.directory) {
            Ok(ceremony) => ceremony,
            Err(error) => return Ok((ReadPlan::read(&self.directory)?, not_counted(error))),
        };
        let counted = count_approvals(&ceremony, settings.ceremony_quorum());
        let approvals = counted.map_or_else(not_counted, |found| describe_state(&found));
        let read = ReadPlan {
            directory: ceremony.directory,
            plan: ceremony.plan,
            hash: ceremony.identity.hash,
        };
        Ok((read, approvals))
    }
}

/// How far `run` has come.
enum RunState {
    NotStarted,
    Started { transcript: Transcript, is_torn: bool },
}

impl RunState {
    fn read(read: &ReadPlan) -> Result<Self, CliError> {
        let path = read.directory.transcript();
        if !path.exists() {
            return Ok(Self::NotStarted);
        }
        let bytes = input::read_regular(&path)?;
        Self::of(&bytes, read.hash).map_err(|error| PeopleError::from(error).into())
    }

    fn of(bytes: &[u8], plan: Digest) -> Result<Self, TranscriptError> {
        match Transcript::read(bytes, plan) {
            Ok(transcript) => Ok(Self::Started {
                transcript,
                is_torn: false,
            }),
            Err(TranscriptError::Torn(torn)) => Ok(Self::Started {
                transcript: torn.before,
                is_torn: true,
            }),
            Err(error) => Err(error),
        }
    }

    /// The state follows from the last event.
    fn state(&self) -> State {
        let Self::Started { transcript, .. } = self else {
            return State::NotStarted;
        };
        let last = transcript.records().last().and_then(|record| record.event().ok());
        match last {
            Some(Event::Closed { .. }) => State::Closed,
            Some(Event::Aborted { .. }) => State::Aborted,
            Some(Event::Stopped { .. }) => State::Stopped,
            _ => State::Unfinished,
        }
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
        if let Self::Started { transcript, is_torn } = self {
            fields.add("head", transcript.head());
            if *is_torn {
                fields.add("last line", "torn: it is incomplete");
            }
        }
        fields.render(2)
    }

    fn to_json(&self) -> ShownRun {
        let (head, torn) = match self {
            Self::NotStarted => (None, false),
            Self::Started { transcript, is_torn } => (Some(transcript.head().to_string()), *is_torn),
        };
        ShownRun {
            state: self.state(),
            head,
            torn,
        }
    }
}
