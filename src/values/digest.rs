//! A SHA-256, as text: 64 lower-case hex digits.

use std::fmt;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256, by which the ledger and ceremonies identify bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Passes its text to a function.
    fn spell<T>(&self, to: impl FnOnce(&str) -> Result<T, fmt::Error>) -> Result<T, fmt::Error> {
        let mut digits = [0; 64];
        hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
        to(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spell(|text| f.write_str(text))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    /// Upper-case digits are refused: each hash has one spelling.
    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| NotADigest)?;
        let is_lower = !text.bytes().any(|digit| digit.is_ascii_uppercase());
        is_lower.then_some(Self(digest)).ok_or(NotADigest)
    }
}

/// Its text. Ledgers have millions of them, so no `String` is allocated in either direction.
impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(DigestText)
    }
}

struct DigestText;

impl Visitor<'_> for DigestText {
    type Value = Digest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&NotADigest, f)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Digest, E> {
        text.parse().map_err(E::custom)
    }
}

/// The text is not a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADigest;

impl fmt::Display for NotADigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SHA-256 has 64 lower-case hex digits")
    }
}

impl std::error::Error for NotADigest {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_spelling() {
        // FIPS 180-4, "abc"
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let digest = Digest::of(b"abc");
        assert_eq!((digest.to_string().as_str(), text.parse()), (text, Ok(digest)));
        assert_eq!(serde_json::to_string(&digest).unwrap(), format!("\"{text}\""));
        for wrong in [
            "",
            &text[1..],
            &text.to_uppercase(),
            &format!("{text}00"),
            &format!(" {text}"),
            &text.replace('b', "g"),
        ] {
            assert_eq!(wrong.parse::<Digest>(), Err(NotADigest), "{wrong:?}");
        }
    }
}
