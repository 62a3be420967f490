//! Holes: the octets that are unknown until a key is made.
//!
//! The octets of a key are: for RSA, the modulus without a leading zero; for EC, the coordinates of the point without its first octet; for Ed25519
//! and ML-DSA, the whole public key. The key identifier is the one in the certificate of that key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::signer::PublicKey;

/// What a hole is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HoleContent {
    /// The key's octets in `subjectPublicKeyInfo`.
    Key,
    /// Its `keyIdentifier` (RFC 5280 section 4.2.1.2, method 1): 20 octets.
    KeyIdentifier,
}

/// A hole in the signed bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// The offset of its first octet, from 0.
    pub at: usize,
    /// Its length in octets.
    pub len: usize,
    /// What goes into it.
    pub is: HoleContent,
    /// The step that makes the key.
    pub key: String,
}

/// The octets of a key that fill its holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOctets {
    /// The octets for [`HoleContent::Key`].
    pub key: Vec<u8>,
    /// The octets for [`HoleContent::KeyIdentifier`].
    pub identifier: Vec<u8>,
}

impl KeyOctets {
    /// The octets of a public key.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        Self {
            key: key.own_octets().to_vec(),
            identifier: key.key_identifier(),
        }
    }
}

/// The keys made so far, by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(pub BTreeMap<String, KeyOctets>);

impl Keys {
    pub(super) fn octets_of(&self, hole: &Hole) -> Result<&[u8], &'static str> {
        let octets = self.0.get(&hole.key).ok_or("the key is not made yet")?;
        Ok(match hole.is {
            HoleContent::Key => &octets.key,
            HoleContent::KeyIdentifier => &octets.identifier,
        })
    }
}

/// Checks that holes are in order, do not overlap, lie inside the bytes, and contain zeros.
pub(super) fn check(holes: &[Hole], tbs: &[u8]) -> Result<(), &'static str> {
    let mut end = 0;
    for hole in holes {
        if hole.at < end || hole.len == 0 {
            return Err("its holes overlap or are not in order");
        }
        end = hole.at.saturating_add(hole.len);
        let octets = tbs.get(hole.at..end).ok_or("a hole is outside its bytes")?;
        if octets.iter().any(|octet| *octet != 0) {
            return Err("a hole is not empty");
        }
    }
    Ok(())
}
