//! `ceremony script`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hsm_ca::ceremony::{PaperSize, script_page};
use hsm_ca::workflow::{CeremonyError, deliver};

use super::directory::ReadPlan;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony::CeremonyScript;
use crate::cli::json::common::{FileName, Fingerprint};
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Report, printable};
use crate::cli::shell::quote;

#[derive(Debug, Args)]
pub(in crate::cli) struct WriteScript {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The new HTML file, or - for stdout
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
    /// The size of the paper
    #[arg(long, value_enum, default_value_t = Paper::A4)]
    paper: Paper,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

/// A4 or Letter.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Paper {
    /// 210 mm by 297 mm
    A4,
    /// 8.5 in by 11 in
    Letter,
}

impl Paper {
    pub(super) const fn size(self) -> PaperSize {
        match self {
            Self::A4 => PaperSize::A4,
            Self::Letter => PaperSize::Letter,
        }
    }
}

impl WriteScript {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.out)?;
        let ReadPlan { plan, hash, .. } = ReadPlan::read(&self.directory)?;
        let paper = self.paper.size();
        let delivery = OutputOptions::of(false, self.force).delivery(&self.out);
        let write = || Ok(script_page(&plan, paper).map_err(CeremonyError::from)?);
        let (_, delivered) = deliver(&delivery, write)?;
        let (path, content) = split(delivered);
        let shown = path.as_ref().map(|path| path.display().to_string());
        let mut text = match &shown {
            Some(path) => format!("Wrote {}\n", printable(path)),
            None => String::new(),
        };
        text.push_str(
            "Print it from a browser; black and white is enough. It contains the words that run asks for: keep it closed until the \
             ceremony.\n",
        );
        let json = CeremonyScript {
            file: path.as_deref().map(FileName::of),
            plan_sha256: Fingerprint::new(hash),
        };
        let mut report = Report::new(text, json.document());
        report.content = content;
        let directory = quote(&self.directory.display().to_string());
        report.next = Some(format!("hsm-ca ceremony run {directory}"));
        Ok(report)
    }
}
