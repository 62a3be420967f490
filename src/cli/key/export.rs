//! `key export-public`.

use std::fmt::Display;
use std::path::PathBuf;

use clap::Args;
use hsm_ca::signer::{Hex, PublicKey};
use hsm_ca::workflow::{Delivery, deliver, find_token_key};
use hsm_ca::x509::PublicKeyFile;
use serde_json::{Value, json};

use super::{KeyName, describe};
#[cfg(feature = "aws")]
use crate::cli::connect::open_kms_key;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
#[cfg(feature = "aws")]
use crate::cli::kms::key as kms_key;
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
            let json = kms_key::describe(&self.key.key, key);
            return write(&delivery, &key.public_key, &key.arn, json);
        }
        let selector = self.key.selector()?;
        delivery.check()?;
        let session = settings.open_session(Some(&self.key.key))?;
        let key = find_token_key(session, &selector)?;
        let json = describe(&key.description);
        write(&delivery, &key.public_key, &key.description, json)
    }
}

/// Writes the key, which is `shown` to people and `json` to programs.
fn write(
    delivery: &Delivery,
    key: &PublicKey,
    shown: impl Display,
    mut json: Value,
) -> Result<Report, CliError> {
    let identifier = Hex(&key.key_identifier()).to_string();
    let (_, delivered) = deliver(delivery, || Ok(PublicKeyFile(key.clone())))?;
    let (path, content) = split(delivered);
    let mut fields = Fields::default();
    fields.add("key", shown).add("key identifier", &identifier);
    if let Some(path) = &path {
        fields.add("file", path.display());
    }
    json["file"] = json!(path.as_ref().map(|path| path.display().to_string()));
    json["key_identifier"] = json!(identifier);
    Ok(Report {
        content,
        ..Report::new(format!("Exported the public key\n{}", fields.render(2)), json)
    })
}
