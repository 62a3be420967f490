//! The last steps in one: signature, record, delivery.

use super::signed::undelivered;
use super::{Begun, Completed, Finished, Signable};
use crate::ledger::{EntryId, LedgerError};
use crate::signer::Signer;
use crate::workflow::{Recorder, WorkflowError};

/// Compares a signed object with the content of the file that it would replace. An error keeps that file.
pub(in crate::workflow) type Compare<'a, S> =
    &'a dyn Fn(&Recorder, EntryId, &S, Vec<u8>) -> Result<(), WorkflowError>;

impl Recorder {
    /// Delivers a recorded object, and records the delivery.
    ///
    /// # Errors
    /// [`WorkflowError::Undelivered`]: it is recorded, but not delivered.
    pub fn deliver<T: Signable>(&mut self, completed: Completed<T>) -> Result<Finished<T>, WorkflowError> {
        let entry = completed.entry;
        let finished = Completed::publish_all(vec![completed]).pop();
        let finished = finished.ok_or(LedgerError::NoEntry { entry })??;
        self.note_deliveries([(entry, &finished.delivered)]);
        Ok(finished)
    }

    /// [`deliver`](Self::deliver) for an object that may replace an earlier one. `compare` decides at the last moment
    /// ([`place`](Self::place)).
    ///
    /// # Errors
    /// [`WorkflowError::Undelivered`] and [`WorkflowError::Overtaken`]: it is recorded, but not delivered.
    fn deliver_compared<T: Signable>(
        &mut self,
        completed: Completed<T>,
        compare: Compare<'_, T::Signed>,
    ) -> Result<Finished<T>, WorkflowError> {
        let Completed { object, slot, entry } = completed;
        let compare = |recorder: &Self, existing| compare(recorder, entry, &object, existing);
        match self.place(entry, slot, &object, &compare) {
            Ok(delivered) => Ok(Finished {
                object,
                entry,
                delivered,
            }),
            Err(error @ WorkflowError::Overtaken { .. }) => Err(error),
            Err(cause) => Err(undelivered(entry, cause)),
        }
    }

    /// All steps from [`Begun::sign`] on.
    ///
    /// # Errors
    /// Those of the signature, of [`complete`](Self::complete) and of [`deliver`](Self::deliver).
    pub fn finish<T: Signable>(
        &mut self,
        begun: Begun<T>,
        signer: &dyn Signer,
    ) -> Result<Finished<T>, WorkflowError> {
        let completed = self.sign_and_complete(begun, signer)?;
        self.deliver(completed)
    }

    /// The same for an object that may replace an earlier one.
    ///
    /// # Errors
    /// Those of [`finish`](Self::finish); [`WorkflowError::Overtaken`].
    pub(in crate::workflow) fn finish_compared<T: Signable>(
        &mut self,
        begun: Begun<T>,
        signer: &dyn Signer,
        compare: Compare<'_, T::Signed>,
    ) -> Result<Finished<T>, WorkflowError> {
        let completed = self.sign_and_complete(begun, signer)?;
        self.deliver_compared(completed, compare)
    }

    fn sign_and_complete<T: Signable>(
        &mut self,
        begun: Begun<T>,
        signer: &dyn Signer,
    ) -> Result<Completed<T>, WorkflowError> {
        let entry = begun.entry();
        if let Err(error) = begun.check_place() {
            self.abandon(&[entry], &error.to_string());
            return Err(error.into());
        }
        let signed = begun.sign(signer).map_err(|failed| self.give_up(failed))?;
        let completed = self.complete(vec![signed])?.pop();
        Ok(completed.ok_or(LedgerError::NoEntry { entry })?)
    }
}
