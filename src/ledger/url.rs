//! The URL of a ledger: `sqlite:PATH` or `postgres://…`.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Head, Ledger, LedgerError, SqliteLedger, Stamp};
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

/// What a ledger is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// For reading: nothing is created or changed.
    Read,
    /// For deciding about a signature: nothing is created or changed, and a ledger whose tables contradict its events is refused.
    Decide,
    /// For recording. The ledger must exist: [`LedgerUrl::create`] creates one.
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

/// Where a ledger is, for errors: a [`LedgerUrl`] without the password that a server's URL may contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPlace(String);

impl LedgerPlace {
    pub(super) fn file(path: &Path) -> Self {
        Self(format!("{}{}", LedgerUrl::SQLITE, path.display()))
    }

    /// Whether it is on a server, not in a file.
    #[must_use]
    pub fn is_on_server(&self) -> bool {
        !self.0.starts_with(LedgerUrl::SQLITE)
    }

    #[cfg(feature = "postgres")]
    pub(super) fn server(place: &PostgresPlace) -> Self {
        Self(place.to_string())
    }
}

impl fmt::Display for LedgerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not the URL of a ledger. The error does not repeat the text, which may contain a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerUrlError {
    /// `sqlite:` without a path.
    NoPath,
    /// PostgreSQL, which this build does not support.
    NoPostgres,
    /// A password, which other users could see.
    Password,
    /// A server without a database.
    NoDatabase,
    /// A database without a server.
    NoHost,
    /// Not a name, address or port of a server.
    Host,
    /// Text that is not percent-encoded UTF-8, or that contains control characters.
    Encoding,
    /// An unknown, repeated or empty option.
    Option,
    /// An `sslmode` that does not check the server's certificate and its name.
    SslMode,
    /// An unencrypted connection over a network.
    Plain,
    /// No `sslrootcert`, so the server's certificate cannot be checked.
    NoRootCertificates,
    /// One of `sslcert` and `sslkey` without the other.
    ClientCertificate,
    /// Anything else.
    Scheme,
}

impl fmt::Display for LedgerUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPath => "sqlite: without a path",
            Self::NoPostgres => "this build has no network code, so it does not support PostgreSQL",
            Self::Password => "it has a place for a password, which others could see",
            Self::NoDatabase => "it names no database: write postgres://HOST/DATABASE",
            Self::NoHost => "it names no server: write postgres://HOST/DATABASE, or ?host=/DIRECTORY for a socket",
            Self::Host => "its server must be a name, an IPv4 address, an IPv6 address in brackets, or a directory with / as %2F, and a port from 1 to 65535",
            Self::Encoding => "it is not percent-encoded UTF-8 text",
            Self::Option => "it has an unknown, repeated or empty option; the options are host=/DIRECTORY, port, sslmode, sslrootcert, sslcert and sslkey",
            Self::SslMode => "sslmode must be verify-full, or disable on this machine",
            Self::Plain => "over a network, sslmode must be verify-full",
            Self::NoRootCertificates => "the server's certificate must be checked: add ?sslmode=verify-full&sslrootcert=FILE",
            Self::ClientCertificate => "sslcert and sslkey go together: the issuer's certificate, and its key",
            Self::Scheme => "it starts with neither sqlite: nor postgres://",
        })
    }
}

impl std::error::Error for LedgerUrlError {}

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
