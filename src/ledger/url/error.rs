//! Why a text is not the URL of a ledger.

use std::fmt;

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
