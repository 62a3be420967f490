//! `show FILE`: recognises a file by its content and shows it.

mod ceremony_record;
mod export;
mod log_file;
mod pair;
mod public_key;
mod toml;

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use hsm_ca::ceremony::{CeremonyDirectory, CeremonyFile, CeremonyPlan, Digest, Transcript, plan_text};
use hsm_ca::ledger::ExportedEvents;
use hsm_ca::workflow::CeremonyError;
use hsm_ca::x509::{Structure, to_utf8};
use serde_json::{Map, Value, json};

use super::ceremony::{CheckCeremony, ShowCeremony, show_transcript};
use super::cert::ShowCertificate;
use super::crl::ShowCrl;
use super::csr::ShowRequest;
use super::exit::CliError;
use super::global::Settings;
use super::input;
use super::json::Output as _;
use super::json::common::{CeremonyKindName, Fingerprint};
use super::json::show::Plan;
use super::ocsp::ShowOcsp;
use super::report::Report;
use super::ui::Ui;

#[derive(Debug, Args)]
pub(super) struct ShowFile {
    /// A certificate, request, CRL, OCSP request or response, public key, pair file, profile, settings, ledger export, checkpoint, proof, or a
    /// ceremony's file, plan, transcript, statement or export, or - for stdin; or the directory of a ceremony
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl ShowFile {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let file = self.file.clone();
        if file.is_dir() && !file.join("plan.json").exists() {
            let reason = "it is a directory without a ceremony's plan.json";
            return Err(CliError::read(&file, io::Error::other(reason)));
        }
        if file.is_dir() {
            return ShowCeremony::of(file).run(settings);
        }
        let beginning = input::peek(&file)?;
        if beginning.is_empty() {
            return Err(CliError::Empty { path: file });
        }
        if ExportedEvents::are_meant(&beginning) {
            return export::show(&file);
        }
        if let Some(object) = read_object(&beginning, &file)? {
            // Errors come from the reader for this kind.
            if object.contains_key("PrivateKeyCiphertextBlob") {
                return pair::show(&file);
            }
            if let Some(shown) = ceremony_record::show(&file, &object, &input::peek_all(&file)?) {
                return shown;
            }
            if object.contains_key("ceremony") && object.contains_key("format") {
                return self.show_plan(settings);
            }
        }
        if Transcript::claimed_plan(&beginning).is_some() {
            return self.show_transcript(settings);
        }
        if log_file::is_proof(&beginning) {
            return log_file::show_proof(&file, &input::read(&file)?);
        }
        if log_file::is_checkpoint(&beginning) {
            return log_file::show_checkpoint(&file, &input::read(&file)?);
        }
        match Structure::recognise(&beginning) {
            Some(Structure::Certificate) => ShowCertificate::of(file).run(ui),
            Some(Structure::Request) => ShowRequest::of(file).run(settings, ui),
            Some(Structure::Crl) => ShowCrl::of(file).run(),
            Some(Structure::OcspRequest | Structure::OcspResponse) => ShowOcsp::of(file).run(),
            _ => self.show_other(&beginning, settings, ui),
        }
    }

    /// A public key, a ceremony file, a profile or settings.
    fn show_other(&self, beginning: &[u8], settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        if let Some(shown) = public_key::show(&self.file, &input::peek_all(&self.file)?) {
            return shown;
        }
        match CeremonyFile::is_meant(beginning) {
            true => CheckCeremony::of(self.file.clone()).run_without_ledger(settings, ui),
            false => toml::show(&self.file, &input::peek_all(&self.file)?).unwrap_or_else(|| {
                Err(CliError::Unrecognised {
                    path: self.file.clone(),
                })
            }),
        }
    }

    /// In its ceremony's directory, shows the ceremony with its state.
    fn show_transcript(&self, settings: &Settings) -> Result<Report, CliError> {
        let run = self.file.parent().filter(|run| run.ends_with("run"));
        let directory = run.and_then(Path::parent);
        match directory.map(CeremonyDirectory::at) {
            Some(ceremony) if ceremony.plan().is_file() && ceremony.transcript() == self.file => {
                ShowCeremony::of(ceremony.path().to_owned()).run(settings)
            }
            _ => show_transcript(&self.file, &input::read(&self.file)?),
        }
    }

    /// In its ceremony's directory, also shows the state of the ceremony.
    fn show_plan(&self, settings: &Settings) -> Result<Report, CliError> {
        if self.file.file_name().is_some_and(|name| name == "plan.json")
            && let Some(directory) = self.file.parent()
        {
            return ShowCeremony::of(directory.to_owned()).run(settings);
        }
        let bytes = input::read(&self.file)?;
        let in_file = |error| CliError::in_file(&self.file, CeremonyError::from(error));
        let plan = CeremonyPlan::read(&bytes).map_err(in_file)?;
        let text = plan_text(&plan).map_err(CeremonyError::from)?;
        let json = Plan {
            ceremony: plan.ceremony.clone(),
            ceremony_kind: CeremonyKindName::of(plan.kind),
            plan_sha256: Fingerprint::new(Digest::of(&bytes)),
            plan: json!(plan),
        };
        Ok(Report::new(text, json.document()))
    }
}

/// The JSON object in a file that begins like one, also in UTF-16 (Windows).
fn read_object(beginning: &[u8], file: &Path) -> Result<Option<Map<String, Value>>, CliError> {
    let begins_object = |text: &[u8]| text.trim_ascii_start().starts_with(b"{");
    if !to_utf8(beginning).is_ok_and(|text| begins_object(&text)) {
        return Ok(None);
    }
    let bytes = input::peek_all(file)?;
    let text = to_utf8(&bytes).unwrap_or_default();
    Ok(serde_json::from_slice(&text).ok())
}
