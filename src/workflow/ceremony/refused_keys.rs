//! The list of keys that nothing is signed for (`refused-keys`), as a ceremony has it.

use std::sync::Arc;

use crate::ceremony::Digest;
use crate::signer::{KeyFault, KeyList, KeySearch, PublicKey};

/// The list of keys that nothing is signed for.
#[derive(Clone, Debug)]
pub struct RefusedKeys {
    list: Option<Arc<KeyList>>,
    sha256: Digest,
}

impl RefusedKeys {
    /// A list that was read from a file with this SHA-256.
    #[must_use]
    pub const fn of(list: Arc<KeyList>, sha256: Digest) -> Self {
        let list = Some(list);
        Self { list, sha256 }
    }

    /// The list of a plan, where only its SHA-256 is known: the same plan comes out, and its keys are not looked up again.
    #[must_use]
    pub const fn unread(sha256: Digest) -> Self {
        Self { list: None, sha256 }
    }

    /// SHA-256 of its file.
    #[must_use]
    pub const fn sha256(&self) -> Digest {
        self.sha256
    }

    pub(super) fn list(&self) -> Option<Arc<KeyList>> {
        self.list.clone()
    }
}

/// A fault of a key that exists already.
pub(super) fn find_fault(key: &PublicKey, refused: Option<&RefusedKeys>) -> Option<KeyFault> {
    let listed = refused.and_then(|refused| refused.list.as_ref()?.find_fault(key));
    listed.or_else(|| key.find_fault(KeySearch::Long))
}
