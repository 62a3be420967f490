//! `key`.

mod delete;
mod export;
mod generate;
mod list;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hsm_ca::kms::KeyPairFile;
#[cfg(feature = "aws")]
use hsm_ca::kms::SigningKeyName;
use hsm_ca::signer::{Hex, PublicKey};
use hsm_ca::token::KeySelector;
use hsm_ca::workflow::prove_named_key;
use hsm_ca::x509::{Certificate, PUBLIC_KEY, X509Error, decode_one};

use super::connect::check_key_name;
use super::exit::CliError;
use super::fingerprint;
use super::global::Settings;
use super::input;
use super::json::Output as _;
use super::json::common::{FileName, Proof};
use super::json::key::{AnyKey, KeyShow, KeyVerify, ShownKey};
#[cfg(feature = "aws")]
use super::kms::key as kms_key;
use super::report::{Fields, Report, printable};
use super::table::TableOptions;
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// List the keys on the token
    #[command(visible_alias = "ls")]
    List(TableOptions),
    /// Show a private key's attributes and public half
    Show(KeyName),
    /// Have the token generate a key pair that can only sign
    ///
    /// The private key never leaves the token. It gets its label only after it has been shown to be of the requested kind, to be able only
    /// to sign, and to sign correctly.
    Generate(generate::GenerateKey),
    /// Prove that a private key can only sign, that it does sign, and that it belongs to a public key
    Verify(VerifyKey),
    /// Write a key's public half to a file
    ExportPublic(export::ExportPublic),
    /// Delete a key from the token for good: the private key and its public-key object
    Delete(delete::DeleteKey),
}

#[derive(Debug, Args)]
pub(super) struct KeyName {
    /// The key's label, a pkcs11: URI with object or id, or kms:KEY, a KMS key that signs (id, ARN or alias)
    key: String,
}

#[derive(Debug, Args)]
pub(super) struct VerifyKey {
    #[command(flatten)]
    key: KeyName,
    /// A public key, a certificate, or a pair file that the key must belong to
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
}

impl KeyCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::List(options) => list::list(settings, ui, options.wide),
            Self::Show(name) => show(settings, name),
            Self::Generate(generate) => generate.run(settings, ui),
            Self::Verify(verify) => verify.run(settings, ui),
            Self::ExportPublic(export) => export.run(settings),
            Self::Delete(delete) => delete.run(settings),
        }
    }
}

impl KeyName {
    #[cfg(feature = "aws")]
    fn is_in_kms(&self) -> bool {
        SigningKeyName::is_meant(&self.key)
    }

    fn selector(&self) -> Result<KeySelector, CliError> {
        check_key_name(&self.key)
    }
}

fn show(settings: &Settings, name: &KeyName) -> Result<Report, CliError> {
    #[cfg(feature = "aws")]
    if name.is_in_kms() {
        return kms_key::show(&name.key);
    }
    let selector = name.selector()?;
    let session = settings.open_session(Some(&name.key))?;
    let (key, public_key) = session.describe_private_key(&selector)?;
    let identifier = public_key.as_ref().map(PublicKey::key_identifier);
    let identifier = identifier.map(|identifier| Hex(&identifier).to_string());
    let mut fields = Fields::default();
    fields
        .add("label", &key.label)
        .add("id", Hex(&key.id))
        .add(
            "kind",
            public_key
                .as_ref()
                .map_or_else(|| key.kind.clone(), |known| known.algorithm().to_string()),
        )
        .add(
            "key identifier",
            identifier.as_deref().unwrap_or(
                "not known: the token does not show which public key belongs to it; `hsm-ca key verify` finds out with a signature",
            ),
        );
    if let Some(public_key) = &public_key {
        fingerprint::show_for_ceremony(&mut fields, public_key);
    }
    for (name, value) in key.attributes.named() {
        fields.add(name, value);
    }
    let fit = key.attributes.unfit_for_signing_only();
    fields.add(
        "signs only",
        fit.map_or_else(|| "yes".to_owned(), |unfit| format!("no: {unfit}")),
    );
    let shown = KeyShow::Token(Box::new(ShownKey::new(&key, public_key.as_ref())));
    let pem = public_key.map(|key| hsm_ca::output::encode_pem(PUBLIC_KEY, key.der()));
    let text = format!("{}{}", fields.render(0), pem.unwrap_or_default());
    Ok(Report::new(text, shown.document()))
}

impl VerifyKey {
    fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let expected = self.public_key.as_deref().map(read_public_key).transpose()?;
        let refused_keys = settings.refused_keys()?;
        #[cfg(feature = "aws")]
        if self.key.is_in_kms() {
            let expected = self.public_key.as_deref().zip(expected);
            return kms_key::verify(&self.key.key, expected, refused_keys.as_deref(), ui);
        }
        let selector = self.key.selector()?;
        let session = settings.open_session(Some(&self.key.key))?;
        ui.announce("the token signs a challenge");
        let proof = prove_named_key(session, &selector, expected.as_ref(), refused_keys.as_deref())?;
        let mut fields = Fields::default();
        fields.add(
            "public key",
            match &self.public_key {
                Some(path) => format!("the one in {}", path.display()),
                None => "read from the token; give one with --public-key to compare".to_owned(),
            },
        );
        fields
            .add("attributes", "it can only sign, and cannot be extracted")
            .add("signature", "by the token, verified in software");
        let text = format!(
            "Verified the key {}\n{}",
            printable(&proof.key.to_string()),
            fields.render(2)
        );
        let compared = self.public_key.as_ref().map(|_| Proof::PublicKey);
        let json = KeyVerify {
            key: AnyKey::on_token(&proof.key, &proof.public_key),
            proofs: [Proof::Attributes, Proof::Signature]
                .into_iter()
                .chain(compared)
                .collect(),
            compared_with: self.public_key.as_deref().map(FileName::of),
        };
        Ok(Report::new(text, json.document()))
    }
}

/// The public key in a PEM or DER `SubjectPublicKeyInfo`, in a certificate, or in a pair file.
fn read_public_key(path: &Path) -> Result<PublicKey, CliError> {
    let bytes = input::read(path)?;
    if bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(KeyPairFile::read(&bytes)
            .map_err(|error| CliError::in_file(path, error))?
            .public_key);
    }
    let from_certificate = || Certificate::read(&bytes).and_then(|certificate| certificate.public_key());
    public_key_in(&bytes)
        .or_else(|error| from_certificate().map_err(|_| error))
        .map_err(|error| CliError::in_file(path, error))
}

/// The public key in a PEM or DER `SubjectPublicKeyInfo`.
pub(super) fn public_key_in(bytes: &[u8]) -> Result<PublicKey, X509Error> {
    Ok(PublicKey::from_der(&decode_one(bytes, PUBLIC_KEY)?)?)
}
