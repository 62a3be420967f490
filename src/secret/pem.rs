//! The bytes of a PEM block (RFC 7468), decoded in locked memory.

use base64ct::{Base64, Encoding};

use super::{LockedBytes, MemoryError};

/// Decodes base64 with line breaks. None if it is not base64.
pub(super) fn decode(base64: &str) -> Result<Option<LockedBytes>, MemoryError> {
    let mut encoded = LockedBytes::zeroed(base64.len())?;
    let mut length = 0;
    let characters = base64.bytes().filter(|byte| !byte.is_ascii_whitespace());
    for (place, character) in encoded.expose_mut().iter_mut().zip(characters) {
        *place = character;
        length += 1;
    }
    let mut scratch = LockedBytes::zeroed(length)?;
    let Ok(bytes) = Base64::decode(&encoded.expose()[..length], scratch.expose_mut()) else {
        return Ok(None);
    };
    let mut decoded = LockedBytes::zeroed(bytes.len())?;
    decoded.expose_mut().copy_from_slice(bytes);
    Ok(Some(decoded))
}
