//! `ceremony report`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::{
    CeremonyDirectory, CeremonyPage, PaperSize, ReportContent, ReportedAttestation, report_page,
};
use hsm_ca::workflow::{Attested, CeremonyError, CeremonyReport, deliver, reported_objects, verify_ceremony};

use super::script::Paper;
use super::verify::not_verified;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony::CeremonyReportPage;
use crate::cli::json::common::{FileName, Fingerprint};
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Report, printable};

#[derive(Debug, Args)]
pub(in crate::cli) struct WriteReport {
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

impl WriteReport {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.out)?;
        std::fs::read_dir(&self.directory).map_err(|cause| CliError::read(&self.directory, cause))?;
        let verified = verify_ceremony(&CeremonyDirectory::at(&self.directory), None);
        let delivery = OutputOptions::of(false, self.force).delivery(&self.out);
        let write = || Ok(page_of(&verified, self.paper.size())?);
        let (_, delivered) = deliver(&delivery, write)?;
        let (path, page) = split(delivered);
        let shown = path.as_ref().map(|path| path.display().to_string());
        let mut text = match &shown {
            Some(path) => format!("Wrote {}\n", printable(path)),
            None => String::new(),
        };
        if !verified.is_verified() {
            text.push_str("The ceremony is NOT verified, and the report says so on every page.\n");
        }
        let json = CeremonyReportPage {
            file: path.as_deref().map(FileName::of),
            plan_sha256: verified.plan.map(Fingerprint::new),
            verified: verified.is_verified(),
        };
        let mut report = Report::new(text, json.document());
        report.content = page;
        report.failure = not_verified(&verified, &self.directory);
        Ok(report)
    }
}

/// Builds the report page, whether the ceremony is verified or not.
pub(super) fn page_of(verified: &CeremonyReport, paper: PaperSize) -> Result<CeremonyPage, CeremonyError> {
    let CeremonyReport {
        plan: Some(hash),
        content: Some(plan),
        transcript: Some(transcript),
        ..
    } = verified
    else {
        return Err(CeremonyError::NothingToReport {
            findings: verified.findings.iter().map(ToString::to_string).collect(),
        });
    };
    let content = ReportContent {
        plan,
        hash: *hash,
        transcript,
        trail: &verified.trail,
        findings: &verified.findings,
        approved_by: &verified.approved_by,
        attested: verified.attested.iter().map(describe).collect(),
        made: reported_objects(verified),
        unlisted: &verified.unlisted,
    };
    Ok(report_page(&content, paper)?)
}

fn describe(attested: &Attested) -> ReportedAttestation {
    let present = if attested.present_all {
        "all of it"
    } else {
        "part of it"
    };
    let planned = if attested.as_planned {
        "as planned"
    } else {
        "NOT as planned"
    };
    let mut said = format!("{present}, {planned}");
    if let Some(remarks) = &attested.remarks {
        said.push_str(&format!(": {remarks}"));
    }
    ReportedAttestation {
        person: attested.person.clone(),
        as_planned: attested.as_planned,
        said,
    }
}
