//! Why the server in front of an HSM did not show a certificate.

use std::fmt;

/// Why no certificate of a server was received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerError {
    /// The text is not `HOST[:PORT]`.
    Address {
        /// The text.
        text: String,
    },
    /// Nothing listens at the address.
    Refused {
        /// The server.
        server: String,
    },
    /// No answer in time.
    Silent {
        /// The server.
        server: String,
        /// What was waited for.
        awaited: &'static str,
    },
    /// The connection was closed before a certificate came.
    Closed {
        /// The server.
        server: String,
    },
    /// The answer is not TLS.
    NotTls {
        /// The server.
        server: String,
    },
    /// TLS, but the handshake ended before the certificate.
    Handshake {
        /// The server.
        server: String,
        /// What the TLS library said.
        reason: String,
    },
    /// The network or the name lookup failed.
    Unreachable {
        /// The server.
        server: String,
        /// What the system said.
        reason: String,
    },
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { text } => write!(f, "\"{text}\" is not HOST[:PORT]"),
            Self::Refused { server } => write!(f, "{server} refused the connection: nothing listens there"),
            Self::Silent {
                server,
                awaited: "connection",
            } => write!(f, "{server} does not answer"),
            Self::Silent { server, awaited } => {
                write!(
                    f,
                    "{server} accepted the connection, but sent no {awaited} in time"
                )
            }
            Self::Closed { server } => {
                write!(f, "{server} closed the connection before it showed a certificate")
            }
            Self::NotTls { server } => write!(f, "what answers at {server} does not speak TLS"),
            Self::Handshake { server, reason } => {
                write!(
                    f,
                    "{server}: the TLS handshake ended before the certificate: {reason}"
                )
            }
            Self::Unreachable { server, reason } => write!(f, "{server} cannot be reached: {reason}"),
        }
    }
}

impl std::error::Error for ServerError {}
