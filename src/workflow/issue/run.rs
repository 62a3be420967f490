//! Runs a signing job: the key, the linter, and the batch.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use super::batched::Signing;
use super::draft::Outline;
use super::retry::Source;
use super::{IssueSummary, Refusals, RequestOutcome, RequestSource, SigningJob};
use crate::signer::KeyStore;
use crate::workflow::batch::{Desk, Failure, Told, sign_batch, threads_for};
use crate::workflow::lint::Rehearsals;
use crate::workflow::ordered::in_order;
use crate::workflow::signing_key::find_signing_key;
use crate::workflow::{Delivered, Linted, Progress, Recorder, Step, WorkflowError};

impl<R: RequestSource> SigningJob<R> {
    /// Plans every certificate that was not [signed before](Self::look_back), group by group: holds the outputs, records what will be signed,
    /// and has the token sign each one once. `each` gets every result as soon as it is delivered, in the order of the requests.
    ///
    /// # Errors
    /// Errors of the requests; [`WorkflowError`]. [`WorkflowError::Partly`] names the certificates that were delivered before the failure.
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

    /// Runs without a key store if nothing needs a signature.
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
        let refused = std::mem::take(&mut self.refused);
        let (signing, mut done) = (Signing::of(&self, outlines)?, Vec::new());
        let mut tell = |told: Told<Signing<'_, R>>| each(self.outcome_of(told, &mut done));
        let desk = Desk {
            store,
            recorder,
            progress,
            each: &mut tell,
        };
        match sign_batch(&signing, signer, self.options.jobs, refused, desk) {
            Ok(()) => Ok(()),
            Err(Failure::Piece(error)) => Err(error),
            Err(Failure::Job(error)) if done.is_empty() => Err(error.into()),
            Err(Failure::Job(error @ WorkflowError::Interrupted)) => Err(error.into()),
            Err(Failure::Job(error)) => Err(WorkflowError::Partly {
                done,
                cause: Box::new(error),
            }
            .into()),
        }
    }

    /// The outcome for the caller. Adds the written file to `done`.
    fn outcome_of(&self, told: Told<Signing<'_, R>>, done: &mut Vec<PathBuf>) -> RequestOutcome<R::Error> {
        match told {
            Told::Refused { index, error } => RequestOutcome::Refused {
                request: self.requests.name(index),
                error,
            },
            Told::Done {
                index,
                memo,
                finished,
            } => {
                if let Delivered::File(path) = &finished.delivered {
                    done.push(path.clone());
                }
                RequestOutcome::Issued(Box::new(IssueSummary {
                    request: self.requests.name(index),
                    retried: memo.retried,
                    renews: memo.renews,
                    ..IssueSummary::of(finished, &memo.asked)
                }))
            }
        }
    }

    /// Runs the profile's linter on every certificate before anything is signed.
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
                        let one = Refusals {
                            count: 1,
                            are_all: new.len() == 1,
                        };
                        failed = Err(job.requests.none_signed(error, one));
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            },
        );
        failed?;
        for (index, error) in refused {
            self.refuse(index, error);
        }
        Ok(outlines)
    }
}
