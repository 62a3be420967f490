//! `key show` and `key verify` for `kms:KEY`.

use std::path::Path;

use hsm_ca::output::encode_pem;
use hsm_ca::signer::{Hex, KeyList, KeySearch, KeyStore, PublicKey};
use hsm_ca::workflow::{LeftBehind, WorkflowError, prove_signer};
use hsm_ca::x509::{PUBLIC_KEY, check_quality};

use crate::cli::connect::open_kms_key;
use crate::cli::exit::CliError;
use crate::cli::fingerprint;
use crate::cli::json::Output as _;
use crate::cli::json::common::{FileName, Proof};
use crate::cli::json::key::{AnyKey, KeyShow, KeyVerify, KmsKey};
use crate::cli::report::{Fields, Report};
use crate::cli::ui::Ui;

/// `key show`.
pub(in crate::cli) fn show(name: &str) -> Result<Report, CliError> {
    let store = open_kms_key(name)?;
    let key = store.key();
    let mut fields = Fields::default();
    fields
        .add("KMS key", &key.arn)
        .add("kind", key.public_key.algorithm())
        .add("key spec", &key.spec)
        .add("signs with", key.algorithms.join(", "))
        .add("key identifier", Hex(&key.public_key.key_identifier()));
    fingerprint::show_for_ceremony(&mut fields, &key.public_key);
    let pem = encode_pem(PUBLIC_KEY, key.public_key.der());
    Ok(Report::new(
        format!("{}{pem}", fields.render(0)),
        KeyShow::Kms(Box::new(KmsKey::of(name, key))).document(),
    ))
}

/// `key verify`. KMS reports and enforces a key's usage, so only the match and a signature need to be proven.
pub(in crate::cli) fn verify(
    name: &str,
    expected: Option<(&Path, PublicKey)>,
    refused_keys: Option<&KeyList>,
    ui: &Ui,
) -> Result<Report, CliError> {
    let store = open_kms_key(name)?;
    let key = store.key();
    let compared = expected.as_ref().map(|_| Proof::PublicKey);
    let compared_with = expected.as_ref().map(|(path, _)| FileName::of(path));
    let (against, expected) = match expected {
        Some((path, public_key)) => (format!("the one in {}", path.display()), public_key),
        None => (
            "read from KMS; give one with --public-key to compare".to_owned(),
            key.public_key.clone(),
        ),
    };
    ui.announce("KMS signs a challenge");
    let signer = store.signer_named(name)?;
    prove_signer(signer.as_ref(), &expected).map_err(|unproven| WorkflowError::Unproven {
        unproven,
        left: LeftBehind::Untouched,
    })?;
    check_quality(&expected, KeySearch::Long, refused_keys)?;
    let mut fields = Fields::default();
    fields
        .add("public key", against)
        .add("usage", "SIGN_VERIFY: KMS lets it only sign")
        .add("signature", "by KMS, verified in software");
    let json = KeyVerify {
        key: AnyKey::in_kms(name, key),
        proofs: [Proof::Usage, Proof::Signature]
            .into_iter()
            .chain(compared)
            .collect(),
        compared_with,
    };
    let text = format!("Verified the key {name} ({})\n{}", key.arn, fields.render(2));
    Ok(Report::new(text, json.document()))
}
