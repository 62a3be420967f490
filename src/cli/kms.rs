//! `kms`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use hsm_ca::kms::{EncryptionContext, KeyPairFile, KeySpec, Kms};
use hsm_ca::output::Destination;
use hsm_ca::signer::Hex;
use hsm_ca::token::{ImportRoute, Pkcs11Uri};
use hsm_ca::workflow::{Delivery, ImportOutcome, ImportRequest, Progress, deliver_pair, import_key_pair};
use hsm_ca::x509::is_unprintable;
use serde_json::json;

use super::exit::CliError;
use super::global::Settings;
use super::input;
use super::key;
use super::output_file::{OutputOptions, split};
use super::report::{Fields, Report};
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum KmsCommand {
    /// Make a symmetric KMS key that encrypts key pairs
    CreateKey(CreateKey),
    /// Have KMS generate a key pair, whose private half leaves it encrypted only
    GenerateKeyPair(GenerateKeyPair),
    /// Have KMS decrypt the private key of a pair, and unwrap it into the token
    ///
    /// The key is decrypted once, in locked memory; in the token it can sign and nothing else. Before the command says done, the
    /// key has proven that it is the pair's. A second run finds the key and checks it again.
    Import(Import),
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
    /// RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384 or ECC_NIST_P521
    #[arg(long)]
    spec: String,
    /// The pair file, or - for stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Bind the private key to this name and value; may be given more than once
    #[arg(long, value_name = "K=V", value_parser = context_entry)]
    encryption_context: Vec<(String, String)>,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The pair file, or - for stdin
    pair: PathBuf,
    /// The label of the key on the token
    #[arg(long, value_parser = key_label)]
    label: String,
    /// How the key gets into the token
    #[arg(long, default_value = "auto")]
    route: Route,
    /// The KMS key that the pair must be encrypted under [default: the pair file's]
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
    /// The encryption context of the pair, where its file has none
    #[arg(long, value_name = "K=V", value_parser = context_entry)]
    encryption_context: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Route {
    /// The best that the token can do
    Auto,
    /// RSA-OAEP delivers an AES key, AES key wrap (RFC 5649) the private key
    OaepAesKwp,
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

fn context_entry(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// CloudHSM's limit is 126 characters (its CLI's key-attributes table); a control character in a label is a trap.
fn key_label(text: &str) -> Result<String, String> {
    let fits = !text.is_empty()
        && text.len() <= 126
        && !text.starts_with(Pkcs11Uri::SCHEME)
        && !text.contains(is_unprintable);
    fits.then(|| text.to_owned()).ok_or_else(|| {
        "a label has 1 to 126 bytes, no invisible characters, and does not start with pkcs11:".to_owned()
    })
}

fn context(entries: &[(String, String)]) -> Result<EncryptionContext, CliError> {
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
            Self::GenerateKeyPair(generate) => generate.run(ui),
            Self::Import(import) => import.run(settings, ui),
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
        Ok(Report::new(
            text,
            json!({ "key_arn": key.arn, "alias": key.alias, "region": kms.region() }),
        ))
    }
}

impl GenerateKeyPair {
    fn run(&self, ui: &Ui) -> Result<Report, CliError> {
        let spec: KeySpec = self.spec.parse().map_err(|_| {
            CliError::options(format!(
                "--spec {} is not supported: RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384 and ECC_NIST_P521 are",
                self.spec
            ))
        })?;
        let context = context(&self.encryption_context)?;
        // Only the key's owner has a use for it, encrypted as it is.
        let delivery = match OutputOptions::pem(self.force).delivery(&self.out) {
            Delivery::File(destination) => Delivery::File(Destination {
                mode: 0o600,
                ..destination
            }),
            caller => caller,
        };
        let kms = Kms::connect(Some(&self.key_id))?;
        let (pair, delivered) = deliver_pair(&delivery, || {
            ui.step("KMS generates a key pair");
            Ok(kms.generate_key_pair(&self.key_id, spec, context)?)
        })?;
        let (path, content) = split(delivered);
        let mut fields = Fields::default();
        fields
            .add("spec", pair.spec)
            .add("KMS key", &pair.key_id)
            .add("key identifier", Hex(&pair.public_key.key_identifier()));
        if let Some(path) = &path {
            fields.add("file", path.display());
        }
        let mut json = json!({
            "file": path.as_ref().map(|path| path.display().to_string()), "key_id": pair.key_id, "key_pair_spec": pair.spec.to_string(),
            "key_identifier": Hex(&pair.public_key.key_identifier()).to_string(), "key_material_id": pair.key_material_id,
            "encryption_context": pair.encryption_context,
        });
        if let Some(content) = &content {
            json["pair"] = serde_json::from_slice(content).unwrap_or_default();
        }
        let text = format!(
            "KMS generated a key pair; its private half is encrypted\n{}",
            fields.render(2)
        );
        Ok(Report {
            content,
            ..Report::new(text, json)
        })
    }
}

impl Import {
    fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let context = context(&self.encryption_context)?;
        let pair = KeyPairFile::read(&input::read(&self.pair)?)
            .and_then(|pair| pair.with_context(context))
            .map_err(|error| CliError::in_file(&self.pair, error))?;
        let route = match self.route {
            Route::Auto | Route::OaepAesKwp => ImportRoute::OaepAesKwp,
        };
        // Loads settings only; KMS is asked when the token is ready, and not at all when the key is there.
        let kms =
            Kms::connect(Some(self.key_id.as_deref().unwrap_or(&pair.key_id)))?.pin_key(self.key_id.clone());
        let session = settings.open_session(None)?;
        let kms_key = pair.key_id.clone();
        let request = ImportRequest {
            pair,
            label: self.label.clone(),
            route,
        };
        let summary = import_key_pair(&session, &kms, &request, ui)?;

        let key = &summary.proof.key;
        let mut fields = Fields::default();
        fields
            .add(
                "key",
                format!("{} on the token \"{}\"", key, session.token().description().label),
            )
            .add(
                "attributes",
                "it can sign and nothing else, and cannot be extracted",
            )
            .add(
                "signature",
                "by the token, verified in software under the KMS public key",
            );
        let (headline, outcome, route) = match summary.outcome {
            ImportOutcome::Imported {
                route,
                all_memory_locked,
            } => {
                let locked = if all_memory_locked {
                    "all of its memory was locked"
                } else {
                    "the key's own pages were locked, the AWS SDK's buffers were not"
                };
                fields
                    .add(
                        "public key",
                        "KMS, the decrypted key and the token have the same one",
                    )
                    .add(
                        "route",
                        format!("{route}: this process had the plaintext, and wiped it"),
                    )
                    .add("memory", locked);
                ("Imported the key", "imported", Some(route.to_string()))
            }
            ImportOutcome::AlreadyThere { completed: false } => {
                fields.add("public key", "the token has the one in the pair file");
                (
                    "The key is on the token already; checked it again, decrypted nothing",
                    "already-there",
                    None,
                )
            }
            ImportOutcome::AlreadyThere { completed: true } => (
                "The key is on the token already; added its missing public-key object",
                "completed",
                None,
            ),
        };
        let mut json = key::describe(key);
        json["outcome"] = json!(outcome);
        json["route"] = json!(route);
        json["kms_key_id"] = json!(kms_key);
        json["proofs"] = json!(["public-key", "attributes", "signature"]);
        Ok(Report::new(format!("{headline}\n{}", fields.render(2)), json))
    }
}
