//! The list of refused keys (`refused-keys`), as used by a ceremony.

use std::sync::Arc;

use crate::ceremony::Digest;
use crate::signer::{KeyFault, KeyList, KeySearch, PublicKey};

/// The list of keys for which nothing is signed.
#[derive(Clone, Debug)]
pub struct RefusedKeys {
    list: Option<Arc<KeyList>>,
    sha256: Digest,
}

impl RefusedKeys {
    /// A list from a file with this SHA-256.
    #[must_use]
    pub const fn of(list: Arc<KeyList>, sha256: Digest) -> Self {
        let list = Some(list);
        Self { list, sha256 }
    }

    /// The list of a plan, when only its SHA-256 is known. The plan comes out the same, and the keys are not looked up again.
    #[must_use]
    pub const fn unread(sha256: Digest) -> Self {
        Self { list: None, sha256 }
    }

    /// SHA-256 of the list's file.
    #[must_use]
    pub const fn sha256(&self) -> Digest {
        self.sha256
    }

    pub(super) fn list(&self) -> Option<Arc<KeyList>> {
        self.list.clone()
    }
}

/// Finds a fault of a key that already exists.
pub(super) fn find_fault(key: &PublicKey, refused: Option<&RefusedKeys>) -> Option<KeyFault> {
    let listed = refused.and_then(|refused| refused.list.as_ref()?.find_fault(key));
    listed.or_else(|| key.find_fault(KeySearch::Long))
}
