//! Replaces an earlier file, after a comparison that no other process of the ledger can make void.

use std::io;

use super::Recorder;
use crate::ledger::EntryId;
use crate::output::{OutputError, Replaced, Replacement, Verified};
use crate::workflow::delivery::{Filled, Slot};
use crate::workflow::{Delivered, WorkflowError};

/// No earlier output is longer: `crl show` reads no more either.
const LONGEST: u64 = 1024 * 1024 * 1024;

/// How often another process may put its own file there between the comparison and the rename.
const TRIES: usize = 16;

/// Compares what is to be delivered with the content of the file that it would replace. An error keeps that file.
pub(in crate::workflow) type Comparison<'a> = &'a dyn Fn(&Recorder, Vec<u8>) -> Result<(), WorkflowError>;

impl Recorder {
    /// Delivers a recorded object, and records the delivery. If its file is to replace another, `compare` gets the content of that one, and
    /// refuses by an error.
    ///
    /// The comparison can take long, so it holds nothing. The rename comes after it, in this process's turn to write in the ledger
    /// ([`deliver_in_turn`](crate::ledger::Ledger::deliver_in_turn)), and only if the file is still the one that was compared; otherwise the
    /// comparison starts again. The turn is the one thing that all processes of a CA respect, also those of other users and on other
    /// machines. It has a time limit, it ends with its process, and leaves nothing behind. Who can keep it from this process could already
    /// keep it from signing, which a lock file in the output's directory would let everyone do who may write there.
    ///
    /// # Errors
    /// Those of `compare`; [`OutputError`]; [`LedgerError`](crate::ledger::LedgerError), if the turn does not come. The path is unchanged,
    /// except after [`OutputError::NotSynced`].
    pub(in crate::workflow) fn place(
        &mut self,
        entry: EntryId,
        slot: Slot,
        object: &dyn Verified,
        compare: Comparison<'_>,
    ) -> Result<Delivered, WorkflowError> {
        let path = slot.path().cloned().unwrap_or_default();
        let written = match slot.write(object)? {
            Filled::File(written) if written.may_replace() => written,
            filled => {
                let delivered = filled.publish()?;
                self.note_deliveries([(entry, &delivered)]);
                return Ok(delivered);
            }
        };
        let mut synced = written.sync()?;
        for _ in 0..TRIES {
            let mut replacement = Replacement::of(synced);
            if let Some(existing) = replacement.occupant().read(LONGEST) {
                compare(self, existing)?;
            }
            let stamp = self.stamp();
            let recorded = self
                .ledger
                .deliver_in_turn(entry, &stamp, &mut || replacement.attempt());
            synced = match replacement.finish()? {
                // As in `confirm_delivery`, a failure to record it is not an error of the job.
                Replaced::Published(path) => return Ok(Delivered::File(path)),
                Replaced::OtherFile(synced) => synced,
            };
            recorded?;
        }
        let (action, cause) = (
            "replace it",
            io::Error::other("other processes keep replacing it"),
        );
        Err(OutputError::Io { path, action, cause }.into())
    }
}
