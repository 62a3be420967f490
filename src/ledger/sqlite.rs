//! The ledger in an SQLite file.

mod audit;
mod audit_stamp;
mod failure;
pub(super) mod key;
mod lock_wait;
mod open;
mod place;
mod presence;
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

use rusqlite::{Connection, Transaction};

use super::rules::Recording;
use super::tables::Tables;
use super::waiting::{Wait, WaitLimits};
use super::{Evidence, Head, LedgerError, LedgerPlace, Stamp, VerifyReport};
use audit::Audit;
#[cfg(feature = "postgres")]
pub(super) use audit::follow_chain;
#[cfg(any(test, feature = "postgres"))]
pub(super) use audit_stamp::LARGE;
pub(super) use audit_stamp::Watch;
pub(super) use failure::Failure;
use place::Place;
use presence::Presence;
pub(super) use store::Turn;

/// How long a process waits for others when it has nothing more to record.
const AT_THE_END: Duration = Duration::from_millis(500);

/// The ledger in an SQLite file, with a write-ahead log. Every commit is synced to the disk. Several processes can use it at once. Each
/// thread opens its own.
#[derive(Debug)]
pub struct SqliteLedger {
    db: Connection,
    path: PathBuf,
    wait_limits: WaitLimits,
    /// Present if decisions depend on this ledger, absent if it was opened only for reading.
    audit: Option<RefCell<Audit>>,
    /// The files that were opened.
    place: Option<Place>,
    /// Watches the files from the audit until they are stamped.
    watch: RefCell<Watch>,
    /// The number of events from which a ledger is stamped.
    large: u64,
    /// The head at the opening, and then after this connection's last write.
    known: Option<Head>,
    /// `None` if the directory cannot be opened. The last field, so it ends after the connection.
    presence: Option<Presence>,
}

impl SqliteLedger {
    /// Runs one transaction, after waiting for its turn. `decides`: the ledger must be audited first. A change that only adds to an earlier
    /// decision does not need that.
    fn record_with<T>(
        &mut self,
        stamp: &Stamp,
        decides: bool,
        change: impl FnOnce(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        let wait = self.wait_limits.begin();
        let longest_wait = self.wait_limits.longest();
        let recorded = || {
            let watch = self.watch.get_mut();
            let queue = watch.queue(&wait);
            if let Some(place) = &self.place {
                place.refuse_replaced(&self.path)?;
            }
            if let Some(presence) = self.presence.as_ref().filter(|_| decides) {
                presence.refuse_removed()?;
            }
            let mut recording = Recording::start(Turn::wait(&self.db, &wait, longest_wait)?, stamp)?;
            let db = recording.store().db();
            if let Some(audit) = &mut self.audit {
                let audit = audit.get_mut();
                if !watch.is_audited(db, audit)? && (decides || audit.is_in_doubt()) {
                    watch.audit(db, audit)?;
                }
            }
            if let Some(known) = &self.known
                && read::hash_of(db, known.count)? != Some(known.hash)
            {
                return Err(LedgerError::Replaced {
                    place: LedgerPlace::file(&self.path),
                }
                .into());
            }
            let was_as_left = watch.is_as_left();
            let result = change(&mut recording)?;
            let (turn, head) = recording.finish();
            let was_as_left = was_as_left && watch.is_file_as_left();
            turn.commit()?;
            watch.committed(was_as_left);
            self.known = Some(head);
            if let Some(place) = &self.place {
                place.refuse_replaced(&self.path)?;
            }
            if let (Some(audit), Some(_)) = (&mut self.audit, queue) {
                watch.hand_over(&self.db, audit.get_mut(), longest_wait);
            }
            Ok(result)
        };
        let result: Result<T, Failure> = recorded();
        let result = result.map_err(|failure| failure.of(&self.path, wait.passed()));
        self.wait_limits.learn_from(&result);
        result
    }

    /// Refuses an unsound ledger if decisions depend on it.
    fn audit_opened(&mut self) -> Result<(), LedgerError> {
        if self.audit.is_none() {
            return Ok(());
        }
        let audited = || {
            self.watch.borrow_mut().measure(&self.db, self.large);
            let snapshot = self.audited(&|db| open::refuse_altered(db, &self.path))?;
            let head = read::head(&snapshot)?;
            snapshot.finish()?;
            Ok(head)
        };
        let result: Result<Head, Failure> = audited();
        self.known = Some(result.map_err(|failure| failure.of(&self.path, self.wait_limits.longest()))?);
        Ok(())
    }

    /// Writes a stamp after opening, so that other processes that have the ledger open need not audit it. For root, SQLite sets the owner of
    /// the log when it opens it, which changes the log's change time.
    fn hand_over_opened(&mut self) {
        let watch = self.watch.get_mut();
        if let (Some(queue), Some(audit)) = (watch.queue(&Wait::of(AT_THE_END)), &mut self.audit) {
            watch.hand_over(&self.db, audit.get_mut(), self.wait_limits.longest());
            drop(queue);
        }
    }

    /// Begins a transaction that sees one state of the ledger: an audited one, if the ledger is open for decisions. `check` runs before the
    /// audit.
    fn audited(
        &self,
        check: &dyn Fn(&Connection) -> Result<(), Failure>,
    ) -> Result<Transaction<'_>, Failure> {
        let snapshot = self.db.unchecked_transaction()?;
        let Some(audit) = &self.audit else {
            return Ok(snapshot);
        };
        let mut audit = audit.borrow_mut();
        if audit.holds(&snapshot)? {
            return Ok(snapshot);
        }
        // Another process has written, and may not have left its stamp yet.
        snapshot.finish()?;
        let mut watch = self.watch.borrow_mut();
        let queue = watch.queue(&self.wait_limits.begin());
        let snapshot = self.db.unchecked_transaction()?;
        check(&snapshot)?;
        // Without the queue, a stamp could be of what another process has audited since this transaction began.
        let is_in_order = queue.is_some() || !watch.has_log();
        let is_audited = is_in_order && watch.is_audited(&snapshot, &mut audit)?;
        // Others need not wait for what is read now.
        drop(queue);
        if !is_audited {
            watch.audit(&snapshot, &mut audit)?;
        }
        Ok(snapshot)
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
        result.map_err(|failure| failure.of(&self.path, self.wait_limits.longest()))
    }
}

impl Drop for SqliteLedger {
    fn drop(&mut self) {
        if let (Some(_), Some(audit)) = (&self.place, &mut self.audit) {
            let watch = self.watch.get_mut();
            // Others who have it open would find the file before the stamp.
            let _queue = watch.queue(&Wait::of(AT_THE_END));
            watch.leave(&self.db, audit.get_mut(), self.large, self.wait_limits.longest());
        }
    }
}

impl Tables for SqliteLedger {
    fn wait_limits(&mut self) -> &mut WaitLimits {
        &mut self.wait_limits
    }

    fn decide<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        self.record_with(stamp, true, change)
    }

    fn record<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        self.record_with(stamp, false, change)
    }

    fn record_unsynced<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        // In WAL mode a commit is still atomic, but no longer waits for the disk.
        let set = |db: &Connection, how: &str| db.pragma_update(None, "synchronous", how);
        set(&self.db, "NORMAL")
            .map_err(|error| Failure::from(error).of(&self.path, self.wait_limits.longest()))?;
        let recorded = self.record(stamp, change);
        set(&self.db, "FULL")
            .map_err(|error| Failure::from(error).of(&self.path, self.wait_limits.longest()))?;
        recorded
    }

    fn look<T>(&self, at: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, LedgerError> {
        let look = || {
            let snapshot = self.audited(&|_| Ok(()))?;
            let found = at(&snapshot)?;
            snapshot.finish()?;
            Ok(found)
        };
        let result: Result<T, Failure> = look();
        result.map_err(|failure| failure.of(&self.path, self.wait_limits.longest()))
    }

    fn others_record(&self) -> Result<bool, LedgerError> {
        self.presence.as_ref().map_or(Ok(true), Presence::has_others)
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
