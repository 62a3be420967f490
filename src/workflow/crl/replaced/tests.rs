//! Two processes that replace the CRL in one file: each test is one process, and runs the other while its token signs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use tempfile::TempDir;

use super::*;
use crate::ledger::{Access, EntryId, Name, SqliteLedger, Stamp};
use crate::output::{Destination, Encoding};
use crate::signer::{KeyStore, PublicKey, RandomSource, SignError, SignatureAlgorithm, SignatureChoice};
use crate::workflow::crl::{CrlRequest, CrlSources, CrlSummary};
use crate::workflow::{AuthorityRequest, Clock, Delivery, DeliveryRequest, Named, Waivers, deliver_recorded};
use crate::x509::fixture::{NOW, SoftwareKey};
use crate::x509::{AskedValidity, Certificate, CrlScope, Profile, Revocation};

/// A key whose token is slow: something happens while it signs.
struct Slow<'a>(&'a SoftwareKey, &'a (dyn Fn() + Sync));

impl Signer for &Slow<'_> {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        (self.1)();
        self.0.sign(algorithm, message)
    }
}

impl KeyStore for Slow<'_> {
    fn random_source(&self) -> &dyn RandomSource {
        self.0.random_source()
    }

    fn signer_for(&self, _: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError> {
        Ok(Box::new(self))
    }

    fn signer_named(&self, _: &str) -> Result<Box<dyn Signer + '_>, SignError> {
        Ok(Box::new(self))
    }
}

struct Site {
    directory: TempDir,
    key: SoftwareKey,
    authority: Certificate,
}

impl Site {
    fn new() -> Self {
        let (directory, key) = (TempDir::new().unwrap(), SoftwareKey::generate());
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
            subject: Name::from_rfc4514("CN=CA with a CRL").unwrap(),
            profile: Arc::new(Profile::cloudhsm_ca()),
            validity: AskedValidity::default(),
            signature: SignatureChoice::default(),
            waivers: Waivers::default(),
            delivery: Delivery::Caller(Encoding::Der),
        };
        let planned = request.prepare(&key, &clock, &()).unwrap();
        let authority = planned.sign(&mut recorder, &()).unwrap().certificate;
        Self {
            directory,
            key,
            authority,
        }
    }

    fn recorder(&self) -> Recorder {
        let ledger = SqliteLedger::open(&self.directory.path().join("l.db"), Access::Record).unwrap();
        Recorder::new(Box::new(ledger), "a test".to_owned(), Clock::stopped_at(NOW))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn delivery(&self, name: &str) -> Delivery {
        Delivery::File(Destination {
            encoding: Encoding::Der,
            overwrite: true,
            ..Destination::new(self.path(name))
        })
    }

    fn list(&self) -> Option<CertificateRevocationList> {
        let bytes = std::fs::read(self.path("crl")).ok()?;
        Some(CertificateRevocationList::read(bytes).unwrap())
    }

    fn number(&self) -> CrlNumber {
        self.list().unwrap().number().unwrap().unwrap()
    }

    /// One process: it reads the CRL that is there, and then replaces it.
    fn publish(
        &self,
        store: &dyn KeyStore,
        base: Option<&CertificateRevocationList>,
        index: Option<Revocations>,
    ) -> Result<CrlSummary, WorkflowError> {
        let request = CrlRequest {
            authority: Named::new("ca.crt", self.authority.clone()),
            key: None,
            number: None,
            number_is_right: false,
            period: None,
            scope: CrlScope::All,
            distribution_point: None,
            is_shard: false,
            freshest: None,
            base: base.map(|base| Named::new("base.crl", base.clone())),
            signature: SignatureChoice::default(),
            delivery: self.delivery("crl"),
        };
        let mut recorder = self.recorder();
        let sources = CrlSources {
            index,
            replaced: self.list(),
        };
        let job = CrlJob::prepare(request, &Clock::stopped_at(NOW))?;
        job.plan(&mut recorder, sources)?.sign(store, &mut recorder, &())
    }

    fn deliver(&self, entry: EntryId, name: &str) -> Result<(), WorkflowError> {
        let order = DeliveryRequest {
            entry,
            authority: None,
            delivery: self.delivery(name),
        };
        deliver_recorded(&mut self.recorder(), &order).map(drop)
    }
}

fn number(value: u64) -> CrlNumber {
    CrlNumber::from(value)
}

fn revoked() -> Revocations {
    let mut index = Revocations::default();
    let revocation = Revocation {
        serial: SerialNumber::from_octets([0x77]),
        revoked_at: NOW,
        reason: CrlReason::KeyCompromise,
        invalid_since: None,
    };
    index.push(&revocation).unwrap();
    index.sorted().unwrap()
}

/// Whether a file was there before, and whether the lists are complete or delta CRLs.
#[test]
fn a_list_that_is_signed_last_does_not_replace_one_with_a_higher_number() {
    for (has_file, is_delta) in [(false, false), (true, false), (true, true)] {
        let site = Site::new();
        let (mut last, mut base) = (0, None);
        if has_file {
            site.publish(&site.key, None, None).unwrap();
            (last, base) = (1, site.list().filter(|_| is_delta));
        }
        let faster = || drop(site.publish(&site.key, base.as_ref(), None).unwrap());
        let error = site
            .publish(&Slow(&site.key, &faster), base.as_ref(), None)
            .unwrap_err();
        assert_eq!(site.number(), number(last + 2), "{error}");
        let WorkflowError::Overtaken { entry, path, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(path, &site.path("crl"));
        let numbers = format!("with number {}, and this one has {}", last + 2, last + 1);
        assert!(error.to_string().ends_with(&numbers), "{error}");

        // It is in the ledger, which does not put it over the newer one either.
        let refused = site.deliver(*entry, "crl").unwrap_err();
        assert!(refused.to_string().contains("numbers must increase"), "{refused}");
        assert_eq!(site.number(), number(last + 2));
        site.deliver(*entry, "other").unwrap();
        site.deliver(*entry, "other").unwrap();
        let left = std::fs::read_dir(site.directory.path()).unwrap();
        let left = left.filter(|one| {
            let name = one.as_ref().unwrap().file_name();
            !name.to_string_lossy().starts_with("l.db")
        });
        assert_eq!(left.count(), 2, "crl and other");
    }
}

/// The other process began first and has a lower number, but its list has an entry from another program's index.
#[test]
fn a_list_does_not_replace_one_with_an_entry_that_it_lacks() {
    let site = Site::new();
    site.publish(&site.key, None, None).unwrap();
    let ((has_begun, began), (may_end, end)) = (channel(), channel());
    let signs_slowly = {
        let end = std::sync::Mutex::new(end);
        move || {
            has_begun.send(()).unwrap();
            end.lock().unwrap().recv().unwrap();
        }
    };
    let error = thread::scope(|scope| {
        let other = scope.spawn(|| {
            let summary = site.publish(&Slow(&site.key, &signs_slowly), None, Some(revoked()));
            summary.unwrap();
        });
        began.recv().unwrap();
        let other = std::sync::Mutex::new(Some(other));
        let waits = || {
            may_end.send(()).unwrap();
            let other = other.lock().unwrap().take().unwrap();
            other.join().unwrap();
        };
        site.publish(&Slow(&site.key, &waits), None, None).unwrap_err()
    });
    assert!(
        error
            .to_string()
            .ends_with("with certificates that this one does not list: 77"),
        "{error}"
    );
    assert_eq!(site.number(), number(2));
}

/// A file that is not a CRL of this CA is replaced, as before the signature.
#[test]
fn a_file_that_is_not_a_crl_of_this_ca_is_replaced() {
    let (site, other) = (Site::new(), Site::new());
    for _ in 0..3 {
        other.publish(&other.key, None, None).unwrap();
    }
    let foreign = std::fs::read(other.path("crl")).unwrap();
    for content in [&foreign[..], b"not a CRL"] {
        let appears = || std::fs::write(site.path("crl"), content).unwrap();
        let summary = site.publish(&Slow(&site.key, &appears), None, None).unwrap();
        assert_eq!(site.list().unwrap().der(), summary.issued.list().der());
        std::fs::remove_file(site.path("crl")).unwrap();
    }
}

/// Another process puts its file there between the comparison and the rename.
#[test]
fn what_was_not_compared_is_not_replaced() {
    let site = Site::new();
    let summary = site.publish(&site.key, None, None).unwrap();
    let filter = crate::ledger::EntryFilter::default();
    let mut entry = None;
    let mut recorder = site.recorder();
    let mut newest = |found: crate::ledger::Entry| {
        entry = Some(found.id);
        std::ops::ControlFlow::Break(())
    };
    recorder.ledger().entries(&filter, &mut newest).unwrap();
    let (entry, seen) = (entry.unwrap(), std::cell::RefCell::new(Vec::new()));
    let slot = |name: &str| site.delivery(name).reserve().unwrap();
    let compare = |_: &Recorder, existing: Vec<u8>| {
        if seen.borrow().is_empty() {
            std::fs::write(site.path("theirs"), "theirs").unwrap();
            std::fs::rename(site.path("theirs"), site.path("crl")).unwrap();
        }
        seen.borrow_mut().push(existing);
        Ok(())
    };
    recorder
        .place(entry, slot("crl"), &summary.issued, &compare)
        .unwrap();
    let der = summary.issued.list().der();
    assert_eq!(*seen.borrow(), [der, b"theirs"]);
    assert_eq!(site.list().unwrap().der(), der);
    // It gives up at some time.
    let always = |_: &Recorder, _: Vec<u8>| {
        std::fs::write(site.path("theirs"), "theirs").unwrap();
        std::fs::rename(site.path("theirs"), site.path("crl")).unwrap();
        Ok(())
    };
    let error = recorder.place(entry, slot("crl"), &summary.issued, &always);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("other processes keep replacing it"), "{error}");
    assert_eq!(std::fs::read(site.path("crl")).unwrap(), b"theirs");
}
