//! The threads of a job that is being signed: one for each session, and one that writes files.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::ledger::EntryId;
use crate::output::OutputError;
use crate::signer::Signer;
use crate::workflow::WorkflowError;
use crate::workflow::pipeline::{Begun, Completed, Finished, NotSigned, Signed};
use crate::x509::Checked;

/// One certificate to sign: a place in a group.
pub(super) struct Task {
    pub(super) group: usize,
    pub(super) place: usize,
    pub(super) begun: Begun<Checked>,
}

/// Files to write: of a group, by their places in it.
pub(super) struct Publication {
    pub(super) group: usize,
    pub(super) places: Vec<usize>,
    pub(super) completed: Vec<Completed<Checked>>,
}

/// What a thread has done.
pub(super) enum Event {
    Signed {
        group: usize,
        place: usize,
        outcome: SignOutcome,
    },
    Published {
        group: usize,
        results: Vec<(usize, Result<Finished<Checked>, WorkflowError>)>,
    },
    /// A thread ended by a panic, with whatever it was doing.
    Crashed,
}

/// What became of a certificate that had begun.
pub(super) enum SignOutcome {
    Signed(Box<Signed<Checked>>),
    NotSigned(NotSigned),
    /// Its place was taken in the meantime; it was not signed.
    NoPlace {
        entry: EntryId,
        cause: OutputError,
    },
    /// It was not signed, because another failed.
    Skipped {
        entry: EntryId,
    },
}

/// Signs until there is nothing more to come. Once a signature fails, nothing else is signed by any thread.
pub(super) fn sign_each(
    signer: &dyn Signer,
    tasks: &Mutex<Receiver<Task>>,
    events: &Sender<Event>,
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

/// Writes until there is nothing more to come.
pub(super) fn publish_each(publications: &Receiver<Publication>, events: &Sender<Event>) {
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

/// Nobody must wait for a thread that is gone.
struct Alarm<'a>(&'a Sender<Event>);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.send(Event::Crashed);
        }
    }
}
