//! Distinguishing PEM and DER.

use hsm_ca::output::encode_pem;
use hsm_ca::x509::{CERTIFICATE, X509_CRL, decode_all, decode_in_place, decode_one};

use super::shown::printable;

/// Decoding in place gives the same result; a decoded file decodes the same from its PEM encoding; an error does not show the file's
/// content.
pub fn check(input: &[u8]) {
    for label in [CERTIFICATE, X509_CRL] {
        let one = decode_one(input, label);
        let in_place = decode_in_place(input.to_vec(), label);
        assert_eq!(one.as_ref().ok(), in_place.as_ref().ok());
        assert_eq!(
            one.as_ref().err().map(ToString::to_string),
            in_place.as_ref().err().map(ToString::to_string)
        );
        match &one {
            Ok(der) => {
                let written = encode_pem(label, der);
                assert_eq!(decode_one(written.as_bytes(), label).as_ref().ok(), Some(der));
            }
            Err(error) => printable(error),
        }
        if let Ok(all) = decode_all(input, label) {
            assert!(!all.is_empty());
            assert_eq!(all.len() == 1, one.is_ok());
            let written: String = all.iter().map(|der| encode_pem(label, der)).collect();
            assert_eq!(decode_all(written.as_bytes(), label).ok(), Some(all));
        }
    }
}
