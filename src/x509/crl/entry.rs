//! One entry of `revokedCertificates` (RFC 5280 sections 5.1.2.6 and 5.3).

mod read;
mod write;

use const_oid::ObjectIdentifier;

pub(super) use read::Entries;
pub(super) use write::LONGEST_ENTRY;

use crate::x509::{CrlReason, SerialNumber, UnixTime, X509Error};

/// A revoked certificate, as in an entry of a CRL: the reason may be `removeFromCRL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The serial number of the certificate.
    pub serial: SerialNumber,
    /// When the CA revoked it.
    pub revoked_at: UnixTime,
    /// The reason.
    pub reason: CrlReason,
    /// The time from which the key is known or suspected to be compromised, or the certificate otherwise invalid (RFC 5280 section 5.3.2).
    pub invalid_since: Option<UnixTime>,
}

/// An entry of a CRL, in the CRL's own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlEntry<'a> {
    /// The content of userCertificate: big-endian two's complement, as [`SerialNumber::octets`] is.
    pub serial: &'a [u8],
    /// revocationDate
    pub revoked_at: UnixTime,
    /// reasonCode (5.3.1); unspecified if it is absent.
    pub reason: CrlReason,
    /// invalidityDate (5.3.2)
    pub invalid_since: Option<UnixTime>,
    /// A critical extension that is not processed here: RFC 5280 section 5.3 forbids the use of such a CRL.
    pub unprocessed_critical: Option<ObjectIdentifier>,
    /// The DER of the entry.
    pub der: &'a [u8],
    /// Whether it has crlEntryExtensions.
    pub(super) has_extensions: bool,
    /// Whether revocationDate is a UTCTime.
    pub(super) is_utc_time: bool,
}

impl CrlEntry<'_> {
    /// Appends an entry that was read to `bytes`.
    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) -> Result<(), X509Error> {
        write::append_entry(
            bytes,
            self.serial,
            self.revoked_at,
            self.reason,
            self.invalid_since,
        )
    }

    /// Copies the entry out of the CRL's bytes.
    #[must_use]
    pub fn to_revocation(&self) -> Revocation {
        Revocation {
            serial: SerialNumber::from_octets(self.serial),
            revoked_at: self.revoked_at,
            reason: self.reason,
            invalid_since: self.invalid_since,
        }
    }
}
