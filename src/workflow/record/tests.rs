//! The records of a job that succeeds, and of jobs that fail.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tempfile::TempDir;

use super::*;
use crate::ledger::fixture::SlowWriter;
use crate::ledger::{Access, Entry, EntryFilter, EntryState, Object, SqliteLedger};
use crate::output::Destination;
use crate::signer::{KeyStore, PublicKey, RandomSource, SignError, SignatureAlgorithm, Signer};
use crate::workflow::{AuthorityRequest, Clock, Delivery, HeadPlace};
use crate::x509::fixture::{NOW, SoftwareKey};
use crate::x509::{AskedValidity, Name, Profile};

/// One key in software. Its random numbers repeat after a number of calls, and it can run code while it signs.
struct Store<'a> {
    key: SoftwareKey,
    random: AtomicU8,
    repeats: bool,
    fails: bool,
    as_it_signs: &'a (dyn Fn() + Sync),
}

impl Store<'_> {
    fn of(key: SoftwareKey) -> Self {
        Self {
            key,
            random: AtomicU8::new(1),
            repeats: false,
            fails: false,
            as_it_signs: &|| (),
        }
    }
}

impl Signer for &Store<'_> {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        (self.as_it_signs)();
        if self.fails {
            return Err(SignError::new(std::io::Error::other("CKR_DEVICE_ERROR")));
        }
        self.key.sign(algorithm, message)
    }
}

impl RandomSource for Store<'_> {
    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), SignError> {
        buffer.fill(self.random.load(Ordering::Relaxed));
        if !self.repeats {
            self.random.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl KeyStore for Store<'_> {
    fn random_source(&self) -> &dyn RandomSource {
        self
    }

    fn signer_for(&self, _: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError> {
        Ok(Box::new(self))
    }

    fn signer_named(&self, _: &str) -> Result<Box<dyn Signer + '_>, SignError> {
        Ok(Box::new(self))
    }
}

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn recorder(&self) -> Recorder {
        let longest_wait = std::time::Duration::from_millis(20);
        let stamp = stamp("me@here", NOW);
        let made = SqliteLedger::create(&self.path("l.db"), &stamp);
        assert!(
            matches!(made, Ok(_) | Err(LedgerError::Exists { .. })),
            "{made:?}"
        );
        let ledger = SqliteLedger::open_waiting(&self.path("l.db"), Access::Record, longest_wait).unwrap();
        Recorder::new(Box::new(ledger), "me@here".to_owned(), Clock::stopped_at(NOW))
    }

    fn create(&self, store: &Store<'_>, name: &str) -> Result<Certificate, WorkflowError> {
        let request = AuthorityRequest {
            key: "ca".to_owned(),
            subject: Name::from_rfc4514("CN=Test CA").unwrap(),
            profile: Profile::cloudhsm_ca().into(),
            validity: AskedValidity::default(),
            signature: Default::default(),
            waivers: Waivers {
                second_certificate: true,
                ..Waivers::default()
            },
            delivery: Delivery::File(Destination::new(self.path(name))),
        };
        let planned = request.prepare(store, &Clock::stopped_at(NOW), &())?;
        planned
            .sign(&mut self.recorder(), &())
            .map(|summary| summary.certificate)
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let recorder = self.recorder();
        let ledger = recorder.ledger();
        assert!(ledger.verify(None).unwrap().passed());
        let mut keep = |entry| {
            entries.push(entry);
            std::ops::ControlFlow::Continue(())
        };
        ledger.entries(&EntryFilter::default(), &mut keep).unwrap();
        entries.reverse();
        entries
    }
}

fn exists(path: &Path) -> bool {
    path.exists()
}

#[test]
fn the_ca_certificate_s_own_record_is_the_certificate() {
    let desk = Desk::new();
    let made = desk
        .create(&Store::of(SoftwareKey::generate()), "ca.der")
        .unwrap();
    let [entry] = &desk.entries()[..] else {
        panic!("one entry is expected")
    };
    let Object::Certificate {
        serial,
        subject,
        profile,
        request_sha256,
        not_before,
        not_after,
        ..
    } = &entry.object
    else {
        panic!("{entry:?}");
    };
    assert_eq!(serial.octets(), made.serial_number().octets());
    assert_eq!(subject.name, *made.subject());
    assert_eq!((profile.as_str(), *request_sha256), ("cloudhsm-ca", None));
    assert_eq!(
        (*not_before, *not_after),
        (made.validity().not_before, made.validity().not_after)
    );
    assert!(entry.authority.is(&authority_of(&made).unwrap()));
    assert_eq!(entry.state.der().unwrap().0, made.der());
    assert_eq!(entry.begun.by, "me@here");
    assert!(entry.begun.tool.starts_with("hsm-ca "));
}

#[test]
fn a_serial_number_that_was_used_is_not_signed_again() {
    let desk = Desk::new();
    let signed = AtomicUsize::new(0);
    let count = || {
        signed.fetch_add(1, Ordering::Relaxed);
    };
    let store = Store {
        repeats: true,
        as_it_signs: &count,
        ..Store::of(SoftwareKey::generate())
    };
    desk.create(&store, "first").unwrap();
    let error = desk.create(&store, "second").unwrap_err();
    assert!(
        matches!(
            error,
            WorkflowError::X509(X509Error::Rule {
                rule: "serial-unused",
                ..
            })
        ),
        "{error}"
    );
    assert_eq!((signed.into_inner(), desk.entries().len()), (1, 1));
    assert!(!exists(&desk.path("second")));
    // With any key: a serial number belongs to the issuer's name.
    let renewed = Store {
        repeats: true,
        ..Store::of(SoftwareKey::generate())
    };
    desk.create(&renewed, "third").unwrap_err();
}

#[test]
fn a_token_that_does_not_sign_or_signs_wrongly_leaves_its_reason() {
    let failing = Store {
        fails: true,
        ..Store::of(SoftwareKey::generate())
    };
    let wrong = Store::of(SoftwareKey::generate().that_signs_wrongly());
    for (store, word) in [(failing, "CKR_DEVICE_ERROR"), (wrong, "signature")] {
        let desk = Desk::new();
        desk.create(&store, "out").unwrap_err();
        assert!(!exists(&desk.path("out")));
        let [entry] = &desk.entries()[..] else {
            panic!("one entry is expected")
        };
        match &entry.state {
            EntryState::Abandoned { reason, .. } => assert!(reason.contains(word), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Another process holds the ledger for longer than the wait, from the moment the token signs.
#[test]
fn what_cannot_be_recorded_is_not_delivered() {
    let desk = Desk::new();
    drop(desk.recorder());
    let other = Mutex::new(SlowWriter::at(&desk.path("l.db")));
    let hold = || other.lock().unwrap().start();
    let store = Store {
        as_it_signs: &hold,
        ..Store::of(SoftwareKey::generate())
    };
    let error = desk.create(&store, "out").unwrap_err();
    assert!(
        matches!(
            error,
            WorkflowError::Unrecorded {
                cause: LedgerError::Locked { .. },
                ..
            }
        ),
        "{error}"
    );
    assert!(!exists(&desk.path("out")));
    other.lock().unwrap().stop();
    assert_eq!(desk.entries()[0].state, EntryState::Begun);
}

/// Someone replaces the ledger's file, or removes its log, while the token signs.
#[test]
fn what_is_recorded_in_a_file_that_was_moved_away_is_not_delivered() {
    for name in ["l.db", "l.db-wal"] {
        let desk = Desk::new();
        drop(desk.recorder());
        let moved = || std::fs::rename(desk.path(name), desk.path("moved")).unwrap();
        let store = Store {
            as_it_signs: &moved,
            ..Store::of(SoftwareKey::generate())
        };
        let error = desk.create(&store, "out").unwrap_err();
        assert!(
            matches!(
                error,
                WorkflowError::Unrecorded {
                    cause: LedgerError::Replaced { .. },
                    ..
                }
            ),
            "{name}: {error}"
        );
        assert!(!exists(&desk.path("out")), "{name}");
    }
}

/// The ledger cannot be written before the signature, so the token is not called.
#[test]
fn what_cannot_be_begun_is_not_signed() {
    let desk = Desk::new();
    drop(desk.recorder());
    let other = SlowWriter::at(&desk.path("l.db"));
    let signs = || panic!("the token was asked");
    let store = Store {
        as_it_signs: &signs,
        ..Store::of(SoftwareKey::generate())
    };
    other.start();
    let error = desk.create(&store, "out").unwrap_err();
    assert!(
        matches!(error, WorkflowError::Ledger(LedgerError::Locked { .. })),
        "{error}"
    );
    assert!(!exists(&desk.path("out")));
}

/// Someone creates a file at the output while the token signs.
#[test]
fn what_cannot_be_delivered_is_in_the_ledger() {
    let desk = Desk::new();
    let in_the_way = || std::fs::write(desk.path("out"), "mine").unwrap();
    let store = Store {
        as_it_signs: &in_the_way,
        ..Store::of(SoftwareKey::generate())
    };
    let error = desk.create(&store, "out").unwrap_err();
    let WorkflowError::Undelivered { entry, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(std::fs::read(desk.path("out")).unwrap(), b"mine");
    let kept = desk.recorder().ledger().entry(entry).unwrap().unwrap();
    let kept = Certificate::from_der(&kept.state.der().unwrap().0).unwrap();
    assert!(kept.check_self_signature().is_ok());
}

/// The change is recorded before the head is written, so it stands.
#[test]
fn a_head_that_cannot_be_written_after_an_unsigned_change_is_a_notice() {
    let desk = Desk::new();
    let made = desk
        .create(&Store::of(SoftwareKey::generate()), "ca.der")
        .unwrap();
    let serial = made.serial_number();
    let hold = || RevocationRequest {
        serial: serial.clone(),
        reason: crate::ledger::RevocationReason::CertificateHold,
        revoked: NOW,
        invalidity_date: None,
        key_sha256: None,
    };
    for (name, is_kept) in [("no/head", false), ("head", true)] {
        let guards = Guards {
            place: HeadPlace::File(desk.path(name)),
            ..Guards::default()
        };
        let mut recorder = desk.recorder().to_accept(guards);
        assert_eq!(recorder.revoke(&made, &[hold()]).unwrap(), is_kept);
        assert_eq!(recorder.release(&made, &serial).unwrap(), is_kept);
        let notices = recorder.take_notices();
        assert_eq!(notices.len(), if is_kept { 0 } else { 2 }, "{notices:?}");
        let is_said =
            |notice: &String| notice.contains("is recorded") && notice.contains("cannot be kept in");
        assert!(notices.iter().all(is_said), "{notices:?}");
        assert_eq!(desk.path(name).exists(), is_kept);
    }
    let mut recorder = desk.recorder();
    assert!(!recorder.revoke(&made, &[hold()]).unwrap(), "no file is named");
    assert_eq!(recorder.take_notices(), [""; 0]);
}
