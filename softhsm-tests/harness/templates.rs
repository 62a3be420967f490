//! Rigs that are made once and copied for each test: a copy takes milliseconds, a new CA seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Rig, TokenKind};

/// The rigs of one kind, by key.
pub(crate) struct Templates<K>(Mutex<BTreeMap<K, Arc<OnceLock<Rig>>>>);

impl<K: Ord> Templates<K> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// A copy of the rig for that key, which is made if necessary. Tests that need another one do not wait for it.
    pub(crate) fn copy_of(&self, key: K, make: impl FnOnce() -> Rig) -> Rig {
        let template = {
            let mut templates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(templates.entry(key).or_default())
        };
        template.get_or_init(make).copy()
    }
}

/// A ready CA with this kind of key. Each test gets its own token, because SoftHSM 2.6.1 rewrites the token file at every login, and
/// another process that reads it at that moment sees no token.
pub(crate) fn authority(kind: TokenKind, spec: &'static str) -> Rig {
    static TEMPLATES: Templates<(&'static str, &'static str)> = Templates::new();
    TEMPLATES.copy_of((kind.title(), spec), || Rig::of(kind).with_authority(spec))
}

/// The CA for most tests.
pub(crate) fn ready_authority() -> Rig {
    authority(TokenKind::SoftHsm, "RSA_2048")
}
