//! What decides a signature is checked against the hashed events first: the chain is computed again, and every table is compared with what the
//! events come to ([`Tally`]), both ways. `verify` does the same, and tells every fault; this one runs whenever something is decided, and
//! stops at the first.

mod tables;

use rusqlite::Connection;

use super::super::event::{Event, Unread};
use super::super::tally::Tally;
use super::super::{Digest, Fault, Head};
use super::failure::Failure;
pub(super) use tables::take_tables;

/// The check of one ledger.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Of a ledger that was sound.
    passed: Option<Passed>,
}

#[derive(Debug)]
struct Passed {
    /// `PRAGMA data_version` when the tables were compared: another one after someone else wrote.
    version: i64,
    /// None where a stamp stood for them.
    events: Option<Events>,
}

/// What events come to, and how far they were read.
#[derive(Debug)]
struct Events {
    head: Head,
    tally: Tally,
}

fn refuse(fault: &Fault) -> Failure {
    Failure::contradiction(fault.to_string())
}

impl Audit {
    /// Brings it up to the ledger as `db` sees it, if someone else has written since. What this connection wrote itself it made from rows
    /// that were checked.
    pub(super) fn follow(&mut self, db: &Connection) -> Result<(), Failure> {
        let version = data_version(db)?;
        let mut events = match self.passed.take() {
            Some(passed) if passed.version == version => {
                self.passed = Some(passed);
                return Ok(());
            }
            passed => match passed.and_then(|passed| passed.events) {
                Some(events) => events,
                None => Events::none()?,
            },
        };
        events.read(db)?;
        let released = || Failure::contradiction("a hold was released that was not one");
        if let Some(table) = take_tables(db, events.tally.balance().ok_or_else(released)?)? {
            return Err(Failure::contradiction(format!(
                "table {table} is not what the events say"
            )));
        }
        self.passed = Some(Passed {
            version,
            events: Some(events),
        });
        Ok(())
    }

    /// Takes the ledger as `db` sees it for sound, because it was audited before and nobody has written to it since.
    pub(super) fn trust(&mut self, db: &Connection) -> Result<(), Failure> {
        self.passed = Some(Passed {
            version: data_version(db)?,
            events: None,
        });
        Ok(())
    }

    /// Whether what was audited is what `db` sees: nobody else has written since.
    pub(super) fn holds(&self, db: &Connection) -> Result<bool, Failure> {
        let version = data_version(db)?;
        Ok(self
            .passed
            .as_ref()
            .is_some_and(|passed| passed.version == version))
    }

    /// Whether this process has read every event.
    #[cfg(test)]
    pub(super) fn has_read(&self) -> bool {
        self.passed.as_ref().is_some_and(|passed| passed.events.is_some())
    }
}

/// Another number after another connection has written.
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

    /// The whole chain is computed; what is read already is not played again.
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

/// A tally of no events.
pub(super) fn new_tally() -> Result<Tally, Failure> {
    let failed = "this machine's random number generator failed";
    Tally::new().map_err(|_| Failure::contradiction(failed))
}

/// The head after this row, if it is the next and its hash follows.
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
