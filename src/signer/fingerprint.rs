//! The fingerprint that two people compare, to check that they mean the same public key.

use std::fmt;
use std::str::FromStr;

use super::{Hex, PublicKey, sha256};

/// The length of a SHA-256 digest.
const BYTES: usize = 32;

/// SHA-256 over the DER `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), including the algorithm identifier: what `openssl pkey -pubin
/// -outform DER | sha256sum` prints. Displayed and parsed as hex, with or without colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFingerprint([u8; BYTES]);

/// Not 32 bytes in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFingerprint;

impl fmt::Display for NoFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fingerprint has 64 hex digits, with or without colons")
    }
}

impl std::error::Error for NoFingerprint {}

impl KeyFingerprint {
    /// From the bytes; `None` unless there are 32.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; BYTES] {
        &self.0
    }
}

impl From<[u8; BYTES]> for KeyFingerprint {
    fn from(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }
}

impl PublicKey {
    /// The fingerprint for people to compare.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint(sha256(self.der()))
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl FromStr for KeyFingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let digits = if text.contains(':') {
            // Colons are allowed only between bytes, so a missing digit is detected.
            let bytes: Vec<&str> = text.split(':').collect();
            bytes
                .iter()
                .all(|byte| byte.len() == 2)
                .then(|| bytes.concat())
                .ok_or(NoFingerprint)?
        } else {
            text.to_owned()
        };
        let mut bytes = [0; BYTES];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| NoFingerprint)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_reads_with_and_without_colons_in_either_case() {
        let bytes: Vec<u8> = (0xa0..0xc0).collect();
        let fingerprint = KeyFingerprint::from_bytes(&bytes).unwrap();
        let hex = fingerprint.to_string();
        let pairs: Vec<&str> = (0..32).map(|place| &hex[2 * place..2 * place + 2]).collect();
        for text in [hex.clone(), hex.to_uppercase(), pairs.join(":")] {
            assert_eq!(text.parse(), Ok(fingerprint), "{text}");
        }
        for wrong in [
            "",
            &hex[1..],
            &hex[2..],
            &format!("{hex}00"),
            &hex.replace('a', "g"),
            &pairs.join(" "),
            &format!("{}:", pairs.join(":")),
            &pairs.join("::"),
            &format!("+{}", &hex[1..]),
            &"é".repeat(32),
        ] {
            assert_eq!(wrong.parse::<KeyFingerprint>(), Err(NoFingerprint), "{wrong}");
        }
        assert_eq!(KeyFingerprint::from_bytes(&bytes[1..]), None);
    }
}
