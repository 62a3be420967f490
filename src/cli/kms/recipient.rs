//! `kms recipient-key`, and in an enclave `kms attest`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::signer::Hex;
use hsm_ca::workflow::{delete_recipient, prepare_recipient};

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::common::{FileName, Hex as JsonHex};
#[cfg(feature = "nitro-enclave")]
use crate::cli::json::kms::KmsAttest;
use crate::cli::json::kms::{KmsRecipientKey, KmsRecipientKeyDelete};
use crate::cli::next_steps;
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Fields, Report};
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct RecipientKeyCommand {
    /// The public key's file, or - for stdout
    #[arg(short = 'o', long, value_name = "FILE", required_unless_present = "delete")]
    out: Option<PathBuf>,
    /// Delete the key from the token instead: nobody can then read what was encrypted to it
    #[arg(long, conflicts_with_all = ["out", "der", "force"])]
    delete: bool,
    #[command(flatten)]
    output: OutputOptions,
}

impl RecipientKeyCommand {
    pub(in crate::cli) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let Some(out) = self.out.as_deref().filter(|_| !self.delete) else {
            return delete(settings);
        };
        settings.refuse_own_file(out)?;
        let delivery = self.output.delivery(out);
        delivery.check()?;
        let mut log = settings.open_key_log()?;
        let session = settings.open_session(None)?;
        let summary = prepare_recipient(session, &delivery, &mut log, ui)?;
        let (path, content) = split(summary.delivered);
        let identifier = Hex(&summary.public_key.key_identifier()).to_string();
        let mut fields = Fields::default();
        fields
            .add("kind", &summary.key.kind)
            .add("key identifier", &identifier)
            .add(
                "private half",
                format!(
                    "\"{}\" on the token \"{}\": it can only unwrap, and cannot be extracted",
                    summary.key.label,
                    session.token().description().label
                ),
            );
        if let Some(path) = &path {
            fields.add("file", path.display());
        }
        let headline = if summary.generated {
            "Generated a recipient key on the token"
        } else {
            "The recipient key is already on the token"
        };
        let text = format!("{headline}\n{}", fields.render(2));
        let json = KmsRecipientKey {
            file: path.as_deref().map(FileName::of),
            generated: summary.generated,
            key_type: summary.key.kind,
            label: summary.key.label,
            key_identifier: JsonHex::of(&summary.public_key.key_identifier()),
            public_key_der: JsonHex::of(summary.public_key.der()),
        };
        Ok(Report {
            content,
            next: path.map(|path| next_steps::after_recipient_key(&path)),
            ..Report::new(text, json.document())
        })
    }
}

fn delete(settings: &Settings) -> Result<Report, CliError> {
    let mut log = settings.open_key_log()?;
    let session = settings.open_session(None)?;
    let deleted = delete_recipient(session, &mut log)?;
    let text = if deleted {
        "Destroyed the recipient key\n"
    } else {
        "The token has no recipient key\n"
    };
    Ok(Report::new(text, KmsRecipientKeyDelete { deleted }.document()))
}

#[cfg(feature = "nitro-enclave")]
#[derive(Debug, Args)]
pub(in crate::cli) struct Attest {
    /// The file that `kms recipient-key` wrote
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
    /// The attestation document's file, or - for stdout
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

#[cfg(feature = "nitro-enclave")]
impl Attest {
    pub(in crate::cli) fn run(&self) -> Result<Report, CliError> {
        use hsm_ca::signer::PublicKey;
        use hsm_ca::workflow::{WorkflowError, deliver};
        use hsm_ca::x509::{PUBLIC_KEY, X509Error, decode_one};
        let in_file = |error: WorkflowError| CliError::in_file(&self.public_key, error);
        let der = decode_one(&crate::cli::input::read(&self.public_key)?, PUBLIC_KEY)
            .map_err(|error| in_file(error.into()))?;
        let public_key = PublicKey::from_der(&der).map_err(|error| in_file(X509Error::from(error).into()))?;
        let delivery = OutputOptions::pem(self.force).delivery(&self.out);
        let (document, delivered) = deliver(&delivery, || Ok(hsm_ca::kms::attest(&public_key)?))?;
        let (path, content) = split(delivered);
        let mut fields = Fields::default();
        fields
            .add("module", document.module_id())
            .add("key identifier", Hex(&public_key.key_identifier()));
        if let Some(path) = &path {
            fields.add("file", path.display());
        }
        let json = KmsAttest {
            file: path.as_deref().map(FileName::of),
            module_id: document.module_id().to_owned(),
        };
        Ok(Report {
            content,
            ..Report::new(
                format!("The recipient key is attested\n{}", fields.render(2)),
                json.document(),
            )
        })
    }
}
