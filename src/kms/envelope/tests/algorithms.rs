//! Algorithms and parameters other than those of KMS are refused.

use super::*;

#[test]
fn another_key_encryption_is_refused() {
    assert_eq!(
        refused(|parts| parts.key_algorithm = oid("1.2.840.113549.1.1.1")),
        EnvelopeError::KeyEncryption {
            found: named("1.2.840.113549.1.1.1", "rsaEncryption"),
            expected: named("1.2.840.113549.1.1.7", "id-RSAES-OAEP"),
        }
    );
    let sha1 = Some(named(SHA1, "id-sha1"));
    let expected = named(SHA256, "id-sha256");
    assert_eq!(
        refused(|parts| parts.hash = vec![]),
        EnvelopeError::OaepHash {
            found: None,
            expected: expected.clone()
        }
    );
    assert_eq!(
        refused(|parts| parts.hash = tlv(0xa0, &hash(SHA1, &NULL))),
        EnvelopeError::OaepHash {
            found: sha1.clone(),
            expected: expected.clone()
        }
    );
    assert_eq!(
        refused(|parts| parts.mask = vec![]),
        EnvelopeError::OaepMaskHash {
            found: None,
            expected: expected.clone()
        }
    );
    assert_eq!(
        refused(|parts| parts.mask = tlv(0xa1, &mgf1(&hash(SHA1, &NULL)))),
        EnvelopeError::OaepMaskHash {
            found: sha1,
            expected
        }
    );
    let other = tlv(0x30, &[oid("1.2.3"), hash(SHA256, &NULL)].concat());
    assert_eq!(
        refused(|parts| parts.mask = tlv(0xa1, &other)),
        EnvelopeError::OaepMask {
            found: "1.2.3".to_owned(),
            expected: named("1.2.840.113549.1.1.8", "id-mgf1"),
        }
    );
    let label = [oid("1.2.840.113549.1.1.9"), tlv(0x04, b"label")].concat();
    assert_eq!(
        refused(|parts| parts.label = tlv(0xa2, &tlv(0x30, &label))),
        EnvelopeError::OaepLabel { length: 5 }
    );
    let source = [oid("1.2.3"), tlv(0x04, &[])].concat();
    assert_eq!(
        refused(|parts| parts.label = tlv(0xa2, &tlv(0x30, &source))),
        EnvelopeError::OaepLabelSource {
            found: "1.2.3".to_owned(),
            expected: named("1.2.840.113549.1.1.9", "id-pSpecified"),
        }
    );
}

#[test]
fn parameters_of_a_hash_are_null_or_absent() {
    for parameters in [&[0x05, 1, 0][..], &[0x30, 0], &[0x05, 0, 0x05, 0], &[0]] {
        let (field, _) = malformed(refused(|parts| parts.hash = tlv(0xa0, &hash(SHA256, parameters))));
        assert_eq!(field, "RSAES-OAEP-params.hashFunc");
        let (field, _) = malformed(refused(|parts| {
            parts.mask = tlv(0xa1, &mgf1(&hash(SHA256, parameters)));
        }));
        assert_eq!(field, "RSAES-OAEP-params.maskGenFunc");
    }
    // DER writes them in the order of their tags, and so does BER, because it is a SEQUENCE.
    let kms = Parts::kms();
    let error = refused(|parts| (parts.hash, parts.mask) = (kms.mask, kms.hash));
    assert!(
        matches!(error, EnvelopeError::OaepHash { found: None, .. }),
        "{error}"
    );
    // Without any parameters.
    let algorithm = tlv(0x30, &oid("1.2.840.113549.1.1.7"));
    let parts = Parts::kms();
    let info = [
        parts.recipient_version.clone(),
        parts.recipient.clone(),
        algorithm,
        parts.encrypted_key.clone(),
    ];
    let envelope = parts.build_around(&tlv(0x30, &info.concat()));
    let (field, _) = malformed(RecipientEnvelope::parse(&envelope).unwrap_err());
    assert_eq!(field, "RSAES-OAEP-params");
}

#[test]
fn another_content_encryption_is_refused() {
    for (found, name) in [
        ("2.16.840.1.101.3.4.1.2", "id-aes128-CBC"),
        ("2.16.840.1.101.3.4.1.46", "id-aes256-GCM"),
    ] {
        assert_eq!(
            refused(|parts| parts.encryption = oid(found)),
            EnvelopeError::ContentEncryption {
                found: named(found, name),
                expected: named("2.16.840.1.101.3.4.1.42", "id-aes256-CBC"),
            }
        );
    }
}
