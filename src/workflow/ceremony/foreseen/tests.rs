//! What a ledger with earlier entries refuses: used numbers, and CRLs without its revocations.

use tempfile::TempDir;

use super::*;
use crate::ceremony::{Manual, StepAction};
use crate::ledger::{Access, SqliteLedger, Stamp};
use crate::workflow::{AdoptionRequest, Clock, Named};
use crate::x509::fixture::{NOW, Sketch, SoftwareKey};
use crate::x509::{CrlReason, UnixTime};

/// A CA that the ledger knows.
struct Desk {
    _directory: TempDir,
    key: SoftwareKey,
    authority: Certificate,
    recorder: Recorder,
}

impl Desk {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("l.db");
        let stamp = Stamp {
            by: "me@here".to_owned(),
            tool: "test".to_owned(),
            time: NOW,
            waived: Vec::new(),
        };
        SqliteLedger::create(&path, &stamp).unwrap();
        let ledger = SqliteLedger::open(&path, Access::Record).unwrap();
        let mut recorder = Recorder::new(Box::new(ledger), "me@here".to_owned(), Clock::stopped_at(NOW));
        // Another CA issued this CA's certificate, so the single serial number of these tests is not used by it.
        let (key, root) = (SoftwareKey::generate(), SoftwareKey::generate());
        let authority = Sketch::authority("CN=Test CA", "CN=Root").sign(&key, &root);
        let adoption = AdoptionRequest {
            authority: Named::new("ca.crt", authority.clone()),
            issuers: Vec::new(),
            certificates: Vec::new(),
            index: None,
            crl: None,
            refused_keys: None,
            waivers: Waivers::default(),
        };
        adoption.check(NOW).unwrap().record(&mut recorder).unwrap();
        Self {
            _directory: directory,
            key,
            authority,
            recorder,
        }
    }

    /// A certificate of the CA. All of them have the same serial number.
    fn certificate(&self) -> Certificate {
        let own = SoftwareKey::generate();
        Sketch::version_3("CN=Leaf", "CN=Test CA", Vec::new()).sign(&own, &self.key)
    }

    fn issuer(&self) -> Authority {
        authority_with(self.authority.subject(), &self.authority.public_key().unwrap())
    }

    fn revoke(&mut self, certificate: &Certificate, reason: CrlReason) {
        let request = revocation_request(&revoked(certificate, reason)).unwrap();
        self.recorder.adopt(&self.authority, certificate).unwrap();
        self.recorder.revoke(&self.authority, &[request]).unwrap();
    }

    fn foresee<T>(&self, look: impl FnOnce(&mut Foreseen<'_>) -> T) -> T {
        let today = LedgerToday::read(&self.recorder).unwrap();
        let session = Session {
            name: "main".to_owned(),
            begins: NOW,
            ends: UnixTime(NOW.0 + 3600),
        };
        let (stand_ins, older) = (BTreeMap::new(), BTreeMap::new());
        look(&mut Foreseen::begin(Some(&today), &stand_ins, &session, &older))
    }

    fn foresee_revocation(&self, certificate: &Certificate, reason: CrlReason) -> Result<(), WorkflowError> {
        let revoked = revoked(certificate, reason);
        self.foresee(|foreseen| foreseen.revocation(&step("gone"), &self.authority, certificate, &revoked))
    }

    fn foresee_number(&self, number: u64) -> Result<(), WorkflowError> {
        self.foresee(|foreseen| foreseen.refuse_number(&self.issuer(), &self.authority, crl_number(number)))
    }
}

fn revoked(certificate: &Certificate, reason: CrlReason) -> Revocation {
    Revocation {
        serial: certificate.serial_number(),
        revoked_at: NOW,
        reason,
        invalid_since: None,
    }
}

fn crl_number(number: u64) -> CrlNumber {
    CrlNumber::from_octets(&number.to_be_bytes()).unwrap()
}

fn step(id: &str) -> Step {
    Step {
        id: id.to_owned(),
        line: 1,
        action: StepAction::Manual(Manual {
            say: "something".to_owned(),
            record: Vec::new(),
        }),
    }
}

fn rule_of(refused: Result<(), WorkflowError>) -> &'static str {
    match refused {
        Err(WorkflowError::X509(X509Error::Rule { rule, .. })) => rule,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_serial_number_that_the_ledger_has_is_used() {
    let mut desk = Desk::new();
    let planned = desk.certificate();
    let look = |desk: &Desk| desk.foresee(|foreseen| foreseen.refuse_used_serial(&desk.issuer(), &planned));
    look(&desk).unwrap();
    let other = desk.certificate();
    desk.recorder.adopt(&desk.authority, &other).unwrap();
    assert_eq!(rule_of(look(&desk)), "serial-unused");
}

/// The ledger assigns a number only once. A ceremony that got it before an interruption gets it again.
#[test]
fn a_crl_number_below_one_that_was_reserved_is_refused() {
    let mut desk = Desk::new();
    desk.foresee_number(5).unwrap();
    let reserved = desk
        .recorder
        .reserve_crl_number(&desk.authority, crl_number(6).previous())
        .unwrap();
    assert_eq!(reserved.number, crl_number(6));
    assert_eq!(rule_of(desk.foresee_number(5)), "crl-number");
    desk.foresee_number(6).unwrap();
    desk.foresee_number(7).unwrap();
}

#[test]
fn a_hold_becomes_a_revocation_and_a_revocation_keeps_its_reason() {
    let mut desk = Desk::new();
    let certificate = desk.certificate();
    desk.foresee_revocation(&certificate, CrlReason::Superseded)
        .unwrap();
    desk.revoke(&certificate, CrlReason::CertificateHold);
    desk.foresee_revocation(&certificate, CrlReason::Superseded)
        .unwrap();
    desk.foresee_revocation(&certificate, CrlReason::CertificateHold)
        .unwrap();
    desk.revoke(&certificate, CrlReason::Superseded);
    desk.foresee_revocation(&certificate, CrlReason::Superseded)
        .unwrap();
    for reason in [CrlReason::CertificateHold, CrlReason::AffiliationChanged] {
        let refused = desk.foresee_revocation(&certificate, reason);
        assert!(
            matches!(
                refused,
                Err(WorkflowError::Ledger(LedgerError::AlreadyRevoked { .. }))
            ),
            "{reason:?}: {refused:?}"
        );
    }
}

#[test]
fn a_hold_that_was_released_can_be_revoked() {
    let mut desk = Desk::new();
    let certificate = desk.certificate();
    desk.revoke(&certificate, CrlReason::CertificateHold);
    let serial = certificate.serial_number();
    desk.recorder.release(&desk.authority, &serial).unwrap();
    desk.foresee_revocation(&certificate, CrlReason::Superseded)
        .unwrap();
}

#[test]
fn another_certificate_with_the_serial_number_is_not_revoked() {
    let mut desk = Desk::new();
    let (certificate, other) = (desk.certificate(), desk.certificate());
    desk.recorder.adopt(&desk.authority, &other).unwrap();
    let refused = desk.foresee_revocation(&certificate, CrlReason::Superseded);
    assert!(
        matches!(
            refused,
            Err(WorkflowError::Ledger(LedgerError::SerialUsed { .. }))
        ),
        "{refused:?}"
    );
}

#[test]
fn a_certificate_is_revoked_by_one_step() {
    let desk = Desk::new();
    let certificate = desk.certificate();
    let revoked = revoked(&certificate, CrlReason::Superseded);
    desk.foresee(|foreseen| {
        let mut revoke = |id: &str| foreseen.revocation(&step(id), &desk.authority, &certificate, &revoked);
        revoke("first").unwrap();
        let refused = revoke("second").unwrap_err().to_string();
        assert!(refused.contains("step \"first\" revokes it already"), "{refused}");
    });
}

/// Everything revoked in the ledger must be on the next CRL, except a hold that was released.
#[test]
fn a_crl_has_what_the_ledger_has_as_revoked() {
    let mut desk = Desk::new();
    let certificate = desk.certificate();
    let look = |desk: &Desk, planned: &[Revocation]| {
        desk.foresee(|foreseen| foreseen.refuse_missing(&desk.issuer(), planned))
    };
    look(&desk, &[]).unwrap();
    desk.revoke(&certificate, CrlReason::CertificateHold);
    assert_eq!(rule_of(look(&desk, &[])), "crl-entries");
    look(&desk, &[revoked(&certificate, CrlReason::CertificateHold)]).unwrap();
    let serial = certificate.serial_number();
    desk.recorder.release(&desk.authority, &serial).unwrap();
    look(&desk, &[]).unwrap();
}
