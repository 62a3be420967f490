//! The `COSE_Sign1` around the document.

use minicbor::data::Type;
use minicbor::decode::Decoder;

use super::AttestationError;
use super::cbor::{at, finish, skip_map};

/// RFC 9052 section 2: the CBOR tag of a `COSE_Sign1`.
const COSE_SIGN1: u64 = 18;

const WHOLE: &str = "COSE_Sign1";
const PROTECTED: &str = "the protected header";
const UNPROTECTED: &str = "the unprotected header";

/// RFC 9052 section 4.2: `COSE_Sign1 = [ Headers, payload : bstr / nil, signature : bstr ]`, where Headers are two entries.
pub(super) fn cose_payload(bytes: &[u8]) -> Result<&[u8], AttestationError> {
    let mut decoder = Decoder::new(bytes);
    let not = |found| AttestationError::NotCoseSign1 { found };
    let mut kind = decoder.datatype().map_err(at(WHOLE))?;
    // RFC 9052 section 2: tagged or not. The Nitro Secure Module does not tag it.
    if kind == Type::Tag {
        let tag = decoder.tag().map_err(at(WHOLE))?.as_u64();
        if tag != COSE_SIGN1 {
            return Err(not(format!("CBOR tag {tag}")));
        }
        kind = decoder.datatype().map_err(at(WHOLE))?;
    }
    // The module does not make arrays of indefinite length.
    if kind != Type::Array {
        return Err(not(kind.to_string()));
    }
    let length = decoder.array().map_err(at(WHOLE))?.unwrap_or_default();
    if length != 4 {
        return Err(not(format!("an array of {length}")));
    }
    // RFC 9052 section 3: empty_or_serialized_map, a byte string in both cases.
    let protected = decoder.bytes().map_err(at(PROTECTED))?;
    if !protected.is_empty() {
        let mut header = Decoder::new(protected);
        skip_map(&mut header, PROTECTED)?;
        finish(&header, PROTECTED)?;
    }
    skip_map(&mut decoder, UNPROTECTED)?;
    // `nil` stands for a payload that is transported separately (RFC 9052 section 2).
    let payload = decoder.bytes().map_err(at("the payload"))?;
    let signature = decoder.bytes().map_err(at("the signature"))?;
    if signature.is_empty() {
        return Err(AttestationError::Missing { field: "signature" });
    }
    finish(&decoder, WHOLE)?;
    Ok(payload)
}
