//! What becomes of what was signed: delivered, or still to be.

use super::{Recorder, authority_of};
use crate::ledger::{self, EntryId};
use crate::workflow::{Delivered, Progress, WorkflowError};
use crate::x509::Certificate;

impl Recorder {
    /// Says what the ledger has open or undelivered for this CA, if there is anything: before a signing command asks for a PIN.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    pub fn tell_unfinished(
        &self,
        authority: &Certificate,
        progress: &dyn Progress,
    ) -> Result<(), WorkflowError> {
        self.tell_unfinished_of(&authority_of(authority)?, progress)
    }

    /// The same for a key and a name that have no certificate yet.
    pub(in super::super) fn tell_unfinished_of(
        &self,
        authority: &ledger::Authority,
        progress: &dyn Progress,
    ) -> Result<(), WorkflowError> {
        let found = self.ledger.unfinished(authority, self.now())?;
        if !found.is_empty() {
            progress.unfinished(&found);
        }
        Ok(())
    }

    /// Notes where the objects of entries went. A file has its object now; what is on its way to the caller waits for
    /// [`confirm_delivery`](Self::confirm_delivery).
    pub(in super::super) fn note_deliveries<'a>(
        &mut self,
        delivered: impl IntoIterator<Item = (EntryId, &'a Delivered)>,
    ) {
        let mut is_in_file = false;
        for (entry, delivered) in delivered {
            self.handed_over.push(entry);
            is_in_file |= matches!(delivered, Delivered::File(_));
        }
        if is_in_file {
            self.confirm_delivery();
        }
    }

    /// Records that the caller has what was handed over: call it when the content has left this process.
    ///
    /// A failure to record it is not an error of the job: the object is where it belongs, and the ledger says at worst that it may
    /// not be.
    pub fn confirm_delivery(&mut self) {
        let stamp = self.stamp();
        let entries = std::mem::take(&mut self.handed_over);
        if !entries.is_empty() {
            let _ = self.ledger.deliver_many(&entries, &stamp);
        }
    }
}
