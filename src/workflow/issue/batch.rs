//! A whole job: planned to its end, then begun and signed a few at a time.

use std::path::PathBuf;
use std::sync::Arc;
use std::vec::IntoIter;

use super::{IssueSummary, RequestToSign, SigningJob, Source, Terms, after, everything_asked};
use crate::ledger::{Digest, EntryId, LedgerError};
use crate::signer::{KeyStore, Signer};
use crate::workflow::lint::Rehearsals;
use crate::workflow::named::refusal_of;
use crate::workflow::record::Renewed;
use crate::workflow::signing_key::find_signing_key;
use crate::workflow::{Begun, Delivered, Planned, Progress, Recorder, Step, WorkflowError};
use crate::x509::{Checked, Role, SerialNumber};

/// So many outputs are held, and so many requests begun, at one time. Each output that is held is an open file.
const AT_ONCE: usize = 64;

/// What is remembered of a planned certificate: enough to make the same bytes again.
struct Outline {
    serial: SerialNumber,
    sha256: Digest,
}

/// What comes of planning: the certificates themselves, where they are few, or what makes them again.
enum Plans {
    Kept(IntoIter<Planned<Checked>>),
    Outlined(IntoIter<Outline>),
}

impl<R, E> SigningJob<R>
where
    R: Iterator<Item = Result<RequestToSign, E>> + Clone,
    E: From<WorkflowError>,
{
    /// Plans every certificate that was not [signed before](Self::look_back). Then, a few at a time: keeps the places for the outputs,
    /// records what will be signed, and has the token sign them one after the other, once each. `each` gets every result as soon as it is
    /// delivered, in the order of the requests.
    ///
    /// # Errors
    /// What the iterator says; [`WorkflowError`]. [`WorkflowError::Partly`] names the certificates that were delivered before the failure.
    pub fn run(
        mut self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
        each: &mut dyn FnMut(IssueSummary),
    ) -> Result<(), E> {
        self.look(recorder)?;
        let terms = &self.terms;
        let key = terms.key.as_deref();
        let signer = find_signing_key(store, key, &terms.authority_key, terms.signature)?;
        let profile = Arc::clone(&terms.profile);
        let rehearsals = Rehearsals::of(&profile, &terms.authority_key)?;
        let new = self.sources.iter().filter(|source| matches!(source, Source::New));
        let count = new.count();
        let plans = self.plan_all(count, store, &rehearsals, recorder, progress)?;
        let mut run = Run {
            terms: &self.terms,
            sources: &self.sources,
            plans,
            store,
            signer: signer.as_ref(),
            recorder,
            progress,
            each,
            count,
            signed: 0,
            entries: Vec::with_capacity(self.sources.len()),
            done: Vec::new(),
        };
        let mut together = Vec::with_capacity(AT_ONCE.min(self.sources.len()));
        for to_sign in self.again() {
            together.push(to_sign?);
            if together.len() == AT_ONCE {
                run.sign(std::mem::take(&mut together))?;
            }
        }
        Ok(run.sign(together)?)
    }

    fn plan_all(
        &self,
        count: usize,
        store: &dyn KeyStore,
        rehearsals: &Rehearsals<'_>,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<Plans, E> {
        let are_few = count <= AT_ONCE;
        let (mut kept, mut outlined) = (Vec::new(), Vec::new());
        let mut seen = 0;
        for to_sign in self.again() {
            let (index, to_sign) = to_sign?;
            seen += 1;
            recorder
                .refuse_compromised(to_sign.request.public_key())
                .map_err(|error| refusal_of(&to_sign.name, error))?;
            if !matches!(self.sources.get(index), Some(Source::New)) {
                continue;
            }
            let source = store.random_source();
            let planned = self.terms.plan(source, rehearsals, &to_sign.request, progress);
            let planned = planned.map_err(|error| refusal_of(&to_sign.name, error))?;
            self.tell_other_identifier(&to_sign, planned.checked(), recorder)?;
            let planned = planned.named(&to_sign.name);
            if are_few {
                kept.push(planned);
                continue;
            }
            recorder.check_planned(&planned)?;
            outlined.push(Outline {
                sha256: planned.sha256(),
                serial: planned.checked().content().map_err(WorkflowError::from)?.serial,
            });
        }
        if seen != self.hashes.len() {
            let name = "the list of requests".to_owned();
            return Err(WorkflowError::InputChanged { name }.into());
        }
        Ok(match are_few {
            true => Plans::Kept(kept.into_iter()),
            false => Plans::Outlined(outlined.into_iter()),
        })
    }

    /// Warns where what a CA has issued would not name it any more.
    fn tell_other_identifier(
        &self,
        to_sign: &RequestToSign,
        checked: &Checked,
        recorder: &mut Recorder,
    ) -> Result<(), WorkflowError> {
        if self.terms.profile.role != Role::Intermediate {
            return Ok(());
        }
        match checked.content()?.key_identifier {
            Some(given) => recorder.tell_other_identifier(&to_sign.request, &given),
            None => Ok(()),
        }
    }
}

/// A job as it is being signed.
struct Run<'a> {
    terms: &'a Terms,
    sources: &'a [Source],
    plans: Plans,
    store: &'a dyn KeyStore,
    signer: &'a dyn Signer,
    recorder: &'a mut Recorder,
    progress: &'a dyn Progress,
    each: &'a mut dyn FnMut(IssueSummary),
    /// How many are to be signed, and how many were.
    count: usize,
    signed: usize,
    /// The entry of each request that was seen to.
    entries: Vec<EntryId>,
    /// The files that are there.
    done: Vec<PathBuf>,
}

impl Run<'_> {
    fn sign(&mut self, requests: Vec<(usize, RequestToSign)>) -> Result<(), WorkflowError> {
        self.sign_together(requests)
            .map_err(|error| after(&self.done, error))
    }

    fn sign_together(&mut self, requests: Vec<(usize, RequestToSign)>) -> Result<(), WorkflowError> {
        let (mut held, mut renewed) = (Vec::new(), Vec::new());
        for (index, to_sign) in &requests {
            if matches!(self.sources.get(*index), Some(Source::New)) {
                let planned = self.next_planned(to_sign)?;
                renewed.push(self.find_renewed(planned.checked())?);
                held.push(planned.hold(&to_sign.delivery)?);
            }
        }
        let begun = self.recorder.begin(held, self.store)?;
        let mut begun = begun.into_iter().zip(renewed);
        for (index, to_sign) in requests {
            let source = self.sources.get(index).unwrap_or(&Source::New);
            let outcome = match source {
                Source::New => match begun.next() {
                    Some((begun, renews)) => self.sign_one(&to_sign, begun, renews),
                    None => Err(no_entry()),
                },
                Source::Recorded(entry) => self.terms.deliver_again(&to_sign, *entry, self.recorder),
                Source::Earlier(earlier) => match self.entries.get(*earlier) {
                    Some(entry) => self.terms.deliver_again(&to_sign, *entry, self.recorder),
                    None => Err(no_entry()),
                },
            };
            match outcome {
                Ok(summary) => self.hand_over(summary),
                Err(error) => {
                    let rest: Vec<_> = begun.map(|(begun, _)| begun.entry()).collect();
                    self.recorder.abandon(&rest, "not signed: an earlier one failed");
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The bytes that were planned: kept, or made again and compared.
    fn next_planned(&mut self, to_sign: &RequestToSign) -> Result<Planned<Checked>, WorkflowError> {
        match &mut self.plans {
            Plans::Kept(kept) => kept.next().ok_or_else(no_entry),
            Plans::Outlined(outlined) => {
                let Outline { serial, sha256 } = outlined.next().ok_or_else(no_entry)?;
                let checked = self
                    .terms
                    .check(&to_sign.request, &serial)
                    .map_err(|error| refusal_of(&to_sign.name, error.into()))?;
                let planned = Planned::new(checked)?
                    .waiving(self.terms.waivers)
                    .named(&to_sign.name);
                if planned.sha256() != sha256 {
                    let name = to_sign.name.clone();
                    return Err(WorkflowError::InputChanged { name });
                }
                Ok(planned)
            }
        }
    }

    /// What a leaf's certificate follows.
    fn find_renewed(&self, checked: &Checked) -> Result<Option<Renewed>, WorkflowError> {
        if self.terms.profile.role != Role::Leaf {
            return Ok(None);
        }
        let content = checked.content()?;
        let (authority, profile) = (&self.terms.authority.value, &self.terms.profile.name);
        self.recorder
            .find_renewed(authority, profile, &content.names, &content.subject)
    }

    fn sign_one(
        &mut self,
        to_sign: &RequestToSign,
        begun: Begun<Checked>,
        renews: Option<Renewed>,
    ) -> Result<IssueSummary, WorkflowError> {
        self.signed += 1;
        self.progress.step(&Step::SignCertificate {
            number: self.signed,
            count: self.count,
        });
        let finished = self.recorder.finish(begun, self.signer)?;
        Ok(IssueSummary {
            renews,
            ..IssueSummary::of(finished, &everything_asked(&to_sign.request))
        })
    }

    fn hand_over(&mut self, summary: IssueSummary) {
        self.entries.push(summary.entry);
        if let Delivered::File(path) = &summary.delivered {
            self.done.push(path.clone());
        }
        (self.each)(summary);
    }
}

/// Planned and signed are counted alike, so this does not happen.
fn no_entry() -> WorkflowError {
    LedgerError::NoEntry { entry: EntryId(0) }.into()
}
