//! A CA that was kept elsewhere, with its certificates and revocations, recorded in one transaction.

use serde::{Deserialize, Serialize};

use super::{Adoption, Authority, CrlNumber, Der, EntryId, Object, RevocationRequest};

/// A CA's own certificate. If another CA issued it, that CA need not be in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityCertificate {
    /// Its subject and key.
    pub authority: Authority,
    /// The certificate.
    pub der: Der,
    /// Whether its path was checked.
    pub path: PathCheck,
}

/// How a CA certificate was checked when it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathCheck {
    /// It is signed by its own key.
    SelfSigned,
    /// Its issuer's certificate was available, and the path was valid.
    Verified,
    /// Its issuer's certificate was not available.
    NotChecked,
}

impl PathCheck {
    /// The word that the events use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SelfSigned => "self-signed",
            Self::Verified => "verified",
            Self::NotChecked => "not-checked",
        }
    }
}

/// A recorded CA certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAuthority {
    /// The event that recorded it.
    pub event: EntryId,
    /// The certificate.
    pub certificate: AuthorityCertificate,
}

/// What to record of a CA that was kept elsewhere. What the ledger already has is skipped.
#[derive(Clone, Debug)]
pub struct Takeover {
    /// The CA.
    pub authority: Authority,
    /// Its own certificate; `None` if an entry has it.
    pub certificate: Option<AuthorityCertificate>,
    /// The rules that the operator waived for it, by name.
    pub waived: Vec<String>,
    /// The same certificate as an entry of its issuer, if the ledger has the issuer. A self-signed CA is its own issuer.
    pub entry: Option<Adoption>,
    /// The certificates that the CA has issued.
    pub certificates: Vec<Adoption>,
    /// Certificates of which only the serial number, `notAfter` and the subject in the spelling of the old database are known.
    pub serials: Vec<Object>,
    /// Its revocations.
    pub revocations: Vec<RevocationRequest>,
    /// Its last CRL.
    pub crl: Option<AdoptedCrl>,
}

/// A complete CRL that was signed without this ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedCrl {
    /// [`Object::Crl`]
    pub object: Object,
    /// The signed list.
    pub der: Vec<u8>,
}

/// What a [`Takeover`] added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Whether the CA's own certificate was new.
    pub certificate: bool,
    /// Certificates.
    pub certificates: u64,
    /// Serial numbers without a certificate.
    pub serials: u64,
    /// Revocations and changed reasons.
    pub revocations: u64,
    /// The highest CRL number; the next CRL of this CA gets a higher one.
    pub crl_number: Option<CrlNumber>,
}
