//! A revoked serial number that no CRL of the ceremony lists.

use std::fmt;

use crate::values::UnixTime;

/// The first serial number of a certificate, after people chose the spare one. It is revoked in the ledger. The plan fixed the ceremony's CRLs before
/// that, so they do not list it, and the issuer owes another CRL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnlistedRevocation {
    /// The step that signs the certificate.
    pub step: String,
    /// The revoked serial number, in hex.
    pub serial: String,
    /// The name of the issuer.
    pub issuer: String,
    /// The file with the issuer's certificate, below the ceremony's directory.
    pub authority: String,
    /// The files in `out` of the CRLs that the issuer signs in this ceremony.
    pub lists: Vec<String>,
    /// When people chose the spare serial number; `None` if they have not yet.
    pub decided_at: Option<UnixTime>,
}

impl UnlistedRevocation {
    /// Which CRLs do not list it: `r1.crl does not list it`.
    #[must_use]
    pub fn missing_from(&self) -> String {
        match self.lists.as_slice() {
            [] => format!("this ceremony makes no CRL of {}", self.issuer),
            [list] => format!("{list} does not list it"),
            lists => format!("{} do not list it", lists.join(" and ")),
        }
    }
}

impl fmt::Display for UnlistedRevocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "certificate {} of step {:?} is revoked in the ledger, but {}",
            self.serial,
            self.step,
            self.missing_from()
        )
    }
}
