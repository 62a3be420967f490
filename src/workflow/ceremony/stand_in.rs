//! Keys that stand in for those of the ceremony, which are in a safe or not made yet. They are made for one check and never kept.

use crate::signer::{KeyAlgorithm, PublicKey};
use crate::x509::{ThrowawayKey, X509Error};

/// A key of the same kind as one of the ceremony.
#[derive(Debug)]
pub(super) struct StandIn {
    pub(super) key: ThrowawayKey,
    /// Its public half: in a draft it is where the key of the ceremony will be.
    pub(super) public_key: PublicKey,
    /// The public half of the key itself, where it is known already.
    pub(super) known: Option<PublicKey>,
}

impl StandIn {
    /// For a key that does not exist yet.
    pub(super) fn of(kind: KeyAlgorithm) -> Result<Self, X509Error> {
        let key = ThrowawayKey::of(kind)?;
        Ok(Self {
            public_key: key.public_key()?,
            key,
            known: None,
        })
    }

    /// For a key that exists.
    pub(super) fn for_known(known: PublicKey) -> Result<Self, X509Error> {
        Ok(Self {
            known: Some(known.clone()),
            ..Self::of(known.algorithm())?
        })
    }
}
