//! Requests that were signed before.

use super::*;
use crate::ledger::Unfinished;
use crate::output::OutputError;
use crate::workflow::Step;
use crate::x509::{Period, ValidityEnd};

#[test]
fn a_key_that_stops_leaves_nothing_open_and_the_same_command_continues() {
    for sessions in [1, 3] {
        let desk = Desk::with_sessions(sessions + 1);
        let requests = desk.requests();
        let read = |number: usize| Ok(requests[number].clone());
        desk.store.left.store(70, Ordering::SeqCst);
        let options = BatchOptions {
            resume: true,
            ..jobs(sessions)
        };
        let (told, outcome) = desk.sign(&read, options);
        match outcome {
            Err(WorkflowError::Partly { done, .. }) => assert_eq!(done.len(), 70),
            other => panic!("{other:?}"),
        }
        // The signed certificates are delivered, and no entry is open.
        assert_eq!(told.len(), 70);
        let [signed, abandoned, open] = desk.count();
        assert_eq!((signed, open), (71, 0));
        assert!(abandoned <= MANY - 70);
        desk.store.left.store(usize::MAX, Ordering::SeqCst);
        // Some of the files exist, and one is missing.
        fs::remove_file(desk.file(3)).unwrap();
        let (told, outcome) = desk.sign(&read, options);
        outcome.unwrap();
        assert_eq!(told.len(), MANY);
        assert_eq!(told.iter().filter(|line| line.ends_with(" again")).count(), 70);
        assert_eq!(desk.count(), [MANY + 1, abandoned, 0]);
        assert_eq!(usize::MAX - desk.store.left.load(Ordering::SeqCst), MANY - 70);
        // The third run signs nothing; every file exists.
        let (told, outcome) = desk.sign(&read, options);
        outcome.unwrap();
        assert!(told.iter().all(|line| line.ends_with(" again")));
        assert_eq!(desk.count(), [MANY + 1, abandoned, 0]);
    }
}

/// Interrupts a batch once it has signed this many.
struct InterruptedAfter<'a>(&'a Store, usize);

impl Progress for InterruptedAfter<'_> {
    fn step(&self, _: &Step<'_>) {}

    fn unfinished(&self, _: &Unfinished) {}

    fn is_interrupted(&self) -> bool {
        usize::MAX - self.0.left.load(Ordering::SeqCst) >= self.1
    }
}

#[test]
fn an_interrupted_batch_delivers_what_is_signed_and_the_same_command_continues() {
    for sessions in [1, 3] {
        let desk = Desk::with_sessions(sessions + 1);
        let requests = desk.requests();
        let read = |number: usize| Ok(requests[number].clone());
        let options = BatchOptions {
            resume: true,
            ..jobs(sessions)
        };
        // Before anything is begun.
        let (told, outcome) = desk.sign_with(&read, options, &InterruptedAfter(&desk.store, 0));
        assert!(matches!(outcome, Err(WorkflowError::Interrupted)), "{outcome:?}");
        assert_eq!((told.len(), desk.count()), (0, [1, 0, 0]));
        let (told, outcome) = desk.sign_with(&read, options, &InterruptedAfter(&desk.store, 30));
        assert!(matches!(outcome, Err(WorkflowError::Interrupted)), "{outcome:?}");
        let [signed, abandoned, open] = desk.count();
        assert_eq!((told.len() + 1, open), (signed, 0));
        assert!(signed > 30, "{signed}");
        let names = fs::read_dir(desk.directory.path()).unwrap();
        let left = names.filter(|name| {
            name.as_ref()
                .unwrap()
                .file_name()
                .as_encoded_bytes()
                .ends_with(b".tmp")
        });
        assert_eq!(left.count(), 0);
        let (told, outcome) = desk.sign(&read, options);
        outcome.unwrap();
        assert_eq!(told.len(), MANY);
        assert_eq!(desk.count(), [MANY + 1, abandoned, 0]);
    }
}

#[test]
fn a_batch_that_lasts_for_hours_is_continued() {
    const HOUR: u64 = 3600;
    let desk = Desk::with_sessions(1);
    let requests = desk.requests();
    let read = |number: usize| Ok(requests[number].clone());
    let options = BatchOptions {
        resume: true,
        ..jobs(1)
    };
    // All certificates begin with the job, and their events come hours later.
    desk.store.left.store(70, Ordering::SeqCst);
    desk.late.store(3 * HOUR, Ordering::SeqCst);
    let (told, outcome) = desk.sign(&read, options);
    assert!(outcome.is_err());
    assert_eq!(told.len(), 70);
    desk.store.left.store(usize::MAX, Ordering::SeqCst);
    let later = Start {
        after: 7 * HOUR,
        ..Start::default()
    };
    desk.late.store(8 * HOUR, Ordering::SeqCst);
    let (told, outcome) = desk.sign_many(&read, MANY, options, later);
    outcome.unwrap();
    assert_eq!(told.iter().filter(|line| line.ends_with(" again")).count(), 70);
    assert_eq!(desk.count()[0], MANY + 1);
}

#[test]
fn one_request_has_one_certificate_for_each_validity() {
    let desk = Desk::with_sessions(1);
    let request = desk.request(0);
    let (directory, number) = (desk.directory.path(), AtomicUsize::new(0));
    let read = |_| {
        let file = directory.join(format!("{}.crt", number.load(Ordering::SeqCst)));
        Ok(GivenRequest {
            request: request.request.clone(),
            delivery: Delivery::File(Destination::new(file)),
        })
    };
    let is_again = |validity: AskedValidity| {
        number.fetch_add(1, Ordering::SeqCst);
        let start = Start { after: 60, validity };
        let (told, outcome) = desk.sign_many(&read, 1, BatchOptions::default(), start);
        outcome.unwrap();
        told[0].ends_with(" again")
    };
    let lasting = |days| AskedValidity {
        end: Some(ValidityEnd::After(Period::Days(days))),
        ..AskedValidity::default()
    };
    let beginning = |after| AskedValidity {
        not_before: Some(UnixTime(NOW.0 + after)),
        ..lasting(50)
    };
    let asked = (30..60)
        .map(lasting)
        .chain([AskedValidity::default(), beginning(86_400), beginning(90_000)]);
    let asked: Vec<_> = asked.collect();
    for again in [false, true] {
        for validity in &asked {
            assert_eq!(is_again(*validity), again, "{validity:?}");
        }
    }
}

#[test]
fn a_request_under_two_names_is_found_in_both_files() {
    let desk = Desk::with_sessions(1);
    let requests = desk.requests();
    let read = |number: usize| {
        Ok(GivenRequest {
            request: requests[number / 2].request.clone(),
            ..requests[number].clone()
        })
    };
    let sign = |options| desk.sign_many(&read, 6, options, Start::default());
    let resume = BatchOptions {
        resume: true,
        ..jobs(1)
    };
    sign(resume).1.unwrap();
    for gone in [None, Some(0), Some(1)] {
        if let Some(gone) = gone {
            fs::remove_file(desk.file(gone)).unwrap();
        }
        let (told, outcome) = sign(resume);
        outcome.unwrap();
        assert!(told.iter().all(|line| line.ends_with(" again")), "{told:?}");
        assert_eq!(fs::read(desk.file(0)).unwrap(), fs::read(desk.file(1)).unwrap());
    }
    assert_eq!(desk.count(), [4, 0, 0]);
    // Any other file is refused.
    fs::copy(desk.file(2), desk.file(1)).unwrap();
    match sign(resume).1 {
        Err(WorkflowError::Output(OutputError::Exists { path })) => assert_eq!(path, desk.file(1)),
        other => panic!("{other:?}"),
    }
}
