//! `ca`.

pub(super) mod adopt;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use hsm_ca::workflow::AuthorityRequest;
use hsm_ca::x509::{Name, Profile, words};

use super::cert::report_issued;
use super::connect::check_signing_key_name;
use super::exit::CliError;
use super::global::Settings;
use super::json::Output as _;
use super::json::authority::CaCreate;
use super::next_steps;
use super::output_file::{OutputOptions, SignatureOptions, WaiverOptions};
use super::page::Page;
use super::profile;
use super::report::Report;
use super::ui::Ui;
use super::validity::{self, ValidityOptions};

#[derive(Debug, Subcommand)]
pub(super) enum CaCommand {
    /// Create the self-signed certificate of a CA
    Create(CreateCa),
    /// Add an existing CA to the ledger, with the certificates it has issued and revoked
    ///
    /// Everything is verified first and recorded together, or not at all. Run it again with more certificates and it adds the new ones. It
    /// creates the ledger if none exists. Without --key no token is needed.
    Adopt(Box<adopt::AdoptCa>),
}

#[derive(Debug, Args)]
pub(super) struct CreateCa {
    /// The CA's key: its label, a pkcs11: URI, or kms:KEY, a KMS key that signs (id, ARN or alias)
    #[arg(long)]
    key: String,
    /// Its subject, most specific part first, as "CN=Example CA,O=Example,C=US"
    #[arg(long, value_name = "DN")]
    subject: String,
    /// The certificate, or - for stdout
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    validity: ValidityOptions,
    /// The profile of the certificate: cloudhsm-ca, root, or a file of your own, as ./x.toml
    #[arg(long, value_name = "PROFILE", default_value = "cloudhsm-ca")]
    profile: String,
    #[command(flatten)]
    waivers: WaiverOptions,
    #[command(flatten)]
    signature: SignatureOptions,
    #[command(flatten)]
    output: OutputOptions,
}

impl CaCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let create = match self {
            Self::Create(create) => create,
            Self::Adopt(adopt) => return adopt.run(settings, ui),
        };
        settings.refuse_own_file(&create.out)?;
        let request = AuthorityRequest {
            key: create.key.clone(),
            subject: Name::from_rfc4514(&create.subject)?,
            profile: Arc::new(Profile {
                refused_keys: settings.refused_keys()?,
                ..profile::find(&create.profile, true)?
            }),
            validity: create.validity.asked(),
            signature: create.signature.chosen(),
            waivers: create.waivers.chosen(),
            delivery: create.output.delivery(&create.out),
        };
        check_signing_key_name(&create.key)?;
        request.delivery.check()?;
        let now = settings.clock.now();
        let warning = validity::warn(&request.choose_validity(now)?, now, ui);
        settings.check_ledger_or_its_place()?;
        let store = settings.open_store(Some(&create.key))?;
        let planned = request.prepare(store.as_ref(), &settings.clock, ui)?;
        if !settings.ledger_to_open()?.is_there()? {
            planned.refuse_another_ledger(settings.guards())?;
        }
        // All refusals come before this line, so that a ledger is created only for a signature.
        let mut recorder = settings.open_or_make_recorder(ui)?;
        let issued = planned.sign(&mut recorder, ui)?;
        let fingerprint = words(&issued.certificate.sha256());
        let next = |file: &Path| Some(next_steps::after_authority(file, &create.profile));
        let document = |certificates| CaCreate { certificates }.document();
        let mut report = report_issued(vec![issued], "Created the CA certificate", next, document);
        let mut page = Page::new(ui.canvas());
        page.line("Write down its SHA-256, or these words, which are equivalent:");
        page.words("", &fingerprint);
        report.text.push_str(&page.into_text());
        report.warnings.extend(warning);
        report.warnings.extend(recorder.take_notices());
        Ok(report.with_receipt(recorder))
    }
}
