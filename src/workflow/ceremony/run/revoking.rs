//! Records a revocation in the ledger and in the transcript.

use super::CeremonyRun;
use crate::ceremony::{Event, Step, StepAction};
use crate::ledger::RevocationState;
use crate::workflow::ceremony::objects::Made;
use crate::workflow::record::revocation_request;
use crate::workflow::{WorkflowError, authority_of};

impl CeremonyRun<'_> {
    /// Revokes the certificate of the step, unless an interrupted run did.
    pub(super) fn revoke(&mut self, step: &Step, made: &Made) -> Result<(), WorkflowError> {
        let StepAction::Revoke(revoke) = &step.action else {
            return Err(self.cannot(&step.id, "it is not a revocation").into());
        };
        if self.course.borrow().step(&step.id).revoked {
            return Ok(());
        }
        let revoked = made.revocations.get(&revoke.issuer).and_then(|list| list.last());
        let revoked = revoked
            .ok_or_else(|| self.cannot(&step.id, "it revokes nothing"))?
            .clone();
        let authority = self.authority(&revoke.issuer, made)?;
        let certificate = self.authority(&revoke.certificate, made)?;
        self.type_words(&step.id)?;
        let issuer = authority_of(&authority)?;
        let recorder = self.recorder()?;
        recorder.adopt(&authority, &certificate)?;
        let entry = recorder.ledger().certificate(&issuer, &revoked.serial)?;
        let request = revocation_request(&revoked)?;
        let last = entry
            .and_then(|entry| entry.revocation)
            .map(|change| change.state);
        // An interrupted run may have done this. A hold or another reason is changed to the approved reason.
        if !matches!(last, Some(RevocationState::Revoked { reason, .. }) if reason == request.reason) {
            recorder.revoke(&authority, &[request])?;
        }
        self.record(Event::Revoked {
            step: step.id.clone(),
            serial: revoked.serial.to_string(),
        })
    }
}
