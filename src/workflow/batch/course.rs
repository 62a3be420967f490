//! A batch while it is signed. Only this thread calls the ledger; the others sign and write files.

mod settle;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use super::crew::{Event, Publication, Task};
use super::group::{Group, Member, State};
use super::{Admitted, Batch, Desk, Failure, Told, Work};
use crate::ledger::{EntryId, LedgerError};
use crate::signer::KeyStore;
use crate::workflow::WorkflowError;
use crate::workflow::pipeline::{Begun, Finished, Held};

/// The drafts of a group, each with its index in the batch. `None` for a piece that was refused.
type Drafts<B> = Vec<(usize, Result<Option<<B as Batch>::Draft>, <B as Batch>::Error>)>;

/// The written files of a group, by their places in it.
type Written<B> = Vec<(usize, Result<Finished<<B as Batch>::Object>, WorkflowError>)>;

/// Each object of a group that has begun, or why it has not.
type BegunEach<B> = Vec<Result<Begun<<B as Batch>::Object>, WorkflowError>>;

pub(super) struct Course<'r, 'd, B: Batch> {
    pub(super) batch: &'r B,
    pub(super) desk: Desk<'d, B>,
    /// Refused, not reported yet.
    pub(super) refused: BTreeMap<usize, B::Error>,
    /// The number of objects that have begun.
    pub(super) begun: usize,
    pub(super) tasks: Sender<Task<B::Object>>,
    pub(super) publications: Sender<Publication<B::Object>>,
    pub(super) events: Receiver<Event<B::Object>>,
    /// Groups that have begun and are not delivered.
    pub(super) groups: BTreeMap<usize, Group<B>>,
    /// The first group whose signatures are incomplete.
    pub(super) settled: usize,
    pub(super) stop: &'r AtomicBool,
    pub(super) failure: Option<Failure<B::Error>>,
    /// How many are signed and not recorded, or recorded and not delivered.
    pub(super) lost: Lost,
    /// The entry of each piece.
    pub(super) entries: Vec<EntryId>,
}

/// What of the batch was signed in vain, so far.
#[derive(Debug, Default)]
pub(super) struct Lost {
    pub(super) unrecorded: usize,
    pub(super) undelivered: usize,
}

/// An object that is about to begin, and its place in the group.
struct Beginning<T> {
    place: usize,
    held: Held<T>,
}

impl<B: Batch> Course<'_, '_, B> {
    /// Records a group as begun, and passes it to the signing threads.
    pub(super) fn take(&mut self, number: usize, drafts: Drafts<B>) {
        if let Err(failure) = self.begin(number, drafts) {
            self.fail(failure);
        }
    }

    fn begin(&mut self, number: usize, drafts: Drafts<B>) -> Result<(), Failure<B::Error>> {
        let (mut members, mut beginning) = (Vec::with_capacity(drafts.len()), Vec::new());
        for (index, draft) in drafts {
            match draft {
                Ok(None) => {}
                Ok(Some(draft)) => {
                    let place = members.len();
                    let admitted = self.batch.admit(self.desk.recorder, draft);
                    let Admitted { memo, work } = admitted.map_err(Failure::Job)?;
                    let state = match work {
                        Work::Sign(held) => {
                            beginning.push(Beginning { place, held: *held });
                            State::Signing
                        }
                        Work::Deliver(known) => State::Known(known),
                    };
                    members.push(Member { index, memo, state });
                }
                Err(error) if self.batch.keeps_going() => {
                    self.refused.insert(index, error);
                }
                Err(error) => return Err(Failure::Piece(error)),
            }
        }
        let (places, held): (Vec<_>, Vec<_>) = beginning
            .into_iter()
            .map(|Beginning { place, held }| (place, held))
            .unzip();
        let begun = match self.desk.store {
            Some(store) if !held.is_empty() => self.record_begun(held, store).map_err(Failure::Job)?,
            _ => Vec::new(),
        };
        let mut to_sign = Vec::with_capacity(begun.len());
        for (place, begun) in places.into_iter().zip(begun) {
            match (begun, members.get_mut(place)) {
                (Ok(begun), _) => to_sign.push((place, begun)),
                (Err(error), Some(member)) => {
                    member.state = State::Gone;
                    self.refused.insert(member.index, error.into());
                }
                (Err(error), None) => return Err(Failure::Job(error)),
            }
        }
        let group = Group {
            unsigned: to_sign.len(),
            members,
        };
        self.groups.insert(number, group);
        for (place, begun) in to_sign {
            self.hand_out(number, place, begun);
        }
        self.settle();
        Ok(())
    }

    /// Without those for which another process began a certificate in between, if the others go on.
    fn record_begun(
        &mut self,
        held: Vec<Held<B::Object>>,
        store: &dyn KeyStore,
    ) -> Result<BegunEach<B>, WorkflowError> {
        let recorder = &mut *self.desk.recorder;
        match self.batch.keeps_going() {
            true => recorder.begin_each(held, store),
            false => Ok(recorder.begin(held, store)?.into_iter().map(Ok).collect()),
        }
    }

    fn hand_out(&mut self, group: usize, place: usize, begun: Begun<B::Object>) {
        self.begun += 1;
        self.desk.progress.step(&self.batch.step(self.begun));
        // The threads receive until this sender is dropped.
        let _ = self.tasks.send(Task { group, place, begun });
    }

    pub(super) fn stop_if_interrupted(&mut self) {
        if self.failure.is_none() && self.desk.progress.is_interrupted() {
            self.fail(Failure::Job(WorkflowError::Interrupted));
        }
    }

    /// The first failure is reported. An error that says what became of signed objects replaces one of objects that are not signed, and one
    /// that says that nothing was recorded, or that all is.
    fn fail(&mut self, failure: Failure<B::Error>) {
        self.stop.store(true, Ordering::SeqCst);
        let tells_of_signed = matches!(
            failure,
            Failure::Job(WorkflowError::Unrecorded { .. } | WorkflowError::Undelivered { .. })
        );
        match &self.failure {
            None => self.failure = Some(failure),
            Some(
                Failure::Piece(_)
                | Failure::Job(
                    WorkflowError::Ledger(_) | WorkflowError::Output(_) | WorkflowError::Interrupted,
                ),
            ) if tells_of_signed => self.failure = Some(failure),
            Some(_) => {}
        }
    }

    /// Waits until fewer than `most` groups are in progress.
    pub(super) fn wait_until_below(&mut self, most: usize) {
        while let Ok(event) = self.events.try_recv() {
            self.note(event);
        }
        while self.groups.len() >= most {
            match self.events.recv() {
                Ok(event) => self.note(event),
                Err(_) => return self.crash(),
            }
        }
    }

    fn note(&mut self, event: Event<B::Object>) {
        match event {
            Event::Signed {
                group: number,
                place,
                outcome,
            } => {
                self.stop_if_interrupted();
                let group = self.groups.get_mut(&number);
                if let Some(group) = group {
                    group.unsigned = group.unsigned.saturating_sub(1);
                    if let Some(member) = group.members.get_mut(place) {
                        member.state = State::Ended(outcome);
                    }
                }
                self.settle();
            }
            Event::Published { group, results } => self.hand_over(group, results),
            Event::Crashed => self.crash(),
        }
    }

    /// The panic ends the job when the threads are joined.
    fn crash(&mut self) {
        self.groups.clear();
        self.fail(Failure::Job(no_entry()));
    }

    /// Records the deliveries, and reports the whole group in order.
    fn hand_over(&mut self, number: usize, results: Written<B>) {
        let Some(Group { members, .. }) = self.groups.remove(&number) else {
            return;
        };
        let arrived = results.iter().filter_map(|(_, result)| result.as_ref().ok());
        self.desk
            .recorder
            .note_deliveries(arrived.map(|finished| (finished.entry, &finished.delivered)));
        let mut results: BTreeMap<_, _> = results.into_iter().collect();
        for (place, member) in members.into_iter().enumerate() {
            let finished = match (results.remove(&place), member.state) {
                (Some(Ok(finished)), _) => finished,
                (Some(Err(error)), _) => {
                    self.lost.undelivered += 1;
                    self.fail(Failure::Job(error));
                    continue;
                }
                (None, State::There(finished)) => *finished,
                (None, _) => continue,
            };
            self.tell_refused_before(member.index);
            (self.desk.each)(Told::Done {
                index: member.index,
                memo: member.memo,
                finished,
            });
        }
    }

    fn tell_refused_before(&mut self, index: usize) {
        let rest = self.refused.split_off(&index);
        for (index, error) in std::mem::replace(&mut self.refused, rest) {
            (self.desk.each)(Told::Refused { index, error });
        }
    }

    /// Waits for everything that has begun. `busy` counts how often the token said that it was busy.
    pub(super) fn finish(mut self, busy: &AtomicUsize) -> Result<(), Failure<B::Error>> {
        self.wait_until_below(1);
        let busy = busy.load(Ordering::Relaxed);
        if busy > 0 {
            let times = match busy {
                1 => "once".to_owned(),
                more => format!("{more} times"),
            };
            self.desk.recorder.notice(format!(
                "the token was busy, and was asked again {times}: fewer sessions may be as fast"
            ));
        }
        self.tell_refused_before(usize::MAX);
        match self.failure {
            None => Ok(()),
            Some(Failure::Job(error)) => Err(Failure::Job(self.lost.count_in(error, self.batch.count()))),
            Some(failure) => Err(failure),
        }
    }
}

impl Lost {
    /// The error with the number of all that it is about. A batch is continued by the same command, a single object is not.
    fn count_in(&self, error: WorkflowError, batch: usize) -> WorkflowError {
        match error {
            WorkflowError::Unrecorded { entry, cause, .. } => WorkflowError::Unrecorded {
                entry,
                others: self.unrecorded.saturating_sub(1),
                cause,
            },
            WorkflowError::Undelivered { entry, cause } if batch > 1 => WorkflowError::SomeUndelivered {
                entry,
                count: self.undelivered,
                cause,
            },
            other => other,
        }
    }
}

/// Every planned piece has one entry, so this does not happen.
fn no_entry() -> WorkflowError {
    LedgerError::NoEntry { entry: EntryId(0) }.into()
}
