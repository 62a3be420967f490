//! `CRLReason` (RFC 5280 section 5.3.1), and the reasons for which a certificate can be revoked. These are two types: the reasonCode of a
//! CRL entry can be removeFromCRL, an instruction to readers of delta CRLs. A certificate is never revoked for that reason, so a ledger
//! cannot contain it.

use std::fmt;
use std::str::FromStr;

/// A value of the reasonCode of a CRL entry, or of the revocationReason of an OCSP response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrlReason {
    /// unspecified: no reasonCode is written for it.
    Unspecified,
    /// keyCompromise
    KeyCompromise,
    /// cACompromise
    CaCompromise,
    /// affiliationChanged
    AffiliationChanged,
    /// superseded
    Superseded,
    /// cessationOfOperation
    CessationOfOperation,
    /// certificateHold, the only reason that can be undone.
    CertificateHold,
    /// removeFromCRL: only in delta CRLs.
    RemoveFromCrl,
    /// privilegeWithdrawn
    PrivilegeWithdrawn,
    /// aACompromise
    AaCompromise,
}

impl CrlReason {
    /// Every one, by code.
    pub const ALL: [Self; 10] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::RemoveFromCrl,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// The value of the ENUMERATED; 7 is not used.
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
            Self::RemoveFromCrl => 8,
            Self::PrivilegeWithdrawn => 9,
            Self::AaCompromise => 10,
        }
    }

    /// The reason with this value.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The RFC's name, which openssl accepts too.
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
            Self::RemoveFromCrl => "removeFromCRL",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }
}

impl fmt::Display for CrlReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CrlReason {
    type Err = UnknownReason;

    /// The RFC's names, ignoring case: OpenSSL writes `CACompromise`.
    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        let found = Self::ALL
            .into_iter()
            .find(|reason| reason.name().eq_ignore_ascii_case(text));
        found.ok_or(UnknownReason)
    }
}

/// A text that is not the name of a [`CrlReason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownReason;

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = CrlReason::ALL.map(CrlReason::name);
        write!(f, "not a reason of RFC 5280 section 5.3.1: {}", names.join(", "))
    }
}

impl std::error::Error for UnknownReason {}

/// Why a certificate is revoked: a [`CrlReason`] without removeFromCRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevocationReason {
    /// unspecified
    Unspecified,
    /// keyCompromise
    KeyCompromise,
    /// cACompromise
    CaCompromise,
    /// affiliationChanged
    AffiliationChanged,
    /// superseded
    Superseded,
    /// cessationOfOperation
    CessationOfOperation,
    /// certificateHold, the only reason that can be undone.
    CertificateHold,
    /// privilegeWithdrawn
    PrivilegeWithdrawn,
    /// aACompromise
    AaCompromise,
}

impl RevocationReason {
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

    /// The value for a CRL or an OCSP response.
    #[must_use]
    pub const fn to_crl_reason(self) -> CrlReason {
        match self {
            Self::Unspecified => CrlReason::Unspecified,
            Self::KeyCompromise => CrlReason::KeyCompromise,
            Self::CaCompromise => CrlReason::CaCompromise,
            Self::AffiliationChanged => CrlReason::AffiliationChanged,
            Self::Superseded => CrlReason::Superseded,
            Self::CessationOfOperation => CrlReason::CessationOfOperation,
            Self::CertificateHold => CrlReason::CertificateHold,
            Self::PrivilegeWithdrawn => CrlReason::PrivilegeWithdrawn,
            Self::AaCompromise => CrlReason::AaCompromise,
        }
    }

    /// [`CrlReason::code`]
    #[must_use]
    pub const fn code(self) -> u8 {
        self.to_crl_reason().code()
    }

    /// [`CrlReason::name`]
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.to_crl_reason().name()
    }
}

impl From<RevocationReason> for CrlReason {
    fn from(reason: RevocationReason) -> Self {
        reason.to_crl_reason()
    }
}

impl TryFrom<CrlReason> for RevocationReason {
    type Error = NotARevocation;

    fn try_from(reason: CrlReason) -> Result<Self, NotARevocation> {
        let mut all = Self::ALL.into_iter();
        all.find(|found| found.to_crl_reason() == reason)
            .ok_or(NotARevocation)
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error for removeFromCRL as a reason to revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARevocation;

impl fmt::Display for NotARevocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("removeFromCRL is not a reason to revoke a certificate")
    }
}

impl std::error::Error for NotARevocation {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_those_of_the_rfc_and_read_back() {
        let codes = CrlReason::ALL.map(CrlReason::code);
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]);
        for reason in CrlReason::ALL {
            assert_eq!(CrlReason::from_code(reason.code()), Some(reason));
            assert_eq!(reason.name().parse(), Ok(reason));
            assert_eq!(reason.name().to_uppercase().parse(), Ok(reason));
        }
        for code in [7, 11, 255] {
            assert_eq!(CrlReason::from_code(code), None);
        }
        for text in ["", "7", "key compromise", "keyCompromise "] {
            assert_eq!(text.parse::<CrlReason>(), Err(UnknownReason), "{text:?}");
        }
    }

    #[test]
    fn every_reason_but_remove_from_crl_revokes() {
        for reason in CrlReason::ALL {
            let revokes = RevocationReason::try_from(reason);
            match reason {
                CrlReason::RemoveFromCrl => assert_eq!(revokes, Err(NotARevocation)),
                reason => assert_eq!(revokes.map(CrlReason::from), Ok(reason)),
            }
        }
    }
}
