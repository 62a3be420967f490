//! Signs many objects, in groups, with several sessions: certificates of `csr sign`, responses of `ocsp publish`.
//!
//! | step | threads |
//! |---|---|
//! | [`Batch::draft`]: the exact bytes are made and checked, and the place for the output is held | all processors |
//! | the group is recorded as begun, in one transaction | the caller's |
//! | the key signs each, and the signature is verified | one for each session |
//! | the group is recorded as signed, in one transaction | the caller's |
//! | the files of the group are written and synced, then get their names | one |
//!
//! The groups overlap in time; the results come in order.

mod course;
mod crew;
mod group;
mod patient;
mod sessions;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Mutex, mpsc};
use std::thread;

use course::{Course, Lost};
use crew::{publish_each, sign_each};
use group::group_size;
use patient::Patient;
pub(super) use sessions::threads_for;
use sessions::{most_held_groups, open_others, sessions_for};

use super::ordered::in_order;
use super::pipeline::Completed;
use super::{Finished, Held, Progress, Recorder, Signable, Step, WorkflowError};
use crate::ledger::EntryId;
use crate::signer::{KeyStore, RandomSource, Signer, SystemRandom};

/// The number of groups that may have begun and not be delivered, with one signing session.
const GROUPS: usize = 3;

/// The pieces to sign, in order.
pub(super) trait Batch: Sync + Sized {
    /// The kind of object that is signed.
    type Object: Signable<Signed: Send> + Send;
    /// The error of a refused piece, and every other error of the job.
    type Error: From<WorkflowError> + Send;
    /// One piece, prepared without the ledger and the key.
    type Draft: Send;
    /// What is kept of a piece until its result is reported.
    type Memo;
    /// A piece that was signed before.
    type Known;

    /// The number of pieces.
    fn count(&self) -> usize;

    /// The number of pieces that need a signature.
    fn count_new(&self) -> usize;

    /// Whether a refused piece is reported and the others are signed.
    fn keeps_going(&self) -> bool;

    /// Drafts one piece, on any thread. `None` if it was refused before.
    fn draft(&self, index: usize, random: &dyn RandomSource) -> Result<Option<Self::Draft>, Self::Error>;

    /// Checks a draft against the ledger.
    fn admit(&self, recorder: &mut Recorder, draft: Self::Draft) -> Result<Admitted<Self>, WorkflowError>;

    /// Reads a piece that was signed before. `entries` has the entry of each piece that is recorded so far, and 0 for the others. `None` if this
    /// piece repeats one that failed.
    fn find(
        &self,
        recorder: &mut Recorder,
        known: Self::Known,
        entries: &[EntryId],
    ) -> Result<Option<Found<Self::Object>>, WorkflowError>;

    /// The progress step of one signature; `number` counts from 1.
    fn step(&self, number: usize) -> Step<'static>;
}

/// A piece that the ledger does not refuse.
pub(super) struct Admitted<B: Batch> {
    pub(super) memo: B::Memo,
    pub(super) work: Work<B>,
}

/// What to do with a piece.
pub(super) enum Work<B: Batch> {
    Sign(Box<Held<B::Object>>),
    /// Signed before. It is read from the ledger when its group is recorded.
    Deliver(B::Known),
}

/// A piece that was signed before.
pub(super) enum Found<T: Signable> {
    /// Its file is not written yet.
    Recorded(Completed<T>),
    /// Its file exists.
    There(Finished<T>),
}

/// The result of one piece.
pub(super) enum Told<B: Batch> {
    Done {
        index: usize,
        memo: B::Memo,
        finished: Finished<B::Object>,
    },
    Refused {
        index: usize,
        error: B::Error,
    },
}

/// Why the batch stops signing.
pub(super) enum Failure<E> {
    /// A piece was refused.
    Piece(E),
    Job(WorkflowError),
}

/// What the caller's thread uses; it alone calls the ledger.
pub(super) struct Desk<'a, B: Batch> {
    /// `None` if nothing needs a signature.
    pub(super) store: Option<&'a dyn KeyStore>,
    pub(super) recorder: &'a mut Recorder,
    pub(super) progress: &'a dyn Progress,
    pub(super) each: &'a mut dyn FnMut(Told<B>),
}

/// Signs the whole batch, in the number of sessions that `jobs` requests. `refused` are the pieces that are refused already; they are reported
/// in their turn. Without a signer, nothing is signed.
///
/// # Errors
/// The first failure. By then, everything that began is finished or abandoned.
pub(super) fn sign_batch<B: Batch>(
    batch: &B,
    signer: Option<Box<dyn Signer + '_>>,
    jobs: Option<NonZeroUsize>,
    refused: BTreeMap<usize, B::Error>,
    desk: Desk<'_, B>,
) -> Result<(), Failure<B::Error>> {
    let Some(signer) = signer else {
        return sign_by(batch, Vec::new(), refused, desk);
    };
    let wanted = sessions_for(batch.count_new(), jobs);
    if wanted < 2 {
        return sign_by(batch, vec![signer], refused, desk);
    }
    let others = open_others(signer.as_ref(), wanted, jobs.is_some(), desk.recorder);
    let others = others.map_err(Failure::Job)?;
    if others.is_empty() {
        drop(others);
        return sign_by(batch, vec![signer], refused, desk);
    }
    sign_by(batch, others, refused, desk)
}

fn sign_by<B: Batch>(
    batch: &B,
    signers: Vec<Box<dyn Signer + '_>>,
    refused: BTreeMap<usize, B::Error>,
    desk: Desk<'_, B>,
) -> Result<(), Failure<B::Error>> {
    let random: &dyn RandomSource = match desk.store {
        Some(store) => store.random_source(),
        None => &SystemRandom,
    };
    let group_size = group_size(batch.count());
    let groups = batch.count().div_ceil(group_size);
    let most_groups = (GROUPS + signers.len().div_ceil(group_size / 2)).min(most_held_groups(group_size));
    let (stop, busy) = (AtomicBool::new(false), AtomicUsize::new(0));
    let busy = &busy;
    let (tasks, to_sign) = mpsc::channel();
    let (publications, to_publish) = mpsc::channel();
    let (tell, events) = mpsc::channel();
    let to_sign = Mutex::new(to_sign);
    thread::scope(|scope| {
        for signer in signers {
            let (to_sign, tell, stop) = (&to_sign, tell.clone(), &stop);
            let signer = Patient::new(signer, stop, busy);
            scope.spawn(move || sign_each(&signer, to_sign, &tell, stop));
        }
        scope.spawn(move || publish_each(&to_publish, &tell));
        let mut course = Course {
            entries: vec![EntryId(0); batch.count()],
            batch,
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
            lost: Lost::default(),
        };
        let draft = |group: usize| {
            let first = group * group_size;
            let indices = first..batch.count().min(first + group_size);
            indices
                .map(|index| (index, batch.draft(index, random)))
                .collect::<Vec<_>>()
        };
        in_order(threads_for(batch.count()), groups, draft, |group, drafts| {
            course.stop_if_interrupted();
            if course.failure.is_none() {
                course.take(group, drafts);
            }
            course.wait_until_below(most_groups);
            match course.failure {
                None => ControlFlow::Continue(()),
                Some(_) => ControlFlow::Break(()),
            }
        });
        course.finish(busy)
    })
}
