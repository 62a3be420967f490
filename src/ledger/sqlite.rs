//! The ledger in an SQLite file.

mod audit;
mod audit_stamp;
mod failure;
pub(super) mod key;
mod open;
mod place;
mod projection;
pub(super) mod read;
pub(super) mod schema;
mod store;
pub(super) mod unfinished;
pub(super) mod verify;

use std::cell::RefCell;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

use super::rules::Recording;
use super::tables::Tables;
use super::{Evidence, Head, LedgerError, LedgerPlace, Stamp, VerifyReport};
use audit::Audit;
#[cfg(feature = "postgres")]
pub(super) use audit::follow_chain;
#[cfg(any(test, feature = "postgres"))]
pub(super) use audit_stamp::LARGE;
pub(super) use audit_stamp::Watch;
pub(super) use failure::Failure;
use place::Place;
pub(super) use store::Turn;

/// The ledger in an SQLite file, with a write-ahead log. Every commit is synced to the disk. Several processes can use it at once. Each
/// thread opens its own.
#[derive(Debug)]
pub struct SqliteLedger {
    db: Connection,
    path: PathBuf,
    patience: Duration,
    /// Present if decisions depend on this ledger, absent if it was opened only for reading.
    audit: Option<RefCell<Audit>>,
    /// The files that were opened.
    place: Option<Place>,
    /// Watches the file from the audit until it is stamped.
    watch: Watch,
    /// The number of events from which a ledger is stamped.
    large: u64,
    /// The head after this connection's last write.
    known: Option<Head>,
}

impl SqliteLedger {
    /// Runs one transaction, after waiting for its turn.
    fn record_with<T>(
        &mut self,
        stamp: &Stamp,
        change: impl FnOnce(&mut Recording<'_, Turn<'_>>, Option<&mut RefCell<Audit>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        let recorded = || {
            if let Some(place) = &self.place {
                place.refuse_replaced(&self.path)?;
            }
            let mut recording = Recording::start(Turn::wait(&mut self.db)?, stamp)?;
            if let Some(known) = &self.known
                && read::hash_of(recording.store().db(), known.count)? != Some(known.hash)
            {
                return Err(LedgerError::Replaced {
                    place: LedgerPlace::file(&self.path),
                }
                .into());
            }
            let result = change(&mut recording, self.audit.as_mut())?;
            let (turn, head) = recording.finish();
            let was_as_left = self.watch.is_as_left();
            turn.commit()?;
            self.watch.committed(was_as_left);
            self.known = Some(head);
            if let Some(place) = &self.place {
                place.refuse_replaced(&self.path)?;
            }
            Ok(result)
        };
        let result: Result<T, Failure> = recorded();
        result.map_err(|failure| failure.of(&self.path, self.patience))
    }

    /// Refuses an unsound ledger if decisions depend on it.
    fn audit_opened(&mut self) -> Result<(), LedgerError> {
        let Self {
            db,
            path,
            patience,
            audit: Some(audit),
            watch,
            large,
            ..
        } = self
        else {
            return Ok(());
        };
        let mut look = || {
            let snapshot = db.unchecked_transaction()?;
            open::refuse_altered(&snapshot, path)?;
            watch.audit(&snapshot, audit.get_mut(), *large)?;
            Ok(snapshot.finish()?)
        };
        let result: Result<(), Failure> = look();
        result.map_err(|failure| failure.of(path, *patience))
    }

    /// Whether this process has read every event. If not, it relied on a stamp.
    #[cfg(test)]
    pub(super) fn has_read_every_event(&self) -> bool {
        self.audit.as_ref().is_some_and(|audit| audit.borrow().has_read())
    }

    /// The current value of `PRAGMA synchronous`.
    #[cfg(test)]
    pub(super) fn synchronous(&self) -> i64 {
        self.db
            .query_row("PRAGMA synchronous", [], |row| row.get(0))
            .unwrap_or(-1)
    }

    /// Reads one snapshot of the ledger, which may be unsound.
    fn look_only<T>(&self, at: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, LedgerError> {
        let look = || {
            let snapshot = self.db.unchecked_transaction()?;
            let found = at(&snapshot)?;
            snapshot.finish()?;
            Ok(found)
        };
        let result: Result<T, Failure> = look();
        result.map_err(|failure| failure.of(&self.path, self.patience))
    }
}

impl Drop for SqliteLedger {
    fn drop(&mut self) {
        if let (Some(_), Some(audit)) = (&self.place, &self.audit) {
            self.watch.leave(&self.db, &audit.borrow(), self.large);
        }
    }
}

impl Tables for SqliteLedger {
    fn decide<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        self.record_with(stamp, |recording, audit| {
            if let Some(audit) = audit {
                audit.get_mut().follow(recording.store().db())?;
            }
            change(recording)
        })
    }

    fn record<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        self.record_with(stamp, |recording, _| change(recording))
    }

    fn record_unsynced<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        // In WAL mode a commit is still atomic, but no longer waits for the disk.
        let set = |db: &Connection, how: &str| db.pragma_update(None, "synchronous", how);
        set(&self.db, "NORMAL").map_err(|error| Failure::from(error).of(&self.path, self.patience))?;
        let recorded = self.record(stamp, change);
        set(&self.db, "FULL").map_err(|error| Failure::from(error).of(&self.path, self.patience))?;
        recorded
    }

    fn look<T>(&self, at: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, LedgerError> {
        self.look_only(|db| {
            if let Some(audit) = &self.audit {
                audit.borrow_mut().follow(db)?;
            }
            at(db)
        })
    }

    fn verify_events(&self, kept: &Evidence, seen: &mut dyn FnMut(u64)) -> Result<VerifyReport, LedgerError> {
        self.look_only(|db| verify::verify(db, kept, seen))
    }

    fn each_event(&self, each: &mut dyn FnMut(&Head, &[u8]) -> ControlFlow<()>) -> Result<(), LedgerError> {
        self.look_only(|db| read::events(db, each))
    }

    fn export_events(&self, to: &mut dyn Write) -> Result<Head, LedgerError> {
        self.look(|db| read::export(db, to))
    }
}
