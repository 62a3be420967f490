//! A process that records in a ledger and reports each change on a line, so that a test can kill it at any point and compare its reports
//! with the ledger. Also fills a ledger, and measures.
//!
//! `write LEDGER NAME MOVES`, `fill LEDGER CERTIFICATES`, `measure LEDGER ENTRIES`, `open LEDGER`, `revoke LEDGER CA INDEX`

#![allow(clippy::print_stdout, reason = "its report is what the tests compare")]

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufReader, Write, stdout};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use hsm_ca::ledger::{
    Access, Authority, Digest, EntryFilter, Intent, Ledger, LedgerError, Name, Object, Outcome, RecordedName,
    RevocationReason, RevocationRequest, SerialNumber, SqliteLedger, Stamp, UnixTime,
};
use hsm_ca::workflow::authority_of;
use hsm_ca::x509::{self, OpensslIndex};

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let arguments: Vec<_> = env::args().collect();
    let arguments: Vec<_> = arguments.iter().skip(1).map(String::as_str).collect();
    match arguments.as_slice() {
        ["write", path, name, moves] => write(&mut open(path)?, name, moves.parse()?),
        ["fill", path, count] => fill(&mut open(path)?, count.parse()?),
        ["measure", path, count] => measure(&mut open(path)?, count.parse()?),
        ["open", path] => time_opening(path),
        ["revoke", path, ca, index] => revoke(&mut open(path)?, Path::new(ca), Path::new(index)),
        _ => Err(
            "usage: ledger-writer write LEDGER NAME MOVES | fill LEDGER N | measure LEDGER N | open LEDGER | revoke LEDGER CA INDEX"
                .into(),
        ),
    }
}

/// Creates it if it is missing. Several processes may start at once.
fn open(path: &str) -> Result<SqliteLedger, LedgerError> {
    match SqliteLedger::create(Path::new(path), &stamp()) {
        Err(LedgerError::Exists { .. }) => SqliteLedger::open(Path::new(path), Access::Record),
        made => made,
    }
}

/// How long a signing command takes to check the ledger that it opens.
fn time_opening(path: &str) -> Done {
    for access in [Access::Read, Access::Decide] {
        let start = Instant::now();
        let head = SqliteLedger::open(Path::new(path), access)?.head()?;
        say(&format!("{access:?} {} events {:?}", head.count, start.elapsed()))?;
    }
    Ok(())
}

/// Prints a line and flushes it.
fn say(line: &str) -> Done {
    let mut out = stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    Ok(out.flush()?)
}

fn stamp() -> Stamp {
    Stamp {
        time: UnixTime(1_700_000_000),
        by: "ledger-writer".to_owned(),
        tool: "softhsm-tests".to_owned(),
        waived: Vec::new(),
    }
}

/// A SEQUENCE with the text: the ledger does not parse more.
fn name(text: &str) -> RecordedName {
    let length = u8::try_from(text.len()).expect("the texts here are short");
    RecordedName {
        text: text.to_owned(),
        name: Name::from_der(&[&[0x30, length][..], text.as_bytes()].concat()).expect("one SEQUENCE"),
    }
}

fn authority() -> Authority {
    Authority {
        key_sha256: Digest::of(b"key"),
        subject: name("CN=Test CA"),
    }
}

/// The outer structure of a certificate, of the usual size.
struct Certificate {
    intent: Intent,
    der: Vec<u8>,
    serial: SerialNumber,
}

fn certificate(seed: &str) -> Certificate {
    let serial = SerialNumber::from_octets([&[0x40][..], &Digest::of(seed.as_bytes()).0[..19]].concat());
    let mut tbs = vec![0x30, 0x82, 0x03, 0x00];
    while tbs.len() < 0x304 {
        tbs.extend_from_slice(&Digest::of(&tbs).0);
    }
    tbs.truncate(0x304);
    let der = [&[0x30, 0x82, 0x03, 0x08][..], &tbs, &[3, 2, 0, 1]].concat();
    let object = Object::Certificate {
        serial: serial.clone(),
        subject: name(&format!("CN={seed}.example,O=Example,C=US")),
        profile: "tls-client".to_owned(),
        names_sha256: None,
        request_sha256: Some(Digest::of(b"request")),
        not_before: UnixTime(1_700_000_000),
        not_after: UnixTime(1_800_000_000),
    };
    let intent = Intent {
        authority: authority(),
        tbs_sha256: Digest::of(&tbs),
        object,
        waived: Vec::new(),
    };
    Certificate { intent, der, serial }
}

fn revocation(serial: &SerialNumber, reason: RevocationReason) -> RevocationRequest {
    RevocationRequest {
        serial: serial.clone(),
        reason,
        revoked: UnixTime(1_700_000_001),
        invalidity_date: None,
        key_sha256: None,
    }
}

/// Each move: two begun, both signed, one revoked, a CRL number taken.
fn write(ledger: &mut SqliteLedger, who: &str, moves: u64) -> Done {
    let stamp = stamp();
    for number in 0..moves {
        let pair = [
            certificate(&format!("{who}-{number}-a")),
            certificate(&format!("{who}-{number}-b")),
        ];
        let entries = ledger.begin_many(&pair.each_ref().map(|one| one.intent.clone()), &stamp)?;
        for (entry, one) in entries.iter().zip(&pair) {
            say(&format!("begun {} {}", entry.0, one.serial))?;
        }
        for (entry, one) in entries.into_iter().zip(&pair) {
            ledger.complete(entry, &one.der, &stamp)?;
            say(&format!("signed {} {}", entry.0, one.serial))?;
        }
        ledger.revoke(
            &authority(),
            &revocation(&pair[0].serial, RevocationReason::Superseded),
            &stamp,
        )?;
        say(&format!("revoked {}", pair[0].serial))?;
        let reserved = ledger.reserve_crl_number(&authority(), None, &stamp)?;
        say(&format!("number {}", reserved.number))?;
    }
    Ok(())
}

/// In batches of a thousand, and a tenth of each is revoked.
fn fill(ledger: &mut SqliteLedger, count: u64) -> Done {
    let stamp = stamp();
    let start = Instant::now();
    let mut first = 0;
    while first < count {
        let batch: Vec<_> = (first..count.min(first + 1000))
            .map(|number| certificate(&number.to_string()))
            .collect();
        let intents: Vec<_> = batch.iter().map(|one| one.intent.clone()).collect();
        let entries = ledger.begin_many(&intents, &stamp)?;
        let outcomes = entries.iter().zip(&batch);
        let outcomes: Vec<_> = outcomes
            .map(|(entry, one)| Outcome {
                entry: *entry,
                signed: &one.der,
            })
            .collect();
        ledger.complete_many(&outcomes, &stamp)?;
        let tenth = batch.iter().step_by(10);
        let tenth: Vec<_> = tenth
            .map(|one| revocation(&one.serial, RevocationReason::Superseded))
            .collect();
        ledger.revoke_many(&authority(), &tenth, &stamp)?;
        first += 1000;
    }
    say(&format!(
        "filled {count} in {:.1} s, head {}",
        start.elapsed().as_secs_f64(),
        ledger.head()?
    ))
}

/// Adds the revoked certificates of an `openssl ca` index as revoked certificates of that CA, with only the parts that the ledger parses.
fn revoke(ledger: &mut SqliteLedger, ca: &Path, index: &Path) -> Done {
    let authority = authority_of(&x509::Certificate::read(&fs::read(ca)?)?)?;
    let index = OpensslIndex::read(BufReader::new(File::open(index)?))?;
    let stamp = stamp();
    let (tbs, der) = (&[0x05, 0][..], &[0x30, 2, 0x05, 0][..]);
    let revocations: Vec<_> = index.revocations().collect();
    for batch in revocations.chunks(1000) {
        let (mut intents, mut requests) = (Vec::new(), Vec::new());
        for one in batch {
            let serial = one.serial.clone();
            let object = Object::Certificate {
                serial: serial.clone(),
                subject: name("CN=client"),
                profile: "tls-client".to_owned(),
                names_sha256: None,
                request_sha256: None,
                not_before: UnixTime(1_700_000_000),
                not_after: UnixTime(2_000_000_000),
            };
            intents.push(Intent {
                authority: authority.clone(),
                tbs_sha256: Digest::of(tbs),
                object,
                waived: Vec::new(),
            });
            requests.push(RevocationRequest {
                serial,
                reason: RevocationReason::try_from(one.reason)?,
                revoked: one.revoked_at,
                invalidity_date: one.invalid_since,
                key_sha256: None,
            });
        }
        let entries = ledger.begin_many(&intents, &stamp)?;
        let outcomes = entries.into_iter().map(|entry| Outcome { entry, signed: der });
        ledger.complete_many(&outcomes.collect::<Vec<_>>(), &stamp)?;
        ledger.revoke_many(&authority, &requests, &stamp)?;
    }
    say(&format!("{} revoked", revocations.len()))
}

fn measure(ledger: &mut SqliteLedger, count: u64) -> Done {
    let stamp = stamp();
    let nonce = ledger.head()?.count;
    let start = Instant::now();
    for number in 0..count {
        let one = certificate(&format!("{nonce}-{number}"));
        let entry = ledger.begin(&one.intent, &stamp)?;
        ledger.complete(entry, &one.der, &stamp)?;
    }
    told("begin + complete, one by one, per second", count, start)?;
    let start = Instant::now();
    fill_batch(ledger, nonce, count)?;
    told("begin + complete, in one batch, per second", count, start)?;
    let start = Instant::now();
    let filter = EntryFilter {
        limit: Some(20),
        ..EntryFilter::default()
    };
    ledger.entries(&filter, &mut |entry| {
        black_box(entry);
        ControlFlow::Continue(())
    })?;
    say(&format!(
        "the last 20: {:.2} ms",
        start.elapsed().as_secs_f64() * 1000.0
    ))?;
    let start = Instant::now();
    let mut revoked = 0_u64;
    ledger.revocations(&authority(), None, &mut |one| {
        black_box(one);
        revoked += 1;
        ControlFlow::Continue(())
    })?;
    say(&format!(
        "{revoked} revocations read: {:.2} s",
        start.elapsed().as_secs_f64()
    ))?;
    let start = Instant::now();
    let report = ledger.verify(None)?;
    say(&format!(
        "{} events verified: {:.1} s, sound: {}",
        report.head.count,
        start.elapsed().as_secs_f64(),
        report.passed()
    ))
}

fn fill_batch(ledger: &mut SqliteLedger, nonce: u64, count: u64) -> Done {
    let stamp = stamp();
    let batch: Vec<_> = (0..count)
        .map(|number| certificate(&format!("{nonce}-batch-{number}")))
        .collect();
    let intents: Vec<_> = batch.iter().map(|one| one.intent.clone()).collect();
    let entries = ledger.begin_many(&intents, &stamp)?;
    let outcomes = entries.iter().zip(&batch);
    let outcomes: Vec<_> = outcomes
        .map(|(entry, one)| Outcome {
            entry: *entry,
            signed: &one.der,
        })
        .collect();
    Ok(ledger.complete_many(&outcomes, &stamp)?)
}

#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "a measurement")]
fn told(what: &str, count: u64, start: Instant) -> Done {
    say(&format!(
        "{what}: {:.0}",
        count as f64 / start.elapsed().as_secs_f64()
    ))
}
