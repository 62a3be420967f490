//! The tables that follow from the server's events, in a private file of this process without a name: made from the chain as it is
//! verified, and carried on when others append.

use rusqlite::Connection;

use super::super::event::Event;
use super::super::rules::Recording;
use super::super::sqlite::{Failure, Turn, follow_chain, read, schema};
use super::super::store::{Contradiction, Store};
use super::super::{Fault, Head, Stamp};
use super::failure::Trouble;
use super::server::{StoredEvent, Taker};

pub(super) struct Replica {
    db: Connection,
    head: Head,
}

/// Events that are not on the server yet.
pub(super) struct Draft<'a, T> {
    turn: Turn<'a>,
    pub(super) events: Vec<StoredEvent>,
    head: Head,
    kept: &'a mut Head,
    result: T,
}

impl<T> Draft<'_, T> {
    /// They are on the server now.
    pub(super) fn keep(self) -> Result<T, Failure> {
        self.turn.commit()?;
        *self.kept = self.head;
        Ok(self.result)
    }
}

impl Replica {
    pub(super) fn new() -> Result<Self, Failure> {
        let mut db = Connection::open("")?;
        db.pragma_update(None, "synchronous", "OFF")?;
        db.pragma_update(None, "journal_mode", "MEMORY")?;
        // KiB; the rest goes to the disk.
        db.pragma_update(None, "cache_size", -65536)?;
        schema::migrate(&mut db)?;
        db.pragma_update(None, "foreign_keys", true)?;
        Ok(Self {
            db,
            head: Head::EMPTY,
        })
    }

    pub(super) const fn db(&self) -> &Connection {
        &self.db
    }

    /// Takes the events that `read` hands over: the last that is known here, and those after it. All of them, or none.
    pub(super) fn follow(
        &mut self,
        read: impl FnOnce(u64, &mut Taker<'_>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let (known, mut head) = (self.head, self.head);
        let mut is_known_there = known == Head::EMPTY;
        let mut turn = Turn::of(self.db.unchecked_transaction().map_err(Failure::from)?);
        read(known.count, &mut |event| {
            if !is_known_there {
                is_known_there = event.hash == known.hash
                    && u64::try_from(event.sequence).is_ok_and(|found| found == known.count);
                // The first row is the one that is known, or it is gone.
                return match is_known_there {
                    true => Ok(()),
                    false => Err(Trouble::Rewound(known)),
                };
            }
            head = take(&mut turn, head, &event)?;
            Ok(())
        })?;
        if !is_known_there {
            return Err(Trouble::Rewound(known));
        }
        turn.commit()?;
        self.head = head;
        Ok(())
    }

    /// What a change comes to, before anyone else has it.
    pub(super) fn draft<T>(
        &mut self,
        stamp: &Stamp,
        change: impl FnOnce(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<Draft<'_, T>, Failure> {
        let Self { db, head: kept } = self;
        let before = kept.count;
        let mut recording = Recording::start(Turn::of(db.unchecked_transaction()?), stamp)?;
        let result = change(&mut recording)?;
        let (turn, head) = recording.finish();
        let mut events = Vec::new();
        read::each_stored(turn.db(), before, &mut |sequence, body, hash| {
            events.push(StoredEvent {
                sequence,
                body: body.to_owned(),
                hash,
            });
        })?;
        Ok(Draft {
            turn,
            events,
            head,
            kept,
            result,
        })
    }
}

fn take(turn: &mut Turn<'_>, head: Head, stored: &StoredEvent) -> Result<Head, Trouble> {
    let head = follow_chain(head, stored.sequence, &stored.body, stored.hash)?;
    let sequence = head.count;
    let wrong = |found: String| Failure::from(Contradiction(Fault::Body { sequence, found }.to_string()));
    let event =
        <Event>::decode(&stored.body).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    if event.sequence != sequence {
        return Err(wrong(format!("it says that it is event {}", event.sequence)).into());
    }
    turn.append(&event, &stored.body, stored.hash)
        .map_err(|failure| match failure {
            Failure::Contradiction(found) => {
                let fault = Fault::Event { sequence, found };
                Failure::from(Contradiction(fault.to_string()))
            }
            other => other,
        })?;
    Ok(head)
}
