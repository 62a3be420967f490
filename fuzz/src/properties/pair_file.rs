//! A pair file: what `aws kms generate-data-key-pair-without-plaintext` prints.

use hsm_ca::kms::{KeyPairFile, KmsError};
use hsm_ca::output::{Encoding, Verified};

use super::shown::told;

/// A parsed file is written so that it parses the same; a plaintext key in it is never accepted.
pub fn check(input: &[u8]) {
    let pair = match KeyPairFile::read(input) {
        Ok(pair) => pair,
        Err(error @ KmsError::Pair { .. }) => {
            // The error does not quote the file.
            return assert!(error.to_string().len() < 300, "{error}");
        }
        Err(error) => return told(error),
    };
    assert!((1..=6144).contains(&pair.private_key_ciphertext.len()));
    assert_eq!(pair.public_key.algorithm(), pair.spec.algorithm());
    assert_eq!(pair.recheck(&pair.content(Encoding::Pem)), Ok(()));
    let same = pair.clone().with_context(pair.encryption_context.clone());
    assert_eq!(same.ok(), Some(pair));
}
