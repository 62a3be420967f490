//! Makes a large ledger from a small one: adds certificates that were begun, signed and delivered, every Nth of them revoked, with the
//! derived rows. It bypasses the ledger's rules and writes in the order of every table's key, so ten million take minutes and little
//! memory. `ledger verify` checks the result. `LEDGER CERTIFICATES [N]`: the certificates belong to the ledger's first authority, with
//! artificial names and serial numbers; N is 10 by default.

#![allow(clippy::print_stdout, reason = "its report is for people")]

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hsm_ca::ledger::Digest;
use rusqlite::{Connection, Statement, params};

type Done<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Done {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (path, count, revoked) = match arguments.as_slice() {
        [path, count] => (path, count, 10),
        [path, count, revoked] => (path, count, revoked.parse()?),
        _ => return Err("usage: ledger-bulk LEDGER CERTIFICATES [N]".into()),
    };
    let start = Instant::now();
    let db = Connection::open(path)?;
    // An unfinished ledger is discarded.
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768; PRAGMA foreign_keys = OFF;
         PRAGMA locking_mode = EXCLUSIVE; BEGIN",
    )?;
    let head = fill(&db, count.parse()?, revoked)?;
    db.execute_batch("COMMIT; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL")?;
    println!("{count} certificates, {head} events in {:.0?}", start.elapsed());
    Ok(())
}

/// Appends events to the chain.
struct Chain<'a> {
    insert: Statement<'a>,
    sequence: i64,
    hash: [u8; 32],
    hashed: Vec<u8>,
    body: String,
}

impl<'a> Chain<'a> {
    fn of(db: &'a Connection) -> Done<Self> {
        let (sequence, hash) = db.query_row(
            "SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(Self {
            insert: db.prepare("INSERT INTO events (sequence, body, hash) VALUES (?1, ?2, ?3)")?,
            sequence,
            hash,
            hashed: Vec::new(),
            body: String::new(),
        })
    }

    fn append(&mut self, event: std::fmt::Arguments<'_>) -> Done<i64> {
        self.sequence += 1;
        let Self { sequence, body, .. } = self;
        body.clear();
        write!(
            body,
            r#"{{"sequence":{sequence},"time":1700000000,"by":"ledger-bulk","tool":"softhsm-tests","event":{event}}}"#
        )?;
        self.hashed.clear();
        self.hashed.extend(self.hash);
        self.hashed.extend(self.body.as_bytes());
        self.hash = Digest::of(&self.hashed).0;
        self.insert
            .execute(params![self.sequence, self.body, self.hash])?;
        Ok(self.sequence)
    }
}

/// This many octets that begin with the number, so that every table has them in order.
fn octets(number: u64, length: usize, first: u8) -> Vec<u8> {
    let mut octets = vec![first];
    octets.extend(number.to_be_bytes());
    octets.extend(&Digest::of(&number.to_be_bytes()).0[..length.saturating_sub(9)]);
    octets
}

/// Returns the number of events.
fn fill(db: &Connection, count: u64, revoked: u64) -> Done<i64> {
    let mut chain = Chain::of(db)?;
    let (authority, issuer): (i64, i64) = db.query_row(
        "SELECT id, issuer FROM authorities ORDER BY id LIMIT 1",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut entry_row = db.prepare("INSERT INTO entries VALUES (?1, ?2, 'certificate', ?3, 'signed')")?;
    let mut serial_row = db.prepare("INSERT INTO serials VALUES (?1, ?2, ?3, 1900000000)")?;
    let mut request_row = db.prepare("INSERT INTO requests VALUES (?1, ?2, ?3)")?;
    let mut name_row = db.prepare("INSERT INTO names VALUES (?1, ?2)")?;
    let mut delivery_row = db.prepare("INSERT INTO deliveries VALUES (?1, ?2)")?;
    let mut revocation_row =
        db.prepare("INSERT INTO revocations VALUES (?1, ?2, 4, 1700000001, NULL, ?3)")?;
    for number in 0..count {
        let serial = octets(number, 17, 0x01);
        let hex: String = serial.iter().fold(String::new(), |mut hex, octet| {
            let _ = write!(hex, "{octet:02x}");
            hex
        });
        let (names, request) = (octets(number, 32, 0x02), octets(number, 32, 0x03));
        let (names, request) = (
            Digest(names.as_slice().try_into()?),
            Digest(request.as_slice().try_into()?),
        );
        // Only the outer structure, as short as possible.
        let tbs = [&[0x04, 8][..], &number.to_be_bytes()].concat();
        let der = [&[0x30, 14][..], &tbs, &[3, 2, 0, 1]].concat();
        let subject = format!("CN={number}.bulk.example");
        // A SEQUENCE with the text: the ledger does not parse more.
        let length = u8::try_from(subject.len()).expect("a short subject");
        let subject_der = STANDARD.encode([&[0x30, length][..], subject.as_bytes()].concat());
        let begun = chain.append(format_args!(
            r#"{{"begun":{{"authority":{authority},"tbs_sha256":"{}","object":{{"certificate":{{"serial":"{hex}","subject":{{"text":"{subject}","der":"{subject_der}"}},"profile":"tls-client","names_sha256":"{names}","request_sha256":"{request}","not_before":1700000000,"not_after":1900000000}}}}}}}}"#,
            Digest::of(&tbs)
        ))?;
        let signed = chain.append(format_args!(
            r#"{{"signed":{{"entry":{begun},"sha256":"{}","der":"{}","to_deliver":true}}}}"#,
            Digest::of(&der),
            STANDARD.encode(&der)
        ))?;
        let delivered = chain.append(format_args!(r#"{{"delivered":{{"entry":{begun}}}}}"#))?;
        entry_row.execute(params![begun, authority, signed])?;
        serial_row.execute(params![issuer, serial, begun])?;
        request_row.execute(params![authority, request.0, begun])?;
        name_row.execute(params![begun, names.0])?;
        delivery_row.execute(params![begun, delivered])?;
        if number % revoked == 0 {
            let revoked_by = chain.append(format_args!(
                r#"{{"revoked":{{"authority":{authority},"serial":"{hex}","reason":4,"revoked":1700000001}}}}"#
            ))?;
            revocation_row.execute(params![authority, serial, revoked_by])?;
        }
    }
    Ok(chain.sequence)
}
