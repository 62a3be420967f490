//! The delivery of signed objects: done, or still open.

use super::{Recorder, authority_of};
use crate::ledger::{self, EntryId};
use crate::workflow::{Delivered, Progress, WorkflowError};
use crate::x509::Certificate;

impl Recorder {
    /// Reports the open and undelivered entries of this CA, if any. For use before a signing command prompts for a PIN.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn tell_unfinished(
        &self,
        authority: &Certificate,
        progress: &dyn Progress,
    ) -> Result<(), WorkflowError> {
        self.tell_unfinished_of(&authority_of(authority)?, progress)
    }

    /// The same for a key and a name without a certificate.
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

    /// Notes where the objects of the entries went. An object in a file is delivered. One that goes to the caller waits for
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

    /// Records that the caller has received what was handed over. Call it when the content has left this process.
    ///
    /// A failure to record it is not an error of the job: the object is delivered. At worst, the ledger says that it may not be.
    pub fn confirm_delivery(&mut self) {
        let stamp = self.stamp();
        let entries = std::mem::take(&mut self.handed_over);
        if !entries.is_empty() {
            let _ = self.ledger.deliver_many(&entries, &stamp);
        }
    }
}
