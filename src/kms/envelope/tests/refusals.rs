//! Refusals: another type, version or recipient, and fields that KMS does not add.

use super::*;

#[test]
fn another_content_type_is_refused() {
    assert_eq!(
        refused(|parts| parts.content_type = oid("1.2.840.113549.1.7.2")),
        EnvelopeError::ContentType {
            found: named("1.2.840.113549.1.7.2", "id-signedData"),
            expected: named("1.2.840.113549.1.7.3", "id-envelopedData"),
        }
    );
    assert_eq!(
        refused(|parts| parts.encrypted_type = oid("1.2.3.4")),
        EnvelopeError::EncryptedContentType {
            found: "1.2.3.4".to_owned(),
            expected: named("1.2.840.113549.1.7.1", "id-data"),
        }
    );
}

#[test]
fn another_version_is_refused() {
    for found in [0, 1, 3, 4, -1] {
        let integer = tlv(0x02, &i8::try_from(found).unwrap().to_be_bytes());
        assert_eq!(
            refused(|parts| parts.version = integer.clone()),
            EnvelopeError::Version { found, expected: 2 }
        );
        assert_eq!(
            refused(|parts| parts.recipient_version = integer),
            EnvelopeError::RecipientVersion { found, expected: 2 }
        );
    }
    let (field, cause) = malformed(refused(|parts| parts.version = tlv(0x02, &[0, 2])));
    assert_eq!(field, "EnvelopedData.version");
    assert_eq!(cause, BerError::Value { of: "small INTEGER" });
}

#[test]
fn a_field_that_kms_does_not_add_is_refused() {
    assert_eq!(
        refused(|parts| parts.originator = tlv(0xa0, &[])),
        EnvelopeError::OriginatorInfo
    );
    let attribute = tlv(
        0x30,
        &[oid("1.2.840.113549.1.9.3"), tlv(0x31, &oid("1.2.3"))].concat(),
    );
    for attributes in [tlv(0xa1, &attribute), tlv(0xa1, &[])] {
        assert_eq!(
            refused(|parts| parts.attributes = attributes),
            EnvelopeError::UnprotectedAttributes
        );
    }
}

#[test]
fn an_envelope_without_exactly_one_recipient_is_refused() {
    let other = Parts::kms().recipient_info();
    assert_eq!(
        refused(|parts| parts.other_recipients = other.repeat(2)),
        EnvelopeError::Recipients { found: 3 }
    );
    assert_eq!(
        RecipientEnvelope::parse(&Parts::kms().build_around(&[])),
        Err(EnvelopeError::Recipients { found: 0 })
    );
    let (field, _) = malformed(refused(|parts| parts.other_recipients = vec![0x30, 1]));
    assert_eq!(field, "EnvelopedData.recipientInfos");
}

#[test]
fn another_kind_of_recipient_is_refused() {
    for number in 1..=4 {
        let recipient = tlv(0xa0 | number, &[]);
        assert_eq!(
            RecipientEnvelope::parse(&Parts::kms().build_around(&recipient)),
            Err(EnvelopeError::RecipientKind {
                found: format!("[{number}]")
            })
        );
    }
}

#[test]
fn a_recipient_may_be_named_by_a_certificate_in_the_form_of_the_rfc() {
    let name = [tlv(0x30, &[]), tlv(0x02, &[1])].concat();
    let named = |version: u8, recipient_version: u8, name: &[u8]| {
        let mut parts = Parts::kms();
        // The inner version is 0 because of the name, and the outer one because of the inner (RFC 5652 sections 6.1 and 6.2.1).
        parts.version = tlv(0x02, &[version]);
        parts.recipient_version = tlv(0x02, &[recipient_version]);
        parts.recipient = tlv(0x30, name);
        RecipientEnvelope::parse(&parts.build())
    };
    let envelope = named(0, 0, &name).unwrap();
    assert_eq!(envelope.recipient(), None);
    assert_eq!(
        envelope.encrypted_key(),
        RecipientEnvelope::parse(&Parts::kms().build())
            .unwrap()
            .encrypted_key()
    );
    assert_eq!(
        named(0, 2, &name),
        Err(EnvelopeError::RecipientVersion {
            found: 2,
            expected: 0
        })
    );
    assert_eq!(
        named(2, 0, &name),
        Err(EnvelopeError::Version {
            found: 2,
            expected: 0
        })
    );
    for wrong in [
        vec![],
        tlv(0x30, &[]),
        [tlv(0x02, &[1]), tlv(0x30, &[])].concat(),
        [name.clone(), tlv(0x05, &[])].concat(),
        [tlv(0x30, &[]), tlv(0x04, &[1])].concat(),
    ] {
        assert!(named(0, 0, &wrong).is_err(), "{wrong:?}");
    }
    assert_eq!(
        refused(|parts| parts.recipient = tlv(0x81, &[1; 20])),
        EnvelopeError::RecipientIdentifier {
            found: "[1]".to_owned()
        }
    );
    assert_eq!(
        refused(|parts| parts.recipient = tlv(0x80, &[])),
        EnvelopeError::NoKeyIdentifier
    );
}

#[test]
fn errors_name_the_field_and_debug_shows_no_ciphertext() {
    let error = refused(|parts| parts.hash = vec![]);
    assert_eq!(
        error.to_string(),
        "CiphertextForRecipient: the hash of RSAES-OAEP is the default, SHA-1, not 2.16.840.1.101.3.4.2.1 (id-sha256)"
    );
    let error = refused(|parts| parts.version = tlv(0x04, &[2]));
    assert_eq!(
        error.to_string(),
        "CiphertextForRecipient: EnvelopedData.version: OCTET STRING instead of INTEGER"
    );
    assert_eq!(
        format!("{:?}", expected()),
        format!(
            "RecipientEnvelope {{ recipient: {}, encrypted_key: 256 bytes, encrypted_content: 96 bytes, .. }}",
            Hex(&pattern(0x11, 32))
        )
    );
}
