//! `CiphertextForRecipient`: CMS EnvelopedData in BER.

use hsm_ca::kms::RecipientEnvelope;

use super::pieces::element;
use super::shown::{printable, told};

const ENVELOPED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
const AES_256_CBC: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
/// id-RSAES-OAEP with SHA-256, and MGF1 with SHA-256 (RFC 4055 section 4.1).
const OAEP_SHA_256: &[u8] = b"\x30\x3c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07\x30\x2f\
    \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\
    \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00";

/// A parsed envelope has the lengths of its algorithms, and parses the same from its DER encoding.
pub fn check(input: &[u8]) {
    let envelope = match RecipientEnvelope::parse(input) {
        Ok(envelope) => envelope,
        Err(error) => return told(error),
    };
    printable(format!("{envelope:?}"));
    assert!(envelope.recipient().is_none_or(|recipient| !recipient.is_empty()));
    assert!([256, 384, 512].contains(&envelope.encrypted_key().len()));
    assert!(envelope.encrypted_content().len() >= 64);
    assert!(envelope.encrypted_content().len().is_multiple_of(16));
    let der = encode(&envelope);
    // The limits for DER and for BER in many pieces differ, so one may be accepted without the other.
    if der.len() <= 6144 {
        assert_eq!(RecipientEnvelope::parse(&der), Ok(envelope));
    }
}

/// RFC 5652 section 6.1.
fn encode(envelope: &RecipientEnvelope) -> Vec<u8> {
    // Both versions are 2 for a key identifier, and 0 for the name of a certificate, which is not stored.
    let (version, identifier) = match envelope.recipient() {
        Some(identifier) => (b"\x02\x01\x02", element(0x80, identifier)),
        None => (b"\x02\x01\x00", element(0x30, b"\x30\x00\x02\x01\x01")),
    };
    let recipient = element(
        0x30,
        &[
            version,
            &identifier[..],
            OAEP_SHA_256,
            &element(4, envelope.encrypted_key()),
        ]
        .concat(),
    );
    let algorithm = element(
        0x30,
        &[AES_256_CBC, &element(4, envelope.initialization_vector())].concat(),
    );
    let content = element(
        0x30,
        &[DATA, &algorithm, &element(0x80, envelope.encrypted_content())].concat(),
    );
    let data = element(
        0x30,
        &[version, &element(0x31, &recipient)[..], &content].concat(),
    );
    element(0x30, &[ENVELOPED_DATA, &element(0xa0, &data)].concat())
}
