//! The octets that are not known before a key is made.
//!
//! A key's octets are: the modulus of an RSA key (without a leading zero); the coordinates of an EC point, without its first octet; the whole
//! public key of Ed25519 and ML-DSA. A key identifier is the one that the certificate of that key has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::signer::PublicKey;

/// What goes into a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HoleContent {
    /// The key's octets in `subjectPublicKeyInfo`.
    Key,
    /// Its `keyIdentifier` (RFC 5280 section 4.2.1.2, method 1): 20 octets.
    KeyIdentifier,
}

/// A place in the signed bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// Its first octet, from 0.
    pub at: usize,
    /// How many octets.
    pub len: usize,
    /// What goes in.
    pub is: HoleContent,
    /// The step that makes the key.
    pub key: String,
}

/// What a key fills in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOctets {
    /// For [`HoleContent::Key`].
    pub key: Vec<u8>,
    /// For [`HoleContent::KeyIdentifier`].
    pub identifier: Vec<u8>,
}

impl KeyOctets {
    /// Those of a public key.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        Self {
            key: key.own_octets().to_vec(),
            identifier: key.key_identifier(),
        }
    }
}

/// The keys that are made so far, by step.
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

/// Holes are in order, do not overlap, are inside the bytes, and hold zeros.
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
