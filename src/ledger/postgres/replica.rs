//! The derived tables of the server's events, in a private file: built while the chain is verified, and updated when others append. The
//! file has no name and disappears with the process; the replica of a large ledger is kept ([`LocalCopy`]).

use rusqlite::Connection;

use super::super::event::Event;
use super::super::rules::Recording;
use super::super::sqlite::{Failure, Turn, Watch, follow_chain, read, schema};
use super::super::store::{Contradiction, Store};
use super::super::{Fault, Head, Stamp};
use super::failure::Trouble;
use super::local_copy::LocalCopy;
use super::place::PostgresPlace;
use super::server::{StoredEvent, Taker};

pub(super) struct Replica {
    db: Connection,
    head: Head,
    /// Where it is kept.
    copy: Option<LocalCopy>,
    /// The watch of the kept file, if `db` is that file.
    watch: Option<Watch>,
}

/// Events that are not on the server yet.
pub(super) struct Draft<'a, T> {
    turn: Turn<'a>,
    pub(super) events: Vec<StoredEvent>,
    head: Head,
    kept: &'a mut Head,
    watch: &'a mut Option<Watch>,
    result: T,
}

impl<T> Draft<'_, T> {
    /// Keeps the draft, now that its events are on the server.
    pub(super) fn keep(self) -> Result<T, Failure> {
        commit(self.turn, self.kept, self.head, self.watch)?;
        Ok(self.result)
    }
}

fn commit(turn: Turn<'_>, kept: &mut Head, head: Head, watch: &mut Option<Watch>) -> Result<(), Failure> {
    let was_as_left = watch.as_ref().is_some_and(Watch::is_as_left);
    turn.commit()?;
    if let Some(watch) = watch.as_mut().filter(|_| *kept != head) {
        watch.committed(was_as_left);
    }
    *kept = head;
    Ok(())
}

impl Replica {
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            db: unnamed()?,
            head: Head::EMPTY,
            copy: None,
            watch: None,
        })
    }

    /// Starts with the kept copy, if any. Call [`follow`](Self::follow) next: it compares the copy with the server.
    pub(super) fn kept(place: &PostgresPlace) -> Result<Self, Failure> {
        let mut replica = Self::new()?;
        replica.copy = LocalCopy::take(place);
        if let Some((db, watch)) = replica.copy.as_ref().and_then(LocalCopy::open) {
            settle(&db)?;
            replica.head = read::head(&db)?;
            replica.watch = Some(watch);
            replica.db = db;
        }
        Ok(replica)
    }

    /// Whether it started with a copy.
    pub(super) const fn is_copy(&self) -> bool {
        self.watch.is_some()
    }

    /// Starts again from nothing.
    pub(super) fn forget(&mut self) -> Result<(), Failure> {
        self.watch = None;
        self.db = unnamed()?;
        self.head = Head::EMPTY;
        Ok(())
    }

    /// Discards the copy after an error that means that it cannot be read or contradicts itself.
    pub(super) fn distrust_after(&mut self, failure: &Failure) {
        if !matches!(failure, Failure::Ledger(_))
            && let Some(copy) = self.copy.take()
        {
            copy.remove_stamp();
        }
    }

    pub(super) const fn db(&self) -> &Connection {
        &self.db
    }

    /// Adds the events that `read` passes: the last known one and those after it. All of them, or none.
    pub(super) fn follow(
        &mut self,
        read: impl FnOnce(u64, &mut Taker<'_>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let followed = self.follow_once(read);
        if let Err(Trouble::Ledger(failure)) = &followed {
            self.distrust_after(failure);
        }
        followed
    }

    fn follow_once(
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
                // The first row must be the last known event. Otherwise the server has lost it.
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
        commit(turn, &mut self.head, head, &mut self.watch)?;
        Ok(())
    }

    /// Computes a change without publishing it.
    pub(super) fn draft<T>(
        &mut self,
        stamp: &Stamp,
        change: impl FnOnce(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<Draft<'_, T>, Failure> {
        let Self {
            db,
            head: kept,
            watch,
            ..
        } = self;
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
            watch,
            result,
        })
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(copy) = &self.copy {
            copy.leave(&self.db, self.watch.as_mut());
        }
    }
}

/// A file without a name.
fn unnamed() -> Result<Connection, Failure> {
    let mut db = Connection::open("")?;
    settle(&db)?;
    schema::migrate(&mut db)?;
    Ok(db)
}

/// A file that a power failure or a kill leaves half-written has no stamp and is not used again, so it is not synced before the stamp.
fn settle(db: &Connection) -> Result<(), Failure> {
    db.pragma_update(None, "synchronous", "OFF")?;
    db.pragma_update(None, "journal_mode", "MEMORY")?;
    // KiB; the rest goes to the disk.
    db.pragma_update(None, "cache_size", -65536)?;
    db.pragma_update(None, "foreign_keys", true)?;
    Ok(())
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
