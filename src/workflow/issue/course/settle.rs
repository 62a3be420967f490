//! A group whose signatures are all there: recorded, and its files on their way.

use super::{Course, Failure};
use crate::ledger::{DeliveryState, EntryId, LedgerError};
use crate::workflow::issue::RequestSource;
use crate::workflow::issue::crew::{Publication, SignOutcome};
use crate::workflow::issue::group::{Member, State};
use crate::workflow::issue::retry::Source;
use crate::workflow::pipeline::Completed;
use crate::workflow::recorded::reread_certificate;
use crate::workflow::{Delivered, WorkflowError};
use crate::x509::Checked;

impl<R: RequestSource> Course<'_, '_, R> {
    /// Records the groups whose signatures are all there, in their order, and has their files written.
    pub(super) fn settle(&mut self) {
        while let Some(group) = self.groups.get_mut(&self.settled) {
            if group.unsigned > 0 {
                return;
            }
            let number = self.settled;
            self.settled += 1;
            let mut members = std::mem::take(&mut group.members);
            let (places, completed) = self.record(&mut members);
            if let Some(group) = self.groups.get_mut(&number) {
                group.members = members;
            }
            let _ = self.publications.send(Publication {
                group: number,
                places,
                completed,
            });
        }
    }

    fn record(&mut self, members: &mut [Member]) -> (Vec<usize>, Vec<Completed<Checked>>) {
        let (mut places, mut signed, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        for (place, member) in members.iter_mut().enumerate() {
            match member.take_state(State::Publishing) {
                State::Ended(SignOutcome::Signed(one)) => {
                    if let Some(entry) = self.entries.get_mut(member.index) {
                        *entry = one.entry();
                    }
                    places.push(place);
                    signed.push(*one);
                }
                State::Ended(outcome) => {
                    member.state = State::Gone;
                    self.give_up(member.index, outcome, &mut skipped);
                }
                other => member.state = other,
            }
        }
        let recorder = &mut *self.desk.recorder;
        recorder.abandon(&skipped, "not signed: an earlier one failed");
        let mut completed = match recorder.complete(signed) {
            Ok(completed) => completed,
            Err(error) => {
                for place in places.drain(..) {
                    if let Some(member) = members.get_mut(place) {
                        member.state = State::Gone;
                    }
                }
                self.fail(Failure::Job(error));
                Vec::new()
            }
        };
        for (place, member) in members.iter_mut().enumerate() {
            match self.find(member) {
                Ok(None) => {}
                Ok(Some(found)) => {
                    places.push(place);
                    completed.push(found);
                }
                Err(error) => {
                    member.state = State::Gone;
                    self.fail(Failure::Job(error));
                }
            }
        }
        (places, completed)
    }

    fn give_up(&mut self, index: usize, outcome: SignOutcome, skipped: &mut Vec<EntryId>) {
        match outcome {
            SignOutcome::NotSigned(failed) => {
                let error = self.desk.recorder.give_up(failed);
                self.fail(Failure::Job(error));
            }
            SignOutcome::NoPlace { entry, cause } => {
                self.desk.recorder.abandon(&[entry], &cause.to_string());
                let error = WorkflowError::from(cause);
                match self.job.options.keep_going {
                    true => drop(self.refused.insert(index, error.into())),
                    false => self.fail(Failure::Job(error)),
                }
            }
            SignOutcome::Skipped { entry } => skipped.push(entry),
            SignOutcome::Signed(_) => {}
        }
    }

    /// What the ledger has of a request that was signed before.
    fn find(&mut self, member: &mut Member) -> Result<Option<Completed<Checked>>, WorkflowError> {
        let (entry, place) = match member.take_state(State::Publishing) {
            State::Again { slot, source } => {
                let entry = match source {
                    Source::Earlier(earlier) => self.entries.get(earlier).copied(),
                    Source::Recorded(entry) => Some(entry),
                    _ => None,
                };
                match entry.filter(|entry| *entry != EntryId(0)) {
                    Some(entry) => (entry, Ok(slot)),
                    // That one failed, and so nothing more is delivered.
                    None => {
                        member.state = State::Gone;
                        return Ok(None);
                    }
                }
            }
            State::There { entry, path } => (entry, Err(path)),
            other => {
                member.state = other;
                return Ok(None);
            }
        };
        if let Some(of) = self.entries.get_mut(member.index) {
            *of = entry;
        }
        let recorder = &mut *self.desk.recorder;
        let found = recorder.ledger().entry(entry)?;
        let found = found.ok_or(LedgerError::NoEntry { entry })?;
        let issued = reread_certificate(&found, &self.job.terms.authority_key)?;
        match place {
            Ok(slot) => Ok(Some(Completed::recorded(issued, slot, entry))),
            Err(path) => {
                if found.delivery == DeliveryState::Undelivered {
                    recorder.note_deliveries([(entry, &Delivered::File(path.clone()))]);
                }
                let issued = Box::new(issued);
                member.state = State::Found { entry, path, issued };
                Ok(None)
            }
        }
    }
}
