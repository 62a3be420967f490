//! `ledger deliver`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ledger::{EntryFilter, EntryId, RevocationState};
use hsm_ca::workflow::{DeliveryRequest, Recorder, deliver_recorded};
use serde_json::json;

use super::{Wanted, collect, entry, parse_wanted};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Report, printable};

#[derive(Debug, Args)]
pub(in crate::cli) struct DeliverEntry {
    /// A certificate's serial number in hex, or '#N', an entry of `ledger list`
    #[arg(value_name = "SERIAL|ENTRY", value_parser = parse_wanted)]
    wanted: Wanted,
    /// The file, or - for stdout
    #[arg(long, value_name = "FILE")]
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
            entry: self.find(&recorder)?,
            authority,
            delivery,
        };
        let summary = deliver_recorded(&mut recorder, &order)?;
        let (path, content) = split(summary.delivered);
        let shown = path.as_ref().map(|path| path.display().to_string());
        let mut json = entry::describe(&summary.entry);
        json["file"] = json!(shown);
        json["delivered"] = json!(true);
        let text = format!(
            "Delivered entry {}, which was signed before: {}\n{}",
            summary.entry.id,
            printable(shown.as_deref().unwrap_or("to stdout")),
            entry::line(&summary.entry)
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
            ..Report::new(text, json)
        };
        Ok(report.with_receipt(recorder))
    }

    /// The one entry that is meant: certificates of several CAs can have one serial number.
    fn find(&self, recorder: &Recorder) -> Result<EntryId, CliError> {
        let serial = match &self.wanted {
            Wanted::Entry(id) => return Ok(*id),
            Wanted::Serial(serial) => serial,
        };
        let filter = EntryFilter {
            serial: Some(serial.clone()),
            ..EntryFilter::default()
        };
        let found = collect(recorder.ledger(), &filter)?;
        match found.as_slice() {
            [] => Err(CliError::NoEntry {
                wanted: format!("of a certificate {serial}"),
            }),
            [one] => Ok(one.id),
            several => {
                let names: Vec<_> = several
                    .iter()
                    .map(|entry| format!("'{}' of \"{}\"", entry.id, entry.authority.subject.text))
                    .collect();
                Err(CliError::options(format!(
                    "several CAs have a certificate {serial}: name the entry, one of {}",
                    names.join(", ")
                )))
            }
        }
    }
}
