//! `ocsp respond`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::workflow::{OcspJob, OcspQuestion, OcspResponseRequest, OcspSummary, OcspTerms};
use hsm_ca::x509::Period;

use super::super::connect::check_signing_key_name;
use super::super::exit::CliError;
use super::super::global::Settings;
use super::super::input;
use super::super::json::Output as _;
use super::super::json::common::FileName;
use super::super::json::ocsp::OcspRespond;
use super::super::number::number;
use super::super::output_file::{OutputOptions, SignatureOptions, split};
use super::super::report::{Report, printable};
use super::super::ui::Ui;
use super::{NamedBy, UNUSUAL_USAGE, show};

#[derive(Debug, Args)]
pub(in super::super) struct Respond {
    /// The CA certificate
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// The request, DER or PEM, or - for stdin
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// The response, or - for stdout; DER, the form in which it is sent
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
    /// The certificate of a delegated signer (profile ocsp-signer); without it, the CA signs
    #[arg(long, value_name = "FILE")]
    signer: Option<PathBuf>,
    /// The signer's key, if it cannot be found on the token by its certificate's public key: a label, a pkcs11: URI, or kms:KEY
    #[arg(long)]
    key: Option<String>,
    /// Also the certificates in this index.txt of `openssl ca`
    #[arg(long, value_name = "FILE")]
    revoked: Option<PathBuf>,
    /// Hours until newer information is available [default: 24, or until a certificate expires]
    #[arg(long, value_name = "N", value_parser = number::<u32>("a number of hours", 1..=u32::MAX))]
    hours: Option<u32>,
    /// The same in days of 24 hours (7 or 7d), hours (12h) or years of the calendar (1y)
    #[arg(
        long,
        value_name = "N|7d|12h|1y",
        allow_negative_numbers = true,
        conflicts_with = "hours"
    )]
    days: Option<Period>,
    /// How the response identifies its signer; if the CA signs, GnuTLS finds it only by name
    #[arg(long, value_name = "BY", default_value = "name")]
    responder_id: NamedBy,
    /// Write PEM (OCSP RESPONSE) instead of DER
    #[arg(long)]
    pem: bool,
    /// Write DER, the default
    #[arg(long, conflicts_with = "pem", hide = true)]
    der: bool,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    signature: SignatureOptions,
}

impl Respond {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.out)?;
        if let Some(key) = &self.key {
            check_signing_key_name(key)?;
        }
        let authority = input::named(&self.ca, input::certificate)?;
        let request = OcspResponseRequest {
            terms: OcspTerms {
                authority: authority.clone(),
                signer: self.signer.as_deref().map(input::certificate).transpose()?,
                key: self.key.clone(),
                responder_id: self.responder_id.kind(),
                period: self.hours.map(Period::Hours).or(self.days),
                signature: self.signature.chosen(),
            },
            question: OcspQuestion::Request(input::named(&self.request, input::ocsp_request)?),
            delivery: OutputOptions::of(!self.pem, self.force).delivery(&self.out),
        };
        let job = OcspJob::prepare(request, &settings.clock)?;
        let index = self.revoked.as_deref();
        let index = index.map(|file| input::openssl_index_statuses(file, &job.serial_numbers()));
        let index = index.transpose()?;
        let mut recorder = settings.open_recorder_to_sign(&authority, self.key.as_deref())?;
        // Refusals come before the PIN prompt. The statuses are read again after it.
        job.plan(&recorder, index.as_ref())?;
        recorder.tell_unfinished(&authority.value, ui)?;
        let store = settings.open_store(self.key.as_deref())?;
        let OcspSummary {
            issued,
            delivered,
            unusual_usage,
        } = job.run(store.as_ref(), &mut recorder, index.as_ref(), ui)?;

        let (path, content) = split(delivered);
        let shown = path.as_ref().map(|path| path.display().to_string());
        let to = shown.as_deref().unwrap_or("to stdout");
        let (authority, now) = (&authority.value, settings.clock.now());
        let summary = show::response_fields(issued.response(), Some(authority), now).render(2);
        let json = OcspRespond {
            response: show::describe_response(issued.response(), Some(authority)),
            file: path.as_deref().map(FileName::of),
        };
        let mut report = Report::new(
            format!("Signed the OCSP response: {}\n{summary}", printable(to)),
            json.document(),
        );
        report.content = content;
        report.warnings.extend(recorder.take_notices());
        if unusual_usage {
            report.warnings.push(UNUSUAL_USAGE.to_owned());
        }
        Ok(report)
    }
}
