//! Checks the tables against the hashed events before a signature depends on them: it computes the chain again, and compares every table in
//! both directions with the sums of the events ([`Tally`]). That reads the rows in the order of the file. Decisions look rows up, so SQLite
//! also checks that the rows are in order and that every index has them all. `verify` does the same and reports every fault; the audit runs
//! before every decision and stops at the first.

mod tables;

use rusqlite::Connection;

use super::super::event::{Event, Unread};
use super::super::tally::Tally;
use super::super::{Digest, Fault, Head};
use super::failure::Failure;
pub(super) use tables::take_tables;

/// The audit of one ledger.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Set if the ledger was sound.
    passed: Option<Passed>,
}

#[derive(Debug)]
struct Passed {
    /// `PRAGMA data_version` when the tables were compared. It changes when another connection writes. `None` if the file was written in some
    /// other way.
    version: Option<i64>,
    /// `None` if a stamp replaced reading them.
    events: Option<Events>,
}

/// The sums of the events, and how far the events were read.
#[derive(Debug)]
struct Events {
    head: Head,
    tally: Tally,
}

fn refuse(fault: &Fault) -> Failure {
    Failure::contradiction(fault.to_string())
}

impl Audit {
    /// Brings the audit up to the state that `db` sees, if another connection has written since. What this connection wrote is derived from
    /// audited rows.
    pub(super) fn follow(&mut self, db: &Connection) -> Result<(), Failure> {
        let version = data_version(db)?;
        let mut events = match self.passed.take() {
            Some(passed) if passed.version == Some(version) => {
                self.passed = Some(passed);
                return Ok(());
            }
            passed => match passed.and_then(|passed| passed.events) {
                Some(events) => events,
                None => Events::none()?,
            },
        };
        events.read(db)?;
        let released = || Failure::contradiction("a certificate was released that was not on hold");
        if let Some(table) = take_tables(db, events.tally.balance().ok_or_else(released)?)? {
            return Err(Failure::contradiction(format!(
                "table {table} contradicts the events"
            )));
        }
        if let Some(found) = find_file_faults(db, 1)?.into_iter().next() {
            return Err(refuse(&Fault::File { found }));
        }
        self.passed = Some(Passed {
            version: Some(version),
            events: Some(events),
        });
        Ok(())
    }

    /// Accepts the ledger that `db` sees as sound, because it was audited before, and since then only processes that had audited it have written.
    pub(super) fn trust(&mut self, db: &Connection) -> Result<(), Failure> {
        let version = Some(data_version(db)?);
        let events = self.passed.take().and_then(|passed| passed.events);
        self.passed = Some(Passed { version, events });
        Ok(())
    }

    /// Reads the file again before the next decision, although no other connection has committed: it was written in some other way. What was
    /// read of the events stays, and must still be there.
    pub(super) fn doubt(&mut self, db: &Connection) -> Result<(), Failure> {
        if let Some(passed) = &mut self.passed {
            passed.version = None;
        }
        // Otherwise SQLite would show the pages that it read before.
        Ok(db.execute_batch("PRAGMA shrink_memory")?)
    }

    /// Whether the file must be read again.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.passed
            .as_ref()
            .is_some_and(|passed| passed.version.is_none())
    }

    /// Whether `db` still sees what was audited: no other connection has written since.
    pub(super) fn holds(&self, db: &Connection) -> Result<bool, Failure> {
        let version = data_version(db)?;
        Ok(self
            .passed
            .as_ref()
            .is_some_and(|passed| passed.version == Some(version)))
    }

    /// Whether this process has read every event.
    #[cfg(test)]
    pub(super) fn has_read(&self) -> bool {
        self.passed.as_ref().is_some_and(|passed| passed.events.is_some())
    }
}

/// Runs SQLite's own check of the pages, the order of the rows, and the indexes. Returns up to `most` faults.
pub(super) fn find_file_faults(db: &Connection, most: usize) -> Result<Vec<String>, Failure> {
    let mut select = db.prepare(&format!("PRAGMA integrity_check({most})"))?;
    let rows = select.query_map([], |row| row.get::<_, String>(0))?;
    let mut found = rows.collect::<Result<Vec<_>, _>>()?;
    found.retain(|found| found != "ok");
    Ok(found)
}

/// A number that changes when another connection writes.
fn data_version(db: &Connection) -> Result<i64, Failure> {
    Ok(db.pragma_query_value(None, "data_version", |row| row.get(0))?)
}

impl Events {
    fn none() -> Result<Self, Failure> {
        Ok(Self {
            head: Head::EMPTY,
            tally: new_tally()?,
        })
    }

    /// Computes the whole chain. Events that were read before are not added to the sums again.
    fn read(&mut self, db: &Connection) -> Result<(), Failure> {
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
        self.tally.play(&event).ok_or_else(|| {
            refuse(&Fault::Event {
                sequence,
                found: "it refers to something that the events before it do not have".to_owned(),
            })
        })
    }
}

/// An empty tally.
pub(super) fn new_tally() -> Result<Tally, Failure> {
    let failed = "this machine's random number generator failed";
    Tally::new().map_err(|_| Failure::contradiction(failed))
}

/// The head after this row, if it is the next event and its hash follows.
pub(in crate::ledger) fn follow_chain(
    head: Head,
    sequence: i64,
    body: &str,
    hash: Digest,
) -> Result<Head, Failure> {
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
