//! The records of a ledger.

use serde::{Deserialize, Serialize};

use super::{
    CrlNumber, Der, Digest, EntryId, Name, RevocationRecord, RevocationState, SerialNumber, UnixTime,
};

/// When something was done, by whom, and with which program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When.
    pub time: UnixTime,
    /// Who, for example `user@host`.
    pub by: String,
    /// The program and its version.
    pub tool: String,
    /// The rules that the operator waived for it, by name. For a signature they are in [`Intent::waived`].
    pub waived: Vec<String>,
}

/// A distinguished name and its text for people. The ledger does not parse X.509, so it cannot make the text itself. Equality compares
/// both; to compare only the names, use [`name`](Self::name).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedName {
    /// RFC 4514.
    pub text: String,
    /// The name.
    #[serde(rename = "der")]
    pub name: Name,
}

/// The signer: its key and its name. Serial numbers (RFC 5280 section 4.1.2.2) and CRL numbers are unique for the name, for all its keys
/// together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub key_sha256: Digest,
    /// The subject of the CA certificate.
    pub subject: RecordedName,
}

impl Authority {
    /// Whether key and name are the same. The text of the name does not count.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.key_sha256 == other.key_sha256 && self.subject.name == other.subject.name
    }
}

/// What a signature is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Object {
    /// A certificate. A CA's own certificate has the authority's subject and key.
    Certificate {
        /// `serialNumber`
        serial: SerialNumber,
        /// The subject.
        subject: RecordedName,
        /// The profile's name.
        profile: String,
        /// SHA-256 of all names of an end-entity certificate, in the caller's encoding; without names, the hash of the encoded subject is
        /// used instead. It serves to find renewals.
        #[serde(skip_serializing_if = "Option::is_none")]
        names_sha256: Option<Digest>,
        /// SHA-256 of the certification request, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        request_sha256: Option<Digest>,
        /// `notBefore`
        not_before: UnixTime,
        /// `notAfter`
        not_after: UnixTime,
    },
    /// A certificate that was signed without this ledger, known only by its serial number.
    SerialNumber {
        /// `serialNumber`
        serial: SerialNumber,
        /// The subject, in the spelling of the source of the number.
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// `notAfter`. If unknown, the end of the year 9999: "no well-defined expiration date" (RFC 5280 section 4.1.2.5).
        not_after: UnixTime,
    },
    /// A CRL.
    Crl {
        /// `cRLNumber`, from [`Ledger::reserve_crl_number`](super::Ledger::reserve_crl_number).
        number: CrlNumber,
        /// For a delta CRL, the number of its base.
        #[serde(skip_serializing_if = "Option::is_none")]
        base: Option<CrlNumber>,
        /// `thisUpdate`
        this_update: UnixTime,
        /// `nextUpdate`
        next_update: UnixTime,
        /// The number of revoked certificates on it.
        entries: u64,
    },
    /// An OCSP response.
    OcspResponse {
        /// The certificates that it is about.
        serials: Vec<SerialNumber>,
        /// `thisUpdate`
        this_update: UnixTime,
        /// `nextUpdate`
        #[serde(skip_serializing_if = "Option::is_none")]
        next_update: Option<UnixTime>,
    },
    /// A certification request for the authority's own key.
    Request {
        /// Its subject.
        subject: RecordedName,
    },
}

impl Object {
    /// The word that the events and the tables use.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Certificate { .. } | Self::SerialNumber { .. } => "certificate",
            Self::Crl { .. } => "crl",
            Self::OcspResponse { .. } => "ocsp-response",
            Self::Request { .. } => "request",
        }
    }

    /// `notAfter` of a certificate.
    #[must_use]
    pub const fn not_after(&self) -> Option<UnixTime> {
        match self {
            Self::Certificate { not_after, .. } | Self::SerialNumber { not_after, .. } => Some(*not_after),
            _ => None,
        }
    }

    /// The serial number of a certificate.
    #[must_use]
    pub const fn serial(&self) -> Option<&SerialNumber> {
        match self {
            Self::Certificate { serial, .. } | Self::SerialNumber { serial, .. } => Some(serial),
            _ => None,
        }
    }
}

/// A signature that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The signer.
    pub authority: Authority,
    /// SHA-256 of the bytes to be signed: the encoded TBSCertificate, TBSCertList, …
    pub tbs_sha256: Digest,
    /// What it is for.
    pub object: Object,
    /// The rules that the operator waived for it, by name.
    pub waived: Vec<String>,
}

/// A signature that was made and verified.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The entry, from [`Ledger::begin`](super::Ledger::begin).
    pub entry: EntryId,
    /// The signed object as DER; for an OCSP response, the `BasicOCSPResponse`.
    pub signed: &'a [u8],
}

/// A certificate that was signed without this ledger: before it was created, or with another program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The issuer.
    pub authority: Authority,
    /// An [`Object::Certificate`]; nothing else can be adopted.
    pub object: Object,
    /// The certificate as DER.
    pub certificate: Vec<u8>,
}

/// One signature: the intent and the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: EntryId,
    /// The signer.
    pub authority: Authority,
    /// What it is for.
    pub object: Object,
    /// SHA-256 of the bytes to be signed; unknown for an adopted certificate.
    pub tbs_sha256: Option<Digest>,
    /// The rules that the operator waived for it, by name.
    pub waived: Vec<String>,
    /// When it began.
    pub begun: Stamp,
    /// How it ended.
    pub state: EntryState,
    /// For a certificate: its latest revocation or release.
    pub revocation: Option<RevocationRecord>,
    /// Whether it has reached its file or its caller.
    pub delivery: DeliveryState,
}

impl Entry {
    /// Whether it is for a certificate of the signer's own name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        matches!(&self.object, Object::Certificate { subject, .. } if subject.name == self.authority.subject.name)
    }
}

/// A certificate that should be the only one for its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoleCertificate {
    /// Its entry.
    pub entry: EntryId,
    /// Its issuer.
    pub authority: Authority,
    /// SHA-256 of the request.
    pub request_sha256: Digest,
    /// The last event before the ledger was searched for other certificates for the request.
    pub since: u64,
}

/// Whether a signed object has reached its file or its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryState {
    /// Not to be delivered, or not recorded: an OCSP response, an adopted certificate, a ledger of version 1.
    Unknown,
    /// Signed, with no recorded delivery.
    Undelivered,
    /// Delivered for the first time.
    Delivered {
        /// The event that recorded it.
        event: u64,
        /// When.
        time: UnixTime,
    },
}

/// What an authority has signed or begun that still needs attention. Revoked and expired certificates are left out, and so are CRLs, OCSP
/// responses and requests that the same authority has replaced by later ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Begun and not ended: another process is signing it now, or was interrupted.
    pub open: Vec<Entry>,
    /// Whether there may be more open ones than are listed.
    pub more_open: bool,
    /// Signed and not delivered.
    pub undelivered: Vec<Entry>,
    /// Whether there may be more undelivered ones than are listed.
    pub more_undelivered: bool,
}

impl Unfinished {
    /// Whether both lists are empty, and complete.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.open.is_empty() && self.undelivered.is_empty() && !self.more_open && !self.more_undelivered
    }
}

/// How an entry ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryState {
    /// It has not ended: whether a signature was made is unknown.
    Begun,
    /// Signed, and the signature verified.
    Signed {
        /// The event that recorded it.
        event: u64,
        /// When it was recorded.
        stamp: Stamp,
        /// SHA-256 of the signed object.
        sha256: Digest,
        /// The signed object, if the ledger keeps objects of its kind.
        der: Option<Der>,
    },
    /// Abandoned. Its serial number stays used.
    Abandoned {
        /// When.
        stamp: Stamp,
        /// The caller's reason.
        reason: String,
    },
    /// Signed without this ledger, and recorded later.
    Adopted {
        /// SHA-256 of the signed object; `None` if only a serial number is known.
        sha256: Option<Digest>,
        /// The signed object, if the ledger keeps objects of its kind.
        der: Option<Der>,
    },
}

impl EntryState {
    /// The word that the tables use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Signed { .. } => "signed",
            Self::Abandoned { .. } => "abandoned",
            Self::Adopted { .. } => "adopted",
        }
    }

    /// The signed object, if the ledger keeps it.
    #[must_use]
    pub const fn der(&self) -> Option<&Der> {
        match self {
            Self::Signed { der, .. } | Self::Adopted { der, .. } => der.as_ref(),
            _ => None,
        }
    }
}

impl Entry {
    /// Whether it is a certificate that has expired or is revoked, not merely on hold. If such an entry is open or undelivered, it no longer
    /// matters.
    #[must_use]
    pub fn is_over(&self, now: UnixTime) -> bool {
        let revocation = self.revocation.as_ref().map(|revocation| &revocation.state);
        let is_revoked = matches!(revocation, Some(RevocationState::Revoked { .. }));
        is_revoked || self.object.not_after().is_some_and(|not_after| not_after < now)
    }

    /// The event with the signed object or its hash: `signed` or `adopted`.
    #[must_use]
    pub const fn object_event(&self) -> Option<u64> {
        match self.state {
            EntryState::Signed { event, .. } => Some(event),
            EntryState::Adopted { sha256: Some(_), .. } => Some(self.id.0),
            _ => None,
        }
    }
}

/// A certificate that exists, or that was revoked because it may exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCertificate {
    /// Its serial number.
    pub serial: SerialNumber,
    /// Its latest revocation or release.
    pub revocation: Option<RevocationRecord>,
}

/// Selects entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Only those of this authority.
    pub authority: Option<Authority>,
    /// Only certificates with this serial number, of any issuer.
    pub serial: Option<SerialNumber>,
    /// Only certificates for these names, by `names_sha256` or the hash that is used instead.
    pub names: Option<Digest>,
    /// Only those that have not ended.
    pub open: bool,
    /// Only those that were signed and not delivered. Together with `open`, both kinds.
    pub undelivered: bool,
    /// Without CRLs, OCSP responses and requests that the same authority has replaced by later ones.
    pub without_replaced: bool,
    /// Only those before this one, for the next page.
    pub before: Option<EntryId>,
    /// At most this many.
    pub limit: Option<u64>,
}
