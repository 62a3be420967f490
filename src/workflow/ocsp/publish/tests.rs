//! Publications over time.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::*;
use crate::ledger::{
    Access, Digest, Intent, Ledger, Name, Object, RecordedName, RevocationReason, RevocationRequest,
    SqliteLedger, Stamp,
};
use crate::output::Encoding;
use crate::signer::{KeyStore, PublicKey, SignError, SignatureAlgorithm, SignatureChoice, Signer};
use crate::workflow::{AuthorityRequest, Delivery, Named, PublishedOutcome, Waivers};
use crate::x509::fixture::{NOW, SoftwareKey};
use crate::x509::{AskedValidity, Certificate, OcspResponse, Profile, ResponderIdKind};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// A software key that counts its signatures.
struct Store {
    key: SoftwareKey,
    signed: AtomicUsize,
}

impl Signer for &Store {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signed.fetch_add(1, Ordering::SeqCst);
        self.key.sign(algorithm, message)
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

struct Site {
    directory: TempDir,
    store: Store,
    authority: Certificate,
}

const fn at(seconds: u64) -> UnixTime {
    UnixTime(NOW.0 + seconds)
}

impl Site {
    /// A CA, and certificates 1 to 4 with a validity of 30 days. 3 was begun and not signed; 4 was begun and revoked.
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let store = Store {
            key: SoftwareKey::generate(),
            signed: AtomicUsize::new(0),
        };
        fs::create_dir(directory.path().join("out")).unwrap();
        let ledger = SqliteLedger::create(&directory.path().join("l.db"), &stamp(NOW)).unwrap();
        let clock = Clock::stopped_at(NOW);
        let mut recorder = Recorder::new(Box::new(ledger), "a test".to_owned(), clock.clone());
        let request = AuthorityRequest {
            key: "ca".to_owned(),
            subject: Name::from_rfc4514("CN=Publishing CA").unwrap(),
            profile: Arc::new(Profile::cloudhsm_ca()),
            validity: AskedValidity::default(),
            signature: SignatureChoice::default(),
            waivers: Waivers::default(),
            delivery: Delivery::Caller(Encoding::Pem),
        };
        let planned = request.prepare(&store, &clock, &()).unwrap();
        let authority = planned.sign(&mut recorder, &()).unwrap().certificate;
        drop(recorder);
        let site = Self {
            directory,
            store,
            authority,
        };
        let mut ledger = site.ledger();
        for number in 1..=4 {
            let entry = ledger.begin(&site.intent(number), &stamp(NOW)).unwrap();
            if number < 3 {
                let signed = [0x30, 3, 2, 1, number];
                ledger.complete(entry, &signed, &stamp(NOW)).unwrap();
            }
        }
        site.revoke(4, NOW);
        site.store.signed.store(0, Ordering::SeqCst);
        site
    }

    fn ledger(&self) -> SqliteLedger {
        SqliteLedger::open(&self.directory.path().join("l.db"), Access::Record).unwrap()
    }

    fn intent(&self, number: u8) -> Intent {
        let subject = RecordedName {
            text: "CN=a".to_owned(),
            name: Name::from_der(&[0x30, 0]).unwrap(),
        };
        Intent {
            authority: authority_of(&self.authority).unwrap(),
            tbs_sha256: Digest::of(&[2, 1, number]),
            object: Object::Certificate {
                serial: SerialNumber::from_octets([number]),
                subject,
                profile: "none".to_owned(),
                names_sha256: None,
                request_sha256: None,
                not_before: NOW,
                not_after: at(30 * DAY),
            },
            waived: Vec::new(),
        }
    }

    fn revoke(&self, number: u8, when: UnixTime) {
        let request = RevocationRequest {
            serial: SerialNumber::from_octets([number]),
            reason: RevocationReason::CertificateHold,
            revoked: when,
            invalidity_date: None,
            key_sha256: None,
        };
        let authority = authority_of(&self.authority).unwrap();
        self.ledger().revoke(&authority, &request, &stamp(when)).unwrap();
    }

    fn job(&self, now: UnixTime) -> PublicationJob {
        let request = PublicationRequest {
            terms: OcspTerms {
                authority: Named::new("ca.crt", self.authority.clone()),
                signer: None,
                key: None,
                responder_id: ResponderIdKind::Name,
                period: None,
                signature: SignatureChoice::default(),
            },
            directory: self.directory.path().join("out"),
            replaces_others: false,
            protected: Protected::default(),
            options: BatchOptions::default(),
        };
        PublicationJob::prepare(request, &Clock::stopped_at(now)).unwrap()
    }

    fn recorder(&self, now: UnixTime) -> Recorder {
        Recorder::new(
            Box::new(self.ledger()),
            "a test".to_owned(),
            Clock::stopped_at(now),
        )
    }

    /// The answers that are signed at that time: serial number, status and reason.
    fn publish(&self, now: UnixTime) -> Result<Vec<(u8, CertificateStatus, AnswerReason)>, WorkflowError> {
        let mut recorder = self.recorder(now);
        let due = self.job(now).look(&recorder)?;
        self.finish(due, &mut recorder)
    }

    fn finish(
        &self,
        due: DuePublication,
        recorder: &mut Recorder,
    ) -> Result<Vec<(u8, CertificateStatus, AnswerReason)>, WorkflowError> {
        let before = self.store.signed.load(Ordering::SeqCst);
        let mut told = Vec::new();
        due.run(&self.store, recorder, &(), &mut |outcome| match outcome {
            PublishedOutcome::Signed(answer) => {
                told.push((answer.serial.octets()[0], answer.status, answer.reason));
            }
            PublishedOutcome::Refused { error, .. } => panic!("{error}"),
        })?;
        assert_eq!(self.store.signed.load(Ordering::SeqCst), before + told.len());
        Ok(told)
    }

    fn path(&self, number: u8, hash: CertIdHash) -> PathBuf {
        let job = self.job(NOW);
        let request = job.request(&SerialNumber::from_octets([number]), hash).unwrap();
        job.places.of(&request, false).path().to_owned()
    }
}

fn stamp(time: UnixTime) -> Stamp {
    Stamp {
        time,
        by: "a test".to_owned(),
        tool: "a test".to_owned(),
        waived: Vec::new(),
    }
}

const GOOD: CertificateStatus = CertificateStatus::Good;

fn held(since: UnixTime) -> CertificateStatus {
    CertificateStatus::Revoked {
        revoked_at: since,
        reason: crate::x509::CrlReason::CertificateHold,
    }
}

/// Both answers of a certificate.
fn twice(
    number: u8,
    status: CertificateStatus,
    reason: AnswerReason,
) -> [(u8, CertificateStatus, AnswerReason); 2] {
    [(number, status, reason); 2]
}

#[test]
fn answers_are_signed_when_they_are_due_and_only_then() {
    let site = Site::new();
    let new = |number, status| twice(number, status, AnswerReason::New);
    let first = [new(1, GOOD), new(2, GOOD), new(4, held(NOW))].concat();
    assert_eq!(site.publish(NOW).unwrap(), first);
    // Until half of the week is over.
    for time in [at(0), at(3 * DAY), at(84 * HOUR - 1)] {
        assert_eq!(site.publish(time).unwrap(), [], "{time}");
    }
    site.revoke(2, at(2 * DAY));
    let changed = twice(2, held(at(2 * DAY)), AnswerReason::Status);
    assert_eq!(site.publish(at(3 * DAY)).unwrap(), changed);
    let old = |number, status| twice(number, status, AnswerReason::Age);
    let again = [old(1, GOOD), old(4, held(NOW))].concat();
    assert_eq!(site.publish(at(84 * HOUR)).unwrap(), again);
    // A hold ends. All other answers are long past their nextUpdate.
    let authority = authority_of(&site.authority).unwrap();
    let serial = SerialNumber::from_octets([2]);
    site.ledger()
        .release(&authority, &serial, &stamp(at(20 * DAY)))
        .unwrap();
    let all = [
        old(1, GOOD),
        twice(2, GOOD, AnswerReason::Status),
        old(4, held(NOW)),
    ];
    assert_eq!(site.publish(at(20 * DAY)).unwrap(), all.concat());
    // Certificates are answered for up to their last second, and not after it.
    assert_eq!(site.publish(at(30 * DAY)).unwrap().len(), 6);
    fs::remove_file(site.path(1, CertIdHash::Sha1)).unwrap();
    assert_eq!(site.publish(at(30 * DAY + 1)).unwrap(), []);
    assert!(!site.path(1, CertIdHash::Sha1).exists());
}

#[test]
fn an_answer_from_the_future_is_refused_and_an_older_one_is_replaced() {
    let site = Site::new();
    site.publish(NOW).unwrap();
    let path = site.path(1, CertIdHash::Sha256);
    let old = fs::read(&path).unwrap();
    site.publish(at(5 * DAY)).unwrap();
    let new = fs::read(&path).unwrap();
    assert_ne!(old, new);
    // The clock was set back, or the file comes from a machine whose clock is ahead.
    let error = site
        .job(at(4 * DAY))
        .look(&site.recorder(at(5 * DAY)))
        .unwrap_err();
    assert!(error.to_string().contains("in the future"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), new);
    // Someone restored the answer from before the revocation. The status and the age decide, not the file's date.
    site.revoke(1, at(5 * DAY));
    site.publish(at(5 * DAY)).unwrap();
    fs::write(&path, &old).unwrap();
    let told = site.publish(at(5 * DAY)).unwrap();
    assert_eq!(told, [(1, held(at(5 * DAY)), AnswerReason::Status)]);
}

#[test]
fn a_certificate_revoked_while_the_job_waits_is_answered_as_revoked() {
    let site = Site::new();
    let mut recorder = site.recorder(at(HOUR));
    let due = site.job(at(HOUR)).look(&recorder).unwrap();
    assert_eq!((due.count(), due.unchanged()), (6, 0));
    // Meanwhile a person types a PIN.
    site.revoke(1, at(HOUR));
    let told = site.finish(due, &mut recorder).unwrap();
    assert_eq!(told[..2], twice(1, held(at(HOUR)), AnswerReason::New));
    let answer = OcspResponse::read(&fs::read(site.path(1, CertIdHash::Sha1)).unwrap()).unwrap();
    answer.verify(&site.authority, at(HOUR)).unwrap();
    assert_eq!(answer.basic().unwrap().responses()[0].status, held(at(HOUR)));
}
