//! A CA that lived elsewhere, and all that is known of it: recorded in one transaction, so that nothing is half known.

use serde::{Deserialize, Serialize};

use super::{Adoption, Authority, CrlNumber, Der, EntryId, Object, RevocationRequest};

/// A certificate of a CA by itself: where another CA issued it, that one need not be known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityCertificate {
    /// Its subject and key.
    pub authority: Authority,
    /// The certificate.
    pub der: Der,
    /// What is known of its issuer.
    pub path: PathCheck,
}

/// What was checked of a CA certificate when it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathCheck {
    /// Its own key signed it.
    SelfSigned,
    /// Its issuer's certificate was there, and the path up to it was valid.
    Verified,
    /// Its issuer's certificate was not there.
    NotChecked,
}

impl PathCheck {
    /// In one word, as the events have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SelfSigned => "self-signed",
            Self::Verified => "verified",
            Self::NotChecked => "not-checked",
        }
    }
}

/// A CA certificate that was recorded by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAuthority {
    /// The event that says so.
    pub event: EntryId,
    /// The certificate.
    pub certificate: AuthorityCertificate,
}

/// What is recorded of a CA that lived elsewhere. Whatever the ledger has already is passed over.
#[derive(Clone, Debug)]
pub struct Takeover {
    /// The CA.
    pub authority: Authority,
    /// Its own certificate; none where an entry has it.
    pub certificate: Option<AuthorityCertificate>,
    /// The rules that the operator waived for it, by name.
    pub waived: Vec<String>,
    /// The same as an entry of the CA that issued it, the CA itself for a self-signed one, where the ledger has that CA.
    pub entry: Option<Adoption>,
    /// What the CA has issued.
    pub certificates: Vec<Adoption>,
    /// What it has issued, and of which only the serial number is known: `notAfter`, and the subject as its old database spells it.
    pub serials: Vec<Object>,
    /// What it has revoked.
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

/// What of a [`Takeover`] was new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Whether the CA's own certificate was.
    pub certificate: bool,
    /// Certificates.
    pub certificates: u64,
    /// Serial numbers without a certificate.
    pub serials: u64,
    /// Revocations, and reasons that changed.
    pub revocations: u64,
    /// The number that CRLs of this CA are above now.
    pub crl_number: Option<CrlNumber>,
}
