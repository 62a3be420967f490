//! An attestation document: COSE_Sign1 in CBOR, or base64 of it.

use hsm_ca::kms::AttestationDocument;
use hsm_ca::signer::Signer;

use super::made::CA_KEY;
use super::shown::told;

/// What is read is kept as it came, reads the same again, and shows nothing that moves a cursor.
pub fn check(input: &[u8]) {
    let document = match AttestationDocument::read(input) {
        Ok(document) => document,
        Err(error) => return told(error),
    };
    assert!(!document.module_id().is_empty());
    assert!(document.module_id().bytes().all(|byte| byte.is_ascii_graphic()));
    if input[0] >= 0x80 {
        assert_eq!(document.bytes(), input);
    }
    assert_eq!(
        AttestationDocument::read(document.bytes()).as_ref(),
        Ok(&document)
    );
    // It is for an RSA key or for none.
    assert!(document.carries(CA_KEY.public_key().der()).is_err());
}
