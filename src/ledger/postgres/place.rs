//! `postgres://[USER@]HOST[:PORT][,HOST[:PORT]…]/DATABASE[?KEY=VALUE&…]`: which server, in whose name, and how it must identify itself.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::LedgerUrlError;
use super::local_copy::Copies;
use crate::secret::Pin;

/// The port when none is named.
const PORT: u16 = 5432;

/// A database on a server, or on one of several of which one accepts changes.
#[derive(Clone)]
pub struct PostgresPlace {
    /// As whom; without it as the user of this process.
    pub(super) user: Option<String>,
    pub(super) hosts: Vec<Host>,
    pub(super) database: String,
    /// The certificates that the server's is checked with, where the connection is encrypted.
    pub(super) root_certificates: Option<PathBuf>,
    pub(super) password: Option<Arc<Pin>>,
    /// Whom a new ledger lets append.
    pub(super) writer: Option<String>,
    pub(super) copies: Option<Copies>,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// The directory that its socket is in.
    Directory(PathBuf, u16),
    /// A name or an address.
    Tcp(String, u16),
}

impl PostgresPlace {
    /// Reads what follows `postgres://`.
    pub(in crate::ledger) fn parse(rest: &str) -> Result<Self, LedgerUrlError> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (server, database) = rest.split_once('/').ok_or(LedgerUrlError::NoDatabase)?;
        let (user, hosts) = match server.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, server),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return Err(LedgerUrlError::Password);
        }
        let user = user.filter(|user| !user.is_empty()).map(decode).transpose()?;
        let database = decode(database)?;
        if database.is_empty() || database.contains('/') {
            return Err(LedgerUrlError::NoDatabase);
        }
        let mut place = Self {
            user,
            hosts: Vec::new(),
            database,
            root_certificates: None,
            password: None,
            writer: None,
            copies: None,
        };
        let mut options = Options::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or(LedgerUrlError::Option)?;
            options.take(key, decode(value)?)?;
        }
        for host in hosts.split(',').filter(|host| !host.is_empty()) {
            place.hosts.push(Host::parse(host)?);
        }
        if let Some(directory) = options.directory {
            let port = options.port.unwrap_or(PORT);
            place.hosts.push(Host::Directory(directory, port));
        }
        place.root_certificates = options.root_certificates;
        place.refuse_open_way(options.plain)?;
        Ok(place)
    }

    /// Over a network only to a server whose certificate and name are checked.
    fn refuse_open_way(&self, plain: Option<bool>) -> Result<(), LedgerUrlError> {
        if self.hosts.is_empty() {
            return Err(LedgerUrlError::NoHost);
        }
        if self.hosts.iter().all(Host::is_here) {
            // A certificate may be asked for here too.
            return match (plain, &self.root_certificates) {
                (Some(false), None) => Err(LedgerUrlError::NoRootCertificates),
                (Some(true), Some(_)) => Err(LedgerUrlError::Option),
                _ => Ok(()),
            };
        }
        match (plain, &self.root_certificates) {
            (Some(true), _) => Err(LedgerUrlError::Plain),
            (_, None) => Err(LedgerUrlError::NoRootCertificates),
            _ => Ok(()),
        }
    }

    /// The same place; a relative path is seen from `directory`.
    pub(in crate::ledger) fn beside(mut self, directory: &Path) -> Self {
        self.root_certificates = self.root_certificates.map(|path| directory.join(path));
        self
    }

    /// The same place, with the password of the user. It is shown nowhere.
    #[must_use]
    pub fn with_password(mut self, password: Arc<Pin>) -> Self {
        self.password = Some(password);
        self
    }

    /// The same place, where a new ledger lets this role read and append, and do nothing else.
    #[must_use]
    pub fn with_writer(mut self, role: String) -> Self {
        self.writer = Some(role);
        self
    }

    /// The files that it names.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.root_certificates.iter().cloned().collect()
    }
}

/// What follows the question mark, under the names that libpq has for it.
#[derive(Debug, Default)]
struct Options {
    directory: Option<PathBuf>,
    port: Option<u16>,
    plain: Option<bool>,
    root_certificates: Option<PathBuf>,
}

impl Options {
    fn take(&mut self, key: &str, value: String) -> Result<(), LedgerUrlError> {
        let is_first = match key {
            "host" if value.starts_with('/') => self.directory.replace(value.into()).is_none(),
            "port" => self.port.replace(port(&value)?).is_none(),
            "sslmode" => {
                let plain = match value.as_str() {
                    "verify-full" => false,
                    "disable" => true,
                    _ => return Err(LedgerUrlError::SslMode),
                };
                self.plain.replace(plain).is_none()
            }
            "sslrootcert" if !value.is_empty() => self.root_certificates.replace(value.into()).is_none(),
            "password" | "passfile" | "sslpassword" => return Err(LedgerUrlError::Password),
            _ => return Err(LedgerUrlError::Option),
        };
        is_first.then_some(()).ok_or(LedgerUrlError::Option)
    }
}

fn port(text: &str) -> Result<u16, LedgerUrlError> {
    text.parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or(LedgerUrlError::Host)
}

impl Host {
    /// A name, an IPv4 address, or an IPv6 address in brackets; a directory with its slashes as `%2F`.
    fn parse(text: &str) -> Result<Self, LedgerUrlError> {
        let (name, after) = match text.strip_prefix('[') {
            Some(rest) => {
                let (name, after) = rest.split_once(']').ok_or(LedgerUrlError::Host)?;
                if !name.parse().is_ok_and(|address: IpAddr| address.is_ipv6()) {
                    return Err(LedgerUrlError::Host);
                }
                (name, after.strip_prefix(':').or(after.is_empty().then_some("")))
            }
            None => match text.split_once(':') {
                Some((name, port)) => (name, Some(port).filter(|port| !port.is_empty())),
                None => (text, Some("")),
            },
        };
        let port = match after.ok_or(LedgerUrlError::Host)? {
            "" => PORT,
            text => port(text)?,
        };
        let name = decode(name)?;
        if name.starts_with('/') {
            return Ok(Self::Directory(name.into(), port));
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(LedgerUrlError::Host);
        }
        Ok(Self::Tcp(name, port))
    }

    /// Whether what is sent there stays on this machine.
    pub(super) fn is_here(&self) -> bool {
        match self {
            Self::Directory(..) => true,
            Self::Tcp(name, _) => {
                self.loopback().is_some() || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            }
        }
    }

    /// The address of `localhost`, whatever a resolver says of it.
    pub(super) fn loopback(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(name, _) if name.eq_ignore_ascii_case("localhost") => {
                Some(IpAddr::from([127, 0, 0, 1]))
            }
            _ => None,
        }
    }
}

/// Percent-decoding (RFC 3986 section 2.1). A NUL would end a text on the server.
fn decode(text: &str) -> Result<String, LedgerUrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            char::from(rest.next()?)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(LedgerUrlError::Encoding);
        };
        bytes.push(high << 4 | low);
    }
    let decoded = String::from_utf8(bytes).map_err(|_| LedgerUrlError::Encoding)?;
    match decoded.contains(char::is_control) {
        true => Err(LedgerUrlError::Encoding),
        false => Ok(decoded),
    }
}

fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

impl PartialEq for PostgresPlace {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for PostgresPlace {}

impl fmt::Debug for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresPlace({self})")
    }
}

impl fmt::Display for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = &self.user {
            write!(f, "{}@", encode(user))?;
        }
        for (index, host) in self.hosts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match host {
                Host::Directory(path, port) => {
                    write!(f, "{comma}{}:{port}", encode(&path.to_string_lossy()))?
                }
                Host::Tcp(name, port) if name.contains(':') => write!(f, "{comma}[{name}]:{port}")?,
                Host::Tcp(name, port) => write!(f, "{comma}{name}:{port}")?,
            }
        }
        write!(f, "/{}", encode(&self.database))?;
        match &self.root_certificates {
            Some(path) => write!(f, "?sslmode=verify-full&sslrootcert={}", path.display()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rest: &str) -> Result<PostgresPlace, LedgerUrlError> {
        PostgresPlace::parse(rest)
    }

    #[test]
    fn a_place_is_read_and_shown_in_one_spelling() {
        for (given, shown) in [
            ("localhost/ca", "localhost:5432/ca"),
            ("/ca?host=/run/postgresql", "%2Frun%2Fpostgresql:5432/ca"),
            ("%2Frun%2Fpg:5433/ca", "%2Frun%2Fpg:5433/ca"),
            ("/ca?host=/run/pg&port=6000", "%2Frun%2Fpg:6000/ca"),
            ("issuer@127.0.0.1:5433/c%20a", "issuer@127.0.0.1:5433/c%20a"),
            ("[::1]/ca", "[::1]:5432/ca"),
            ("[::1]:7/ca", "[::1]:7/ca"),
            (
                "u@db1.example,db2.example:5433/ca?sslrootcert=ca.pem",
                "u@db1.example:5432,db2.example:5433/ca?sslmode=verify-full&sslrootcert=ca.pem",
            ),
            (
                "db/ca?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
                "db:5432/ca?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            ),
        ] {
            let place = parse(given).unwrap_or_else(|error| panic!("{given}: {error}"));
            assert_eq!(place.to_string(), format!("postgres://{shown}"));
        }
    }

    #[test]
    fn a_password_is_refused_wherever_it_stands() {
        for url in [
            "u:secret@localhost/ca",
            ":secret@localhost/ca",
            "u:@localhost/ca",
            "u%40:x@localhost/ca",
            "localhost/ca?password=secret",
            "localhost/ca?passfile=/x",
        ] {
            assert_eq!(parse(url), Err(LedgerUrlError::Password), "{url}");
        }
    }

    #[test]
    fn over_a_network_the_server_is_verified() {
        for url in [
            "db.example/ca",
            "10.0.0.1/ca",
            "localhost.example/ca",
            "127.0.0.1.example/ca",
            "0.0.0.0/ca",
            "[fe80::1]/ca",
            "localhost,db/ca",
            "db/ca?sslmode=verify-full",
            "localhost/ca?sslmode=verify-full",
        ] {
            assert_eq!(parse(url), Err(LedgerUrlError::NoRootCertificates), "{url}");
        }
        for url in ["db/ca?sslmode=disable", "db/ca?sslmode=disable&sslrootcert=x"] {
            assert_eq!(parse(url), Err(LedgerUrlError::Plain), "{url}");
        }
        for mode in ["require", "verify-ca", "prefer", "allow", "", "VERIFY-FULL"] {
            assert_eq!(
                parse(&format!("db/ca?sslmode={mode}")),
                Err(LedgerUrlError::SslMode)
            );
        }
    }

    #[test]
    fn an_invalid_place_is_refused() {
        for (url, error) in [
            ("", LedgerUrlError::NoDatabase),
            ("localhost", LedgerUrlError::NoDatabase),
            ("localhost/", LedgerUrlError::NoDatabase),
            ("localhost/a/b", LedgerUrlError::NoDatabase),
            ("/ca", LedgerUrlError::NoHost),
            ("u@/ca", LedgerUrlError::NoHost),
            ("localhost:0/ca", LedgerUrlError::Host),
            ("localhost:/ca", LedgerUrlError::Host),
            ("localhost:65536/ca", LedgerUrlError::Host),
            ("local host/ca", LedgerUrlError::Host),
            ("::1/ca", LedgerUrlError::Host),
            ("[::1/ca", LedgerUrlError::Host),
            ("[127.0.0.1]/ca", LedgerUrlError::Host),
            ("[::1]5/ca", LedgerUrlError::Host),
            ("localhost/c%0", LedgerUrlError::Encoding),
            ("localhost/c%00", LedgerUrlError::Encoding),
            ("localhost/c%ff", LedgerUrlError::Encoding),
            ("localhost/ca?x=1", LedgerUrlError::Option),
            ("localhost/ca?options=-cfsync%3Doff", LedgerUrlError::Option),
            ("/ca?host=relative", LedgerUrlError::Option),
            ("/ca?host=/a&host=/b", LedgerUrlError::Option),
            ("localhost/ca?port", LedgerUrlError::Option),
        ] {
            assert_eq!(parse(url), Err(error), "{url}");
        }
    }
}
