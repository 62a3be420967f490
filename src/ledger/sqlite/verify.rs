//! Verification: the chain is computed again, and the tables are made again from the events and compared.

mod compare;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::super::event::{Event, What};
use super::super::tree::CheckpointWatch;
use super::super::{Digest, Evidence, Fault, Head, KeptHead, VerifyReport};
use super::failure::Failure;
use super::projection::project;
use super::schema;
use crate::transparency::leaf_hash;

/// If a ledger was changed wholesale, not every row needs to be reported.
const FAULTS_TOLD: usize = 100;

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

pub(super) fn verify(db: &Connection, evidence: &Evidence) -> Result<VerifyReport, Failure> {
    let kept = evidence.head.as_ref();
    let mut watch = evidence.checkpoint.as_ref().map(CheckpointWatch::of);
    let mut findings = Findings {
        faults: Vec::new(),
        more: 0,
    };
    for (name, found) in schema::differences(db)? {
        findings.add(Fault::Schema { name, found });
    }
    // A page that cannot be read ends the walk: what was found until then is reported with it.
    let mut again = schema::empty_copy()?;
    let (head, kept) = match walk(db, &mut again, kept, &mut watch, &mut findings) {
        Ok(found) => found,
        Err(Failure::Sqlite(error)) if is_damage(&error) => {
            findings.add(Fault::File {
                found: error.to_string(),
            });
            (Head::EMPTY, kept.map(|_| KeptHead::Missing))
        }
        Err(failure) => return Err(failure),
    };
    let since_checkpoint = match watch.map(CheckpointWatch::verdict) {
        None => None,
        Some(Ok(later)) => Some(later),
        Some(Err(problem)) => {
            findings.add(Fault::Checkpoint(problem));
            None
        }
    };
    for table in &super::projection::TABLES {
        match compare::compare(db, &again, table, &mut |fault| findings.add(fault)) {
            Err(Failure::Sqlite(error)) if is_damage(&error) => {
                findings.add(Fault::File {
                    found: error.to_string(),
                });
            }
            other => other?,
        }
    }
    check_file(db, &mut findings)?;
    let open: i64 = again.query_row("SELECT count(*) FROM entries WHERE outcome IS NULL", [], |row| {
        row.get(0)
    })?;
    Ok(VerifyReport {
        head,
        faults: findings.faults,
        more: findings.more,
        open: super::failure::natural(open)?,
        kept,
        since_checkpoint,
    })
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    // A changed schema makes statements that cannot be prepared.
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

/// Goes through the chain, and plays the events again.
fn walk(
    db: &Connection,
    again: &mut Connection,
    kept: Option<&Head>,
    watch: &mut Option<CheckpointWatch<'_>>,
    findings: &mut Findings,
) -> Result<(Head, Option<KeptHead>), Failure> {
    let again = again.transaction()?;
    let mut select = db.prepare("SELECT sequence, body, hash FROM events ORDER BY sequence")?;
    let mut rows = select.query([])?;
    let mut head = Head::EMPTY;
    let mut kept_hash = kept.filter(|kept| kept.count == 0).map(|_| Head::EMPTY.hash);
    while let Some(row) = rows.next()? {
        let found: i64 = row.get(0)?;
        let expected = head.count.saturating_add(1);
        let Some(sequence) = u64::try_from(found).ok().filter(|sequence| *sequence >= expected) else {
            findings.add(Fault::Misplaced { sequence: found });
            continue;
        };
        let body = match row.get_ref(1)? {
            ValueRef::Text(body) | ValueRef::Blob(body) => body,
            _ => b"",
        };
        let hash = row.get::<_, [u8; 32]>(2).map(Digest).unwrap_or(Head::EMPTY.hash);
        if sequence > expected {
            findings.add(Fault::Gap {
                first: expected,
                last: sequence.saturating_sub(1),
            });
        } else if head.after(body).hash != hash {
            findings.add(Fault::Hash { sequence });
        }
        // From here on as stored, so that one change is reported once.
        head = Head {
            count: sequence,
            hash,
        };
        if let Some(watch) = watch {
            watch.push(&head, leaf_hash(body));
        }
        if kept.is_some_and(|kept| kept.count == sequence) {
            kept_hash = Some(hash);
        }
        match read_strictly(body, sequence) {
            Err(found) => findings.add(Fault::Body { sequence, found }),
            Ok(event) => match project(&again, &event) {
                Ok(()) => {}
                Err(Failure::Sqlite(error))
                    if error.sqlite_error_code() != Some(rusqlite::ErrorCode::ConstraintViolation) =>
                {
                    return Err(error.into());
                }
                Err(failure) => findings.add(Fault::Event {
                    sequence,
                    found: failure.text(),
                }),
            },
        }
    }
    again.commit()?;
    let Some(kept) = kept else { return Ok((head, None)) };
    let how = match kept_hash {
        Some(hash) if hash == kept.hash => KeptHead::OnTheChain {
            later: head.count.saturating_sub(kept.count),
        },
        Some(_) => KeptHead::Another,
        None => KeptHead::Missing,
    };
    if !matches!(how, KeptHead::OnTheChain { .. }) {
        findings.add(Fault::Kept { kept: *kept, how });
    }
    Ok((head, Some(how)))
}

/// The event, if its bytes are those that this program writes for it.
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

/// What SQLite's own check says of pages and indexes.
fn check_file(db: &Connection, findings: &mut Findings) -> Result<(), Failure> {
    let mut select = db.prepare("PRAGMA integrity_check(10)")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let found: String = row.get(0)?;
        if found != "ok" {
            findings.add(Fault::File { found });
        }
    }
    Ok(())
}
