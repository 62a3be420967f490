//! A job is signed: the key, the sessions, and the threads.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use rustix::process::{Resource, getrlimit};

use super::course::{Course, Desk};
use super::crew::{publish_each, sign_each};
use super::draft::Outline;
use super::group::TOGETHER;
use super::retry::Source;
use super::{RequestOutcome, RequestSource, SigningJob, threads_for};
use crate::ledger::EntryId;
use crate::signer::{KeyStore, RandomSource, Signer, SystemRandom};
use crate::token::TokenError;
use crate::workflow::lint::Rehearsals;
use crate::workflow::ordered::in_order;
use crate::workflow::signing_key::find_signing_key;
use crate::workflow::{Linted, Progress, Recorder, Step, WorkflowError};

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
        let random: &dyn RandomSource = match desk.store {
            Some(store) => store.random_source(),
            None => &SystemRandom,
        };
        let groups = self.items.len().div_ceil(TOGETHER);
        let most_groups = (GROUPS + signers.len().div_ceil(TOGETHER / 2)).min(most_held_groups());
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
            let mut course = Course {
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
                course.take(group, drafts);
                course.wait_until_below(most_groups);
                match course.failure {
                    None => ControlFlow::Continue(()),
                    Some(_) => ControlFlow::Break(()),
                }
            });
            course.finish()
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

/// Each output of a group is an open file, and the rest of the process has some too.
fn most_held_groups() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let files = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    (files / 2 / TOGETHER).max(2)
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
