//! Where a ledger is, and what it is opened for.

use std::fmt;
use std::path::Path;

/// The scheme of a file.
pub(super) const SQLITE: &str = "sqlite:";

/// What a ledger is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// For reading: nothing is created or changed.
    Read,
    /// For deciding about a signature: nothing is created or changed, and a ledger whose tables contradict its events is refused.
    Decide,
    /// For recording. The ledger must exist: [`LedgerUrl::create`](super::LedgerUrl::create) creates one.
    Record,
}

/// Where a ledger is, for errors: a [`LedgerUrl`](super::LedgerUrl) without the password that a server's URL may contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPlace(String);

impl LedgerPlace {
    pub(super) fn file(path: &Path) -> Self {
        Self(format!("{}{}", SQLITE, path.display()))
    }

    /// Whether it is on a server, not in a file.
    #[must_use]
    pub fn is_on_server(&self) -> bool {
        !self.0.starts_with(SQLITE)
    }

    #[cfg(feature = "postgres")]
    pub(super) fn server(place: &impl fmt::Display) -> Self {
        Self(place.to_string())
    }
}

impl fmt::Display for LedgerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
