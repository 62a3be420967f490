//! Revocation, and which reason may follow which.
//! A revocation has three types: a request names a key; the ledger's latest record of a certificate can also be a release; and an entry of
//! a CRL (`x509::Revocation`) can have reasons that no request can have.

use super::{CrlNumber, Der, Digest, EntryId, RevocationReason, SerialNumber, UnixTime};

impl RevocationReason {
    /// Whether the reason of a revoked certificate may change to `next`. A hold may change to anything; any other reason only to a
    /// compromise.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        let compromise = |reason| {
            matches!(
                reason,
                Self::KeyCompromise | Self::CaCompromise | Self::AaCompromise
            )
        };
        self != next && (self == Self::CertificateHold || compromise(next) && !compromise(self))
    }
}

/// A revocation that is requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRequest {
    /// Which certificate.
    pub serial: SerialNumber,
    /// Why.
    pub reason: RevocationReason,
    /// `revocationDate`. When a hold becomes a revocation, the date of the hold stays.
    pub revoked: UnixTime,
    /// `invalidityDate`, if known.
    pub invalidity_date: Option<UnixTime>,
    /// The certificate's key, if known, so that a compromised key is recognised later. SHA-256 of the SubjectPublicKeyInfo; for an RSA key,
    /// of its modulus as rsaEncryption with the exponent 65537.
    pub key_sha256: Option<Digest>,
}

/// A revocation for keyCompromise or cACompromise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompromisedKey {
    /// The entry of the certificate.
    pub entry: EntryId,
    /// The key that the revocation names ([`RevocationRequest::key_sha256`]).
    pub key_sha256: Option<Digest>,
    /// The certificate, if the revocation names no key and the ledger has the certificate.
    pub certificate: Option<Der>,
}

/// The latest revocation or release of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRecord {
    /// Which certificate.
    pub serial: SerialNumber,
    /// Whether it is revoked now.
    pub state: RevocationState,
    /// Its `notAfter`: an expired certificate may leave the CRL (RFC 5280 section 3.3).
    pub not_after: UnixTime,
    /// The number of the event that changed it last. For a delta CRL, compare it with the base's [`ReservedCrlNumber::event`].
    pub changed: u64,
}

/// Whether a certificate is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationState {
    /// It is.
    Revoked {
        /// Why.
        reason: RevocationReason,
        /// `revocationDate`
        revoked: UnixTime,
        /// `invalidityDate`
        invalidity_date: Option<UnixTime>,
    },
    /// It was on hold and no longer is: `removeFromCRL` on a delta CRL.
    Released,
}

/// A CRL number that no other call gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservedCrlNumber {
    /// The number.
    pub number: CrlNumber,
    /// The event that reserved it. A CRL with this number has every revocation up to this event, so a delta CRL based on it needs only
    /// later changes.
    pub event: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_may_become_any_reason_and_any_reason_a_compromise() {
        assert!(RevocationReason::CertificateHold.may_become(RevocationReason::Superseded));
        assert!(RevocationReason::Superseded.may_become(RevocationReason::KeyCompromise));
        assert!(!RevocationReason::Superseded.may_become(RevocationReason::CertificateHold));
        assert!(!RevocationReason::KeyCompromise.may_become(RevocationReason::CaCompromise));
        assert!(
            RevocationReason::ALL
                .iter()
                .all(|reason| !reason.may_become(*reason))
        );
    }
}
