//! An attestation document: COSE_Sign1 in CBOR, or base64 of it.

use hsm_ca::kms::AttestationDocument;
use hsm_ca::signer::Signer;

use super::made::CA_KEY;
use super::shown::told;

/// A parsed document keeps its bytes, parses the same again, and shows no cursor-moving characters.
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
    // Its key is RSA, or absent.
    assert!(document.carries(CA_KEY.public_key().der()).is_err());
}
