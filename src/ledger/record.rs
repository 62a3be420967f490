//! What goes into a ledger, and what comes out of it.

use serde::{Deserialize, Serialize};

use super::{CrlNumber, Der, Digest, EntryId, Name, RevocationRecord, SerialNumber, UnixTime};

/// When something was done, by whom, and with which program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When.
    pub time: UnixTime,
    /// Who: as the caller knows people, for example `user@host`.
    pub by: String,
    /// The program and its version.
    pub tool: String,
    /// The rules that the operator waived for it, by name; for a signature, [`Intent::waived`] has them.
    pub waived: Vec<String>,
}

/// A distinguished name, and the text that an event shows people beside it: the ledger knows no X.509 and cannot make the text. Two are
/// equal when both are; [`name`](Self::name) alone says whether they mean the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedName {
    /// RFC 4514.
    pub text: String,
    /// The name.
    #[serde(rename = "der")]
    pub name: Name,
}

/// Whose key signs: the key and the name together. A certificate's serial number is unique for the name, whichever key signs
/// (RFC 5280 section 4.1.2.2), and so is a CRL's number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub key_sha256: Digest,
    /// The subject of the CA certificate.
    pub subject: RecordedName,
}

impl Authority {
    /// The same key under the same name, however the name is shown.
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
    /// A certificate; the CA's own is one whose subject and key are the authority's.
    Certificate {
        /// `serialNumber`
        serial: SerialNumber,
        /// For whom.
        subject: RecordedName,
        /// The profile's name.
        profile: String,
        /// SHA-256 of all names that a leaf is for, as the caller puts them together; if there is none, the hash of the encoded subject
        /// stands for it. A renewal is found by it.
        #[serde(skip_serializing_if = "Option::is_none")]
        names_sha256: Option<Digest>,
        /// SHA-256 of the certification request, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        request_sha256: Option<Digest>,
        /// `notBefore`
        not_before: UnixTime,
        /// `notAfter`
        not_after: UnixTime,
    },
    /// A certificate that was signed without this ledger, and of which only the serial number is known.
    SerialNumber {
        /// `serialNumber`
        serial: SerialNumber,
        /// The subject, as the place spells it where the number was found.
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// `notAfter`; the end of the year 9999, "no well-defined expiration date" (RFC 5280 section 4.1.2.5), where it is not known.
        not_after: UnixTime,
    },
    /// A CRL.
    Crl {
        /// `cRLNumber`, which [`Ledger::reserve_crl_number`](super::Ledger::reserve_crl_number) gave.
        number: CrlNumber,
        /// For a delta CRL, the number of the complete CRL that it starts from.
        #[serde(skip_serializing_if = "Option::is_none")]
        base: Option<CrlNumber>,
        /// `thisUpdate`
        this_update: UnixTime,
        /// `nextUpdate`
        next_update: UnixTime,
        /// How many certificates are on it.
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
    /// In one word, as the events and the tables have it.
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
    /// Whose key signs.
    pub authority: Authority,
    /// SHA-256 of the bytes that are signed: the encoded TBSCertificate, TBSCertList, …
    pub tbs_sha256: Digest,
    /// What it is for.
    pub object: Object,
    /// The rules that the operator waived for it, by name.
    pub waived: Vec<String>,
}

/// A signature that was made and verified.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// What [`Ledger::begin`](super::Ledger::begin) gave.
    pub entry: EntryId,
    /// The signed object as DER; of an OCSP response the `BasicOCSPResponse`.
    pub signed: &'a [u8],
}

/// A certificate that was signed without this ledger: before it was there, or with another program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The issuer.
    pub authority: Authority,
    /// [`Object::Certificate`]; nothing else can be adopted.
    pub object: Object,
    /// The certificate as DER.
    pub certificate: Vec<u8>,
}

/// One signature, from before to after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: EntryId,
    /// Whose key.
    pub authority: Authority,
    /// What it is for.
    pub object: Object,
    /// SHA-256 of what was to be signed; not known of an adopted certificate.
    pub tbs_sha256: Option<Digest>,
    /// The rules that the operator waived for it, by name.
    pub waived: Vec<String>,
    /// When it began.
    pub begun: Stamp,
    /// How it ended.
    pub state: EntryState,
    /// Of a certificate: its last revocation, or that it was released again.
    pub revocation: Option<RevocationRecord>,
    /// Whether it has reached its file or its caller.
    pub delivery: DeliveryState,
}

/// Whether a signed object has reached its file or its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryState {
    /// Nothing is to be delivered, or nobody recorded it: an OCSP response, an adopted certificate, a ledger of version 1.
    Unknown,
    /// Signed, and not delivered as far as the ledger knows.
    Undelivered,
    /// Delivered for the first time.
    Delivered {
        /// The event that says so.
        event: u64,
        /// When.
        time: UnixTime,
    },
}

/// What an authority has signed or begun that still needs attention. Left out is what no longer matters: revoked and expired certificates,
/// and CRLs, OCSP responses and requests that have a later one of their kind, signed by the same authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Begun, and not ended: another process is signing it now, or was cut off.
    pub open: Vec<Entry>,
    /// Signed, and not delivered.
    pub undelivered: Vec<Entry>,
    /// Whether there are more than were looked at.
    pub more: bool,
}

impl Unfinished {
    /// Whether there is nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.open.is_empty() && self.undelivered.is_empty() && !self.more
    }
}

/// How an entry ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryState {
    /// It did not: begun, and whether a signature was made is not known.
    Begun,
    /// Signed, and the signature verified.
    Signed {
        /// The event that says so.
        event: u64,
        /// When it was recorded.
        stamp: Stamp,
        /// SHA-256 of the signed object.
        sha256: Digest,
        /// The signed object, unless it is one that is not kept.
        der: Option<Der>,
    },
    /// Given up; its serial number stays used.
    Abandoned {
        /// When.
        stamp: Stamp,
        /// What the caller said.
        reason: String,
    },
    /// Signed without this ledger, and recorded later.
    Adopted {
        /// SHA-256 of the signed object; none where only a serial number is known.
        sha256: Option<Digest>,
        /// The signed object, unless it is one that is not kept.
        der: Option<Der>,
    },
}

impl EntryState {
    /// In one word, as the tables have it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Signed { .. } => "signed",
            Self::Abandoned { .. } => "abandoned",
            Self::Adopted { .. } => "adopted",
        }
    }

    /// The signed object, where it is kept.
    #[must_use]
    pub const fn der(&self) -> Option<&Der> {
        match self {
            Self::Signed { der, .. } | Self::Adopted { der, .. } => der.as_ref(),
            _ => None,
        }
    }
}

impl Entry {
    /// The event that has the signed object or its hash: that it was signed, or adopted.
    #[must_use]
    pub const fn object_event(&self) -> Option<u64> {
        match self.state {
            EntryState::Signed { event, .. } => Some(event),
            EntryState::Adopted { sha256: Some(_), .. } => Some(self.id.0),
            _ => None,
        }
    }
}

/// A certificate that exists, or that was revoked because it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCertificate {
    /// Its serial number.
    pub serial: SerialNumber,
    /// The last that happened to it.
    pub revocation: Option<RevocationRecord>,
}

/// Which entries, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Of this authority only.
    pub authority: Option<Authority>,
    /// Certificates of this serial number, of any issuer.
    pub serial: Option<SerialNumber>,
    /// Certificates for these names only: the value of `names_sha256`, or what stands for it.
    pub names: Option<Digest>,
    /// Only those that began and did not end.
    pub open: bool,
    /// Only those that were signed and not delivered; with `open`, both.
    pub undelivered: bool,
    /// Only those before this one: the next page.
    pub before: Option<EntryId>,
    /// At most so many.
    pub limit: Option<u64>,
}
