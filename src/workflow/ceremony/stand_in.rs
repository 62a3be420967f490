//! Stand-ins for the ceremony's keys that are in a safe or not made yet. They are made for one check and never kept.

use crate::signer::{KeyAlgorithm, PublicKey};
use crate::x509::{ThrowawayKey, X509Error};

/// A key of the same type as a key of the ceremony.
#[derive(Debug)]
pub(super) struct StandIn {
    pub(super) key: ThrowawayKey,
    /// Its public key. In a draft, it replaces the key of the ceremony.
    pub(super) public_key: PublicKey,
    /// The public key of the real key, if it is already known.
    pub(super) known: Option<PublicKey>,
}

impl StandIn {
    /// A stand-in for a key that does not exist yet.
    pub(super) fn of(kind: KeyAlgorithm) -> Result<Self, X509Error> {
        let key = ThrowawayKey::of(kind)?;
        Ok(Self {
            public_key: key.public_key()?,
            key,
            known: None,
        })
    }

    /// A stand-in for a key that exists.
    pub(super) fn for_known(known: PublicKey) -> Result<Self, X509Error> {
        Ok(Self {
            known: Some(known.clone()),
            ..Self::of(known.algorithm())?
        })
    }
}
