//! The URL of a ledger: `sqlite:PATH` or `postgres://…`.

mod error;

use std::fmt;
use std::path::{Path, PathBuf};

pub use error::LedgerUrlError;

use super::place::SQLITE;
use super::{Access, Head, Ledger, LedgerError, LedgerPlace, SqliteLedger, Stamp};
#[cfg(feature = "postgres")]
use super::{PostgresLedger, PostgresPlace};

/// Where a ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A database on a PostgreSQL server.
    #[cfg(feature = "postgres")]
    Postgres(PostgresPlace),
}

impl LedgerUrl {
    /// The scheme of a file.
    pub const SQLITE: &'static str = SQLITE;

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
        if let Some(rest) = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
        {
            return postgres(rest);
        }
        Err(LedgerUrlError::Scheme)
    }

    /// The same place with its relative path taken from `directory`. A relative path in a file is relative to that file.
    #[must_use]
    pub fn beside(self, directory: &Path) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(directory.join(path)),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => Self::Postgres(place.beside(directory)),
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub fn open(&self, access: Access) -> Result<Box<dyn Ledger>, LedgerError> {
        match self {
            Self::Sqlite(path) => Ok(Box::new(SqliteLedger::open(path, access)?)),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => Ok(Box::new(PostgresLedger::open(place, access)?)),
        }
    }
}

impl LedgerUrl {
    /// Creates a new ledger, atomically, and opens it for recording.
    ///
    /// # Errors
    /// [`LedgerError::Exists`] if anything is at that place, or that the ledger cannot be written.
    pub fn create(&self, stamp: &Stamp) -> Result<Box<dyn Ledger>, LedgerError> {
        match self {
            Self::Sqlite(path) => Ok(Box::new(SqliteLedger::create(path, stamp)?)),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => Ok(Box::new(PostgresLedger::create(place, stamp)?)),
        }
    }

    /// Creates a new ledger with the events of another one, which end at `head`.
    pub(super) fn copy_from(&self, source: &dyn Ledger, head: Head) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(path) => SqliteLedger::copy(path, source, head),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => PostgresLedger::copy(place, source, head),
        }
    }

    pub(super) fn place(&self) -> LedgerPlace {
        match self {
            Self::Sqlite(path) => LedgerPlace::file(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => LedgerPlace::server(place),
        }
    }

    /// Whether a ledger is there. Refuses one that cannot be written, and a place where none can be created, before the PIN prompt.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub fn is_there(&self) -> Result<bool, LedgerError> {
        match self {
            Self::Sqlite(path) => SqliteLedger::is_there(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => PostgresLedger::is_there(place),
        }
    }
}

#[cfg(feature = "postgres")]
fn postgres(rest: &str) -> Result<LedgerUrl, LedgerUrlError> {
    PostgresPlace::parse(rest).map(LedgerUrl::Postgres)
}

#[cfg(not(feature = "postgres"))]
const fn postgres(_: &str) -> Result<LedgerUrl, LedgerUrlError> {
    Err(LedgerUrlError::NoPostgres)
}

impl fmt::Display for LedgerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => LedgerPlace::file(path).fmt(f),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => place.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_path() {
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
            ("postgres:h/d", LedgerUrlError::Scheme),
            ("POSTGRES://h/d", LedgerUrlError::Scheme),
            ("sqlite:", LedgerUrlError::NoPath),
            ("hsm-ca.db", LedgerUrlError::Scheme),
        ] {
            assert_eq!(LedgerUrl::parse(url), Err(error), "{url}");
        }
    }
}
