//! Revocation, and what may follow on what.

use serde::{Deserialize, Serialize};

use super::{Der, Digest, EntryId, Number, Serial, UnixTime};

/// A `CRLReason` (RFC 5280 section 5.3.1). `removeFromCRL` is no reason to revoke: [`Ledger::release`](super::Ledger::release).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Reason {
    /// 0; left out of CRLs
    Unspecified,
    /// 1
    KeyCompromise,
    /// 2
    CaCompromise,
    /// 3
    AffiliationChanged,
    /// 4
    Superseded,
    /// 5
    CessationOfOperation,
    /// 6: the only one that can be released
    CertificateHold,
    /// 9
    PrivilegeWithdrawn,
    /// 10
    AaCompromise,
}

impl Reason {
    /// All of them, by code.
    pub const ALL: [Self; 9] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// The code in the extension.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::CaCompromise => 2,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::PrivilegeWithdrawn => 9,
            Self::AaCompromise => 10,
        }
    }

    /// The RFC's name, as openssl takes it too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }

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

impl From<Reason> for u8 {
    fn from(reason: Reason) -> Self {
        reason.code()
    }
}

impl TryFrom<u8> for Reason {
    type Error = String;

    fn try_from(code: u8) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|reason| reason.code() == code)
            .ok_or_else(|| format!("{code} is no CRLReason that a certificate is revoked for"))
    }
}

/// A revocation that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRequest {
    /// Which certificate.
    pub serial: Serial,
    /// Why.
    pub reason: Reason,
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

/// The last that happened to a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which certificate.
    pub serial: Serial,
    /// Whether it is revoked now.
    pub state: RevocationState,
    /// Its `notAfter`: an expired certificate may leave the CRL (RFC 5280 section 3.3).
    pub not_after: UnixTime,
    /// The number of the event that changed it last: for a delta CRL, compare it with
    /// [`CrlNumber::event`] of the base.
    pub changed: u64,
}

/// Whether a certificate is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationState {
    /// It is.
    Revoked {
        /// Why.
        reason: Reason,
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
pub struct CrlNumber {
    /// The number.
    pub number: Number,
    /// The event that reserved it. Every revocation up to it is on a CRL of this number, so a delta CRL on top needs only what
    /// changed later.
    pub event: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_may_end_and_a_compromise_may_come_to_light() {
        assert!(Reason::CertificateHold.may_become(Reason::Superseded));
        assert!(Reason::Superseded.may_become(Reason::KeyCompromise));
        assert!(!Reason::Superseded.may_become(Reason::CertificateHold));
        assert!(!Reason::KeyCompromise.may_become(Reason::CaCompromise));
        assert!(Reason::ALL.iter().all(|reason| !reason.may_become(*reason)));
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        for reason in Reason::ALL {
            assert_eq!(Reason::try_from(reason.code()), Ok(reason));
        }
        assert!([7, 8, 11].iter().all(|code| Reason::try_from(*code).is_err()));
    }
}
