//! The threads of a batch: one for each signing session, and one that writes files.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::ledger::EntryId;
use crate::output::OutputError;
use crate::signer::Signer;
use crate::workflow::WorkflowError;
use crate::workflow::pipeline::{Begun, Completed, Finished, NotSigned, Signable, Signed};

/// One object to sign, and its place in a group.
pub(super) struct Task<T> {
    pub(super) group: usize,
    pub(super) place: usize,
    pub(super) begun: Begun<T>,
}

/// The files of one group to write, by their places in it.
pub(super) struct Publication<T: Signable> {
    pub(super) group: usize,
    pub(super) places: Vec<usize>,
    pub(super) completed: Vec<Completed<T>>,
}

/// What a thread reports.
pub(super) enum Event<T: Signable> {
    Signed {
        group: usize,
        place: usize,
        outcome: SignOutcome<T>,
    },
    Published {
        group: usize,
        results: Vec<(usize, Result<Finished<T>, WorkflowError>)>,
    },
    /// A thread panicked. Its current work is lost.
    Crashed,
}

/// The result for an object that had begun.
pub(super) enum SignOutcome<T: Signable> {
    Signed(Box<Signed<T>>),
    NotSigned(NotSigned),
    /// Its output was taken in the meantime, so it was not signed.
    NoPlace {
        entry: EntryId,
        cause: OutputError,
    },
    /// Another one failed, or the batch was interrupted, so it was not signed.
    Skipped {
        entry: EntryId,
    },
}

/// Signs until the channel closes. After one failed signature, no thread signs anything more.
pub(super) fn sign_each<T: Signable>(
    signer: &dyn Signer,
    tasks: &Mutex<Receiver<Task<T>>>,
    events: &Sender<Event<T>>,
    stop: &AtomicBool,
) {
    let _alarm = Alarm(events);
    let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(Task { group, place, begun }) = next() {
        let entry = begun.entry();
        let outcome = match begun.check_place() {
            _ if stop.load(Ordering::SeqCst) => SignOutcome::Skipped { entry },
            Err(cause) => SignOutcome::NoPlace { entry, cause },
            Ok(()) => match begun.sign(signer) {
                Ok(signed) => SignOutcome::Signed(Box::new(signed)),
                Err(failed) => {
                    stop.store(true, Ordering::SeqCst);
                    SignOutcome::NotSigned(failed)
                }
            },
        };
        let event = Event::Signed {
            group,
            place,
            outcome,
        };
        if events.send(event).is_err() {
            return;
        }
    }
}

/// Writes files until the channel closes.
pub(super) fn publish_each<T: Signable>(publications: &Receiver<Publication<T>>, events: &Sender<Event<T>>) {
    let _alarm = Alarm(events);
    for Publication {
        group,
        places,
        completed,
    } in publications
    {
        let results = places
            .into_iter()
            .zip(Completed::publish_all(completed))
            .collect();
        if events.send(Event::Published { group, results }).is_err() {
            return;
        }
    }
}

/// Reports a thread that panics: the caller must not wait for it.
struct Alarm<'a, T: Signable>(&'a Sender<Event<T>>);

impl<T: Signable> Drop for Alarm<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.send(Event::Crashed);
        }
    }
}
