//! The texts of the errors.

use std::fmt;
use std::io;

use super::{CrlNumberProblem, LedgerError};

impl fmt::Display for CrlNumberProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotReserved => "it was not reserved in this ledger",
            Self::Used => "a CRL of the same kind, complete or delta, already has it: request a higher number, or none",
            Self::Passed => "a CRL with a higher number was begun in the meantime",
            Self::OtherTime => "the other CRL with this number, complete or delta, has a different thisUpdate",
            Self::Last => "it is the highest number of 20 octets (RFC 5280 section 5.2.3), and this CA has used it: no CRL can follow",
            Self::FarAbove => "it is more than 2^32 above the last number of this CA, and every later CRL must have a higher one",
            Self::Base => "its base is not a signed complete CRL with a lower number",
        })
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { place } => write!(f, "no ledger at {place}"),
            Self::Exists { place } => write!(f, "{place} already exists"),
            Self::NoDirectory { directory } => {
                write!(
                    f,
                    "the directory for the ledger, {}, does not exist, or is a file",
                    directory.display()
                )
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
            Self::PasswordMissing { place } => {
                write!(
                    f,
                    "ledger {place}: the server demands a password, and none is given"
                )
            }
            Self::ServerCertificate { place, found } => write!(
                f,
                "ledger {place}: the server's certificate does not verify: {found}",
            ),
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
