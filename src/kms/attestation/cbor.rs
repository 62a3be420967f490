//! CBOR (RFC 8949) that is skipped: it must be well-formed, without duplicate keys, and not too deep.

use std::collections::BTreeSet;

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

use super::AttestationError;

/// How deep arrays, maps and tags may be nested. A document has two or three levels.
const DEEPEST: usize = 16;

/// Adds the name of the part to the decoder's error, which names types and positions, never values.
pub(super) fn at(part: &'static str) -> impl FnOnce(Error) -> AttestationError {
    move |error| AttestationError::Cbor {
        part,
        reason: error.to_string(),
    }
}

pub(super) fn finish(decoder: &Decoder<'_>, part: &'static str) -> Result<(), AttestationError> {
    match decoder.input().len().saturating_sub(decoder.position()) {
        0 => Ok(()),
        count => Err(AttestationError::Trailing { part, count }),
    }
}

/// Counts the entries of an array or map; `None` for one that ends with a break.
pub(super) struct Entries(Option<u64>);

impl Entries {
    fn of_array(decoder: &mut Decoder<'_>, part: &'static str) -> Result<Self, AttestationError> {
        decoder.array().map(Self).map_err(at(part))
    }

    pub(super) fn of_map(decoder: &mut Decoder<'_>, part: &'static str) -> Result<Self, AttestationError> {
        decoder.map().map(Self).map_err(at(part))
    }

    /// Whether another entry begins here; a break is consumed. A length beyond the input fails at the end of the input, because every entry takes a
    /// byte or more.
    pub(super) fn has_next(
        &mut self,
        decoder: &mut Decoder<'_>,
        part: &'static str,
    ) -> Result<bool, AttestationError> {
        if let Some(left) = self.0 {
            self.0 = Some(left.saturating_sub(1));
            return Ok(left > 0);
        }
        let ends = decoder.datatype().map_err(at(part))? == Type::Break;
        if ends {
            decoder.set_position(decoder.position().saturating_add(1));
        }
        Ok(!ends)
    }
}

pub(super) fn skip_map(decoder: &mut Decoder<'_>, part: &'static str) -> Result<(), AttestationError> {
    match decoder.datatype().map_err(at(part))? {
        Type::Map | Type::MapIndef => skip_value(decoder, part, 0),
        other => Err(AttestationError::Cbor {
            part,
            reason: format!("{other} instead of a map"),
        }),
    }
}

/// Skips one value of any type, as long as it is CBOR and no map in it has a key twice. Keys are compared by their encoding. `depth` counts the
/// levels around the value.
pub(super) fn skip_value(
    decoder: &mut Decoder<'_>,
    part: &'static str,
    depth: usize,
) -> Result<(), AttestationError> {
    if depth >= DEEPEST {
        return Err(AttestationError::TooDeep {
            part,
            deepest: DEEPEST,
        });
    }
    match decoder.datatype().map_err(at(part))? {
        Type::Array | Type::ArrayIndef => {
            let mut entries = Entries::of_array(decoder, part)?;
            while entries.has_next(decoder, part)? {
                skip_value(decoder, part, depth + 1)?;
            }
        }
        Type::Map | Type::MapIndef => {
            let mut entries = Entries::of_map(decoder, part)?;
            let mut seen = BTreeSet::new();
            while entries.has_next(decoder, part)? {
                let begin = decoder.position();
                skip_value(decoder, part, depth + 1)?;
                if !seen.insert(decoder.input().get(begin..decoder.position())) {
                    return Err(AttestationError::Duplicate { part, key: None });
                }
                skip_value(decoder, part, depth + 1)?;
            }
        }
        Type::Tag => {
            decoder.tag().map_err(at(part))?;
            skip_value(decoder, part, depth + 1)?;
        }
        Type::Break => {
            return Err(AttestationError::Cbor {
                part,
                reason: format!("a break out of place at position {}", decoder.position()),
            });
        }
        _ => decoder.skip().map_err(at(part))?,
    }
    Ok(())
}
