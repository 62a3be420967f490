//! `ceremony new`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::CeremonyTemplate;
use hsm_ca::workflow::deliver;

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony::CeremonyNew;
use crate::cli::json::common::FileName;
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Report, printable};
use crate::cli::shell::quote;

/// Two weeks leave enough time to read and approve a plan.
const DAYS_AHEAD: u32 = 14;

#[derive(Debug, Args)]
pub(in crate::cli) struct NewCeremony {
    /// The new file, or - for stdout
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

impl NewCeremony {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.file)?;
        let delivery = OutputOptions::of(false, self.force).delivery(&self.file);
        let template = CeremonyTemplate::dated(settings.clock.now().plus_days(DAYS_AHEAD));
        let (_, delivered) = deliver(&delivery, || Ok(template))?;
        let (path, content) = split(delivered);
        let shown = path.as_ref().map(|path| path.display().to_string());
        let text = match &shown {
            Some(path) => format!(
                "Wrote {}\nFill in what says FILL-IN, then: hsm-ca ceremony check {}\n",
                printable(path),
                quote(path)
            ),
            None => "Fill in what says FILL-IN, then run hsm-ca ceremony check\n".to_owned(),
        };
        let json = CeremonyNew {
            file: path.as_deref().map(FileName::of),
        };
        let mut report = Report::new(text, json.document());
        report.content = content;
        Ok(report)
    }
}
