//! Envelopes built in parts, so that a test can change one of them; the tests themselves have files of their own.

mod algorithms;
mod changes;
mod fuzz;
mod limits;
mod openssl;
mod refusals;
mod spelling;

use const_oid::ObjectIdentifier;

use super::*;
use crate::kms::ber::BerError;

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

/// `length` bytes that cannot be taken for the start of BER, and differ from those of another `seed`.
fn pattern(seed: u8, length: usize) -> Vec<u8> {
    let steps = (0..=250_u8).cycle().take(length);
    steps
        .map(|step| 0x40 | (step.wrapping_mul(7) ^ seed) >> 2)
        .collect()
}

fn hash(oid_text: &str, parameters: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&oid(oid_text)[..], parameters].concat())
}

/// An envelope in its parts, each complete with its tag.
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
    /// As KMS makes it: key identifiers of 32 bytes, NULL beside every hash, indefinite lengths outside, and the content in pieces, one of which is
    /// in pieces itself (which KMS does not do).
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
        recipient: Some(pattern(0x11, 32)),
        encrypted_key: pattern(0x31, 256),
        initialization_vector: pattern(0x51, 16).try_into().unwrap(),
        encrypted_content: pattern(0x91, 96),
    }
}

fn named(oid: &str, name: &str) -> String {
    format!("{oid} ({name})")
}

/// The error for an envelope as KMS makes it, with one thing changed.
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

/// The content in pieces of definite length; the first `inner` bytes are nested one level deeper.
fn pieces_in_pieces(inner: usize) -> Vec<u8> {
    let content = pattern(0x91, 96);
    let pieces: Vec<_> = content.chunks(16).map(|piece| tlv(0x04, piece)).collect();
    let (first, others) = pieces.split_at(inner / 16);
    tlv(0xa0, &[tlv(0x24, &first.concat()), others.concat()].concat())
}
