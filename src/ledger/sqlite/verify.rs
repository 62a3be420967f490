//! Verification: the chain is computed again, and the tables are made again from the events and compared.

mod compare;
mod walk;

use rusqlite::Connection;

use super::super::tree::CheckpointWatch;
use super::super::{Evidence, Fault, Head, KeptHead, VerifyReport};
use super::failure::Failure;
use super::schema;

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
    let (head, kept) = match walk::walk(db, &mut again, kept, &mut watch, &mut findings) {
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
