//! Envelopes that openssl made, envelopes as KMS makes them, and every refusal.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;

/// A tag, a length in the shortest form, the content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(length @ 0..=0x7f) => out.push(length),
        Ok(length) => out.extend([0x81, length]),
        Err(_) => {
            out.push(0x82);
            out.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    out.extend(content);
    out
}

/// The same with an indefinite length.
fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, 0x80];
    out.extend(content);
    out.extend([0, 0]);
    out
}

fn oid(oid: &str) -> Vec<u8> {
    tlv(0x06, ObjectIdentifier::new(oid).unwrap().as_bytes())
}

const SHA1: &str = "1.3.14.3.2.26";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const NULL: [u8; 2] = [0x05, 0];

/// `length` bytes that begin nothing that could be taken for BER, and differ from those of another `seed`.
fn pattern(seed: u8, length: usize) -> Vec<u8> {
    let steps = (0..=250_u8).cycle().take(length);
    steps
        .map(|step| 0x40 | (step.wrapping_mul(7) ^ seed) >> 2)
        .collect()
}

fn hash(oid_text: &str, parameters: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&oid(oid_text)[..], parameters].concat())
}

/// An envelope in its parts, each of them complete with its tag.
#[derive(Clone)]
struct Parts {
    indefinite: bool,
    content_type: Vec<u8>,
    version: Vec<u8>,
    originator: Vec<u8>,
    recipient_version: Vec<u8>,
    recipient: Vec<u8>,
    key_algorithm: Vec<u8>,
    hash: Vec<u8>,
    mask: Vec<u8>,
    label: Vec<u8>,
    encrypted_key: Vec<u8>,
    after_key: Vec<u8>,
    other_recipients: Vec<u8>,
    encrypted_type: Vec<u8>,
    encryption: Vec<u8>,
    vector: Vec<u8>,
    content: Vec<u8>,
    after_content: Vec<u8>,
    attributes: Vec<u8>,
    after_data: Vec<u8>,
    after: Vec<u8>,
}

impl Parts {
    /// As KMS does it: key identifiers of 32 bytes, NULL beside every hash, indefinite lengths outside, and the content in
    /// pieces, one of which is in pieces itself (which KMS does not do).
    fn kms() -> Self {
        let content = pattern(0x91, 96);
        let pieces = [
            tlv(0x04, &content[..1]),
            indefinite(
                0x24,
                &[
                    tlv(0x04, &content[1..40]),
                    indefinite(0x24, &tlv(0x04, &content[40..48])),
                ]
                .concat(),
            ),
            tlv(0x04, &content[48..]),
        ];
        Self {
            indefinite: true,
            content: indefinite(0xa0, &pieces.concat()),
            ..Self::der()
        }
    }

    /// The same values in DER.
    fn der() -> Self {
        Self {
            indefinite: false,
            content_type: oid("1.2.840.113549.1.7.3"),
            version: tlv(0x02, &[2]),
            originator: vec![],
            recipient_version: tlv(0x02, &[2]),
            recipient: tlv(0x80, &pattern(0x11, 32)),
            key_algorithm: oid("1.2.840.113549.1.1.7"),
            hash: tlv(0xa0, &hash(SHA256, &NULL)),
            mask: tlv(0xa1, &mgf1(&hash(SHA256, &NULL))),
            label: vec![],
            encrypted_key: tlv(0x04, &pattern(0x31, 256)),
            after_key: vec![],
            other_recipients: vec![],
            encrypted_type: oid("1.2.840.113549.1.7.1"),
            encryption: oid("2.16.840.1.101.3.4.1.42"),
            vector: tlv(0x04, &pattern(0x51, 16)),
            content: tlv(0x80, &pattern(0x91, 96)),
            after_content: vec![],
            attributes: vec![],
            after_data: vec![],
            after: vec![],
        }
    }

    fn recipient_info(&self) -> Vec<u8> {
        let params = tlv(0x30, &[&self.hash[..], &self.mask, &self.label].concat());
        let algorithm = tlv(0x30, &[&self.key_algorithm[..], &params].concat());
        let parts = [
            &self.recipient_version[..],
            &self.recipient,
            &algorithm,
            &self.encrypted_key,
            &self.after_key,
        ];
        tlv(0x30, &parts.concat())
    }

    fn build(&self) -> Vec<u8> {
        self.build_around(&[self.recipient_info(), self.other_recipients.clone()].concat())
    }

    fn build_around(&self, recipients: &[u8]) -> Vec<u8> {
        let wrap = if self.indefinite { indefinite } else { tlv };
        let algorithm = tlv(0x30, &[&self.encryption[..], &self.vector].concat());
        let parts = [
            &self.encrypted_type[..],
            &algorithm,
            &self.content,
            &self.after_content,
        ];
        let content_info = wrap(0x30, &parts.concat());
        let parts = [
            &self.version[..],
            &self.originator,
            &tlv(0x31, recipients),
            &content_info,
            &self.attributes,
            &self.after_data,
        ];
        let data = wrap(0x30, &parts.concat());
        let mut out = wrap(0x30, &[&self.content_type[..], &wrap(0xa0, &data)].concat());
        out.extend(&self.after);
        out
    }
}

fn mgf1(hash: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&oid("1.2.840.113549.1.1.8")[..], hash].concat())
}

fn expected() -> RecipientEnvelope {
    RecipientEnvelope {
        recipient: pattern(0x11, 32),
        encrypted_key: pattern(0x31, 256),
        initialization_vector: pattern(0x51, 16).try_into().unwrap(),
        encrypted_content: pattern(0x91, 96),
    }
}

fn named(oid: &str, name: &str) -> String {
    format!("{oid} ({name})")
}

/// The error of the envelope that KMS would make, with one thing changed.
#[track_caller]
fn refused(change: impl FnOnce(&mut Parts)) -> EnvelopeError {
    let mut parts = Parts::kms();
    change(&mut parts);
    RecipientEnvelope::parse(&parts.build()).unwrap_err()
}

#[track_caller]
fn accepted(change: impl FnOnce(&mut Parts)) {
    let mut parts = Parts::kms();
    change(&mut parts);
    assert_eq!(RecipientEnvelope::parse(&parts.build()), Ok(expected()));
}

#[track_caller]
fn malformed(error: EnvelopeError) -> (&'static str, BerError) {
    match error {
        EnvelopeError::Malformed { field, cause } => (field, cause),
        other => panic!("{other}"),
    }
}

#[test]
fn what_kms_makes_and_its_der_read_the_same() {
    assert_eq!(RecipientEnvelope::parse(&Parts::kms().build()), Ok(expected()));
    assert_eq!(RecipientEnvelope::parse(&Parts::der().build()), Ok(expected()));
}

/// The content in pieces of definite length, of which the first `inner` bytes lie in one more.
fn pieces_in_pieces(inner: usize) -> Vec<u8> {
    let content = pattern(0x91, 96);
    let pieces: Vec<_> = content.chunks(16).map(|piece| tlv(0x04, piece)).collect();
    let (first, others) = pieces.split_at(inner / 16);
    tlv(0xa0, &[tlv(0x24, &first.concat()), others.concat()].concat())
}

#[test]
fn every_spelling_that_the_rfcs_allow_is_read() {
    accepted(|parts| parts.hash = tlv(0xa0, &hash(SHA256, &[])));
    accepted(|parts| parts.mask = tlv(0xa1, &mgf1(&hash(SHA256, &[]))));
    let no_label = [oid("1.2.840.113549.1.1.9"), tlv(0x04, &[])].concat();
    accepted(|parts| parts.label = tlv(0xa2, &tlv(0x30, &no_label)));
    // One piece of definite length, and the fields that are octet strings too.
    accepted(|parts| parts.content = tlv(0xa0, &tlv(0x04, &pattern(0x91, 96))));
    accepted(|parts| {
        parts.recipient = tlv(0xa0, &tlv(0x04, &pattern(0x11, 32)));
    });
    accepted(|parts| {
        parts.encrypted_key = indefinite(0x24, &tlv(0x04, &pattern(0x31, 256)));
    });
    accepted(|parts| parts.vector = indefinite(0x24, &tlv(0x04, &pattern(0x51, 16))));
    accepted(|parts| parts.content = pieces_in_pieces(32));
    for length in [256, 384, 512] {
        let mut parts = Parts::kms();
        parts.encrypted_key = tlv(0x04, &pattern(0x31, length));
        let envelope = RecipientEnvelope::parse(&parts.build()).unwrap();
        assert_eq!(envelope.encrypted_key(), pattern(0x31, length));
    }
}

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
fn what_kms_does_not_add_is_refused() {
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
fn exactly_one_recipient() {
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
fn a_recipient_named_by_a_certificate_is_refused_with_the_reason() {
    let name = [tlv(0x30, &[]), tlv(0x02, &[1])].concat();
    let error = refused(|parts| {
        // Both versions say it, the inner one because of the name and the outer one because of the inner (RFC 5652).
        parts.version = tlv(0x02, &[0]);
        parts.recipient_version = tlv(0x02, &[0]);
        parts.recipient = tlv(0x30, &name);
    });
    assert_eq!(error, EnvelopeError::IssuerAndSerialNumber { version: 0 });
    assert!(error.to_string().contains("KMS did not make this"), "{error}");
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
    // DER writes them in the order of their tags, and so does BER: it is a SEQUENCE.
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

#[test]
fn lengths_that_cannot_be_are_refused() {
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
fn nothing_may_follow_anywhere() {
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
    // In the content, where pieces may be in pieces: ended properly, of definite and of indefinite length.
    for wrap in [tlv, indefinite] {
        let mut content = tlv(0x04, &pattern(0x91, 96));
        // The content itself is the fifth element in another.
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

/// The claim, of these two envelopes: a byte that belongs to one of the four values changes that byte of that value and nothing
/// else; any other byte that is changed, to whatever, makes it refused. It is not claimed of two changes, as BER has many
/// encodings of one value, nor of pieces of definite length in pieces ([`how_pieces_are_grouped_is_not_in_the_value`]).
#[test]
fn every_single_byte_counts() {
    for (parts, pieces) in [(Parts::kms(), &[1, 39, 8, 48][..]), (Parts::der(), &[96])] {
        let good = parts.build();
        let expected = expected();
        // Where each value stands: in order, one after the other.
        let mut owner: Vec<Option<(usize, usize)>> = vec![None; good.len()];
        let mut from = 0;
        let mut place = |value: usize, start: usize, bytes: &[u8], tag: &[u8]| {
            let wanted = [tag, bytes].concat();
            let found = good[from..]
                .windows(wanted.len())
                .position(|window| window == wanted);
            let first = from + found.unwrap() + tag.len();
            for index in 0..bytes.len() {
                owner[first + index] = Some((value, start + index));
            }
            from = first + bytes.len();
        };
        place(0, 0, &expected.recipient, &[]);
        place(1, 0, &expected.encrypted_key, &[]);
        place(2, 0, &expected.initialization_vector, &[]);
        let mut start = 0;
        for length in pieces {
            let tag = if pieces.len() == 1 { 0x80 } else { 0x04 };
            let piece = &expected.encrypted_content[start..start + length];
            place(3, start, piece, &[tag, u8::try_from(*length).unwrap()]);
            start += length;
        }
        assert_eq!(owner.iter().flatten().count(), 32 + 256 + 16 + 96);

        let mut input = good.clone();
        for (index, owner) in owner.into_iter().enumerate() {
            for byte in (0..=0xff).filter(|byte| *byte != good[index]) {
                input[index] = byte;
                let outcome = RecipientEnvelope::parse(&input);
                match owner {
                    None => assert!(outcome.is_err(), "byte {index} as {byte:02x}"),
                    Some((value, at)) => {
                        let mut wanted = expected.clone();
                        let field = match value {
                            0 => &mut wanted.recipient[..],
                            1 => &mut wanted.encrypted_key,
                            2 => &mut wanted.initialization_vector,
                            _ => &mut wanted.encrypted_content,
                        };
                        field[at] = byte;
                        assert_eq!(outcome, Ok(wanted), "byte {index} as {byte:02x}");
                    }
                }
            }
            input[index] = good[index];
        }
    }
}

/// Where pieces of definite length lie in pieces, one byte can move the end of a group of pieces to that of another piece: a
/// changed structure of the same value. Neither KMS nor openssl writes them; X.690 section 8.7.3 has them, so they are read.
#[test]
fn how_pieces_are_grouped_is_not_in_the_value() {
    let built = |inner| {
        let mut parts = Parts::kms();
        parts.content = pieces_in_pieces(inner);
        parts.build()
    };
    let good = built(32);
    for inner in [0, 16, 48, 96] {
        let other = built(inner);
        let changed = good.iter().zip(&other).filter(|(one, other)| one != other);
        assert_eq!((good.len(), changed.count()), (other.len(), 1), "{inner}");
        assert_eq!(RecipientEnvelope::parse(&other), Ok(expected()));
    }
}

/// Of an envelope without pieces in pieces, or with such of indefinite length only: cut short it is refused, and with a byte changed it is
/// refused or says something else.
#[track_caller]
fn assert_no_change_goes_unseen(good: &[u8]) {
    let expected = RecipientEnvelope::parse(good).unwrap();
    for length in 0..good.len() {
        assert!(
            RecipientEnvelope::parse(&good[..length]).is_err(),
            "cut to {length}"
        );
    }
    let mut input = good.to_vec();
    for index in 0..good.len() {
        for byte in (0..=0xff).filter(|byte| *byte != good[index]) {
            input[index] = byte;
            if let Ok(envelope) = RecipientEnvelope::parse(&input) {
                assert_ne!(envelope, expected, "byte {index} as {byte:02x}");
            }
        }
        input[index] = good[index];
    }
    assert_eq!(RecipientEnvelope::parse(&input), Ok(expected));
}

#[test]
fn no_cut_and_no_change_goes_unseen() {
    assert_no_change_goes_unseen(&Parts::kms().build());
    assert_no_change_goes_unseen(&Parts::der().build());
}

/// xorshift64: the same inputs every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    /// A byte; often one that means something in BER.
    fn byte(&mut self) -> u8 {
        const TELLING: [u8; 16] = [
            0x00, 0x02, 0x04, 0x05, 0x06, 0x10, 0x1f, 0x24, 0x30, 0x31, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xff,
        ];
        if self.below(2) == 0 {
            TELLING[self.below(TELLING.len())]
        } else {
            self.next().to_le_bytes()[3]
        }
    }

    /// Changes, inserts, removes, repeats or cuts something.
    fn spoil(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len());
        let byte = self.byte();
        match self.below(6) {
            0 | 1 if !input.is_empty() => input[at] = byte,
            2 => input.insert(at, byte),
            3 if !input.is_empty() => drop(input.remove(at)),
            4 => {
                let end = (at + self.below(40)).min(input.len());
                let piece = input[at..end].to_vec();
                let to = self.below(input.len());
                input.splice(to..to, piece);
            }
            _ => input.truncate(self.below(input.len() + 1)),
        }
    }
}

/// A hundred thousand inputs that are almost right, or not at all: no panic, no long wait, and what is read keeps its promises.
#[test]
fn whatever_comes_is_read_or_refused() {
    let good = [Parts::kms().build(), Parts::der().build()];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let begun = Instant::now();
    let mut read = 0;
    for round in 0..100_000 {
        let mut input = good[round % 2].clone();
        if round % 10 == 9 {
            input = (0..random.below(400)).map(|_| random.byte()).collect();
        }
        for _ in 0..=random.below(4) {
            random.spoil(&mut input);
        }
        match RecipientEnvelope::parse(&input) {
            Ok(envelope) => {
                read += 1;
                assert!(!envelope.recipient().is_empty());
                assert!(ENCRYPTED_KEY_LENGTHS.contains(&envelope.encrypted_key().len()));
                assert!(envelope.encrypted_content().len() >= SHORTEST_CONTENT);
                assert_eq!(envelope.encrypted_content().len() % BLOCK, 0);
                let values = envelope.recipient().len()
                    + envelope.encrypted_key().len()
                    + envelope.encrypted_content().len();
                assert!(values < input.len());
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(read > 1000, "only {read} were read: the inputs reach too little");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn an_error_is_a_sentence_and_debug_shows_no_ciphertext() {
    let error = refused(|parts| parts.hash = vec![]);
    assert_eq!(
        error.to_string(),
        "CiphertextForRecipient: the hash of RSAES-OAEP is the default, SHA-1, not 2.16.840.1.101.3.4.2.1 (id-sha256)"
    );
    let error = refused(|parts| parts.version = tlv(0x04, &[2]));
    assert_eq!(
        error.to_string(),
        "CiphertextForRecipient: EnvelopedData.version: OCTET STRING where INTEGER belongs"
    );
    assert_eq!(
        format!("{:?}", expected()),
        format!(
            "RecipientEnvelope {{ recipient: {}, encrypted_key: 256 bytes, encrypted_content: 96 bytes, .. }}",
            Hex(&pattern(0x11, 32))
        )
    );
}

/// openssl with an RSA key of its own. Fails where there is no openssl.
struct OpenSsl {
    folder: TempDir,
}

impl OpenSsl {
    fn new(bits: usize) -> Self {
        let openssl = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let key = format!("rsa:{bits}");
        openssl.run(&[
            "req",
            "-x509",
            "-newkey",
            &key,
            "-nodes",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-subj",
            "/CN=recipient",
            "-days",
            "1",
        ]);
        openssl
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("these tests need openssl");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {}: {said}", arguments.join(" "));
    }

    /// `openssl cms -encrypt` of `plaintext` for this key, with more `options`.
    fn encrypt(&self, plaintext: &[u8], options: &[&str]) -> Vec<u8> {
        self.write("plaintext", plaintext);
        let base = [
            "cms",
            "-encrypt",
            "-binary",
            "-in",
            "plaintext",
            "-outform",
            "DER",
            "-out",
            "envelope",
        ];
        self.run(&[&base, options].concat());
        std::fs::read(self.path("envelope")).unwrap()
    }

    /// What openssl makes of the two ciphertexts, without looking at the envelope.
    fn decrypt(&self, envelope: &RecipientEnvelope) -> Vec<u8> {
        self.write("encrypted_key", envelope.encrypted_key());
        self.run(&[
            "pkeyutl",
            "-decrypt",
            "-inkey",
            "key.pem",
            "-in",
            "encrypted_key",
            "-out",
            "content_key",
            "-pkeyopt",
            "rsa_padding_mode:oaep",
            "-pkeyopt",
            "rsa_oaep_md:sha256",
            "-pkeyopt",
            "rsa_mgf1_md:sha256",
        ]);
        let key = std::fs::read(self.path("content_key")).unwrap();
        assert_eq!(key.len(), 32);
        self.write("encrypted_content", envelope.encrypted_content());
        let (key, vector) = (
            Hex(&key).to_string(),
            Hex(envelope.initialization_vector()).to_string(),
        );
        self.run(&[
            "enc",
            "-d",
            "-aes-256-cbc",
            "-K",
            &key,
            "-iv",
            &vector,
            "-in",
            "encrypted_content",
            "-out",
            "decrypted",
        ]);
        std::fs::read(self.path("decrypted")).unwrap()
    }

    /// `subjectKeyIdentifier` of the certificate, which openssl takes for the recipient's.
    fn key_identifier(&self) -> String {
        let output = Command::new("openssl")
            .args([
                "x509",
                "-in",
                "cert.pem",
                "-noout",
                "-ext",
                "subjectKeyIdentifier",
            ])
            .current_dir(self.folder.path())
            .output()
            .expect("these tests need openssl");
        let text = String::from_utf8(output.stdout).unwrap();
        let value = text.lines().nth(1).unwrap().trim().replace(':', "");
        value.to_lowercase()
    }
}

const STREAM: [&str; 2] = ["-stream", "-indef"];
const AES: &str = "-aes-256-cbc";
const TO_KEY: [&str; 3] = ["-keyid", "-recip", "cert.pem"];
const OAEP: [&str; 4] = [
    "-keyopt",
    "rsa_padding_mode:oaep",
    "-keyopt",
    "rsa_oaep_md:sha256",
];
const MGF: [&str; 2] = ["-keyopt", "rsa_mgf1_md:sha256"];

/// How many pieces the content is in: counted by openssl, not by the reader that is tested.
fn pieces(folder: &Path) -> usize {
    let output = Command::new("openssl")
        .args(["asn1parse", "-inform", "DER", "-in", "envelope"])
        .current_dir(folder)
        .output()
        .expect("these tests need openssl");
    let text = String::from_utf8(output.stdout).unwrap();
    let content = text.lines().skip_while(|line| !line.contains(":pkcs7-data"));
    content
        .filter(|line| line.contains("OCTET STRING") && line.contains("d=5"))
        // One is the initialization vector.
        .count()
        .saturating_sub(1)
}

#[test]
fn what_openssl_encrypts_is_read_and_decrypts_again() {
    let mut most = 0;
    // 48, 63 and 64 are about the shortest content; 2400 is PKCS#8 of RSA 4096, 4096 all that KMS may answer.
    for (bits, lengths) in [(2048, &[48, 63, 64, 138, 1023, 2400, 4096][..]), (3072, &[1200])] {
        let openssl = OpenSsl::new(bits);
        for &length in lengths {
            let plaintext = pattern(0x77, length);
            for options in [
                [&STREAM[..], &[AES], &TO_KEY, &OAEP].concat(),
                [&STREAM[..], &[AES], &TO_KEY, &OAEP, &MGF].concat(),
                [&[AES][..], &TO_KEY, &OAEP].concat(),
                [&[AES][..], &TO_KEY, &OAEP, &MGF].concat(),
            ] {
                let streamed = options.contains(&"-stream");
                let input = openssl.encrypt(&plaintext, &options);
                // Its first length octet says which of both encodings openssl used.
                assert_eq!(input[1] == 0x80, streamed);
                let envelope = RecipientEnvelope::parse(&input).unwrap();
                assert_eq!(envelope.encrypted_key().len(), bits / 8);
                assert_eq!(envelope.encrypted_content().len(), (length / BLOCK + 1) * BLOCK);
                assert_eq!(Hex(envelope.recipient()).to_string(), openssl.key_identifier());
                assert!(openssl.decrypt(&envelope) == plaintext, "{length} {options:?}");
                if streamed {
                    most = most.max(pieces(openssl.folder.path()));
                }
            }
        }
    }
    assert!(
        most >= 2,
        "openssl never put the content in several pieces: {most}"
    );
}

#[test]
fn no_change_to_what_openssl_made_goes_unseen() {
    let openssl = OpenSsl::new(2048);
    let plaintext = pattern(0x77, 138);
    for stream in [&STREAM[..], &[]] {
        let input = openssl.encrypt(&plaintext, &[stream, &[AES], &TO_KEY, &OAEP].concat());
        assert_no_change_goes_unseen(&input);
    }
}

#[test]
fn what_openssl_makes_otherwise_is_refused() {
    let openssl = OpenSsl::new(2048);
    let plaintext = pattern(0x77, 138);
    let refused = |options: &[&[&str]]| {
        let input = openssl.encrypt(&plaintext, &options.concat());
        RecipientEnvelope::parse(&input).unwrap_err()
    };
    for stream in [&STREAM[..], &[]] {
        // By issuer and serial number, which is what openssl does unless told otherwise.
        let by_certificate = &["-recip", "cert.pem"];
        assert_eq!(
            refused(&[stream, &[AES], by_certificate, &OAEP]),
            EnvelopeError::IssuerAndSerialNumber { version: 0 }
        );
        let pkcs1 = refused(&[stream, &[AES], &TO_KEY]);
        assert!(matches!(pkcs1, EnvelopeError::KeyEncryption { .. }), "{pkcs1}");
        // SHA-1 is the default of RSAES-OAEP, and left out.
        let sha1 = refused(&[stream, &[AES], &TO_KEY, &OAEP[..2]]);
        assert!(
            matches!(sha1, EnvelopeError::OaepHash { found: None, .. }),
            "{sha1}"
        );
        let sha384 = refused(&[
            stream,
            &[AES],
            &TO_KEY,
            &OAEP[..2],
            &["-keyopt", "rsa_oaep_md:sha384"],
        ]);
        assert!(
            matches!(sha384, EnvelopeError::OaepHash { found: Some(_), .. }),
            "{sha384}"
        );
        let mask = refused(&[stream, &[AES], &TO_KEY, &OAEP, &["-keyopt", "rsa_mgf1_md:sha1"]]);
        assert!(matches!(mask, EnvelopeError::OaepMaskHash { .. }), "{mask}");
        let label = refused(&[
            stream,
            &[AES],
            &TO_KEY,
            &OAEP,
            &["-keyopt", "rsa_oaep_label:6162"],
        ]);
        assert_eq!(label, EnvelopeError::OaepLabel { length: 2 });
        let aes128 = refused(&[stream, &["-aes-128-cbc"], &TO_KEY, &OAEP]);
        assert!(
            matches!(aes128, EnvelopeError::ContentEncryption { .. }),
            "{aes128}"
        );
        let two = refused(&[stream, &[AES], &TO_KEY, &OAEP, &["-recip", "cert.pem"], &OAEP]);
        assert_eq!(two, EnvelopeError::Recipients { found: 2 });
        let password = refused(&[stream, &[AES, "-pwri_password", "of-a-test"]]);
        assert_eq!(
            password,
            EnvelopeError::RecipientKind {
                found: "[3]".to_owned()
            }
        );
    }
    let short = openssl.encrypt(&plaintext[..47], &[&[AES][..], &TO_KEY, &OAEP].concat());
    assert_eq!(
        RecipientEnvelope::parse(&short),
        Err(EnvelopeError::ContentLength {
            found: 48,
            shortest: 64
        })
    );
    // Authenticated encryption is another content type (RFC 5083).
    let authenticated = refused(&[&["-aes-256-gcm"], &TO_KEY, &OAEP]);
    assert!(
        matches!(authenticated, EnvelopeError::ContentType { .. }),
        "{authenticated}"
    );
}
