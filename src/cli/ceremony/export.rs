//! `ceremony export`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::CeremonyDirectory;
use hsm_ca::workflow::{CeremonyError, ExportedCeremony, SerialCount, deliver, export_ceremony};
use hsm_ca::x509::Name;
use serde_json::json;

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony_export::{CeremonyExport, ExportedSerials};
use crate::cli::json::common::FileName;
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Fields, Report, printable};

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportCeremony {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The new file, or - for stdout
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

impl ExportCeremony {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.out)?;
        let directory = CeremonyDirectory::at(&self.directory);
        let ExportedCeremony { export, serials } =
            export_ceremony(&directory).map_err(CeremonyError::from)?;
        let delivery = OutputOptions::of(false, self.force).delivery(&self.out);
        let (export, delivered) = deliver(&delivery, || Ok(export))?;
        let (path, content) = split(delivered);
        let mut fields = Fields::default();
        fields.add("head", &export.head).add("end", &export.end);
        let mut counted = Vec::new();
        for (issuer, count) in export.issuers.iter().zip(serials) {
            let name = Name::from_der(&issuer.name.0).map(|name| name.to_string());
            let name = name.unwrap_or_default();
            fields.add("issuer", &name);
            fields.add("  serial numbers", in_words(count));
            if let Some(number) = issuer.crl_number {
                fields.add("  last CRL number", number);
            }
            fields.add("  revoked", issuer.revoked.len());
            counted.push(ExportedSerials::of(name, count));
        }
        let written = path.as_deref().map(|path| format!("Wrote {}: ", path.display()));
        let text = format!(
            "{}what the next ceremony inherits\n{}",
            printable(&written.unwrap_or_default()),
            fields.render(2)
        );
        let json = CeremonyExport {
            file: path.as_deref().map(FileName::of),
            head: export.head.clone(),
            end: export.end.clone(),
            serial_numbers: counted,
            export: json!(export),
        };
        let mut report = Report::new(text, json.document());
        report.content = content;
        Ok(report)
    }
}

/// Describes the serial numbers. None of them may be used again.
fn in_words(count: SerialCount) -> String {
    let SerialCount { used, spare, earlier } = count;
    let mut text = format!("{used} used, {spare} spare (drawn, and in no certificate)");
    if earlier > 0 {
        text.push_str(&format!(", {earlier} from earlier ceremonies"));
    }
    text
}
