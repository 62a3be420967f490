//! A job as it is being signed: this thread alone asks the ledger, and the others do the rest.

mod settle;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use super::crew::{Event, Publication, Task};
use super::draft::{Draft, NewDraft};
use super::group::{Group, Member, State};
use super::{IssueSummary, RequestOutcome, RequestSource, SigningJob};
use crate::ledger::{EntryId, LedgerError};
use crate::signer::KeyStore;
use crate::workflow::pipeline::{Begun, Finished, Held};
use crate::workflow::{Delivered, Progress, Recorder, Step, WorkflowError};
use crate::x509::{Checked, Role};

/// The drafts of a group, each with its place in the job; none of a request that was refused.
type Drafts<E> = Vec<(usize, Result<Option<Draft>, E>)>;

/// What the thread of the ledger works with.
pub(super) struct Desk<'a, E> {
    pub(super) store: Option<&'a dyn KeyStore>,
    pub(super) recorder: &'a mut Recorder,
    pub(super) progress: &'a dyn Progress,
    pub(super) each: &'a mut dyn FnMut(RequestOutcome<E>),
}

/// Why no more is signed.
pub(super) enum Failure<E> {
    /// A request cannot be read any more, or is another one.
    Request(E),
    Job(WorkflowError),
}

pub(super) struct Course<'r, 'd, R: RequestSource> {
    pub(super) job: &'r SigningJob<R>,
    pub(super) desk: Desk<'d, R::Error>,
    /// Refused, and not told yet.
    pub(super) refused: BTreeMap<usize, R::Error>,
    /// How many are to be signed, and how many have begun.
    pub(super) count: usize,
    pub(super) begun: usize,
    pub(super) tasks: Sender<Task>,
    pub(super) publications: Sender<Publication>,
    pub(super) events: Receiver<Event>,
    /// Begun, and not delivered.
    pub(super) groups: BTreeMap<usize, Group>,
    /// The first group of which signatures are missing.
    pub(super) settled: usize,
    pub(super) stop: &'r AtomicBool,
    pub(super) failure: Option<Failure<R::Error>>,
    /// The entry of each request.
    pub(super) entries: Vec<EntryId>,
    /// The files that are there.
    pub(super) done: Vec<PathBuf>,
}

/// A certificate that is to begin: its place in the group, and what it will be.
struct Beginning {
    place: usize,
    held: Held<Checked>,
}

impl<R: RequestSource> Course<'_, '_, R> {
    /// Records a group as begun, and hands it to those who sign.
    pub(super) fn take(&mut self, number: usize, drafts: Drafts<R::Error>) {
        if let Err(failure) = self.begin(number, drafts) {
            self.fail(failure);
        }
    }

    fn begin(&mut self, number: usize, drafts: Drafts<R::Error>) -> Result<(), Failure<R::Error>> {
        let (mut members, mut beginning) = (Vec::with_capacity(drafts.len()), Vec::new());
        for (index, draft) in drafts {
            match draft {
                Ok(None) => {}
                Ok(Some(draft)) => {
                    let place = members.len();
                    members.push(
                        self.admit(index, place, draft, &mut beginning)
                            .map_err(Failure::Job)?,
                    );
                }
                Err(error) if self.job.options.keep_going => {
                    self.refused.insert(index, error);
                }
                Err(error) => return Err(Failure::Request(error)),
            }
        }
        let (places, held): (Vec<_>, Vec<_>) = beginning
            .into_iter()
            .map(|Beginning { place, held }| (place, held))
            .unzip();
        let begun = match self.desk.store {
            Some(store) if !held.is_empty() => self.desk.recorder.begin(held, store).map_err(Failure::Job)?,
            _ => Vec::new(),
        };
        let group = Group {
            unsigned: begun.len(),
            members,
        };
        self.groups.insert(number, group);
        for (place, begun) in places.into_iter().zip(begun) {
            self.hand_out(number, place, begun);
        }
        self.settle();
        Ok(())
    }

    fn admit(
        &mut self,
        index: usize,
        place: usize,
        draft: Draft,
        beginning: &mut Vec<Beginning>,
    ) -> Result<Member, WorkflowError> {
        let member = |asked, renews, state| Member {
            index,
            asked,
            renews,
            retried: !matches!(state, State::Signing),
            state,
        };
        Ok(match draft {
            Draft::New(new) => {
                let NewDraft {
                    asked,
                    held,
                    content,
                    request,
                } = *new;
                if let (Some(request), Some(given)) = (request, &content.key_identifier) {
                    self.desk.recorder.tell_other_identifier(&request, given)?;
                }
                let terms = &self.job.terms;
                let renews = match terms.profile.role {
                    Role::Leaf => self.desk.recorder.find_renewed(
                        &terms.authority.value,
                        &terms.profile.name,
                        &content.names,
                        &content.subject,
                    )?,
                    _ => None,
                };
                beginning.push(Beginning { place, held });
                member(asked, renews, State::Signing)
            }
            Draft::Again { asked, slot, source } => member(asked, None, State::Again { slot, source }),
            Draft::There { asked, entry, path } => member(asked, None, State::There { entry, path }),
        })
    }

    fn hand_out(&mut self, group: usize, place: usize, begun: Begun<Checked>) {
        self.begun += 1;
        self.desk.progress.step(&Step::SignCertificate {
            number: self.begun,
            count: self.count,
        });
        // They end only when this end of the channel is closed.
        let _ = self.tasks.send(Task { group, place, begun });
    }

    fn fail(&mut self, failure: Failure<R::Error>) {
        self.stop.store(true, Ordering::SeqCst);
        self.failure.get_or_insert(failure);
    }

    /// Waits until fewer groups are on their way.
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

    fn note(&mut self, event: Event) {
        match event {
            Event::Signed {
                group: number,
                place,
                outcome,
            } => {
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

    /// The panic itself ends the job, when the threads are joined.
    fn crash(&mut self) {
        self.groups.clear();
        self.fail(Failure::Job(no_entry()));
    }

    /// Records what arrived, and tells all of the group in the order of the requests.
    fn hand_over(&mut self, number: usize, results: Vec<(usize, Result<Finished<Checked>, WorkflowError>)>) {
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
                    self.fail(Failure::Job(error));
                    continue;
                }
                (None, State::Found { entry, path, issued }) => Finished {
                    object: *issued,
                    entry,
                    delivered: Delivered::File(path),
                },
                (None, _) => continue,
            };
            if let Delivered::File(path) = &finished.delivered {
                self.done.push(path.clone());
            }
            self.tell_refused_before(member.index);
            let summary = IssueSummary {
                request: self.job.requests.name(member.index),
                retried: member.retried,
                renews: member.renews,
                ..IssueSummary::of(finished, &member.asked)
            };
            (self.desk.each)(RequestOutcome::Issued(Box::new(summary)));
        }
    }

    fn tell_refused_before(&mut self, index: usize) {
        let rest = self.refused.split_off(&index);
        for (index, error) in std::mem::replace(&mut self.refused, rest) {
            let request = self.job.requests.name(index);
            (self.desk.each)(RequestOutcome::Refused { request, error });
        }
    }

    /// Waits for all that has begun.
    pub(super) fn finish(mut self) -> Result<(), R::Error> {
        self.wait_until_below(1);
        self.tell_refused_before(usize::MAX);
        match self.failure {
            None => Ok(()),
            Some(Failure::Request(error)) => Err(error),
            Some(Failure::Job(error)) if self.done.is_empty() => Err(error.into()),
            Some(Failure::Job(error)) => Err(WorkflowError::Partly {
                done: self.done,
                cause: Box::new(error),
            }
            .into()),
        }
    }
}

/// Planned and signed are counted alike, so this does not happen.
fn no_entry() -> WorkflowError {
    LedgerError::NoEntry { entry: EntryId(0) }.into()
}
