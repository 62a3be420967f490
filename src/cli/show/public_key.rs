//! A public key (SubjectPublicKeyInfo), as `key export-public` writes it.

use std::path::Path;

use hsm_ca::signer::{Hex, PublicKey};
use hsm_ca::x509::PUBLIC_KEY;

use crate::cli::exit::CliError;
use crate::cli::fingerprint;
use crate::cli::json::Output as _;
use crate::cli::json::common::{Hex as HexText, PublicKeyDigest, PublicKeyPem};
use crate::cli::json::show::PublicKeyFile;
use crate::cli::key::public_key_in;
use crate::cli::report::{Fields, Report};

/// `None` if the file is something else.
pub(super) fn show(path: &Path, bytes: &[u8]) -> Option<Result<Report, CliError>> {
    match public_key_in(bytes) {
        Ok(key) => Some(Ok(report(&key))),
        Err(error) => {
            let mark = format!("-----BEGIN {PUBLIC_KEY}-----");
            let is_meant = bytes.windows(mark.len()).any(|text| text == mark.as_bytes());
            is_meant.then(|| Err(CliError::in_file(path, error)))
        }
    }
}

fn report(key: &PublicKey) -> Report {
    let identifier = key.key_identifier();
    let mut fields = Fields::default();
    fields
        .add("kind", key.algorithm())
        .add("key identifier", Hex(&identifier));
    fingerprint::show_for_ceremony(&mut fields, key);
    let json = PublicKeyFile {
        key_type: key.algorithm().to_string(),
        key_identifier: HexText::of(&identifier),
        fingerprint: PublicKeyDigest::of(key),
        public_key: PublicKeyPem::of(key),
    };
    Report::new(format!("A public key\n{}", fields.render(2)), json.document())
}
