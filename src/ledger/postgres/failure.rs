//! Translates the server's errors.

use std::error::Error as _;
use std::io;

use rustls::AlertDescription;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::super::sqlite::Failure;
use super::super::{Head, LedgerError, LedgerPlace, ServerRefusal};

/// Why a request to the server failed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection was lost, or this server accepts no changes now: another connection may help. A transaction that was not being
    /// committed changed nothing.
    Lost(String),
    /// It refused.
    Refused { code: String, found: String },
    /// It demands a password.
    Password,
    /// Its certificate does not verify.
    ServerCertificate(String),
    /// It ended the TLS handshake because of this issuer's certificate, with this alert.
    Certificate(String),
    /// It lacks an event that this process has read or recorded.
    Rewound(Head),
    /// An error on this side.
    Ledger(Failure),
}

/// The longest text of a server that is shown. A message may repeat what was sent.
const SHOWN: usize = 300;

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let Some(said) = error.as_db_error() else {
            let mut found = error.to_string();
            let mut cause = error.source();
            while let Some(next) = cause {
                if let Some(trouble) = trouble_of_tls(next) {
                    return trouble;
                }
                let text = next.to_string();
                if text == NO_PASSWORD {
                    return Self::Password;
                }
                if !found.contains(&text) {
                    found.push_str(": ");
                    found.push_str(&text);
                }
                cause = next.source();
            }
            return Self::Lost(shown(&found));
        };
        let code = said.code();
        let found = format!(
            "{}: {} (SQLSTATE {})",
            said.severity(),
            said.message(),
            code.code()
        );
        match is_passing(code) {
            true => Self::Lost(shown(&found)),
            false => Self::Refused {
                code: code.code().to_owned(),
                found: shown(&found),
            },
        }
    }
}

/// The client library's words for a server that demands a password, and the only sign of it.
const NO_PASSWORD: &str = "password missing";

/// A handshake that failed because of a certificate.
fn trouble_of_tls(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    let cause = error.downcast_ref::<io::Error>()?.get_ref()?;
    match cause.downcast_ref()? {
        rustls::Error::InvalidCertificate(found) => {
            Some(Trouble::ServerCertificate(shown(&found.to_string())))
        }
        rustls::Error::AlertReceived(alert) if is_of_certificate(alert) => {
            Some(Trouble::Certificate(format!("{alert:?}")))
        }
        _ => None,
    }
}

/// Whether the alert says that the client's certificate is missing or refused (RFC 8446 section 6.2).
const fn is_of_certificate(alert: &AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::CertificateRequired
    )
}

/// Whether another attempt, perhaps on another server, may succeed. All of these undo the transaction.
fn is_passing(code: &SqlState) -> bool {
    let passing = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    passing.contains(code) || code.code().starts_with("08")
}

fn shown(text: &str) -> String {
    let text = text.chars().map(|one| if one.is_control() { ' ' } else { one });
    text.take(SHOWN).collect()
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Ledger(failure)
    }
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error.into())
    }
}

impl Trouble {
    /// Adds the ledger's name.
    pub(super) fn of(self, place: &LedgerPlace) -> LedgerError {
        let place = place.clone();
        match self {
            Self::Lost(found) => LedgerError::Unreachable { place, found },
            Self::Refused { code, .. } if code == SqlState::LOCK_NOT_AVAILABLE.code() => {
                LedgerError::Locked {
                    place,
                    waited: super::LONGEST_WAIT,
                }
            }
            Self::Password => LedgerError::PasswordMissing { place },
            Self::ServerCertificate(found) => LedgerError::ServerCertificate { place, found },
            Self::Certificate(alert) => LedgerError::CertificateRefused { place, alert },
            Self::Rewound(known) => LedgerError::Rewound {
                place,
                known: Box::new(known),
            },
            Self::Refused { code, found } => LedgerError::Server {
                place,
                refusal: Box::new(ServerRefusal { code, found }),
            },
            Self::Ledger(Failure::Ledger(error)) => error,
            Self::Ledger(Failure::Contradiction(found)) => LedgerError::Damaged { place, found },
            Self::Ledger(failure) => LedgerError::Failed {
                place,
                found: format!("its private copy: {}", failure.text()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use rustls::CertificateError;

    use super::super::super::{Access, LedgerUrl};
    use super::*;

    /// AuthenticationCleartextPassword.
    const DEMAND: [u8; 9] = [b'R', 0, 0, 0, 8, 0, 0, 0, 3];

    #[test]
    fn a_server_that_demands_a_password_is_not_said_to_be_away() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            assert_ne!(client.read(&mut [0; 512]).unwrap(), 0);
            client.write_all(&DEMAND).unwrap();
        });
        let url = LedgerUrl::parse(&format!("postgres://someone@127.0.0.1:{port}/ca")).unwrap();
        let error = url.open(Access::Read).err();
        assert!(
            matches!(error, Some(LedgerError::PasswordMissing { .. })),
            "{error:?}"
        );
        server.join().unwrap();
    }

    #[test]
    fn a_certificate_that_does_not_verify_is_not_said_to_be_of_a_server_that_is_away() {
        let tls = |error: rustls::Error| io::Error::new(io::ErrorKind::InvalidData, error);
        let unknown = tls(CertificateError::UnknownIssuer.into());
        let refused = tls(rustls::Error::AlertReceived(AlertDescription::UnknownCA));
        let other = tls(rustls::Error::HandshakeNotComplete);
        let found = |error: &io::Error| trouble_of_tls(error);
        assert!(matches!(found(&unknown), Some(Trouble::ServerCertificate(_))));
        assert!(matches!(found(&refused), Some(Trouble::Certificate(_))));
        assert!(found(&other).is_none());
    }
}
