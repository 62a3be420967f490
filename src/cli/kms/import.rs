//! `kms import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hsm_ca::kms::{AttestationDocument, KeyPairFile, Kms, KmsError};
use hsm_ca::signer::KeyFingerprint;
use hsm_ca::token::ImportRoute;
use hsm_ca::workflow::{ImportOutcome, ImportRequest, ImportSummary, MemoryLocking, import_key_pair};

use super::{context, context_entry, grant_token};
use crate::cli::exit::CliError;
use crate::cli::fingerprint;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::common::{Proof, PublicKeyDigest};
use crate::cli::json::key::TokenKey;
use crate::cli::json::kms::{ImportOutcome as Outcome, KmsImport};
use crate::cli::key_label::key_label;
use crate::cli::lock_directory::lock_directory;
use crate::cli::next_steps;
use crate::cli::report::{Fields, Report};
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// The pair file, or - for stdin
    pair: PathBuf,
    /// The label of the key on the token
    #[arg(long, value_parser = key_label)]
    label: String,
    /// How the key gets into the token; a named route is used or refused, never replaced by another
    #[arg(long, default_value = "auto")]
    route: Route,
    /// The SHA-256 of the only public key to accept, in hex or in words, as `kms generate-key-pair` printed it
    #[arg(long, value_name = "FINGERPRINT", value_parser = fingerprint::parse)]
    expect: Option<KeyFingerprint>,
    /// The KMS key that the pair must be encrypted under; another account's key must be named by its ARN [default: the pair file's, in the
    /// account of the credentials]
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
    /// The encryption context of the pair, if its file has none
    #[arg(long, value_name = "K=V", value_parser = context_entry)]
    encryption_context: Vec<(String, String)>,
    /// A grant token that allows the call; may be given more than once
    #[arg(long, value_name = "TOKEN", value_parser = grant_token)]
    grant_token: Vec<String>,
    /// Sealed route: the document with the token's recipient key
    #[arg(long, value_name = "FILE")]
    attestation_document: Option<PathBuf>,
    /// Sealed route: leave the recipient key on the token, for another pair
    #[arg(long, requires = "attestation_document")]
    keep_recipient_key: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Route {
    /// The best route that the token supports
    Auto,
    /// KMS encrypts to a key of the token: no plaintext outside the two
    Sealed,
    /// CKM_RSA_AES_KEY_WRAP, in one call
    RsaAesKeyWrap,
    /// RSA-OAEP for an AES key, then AES key wrap (RFC 5649) for the private key
    OaepAesKwp,
    /// C_CreateObject: the plaintext crosses the PKCS#11 call
    CreateObject,
}

impl Route {
    const fn chosen(self) -> Option<ImportRoute> {
        match self {
            Self::Auto => None,
            Self::Sealed => Some(ImportRoute::Sealed),
            Self::RsaAesKeyWrap => Some(ImportRoute::RsaAesKeyWrap),
            Self::OaepAesKwp => Some(ImportRoute::OaepAesKwp),
            Self::CreateObject => Some(ImportRoute::CreateObject),
        }
    }
}

impl Import {
    pub(in crate::cli) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let context = context(&self.encryption_context)?;
        let pair = KeyPairFile::read(&input::read_text(&self.pair)?)
            .and_then(|pair| pair.with_context(context))
            .map_err(|error| CliError::in_file(&self.pair, error))?;
        let attestation = self.attestation_document.as_ref().map(|path| {
            AttestationDocument::read(&input::read(path)?)
                .map_err(|error| CliError::in_file(path, KmsError::Attestation(error)))
        });
        let route = self.route.chosen();
        let request = ImportRequest {
            pair,
            label: self.label.clone(),
            route,
            attestation: attestation.transpose()?,
            keep_recipient_key: self.keep_recipient_key,
            expected: self.expect,
            lock_directory: lock_directory(ui),
        };
        request.check()?;
        let mut warnings = Vec::new();
        if route == Some(ImportRoute::CreateObject) {
            let warning = "the plaintext of the private key crosses the PKCS#11 call (C_CreateObject)";
            warnings.extend(ui.warn(warning));
        }
        // This only loads settings. KMS is called when the token is ready, and not at all if the key is already there.
        let kms = Kms::connect(Some(
            self.key_id.as_deref().unwrap_or(request.pair.key_id.as_str()),
        ))?
        .pin_key(self.key_id.clone())
        .with_grant_tokens(self.grant_token.clone());
        let mut log = settings.open_key_log()?;
        let session = settings.open_session(None)?;
        let summary = import_key_pair(session, &kms, &request, &mut log, ui)?;
        warnings.extend(session.token().caveat()?.map(str::to_owned));
        let token = &session.token().description().label;
        Ok(Report {
            warnings,
            ..present(&summary, token, &request, settings)
        })
    }
}

fn present(summary: &ImportSummary, token: &str, request: &ImportRequest, settings: &Settings) -> Report {
    let key = &summary.proof.key;
    let kms_key = &request.pair.key_id;
    let mut fields = Fields::default();
    fields
        .add("key", format!("{key} on the token \"{token}\""))
        .add("attributes", "it can only sign, and cannot be extracted")
        .add(
            "signature",
            "by the token, verified in software under the KMS public key",
        );
    let (headline, outcome, route) = match &summary.outcome {
        ImportOutcome::Imported { route, memory } => {
            let same = match route {
                ImportRoute::Sealed => "KMS and the token have the same one",
                _ => "KMS, the decrypted key and the token have the same one",
            };
            fields
                .add("public key", same)
                .add("route", format!("{route}: {}", route.exposure()));
            match memory {
                Some(MemoryLocking::Everything) => drop(fields.add("memory", "all of it was locked")),
                Some(MemoryLocking::KeyPages) => drop(fields.add(
                    "memory",
                    "the key's own pages were locked, the AWS SDK's buffers were not",
                )),
                None => {}
            }
            ("Imported the key", Outcome::Imported, Some(route))
        }
        ImportOutcome::AlreadyThere { completed: false } => {
            fields.add("public key", "the token has the one in the pair file");
            (
                "The key is already on the token; checked it again, decrypted nothing",
                Outcome::AlreadyThere,
                None,
            )
        }
        ImportOutcome::AlreadyThere { completed: true } => (
            "The key is already on the token; added its missing public-key object",
            Outcome::Completed,
            None,
        ),
    };
    fields.add("KMS key", kms_key).add("account", kms_key.account());
    fingerprint::show(&mut fields, &request.pair.public_key);
    fields.add(
        "expected",
        if request.expected.is_some() {
            "yes: it is the one that --expect names"
        } else {
            "not known: compare it with what `kms generate-key-pair` printed, or give --expect"
        },
    );
    if summary.recorded.is_some() || matches!(summary.outcome, ImportOutcome::Imported { .. }) {
        fields.add("ledger", settings.describe_recorded(summary.recorded));
    }
    if summary.recipient_destroyed {
        fields.add("recipient key", "used and destroyed");
    }
    let json = KmsImport {
        key: TokenKey::of(key),
        outcome,
        route: route.map(ToString::to_string),
        plaintext_seen_by: route.map(|route| route.plaintext_seen_by().to_vec()),
        kms_key_arn: kms_key.as_str().to_owned(),
        kms_key_account: kms_key.account().to_owned(),
        fingerprint_expected: request.expected.is_some(),
        fingerprint: PublicKeyDigest::of(&request.pair.public_key),
        entry: summary.recorded.map(|entry| entry.0),
        proofs: Proof::ALL_OF_TOKEN,
        recipient_key_destroyed: summary.recipient_destroyed,
    };
    Report {
        next: Some(next_steps::after_key(&key.label)),
        ..Report::new(format!("{headline}\n{}", fields.render(2)), json.document())
    }
}
