//! What decides a signature is checked against the hashed events first: the chain is computed again, the rows that follow from the
//! events are kept in memory, and every table is compared with them, both ways. `verify` does the same with SQLite's own tables and
//! tells every fault; this one runs whenever something is decided, so it is quick and stops at the first.

mod tables;

use rusqlite::Connection;

use super::super::event::{Event, Unread};
use super::super::rows::Rows;
use super::super::{Digest, Fault, Head};
use super::failure::Failure;

/// The rows that the events of one ledger come to, and how far it was read.
#[derive(Debug)]
pub(super) struct Audit {
    head: Head,
    /// `PRAGMA data_version` when the tables were compared: another one after someone else wrote.
    version: i64,
    rows: Rows,
}

fn refuse(fault: &Fault) -> Failure {
    Failure::contradiction(fault.to_string())
}

impl Audit {
    pub(super) fn new() -> Self {
        Self {
            head: Head::EMPTY,
            version: -1,
            rows: Rows::default(),
        }
    }

    /// Brings it up to the ledger as `db` sees it, if someone else has written since. What this connection wrote itself it made from rows
    /// that were checked.
    pub(super) fn follow(&mut self, db: &Connection) -> Result<(), Failure> {
        let version = db.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if version == self.version {
            return Ok(());
        }
        self.version = -1;
        self.read_events(db)?;
        self.rows.compare(db)?;
        self.version = version;
        Ok(())
    }

    /// The whole chain is computed; what is read already is not played again.
    fn read_events(&mut self, db: &Connection) -> Result<(), Failure> {
        let mut select = db.prepare_cached("SELECT sequence, body, hash FROM events ORDER BY sequence")?;
        let mut rows = select.query([])?;
        let mut head = Head::EMPTY;
        while let Some(row) = rows.next()? {
            let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            head = follow_chain(head, row.get(0)?, body, Digest(row.get(2)?))?;
            if head.count == self.head.count && head != self.head {
                return Err(refuse(&Fault::Hash { sequence: head.count }));
            }
            if head.count > self.head.count {
                self.read_event(head, body)?;
            }
        }
        if head.count < self.head.count {
            return Err(refuse(&Fault::Gap {
                first: head.count.saturating_add(1),
                last: self.head.count,
            }));
        }
        Ok(())
    }

    fn read_event(&mut self, head: Head, body: &str) -> Result<(), Failure> {
        let sequence = head.count;
        let wrong = |found: String| refuse(&Fault::Body { sequence, found });
        let event =
            Event::<Unread>::decode(body).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
        if event.sequence != sequence {
            return Err(wrong(format!("it says that it is event {}", event.sequence)));
        }
        self.head = head;
        self.rows.play(event).ok_or_else(|| {
            refuse(&Fault::Event {
                sequence,
                found: "it refers to something that the events before it do not have".to_owned(),
            })
        })
    }
}

/// The head after this row, if it is the next and its hash follows.
pub(super) fn follow_chain(head: Head, sequence: i64, body: &str, hash: Digest) -> Result<Head, Failure> {
    let expected = head.count.saturating_add(1);
    match u64::try_from(sequence) {
        Ok(sequence) if sequence == expected => {}
        Ok(sequence) if sequence > expected => {
            return Err(refuse(&Fault::Gap {
                first: expected,
                last: sequence.saturating_sub(1),
            }));
        }
        _ => return Err(refuse(&Fault::Misplaced { sequence })),
    }
    let head = head.after(body.as_bytes());
    if head.hash != hash {
        return Err(refuse(&Fault::Hash { sequence: expected }));
    }
    Ok(head)
}
