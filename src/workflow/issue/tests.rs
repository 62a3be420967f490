//! Jobs of more requests than are held at one time.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::*;
use crate::ledger::{EntryFilter, EntryState, SqliteLedger, Stamp};
use crate::output::{Destination, Encoding};
use crate::signer::{KeyStore, PublicKey, SignError, SignatureAlgorithm, Signer};
use crate::workflow::{AuthorityRequest, CsrRequest, Recorder};
use crate::x509::Name;
use crate::x509::fixture::{NOW, SoftwareKey};

/// More than two chunks.
const MANY: usize = 150;

/// One key in software, which may stop after so many signatures.
struct Store {
    key: SoftwareKey,
    left: AtomicUsize,
}

impl Signer for &Store {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match self.left.load(Ordering::Relaxed).checked_sub(1) {
            None => Err(SignError::new(std::io::Error::other("CKR_DEVICE_ERROR"))),
            Some(left) => {
                self.left.store(left, Ordering::Relaxed);
                self.key.sign(algorithm, message)
            }
        }
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
    authority: Certificate,
    client: SoftwareKey,
}

impl Desk {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let store = Store {
            key: SoftwareKey::generate(),
            left: AtomicUsize::new(usize::MAX),
        };
        let stamp = Stamp {
            time: NOW,
            by: "a test".to_owned(),
            tool: "a test".to_owned(),
            waived: Vec::new(),
        };
        let ledger = SqliteLedger::create(&directory.path().join("l.db"), &stamp).unwrap();
        let clock = Clock::stopped_at(NOW);
        let mut recorder = Recorder::new(Box::new(ledger), "a test".to_owned(), clock.clone());
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
            authority,
            client: SoftwareKey::generate(),
        }
    }

    fn request(&self, number: usize) -> RequestToSign {
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
        RequestToSign {
            name: format!("{number}.csr"),
            request: issued.request().clone().verify().unwrap(),
            delivery: Delivery::File(Destination::new(
                self.directory.path().join(format!("{number}.crt")),
            )),
        }
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

    /// Signs what `read` gives for each number, and tells what was handed over, in which order.
    fn sign(
        &self,
        read: &dyn Fn(usize) -> Result<RequestToSign, WorkflowError>,
    ) -> (Vec<String>, Result<(), WorkflowError>) {
        let requests = (0..MANY).map(read);
        let job = SigningJob::prepare(self.terms(), requests, &Clock::stopped_at(NOW)).unwrap();
        let mut handed_over = Vec::new();
        let mut each = |summary: IssueSummary| handed_over.push(summary.certificate.subject().to_string());
        let mut recorder = self.recorder.borrow_mut();
        let outcome = job.run(&self.store, &mut recorder, &(), &mut each);
        (handed_over, outcome)
    }

    /// How many entries are signed, abandoned, and open.
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

#[test]
fn every_request_is_signed_in_order_and_few_are_alive_at_one_time() {
    let desk = Desk::new();
    let requests: Vec<_> = (0..MANY).map(|number| desk.request(number)).collect();
    let reads = Cell::new(0);
    let (handed_over, outcome) = desk.sign(&|number| {
        reads.set(reads.get() + 1);
        Ok(requests[number].clone())
    });
    outcome.unwrap();
    let wanted: Vec<_> = (0..MANY).map(|number| format!("CN=client {number}")).collect();
    assert_eq!(handed_over, wanted);
    // The CA's own certificate, and these.
    assert_eq!(desk.count(), [MANY + 1, 0, 0]);
    // Read again each time, and not kept: checked, looked back for, planned, signed.
    assert_eq!(reads.get(), 4 * MANY);
}

#[test]
fn a_request_that_changes_before_its_signature_is_not_signed() {
    let desk = Desk::new();
    let requests: Vec<_> = (0..MANY).map(|number| desk.request(number)).collect();
    let other = desk.request(MANY);
    let reads_of_last = Cell::new(0);
    let (handed_over, outcome) = desk.sign(&|number| {
        if number != MANY - 1 {
            return Ok(requests[number].clone());
        }
        reads_of_last.set(reads_of_last.get() + 1);
        let request = match reads_of_last.get() {
            1..=3 => requests[number].request.clone(),
            _ => other.request.clone(),
        };
        Ok(RequestToSign {
            request,
            ..requests[number].clone()
        })
    });
    match outcome {
        Err(WorkflowError::InputChanged { name }) => assert_eq!(name, format!("{}.csr", MANY - 1)),
        other => panic!("{other:?}"),
    }
    // Two chunks of 64 were done; of the third nothing was begun.
    assert_eq!(handed_over.len(), 128);
    assert_eq!(desk.count(), [129, 0, 0]);
}

#[test]
fn a_key_that_stops_leaves_nothing_open() {
    let desk = Desk::new();
    let requests: Vec<_> = (0..MANY).map(|number| desk.request(number)).collect();
    desk.store.left.store(70, Ordering::Relaxed);
    let (handed_over, outcome) = desk.sign(&|number| Ok(requests[number].clone()));
    match outcome {
        Err(WorkflowError::Partly { done, .. }) => assert_eq!(done.len(), 70),
        other => panic!("{other:?}"),
    }
    assert_eq!(handed_over.len(), 70);
    // Of the second chunk, 6 were signed, one failed, and 57 were given up with it.
    assert_eq!(desk.count(), [71, 58, 0]);
    // The same command continues: what is signed is delivered again, and the rest is signed.
    desk.store.left.store(usize::MAX, Ordering::Relaxed);
    for number in 0..70 {
        std::fs::remove_file(desk.directory.path().join(format!("{number}.crt"))).unwrap();
    }
    let (handed_over, outcome) = desk.sign(&|number| Ok(requests[number].clone()));
    outcome.unwrap();
    assert_eq!(handed_over.len(), MANY);
    assert_eq!(desk.count(), [MANY + 1, 58, 0]);
}
