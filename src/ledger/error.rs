//! Why a ledger was not read or written, for the person who must act on it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::{CheckpointProblem, CrlNumber, EntryId, Head, LedgerPlace, RevocationReason, SerialNumber};
use crate::file_trust::TrustError;

/// Why a ledger was not read or written. Nothing was recorded, unless the variant says so.
#[derive(Debug)]
#[non_exhaustive]
pub enum LedgerError {
    /// No ledger at this place.
    NotFound {
        /// The place.
        place: LedgerPlace,
    },
    /// A new ledger was to be created where something already is.
    Exists {
        /// The place.
        place: LedgerPlace,
    },
    /// The directory of a new ledger does not exist.
    NoDirectory {
        /// The directory.
        directory: PathBuf,
    },
    /// Others may change the file, or put another in its place.
    OpenToOthers {
        /// The file or directory that they may write to.
        cause: TrustError,
    },
    /// The file system denies this process access.
    Denied {
        /// The ledger.
        place: LedgerPlace,
        /// The error.
        found: String,
    },
    /// Another process kept the ledger locked for too long.
    Locked {
        /// The ledger.
        place: LedgerPlace,
        /// How long this process waited.
        waited: Duration,
    },
    /// A newer version of this program created or upgraded it.
    Newer {
        /// The ledger.
        place: LedgerPlace,
        /// Its version.
        found: i64,
        /// The highest version that this program supports.
        known: i64,
    },
    /// An older version of this program created it, and it was opened only for reading.
    Older {
        /// The ledger.
        place: LedgerPlace,
        /// Its version.
        found: i64,
    },
    /// The file is not a ledger.
    NotALedger {
        /// The file.
        place: LedgerPlace,
        /// What it is.
        found: &'static str,
    },
    /// The file is empty or has no event: a ledger is created with its first event.
    Empty {
        /// The file.
        place: LedgerPlace,
    },
    /// Its tables or triggers are not those of this program, so nothing is written to it.
    Altered {
        /// The ledger.
        place: LedgerPlace,
        /// The table or trigger that differs.
        name: String,
    },
    /// The file is damaged, or its tables contradict its events.
    Damaged {
        /// The ledger.
        place: LedgerPlace,
        /// What shows it.
        found: String,
    },
    /// The ledger's name now belongs to another file than the one that was opened, or its log is gone, or recorded events are not in it.
    Replaced {
        /// The ledger.
        place: LedgerPlace,
    },
    /// No server that the place names can be reached, or none of them accepts changes. Nothing was recorded.
    Unreachable {
        /// The ledger.
        place: LedgerPlace,
        /// What the server or the system said.
        found: String,
    },
    /// The server refused.
    Server {
        /// The ledger.
        place: LedgerPlace,
        /// What it reported.
        refusal: Box<ServerRefusal>,
    },
    /// The connection was lost during a commit, and the server has not answered since: whether the change was recorded is unknown.
    Unresolved {
        /// The ledger.
        place: LedgerPlace,
        /// What the server or the system said last.
        found: String,
    },
    /// The server no longer has an event that this process has read or recorded: an older copy was restored, or a standby that lacks events
    /// took over.
    Rewound {
        /// The ledger.
        place: LedgerPlace,
        /// How far it went.
        known: Box<Head>,
    },
    /// A setting of the server could lose or change recorded events.
    NotDurable {
        /// The ledger.
        place: LedgerPlace,
        /// The setting, its value, and the value that it must have.
        found: String,
    },
    /// The file with the root certificates for the server cannot be used.
    RootCertificates {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// The file with the certificate that this issuer presents to the server.
    ClientCertificate {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// The file with the private key of that certificate.
    ClientKey {
        /// The file.
        file: PathBuf,
        /// What is wrong with it, without any of its bytes.
        found: String,
    },
    /// The server ended the TLS handshake because of this issuer's certificate. Nothing was recorded.
    CertificateRefused {
        /// The ledger.
        place: LedgerPlace,
        /// The alert's name (RFC 8446 section 6.2).
        alert: String,
    },
    /// No room on the disk.
    Full {
        /// The ledger.
        place: LedgerPlace,
    },
    /// Any other error of the database or the system.
    Failed {
        /// The ledger.
        place: LedgerPlace,
        /// What it reported.
        found: String,
    },
    /// The ledger does not extend a checkpoint.
    NotExtended(CheckpointProblem),
    /// The issuer has used this serial number before.
    SerialUsed {
        /// The number.
        serial: SerialNumber,
        /// The entry that uses it.
        entry: EntryId,
    },
    /// Another process began a certificate for the same request while this one prepared it.
    RequestTaken {
        /// The entry that began first.
        entry: EntryId,
    },
    /// A certificate for the same request was begun and not signed, and another process may be about to sign it.
    RequestOpen {
        /// Its entry.
        entry: EntryId,
    },
    /// A CRL cannot have this number.
    CrlNumber {
        /// The number.
        number: CrlNumber,
        /// Why not.
        problem: CrlNumberProblem,
    },
    /// The ledger has no such entry.
    NoEntry {
        /// What was requested.
        entry: EntryId,
    },
    /// The entry has already ended.
    Ended {
        /// The entry.
        entry: EntryId,
        /// How.
        state: &'static str,
    },
    /// The signed bytes are not those that were begun.
    OtherBytes {
        /// The entry.
        entry: EntryId,
    },
    /// Only certificates can be adopted.
    NotACertificate,
    /// The ledger has no certificate of this serial number from this authority.
    UnknownCertificate {
        /// The number.
        serial: SerialNumber,
    },
    /// The certificate is already revoked, and its reason cannot change to the requested one.
    AlreadyRevoked {
        /// The certificate.
        serial: SerialNumber,
        /// The reason it was revoked for.
        reason: RevocationReason,
    },
    /// The certificate is not on hold.
    NotOnHold {
        /// The certificate.
        serial: SerialNumber,
    },
    /// A number is too large for the database.
    Range,
    /// The export could not be written.
    Export {
        /// What the system said.
        cause: io::Error,
    },
}

/// The error with which a database server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerRefusal {
    /// SQLSTATE: five characters.
    pub code: String,
    /// Its message.
    pub found: String,
}

/// Why a CRL cannot have a number (RFC 5280 sections 5.2.3 and 5.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrlNumberProblem {
    /// It was not reserved.
    NotReserved,
    /// A CRL of the same kind has it.
    Used,
    /// A later CRL has a higher one.
    Passed,
    /// The complete and the delta CRL with this number must have the same `thisUpdate`.
    OtherTime,
    /// It is the highest number of 20 octets, so no other can follow.
    Last,
    /// The base of a delta CRL must be a complete CRL with a lower number, signed in this ledger or before it.
    Base,
}

impl fmt::Display for CrlNumberProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotReserved => "it was not reserved in this ledger",
            Self::Used => "a CRL of the same kind, complete or delta, already has it: request a higher number, or none",
            Self::Passed => "a CRL with a higher number was begun in the meantime",
            Self::OtherTime => "the other CRL with this number, complete or delta, has a different thisUpdate",
            Self::Last => "it is the highest number of 20 octets (RFC 5280 section 5.2.3), and this CA has used it: no CRL can follow",
            Self::Base => "its base is not a signed complete CRL with a lower number",
        })
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { place } => write!(f, "no ledger at {place}"),
            Self::Exists { place } => write!(f, "{place} exists already"),
            Self::NoDirectory { directory } => {
                write!(f, "{} does not exist, or is a file", directory.display())
            }
            Self::OpenToOthers { cause } => {
                write!(
                    f,
                    "the ledger is not used, because others could change it: {cause}"
                )
            }
            Self::Denied { place, found } => write!(f, "ledger {place}: {found}"),
            Self::Locked { place, waited } => write!(
                f,
                "ledger {place}: another process was writing for {} seconds",
                waited.as_secs()
            ),
            Self::Newer { place, found, known } => write!(
                f,
                "ledger {place}: its version is {found}, and this program supports up to {known}",
            ),
            Self::Older { place, found } => write!(
                f,
                "ledger {place}: its version {found} is older than this program's, and a command that only reads does not upgrade it",
            ),
            Self::NotALedger { place, found } => {
                write!(f, "{place} is not a ledger of this program: it is {found}")
            }
            Self::Empty { place } => write!(f, "{place} is not a whole ledger: it has no events"),
            Self::Altered { place, name } => write!(
                f,
                "ledger {place}: {name} was changed by another program, so nothing is recorded in it",
            ),
            Self::Damaged { place, found } => write!(f, "ledger {place} is damaged: {found}"),
            Self::Replaced { place } => write!(
                f,
                "the ledger {place} was replaced by another file, or its log removed, while it was in use",
            ),
            Self::Unreachable { place, found } => write!(f, "the ledger {place} cannot be reached: {found}"),
            Self::Server { place, refusal } => write!(f, "ledger {place}: {}", refusal.found),
            Self::Unresolved { place, found } => write!(
                f,
                "ledger {place}: the connection was lost during a commit, and the server could not be asked since; whether it was recorded is not known: {found}",
            ),
            Self::Rewound { place, known } => write!(
                f,
                "the ledger {place} no longer has event {} with the hash {} that it had: an older copy was restored, or a standby that lacks events took over",
                known.count, known.hash
            ),
            Self::NotDurable { place, found } => write!(
                f,
                "ledger {place}: the server could lose or change what is recorded: {found}",
            ),
            Self::RootCertificates { file, found } => {
                write!(f, "the root certificates in {}: {found}", file.display())
            }
            Self::ClientCertificate { file, found } => {
                write!(f, "the client certificate in {}: {found}", file.display())
            }
            Self::ClientKey { file, found } => {
                write!(
                    f,
                    "the key of the client certificate in {}: {found}",
                    file.display()
                )
            }
            Self::CertificateRefused { place, alert } => write!(
                f,
                "ledger {place}: the server refuses this issuer's certificate (TLS alert {alert})",
            ),
            Self::Full { place } => write!(f, "ledger {place}: no space left on the file system"),
            Self::Failed { place, found } => write!(f, "ledger {place}: {found}"),
            Self::NotExtended(problem) => problem.fmt(f),
            Self::SerialUsed { serial, entry } => {
                write!(
                    f,
                    "the serial number {serial} is already used by entry {entry} of the ledger"
                )
            }
            Self::RequestTaken { entry } => write!(
                f,
                "another process began a certificate for the same request first: entry {entry} of the ledger"
            ),
            Self::RequestOpen { entry } => write!(
                f,
                "a certificate for the same request was begun and not signed (entry {entry} of the ledger), and another process that may be about to sign it has the ledger open"
            ),
            Self::CrlNumber { number, problem } => write!(f, "CRL number {number}: {problem}"),
            Self::NoEntry { entry } => write!(f, "the ledger has no entry {entry}"),
            Self::Ended { entry, state } => write!(f, "entry {entry} has already ended: {state}"),
            Self::OtherBytes { entry } => {
                write!(f, "what was signed differs from what entry {entry} announced")
            }
            Self::NotACertificate => f.write_str("only certificates can be adopted"),
            Self::UnknownCertificate { serial } => {
                write!(f, "the ledger has no certificate {serial} of this CA")
            }
            Self::AlreadyRevoked { serial, reason } => {
                write!(
                    f,
                    "the certificate {serial} is already revoked: {}",
                    reason.name()
                )
            }
            Self::NotOnHold { serial } => write!(f, "the certificate {serial} is not on hold"),
            Self::Range => f.write_str("a number is too large for a ledger"),
            Self::Export { cause } if cause.kind() == io::ErrorKind::BrokenPipe => {
                f.write_str("the reader closed the pipe, so the export is incomplete")
            }
            Self::Export { cause } => write!(f, "the export cannot be written: {cause}"),
        }
    }
}

impl std::error::Error for LedgerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Export { cause } => cause.source(),
            _ => None,
        }
    }
}
