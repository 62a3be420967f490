//! `ocsp publish`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use hsm_ca::output::OutputDirectory;
use hsm_ca::workflow::{BatchOptions, OcspTerms, PublicationJob, PublicationRequest};
use hsm_ca::x509::Period;

use super::answers::Answers;
use super::{NamedBy, UNUSUAL_USAGE};
use crate::cli::batch::Quietly;
use crate::cli::connect::check_signing_key_name;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::number::number;
use crate::cli::output_file::SignatureOptions;
use crate::cli::report::Report;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in super::super) struct Publish {
    /// The CA certificate
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// The directory that the web server serves at the responder's URL; only you and root may be able to write to it. It is created if it does
    /// not exist
    #[arg(long, value_name = "DIR")]
    out_dir: PathBuf,
    /// The certificate of a delegated signer (profile ocsp-signer); without it, the CA signs
    #[arg(long, value_name = "FILE")]
    signer: Option<PathBuf>,
    /// The signer's key, if it cannot be found on the token by its certificate's public key: a label, a pkcs11: URI, or kms:KEY
    #[arg(long)]
    key: Option<String>,
    /// Days of 24 hours (7 or 7d), hours (12h) or years of the calendar (1y) until newer information is available [default: 7, or until
    /// a certificate expires]
    #[arg(
        long,
        value_name = "N|7d|12h|1y",
        allow_negative_numbers = true,
        conflicts_with = "hours"
    )]
    days: Option<Period>,
    /// The same in hours
    #[arg(long, value_name = "N", value_parser = number::<u32>("a number of hours", 1..=u32::MAX))]
    hours: Option<u32>,
    /// Sign in N sessions of the token at the same time [default: one for each processor; one for fewer than 16 answers]
    #[arg(long, value_name = "N", value_parser = number::<u16>("a number of sessions", 1..=1024))]
    jobs: Option<u16>,
    /// Report a file that is refused and go on with the others, instead of signing nothing; the exit code is 3 then
    #[arg(long)]
    keep_going: bool,
    /// Also replace files that are not earlier answers of this CA
    #[arg(long)]
    force: bool,
    /// How the answers identify their signer; if the CA signs, GnuTLS finds it only by name
    #[arg(long, value_name = "BY", default_value = "name")]
    responder_id: NamedBy,
    #[command(flatten)]
    signature: SignatureOptions,
}

impl Publish {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        if let Some(key) = &self.key {
            check_signing_key_name(key)?;
        }
        let authority = input::named(&self.ca, input::certificate)?;
        let request = PublicationRequest {
            terms: OcspTerms {
                authority: authority.clone(),
                signer: self.signer.as_deref().map(input::certificate).transpose()?,
                key: self.key.clone(),
                responder_id: self.responder_id.kind(),
                period: self.hours.map(Period::Hours).or(self.days),
                signature: self.signature.chosen(),
            },
            directory: self.out_dir.clone(),
            replaces_others: self.force,
            protected: input::protected(),
            options: BatchOptions {
                jobs: self.jobs.and_then(|jobs| NonZeroUsize::new(jobs.into())),
                keep_going: self.keep_going,
                resume: true,
            },
        };
        let _made = OutputDirectory::find_or_make(&self.out_dir)?;
        let job = PublicationJob::prepare(request, &settings.clock)?;
        let mut recorder = settings.open_recorder_to_sign(&authority, self.key.as_deref())?;
        let busy = ui.busy("finding the answers that are due");
        let due = job.look(&recorder)?;
        drop(busy);
        let mut answers = Answers::new(ui, due.count(), due.unchanged());
        let is_unusual = due.count() > 0 && due.has_unusual_usage()?;
        if due.count() == 0 {
            due.tell_refused(&mut |outcome| answers.tell(outcome));
        } else {
            recorder.tell_unfinished(&authority.value, ui)?;
            let store = settings.open_store(self.key.as_deref())?;
            recorder.end_waits_when(ui.stop_batch_on_signals());
            due.run(store.as_ref(), &mut recorder, &Quietly(ui), &mut |outcome| {
                answers.tell(outcome)
            })?;
        }
        let mut report = answers.summarise();
        report.warnings.extend(recorder.take_notices());
        if is_unusual {
            report.warnings.push(UNUSUAL_USAGE.to_owned());
        }
        Ok(report)
    }
}
