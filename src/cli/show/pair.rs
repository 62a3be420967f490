//! A pair file.

use std::path::Path;

use hsm_ca::kms::KeyPairFile;
use hsm_ca::signer::Hex;

use crate::cli::exit::CliError;
use crate::cli::fingerprint;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::common::{Hex as JsonHex, PublicKeyDigest};
use crate::cli::json::show::Pair;
use crate::cli::report::{Fields, Report};

pub(super) fn show(path: &Path) -> Result<Report, CliError> {
    let pair = KeyPairFile::read(&input::read_text(path)?).map_err(|error| CliError::in_file(path, error))?;
    let identifier = Hex(&pair.public_key.key_identifier()).to_string();
    let mut fields = Fields::default();
    fields
        .add("spec", pair.spec)
        .add("KMS key", &pair.key_id)
        .add("account", pair.key_id.account())
        .add("key identifier", &identifier);
    fingerprint::show(&mut fields, &pair.public_key);
    fields.add(
        "private half",
        format!("{} bytes, encrypted by KMS", pair.private_key_ciphertext.len()),
    );
    for (name, value) in &pair.encryption_context {
        fields.add("context", format!("{name}={value}"));
    }
    let json = Pair {
        kms_key_arn: pair.key_id.as_str().to_owned(),
        kms_key_account: pair.key_id.account().to_owned(),
        key_spec: pair.spec.to_string(),
        key_identifier: JsonHex::of(&pair.public_key.key_identifier()),
        key_material_id: pair.key_material_id,
        encryption_context: pair.encryption_context,
        fingerprint: PublicKeyDigest::of(&pair.public_key),
    };
    let text = format!("A key pair that KMS generated\n{}", fields.render(2));
    Ok(Report::new(text, json.document()))
}
