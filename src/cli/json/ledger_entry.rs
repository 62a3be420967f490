//! An entry of a ledger. The events themselves have their own format (docs/ledger.md).

use hsm_ca::ledger::{DeliveryState, EntryState, Object, RevocationState, Stamp};
use serde::Serialize;

use super::common::{Fingerprint, Reason, Time};

/// A signature that was begun or made. Fields that do not apply to its kind are absent.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Entry {
    /// Its number.
    entry: u64,
    #[serde(flatten)]
    object: RecordedObject,
    #[serde(flatten)]
    end: End,
    /// The subject of the CA or signer.
    signer: String,
    /// The SHA-256 of its public key.
    signer_key_sha256: Fingerprint,
    begun: Recorded,
    /// The SHA-256 of the bytes to be signed; null for an adopted object.
    tbs_sha256: Option<Fingerprint>,
    /// Rules that were waived.
    waived: Vec<String>,
    /// The object, if the ledger keeps it.
    pem: Option<String>,
    /// Whether it reached its file or its reader; null if the ledger does not record this.
    delivered: Option<bool>,
    first_delivered: Option<Time>,
    /// Null if it was never revoked.
    revocation: Option<Revocation>,
}

/// When something was recorded.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Recorded {
    time: Time,
    /// The login of the person.
    by: String,
    /// The program and its version.
    tool: String,
}

impl Recorded {
    pub(super) fn of(stamp: &Stamp) -> Self {
        Self {
            time: Time::of(stamp.time),
            by: stamp.by.clone(),
            tool: stamp.tool.clone(),
        }
    }
}

/// What the entry is about.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "object_kind", rename_all = "kebab-case")]
enum RecordedObject {
    /// An adopted certificate has only the known fields.
    Certificate {
        serial_number: String,
        subject: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        profile: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        csr_sha256: Option<Fingerprint>,
        #[serde(skip_serializing_if = "Option::is_none")]
        not_before: Option<Time>,
        not_after: Time,
    },
    Crl {
        /// The CRL number, in decimal.
        number: String,
        /// For a delta CRL: the number of its base.
        base: Option<String>,
        this_update: Time,
        next_update: Time,
        /// The number of entries.
        entries: u64,
    },
    OcspResponse {
        /// The certificates that it is about.
        serial_numbers: Vec<String>,
        this_update: Time,
        next_update: Option<Time>,
    },
    Request {
        subject: String,
    },
    /// A kind of a later version.
    Other,
}

/// How it ended.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "kebab-case")]
enum End {
    /// It has not ended: whether a signature was made is unknown.
    Begun,
    Signed {
        signed: Recorded,
        /// The SHA-256 of the object's DER.
        sha256: Fingerprint,
    },
    Abandoned {
        abandoned: Recorded,
        /// Why, for people.
        problem: String,
    },
    /// Signed without this ledger, and recorded later.
    Adopted {
        /// The SHA-256 of the object's DER; null if only the serial number is known.
        sha256: Option<Fingerprint>,
    },
    /// A kind of a later version.
    Other,
}

/// The latest revocation or release of a certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Revocation {
    /// False if a hold ended.
    revoked: bool,
    /// The reason, by its name in RFC 5280.
    reason: Option<Reason>,
    revoked_at: Option<Time>,
    invalid_since: Option<Time>,
}

impl Entry {
    /// The entry, with its object as PEM, if the ledger keeps it.
    pub(in crate::cli) fn of(entry: &hsm_ca::ledger::Entry, pem: Option<String>) -> Self {
        let (delivered, first_delivered) = match entry.delivery {
            DeliveryState::Undelivered => (Some(false), None),
            DeliveryState::Delivered { time, .. } => (Some(true), Some(Time::of(time))),
            _ => (None, None),
        };
        Self {
            entry: entry.id.0,
            object: RecordedObject::of(&entry.object),
            end: End::of(&entry.state),
            signer: entry.authority.subject.text.clone(),
            signer_key_sha256: Fingerprint::new(entry.authority.key_sha256),
            begun: Recorded::of(&entry.begun),
            tbs_sha256: entry.tbs_sha256.map(Fingerprint::new),
            waived: entry.waived.clone(),
            pem,
            delivered,
            first_delivered,
            revocation: entry
                .revocation
                .as_ref()
                .map(|revocation| Revocation::of(&revocation.state)),
        }
    }

    /// The same entry after another delivery.
    pub(in crate::cli) fn delivered(self) -> Self {
        Self {
            delivered: Some(true),
            ..self
        }
    }
}

impl RecordedObject {
    fn of(object: &Object) -> Self {
        match object {
            Object::Certificate {
                serial,
                subject,
                profile,
                request_sha256,
                not_before,
                not_after,
                ..
            } => Self::Certificate {
                serial_number: serial.to_string(),
                subject: Some(subject.text.clone()),
                profile: Some(profile.clone()),
                csr_sha256: request_sha256.map(Fingerprint::new),
                not_before: Some(Time::of(*not_before)),
                not_after: Time::of(*not_after),
            },
            Object::SerialNumber {
                serial,
                subject,
                not_after,
            } => Self::Certificate {
                serial_number: serial.to_string(),
                subject: subject.clone(),
                profile: None,
                csr_sha256: None,
                not_before: None,
                not_after: Time::of(*not_after),
            },
            Object::Crl {
                number,
                base,
                this_update,
                next_update,
                entries,
            } => Self::Crl {
                number: number.to_string(),
                base: base.map(|base| base.to_string()),
                this_update: Time::of(*this_update),
                next_update: Time::of(*next_update),
                entries: *entries,
            },
            Object::OcspResponse {
                serials,
                this_update,
                next_update,
            } => Self::OcspResponse {
                serial_numbers: serials.iter().map(ToString::to_string).collect(),
                this_update: Time::of(*this_update),
                next_update: next_update.map(Time::of),
            },
            Object::Request { subject } => Self::Request {
                subject: subject.text.clone(),
            },
            _ => Self::Other,
        }
    }
}

impl End {
    fn of(state: &EntryState) -> Self {
        match state {
            EntryState::Begun => Self::Begun,
            EntryState::Signed { stamp, sha256, .. } => Self::Signed {
                signed: Recorded::of(stamp),
                sha256: Fingerprint::new(sha256),
            },
            EntryState::Abandoned { stamp, reason } => Self::Abandoned {
                abandoned: Recorded::of(stamp),
                problem: reason.clone(),
            },
            EntryState::Adopted { sha256, .. } => Self::Adopted {
                sha256: sha256.map(Fingerprint::new),
            },
            _ => Self::Other,
        }
    }
}

impl Revocation {
    fn of(state: &RevocationState) -> Self {
        match state {
            RevocationState::Released => Self {
                revoked: false,
                reason: None,
                revoked_at: None,
                invalid_since: None,
            },
            RevocationState::Revoked {
                reason,
                revoked,
                invalidity_date,
            } => Self {
                revoked: true,
                reason: Some(Reason::of(reason.to_crl_reason())),
                revoked_at: Some(Time::of(*revoked)),
                invalid_since: invalidity_date.map(Time::of),
            },
        }
    }
}
