//! A lost signature: it may exist but was not kept. People decide how to continue.

use std::collections::BTreeSet;

use super::{CeremonyRun, Told};
use crate::ceremony::{BegunSignature, Choice, Event, PROGRAM, Step, StepAction, Trail};
use crate::ledger::EntryId;
use crate::workflow::ceremony::objects::Made;
use crate::workflow::ceremony::unlisted::{first_serial_unlisted, unlisted_revocations};
use crate::workflow::record::revocation_request;
use crate::workflow::{WorkflowError, authority_of};
use crate::x509::{CrlReason, Revocation, SerialNumber};

impl CeremonyRun<'_> {
    /// People decide about a randomised signature that may exist but was not kept. A deterministic signature is simply made again.
    pub(super) fn settle_lost_signature(&mut self, step: &Step, made: &Made) -> Result<(), WorkflowError> {
        let id = step.id.as_str();
        let course = self.course.borrow().step(id);
        let planned = self.plan.object(&self.session.name, id);
        let (Some(begun), None, Some(object)) = (course.begun, &course.signature, planned) else {
            self.choose_spare(id);
            return Ok(());
        };
        let decision = match course.decision {
            None if !object.deterministic => {
                let choices: &[Choice] = match object.spare.is_some() && !begun.spare {
                    true => &[Choice::SignAgain, Choice::SpareSerial],
                    false => &[Choice::SignAgain],
                };
                let trail = Trail::follow(self.plan, self.transcript.borrow().transcript());
                self.room.tell(&Told::LostSignature {
                    step: id,
                    is: object.is,
                    choices,
                    unlisted: first_serial_unlisted(self.plan, &trail, object).as_ref(),
                });
                Some(self.decide(id, choices)?)
            }
            decision => decision,
        };
        if decision == Some(Choice::SpareSerial) && !begun.spare {
            self.give_up_first(step, &begun, made)?;
        }
        self.choose_spare(id);
        Ok(())
    }

    fn choose_spare(&self, step: &str) {
        let course = self.course.borrow().step(step);
        let is_spare =
            course.begun.is_some_and(|begun| begun.spare) || course.decision == Some(Choice::SpareSerial);
        if is_spare {
            self.spare.borrow_mut().insert(step.to_owned());
        }
    }

    /// Abandons the certificate with the first serial number, and revokes it in case a copy exists.
    fn give_up_first(
        &mut self,
        step: &Step,
        begun: &BegunSignature,
        made: &Made,
    ) -> Result<(), WorkflowError> {
        let reason =
            "a signature may have been lost: the certificate with the spare serial number replaces it";
        let object = self.plan.object(&self.session.name, &step.id);
        let serial = object.and_then(|object| SerialNumber::from_hex(object.serial.as_deref()?));
        let revoked_at = self.now();
        let authority = match &step.action {
            StepAction::SignCsr(sign) => Some(self.authority(&sign.issuer, made)?),
            StepAction::CrossSign(cross) => Some(self.authority(&cross.issuer, made)?),
            // A CRL signed by the same key cannot revoke a self-signed certificate.
            _ => None,
        };
        let recorder = self.recorder()?;
        recorder.abandon(&[EntryId(begun.entry)], reason);
        let (Some(authority), Some(serial)) = (authority, serial) else {
            return Ok(());
        };
        let issuer = authority_of(&authority)?;
        let Some(entry) = recorder.ledger().certificate(&issuer, &serial)? else {
            return Ok(());
        };
        if entry.revocation.is_none() {
            let request = revocation_request(&Revocation {
                serial: serial.clone(),
                revoked_at,
                reason: CrlReason::Superseded,
                invalid_since: None,
            })?;
            recorder.revoke(&authority, &[request])?;
        }
        self.say_unlisted(step)
    }

    /// Records that another CRL must list the first serial number, unless an interrupted run did. The ledger may have the revocation already, so only the
    /// transcript can tell.
    fn say_unlisted(&self, step: &Step) -> Result<(), WorkflowError> {
        let (unlisted, said) = {
            let transcript = self.transcript.borrow();
            let transcript = transcript.transcript();
            let said = transcript
                .records()
                .iter()
                .filter_map(|record| match record.event() {
                    Ok(Event::Deviation { text, by }) if by == PROGRAM => Some(text),
                    _ => None,
                });
            let said: BTreeSet<String> = said.collect();
            (unlisted_revocations(self.plan, transcript), said)
        };
        for unlisted in unlisted.iter().filter(|unlisted| unlisted.step == step.id) {
            let text = format!("{unlisted}: another CRL of its issuer must list it");
            if !said.contains(&text) {
                self.deviation(text)?;
            }
        }
        Ok(())
    }

    /// The first serial numbers of the certificates that were replaced.
    pub(super) fn given_up(&self) -> Vec<SerialNumber> {
        let spare = self.spare.borrow();
        let objects = self.plan.objects_of(&self.session.name);
        let given_up = objects.filter(|object| spare.contains(&object.step));
        given_up
            .filter_map(|object| SerialNumber::from_hex(object.serial.as_deref()?))
            .collect()
    }
}
