//! Cleans up after an abandoned session. It signed nothing, so no part of it belongs to the record.

use std::fs;
use std::io;
use std::ops::ControlFlow;

use super::CeremonyRun;
use super::files::{failed, sync_parent};
use crate::ceremony::PlannedObject;
use crate::ledger::{EntryFilter, EntryState};
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::foreseen::hashes_of;
use crate::workflow::ceremony::regular_file::read_file;

impl CeremonyRun<'_> {
    /// Removes the bytes that another session wrote for the step before it was abandoned. Any other file stays and is refused.
    pub(super) fn remove_bytes_of_other_session(&self, step: &str) -> Result<(), WorkflowError> {
        if self.course.borrow().step(step).begun.is_some() {
            return Ok(());
        }
        let path = self.tbs_path(step);
        let found = match read_file(&path) {
            Ok(found) => found,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(failed(&path, cause).into()),
        };
        let keys = self.key_octets();
        let is_other = |object: &&PlannedObject| object.step == step && object.session != self.session.name;
        let mut others = self.plan.objects.iter().filter(is_other);
        if others.any(|object| object.completed(&keys).is_ok_and(|octets| octets == found)) {
            fs::remove_file(&path).map_err(|cause| failed(&path, cause))?;
            sync_parent(&path)?;
        }
        Ok(())
    }

    /// Ends the ledger entries that other sessions began. Those sessions signed nothing, and cannot be held once this one is opened.
    pub(super) fn end_other_sessions(&mut self) -> Result<(), WorkflowError> {
        let own = &self.session.name;
        let reason = "its session was given up, and the transcript has no signature of this";
        self.end_begun(&|object| object.session != *own, reason)
    }

    /// Ends what is left at the end: a first serial number whose end could not be recorded.
    pub(super) fn end_unsigned(&mut self) -> Result<(), WorkflowError> {
        self.end_begun(&|_| true, "the ceremony is closed, and has no signature of this")
    }

    fn end_begun(
        &mut self,
        is_meant: &dyn Fn(&PlannedObject) -> bool,
        reason: &str,
    ) -> Result<(), WorkflowError> {
        let objects = self.plan.objects.iter().filter(|object| is_meant(object));
        let planned = hashes_of(objects, &self.key_octets());
        let filter = EntryFilter {
            open: true,
            ..EntryFilter::default()
        };
        let recorder = self.recorder()?;
        let mut open = Vec::new();
        recorder.ledger().entries(&filter, &mut |entry| {
            let is_planned = entry.tbs_sha256.is_some_and(|sha256| planned.contains(&sha256));
            if is_planned && entry.state == EntryState::Begun {
                open.push(entry.id);
            }
            ControlFlow::Continue(())
        })?;
        recorder.record_abandoned(&open, reason)?;
        Ok(())
    }
}
