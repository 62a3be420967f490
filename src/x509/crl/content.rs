//! What a planned list says besides its entries.

use crate::x509::{CrlNumber, UnixTime};

/// The plan of a list, without its entries.
#[derive(Clone, Debug)]
pub struct CrlContent {
    /// cRLNumber (5.2.3)
    pub number: CrlNumber,
    /// thisUpdate (5.1.2.4)
    pub this_update: UnixTime,
    /// nextUpdate (5.1.2.5)
    pub next_update: UnixTime,
    /// Which certificates it covers.
    pub scope: CrlScope,
    /// The URL that the certificates name in cRLDistributionPoints, if the CA has more than one list (5.2.5).
    pub distribution_point: Option<String>,
    /// Full or delta.
    pub kind: CrlKind,
}

/// Which certificates of the CA a list covers (RFC 5280 section 5.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrlScope {
    /// All of them.
    All,
    /// onlyContainsUserCerts
    UserCertificates,
    /// onlyContainsCACerts
    AuthorityCertificates,
}

/// A full list, or the changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrlKind {
    /// Every revoked certificate in its scope.
    Full {
        /// The URL of its delta CRL (5.2.6).
        freshest: Option<String>,
    },
    /// The changes since the CRL with the number `base` (5.2.4).
    Delta {
        /// BaseCRLNumber
        base: CrlNumber,
    },
}

impl CrlContent {
    /// The number of the base CRL of a delta CRL.
    #[must_use]
    pub const fn base(&self) -> Option<&CrlNumber> {
        match &self.kind {
            CrlKind::Full { .. } => None,
            CrlKind::Delta { base } => Some(base),
        }
    }

    pub(super) const fn freshest(&self) -> Option<&String> {
        match &self.kind {
            CrlKind::Full { freshest } => freshest.as_ref(),
            CrlKind::Delta { .. } => None,
        }
    }

    /// Whether an issuingDistributionPoint would have content: RFC 5280 section 5.2.5 forbids an empty one.
    pub(super) fn distribution(&self) -> Option<()> {
        (self.scope != CrlScope::All || self.distribution_point.is_some()).then_some(())
    }
}
