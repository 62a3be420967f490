//! One entry of `revokedCertificates` (RFC 5280 sections 5.1.2.6 and 5.3).

mod read;
mod write;

use const_oid::ObjectIdentifier;

pub(super) use read::Entries;
pub(super) use write::LONGEST_ENTRY;

use crate::x509::{CrlReason, SerialNumber, UnixTime, X509Error};

/// A revoked certificate, as an entry of a CRL says it: the reason may be `removeFromCRL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The certificate's serial number, as it is in the certificate.
    pub serial: SerialNumber,
    /// When the CA revoked it.
    pub revoked_at: UnixTime,
    /// Why.
    pub reason: CrlReason,
    /// Since when the key is known or suspected to be compromised, or the certificate to be invalid.
    pub invalid_since: Option<UnixTime>,
}

/// An entry of a CRL, in the CRL's own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlEntry<'a> {
    /// The content of userCertificate: big-endian two's complement, as [`SerialNumber::octets`] is.
    pub serial: &'a [u8],
    /// revocationDate
    pub revoked_at: UnixTime,
    /// reasonCode (5.3.1); unspecified if there is none.
    pub reason: CrlReason,
    /// invalidityDate (5.3.2)
    pub invalid_since: Option<UnixTime>,
    /// A critical extension that is not processed here: RFC 5280 section 5.3 forbids to use such a CRL at all.
    pub unprocessed_critical: Option<ObjectIdentifier>,
    /// The entry itself.
    pub der: &'a [u8],
    /// Whether there is a crlEntryExtensions at all.
    pub(super) has_extensions: bool,
    /// Whether revocationDate is a UTCTime.
    pub(super) is_utc_time: bool,
}

impl CrlEntry<'_> {
    /// Writes what was read once more, behind what is in `bytes`.
    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) -> Result<(), X509Error> {
        write::append_entry(
            bytes,
            self.serial,
            self.revoked_at,
            self.reason,
            self.invalid_since,
        )
    }

    /// The entry as a value of its own.
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
