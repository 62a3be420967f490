//! Reads the certificate of the server in front of an HSM, and stops the handshake as soon as it has it.

mod certificate_probe;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Error};

use certificate_probe::{CertificateProbe, configure};

use super::ServerError;

/// The port of every HSM's server (AWS CloudHSM User Guide, "Client SDK 5 configuration parameters").
const PORT: u16 = 2223;
/// The time limit for connecting. A security group drops packets without an answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The time limit for everything together.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// More than any handshake needs.
const MOST_BYTES: usize = 256 * 1024;

/// `HOST[:PORT]`; an IPv6 address with a port is in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    host: String,
    port: u16,
}

impl FromStr for ServerAddress {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let wrong = || ServerError::Address {
            text: text.to_owned(),
        };
        let (host, port) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
            Some(Some((host, ""))) => (host, None),
            Some(Some((host, rest))) => (host, Some(rest.strip_prefix(':').ok_or_else(wrong)?)),
            Some(None) => return Err(wrong()),
            None => match text.split_once(':') {
                // More than one colon: an IPv6 address without a port.
                Some((_, rest)) if rest.contains(':') => (text, None),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let port = port.map_or(Ok(PORT), str::parse).map_err(|_| wrong())?;
        if ServerName::try_from(host).is_err() || port == 0 {
            return Err(wrong());
        }
        let host = host.to_owned();
        Ok(Self { host, port })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl ServerAddress {
    /// Reads the server's certificates and disconnects before anything is sent inside the connection. Returns them as received, in DER, the
    /// server's own first. Nothing is verified: this is only what the address answers.
    ///
    /// # Errors
    /// [`ServerError`], after ten seconds at most.
    pub fn ask_for_certificates(&self) -> Result<Vec<Vec<u8>>, ServerError> {
        let deadline = Instant::now() + ANSWER_WITHIN;
        let stream = self.connect(deadline)?;
        let probe = Arc::new(CertificateProbe::default());
        let name = ServerName::try_from(self.host.clone()).map_err(|_| ServerError::Address {
            text: self.host.clone(),
        })?;
        let connection = configure(probe.clone())
            .and_then(|config| ClientConnection::new(Arc::new(config), name))
            .map_err(|error| self.handshake(&error))?;
        self.handshake_up_to_certificates(connection, stream, deadline, &probe)
    }

    fn connect(&self, deadline: Instant) -> Result<TcpStream, ServerError> {
        let unreachable = |cause: io::Error| match cause.kind() {
            io::ErrorKind::ConnectionRefused => ServerError::Refused {
                server: self.to_string(),
            },
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => self.silent("connection"),
            _ => ServerError::Unreachable {
                server: self.to_string(),
                reason: cause.to_string(),
            },
        };
        let addresses = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(unreachable)?;
        let mut last = ServerError::Unreachable {
            server: self.to_string(),
            reason: "the name has no address".to_owned(),
        };
        for address in addresses {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.silent("connection"));
            }
            match TcpStream::connect_timeout(&address, CONNECT_WITHIN.min(left)) {
                Ok(stream) => return Ok(stream),
                Err(cause) => last = unreachable(cause),
            }
        }
        Err(last)
    }

    /// Runs the handshake message by message until the server has sent its certificates, with limits for time and bytes.
    fn handshake_up_to_certificates(
        &self,
        mut connection: ClientConnection,
        mut stream: TcpStream,
        deadline: Instant,
        probe: &CertificateProbe,
    ) -> Result<Vec<Vec<u8>>, ServerError> {
        let mut received = 0;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.silent("certificate"));
            }
            let lost = |cause: io::Error| self.lost(&cause);
            stream.set_read_timeout(Some(left)).map_err(lost)?;
            stream.set_write_timeout(Some(left)).map_err(lost)?;
            while connection.wants_write() {
                connection.write_tls(&mut stream).map_err(lost)?;
            }
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).map_err(lost)?;
            received += count;
            if count == 0 {
                return Err(ServerError::Closed {
                    server: self.to_string(),
                });
            }
            if received > MOST_BYTES {
                return Err(self.handshake(&Error::General("more than 256 KiB without an end".to_owned())));
            }
            let mut rest = &bytes[..count];
            while !rest.is_empty() {
                connection.read_tls(&mut rest).map_err(lost)?;
                if let Err(error) = connection.process_new_packets() {
                    // Send an alert before leaving. It need not arrive.
                    let _ = connection.write_tls(&mut stream).and_then(|_| stream.flush());
                    let shown = probe.shown();
                    return shown.ok_or_else(|| self.handshake(&error));
                }
            }
        }
    }

    fn silent(&self, awaited: &'static str) -> ServerError {
        ServerError::Silent {
            server: self.to_string(),
            awaited,
        }
    }

    fn lost(&self, cause: &io::Error) -> ServerError {
        match cause.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => self.silent("certificate"),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => ServerError::Closed {
                server: self.to_string(),
            },
            _ => ServerError::Unreachable {
                server: self.to_string(),
                reason: cause.to_string(),
            },
        }
    }

    fn handshake(&self, error: &Error) -> ServerError {
        let server = self.to_string();
        match error {
            Error::InvalidMessage(_) => ServerError::NotTls { server },
            error => ServerError::Handshake {
                server,
                reason: error.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_cloudhsms_port_unless_it_says_another() {
        for (text, shown) in [
            ("10.0.1.5", "10.0.1.5:2223"),
            ("10.0.1.5:443", "10.0.1.5:443"),
            ("hsm.example", "hsm.example:2223"),
            ("fd00::5", "[fd00::5]:2223"),
            ("[fd00::5]", "[fd00::5]:2223"),
            ("[fd00::5]:443", "[fd00::5]:443"),
        ] {
            assert_eq!(text.parse::<ServerAddress>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            ":2223",
            "host:",
            "host:0",
            "host:65536",
            "[fd00::5",
            "[fd00::5]443",
            "a b",
            "a/b",
        ] {
            assert!(
                matches!(text.parse::<ServerAddress>(), Err(ServerError::Address { .. })),
                "{text}"
            );
        }
    }
}
