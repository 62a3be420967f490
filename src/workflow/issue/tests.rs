//! Jobs with more requests than the batch holds at a time.

mod lost;
mod retried;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tempfile::TempDir;

use super::*;
use crate::ledger::{EntryFilter, EntryState, SqliteLedger, Stamp};
use crate::output::{Destination, Encoding};
use crate::signer::{KeyStore, PublicKey, SignError, SignatureAlgorithm, Signer};
use crate::workflow::{AuthorityRequest, Clock, CsrRequest, Progress, Recorder};
use crate::x509::fixture::{NOW, SoftwareKey};
use crate::x509::{Name, UnixTime, X509Error};

/// More than two chunks.
const MANY: usize = 150;

/// One key in software. It stops after `left` signatures and has a limited number of sessions.
struct Store {
    key: SoftwareKey,
    left: AtomicUsize,
    sessions: usize,
    opened: AtomicUsize,
}

impl Signer for &Store {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let left = |left: usize| left.checked_sub(1);
        match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) {
            Err(_) => Err(SignError::new(std::io::Error::other("CKR_DEVICE_ERROR"))),
            Ok(_) => self.key.sign(algorithm, message),
        }
    }

    fn open_another(&self) -> Result<Option<Box<dyn Signer + '_>>, SignError> {
        let opened = self.opened.fetch_add(1, Ordering::SeqCst);
        if opened + 1 >= self.sessions {
            return Ok(None);
        }
        Ok(Some(Box::new(*self)))
    }
}

impl KeyStore for Store {
    fn signer_for(&self, _: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError> {
        Ok(Box::new(self))
    }

    fn signer_named(&self, _: &str) -> Result<Box<dyn Signer + '_>, SignError> {
        Ok(Box::new(self))
    }
}

struct Desk {
    directory: TempDir,
    store: Store,
    recorder: RefCell<Recorder>,
    /// How many seconds after `NOW` the ledger's events are recorded.
    late: Arc<AtomicU64>,
    authority: Certificate,
    client: SoftwareKey,
}

/// The start of a job, in seconds after `NOW`, and the requested validity.
#[derive(Clone, Copy, Default)]
struct Start {
    after: u64,
    validity: AskedValidity,
}

impl Desk {
    fn with_sessions(sessions: usize) -> Self {
        let directory = TempDir::new().unwrap();
        let store = Store {
            key: SoftwareKey::generate(),
            left: AtomicUsize::new(usize::MAX),
            sessions,
            opened: AtomicUsize::new(0),
        };
        let stamp = Stamp {
            time: NOW,
            by: "a test".to_owned(),
            tool: "a test".to_owned(),
            waived: Vec::new(),
        };
        let ledger = SqliteLedger::create(&directory.path().join("l.db"), &stamp).unwrap();
        let clock = Clock::stopped_at(NOW);
        let late = Arc::new(AtomicU64::new(0));
        let events = {
            let late = Arc::clone(&late);
            Clock::new(move || UnixTime(NOW.0 + late.load(Ordering::SeqCst)))
        };
        let mut recorder = Recorder::new(Box::new(ledger), "a test".to_owned(), events);
        let request = AuthorityRequest {
            key: "ca".to_owned(),
            subject: Name::from_rfc4514("CN=Batch CA").unwrap(),
            profile: Arc::new(Profile::cloudhsm_ca()),
            validity: AskedValidity::default(),
            signature: Default::default(),
            waivers: Waivers::default(),
            delivery: Delivery::Caller(Encoding::Pem),
        };
        let planned = request.prepare(&store, &clock, &()).unwrap();
        let authority = planned.sign(&mut recorder, &()).unwrap().certificate;
        Self {
            directory,
            store,
            recorder: RefCell::new(recorder),
            late,
            authority,
            client: SoftwareKey::generate(),
        }
    }

    fn request(&self, number: usize) -> GivenRequest {
        let request = CsrRequest {
            key: "client".to_owned(),
            subject: Name::from_rfc4514(&format!("CN=client {number}")).unwrap(),
            names: Vec::new(),
            profile: None,
            signature: Default::default(),
            delivery: Delivery::Caller(Encoding::Pem),
        };
        let planned = request.plan(self.client.public_key()).unwrap();
        let issued = planned.checked().clone().sign(&self.client).unwrap();
        GivenRequest {
            request: issued.request().clone(),
            delivery: Delivery::File(Destination::new(self.file(number))),
        }
    }

    fn file(&self, number: usize) -> PathBuf {
        self.directory.path().join(format!("{number}.crt"))
    }

    fn requests(&self) -> Vec<GivenRequest> {
        (0..MANY).map(|number| self.request(number)).collect()
    }

    fn terms(&self) -> SigningRequest {
        SigningRequest {
            authority: Named::new("ca.crt", self.authority.clone()),
            key: None,
            profile: Arc::new(Profile::named("tls-client", false).unwrap()),
            identity: None,
            validity: AskedValidity::default(),
            signature: Default::default(),
            again: false,
            waivers: Waivers::default(),
        }
    }

    /// Signs the requests from `read`, and returns the outcomes in the order they were reported.
    fn sign(&self, read: Read<'_>, options: BatchOptions) -> (Vec<String>, Result<(), WorkflowError>) {
        self.sign_with(read, options, &())
    }

    fn sign_with(
        &self,
        read: Read<'_>,
        options: BatchOptions,
        progress: &dyn Progress,
    ) -> (Vec<String>, Result<(), WorkflowError>) {
        self.sign_job(read, MANY, options, Start::default(), progress)
    }

    fn sign_many(
        &self,
        read: Read<'_>,
        count: usize,
        options: BatchOptions,
        start: Start,
    ) -> (Vec<String>, Result<(), WorkflowError>) {
        self.sign_job(read, count, options, start, &())
    }

    fn sign_job(
        &self,
        read: Read<'_>,
        count: usize,
        options: BatchOptions,
        start: Start,
        progress: &dyn Progress,
    ) -> (Vec<String>, Result<(), WorkflowError>) {
        let requests = Requests { read, count };
        let terms = SigningRequest {
            validity: start.validity,
            ..self.terms()
        };
        let clock = Clock::stopped_at(UnixTime(NOW.0 + start.after));
        let mut told = Vec::new();
        let mut each = |outcome| {
            told.push(match outcome {
                RequestOutcome::Issued(summary) => {
                    let again = if summary.retried { " again" } else { "" };
                    format!("{}: {}{again}", summary.request, summary.certificate.subject())
                }
                RequestOutcome::Refused { request, error } => format!("{request} refused: {error}"),
            });
        };
        let mut recorder = self.recorder.borrow_mut();
        let outcome = SigningJob::prepare(terms, requests, options, &clock)
            .and_then(|job| job.run(&self.store, &mut recorder, progress, &mut each));
        (told, outcome)
    }

    /// The number of entries that are signed, abandoned and open.
    fn count(&self) -> [usize; 3] {
        let mut count = [0; 3];
        let recorder = self.recorder.borrow();
        assert!(recorder.ledger().verify(None).unwrap().passed());
        let mut each = |entry: crate::ledger::Entry| {
            count[match entry.state {
                EntryState::Signed { .. } => 0,
                EntryState::Abandoned { .. } => 1,
                _ => 2,
            }] += 1;
            ControlFlow::Continue(())
        };
        recorder
            .ledger()
            .entries(&EntryFilter::default(), &mut each)
            .unwrap();
        count
    }
}

type Read<'a> = &'a (dyn Fn(usize) -> Result<GivenRequest, WorkflowError> + Sync);

struct Requests<'a> {
    read: Read<'a>,
    count: usize,
}

impl RequestSource for Requests<'_> {
    type Error = WorkflowError;

    fn count(&self) -> usize {
        self.count
    }

    fn name(&self, index: usize) -> String {
        format!("{index}.csr")
    }

    fn read(&self, index: usize) -> Result<GivenRequest, WorkflowError> {
        (self.read)(index)
    }
}

fn told_of(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers
        .map(|number| format!("{number}.csr: CN=client {number}"))
        .collect()
}

fn jobs(jobs: usize) -> BatchOptions {
    BatchOptions {
        jobs: NonZeroUsize::new(jobs),
        ..BatchOptions::default()
    }
}

const KEEP_GOING: BatchOptions = BatchOptions {
    jobs: NonZeroUsize::new(3),
    keep_going: true,
    resume: true,
};

#[test]
fn every_request_is_signed_once_in_order_whatever_the_number_of_sessions() {
    for sessions in [1, 5] {
        let desk = Desk::with_sessions(sessions);
        let requests = desk.requests();
        let reads = AtomicUsize::new(0);
        let read = |number: usize| {
            reads.fetch_add(1, Ordering::SeqCst);
            Ok(requests[number].clone())
        };
        let (told, outcome) = desk.sign(&read, jobs(sessions));
        outcome.unwrap();
        assert_eq!(told, told_of(0..MANY), "{sessions}");
        // The CA's own certificate, and the new ones.
        assert_eq!(desk.count(), [MANY + 1, 0, 0]);
        let signed: usize = usize::MAX - desk.store.left.load(Ordering::SeqCst);
        assert_eq!(signed, MANY + 1);
        // Each request is read twice and not kept: once to check it, once to sign it.
        assert_eq!(reads.load(Ordering::SeqCst), 2 * MANY);
        let serials: BTreeSet<_> = (0..MANY)
            .map(|number| {
                let certificate = Certificate::read(&fs::read(desk.file(number)).unwrap()).unwrap();
                certificate.verify_signature(desk.store.key.public_key()).unwrap();
                certificate.serial_number()
            })
            .collect();
        assert_eq!(serials.len(), MANY);
    }
}

#[test]
fn a_request_that_changes_before_its_signature_is_not_signed() {
    for options in [jobs(4), KEEP_GOING] {
        let desk = Desk::with_sessions(4);
        let requests = desk.requests();
        let other = desk.request(MANY);
        let reads_of_last = AtomicUsize::new(0);
        let read = |number: usize| {
            if number != MANY - 1 || reads_of_last.fetch_add(1, Ordering::SeqCst) == 0 {
                return Ok(requests[number].clone());
            }
            Ok(GivenRequest {
                request: other.request.clone(),
                ..requests[number].clone()
            })
        };
        let (told, outcome) = desk.sign(&read, options);
        if options.keep_going {
            outcome.unwrap();
            assert_eq!(told.len(), MANY);
            assert!(told[MANY - 1].contains("refused: 149.csr"), "{}", told[MANY - 1]);
            assert_eq!(desk.count(), [MANY, 0, 0]);
            continue;
        }
        match outcome {
            Err(WorkflowError::InputChanged { name }) => assert_eq!(name, format!("{}.csr", MANY - 1)),
            other => panic!("{other:?}"),
        }
        // Two groups of 64 had begun: each of their requests is signed or abandoned. The third group had not begun.
        let mut begun = told_of(0..128).into_iter();
        assert!(
            told.iter().all(|line| begun.any(|other| other == *line)),
            "{told:?}"
        );
        let [signed, abandoned, open] = desk.count();
        assert_eq!((signed, open), (told.len() + 1, 0));
        assert_eq!(signed + abandoned, 129);
    }
}

#[test]
fn one_bad_request_stops_all_before_the_first_signature_unless_the_others_go_on() {
    let desk = Desk::with_sessions(4);
    let requests = desk.requests();
    let weak = |number: usize| -> Result<GivenRequest, WorkflowError> {
        match number {
            // Unreadable.
            20 => Err(X509Error::Throwaway.into()),
            // Has the same output as another request.
            70 => Ok(GivenRequest {
                delivery: requests[5].delivery.clone(),
                ..requests[number].clone()
            }),
            _ => Ok(requests[number].clone()),
        }
    };
    let (told, outcome) = desk.sign(&weak, jobs(4));
    assert!(outcome.is_err());
    assert_eq!(told, [""; 0]);
    assert_eq!(desk.count(), [1, 0, 0]);
    // The output exists and is something else.
    fs::write(desk.file(140), "a file").unwrap();
    let (told, outcome) = desk.sign(&weak, KEEP_GOING);
    outcome.unwrap();
    assert_eq!(told.len(), MANY);
    for (number, line) in told.iter().enumerate() {
        match number {
            20 | 70 | 140 => assert!(line.starts_with(&format!("{number}.csr refused: ")), "{line}"),
            _ => assert_eq!(*line, format!("{number}.csr: CN=client {number}")),
        }
    }
    assert_eq!(desk.count(), [MANY - 2, 0, 0]);
    assert_eq!(fs::read_to_string(desk.file(140)).unwrap(), "a file");
}
