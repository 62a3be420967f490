//! Before the signature: planned, held, begun in the ledger.

use super::{Certified, Signable};
use crate::ledger::{Digest, EntryId, Intent, Object, SoleCertificate};
use crate::output::OutputError;
use crate::workflow::delivery::Slot;
use crate::workflow::named::refusal_of;
use crate::workflow::record::Waivers;
use crate::workflow::{Delivery, WorkflowError};

/// An object whose exact bytes passed every rule. Nothing is signed or recorded.
#[derive(Clone, Debug)]
pub struct Planned<T> {
    pub(super) checked: T,
    pub(super) intent: Intent,
    /// The key that it certifies.
    pub(super) certified: Option<Certified>,
    pub(super) waivers: Waivers,
    /// Its name in errors, if it is one of several.
    pub(super) name: Option<String>,
    /// For a CRL: the end of the ledger before its revocations were read. For a certificate: before its request was looked for.
    pub(super) since: Option<u64>,
}

impl<T: Signable> Planned<T> {
    pub(in crate::workflow) fn new(checked: T) -> Result<Self, WorkflowError> {
        Ok(Self {
            intent: checked.intent()?,
            certified: checked.certified()?,
            checked,
            waivers: Waivers::default(),
            name: None,
            since: None,
        })
    }

    /// The same with the rules that the operator waives, for a CA's certificate.
    #[must_use]
    pub fn waiving(self, waivers: Waivers) -> Self {
        Self { waivers, ..self }
    }

    /// The same; errors about it carry `name`.
    #[must_use]
    pub(in crate::workflow) fn named(self, name: &str) -> Self {
        let name = Some(name.to_owned());
        Self { name, ..self }
    }

    /// The same. [`Recorder::begin`](crate::workflow::Recorder::begin) refuses it if another CRL of its CA, or another certificate for its
    /// request, began after event `since`.
    #[must_use]
    pub(in crate::workflow) fn read_at(self, since: u64) -> Self {
        let since = Some(since);
        Self { since, ..self }
    }

    /// What will be signed.
    #[must_use]
    pub const fn checked(&self) -> &T {
        &self.checked
    }

    /// SHA-256 of the bytes that will be signed. People approve it, and the ledger records it.
    #[must_use]
    pub const fn sha256(&self) -> Digest {
        self.intent.tbs_sha256
    }

    /// What the ledger will record before the signature.
    #[must_use]
    pub const fn intent(&self) -> &Intent {
        &self.intent
    }

    /// The same as a certificate that is to be the only one for its request, if it is one.
    pub(super) fn sole_as(&self, entry: EntryId) -> Option<SoleCertificate> {
        let Object::Certificate {
            request_sha256: Some(request),
            ..
        } = &self.intent.object
        else {
            return None;
        };
        Some(SoleCertificate {
            entry,
            authority: self.intent.authority.clone(),
            request_sha256: *request,
            since: self.since?,
        })
    }

    /// Holds the place for the output, with enough space reserved.
    ///
    /// # Errors
    /// [`WorkflowError::Output`]
    pub fn hold(self, delivery: &Delivery) -> Result<Held<T>, WorkflowError> {
        Ok(Held {
            slot: self.reserve(delivery)?,
            planned: self,
        })
    }

    /// Checks that the place could be held, and leaves nothing behind. For use before the PIN prompt.
    ///
    /// # Errors
    /// [`WorkflowError::Output`]
    pub fn check_place(&self, delivery: &Delivery) -> Result<(), WorkflowError> {
        self.reserve(delivery).map(drop)
    }

    fn reserve(&self, delivery: &Delivery) -> Result<Slot, WorkflowError> {
        Ok(delivery.reserve_room(|encoding| self.checked.longest_file(encoding))?)
    }

    /// The error, with the object's name if it is one of several.
    pub(super) fn about(&self, error: WorkflowError) -> WorkflowError {
        match &self.name {
            Some(name) => refusal_of(name, error),
            None => error,
        }
    }
}

/// A planned object, and its held place.
#[derive(Debug)]
pub struct Held<T> {
    pub(super) planned: Planned<T>,
    pub(super) slot: Slot,
}

impl<T: Signable> Held<T> {
    /// What will be signed.
    #[must_use]
    pub const fn planned(&self) -> &Planned<T> {
        &self.planned
    }
}

/// An object that the ledger has as begun. A key can sign nothing else. If it is dropped, it stays begun in the ledger, as after a killed
/// process; [`Recorder::abandon`](crate::workflow::Recorder::abandon) records that it was not signed.
#[derive(Debug)]
#[must_use = "it stays open in the ledger until it is signed or abandoned"]
pub struct Begun<T> {
    pub(super) checked: T,
    pub(super) slot: Slot,
    pub(super) entry: EntryId,
    pub(super) sole: Option<SoleCertificate>,
}

impl<T> Begun<T> {
    /// Checks, before the signature, that the place is still free.
    ///
    /// # Errors
    /// [`OutputError`]
    pub(in crate::workflow) fn check_place(&self) -> Result<(), OutputError> {
        self.slot.check()
    }

    /// Its entry in the ledger.
    #[must_use]
    pub const fn entry(&self) -> EntryId {
        self.entry
    }
}
