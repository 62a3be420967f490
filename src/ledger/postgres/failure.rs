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
                if let Some(alert) = refusal_of_certificate(next) {
                    return Self::Certificate(alert);
                }
                let text = next.to_string();
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

/// The name of the alert if it says that the client's certificate is missing or refused (RFC 8446 section 6.2).
fn refusal_of_certificate(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    use AlertDescription as Alert;
    let cause = error.downcast_ref::<io::Error>()?.get_ref()?;
    let rustls::Error::AlertReceived(alert) = cause.downcast_ref()? else {
        return None;
    };
    let is_of_certificate = matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::CertificateRequired
    );
    is_of_certificate.then(|| format!("{alert:?}"))
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
