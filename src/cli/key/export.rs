//! `key export-public`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::signer::Hex;
use hsm_ca::workflow::deliver;
use hsm_ca::x509::PublicKeyFile;
use serde_json::json;

use super::{KeyName, describe};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Fields, Report};

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportPublic {
    #[command(flatten)]
    key: KeyName,
    /// The public key's file (SubjectPublicKeyInfo), or - for stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputOptions,
}

impl ExportPublic {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let selector = self.key.selector()?;
        let delivery = self.output.delivery(&self.out);
        delivery.check()?;
        let key = settings
            .open_session(Some(&self.key.key))?
            .private_key(&selector)?;
        let identifier = Hex(&key.public_key.key_identifier()).to_string();
        let (_, delivered) = deliver(&delivery, || Ok(PublicKeyFile(key.public_key.clone())))?;
        let (path, content) = split(delivered);
        let mut fields = Fields::default();
        fields
            .add("key", &key.description)
            .add("key identifier", &identifier);
        if let Some(path) = &path {
            fields.add("file", path.display());
        }
        let mut json = describe(&key.description);
        json["file"] = json!(path.as_ref().map(|path| path.display().to_string()));
        json["key_identifier"] = json!(identifier);
        Ok(Report {
            content,
            ..Report::new(format!("Exported the public key\n{}", fields.render(2)), json)
        })
    }
}
