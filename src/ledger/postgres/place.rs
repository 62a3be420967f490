//! `postgres://[USER@]HOST[:PORT][,HOST[:PORT]…]/DATABASE[?KEY=VALUE&…]`: the servers, the user, and how a server must identify itself.

mod options;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::LedgerUrlError;
use super::local_copy::Copies;
use crate::secret::Pin;
use options::Options;

/// The port when none is named.
const PORT: u16 = 5432;

/// A database on a server, or on one of several of which one accepts changes.
#[derive(Clone)]
pub struct PostgresPlace {
    /// The user; by default, that of this process.
    pub(super) user: Option<String>,
    pub(super) hosts: Vec<Host>,
    pub(super) database: String,
    /// The certificate files, if the connection is encrypted.
    pub(super) tls: Option<TlsFiles>,
    pub(super) password: Option<Arc<Pin>>,
    /// The role that may append to a new ledger.
    pub(super) writer: Option<String>,
    pub(super) copies: Option<Copies>,
}

/// What both ends of an encrypted connection identify each other by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsFiles {
    /// The certificates that the server's is checked with.
    pub(super) root_certificates: PathBuf,
    pub(super) client: Option<ClientFiles>,
}

/// What this issuer identifies itself by to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientFiles {
    /// Its certificate, and those between that and a root that the server knows.
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl TlsFiles {
    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let client = self
            .client
            .iter()
            .flat_map(|client| [&client.certificate, &client.key]);
        [&self.root_certificates].into_iter().chain(client)
    }
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// The directory of its socket.
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
            tls: None,
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
        if let Some(directory) = options.directory.take() {
            let port = options.port.unwrap_or(PORT);
            place.hosts.push(Host::Directory(directory, port));
        }
        place.tls = options.tls()?;
        place.refuse_open_way(options.plain)?;
        Ok(place)
    }

    /// Over a network, the server's certificate and name must be checked.
    fn refuse_open_way(&self, plain: Option<bool>) -> Result<(), LedgerUrlError> {
        if self.hosts.is_empty() {
            return Err(LedgerUrlError::NoHost);
        }
        if self.hosts.iter().all(Host::is_here) {
            // The certificate may be checked for a local server too.
            return match (plain, &self.tls) {
                (Some(false), None) => Err(LedgerUrlError::NoRootCertificates),
                (Some(true), Some(_)) => Err(LedgerUrlError::Option),
                _ => Ok(()),
            };
        }
        match (plain, &self.tls) {
            (Some(true), _) => Err(LedgerUrlError::Plain),
            (_, None) => Err(LedgerUrlError::NoRootCertificates),
            _ => Ok(()),
        }
    }

    /// The same place with relative paths taken from `directory`.
    pub(in crate::ledger) fn beside(mut self, directory: &Path) -> Self {
        self.tls = self.tls.map(|files| TlsFiles {
            root_certificates: directory.join(files.root_certificates),
            client: files.client.map(|client| ClientFiles {
                certificate: directory.join(client.certificate),
                key: directory.join(client.key),
            }),
        });
        self
    }

    /// The same place with the user's password, which is never shown.
    #[must_use]
    pub fn with_password(mut self, password: Arc<Pin>) -> Self {
        self.password = Some(password);
        self
    }

    /// The same place, where this role may read and append to a new ledger, and nothing else.
    #[must_use]
    pub fn with_writer(mut self, role: String) -> Self {
        self.writer = Some(role);
        self
    }

    /// The files that it names.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.tls.iter().flat_map(TlsFiles::files).cloned().collect()
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

    /// Whether the connection stays on this machine.
    pub(super) fn is_here(&self) -> bool {
        match self {
            Self::Directory(..) => true,
            Self::Tcp(name, _) => {
                self.loopback().is_some() || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            }
        }
    }

    /// The address of `localhost`, without asking a resolver.
    pub(super) fn loopback(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(name, _) if name.eq_ignore_ascii_case("localhost") => {
                Some(IpAddr::from([127, 0, 0, 1]))
            }
            _ => None,
        }
    }
}

/// Percent-decoding (RFC 3986 section 2.1). Refuses NUL, which would end a text on the server.
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
        let Some(files) = &self.tls else {
            return Ok(());
        };
        let roots = files.root_certificates.display();
        write!(f, "?sslmode=verify-full&sslrootcert={roots}")?;
        match &files.client {
            Some(ClientFiles { certificate, key }) => {
                let (certificate, key) = (certificate.display(), key.display());
                write!(f, "&sslcert={certificate}&sslkey={key}")
            }
            None => Ok(()),
        }
    }
}
