//! `ledger deliver`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ledger::RevocationState;
use hsm_ca::workflow::{DeliveryRequest, deliver_recorded};

use super::{Wanted, entry, find, list, parse_wanted};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::common::FileName;
use crate::cli::json::ledger::LedgerDeliver;
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Report, printable};

#[derive(Debug, Args)]
pub(in crate::cli) struct DeliverEntry {
    /// A certificate's serial number in hex, or '#N', an entry of `ledger list`
    #[arg(value_name = "SERIAL|ENTRY", value_parser = parse_wanted)]
    wanted: Wanted,
    /// The file, or - for stdout
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
    /// The certificate of the CA that signed it, if the ledger does not have it
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    output: OutputOptions,
}

impl DeliverEntry {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.out)?;
        let authority = self.ca.as_deref().map(input::certificate).transpose()?;
        let delivery = self.output.delivery(&self.out);
        delivery.check()?;
        let mut recorder = settings.open_recorder()?;
        let order = DeliveryRequest {
            entry: find(recorder.ledger(), &self.wanted, "deliver")?,
            authority,
            delivery,
        };
        let summary = deliver_recorded(&mut recorder, &order)?;
        let (path, content) = split(summary.delivered);
        let shown = path.as_ref().map(|path| path.display().to_string());
        let json = LedgerDeliver {
            entry: entry::describe(&summary.entry).delivered(),
            file: path.as_deref().map(FileName::of),
        };
        let text = format!(
            "Delivered entry {}, which was signed before: {}\n{}",
            summary.entry.id,
            printable(shown.as_deref().unwrap_or("to stdout")),
            list::render(&[entry::line(&summary.entry)], false)
        );
        let revocation = summary.entry.revocation.as_ref().map(|found| &found.state);
        let warnings = match revocation {
            Some(RevocationState::Revoked { reason, .. }) => {
                vec![format!("it is revoked: {}", reason.name())]
            }
            _ => Vec::new(),
        };
        let report = Report {
            content,
            warnings,
            ..Report::new(text, json.document())
        };
        Ok(report.with_receipt(recorder))
    }
}
