//! Verification: computes the chain again, and compares every table with the sums of the events. Only if something is wrong does it build
//! the tables again from the events, to report what.

mod compare;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::super::columns::TABLES;
use super::super::event::{Event, What};
use super::super::tree::CheckpointWatch;
use super::super::{Digest, Evidence, Fault, Head, KeptHead, VerifyReport};
use super::audit::{find_file_faults, new_tally, take_tables};
use super::failure::{Failure, natural};
use super::projection::project;
use super::{read, schema};
use crate::transparency::leaf_hash;

/// If a ledger was changed wholesale, not every row needs to be reported.
const FAULTS_TOLD: usize = 100;

#[derive(Default)]
struct Findings {
    faults: Vec<Fault>,
    more: u64,
}

impl Findings {
    fn add(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(fault);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

pub(super) fn verify(
    db: &Connection,
    evidence: &Evidence,
    seen: &mut dyn FnMut(u64),
) -> Result<VerifyReport, Failure> {
    let mut findings = Findings::default();
    for (name, found) in schema::differences(db)? {
        findings.add(Fault::Schema { name, found });
    }
    let walked = match by_tally(db, evidence, seen) {
        Ok(Some(walked)) => walked,
        Ok(None) => by_tables(db, evidence, &mut findings, seen)?,
        Err(Failure::Sqlite(error)) if is_damage(&error) => by_tables(db, evidence, &mut findings, seen)?,
        Err(failure) => return Err(failure),
    };
    check_file(db, &mut findings)?;
    Ok(conclude(walked, evidence, findings))
}

/// Passes the stored rows of the events to a closure: number, bytes, hash.
pub(in crate::ledger) type EachRow<'a> = dyn FnMut(i64, &[u8], Digest) -> Result<(), Failure> + 'a;

/// Verifies a ledger whose events are elsewhere and that has no tables. `faults` are those of its schema.
#[cfg(feature = "postgres")]
pub(in crate::ledger) fn verify_rows(
    rows: impl FnOnce(&mut EachRow<'_>) -> Result<(), Failure>,
    evidence: &Evidence,
    faults: Vec<Fault>,
) -> Result<VerifyReport, Failure> {
    let mut findings = Findings { faults, more: 0 };
    let mut again = schema::empty_copy()?;
    let mut walked = play_again(rows, &mut again, evidence, &mut findings)?;
    walked.open = open_entries(&again)?;
    Ok(conclude(walked, evidence, findings))
}

fn conclude(walked: Walked<'_>, evidence: &Evidence, mut findings: Findings) -> VerifyReport {
    let kept = evidence.head.as_ref().map(|kept| walked.compare(kept));
    if let (Some(kept), Some(how)) = (evidence.head, kept)
        && !matches!(how, KeptHead::OnTheChain { .. })
        && walked.is_whole
    {
        findings.add(Fault::Kept { kept, how });
    }
    let since_checkpoint = match walked.watch.map(CheckpointWatch::verdict) {
        None => None,
        Some(Ok(later)) => Some(later),
        Some(Err(problem)) => {
            findings.add(Fault::Checkpoint(problem));
            None
        }
    };
    VerifyReport {
        head: walked.head,
        faults: findings.faults,
        more: findings.more,
        open: walked.open,
        kept,
        since_checkpoint,
    }
}

fn open_entries(again: &Connection) -> Result<u64, Failure> {
    let count = "SELECT count(*) FROM entries WHERE outcome IS NULL";
    natural(again.query_row(count, [], |row| row.get(0))?)
}

fn each_row(db: &Connection, seen: &mut dyn FnMut(u64), each: &mut EachRow<'_>) -> Result<(), Failure> {
    let mut count = 0_u64;
    let mut select = db.prepare("SELECT sequence, body, hash FROM events ORDER BY sequence")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        count = count.saturating_add(1);
        seen(count);
        let body = match row.get_ref(1)? {
            ValueRef::Text(body) | ValueRef::Blob(body) => body,
            _ => b"",
        };
        let hash = row.get::<_, [u8; 32]>(2).map(Digest).unwrap_or(Head::EMPTY.hash);
        each(row.get(0)?, body, hash)?;
    }
    Ok(())
}

/// The result of a walk along the chain.
struct Walked<'a> {
    /// It reached the last event.
    is_whole: bool,
    head: Head,
    /// The hash of the event with the number of the kept head.
    kept_hash: Option<Digest>,
    watch: Option<CheckpointWatch<'a>>,
    /// Entries that have not ended.
    open: u64,
}

/// The whole check of a sound ledger. `None` if anything is wrong; [`by_tables`] then finds out what.
fn by_tally<'a>(
    db: &Connection,
    evidence: &'a Evidence,
    seen: &mut dyn FnMut(u64),
) -> Result<Option<Walked<'a>>, Failure> {
    let mut tally = new_tally()?;
    let mut findings = Findings::default();
    let mut is_sound = true;
    let rows = |each: &mut EachRow<'_>| each_row(db, seen, each);
    let mut walked = walk(rows, evidence, &mut findings, &mut |event, _| {
        is_sound = is_sound && tally.play(event).is_some() && revokes_what_is_there(db, event)?;
        Ok(())
    })?;
    if !is_sound || !findings.faults.is_empty() {
        return Ok(None);
    }
    walked.open = tally.open_entries();
    let Some(balance) = tally.balance() else {
        return Ok(None);
    };
    let differs = take_tables(db, balance)?;
    Ok(differs.is_none().then_some(walked))
}

/// The tally does not have every serial number. The table does, and is compared with the tally afterwards.
fn revokes_what_is_there(db: &Connection, event: &Event) -> Result<bool, Failure> {
    let What::Revoked {
        authority, serial, ..
    } = &event.event
    else {
        return Ok(true);
    };
    let entry = read::entry_of_serial(db, *authority, serial)?;
    Ok(entry.is_some_and(|entry| entry.0 < event.sequence))
}

/// Builds every table again from the events, and compares row by row.
fn by_tables<'a>(
    db: &Connection,
    evidence: &'a Evidence,
    findings: &mut Findings,
    seen: &mut dyn FnMut(u64),
) -> Result<Walked<'a>, Failure> {
    // A page that cannot be read ends the walk. Earlier findings are reported with it.
    let mut again = schema::empty_copy()?;
    let mut walked = match play_again(|each| each_row(db, seen, each), &mut again, evidence, findings) {
        Ok(walked) => walked,
        Err(Failure::Sqlite(error)) if is_damage(&error) => {
            findings.add(Fault::File {
                found: error.to_string(),
            });
            Walked {
                is_whole: false,
                head: Head::EMPTY,
                kept_hash: None,
                watch: None,
                open: 0,
            }
        }
        Err(failure) => return Err(failure),
    };
    for table in &TABLES {
        match compare::compare(db, &again, table, &mut |fault| findings.add(fault)) {
            Err(Failure::Sqlite(error)) if is_damage(&error) => {
                findings.add(Fault::File {
                    found: error.to_string(),
                });
            }
            other => other?,
        }
    }
    walked.open = open_entries(&again)?;
    Ok(walked)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    // With a changed schema, some statements cannot be prepared.
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseCorrupt | NotADatabase | rusqlite::ErrorCode::Unknown)
    ) || matches!(
        error,
        rusqlite::Error::SqlInputError { .. }
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
    )
}

/// Projects the events again, into empty tables.
fn play_again<'a>(
    rows: impl FnOnce(&mut EachRow<'_>) -> Result<(), Failure>,
    again: &mut Connection,
    evidence: &'a Evidence,
    findings: &mut Findings,
) -> Result<Walked<'a>, Failure> {
    let again = again.transaction()?;
    let walked = walk(rows, evidence, findings, &mut |event, findings| {
        match project(&again, event) {
            Ok(()) => {}
            Err(Failure::Sqlite(error))
                if error.sqlite_error_code() != Some(rusqlite::ErrorCode::ConstraintViolation) =>
            {
                return Err(error.into());
            }
            Err(failure) => findings.add(Fault::Event {
                sequence: event.sequence,
                found: failure.text(),
            }),
        }
        Ok(())
    })?;
    again.commit()?;
    Ok(walked)
}

/// Walks along the chain: computes every hash again, and passes every readable event to `each`.
fn walk<'a>(
    rows: impl FnOnce(&mut EachRow<'_>) -> Result<(), Failure>,
    evidence: &'a Evidence,
    findings: &mut Findings,
    each: &mut dyn FnMut(&Event, &mut Findings) -> Result<(), Failure>,
) -> Result<Walked<'a>, Failure> {
    let kept = evidence.head.as_ref();
    let mut watch = evidence.checkpoint.as_ref().map(CheckpointWatch::of);
    let mut head = Head::EMPTY;
    let mut kept_hash = kept.filter(|kept| kept.count == 0).map(|_| Head::EMPTY.hash);
    rows(&mut |found, body, hash| {
        let expected = head.count.saturating_add(1);
        let Some(sequence) = u64::try_from(found).ok().filter(|sequence| *sequence >= expected) else {
            findings.add(Fault::Misplaced { sequence: found });
            return Ok(());
        };
        if sequence > expected {
            findings.add(Fault::Gap {
                first: expected,
                last: sequence.saturating_sub(1),
            });
        } else if head.after(body).hash != hash {
            findings.add(Fault::Hash { sequence });
        }
        // Continue with the stored hash, so that one change is reported once.
        head = Head {
            count: sequence,
            hash,
        };
        if let Some(watch) = &mut watch {
            watch.push(&head, leaf_hash(body));
        }
        if kept.is_some_and(|kept| kept.count == sequence) {
            kept_hash = Some(hash);
        }
        match read_strictly(body, sequence) {
            Err(found) => findings.add(Fault::Body { sequence, found }),
            Ok(event) => each(&event, findings)?,
        }
        Ok(())
    })?;
    Ok(Walked {
        is_whole: true,
        head,
        kept_hash,
        watch,
        open: 0,
    })
}

impl Walked<'_> {
    fn compare(&self, kept: &Head) -> KeptHead {
        match self.kept_hash {
            Some(hash) if hash == kept.hash => KeptHead::OnTheChain {
                later: self.head.count.saturating_sub(kept.count),
            },
            Some(_) => KeptHead::Another,
            None => KeptHead::Missing,
        }
    }
}

/// The event, if its bytes are in the encoding of this program.
fn read_strictly(body: &[u8], sequence: u64) -> Result<Event, String> {
    let text = std::str::from_utf8(body).map_err(|error| format!("it is not UTF-8 text: {error}"))?;
    let event: Event = Event::decode(text).map_err(|error| format!("it cannot be read: {error}"))?;
    if event.sequence != sequence {
        return Err(format!("it says that it is event {}", event.sequence));
    }
    let other_object = match &event.event {
        What::Signed {
            sha256,
            der: Some(der),
            ..
        }
        | What::AuthorityCertificate { sha256, der, .. }
        | What::Adopted {
            sha256: Some(sha256),
            der: Some(der),
            ..
        } => Digest::of(&der.0) != *sha256,
        _ => false,
    };
    if other_object {
        return Err("the object in it has a different SHA-256".to_owned());
    }
    match event.encode() {
        Ok(again) if again == text => Ok(event),
        _ => Err("it is not encoded as this program encodes it".to_owned()),
    }
}

fn check_file(db: &Connection, findings: &mut Findings) -> Result<(), Failure> {
    for found in find_file_faults(db, 10)? {
        findings.add(Fault::File { found });
    }
    Ok(())
}
