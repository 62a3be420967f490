//! `ceremony export`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::CeremonyDirectory;
use hsm_ca::workflow::{CeremonyError, deliver, export_ceremony};
use hsm_ca::x509::Name;
use serde_json::json;

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony::CeremonyExport;
use crate::cli::json::common::FileName;
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Fields, Report};

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
        let export = export_ceremony(&directory).map_err(CeremonyError::from)?;
        let delivery = OutputOptions::of(false, self.force).delivery(&self.out);
        let (export, delivered) = deliver(&delivery, || Ok(export))?;
        let (path, content) = split(delivered);
        let mut fields = Fields::default();
        fields.add("head", &export.head).add("end", &export.end);
        for issuer in &export.issuers {
            let mut numbers = format!("serial numbers used: {}", issuer.serials.len());
            if let Some(number) = issuer.crl_number {
                numbers.push_str(&format!(", last CRL number: {number}"));
            }
            numbers.push_str(&format!(", revoked: {}", issuer.revoked.len()));
            let name = Name::from_der(&issuer.name.0).map(|name| name.to_string());
            fields.add(name.unwrap_or_default(), numbers);
        }
        let text = format!("What the next ceremony inherits\n{}", fields.render(2));
        let json = CeremonyExport {
            file: path.as_deref().map(FileName::of),
            head: export.head.clone(),
            end: export.end.clone(),
            export: json!(export),
        };
        let mut report = Report::new(text, json.document());
        report.content = content;
        Ok(report)
    }
}
