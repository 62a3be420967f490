//! Revocation, and what may follow on what.
//!
//! A revocation is not one value: what is requested names a key, what the ledger says last of a certificate may be that it was released, and
//! an entry of a CRL (`x509::Revocation`) may have a reason that no request has.

use super::{CrlNumber, Der, Digest, EntryId, RevocationReason, SerialNumber, UnixTime};

impl RevocationReason {
    /// Whether a certificate that is revoked for this reason may be revoked for `next`. A hold may become anything; anything
    /// may turn out to have been a compromise; nothing else changes.
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
    /// `revocationDate`; when a hold becomes a revocation, the day of the hold stays.
    pub revoked: UnixTime,
    /// `invalidityDate`, where it is known.
    pub invalidity_date: Option<UnixTime>,
    /// Which key the certificate is for, where that is known: it is remembered if it is compromised. SHA-256 of its
    /// SubjectPublicKeyInfo; of an RSA key, of the one with the same modulus as rsaEncryption with the exponent 65537.
    pub key_sha256: Option<Digest>,
}

/// A revocation that says that a private key is in the wrong hands: keyCompromise or cACompromise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompromisedKey {
    /// The entry of the certificate.
    pub entry: EntryId,
    /// As the revocation has it ([`RevocationRequest::key_sha256`]).
    pub key_sha256: Option<Digest>,
    /// The certificate, where it does not and the ledger has it.
    pub certificate: Option<Der>,
}

/// The last that happened to a certificate, as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRecord {
    /// Which certificate.
    pub serial: SerialNumber,
    /// Whether it is revoked now.
    pub state: RevocationState,
    /// Its `notAfter`: an expired certificate may leave the CRL (RFC 5280 section 3.3).
    pub not_after: UnixTime,
    /// The number of the event that changed it last: for a delta CRL, compare it with
    /// [`ReservedCrlNumber::event`] of the base.
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
    /// It was on hold and is not any more: on a delta CRL, `removeFromCRL`.
    Released,
}

/// A CRL number that nobody else gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservedCrlNumber {
    /// The number.
    pub number: CrlNumber,
    /// The event that reserved it. Every revocation up to it is on a CRL of this number, so a delta CRL on top needs only what
    /// changed later.
    pub event: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_may_end_and_a_compromise_may_come_to_light() {
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
