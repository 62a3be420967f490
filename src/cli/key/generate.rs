//! `key generate`.

use clap::Args;
use hsm_ca::signer::{Hex, KeyAlgorithm};
use hsm_ca::token::KeyDescription;
use hsm_ca::workflow::{GenerateRequest, GenerateSummary, generate_key};

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::common::{Hex as JsonHex, Proof, PublicKeyPem};
use crate::cli::json::key::{KeyGenerate, TokenKey};
use crate::cli::key_label::key_label;
use crate::cli::key_type;
use crate::cli::lock_directory::lock_directory;
use crate::cli::next_steps;
use crate::cli::report::{Fields, Report};
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct GenerateKey {
    /// The label of the key on the token
    #[arg(long, value_parser = key_label)]
    label: String,
    /// What kind of key: rsa:2048, rsa:3072, rsa:4096, ec:p256, ec:p384, ec:p521, ed25519, ml-dsa-44, ml-dsa-65 or ml-dsa-87; the names of AWS
    /// KMS, as RSA_2048, are accepted too
    #[arg(long = "type", value_name = "TYPE", value_parser = key_type::parse)]
    kind: KeyAlgorithm,
}

impl GenerateKey {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let request = GenerateRequest {
            algorithm: self.kind,
            label: self.label.clone(),
            lock_directory: lock_directory(ui),
        };
        let token = settings.find_token(None)?;
        // Before the PIN prompt.
        token.check_writable()?;
        token.check_generation(request.algorithm)?;
        let mut log = settings.open_key_log()?;
        // Nothing after the key's creation can fail.
        let caveat = token.caveat()?;
        let session = settings.log_in(&token)?;
        let summary = generate_key(session, &request, &mut log, ui)?;
        let recorded = settings.describe_recorded(summary.recorded);
        let mut report = present(&summary, &token.description().label, &recorded);
        report.warnings.extend(caveat.map(str::to_owned));
        Ok(report)
    }
}

fn present(summary: &GenerateSummary, token: &str, recorded: &str) -> Report {
    let key = &summary.proof.key;
    let public_key = &summary.proof.public_key;
    let identifier = Hex(&public_key.key_identifier()).to_string();
    let mut fields = Fields::default();
    fields
        .add("key", format!("{key} on the token \"{token}\""))
        .add("key identifier", &identifier)
        .add(
            "attributes",
            "it can only sign, was never outside the token, and cannot be extracted",
        )
        .add("public key", "of the requested kind, with no known weakness")
        .add("signature", "by the token, verified in software")
        .add("ledger", recorded);
    let text = format!("Generated the key\n{}", fields.render(2));
    let json = KeyGenerate {
        key: TokenKey::of(key),
        public_key: PublicKeyPem::of(public_key),
        key_identifier: JsonHex::of(&public_key.key_identifier()),
        proofs: Proof::ALL_OF_TOKEN,
        entry: summary.recorded.map(|entry| entry.0),
    };
    let unfinished = summary.unfinished.iter().map(describe_unfinished);
    Report {
        warnings: unfinished.collect(),
        next: Some(next_steps::after_generated_key(&key.label)),
        ..Report::new(text, json.document())
    }
}

/// A warning about an unfinished key. It is not deleted, because another machine may be generating it right now.
fn describe_unfinished(key: &KeyDescription) -> String {
    format!(
        "an interrupted run left a {} key that nothing uses: `hsm-ca key delete '{}'` deletes it",
        key.class,
        uri_of(key)
    )
}

fn uri_of(key: &KeyDescription) -> String {
    let id: String = key.id.iter().map(|byte| format!("%{byte:02x}")).collect();
    format!("pkcs11:id={id}")
}
