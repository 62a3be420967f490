//! The values that only a ledger has, and their one spelling in an event: bytes as hex or base64.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::values::Digest;

/// The number of the event that began an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub u64);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Text that is not in the form of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misspelt(pub(super) &'static str);

impl Misspelt {
    pub(super) const fn head() -> Self {
        Self("COUNT:HASH, as `ledger verify` prints it")
    }
}

impl fmt::Display for Misspelt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it must be {}", self.0)
    }
}

impl std::error::Error for Misspelt {}

/// Encoded bytes, written in events as base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Der(pub Vec<u8>);

impl Serialize for Der {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Der {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(DerText)
    }
}

struct DerText;

impl Visitor<'_> for DerText {
    type Value = Der;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Der, E> {
        let decoded = STANDARD.decode(text);
        decoded.map(Der).map_err(|_| E::custom(Misspelt("base64")))
    }
}

/// SHA-256 of the signed bytes: the first element of a SEQUENCE, as in `Certificate`, `CertificateList`, `CertificationRequest` and
/// `BasicOCSPResponse`. The ledger parses no more DER than this.
pub(super) fn first_element_digest(der: &[u8]) -> Option<Digest> {
    let (_, content) = header(der).filter(|_| der.first() == Some(&0x30))?;
    let inner = der.get(content..)?;
    let (length, start) = header(inner)?;
    Some(Digest::of(inner.get(..start.checked_add(length)?)?))
}

/// The length of a DER element's content and the offset of the content (X.690 section 8.1.3, definite form).
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.get(1)?;
    if first < 0x80 {
        return Some((usize::from(first), 2));
    }
    let count = usize::from(first & 0x7f);
    let octets = bytes.get(2..count.checked_add(2)?)?;
    if count == 0 || count > size_of::<u32>() {
        return None;
    }
    let length = octets
        .iter()
        .fold(0, |length, octet| length << 8 | usize::from(*octet));
    Some((length, count + 2))
}

impl fmt::Debug for Der {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_the_first_element() {
        let long = [&[0x04, 0x81, 0x80][..], &[7; 128]].concat();
        let outer = [&[0x30, 0x81, 0x85][..], &long, &[5, 0]].concat();
        assert_eq!(first_element_digest(&outer), Some(Digest::of(&long)));
        for wrong in [
            &[][..],
            &[0x30],
            &[0x30, 2, 4],
            &[0x31, 2, 5, 0],
            &[0x30, 2, 4, 9],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x80, 5, 0],
        ] {
            assert_eq!(first_element_digest(wrong), None, "{wrong:?}");
        }
    }
}
