//! Octets in a file of a ceremony: base64 (RFC 4648 section 4, with padding).

use std::fmt;

use base64ct::{Base64, Encoding as _};
use serde::{Deserialize, Serialize};

/// Octets, as base64 in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Octets(pub Vec<u8>);

impl TryFrom<String> for Octets {
    type Error = NotBase64;

    fn try_from(text: String) -> Result<Self, NotBase64> {
        let octets = Base64::decode_vec(&text).map_err(|_| NotBase64)?;
        // Every sequence of octets has exactly one accepted encoding.
        (Base64::encode_string(&octets) == text)
            .then_some(Self(octets))
            .ok_or(NotBase64)
    }
}

impl From<Octets> for String {
    fn from(octets: Octets) -> Self {
        Base64::encode_string(&octets.0)
    }
}

/// The text is not base64 with padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotBase64;

impl fmt::Display for NotBase64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not base64 with padding")
    }
}

impl std::error::Error for NotBase64 {}
