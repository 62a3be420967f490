//! Where a ledger is: `sqlite:PATH`.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Ledger, LedgerError, SqliteLedger, Stamp};

/// Where a ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerUrl {
    /// A file.
    Sqlite(PathBuf),
}

/// What a ledger is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To look at it: nothing is created or changed.
    Read,
    /// To decide a signature by it: nothing is created or changed, and one whose tables are not what its events say is refused.
    Decide,
    /// To record in it. It must be there: [`LedgerUrl::create`] makes one.
    Record,
}

impl LedgerUrl {
    /// The scheme of a file.
    pub const SQLITE: &'static str = "sqlite:";

    /// Reads `sqlite:PATH`.
    ///
    /// # Errors
    /// [`LedgerUrlError`]
    pub fn parse(url: &str) -> Result<Self, LedgerUrlError> {
        if let Some(path) = url.strip_prefix(Self::SQLITE) {
            return match path {
                "" => Err(LedgerUrlError::NoPath),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            };
        }
        if ["postgres:", "postgresql:"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(LedgerUrlError::Postgres);
        }
        Err(LedgerUrlError::Scheme)
    }

    /// The same place, seen from `directory`: a relative path in a file means beside the file.
    #[must_use]
    pub fn beside(self, directory: &Path) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(directory.join(path)),
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub fn open(&self, access: Access) -> Result<Box<dyn Ledger>, LedgerError> {
        match self {
            Self::Sqlite(path) => Ok(Box::new(SqliteLedger::open(path, access)?)),
        }
    }
}

impl LedgerUrl {
    /// Makes a new ledger, whole or not at all, and opens it for recording.
    ///
    /// # Errors
    /// [`LedgerError::Exists`] whatever is at that place, or that the ledger cannot be written.
    pub fn create(&self, stamp: &Stamp) -> Result<Box<dyn Ledger>, LedgerError> {
        match self {
            Self::Sqlite(path) => Ok(Box::new(SqliteLedger::create(path, stamp)?)),
        }
    }

    /// Whether a ledger is there. Refuses one that could not be recorded in, and a place where none could be made: before the PIN prompt.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub fn is_there(&self) -> Result<bool, LedgerError> {
        match self {
            Self::Sqlite(path) => SqliteLedger::is_there(path),
        }
    }
}

impl fmt::Display for LedgerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => LedgerPlace::file(path).fmt(f),
        }
    }
}

/// Where a ledger is, to be shown in errors: as a [`LedgerUrl`] is written, but never with a password, which the URL of a server may
/// hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPlace(String);

impl LedgerPlace {
    pub(super) fn file(path: &Path) -> Self {
        Self(format!("{}{}", LedgerUrl::SQLITE, path.display()))
    }
}

impl fmt::Display for LedgerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text names no ledger. It is not repeated: a URL of a server may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerUrlError {
    /// `sqlite:` and nothing else.
    NoPath,
    /// PostgreSQL, which this version cannot do.
    Postgres,
    /// Anything else.
    Scheme,
}

impl fmt::Display for LedgerUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPath => "sqlite: without a path",
            Self::Postgres => "a ledger on PostgreSQL is not supported yet",
            Self::Scheme => "it does not start with sqlite:",
        })
    }
}

impl std::error::Error for LedgerUrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_a_file_so_far() {
        let parsed = LedgerUrl::parse("sqlite:a/b.db").unwrap();
        assert_eq!(parsed, LedgerUrl::Sqlite("a/b.db".into()));
        let place = LedgerPlace::file(Path::new("a/b.db"));
        assert_eq!(place.to_string(), parsed.to_string());
        assert_eq!(
            parsed.clone().beside(Path::new("/c")).to_string(),
            "sqlite:/c/a/b.db"
        );
        assert_eq!(
            LedgerUrl::parse("sqlite:/x")
                .unwrap()
                .beside(Path::new("/c"))
                .to_string(),
            "sqlite:/x"
        );
        for (url, error) in [
            ("postgres://u:p@h/d", LedgerUrlError::Postgres),
            ("postgresql://h/d", LedgerUrlError::Postgres),
            ("sqlite:", LedgerUrlError::NoPath),
            ("hsm-ca.db", LedgerUrlError::Scheme),
        ] {
            assert_eq!(LedgerUrl::parse(url), Err(error), "{url}");
        }
    }
}
