//! `ceremony note` and `ceremony abort`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::workflow::{OpenedCeremony, Remark, abort_ceremony, note_in_transcript};

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony::{CeremonyAbort, CeremonyNote};
use crate::cli::report::{Report, printable};

#[derive(Debug, Args)]
pub(in crate::cli) struct NoteInCeremony {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The note, in one line
    #[arg(value_name = "TEXT")]
    text: String,
    /// Something did not go as planned
    #[arg(long)]
    deviation: bool,
    /// Who says so: a name of the plan [default: the login]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AbortCeremony {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Why, in one line
    #[arg(long, value_name = "TEXT")]
    because: String,
    /// Who says so: a name of the plan [default: the login]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl NoteInCeremony {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let ceremony = OpenedCeremony::open(&self.directory)?;
        let remark = remark(&self.text, self.by.as_deref(), settings);
        let head = note_in_transcript(&ceremony, &remark, self.deviation)?;
        let what = if self.deviation { "deviation" } else { "note" };
        let json = CeremonyNote {
            ceremony: ceremony.plan.ceremony,
            deviation: self.deviation,
            head: head.to_string(),
        };
        Ok(Report::new(
            format!("Added the {what} to the transcript\n  head  {head}\n"),
            json.document(),
        ))
    }
}

impl AbortCeremony {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let ceremony = OpenedCeremony::open(&self.directory)?;
        let remark = remark(&self.because, self.by.as_deref(), settings);
        let head = abort_ceremony(&ceremony, &remark)?;
        let text = format!(
            "{} is aborted. Nothing was deleted, but do not use anything in the directory\n  head  {head}\n",
            printable(&ceremony.plan.ceremony)
        );
        let json = CeremonyAbort {
            ceremony: ceremony.plan.ceremony,
            head: head.to_string(),
        };
        Ok(Report::new(text, json.document()))
    }
}

fn remark(text: &str, by: Option<&str>, settings: &Settings) -> Remark {
    Remark {
        text: text.to_owned(),
        by: by.map(str::to_owned),
        time: settings.clock.now(),
        clock_is_right: settings.guards().clock_is_right,
    }
}
