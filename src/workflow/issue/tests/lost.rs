//! Batches whose ledger or output fails after the signatures.

use std::time::Duration;

use super::*;
use crate::ledger::fixture::SlowWriter;
use crate::ledger::{Access, Intent, Ledger as _, LedgerError, Object, Unfinished};
use crate::workflow::{Step, authority_of};

/// Does something before a signature.
struct Before<'a> {
    number: usize,
    act: &'a dyn Fn(),
}

impl Progress for Before<'_> {
    fn step(&self, step: &Step<'_>) {
        if matches!(step, Step::SignCertificate { number, .. } if *number == self.number) {
            (self.act)();
        }
    }

    fn unfinished(&self, _: &Unfinished) {}
}

impl Desk {
    /// Requests whose certificates go to a directory of their own.
    fn requests_into(&self, name: &str) -> (PathBuf, Vec<GivenRequest>) {
        let directory = self.directory.path().join(name);
        fs::create_dir(&directory).unwrap();
        let mut requests = self.requests();
        for (number, request) in requests.iter_mut().enumerate() {
            let file = directory.join(format!("{number}.crt"));
            request.delivery = Delivery::File(Destination::new(file));
        }
        (directory, requests)
    }
}

#[test]
fn the_error_counts_what_was_recorded_and_not_written() {
    let desk = Desk::with_sessions(1);
    let (out, requests) = desk.requests_into("out");
    let read = |number: usize| Ok(requests[number].clone());
    let options = BatchOptions {
        resume: true,
        ..jobs(1)
    };
    let moved = desk.directory.path().join("moved");
    let progress = Before {
        number: 1,
        act: &|| fs::rename(&out, &moved).unwrap(),
    };
    let (told, outcome) = desk.sign_with(&read, options, &progress);
    assert_eq!(told, Vec::<String>::new());
    let Err(WorkflowError::SomeUndelivered { count, .. }) = outcome else {
        panic!("{outcome:?}");
    };
    let [signed, _, open] = desk.count();
    assert_eq!((count + 1, open), (signed, 0));
    assert!(count > 0);
    // The same command continues.
    fs::create_dir(&out).unwrap();
    let (told, outcome) = desk.sign(&read, options);
    outcome.unwrap();
    let again = told.iter().filter(|line| line.ends_with(" again")).count();
    assert_eq!((told.len(), again), (MANY, count));
}

/// Another issuer begins a certificate for a request between the look at the ledger and the group.
#[test]
fn a_request_that_another_issuer_took_is_refused_and_the_others_go_on() {
    const TAKEN: usize = 140;
    for keep_going in [true, false] {
        let desk = Desk::with_sessions(1);
        let mut requests = desk.requests();
        // The last one repeats the one that is taken.
        requests[MANY - 1].request = requests[TAKEN].request.clone();
        let path = desk.directory.path().join("l.db");
        let request = requests[TAKEN].request.clone().verify().unwrap();
        let take = || {
            let mut other = SqliteLedger::open(&path, Access::Record).unwrap();
            let stamp = Stamp {
                time: NOW,
                by: "another".to_owned(),
                tool: "a test".to_owned(),
                waived: Vec::new(),
            };
            let authority = authority_of(&desk.authority).unwrap();
            let object = Object::Certificate {
                serial: SerialNumber::from_octets([9]),
                subject: authority.subject.clone(),
                profile: "tls-client".to_owned(),
                names_sha256: None,
                request_sha256: Some(*request.verified_hash().digest()),
                not_before: NOW,
                not_after: UnixTime(NOW.0 + 9),
            };
            let intent = Intent {
                authority,
                tbs_sha256: Digest::of(b"another"),
                object,
                waived: Vec::new(),
            };
            other.begin(&intent, &stamp).unwrap();
        };
        let read = |number: usize| Ok(requests[number].clone());
        let progress = Before {
            number: 1,
            act: &take,
        };
        let options = BatchOptions {
            keep_going,
            ..jobs(1)
        };
        let (told, outcome) = desk.sign_with(&read, options, &progress);
        if !keep_going {
            let Err(WorkflowError::Partly { cause, .. }) = outcome else {
                panic!("{outcome:?}");
            };
            assert!(
                matches!(*cause, WorkflowError::Ledger(LedgerError::RequestTaken { .. })),
                "{cause}"
            );
            continue;
        }
        outcome.unwrap();
        assert_eq!(told.len(), MANY);
        assert!(
            told[TAKEN].starts_with("140.csr refused: another process"),
            "{}",
            told[TAKEN]
        );
        assert!(
            told[MANY - 1].starts_with("149.csr refused: the same request"),
            "{}",
            told[MANY - 1]
        );
        // The CA, the others; the one that was given up; the one of the other issuer.
        assert_eq!(desk.count(), [1 + MANY - 2, 1, 1]);
    }
}

#[test]
fn the_error_counts_what_was_signed_and_not_recorded() {
    let desk = Desk::with_sessions(1);
    let path = desk.directory.path().join("l.db");
    let longest_wait = Duration::from_millis(300);
    let ledger = SqliteLedger::open_waiting(&path, Access::Record, longest_wait).unwrap();
    let recorder = Recorder::new(Box::new(ledger), "a test".to_owned(), Clock::stopped_at(NOW));
    drop(desk.recorder.replace(recorder));
    let requests = desk.requests();
    let read = |number: usize| Ok(requests[number].clone());
    let other = SlowWriter::at(&path);
    let progress = Before {
        number: 1,
        act: &|| other.start(),
    };
    let (told, outcome) = desk.sign_with(&read, jobs(1), &progress);
    other.stop();
    assert_eq!(told, Vec::<String>::new());
    let Err(WorkflowError::Unrecorded { others, cause, .. }) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(matches!(cause, LedgerError::Locked { .. }), "{cause}");
    let [signed, abandoned, open] = desk.count();
    assert_eq!((signed, abandoned), (1, 0));
    assert!(others < open && others > 0, "{others} {open}");
}
