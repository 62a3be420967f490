//! RSAES-OAEP with its parameters, of which only one set is accepted: that of `RSAES_OAEP_SHA_256` in the KMS API.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_MGF_1, ID_P_SPECIFIED, ID_RSAES_OAEP, ID_SHA_256};

use super::EnvelopeError;
use super::field::{at, expect_oid, open, open_only, take_octets, take_oid, text};
use crate::kms::ber::{Reader, Tag};

const PARAMS: &str = "RSAES-OAEP-params";
const HASH: &str = "RSAES-OAEP-params.hashFunc";
const MASK: &str = "RSAES-OAEP-params.maskGenFunc";
const LABEL: &str = "RSAES-OAEP-params.pSourceFunc";

/// RFC 4055 section 4.1: id-RSAES-OAEP and its parameters.
pub(super) fn key_encryption_algorithm(mut algorithm: Reader<'_>) -> Result<(), EnvelopeError> {
    expect_oid(
        &mut algorithm,
        "keyEncryptionAlgorithm.algorithm",
        ID_RSAES_OAEP,
        |found, expected| EnvelopeError::KeyEncryption { found, expected },
    )?;
    let mut params = open_only(algorithm, Tag::SEQUENCE, PARAMS)?;
    // hashFunc [0] EXPLICIT, by default SHA-1.
    let hash = parameter(&mut params, 0, HASH)?;
    expect_sha256(hash, HASH, |found, expected| EnvelopeError::OaepHash {
        found,
        expected,
    })?;
    // maskGenFunc [1] EXPLICIT, by default MGF1 with SHA-1.
    let mask_hash = match parameter(&mut params, 1, MASK)? {
        Some(mut mask) => {
            // RFC 4055 section 2.2: MGF1 is the only one, and its parameter is the AlgorithmIdentifier of a hash.
            expect_oid(&mut mask, MASK, ID_MGF_1, |found, expected| {
                EnvelopeError::OaepMask { found, expected }
            })?;
            Some(open_only(mask, Tag::SEQUENCE, MASK)?)
        }
        None => None,
    };
    expect_sha256(mask_hash, MASK, |found, expected| EnvelopeError::OaepMaskHash {
        found,
        expected,
    })?;
    // pSourceFunc [2] EXPLICIT, by default id-pSpecified with an empty label.
    if let Some(mut source) = parameter(&mut params, 2, LABEL)? {
        expect_oid(&mut source, LABEL, ID_P_SPECIFIED, |found, expected| {
            EnvelopeError::OaepLabelSource { found, expected }
        })?;
        let label = take_octets(&mut source, Tag::OCTET_STRING, LABEL)?;
        if !label.is_empty() {
            return Err(EnvelopeError::OaepLabel { length: label.len() });
        }
        source.finish().map_err(at(LABEL))?;
    }
    params.finish().map_err(at(PARAMS))
}

/// The AlgorithmIdentifier in the EXPLICIT tag `[number]`, if that is the next element.
fn parameter<'a>(
    params: &mut Reader<'a>,
    number: u8,
    field: &'static str,
) -> Result<Option<Reader<'a>>, EnvelopeError> {
    let tag = Tag::context(number);
    if !params.is_next(tag) {
        return Ok(None);
    }
    let tagged = open(params, tag, field)?;
    open_only(tagged, Tag::SEQUENCE, field).map(Some)
}

/// The hash must be present, because the default is another one, and it must be SHA-256.
fn expect_sha256(
    algorithm: Option<Reader<'_>>,
    field: &'static str,
    refusal: impl FnOnce(Option<String>, String) -> EnvelopeError,
) -> Result<(), EnvelopeError> {
    let hash = match algorithm {
        Some(algorithm) => Some(hash_algorithm(algorithm, field)?),
        None => None,
    };
    if hash == Some(ID_SHA_256) {
        return Ok(());
    }
    Err(refusal(hash.as_ref().map(text), text(&ID_SHA_256)))
}

/// RFC 4055 section 2.1: the parameters of a SHA-2 hash are NULL or absent, and "implementations MUST accept" both.
fn hash_algorithm(mut algorithm: Reader<'_>, field: &'static str) -> Result<ObjectIdentifier, EnvelopeError> {
    let oid = take_oid(&mut algorithm, field)?;
    if !algorithm.is_empty() {
        algorithm
            .expect(Tag::NULL)
            .and_then(|parameters| parameters.null())
            .map_err(at(field))?;
    }
    algorithm.finish().map_err(at(field))?;
    Ok(oid)
}
