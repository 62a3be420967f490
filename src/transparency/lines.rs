//! The lines of checkpoints and proofs. Each value has only one accepted form.

use base64ct::{Base64, Encoding};

use super::TransparencyError;
use crate::values::Digest;

/// The largest checkpoint or proof in bytes: an event with a CRL of 64 KiB in base64, twice.
pub(super) const LARGEST: usize = 1024 * 1024;

/// The text of a file: UTF-8 in complete lines, without ASCII control characters other than newlines.
pub(super) fn text_of<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a str, TransparencyError> {
    let wrong = |reason: &str| TransparencyError::malformed(what, reason);
    if bytes.len() > LARGEST {
        return Err(wrong("it is larger than 1 MiB"));
    }
    let text = str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text"))?;
    if text
        .chars()
        .any(|character| character != '\n' && character.is_ascii_control())
    {
        return Err(wrong("it has a control character"));
    }
    match text.ends_with('\n') {
        true => Ok(text),
        false => Err(wrong("its last line has no newline")),
    }
}

/// A number without leading zeros or a sign.
pub(super) fn number_of(line: &str) -> Option<u64> {
    let number: u64 = line.parse().ok()?;
    (number.to_string() == line).then_some(number)
}

pub(super) fn base64_of(line: &str) -> Option<Vec<u8>> {
    let bytes = Base64::decode_vec(line).ok()?;
    (Base64::encode_string(&bytes) == line).then_some(bytes)
}

pub(super) fn digest_of(line: &str) -> Option<Digest> {
    base64_of(line)?.try_into().ok().map(Digest)
}

/// The form that [`base64_of`] accepts.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The hashes of a proof, one per line.
pub(super) fn digests_of(what: &'static str, lines: &str) -> Result<Vec<Digest>, TransparencyError> {
    // A tree of 2^64 leaves has paths of 64 hashes, but C2SP tlog-witness permits only 63.
    const MOST: usize = 63;
    let hashes: Option<Vec<_>> = lines.lines().map(digest_of).collect();
    hashes
        .filter(|hashes| hashes.len() <= MOST)
        .ok_or_else(|| TransparencyError::malformed(what, "one of its lines is not a SHA-256 in base64"))
}
