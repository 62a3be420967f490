//! The document itself: a map with the fields, and their limits, of `docs/attestation_process.md` in
//! aws/aws-nitro-enclaves-nsm-api.

use std::collections::BTreeSet;

use minicbor::data::Type;
use minicbor::decode::Decoder;

use super::AttestationError;
use super::cbor::{Entries, at, finish, skip_value};

const DOCUMENT: &str = "the document";

/// The fields that must be present. `public_key` may be left out.
const NEEDED: [&str; 3] = ["module_id", "timestamp", "digest"];

/// attestation_process.md, section 3.2.2.2: the length of `public_key`.
const LONGEST_PUBLIC_KEY: usize = 1024;

/// The fields that this program uses.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) module_id: String,
    pub(super) public_key: Option<Vec<u8>>,
}

impl Fields {
    /// attestation_process.md, section 2.2.
    pub(super) fn read(payload: &[u8]) -> Result<Self, AttestationError> {
        let mut decoder = Decoder::new(payload);
        let mut fields = Self::default();
        let mut seen = BTreeSet::new();
        // Both forms of map are in use: `a9` and `bf`.
        let mut entries = Entries::of_map(&mut decoder, DOCUMENT)?;
        while entries.has_next(&mut decoder, DOCUMENT)? {
            let key = decoder.str().map_err(at(DOCUMENT))?;
            // RFC 8949 section 5.6: a map with a duplicate key is not valid, and readers differ in which value they use.
            if !seen.insert(key) {
                return Err(AttestationError::Duplicate {
                    part: DOCUMENT,
                    key: Some(key.chars().take(40).collect()),
                });
            }
            fields.field(key, &mut decoder)?;
        }
        finish(&decoder, DOCUMENT)?;
        if let Some(field) = NEEDED.into_iter().find(|field| !seen.contains(field)) {
            return Err(AttestationError::Missing { field });
        }
        Ok(fields)
    }

    /// The value of the field `key`: section 3.2.2.2 of attestation_process.md has the limits. Only KMS needs the certificates and PCRs.
    fn field(&mut self, key: &str, decoder: &mut Decoder<'_>) -> Result<(), AttestationError> {
        let wrong = |field, reason: &str| AttestationError::Value {
            field,
            reason: reason.to_owned(),
        };
        match key {
            "module_id" => {
                let value = decoder.str().map_err(at("module_id"))?;
                // People read it, so nothing in it may move a cursor.
                if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(wrong("module_id", "is empty, or is not printable ASCII"));
                }
                self.module_id = value.to_owned();
            }
            "timestamp" => {
                if decoder.u64().map_err(at("timestamp"))? == 0 {
                    return Err(wrong("timestamp", "is 0"));
                }
            }
            "digest" => {
                if decoder.str().map_err(at("digest"))? != "SHA384" {
                    return Err(wrong("digest", "is not SHA384"));
                }
            }
            // The module writes null for a field that was not requested, although the document says "No field content can be null".
            "public_key" if decoder.datatype().map_err(at("public_key"))? == Type::Null => {
                decoder.null().map_err(at("public_key"))?;
            }
            "public_key" => {
                let value = decoder.bytes().map_err(at("public_key"))?;
                if value.is_empty() || value.len() > LONGEST_PUBLIC_KEY {
                    let reason = format!("has {} bytes, not 1 to {LONGEST_PUBLIC_KEY}", value.len());
                    return Err(wrong("public_key", &reason));
                }
                self.public_key = Some(value.to_vec());
            }
            _ => skip_value(decoder, DOCUMENT, 1)?,
        }
        Ok(())
    }
}
