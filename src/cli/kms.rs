//! `kms`.

mod import;
pub(super) mod key;
mod recipient;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hsm_ca::kms::{EncryptionContext, KeySpec, Kms};
use hsm_ca::output::Destination;
use hsm_ca::signer::Hex;
use hsm_ca::workflow::{Delivery, deliver};

use super::exit::CliError;
use super::fingerprint;
use super::global::Settings;
use super::json::Output as _;
use super::json::common::{FileName, Hex as JsonHex, PublicKeyDigest};
use super::json::kms::{KmsCreateKey, KmsGenerateKeyPair};
use super::key_type;
use super::next_steps;
use super::output_file::{OutputOptions, split};
use super::report::{Fields, Report};
use super::ui::Ui;
use import::Import;
use recipient::RecipientKeyCommand;

#[derive(Debug, Subcommand)]
pub(super) enum KmsCommand {
    /// Make a symmetric KMS key that encrypts key pairs
    CreateKey(CreateKey),
    /// Have KMS generate a key pair; the private half leaves KMS only encrypted
    ///
    /// Only the fingerprint that it prints identifies the pair file at the import: anyone who may call kms:Encrypt on the KMS key can make
    /// another one.
    GenerateKeyPair(GenerateKeyPair),
    /// Import the private key of a pair into the token
    ///
    /// In the token the key can only sign. Before the command reports success, a signature has proven that the key is the pair's. A second
    /// run finds the key and checks it again. The result names the route, and what saw the key in plaintext: with an attestation document
    /// only KMS and the token, otherwise this process, once, in locked memory.
    Import(Import),
    /// Write the public half of the token's own wrapping key, for an attestation document
    ///
    /// The first step of the sealed route. The key is generated on the token if it is not there yet; it can only unwrap. Then have a Nitro
    /// Enclave or a NitroTPM instance attest it, and give the document to `kms import`.
    RecipientKey(RecipientKeyCommand),
    /// Have this Nitro Enclave's security module attest a recipient key
    #[cfg(feature = "nitro-enclave")]
    Attest(recipient::Attest),
}

#[derive(Debug, Args)]
pub(super) struct CreateKey {
    /// Its alias, as alias/NAME
    #[arg(long, value_parser = alias)]
    alias: Option<String>,
    /// Its description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct GenerateKeyPair {
    /// The symmetric KMS key: id, ARN or alias
    #[arg(long, value_name = "KEY")]
    key_id: String,
    /// RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1 or ECC_NIST_EDWARDS25519; or as rsa:2048
    #[arg(long, value_parser = key_type::parse_spec)]
    spec: KeySpec,
    /// The pair file, or - for stdout
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
    /// Bind the private key to this name and value; may be given more than once
    #[arg(long, value_name = "K=V", value_parser = context_entry)]
    encryption_context: Vec<(String, String)>,
    /// A grant token that allows the call; may be given more than once
    #[arg(long, value_name = "TOKEN", value_parser = grant_token)]
    grant_token: Vec<String>,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

fn alias(text: &str) -> Result<String, String> {
    let valid = |character: char| character.is_ascii_alphanumeric() || matches!(character, '/' | '_' | '-');
    match text.strip_prefix("alias/") {
        Some(name) if !name.is_empty() && !name.starts_with("aws/") && text.chars().all(valid) => {
            Ok(text.to_owned())
        }
        _ => Err("write it as alias/NAME, with letters, digits, / _ and -".to_owned()),
    }
}

pub(super) fn context_entry(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// KMS API reference, `GrantTokens`: 1 to 8192 characters.
pub(super) fn grant_token(text: &str) -> Result<String, String> {
    let fits = (1..=8192).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
        .ok_or_else(|| "a grant token has 1 to 8192 characters and no spaces".to_owned())
}

pub(super) fn context(entries: &[(String, String)]) -> Result<EncryptionContext, CliError> {
    let mut context = EncryptionContext::new();
    for (name, value) in entries {
        if context.insert(name.clone(), value.clone()).is_some() {
            return Err(CliError::options(format!(
                "--encryption-context {name} is given twice"
            )));
        }
    }
    Ok(context)
}

impl KmsCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::CreateKey(create) => create.run(),
            Self::GenerateKeyPair(generate) => generate.run(settings, ui),
            Self::Import(import) => import.run(settings, ui),
            Self::RecipientKey(recipient) => recipient.run(settings, ui),
            #[cfg(feature = "nitro-enclave")]
            Self::Attest(attest) => attest.run(),
        }
    }
}

impl CreateKey {
    fn run(&self) -> Result<Report, CliError> {
        let kms = Kms::connect(None)?;
        let key = kms.create_key(self.alias.as_deref(), self.description.as_deref())?;
        let mut fields = Fields::default();
        fields.add("ARN", &key.arn);
        if let Some(alias) = &key.alias {
            fields.add("alias", alias);
        }
        let text = format!("Made a symmetric KMS key\n{}", fields.render(2));
        let name = key.alias.as_deref().unwrap_or(key.arn.as_str());
        let next = next_steps::after_kms_key(name);
        let json = KmsCreateKey {
            kms_key_arn: key.arn,
            alias: key.alias,
            region: kms.region().to_owned(),
        };
        Ok(Report {
            next: Some(next),
            ..Report::new(text, json.document())
        })
    }
}

impl GenerateKeyPair {
    fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.out)?;
        let context = context(&self.encryption_context)?;
        // Readable only by the owner, although it is encrypted.
        let delivery = match OutputOptions::pem(self.force).delivery(&self.out) {
            Delivery::File(destination) => Delivery::File(Destination {
                mode: 0o600,
                ..destination
            }),
            caller => caller,
        };
        let kms = Kms::connect(Some(&self.key_id))?.with_grant_tokens(self.grant_token.clone());
        let (pair, delivered) = deliver(&delivery, || {
            ui.announce("KMS generates a key pair");
            Ok(kms.generate_key_pair(&self.key_id, self.spec, context)?)
        })?;
        let (path, content) = split(delivered);
        let mut fields = Fields::default();
        fields
            .add("spec", pair.spec)
            .add("KMS key", &pair.key_id)
            .add("account", pair.key_id.account())
            .add("key identifier", Hex(&pair.public_key.key_identifier()));
        fingerprint::show(&mut fields, &pair.public_key);
        if let Some(path) = &path {
            fields.add("file", path.display());
        }
        let json = KmsGenerateKeyPair {
            file: path.as_deref().map(FileName::of),
            kms_key_arn: pair.key_id.as_str().to_owned(),
            kms_key_account: pair.key_id.account().to_owned(),
            key_spec: pair.spec.to_string(),
            key_identifier: JsonHex::of(&pair.public_key.key_identifier()),
            key_material_id: pair.key_material_id.clone(),
            encryption_context: pair.encryption_context.clone(),
            fingerprint: PublicKeyDigest::of(&pair.public_key),
            pair: content
                .as_ref()
                .map(|content| serde_json::from_slice(content).unwrap_or_default()),
        };
        let text = format!(
            "KMS generated a key pair; its private half is encrypted\n\
             {}Note the SHA-256 or its words where nobody can change them: `kms import --expect` accepts no \
             other key\n",
            fields.render(2)
        );
        Ok(Report {
            content,
            next: path.map(|path| next_steps::after_pair(&path, &pair.public_key)),
            ..Report::new(text, json.document())
        })
    }
}
