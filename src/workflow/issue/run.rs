//! A job as it is being signed: this thread alone asks the ledger, and the others do the rest.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use super::crew::{Event, Publication, SignOutcome, Task, publish_each, sign_each};
use super::draft::{Draft, NewDraft, Outline};
use super::group::{Group, Member, State, TOGETHER};
use super::retry::Source;
use super::{IssueSummary, RequestOutcome, RequestSource, SigningJob, threads_for};
use crate::ledger::{DeliveryState, EntryId, LedgerError};
use crate::signer::{KeyStore, Signer, SystemRandom};
use crate::token::TokenError;
use crate::workflow::lint::Rehearsals;
use crate::workflow::ordered::in_order;
use crate::workflow::pipeline::{Begun, Completed, Finished, Held};
use crate::workflow::recorded::reread_certificate;
use crate::workflow::signing_key::find_signing_key;
use crate::workflow::{Delivered, Linted, Progress, Recorder, Step, WorkflowError};
use crate::x509::{Checked, Role};

/// A session for each processor is worth it from this many signatures on.
const MANY: usize = 16;

/// Groups that are begun and not delivered, where one session signs.
const GROUPS: usize = 3;

impl<R: RequestSource> SigningJob<R> {
    /// Plans every certificate that was not [signed before](Self::look_back), a group at a time: keeps the places for the outputs, records
    /// what will be signed, and has the token sign each once. `each` gets every result as soon as it is delivered, in the order of the
    /// requests.
    ///
    /// # Errors
    /// What the requests say; [`WorkflowError`]. [`WorkflowError::Partly`] names the certificates that were delivered before the failure.
    pub fn run(
        mut self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
        each: &mut dyn FnMut(RequestOutcome<R::Error>),
    ) -> Result<(), R::Error> {
        self.look(recorder)?;
        self.run_with(Some(store), recorder, progress, each)
    }

    /// Without a store where nothing is to be signed.
    pub(super) fn run_with(
        mut self,
        store: Option<&dyn KeyStore>,
        recorder: &mut Recorder,
        progress: &dyn Progress,
        each: &mut dyn FnMut(RequestOutcome<R::Error>),
    ) -> Result<(), R::Error> {
        let terms = &self.terms;
        let signer = store.map(|store| {
            find_signing_key(store, terms.key.as_deref(), &terms.authority_key, terms.signature)
        });
        let signer = signer.transpose()?;
        let outlines = self.rehearse(store, progress)?;
        let desk = Desk {
            store,
            recorder,
            progress,
            each,
        };
        let Some(signer) = signer else {
            return self.sign_by(Vec::new(), &outlines, desk);
        };
        let wanted = self.sessions();
        if wanted < 2 {
            return self.sign_by(vec![signer], &outlines, desk);
        }
        let others = open_others(
            signer.as_ref(),
            wanted,
            self.options.jobs.is_some(),
            desk.recorder,
        )?;
        if others.is_empty() {
            drop(others);
            return self.sign_by(vec![signer], &outlines, desk);
        }
        self.sign_by(others, &outlines, desk)
    }

    /// So many sign at one time.
    fn sessions(&self) -> usize {
        let count = self.count_new();
        let usual = if count < MANY { 1 } else { threads_for(count) };
        self.options.jobs.map_or(usual, NonZeroUsize::get).min(count)
    }

    fn count_new(&self) -> usize {
        self.items
            .iter()
            .filter(|item| matches!(item.source, Source::New))
            .count()
    }

    fn sign_by<'d>(
        mut self,
        signers: Vec<Box<dyn Signer + '_>>,
        outlines: &BTreeMap<usize, Outline>,
        desk: Desk<'d, R::Error>,
    ) -> Result<(), R::Error>
    where
        R: 'd,
    {
        let refused = std::mem::take(&mut self.refused);
        let random = desk.store.map_or(&SystemRandom as _, KeyStore::random_source);
        let groups = self.items.len().div_ceil(TOGETHER);
        let most_groups = GROUPS + signers.len().div_ceil(TOGETHER / 2);
        let stop = AtomicBool::new(false);
        let (tasks, to_sign) = mpsc::channel();
        let (publications, to_publish) = mpsc::channel();
        let (tell, events) = mpsc::channel();
        let to_sign = Mutex::new(to_sign);
        thread::scope(|scope| {
            for signer in signers {
                let (to_sign, tell, stop) = (&to_sign, tell.clone(), &stop);
                scope.spawn(move || sign_each(signer.as_ref(), to_sign, &tell, stop));
            }
            scope.spawn(move || publish_each(&to_publish, &tell));
            let mut run = Run {
                entries: vec![EntryId(0); self.items.len()],
                count: self.count_new(),
                job: &self,
                desk,
                refused,
                begun: 0,
                tasks,
                publications,
                events,
                groups: BTreeMap::new(),
                settled: 0,
                stop: &stop,
                failure: None,
                done: Vec::new(),
            };
            let draft = |group: usize| {
                let first = group * TOGETHER;
                let indices = first..self.items.len().min(first + TOGETHER);
                indices
                    .map(|index| (index, self.draft(index, random, outlines.get(&index))))
                    .collect::<Vec<_>>()
            };
            in_order(threads_for(self.items.len()), groups, draft, |group, drafts| {
                run.take(group, drafts);
                run.wait_until_below(most_groups);
                match run.failure {
                    None => ControlFlow::Continue(()),
                    Some(_) => ControlFlow::Break(()),
                }
            });
            run.finish()
        })
    }

    /// Has the profile's linter judge every certificate, before anything is signed.
    fn rehearse(
        &mut self,
        store: Option<&dyn KeyStore>,
        progress: &dyn Progress,
    ) -> Result<BTreeMap<usize, Outline>, R::Error> {
        let (profile, mut outlines) = (Arc::clone(&self.terms.profile), BTreeMap::new());
        let Some(store) = store.filter(|_| profile.linter.is_some()) else {
            return Ok(outlines);
        };
        let rehearsals = Rehearsals::of(&profile, &self.terms.authority_key)?;
        let random = store.random_source();
        let is_new = |index: &usize| {
            self.items
                .get(*index)
                .is_some_and(|item| matches!(item.source, Source::New))
        };
        let new: Vec<usize> = (0..self.items.len()).filter(is_new).collect();
        let (mut failed, mut refused) = (Ok(()), Vec::new());
        let job = &*self;
        let outline = |place: usize| {
            let index = new.get(place).copied().unwrap_or_default();
            (index, job.outline(index, random, &rehearsals))
        };
        in_order(
            threads_for(usize::MAX).min(new.len()),
            new.len(),
            outline,
            |_, (index, outline)| {
                progress.step(&Step::Lint(Linted::Certificate));
                match outline {
                    Ok(outline) => {
                        outlines.insert(index, outline);
                    }
                    Err(error) if job.options.keep_going => refused.push((index, error)),
                    Err(error) => {
                        failed = Err(error);
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            },
        );
        failed?;
        for (index, error) in refused {
            self.refuse(index, error)?;
        }
        Ok(outlines)
    }
}

/// Signers for the other threads; the first one stays where it is. As many as the token lets us have, which the result says.
fn open_others<'s>(
    signer: &'s dyn Signer,
    wanted: usize,
    is_asked: bool,
    recorder: &mut Recorder,
) -> Result<Vec<Box<dyn Signer + 's>>, WorkflowError> {
    let mut others = Vec::with_capacity(wanted);
    while others.len() < wanted {
        match signer.open_another() {
            Ok(Some(other)) => others.push(other),
            Ok(None) => break,
            Err(error) => match error.cause() {
                Some(TokenError::SessionLimit { .. } | TokenError::NoLocks { .. }) => {
                    let sign = others.len().max(1);
                    if is_asked {
                        recorder.notice(format!(
                            "{wanted} sessions were requested, and {sign} signed: {error}"
                        ));
                    }
                    break;
                }
                _ => return Err(error.into()),
            },
        }
    }
    Ok(others)
}

/// What the thread of the ledger works with.
struct Desk<'a, E> {
    store: Option<&'a dyn KeyStore>,
    recorder: &'a mut Recorder,
    progress: &'a dyn Progress,
    each: &'a mut dyn FnMut(RequestOutcome<E>),
}

/// Why no more is signed.
enum Failure<E> {
    /// A request cannot be read any more, or is another one.
    Request(E),
    Job(WorkflowError),
}

struct Run<'r, 'd, R: RequestSource> {
    job: &'r SigningJob<R>,
    desk: Desk<'d, R::Error>,
    /// Refused, and not told yet.
    refused: BTreeMap<usize, R::Error>,
    /// How many are to be signed, and how many have begun.
    count: usize,
    begun: usize,
    tasks: Sender<Task>,
    publications: Sender<Publication>,
    events: Receiver<Event>,
    /// Begun, and not delivered.
    groups: BTreeMap<usize, Group>,
    /// The first group of which signatures are missing.
    settled: usize,
    stop: &'r AtomicBool,
    failure: Option<Failure<R::Error>>,
    /// The entry of each request.
    entries: Vec<EntryId>,
    /// The files that are there.
    done: Vec<PathBuf>,
}

/// A certificate that is to begin: its place in the group, and what it will be.
struct Beginning {
    place: usize,
    held: Held<Checked>,
}

impl<R: RequestSource> Run<'_, '_, R> {
    /// Records a group as begun, and hands it to those who sign.
    fn take(&mut self, number: usize, drafts: Vec<(usize, Result<Option<Draft>, R::Error>)>) {
        if let Err(failure) = self.begin(number, drafts) {
            self.fail(failure);
        }
    }

    fn begin(
        &mut self,
        number: usize,
        drafts: Vec<(usize, Result<Option<Draft>, R::Error>)>,
    ) -> Result<(), Failure<R::Error>> {
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
    fn wait_until_below(&mut self, most: usize) {
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

    /// Records the groups whose signatures are all there, in their order, and has their files written.
    fn settle(&mut self) {
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
    fn finish(mut self) -> Result<(), R::Error> {
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
