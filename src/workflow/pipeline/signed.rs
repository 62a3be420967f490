//! The signature, and the steps after it.

use std::fmt;

use super::{Begun, Signable};
use crate::ledger::{EntryId, LedgerError, Outcome, SoleCertificate};
use crate::signer::Signer;
use crate::workflow::delivery::{Filled, Slot};
use crate::workflow::{Delivered, Recorder, WorkflowError};
use crate::x509::X509Error;

/// A signed object whose signature verified. It is not recorded in the ledger yet, so it cannot be delivered.
#[must_use = "the ledger has it as begun and not ended until it is completed"]
pub struct Signed<T: Signable> {
    object: T::Signed,
    slot: Slot,
    entry: EntryId,
    sole: Option<SoleCertificate>,
}

/// A signed object that is recorded in the ledger.
#[must_use = "it is not delivered yet"]
pub struct Completed<T: Signable> {
    pub(super) object: T::Signed,
    pub(super) slot: Slot,
    pub(super) entry: EntryId,
}

/// A signed object that was delivered.
pub struct Finished<T: Signable> {
    /// The object.
    pub object: T::Signed,
    /// Its entry in the ledger.
    pub entry: EntryId,
    /// Where it is.
    pub delivered: Delivered,
}

/// No signature: the key did not sign, or its signature was wrong. It is not tried again.
#[derive(Debug)]
#[must_use = "the ledger has it as begun and not ended until it is abandoned"]
pub struct NotSigned {
    /// The entry that began.
    pub entry: EntryId,
    /// Why.
    pub cause: X509Error,
}

impl<T: Signable> Begun<T> {
    /// Has `signer` sign it, once, and verifies the signature in software. Uses neither the ledger nor the file system.
    ///
    /// # Errors
    /// [`NotSigned`], which [`Recorder::give_up`] records.
    pub fn sign(self, signer: &dyn Signer) -> Result<Signed<T>, NotSigned> {
        let Self {
            checked,
            slot,
            entry,
            sole,
        } = self;
        match checked.sign(signer) {
            Ok(object) => Ok(Signed {
                object,
                slot,
                entry,
                sole,
            }),
            Err(cause) => Err(NotSigned { entry, cause }),
        }
    }
}

impl<T: Signable> Signed<T> {
    /// Its entry in the ledger.
    pub(in crate::workflow) const fn entry(&self) -> EntryId {
        self.entry
    }
}

impl<T: Signable> Completed<T> {
    /// An object that an earlier run signed. It goes to another place now.
    pub(in crate::workflow) const fn recorded(object: T::Signed, slot: Slot, entry: EntryId) -> Self {
        Self { object, slot, entry }
    }

    /// Its entry in the ledger.
    pub(in crate::workflow) const fn entry(&self) -> EntryId {
        self.entry
    }

    /// Puts all of them in their places, and waits for the disk once. Does not use the ledger, so it can run on another thread; the caller
    /// records what was delivered. The results are in the same order.
    ///
    /// # Errors
    /// For each, [`WorkflowError::Undelivered`]: it is recorded, but not delivered.
    pub(in crate::workflow) fn publish_all(completed: Vec<Self>) -> Vec<Result<Finished<T>, WorkflowError>> {
        let mut filled = Vec::with_capacity(completed.len());
        let written: Vec<_> = completed
            .into_iter()
            .map(|Self { object, slot, entry }| match slot.write(&object) {
                Ok(one) => {
                    filled.push(one);
                    Ok((object, entry))
                }
                Err(cause) => Err(undelivered(entry, cause.into())),
            })
            .collect();
        let mut published = Filled::publish_all(filled).into_iter();
        let each = written.into_iter().map(|written| {
            let (object, entry) = written?;
            let delivered = published.next().ok_or(LedgerError::NoEntry { entry })?;
            let delivered = delivered.map_err(|cause| undelivered(entry, cause.into()))?;
            Ok(Finished {
                object,
                entry,
                delivered,
            })
        });
        each.collect()
    }
}

impl Recorder {
    /// Records why a signature is missing. Returns the error of the job.
    pub fn give_up(&mut self, NotSigned { entry, cause }: NotSigned) -> WorkflowError {
        self.abandon(&[entry], &cause.to_string());
        cause.into()
    }

    /// Records what was signed: all or none, in one transaction. If another process has signed a certificate for the same request meanwhile, a
    /// [notice](Self::take_notices) says so.
    ///
    /// # Errors
    /// [`WorkflowError::Unrecorded`] with the first entry and the number of the others. The signatures exist, but none may be delivered.
    pub fn complete<T: Signable>(
        &mut self,
        signed: Vec<Signed<T>>,
    ) -> Result<Vec<Completed<T>>, WorkflowError> {
        let Some(entry) = signed.first().map(|first| first.entry) else {
            return Ok(Vec::new());
        };
        let outcomes: Vec<_> = signed
            .iter()
            .map(|signed| Outcome {
                entry: signed.entry,
                signed: T::signed_der(&signed.object),
            })
            .collect();
        self.complete_many(&outcomes)
            .map_err(|cause| WorkflowError::Unrecorded {
                entry,
                others: signed.len().saturating_sub(1),
                cause,
            })?;
        let sole: Vec<_> = signed.iter().filter_map(|signed| signed.sole.clone()).collect();
        self.note_second_certificates(&sole);
        let completed = signed.into_iter().map(|signed| Completed {
            object: signed.object,
            slot: signed.slot,
            entry: signed.entry,
        });
        Ok(completed.collect())
    }
}

/// The error of an object that is recorded.
pub(super) fn undelivered(entry: EntryId, cause: WorkflowError) -> WorkflowError {
    WorkflowError::Undelivered {
        entry,
        cause: Box::new(cause),
    }
}

impl<T: Signable> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

impl<T: Signable> fmt::Debug for Completed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completed")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

impl<T: Signable> fmt::Debug for Finished<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finished")
            .field("entry", &self.entry)
            .field("delivered", &self.delivered)
            .finish_non_exhaustive()
    }
}
