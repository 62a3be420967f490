//! `ledger deliver`: writes an object that was signed before to a file. Nothing is signed.

mod replaced;

use std::fmt;
use std::ops::ControlFlow;

use super::record::authority_of;
use super::{Delivered, Delivery, Recorder, WorkflowError};
use crate::ledger::{Digest, Entry, EntryFilter, EntryId, EntryState, LedgerError, Object, SerialNumber};
use crate::output::Verified;
use crate::signer::PublicKey;
use crate::x509::{Certificate, Issued, IssuedCrl, IssuedRequest, X509Error};
use replaced::refuse_to_replace;

/// Which entry, and where it goes.
#[derive(Clone, Debug)]
pub struct DeliveryRequest {
    /// The entry.
    pub entry: EntryId,
    /// The certificate of the CA that signed it, if the ledger does not have it.
    pub authority: Option<Certificate>,
    /// Where it goes.
    pub delivery: Delivery,
}

/// What was delivered.
#[derive(Clone, Debug)]
pub struct DeliverySummary {
    /// The entry, as it was before.
    pub entry: Entry,
    /// Where its object is now.
    pub delivered: Delivered,
}

/// Why an entry cannot be delivered.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotDeliverable {
    /// It is open: it began and did not end.
    Open {
        /// The entry.
        entry: EntryId,
        /// The serial number of a certificate, by which it can be revoked.
        serial: Option<SerialNumber>,
        /// Whether it is the CA's own certificate: without it, nothing can be revoked.
        is_self_issued: bool,
    },
    /// It was abandoned.
    Abandoned {
        /// The entry.
        entry: EntryId,
        /// Why.
        reason: String,
    },
    /// The ledger keeps only the hash of such an object.
    NotKept {
        /// The entry.
        entry: EntryId,
        /// The kind of object.
        kind: &'static str,
    },
    /// The certificate of the CA is not known, so the signature cannot be verified.
    NoAuthority {
        /// The entry.
        entry: EntryId,
        /// The CA.
        subject: String,
    },
    /// The given certificate is not that of the CA that signed.
    OtherAuthority {
        /// The entry.
        entry: EntryId,
        /// The CA.
        subject: String,
    },
    /// The object in the ledger is not the recorded one.
    Altered {
        /// The entry.
        entry: EntryId,
        /// The difference.
        found: String,
    },
}

impl fmt::Display for NotDeliverable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { entry, serial, .. } => {
                write!(
                    f,
                    "entry {entry} began but did not end: whether a signature was made is not known, and the ledger does not have it"
                )?;
                match serial {
                    Some(serial) => write!(f, " (certificate {serial})"),
                    None => Ok(()),
                }
            }
            Self::Abandoned { entry, reason } => {
                write!(f, "entry {entry} was abandoned, nothing was signed: {reason}")
            }
            Self::NotKept { entry, kind } => write!(
                f,
                "entry {entry} is of kind {kind}, and the ledger has only the hash of what was signed"
            ),
            Self::NoAuthority { entry, subject } => write!(
                f,
                "entry {entry} was signed by \"{subject}\", and the ledger does not have the certificate to verify it with"
            ),
            Self::OtherAuthority { entry, subject } => write!(
                f,
                "entry {entry} was signed by \"{subject}\", but the given certificate has another name or key"
            ),
            Self::Altered { entry, found } => {
                write!(f, "entry {entry} differs from what was recorded: {found}")
            }
        }
    }
}

impl std::error::Error for NotDeliverable {}

impl From<NotDeliverable> for WorkflowError {
    fn from(error: NotDeliverable) -> Self {
        Self::NotDeliverable(Box::new(error))
    }
}

/// Writes the object of an entry, after its hash and its signature were verified again, and records the delivery.
///
/// # Errors
/// [`WorkflowError::NotDeliverable`], [`WorkflowError::Output`], or errors of the ledger; [`WorkflowError::X509`] with the rule `crl-number`
/// or `crl-entries` if the file has a CRL of the CA that this one must not replace.
pub fn deliver_recorded(
    recorder: &mut Recorder,
    order: &DeliveryRequest,
) -> Result<DeliverySummary, WorkflowError> {
    let entry = recorder
        .ledger()
        .entry(order.entry)?
        .ok_or(LedgerError::NoEntry { entry: order.entry })?;
    let object = reread(recorder, &entry, order.authority.as_ref())?;
    let slot = order.delivery.reserve()?;
    let delivered = recorder.place(
        entry.id,
        slot,
        object.as_verified(),
        &|_, existing| match &object {
            Reread::Crl(own, key) => refuse_to_replace(own.list(), key, existing),
            Reread::Other(_) => Ok(()),
        },
    )?;
    Ok(DeliverySummary { entry, delivered })
}

/// An object of the ledger, verified again.
enum Reread {
    /// A CRL, and the key of its CA.
    Crl(Box<IssuedCrl>, PublicKey),
    Other(Box<dyn Verified>),
}

impl Reread {
    fn as_verified(&self) -> &dyn Verified {
        match self {
            Self::Crl(list, _) => list.as_ref(),
            Self::Other(object) => object.as_ref(),
        }
    }
}

fn reread(recorder: &Recorder, entry: &Entry, named: Option<&Certificate>) -> Result<Reread, WorkflowError> {
    let der = kept(entry)?;
    let altered = |error: X509Error| altered(entry.id, &error);
    Ok(match entry.object {
        Object::Request { .. } => Reread::Other(Box::new(IssuedRequest::reread(der).map_err(altered)?)),
        Object::Certificate { .. } => {
            let key = authority_key(recorder, entry, named)?;
            Reread::Other(Box::new(Issued::reread(der, &key).map_err(altered)?))
        }
        Object::Crl { .. } => {
            let key = authority_key(recorder, entry, named)?;
            Reread::Crl(Box::new(IssuedCrl::reread(der, &key).map_err(altered)?), key)
        }
        _ => return Err(not_kept(entry)),
    })
}

/// The certificate of an entry, verified again under its issuer's key.
pub(super) fn reread_certificate(entry: &Entry, issuer_key: &PublicKey) -> Result<Issued, WorkflowError> {
    Ok(Issued::reread(kept(entry)?, issuer_key).map_err(|error| altered(entry.id, &error))?)
}

fn altered(entry: EntryId, error: &X509Error) -> NotDeliverable {
    let found = error.to_string();
    NotDeliverable::Altered { entry, found }
}

fn not_kept(entry: &Entry) -> WorkflowError {
    let kind = entry.object.kind();
    NotDeliverable::NotKept {
        entry: entry.id,
        kind,
    }
    .into()
}

/// The bytes, if their hash is the recorded one.
fn kept(entry: &Entry) -> Result<&[u8], WorkflowError> {
    let (sha256, der) = match &entry.state {
        EntryState::Begun => {
            let serial = entry.object.serial().cloned();
            return Err(NotDeliverable::Open {
                entry: entry.id,
                serial,
                is_self_issued: entry.is_self_issued(),
            }
            .into());
        }
        EntryState::Abandoned { reason, .. } => {
            let reason = reason.clone();
            return Err(NotDeliverable::Abandoned {
                entry: entry.id,
                reason,
            }
            .into());
        }
        EntryState::Signed {
            sha256,
            der: Some(der),
            ..
        }
        | EntryState::Adopted {
            sha256: Some(sha256),
            der: Some(der),
        } => (sha256, der),
        _ => return Err(not_kept(entry)),
    };
    if Digest::of(&der.0) != *sha256 {
        let found = "its bytes have a different SHA-256".to_owned();
        return Err(NotDeliverable::Altered {
            entry: entry.id,
            found,
        }
        .into());
    }
    Ok(&der.0)
}

/// The key of the CA that signed, from a certificate: the given one, or one that the ledger has. A root's is its first signature; an
/// intermediate's was signed by another CA.
fn authority_key(
    recorder: &Recorder,
    entry: &Entry,
    named: Option<&Certificate>,
) -> Result<PublicKey, WorkflowError> {
    let subject = || entry.authority.subject.text.clone();
    let id = entry.id;
    if let Some(named) = named {
        if !authority_of(named)?.is(&entry.authority) {
            return Err(NotDeliverable::OtherAuthority {
                entry: id,
                subject: subject(),
            }
            .into());
        }
        return Ok(named.public_key()?);
    }
    let mut certificates = recorder.ledger().own_certificates(&entry.authority)?;
    let filter = EntryFilter {
        names: Some(Digest::of(entry.authority.subject.name.der())),
        ..EntryFilter::default()
    };
    recorder.ledger().entries(&filter, &mut |found| {
        certificates.extend(found.state.der().cloned());
        ControlFlow::Continue(())
    })?;
    for der in certificates {
        let certificate = Certificate::from_der(&der.0).map_err(|error| altered(id, &error))?;
        let key = certificate.public_key()?;
        if authority_of(&certificate)?.is(&entry.authority) {
            return Ok(key);
        }
    }
    Err(NotDeliverable::NoAuthority {
        entry: id,
        subject: subject(),
    }
    .into())
}
