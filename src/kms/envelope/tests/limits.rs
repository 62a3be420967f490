//! Lengths, ends and depth.

use super::*;

#[test]
fn impossible_lengths_are_refused() {
    for found in [0, 15, 17] {
        assert_eq!(
            refused(|parts| parts.vector = tlv(0x04, &pattern(0x51, found))),
            EnvelopeError::InitializationVector { found }
        );
    }
    for found in [0, 255, 257, 320, 1024] {
        assert_eq!(
            refused(|parts| parts.encrypted_key = tlv(0x04, &pattern(0x31, found))),
            EnvelopeError::EncryptedKeyLength { found }
        );
    }
    for found in [0, 16, 48, 63, 65, 72, 95, 97] {
        let error = EnvelopeError::ContentLength { found, shortest: 64 };
        let content = pattern(0x91, found);
        assert_eq!(refused(|parts| parts.content = tlv(0x80, &content)), error);
        let pieces = [tlv(0x04, &content), tlv(0x04, &[])].concat();
        assert_eq!(refused(|parts| parts.content = indefinite(0xa0, &pieces)), error);
    }
    assert_eq!(refused(|parts| parts.content = vec![]), EnvelopeError::NoContent);
    assert_eq!(
        refused(|parts| parts.content = indefinite(0xa0, &[])),
        EnvelopeError::ContentLength {
            found: 0,
            shortest: 64
        }
    );
}

#[test]
fn the_size_is_limited_as_the_api_says() {
    let with_content = |length| {
        let mut parts = Parts::kms();
        parts.content = tlv(0x80, &pattern(0x91, length));
        parts.build()
    };
    let overhead = with_content(4096).len() - 4096;
    let most = (LONGEST - overhead) / BLOCK * BLOCK;
    assert!(with_content(most).len() <= LONGEST);
    assert!(RecipientEnvelope::parse(&with_content(most)).is_ok());
    let longer = with_content(most + BLOCK);
    for (input, found) in [(&longer[..], longer.len()), (&[], 0)] {
        assert_eq!(
            RecipientEnvelope::parse(input),
            Err(EnvelopeError::Size {
                found,
                longest: LONGEST
            })
        );
    }
}

#[test]
fn trailing_bytes_are_refused_everywhere() {
    let trailing = |count| BerError::Trailing { count };
    type Change = fn(&mut Parts, Vec<u8>);
    let changes: [(Change, &str); 6] = [
        (|parts, more| parts.after = more, "ContentInfo"),
        (|parts, more| parts.after_data = more, "EnvelopedData"),
        (|parts, more| parts.after_key = more, "KeyTransRecipientInfo"),
        (|parts, more| parts.after_content = more, "EncryptedContentInfo"),
        (|parts, more| parts.label = more, "RSAES-OAEP-params"),
        (
            |parts, more| parts.vector.extend(more),
            "EncryptedContentInfo.contentEncryptionAlgorithm",
        ),
    ];
    for (change, field) in changes {
        assert_eq!(
            malformed(refused(|parts| change(parts, NULL.to_vec()))),
            (field, trailing(2))
        );
    }
    // Beside an EXPLICIT tag's one element, and beside the parameters of an algorithm.
    let twice = hash(SHA256, &NULL).repeat(2);
    assert_eq!(
        malformed(refused(|parts| parts.hash = tlv(0xa0, &twice))),
        ("RSAES-OAEP-params.hashFunc", trailing(15))
    );
    assert_eq!(
        malformed(refused(|parts| parts.mask = tlv(0xa1, &mgf1(&twice)))),
        ("RSAES-OAEP-params.maskGenFunc", trailing(15))
    );
    let source = [oid("1.2.840.113549.1.1.9"), tlv(0x04, &[]), NULL.to_vec()];
    assert_eq!(
        malformed(refused(|parts| {
            parts.label = tlv(0xa2, &tlv(0x30, &source.concat()))
        })),
        ("RSAES-OAEP-params.pSourceFunc", trailing(2))
    );
    // End-of-contents octets where no length is indefinite.
    let mut parts = Parts::der();
    parts.after = vec![0, 0];
    assert_eq!(
        malformed(RecipientEnvelope::parse(&parts.build()).unwrap_err()),
        ("ContentInfo", trailing(2))
    );
    parts.after = vec![];
    parts.after_data = vec![0, 0];
    assert!(RecipientEnvelope::parse(&parts.build()).is_err());
}

#[test]
fn nesting_bombs_and_huge_lengths_are_refused() {
    let too_deep = BerError::TooDeep { deepest: 16 };
    for bomb in [
        [0x30, 0x80].repeat(LONGEST / 2),
        [0x24, 0x80].repeat(LONGEST / 2),
        [0xa0, 0x80].repeat(LONGEST / 2),
    ] {
        assert_eq!(
            malformed(RecipientEnvelope::parse(&bomb).unwrap_err()),
            ("ContentInfo", too_deep.clone())
        );
    }
    // In the content, where pieces may be nested: ended properly, of definite and of indefinite length.
    for wrap in [tlv, indefinite] {
        let mut content = tlv(0x04, &pattern(0x91, 96));
        // The content itself is the fifth level.
        for depth in 7..=100 {
            content = wrap(0x24, &content);
            let mut parts = Parts::kms();
            parts.indefinite = false;
            parts.content = wrap(0xa0, &content);
            let outcome = RecipientEnvelope::parse(&parts.build());
            if depth <= 16 {
                assert_eq!(outcome, Ok(expected()), "{depth}");
            } else {
                let (_, cause) = malformed(outcome.unwrap_err());
                assert_eq!(cause, too_deep, "{depth}");
            }
        }
    }
    for tag in [0x30, 0x04, 0x24] {
        for length in [
            &[0x84, 0xff, 0xff, 0xff, 0xff][..],
            &[0x84, 0x7f, 0xff, 0xff, 0xff],
            &[0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xff],
            &[0xfe],
        ] {
            let bomb = [&[tag][..], length, &[1; 100]].concat();
            malformed(RecipientEnvelope::parse(&bomb).unwrap_err());
            malformed(refused(|parts| parts.content = bomb));
        }
    }
}
