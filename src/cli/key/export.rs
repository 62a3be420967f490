//! `key export-public`.

use std::fmt::Display;
use std::path::PathBuf;

use clap::Args;
use hsm_ca::signer::{Hex, PublicKey};
use hsm_ca::workflow::{Delivery, deliver, find_token_key};
use hsm_ca::x509::PublicKeyFile;

use super::KeyName;
#[cfg(feature = "aws")]
use crate::cli::connect::open_kms_key;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::common::FileName;
use crate::cli::json::key::{AnyKey, KeyExportPublic};
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Fields, Report};

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportPublic {
    #[command(flatten)]
    key: KeyName,
    /// The public key's file (SubjectPublicKeyInfo), or - for stdout
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputOptions,
}

impl ExportPublic {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.out)?;
        let delivery = self.output.delivery(&self.out);
        #[cfg(feature = "aws")]
        if self.key.is_in_kms() {
            delivery.check()?;
            let store = open_kms_key(&self.key.key)?;
            let key = store.key();
            let json = AnyKey::in_kms(&self.key.key, key);
            return write(&delivery, &key.public_key, &key.arn, json);
        }
        let selector = self.key.selector()?;
        delivery.check()?;
        let session = settings.open_session(Some(&self.key.key))?;
        let key = find_token_key(session, &selector)?;
        let json = AnyKey::on_token(&key.description, &key.public_key);
        write(&delivery, &key.public_key, &key.description, json)
    }
}

/// Writes the key. The report is `shown` for people and `json` for programs.
fn write(
    delivery: &Delivery,
    key: &PublicKey,
    shown: impl Display,
    json: AnyKey,
) -> Result<Report, CliError> {
    let identifier = Hex(&key.key_identifier()).to_string();
    let (_, delivered) = deliver(delivery, || Ok(PublicKeyFile(key.clone())))?;
    let (path, content) = split(delivered);
    let mut fields = Fields::default();
    fields.add("key", shown).add("key identifier", &identifier);
    if let Some(path) = &path {
        fields.add("file", path.display());
    }
    let json = KeyExportPublic {
        key: json,
        file: path.as_deref().map(FileName::of),
    };
    Ok(Report {
        content,
        ..Report::new(
            format!("Exported the public key\n{}", fields.render(2)),
            json.document(),
        )
    })
}
