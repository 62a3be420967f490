//! A ledger as its callers see it. Processes that are killed, full disks and other programs: `softhsm-tests/ledger*.rs`.

mod audit;
mod audit_stamp;
mod delivery;
mod files;
mod memory;
mod numbers;
#[cfg(all(feature = "postgres", feature = "softhsm-tests"))]
mod postgres;
mod random;
mod record;
mod requests;
mod rows;
mod stores;
mod structure;
mod takeover;
mod tampering;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

/// A directory with a ledger in it.
struct Desk {
    directory: TempDir,
    ledger: SqliteLedger,
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::create(&directory.path().join("l.db"), &stamp()).unwrap();
        Self { directory, ledger }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("l.db")
    }

    /// Another connection, like one of another process.
    fn again(&self) -> SqliteLedger {
        SqliteLedger::open(&self.path(), Access::Record).unwrap()
    }

    /// Changes the file directly, with SQLite.
    fn attack(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        db.execute_batch(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn verify(&self) -> VerifyReport {
        self.ledger.verify(None).unwrap()
    }

    #[track_caller]
    /// Checks both ways: with tables built again, and with the sums that are compared at every opening.
    fn assert_sound(&self) {
        assert_eq!(self.verify().faults, []);
        SqliteLedger::open(&self.path(), Access::Decide).unwrap();
    }

    fn certificate(&mut self, serial: u8) -> EntryId {
        let entry = self.ledger.begin(&certificate(serial), &stamp()).unwrap();
        self.ledger.complete(entry, &signed(serial), &stamp()).unwrap();
        entry
    }
}

/// A PostgreSQL server may notice the end of a session a moment later.
fn wait_until_alone(others_record: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while others_record() {
        assert!(start.elapsed() < std::time::Duration::from_secs(10));
    }
}

fn stamp() -> Stamp {
    Stamp {
        time: UnixTime(1_700_000_000),
        by: "root@ca".to_owned(),
        tool: "hsm-ca test".to_owned(),
        waived: Vec::new(),
    }
}

fn name(text: &str) -> RecordedName {
    RecordedName {
        text: text.to_owned(),
        name: Name::from_der(&[&[0x30, u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat())
            .unwrap(),
    }
}

/// The same name can have several keys.
fn authority(key: &str, subject: &str) -> Authority {
    Authority {
        key_sha256: Digest::of(key.as_bytes()),
        subject: name(subject),
    }
}

fn ca() -> Authority {
    authority("key", "CN=Test CA")
}

fn serial(number: u8) -> SerialNumber {
    SerialNumber::from_octets([0x10, number])
}

/// The outer structure of a signed object: a SEQUENCE whose first element is the signed part.
/// As after Ctrl-C while the ledger waits.
fn interrupted_soon(ledger: &mut dyn Ledger) {
    let interrupted = std::sync::Arc::<std::sync::atomic::AtomicBool>::default();
    ledger.end_waits_when(std::sync::Arc::clone(&interrupted));
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        interrupted.store(true, std::sync::atomic::Ordering::SeqCst);
    });
}

fn signed(number: u8) -> Vec<u8> {
    vec![0x30, 6, 0x30, 1, number, 4, 1, 9]
}

fn tbs_sha256(number: u8) -> Digest {
    Digest::of(&signed(number)[2..5])
}

fn certificate_object(number: u8) -> Object {
    Object::Certificate {
        serial: serial(number),
        subject: name("CN=\"client\" \u{1b} é"),
        profile: "tls-client".to_owned(),
        names_sha256: None,
        request_sha256: Some(Digest::of(b"request")),
        not_before: UnixTime(1_700_000_000),
        not_after: UnixTime(1_800_000_000),
    }
}

fn certificate(number: u8) -> Intent {
    Intent {
        authority: ca(),
        tbs_sha256: tbs_sha256(number),
        object: certificate_object(number),
        waived: Vec::new(),
    }
}

fn crl(number: u64, base: Option<u64>, this_update: u64) -> Intent {
    let object = Object::Crl {
        number: number.into(),
        base: base.map(CrlNumber::from),
        this_update: UnixTime(this_update),
        next_update: UnixTime(this_update + 9),
        entries: 0,
    };
    Intent {
        authority: ca(),
        tbs_sha256: tbs_sha256(0),
        object,
        waived: Vec::new(),
    }
}

fn key_intent(act: KeyAct) -> KeyIntent {
    KeyIntent {
        act,
        label: "ca \u{1b}".to_owned(),
        token: KeyToken {
            label: "ca".to_owned(),
            serial: "0001".to_owned(),
            manufacturer: "m".to_owned(),
            model: "o".to_owned(),
        },
        route: (act != KeyAct::Delete).then(|| "generated".to_owned()),
        key_sha256: (act != KeyAct::Generate).then(|| Digest::of(b"key")),
    }
}

fn key_record() -> KeyRecord {
    KeyRecord {
        label: "ca \u{1b}".to_owned(),
        id: "00ff".to_owned(),
        kind: "EC P-256".to_owned(),
        key_sha256: Some(Digest::of(b"key")),
        attributes: vec!["CKA_SENSITIVE=true".to_owned()],
    }
}

fn revocation(number: u8, reason: RevocationReason) -> RevocationRequest {
    RevocationRequest {
        serial: serial(number),
        reason,
        revoked: UnixTime(1_700_000_000 + u64::from(number)),
        invalidity_date: None,
        key_sha256: None,
    }
}

fn all(ledger: &dyn Ledger, filter: &EntryFilter) -> Vec<Entry> {
    let mut entries = Vec::new();
    ledger
        .entries(filter, &mut |entry| {
            entries.push(entry);
            ControlFlow::Continue(())
        })
        .unwrap();
    entries
}

fn revoked(ledger: &dyn Ledger, authority: &Authority, changed_after: Option<u64>) -> Vec<RevocationRecord> {
    let mut list = Vec::new();
    ledger
        .revocations(authority, changed_after, &mut |revocation| {
            list.push(revocation);
            ControlFlow::Continue(())
        })
        .unwrap();
    list
}

/// A CA from elsewhere: its certificate, a certificate that it issued, a serial number with a revocation, and a CRL.
fn takeover() -> Takeover {
    let authority = authority("old key", "CN=Old CA");
    let own = Object::Certificate {
        serial: serial(100),
        subject: authority.subject.clone(),
        profile: "unknown".to_owned(),
        names_sha256: None,
        request_sha256: None,
        not_before: UnixTime(1_600_000_000),
        not_after: UnixTime(1_900_000_000),
    };
    let adoption = |object, number| Adoption {
        authority: authority.clone(),
        object,
        certificate: signed(number),
    };
    Takeover {
        authority: authority.clone(),
        certificate: Some(AuthorityCertificate {
            authority: authority.clone(),
            der: Der(signed(100)),
            path: PathCheck::SelfSigned,
        }),
        waived: vec!["second-certificate".to_owned()],
        entry: Some(adoption(own, 100)),
        certificates: vec![adoption(certificate_object(101), 101)],
        serials: vec![bare(102), bare(103)],
        revocations: vec![revocation(102, RevocationReason::Superseded)],
        crl: Some(AdoptedCrl {
            object: crl(41, None, 5).object,
            der: signed(104),
        }),
    }
}

fn bare(number: u8) -> Object {
    Object::SerialNumber {
        serial: serial(number),
        subject: Some("/CN=old".to_owned()),
        not_after: UnixTime(1_700_000_500),
    }
}
