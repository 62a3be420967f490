//! Why a ledger was not read or written, for the person who must act on it.

mod message;

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
    /// The server demands a password, and the place has none. Nothing was recorded.
    PasswordMissing {
        /// The ledger.
        place: LedgerPlace,
    },
    /// The server's certificate does not verify: its issuer, its name, or its dates. Nothing was recorded.
    ServerCertificate {
        /// The ledger.
        place: LedgerPlace,
        /// What is wrong with it.
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
    /// It is far above the last one, and nobody confirmed it.
    FarAbove,
    /// The base of a delta CRL must be a complete CRL with a lower number, signed in this ledger or before it.
    Base,
}
