//! `ca adopt`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use hsm_ca::ledger::PathCheck;
use hsm_ca::workflow::{AdoptionRequest, AdoptionSummary, Named};
use hsm_ca::x509::Certificate;

use super::super::connect::check_signing_key_name;
use super::super::exit::CliError;
use super::super::global::Settings;
use super::super::input;
use super::super::json::Output as _;
use super::super::json::authority::{CaAdopt, New};
use super::super::json::certificate as output;
use super::super::output_file::WaiverOptions;
use super::super::report::{Fields, Report};
use super::super::ui::Ui;

#[derive(Debug, Args)]
pub(in super::super) struct AdoptCa {
    /// The CA certificate, PEM or DER
    file: PathBuf,
    /// The CA's key, which must then be on the token and is tested with a signature: its label, a pkcs11: URI, or kms:KEY
    #[arg(long)]
    pub(in super::super) key: Option<String>,
    /// The index.txt of `openssl ca`, or - for stdin: every certificate in it, with its revocation
    #[arg(long, value_name = "FILE")]
    revoked: Option<PathBuf>,
    /// A directory with the certificates that the CA has issued, PEM or DER, and nothing else
    #[arg(long, value_name = "DIR")]
    certificates: Option<PathBuf>,
    /// The last complete CRL of the CA: the next CRL gets a higher number, and every entry stays revoked
    #[arg(long, value_name = "FILE")]
    crl: Option<PathBuf>,
    /// The certificates above a CA certificate that is not self-signed, its issuer's first; may be given more than once
    #[arg(long, value_name = "FILE")]
    issuer: Vec<PathBuf>,
    #[command(flatten)]
    waivers: WaiverOptions,
}

impl AdoptCa {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let authority = input::named(&self.file, input::certificate)?;
        let mut issuers = Vec::new();
        for file in &self.issuer {
            issuers.extend(input::certificates(file)?);
        }
        if authority.value.is_self_issued() && !issuers.is_empty() {
            return Err(CliError::options(
                "the CA certificate is self-signed: leave out --issuer",
            ));
        }
        let crl = self.crl.as_deref();
        let crl = crl.map(|file| input::named(file, input::revocation_list));
        let index = self.revoked.as_deref();
        let index = index.map(|file| input::named(file, input::indexed_certificates));
        let request = AdoptionRequest {
            certificates: self.read_certificates()?,
            index: index.transpose()?,
            authority,
            issuers,
            crl: crl.transpose()?,
            refused_keys: settings.refused_keys()?,
            waivers: self.waivers.chosen(),
        };
        let planned = request.check(settings.clock.now())?;
        settings.check_ledger_or_its_place()?;
        let mut store = None;
        if let Some(key) = &self.key {
            check_signing_key_name(key)?;
            let opened = settings.open_store(Some(key))?;
            planned.prove_key(opened.as_ref(), key)?;
            store = Some(opened);
        }
        let mut recorder = settings.open_or_make_recorder(ui)?;
        let summary = planned.record(&mut recorder)?;
        if let Some(store) = &store {
            recorder.keep_head_beside_others(store.as_ref(), &summary.authority)?;
        }
        let mut warning = None;
        // An older copy of the ledger, without these revocations, must be noticed.
        if store.is_none() && self.uses_token() && summary.new.revocations > 0 {
            (store, warning) = settings.store_of_head();
        }
        if let Some(store) = store {
            recorder.raise_head_on_token(store.as_ref(), &summary.authority);
        }
        let head = recorder.ledger().head()?.to_string();
        let mut report = self.present(&summary, &head);
        report
            .warnings
            .extend(warning.into_iter().chain(recorder.take_notices()));
        Ok(report)
    }

    /// With revocations, the head on the token is raised.
    pub(in crate::cli) const fn uses_token(&self) -> bool {
        self.key.is_some() || self.revoked.is_some() || self.crl.is_some()
    }

    /// Every file of the directory, in the order of their names. A file that is not a certificate stops the command: it may be a damaged
    /// one.
    fn read_certificates(&self) -> Result<Vec<Named<Certificate>>, CliError> {
        let Some(directory) = &self.certificates else {
            return Ok(Vec::new());
        };
        let entries = fs::read_dir(directory).map_err(|cause| CliError::read(directory, cause))?;
        let mut files = Vec::new();
        for entry in entries {
            files.push(entry.map_err(|cause| CliError::read(directory, cause))?.path());
        }
        files.sort();
        let mut found = Vec::new();
        for file in files {
            let read = Certificate::read_all(&input::read_regular(&file)?);
            let certificates = read.map_err(|error| CliError::in_file(&file, error))?;
            let name = file.display().to_string();
            found.extend(
                certificates
                    .into_iter()
                    .map(|certificate| Named::new(&name, certificate)),
            );
        }
        Ok(found)
    }

    fn present(&self, summary: &AdoptionSummary, head: &str) -> Report {
        let new = &summary.new;
        let path = match summary.path {
            PathCheck::SelfSigned => "self-signed",
            PathCheck::Verified => "verified up to a self-signed certificate",
            PathCheck::NotChecked => "NOT checked: no --issuer was given",
        };
        let mut fields = Fields::default();
        fields
            .add("subject", summary.authority.subject())
            .add("path", path);
        if let Some(key) = &self.key {
            fields.add("key", format!("{key} has the private key, and can sign with it"));
        }
        fields
            .add("certificates", format!("{} new", new.certificates))
            .add("serial numbers", format!("{} new", new.serials))
            .add("revocations", format!("{} new", new.revocations));
        if let Some(number) = new.crl_number {
            fields.add(
                "CRL number",
                format!("the next CRL's number will be higher than {number}"),
            );
        }
        if !summary.waived.is_empty() {
            fields.add("rules waived", summary.waived.join(", "));
        }
        let text = format!(
            "The CA is in the ledger: {}\n{}",
            shown(&self.file),
            fields.render(2)
        );
        let json = CaAdopt {
            certificate: output::Certificate::of(&summary.authority),
            path: summary.path.name().to_owned(),
            key_proven: self.key.is_some(),
            new: New {
                authority_certificate: new.certificate,
                certificates: new.certificates,
                serial_numbers: new.serials,
                revocations: new.revocations,
            },
            highest_crl_number: new.crl_number.as_ref().map(ToString::to_string),
            waived: summary.waived.clone(),
            ledger_head: head.to_owned(),
        };
        let mut report = Report::new(text, json.document());
        if new.certificate && new.crl_number.is_none() {
            let missing = match (&self.revoked, &self.certificates) {
                (None, None) => "nothing that the CA has issued or revoked was given",
                _ => "no CRL of the CA was given",
            };
            report.warnings.push(format!(
                "{missing}: what the ledger does not know, it cannot keep revoked, and the first CRL will have the number 1. If the CA \
                 has issued CRLs, adopt it again with --crl FILE, or use `hsm-ca crl create --number N` with a number above the last one's"
            ));
        }
        if summary.unknown_keys > 0 {
            report.warnings.push(format!(
                "certificates that were revoked because of a compromise, and are not in the ledger: {}. It does not know their keys, so a \
                 request with one of them is not refused. Adopt them with --certificates DIR, or add their keys to a list for --refused-keys",
                summary.unknown_keys
            ));
        }
        if summary.path == PathCheck::NotChecked {
            report.warnings.push(
                "the issuer's signature on this certificate was not checked; give --issuer FILE to check it"
                    .to_owned(),
            );
        }
        report
    }
}

fn shown(file: &Path) -> String {
    super::super::report::printable(&file.display().to_string())
}
