//! A CA whose CRL is replaced in one file.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::ledger::{Access, Entry, EntryFilter, EntryId, Name, SqliteLedger, Stamp};
use crate::output::{Destination, Encoding};
use crate::signer::{KeyStore, PublicKey, RandomSource, SignError, SignatureAlgorithm, SignatureChoice};
use crate::workflow::crl::{CrlRequest, CrlSources, CrlSummary};
use crate::workflow::{AuthorityRequest, Clock, Delivery, DeliveryRequest, Named, Waivers, deliver_recorded};
use crate::x509::fixture::{NOW, SoftwareKey};
use crate::x509::{AskedValidity, Certificate, CrlScope, Profile};

/// A key whose token is slow: something happens while it signs.
pub(super) struct Slow<'a>(pub(super) &'a SoftwareKey, pub(super) &'a (dyn Fn() + Sync));

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

pub(super) struct Site {
    directory: TempDir,
    pub(super) key: SoftwareKey,
    authority: Certificate,
}

impl Site {
    pub(super) fn new() -> Self {
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

    pub(super) fn recorder(&self) -> Recorder {
        let longest_wait = Duration::from_millis(500);
        let ledger = SqliteLedger::open_waiting(&self.path("l.db"), Access::Record, longest_wait).unwrap();
        Recorder::new(Box::new(ledger), "a test".to_owned(), Clock::stopped_at(NOW))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn delivery(&self, name: &str) -> Delivery {
        Delivery::File(Destination {
            encoding: Encoding::Der,
            overwrite: true,
            ..Destination::new(self.path(name))
        })
    }

    /// The names of the outputs.
    pub(super) fn files(&self) -> Vec<String> {
        let all = std::fs::read_dir(self.directory.path()).unwrap();
        let names = all.map(|one| one.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with("l.db")).collect();
        names.sort();
        names
    }

    pub(super) fn newest_entry(&self) -> EntryId {
        let mut newest = None;
        let mut each = |found: Entry| {
            newest = Some(found.id);
            ControlFlow::Break(())
        };
        let filter = EntryFilter::default();
        self.recorder().ledger().entries(&filter, &mut each).unwrap();
        newest.unwrap()
    }

    pub(super) fn list(&self) -> Option<CertificateRevocationList> {
        let bytes = std::fs::read(self.path("crl")).ok()?;
        Some(CertificateRevocationList::read(bytes).unwrap())
    }

    pub(super) fn number(&self) -> CrlNumber {
        self.list().unwrap().number().unwrap().unwrap()
    }

    /// One process: it reads the CRL that is there, and then replaces it.
    pub(super) fn publish(
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

    pub(super) fn deliver(&self, entry: EntryId, name: &str) -> Result<(), WorkflowError> {
        let order = DeliveryRequest {
            entry,
            authority: None,
            delivery: self.delivery(name),
        };
        deliver_recorded(&mut self.recorder(), &order).map(drop)
    }
}
