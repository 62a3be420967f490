//! Settles a group once all of its signatures are made: records it, and has its files written.

use super::{Course, Failure};
use crate::ledger::EntryId;
use crate::workflow::WorkflowError;
use crate::workflow::batch::crew::{Publication, SignOutcome};
use crate::workflow::batch::group::{Member, State};
use crate::workflow::batch::{Batch, Found};
use crate::workflow::pipeline::Completed;

impl<B: Batch> Course<'_, '_, B> {
    /// Records the groups whose signatures are complete, in order, and has their files written.
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

    fn record(&mut self, members: &mut [Member<B>]) -> (Vec<usize>, Vec<Completed<B::Object>>) {
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
        let why = match self.failure {
            Some(Failure::Job(WorkflowError::Interrupted)) => "not signed: the batch was interrupted",
            _ => "not signed: an earlier one failed",
        };
        recorder.abandon(&skipped, why);
        let count = signed.len();
        let mut completed = match recorder.complete(signed) {
            Ok(completed) => completed,
            Err(error) => {
                for place in places.drain(..) {
                    if let Some(member) = members.get_mut(place) {
                        member.state = State::Gone;
                    }
                }
                self.lost.unrecorded += count;
                self.fail(Failure::Job(error));
                Vec::new()
            }
        };
        for (place, member) in members.iter_mut().enumerate() {
            match self.find(member) {
                Ok(None) => {
                    let is_gone = matches!(member.state, State::Gone);
                    let is_told = self.refused.contains_key(&member.index);
                    if is_gone && !is_told && self.batch.keeps_going() && self.failure.is_none() {
                        let error = WorkflowError::RepeatsRefused.into();
                        self.refused.insert(member.index, error);
                    }
                }
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

    fn give_up(&mut self, index: usize, outcome: SignOutcome<B::Object>, skipped: &mut Vec<EntryId>) {
        match outcome {
            SignOutcome::NotSigned(failed) => {
                let error = self.desk.recorder.give_up(failed);
                self.fail(Failure::Job(error));
            }
            SignOutcome::NoPlace { entry, cause } => {
                self.desk.recorder.abandon(&[entry], &cause.to_string());
                let error = WorkflowError::from(cause);
                match self.batch.keeps_going() {
                    true => drop(self.refused.insert(index, error.into())),
                    false => self.fail(Failure::Job(error)),
                }
            }
            SignOutcome::Skipped { entry } => skipped.push(entry),
            SignOutcome::Signed(_) => {}
        }
    }

    /// Reads a piece that was signed before, if its file must still be written.
    fn find(&mut self, member: &mut Member<B>) -> Result<Option<Completed<B::Object>>, WorkflowError> {
        let known = match member.take_state(State::Publishing) {
            State::Known(known) => known,
            other => {
                member.state = other;
                return Ok(None);
            }
        };
        let found = self.batch.find(self.desk.recorder, known, &self.entries)?;
        let (entry, completed) = match found {
            // The piece that it repeats failed, so nothing more is delivered.
            None => {
                member.state = State::Gone;
                return Ok(None);
            }
            Some(Found::Recorded(completed)) => (completed.entry(), Some(completed)),
            Some(Found::There(finished)) => {
                let entry = finished.entry;
                member.state = State::There(Box::new(finished));
                (entry, None)
            }
        };
        if let Some(of) = self.entries.get_mut(member.index) {
            *of = entry;
        }
        Ok(completed)
    }
}
