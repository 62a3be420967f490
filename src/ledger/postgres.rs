//! The ledger on a PostgreSQL server, for several issuers.
//! The server stores only the events. Each issuer verifies the chain as it reads it, and keeps the derived tables, which the rules use, in
//! a private file ([`Replica`]). So nothing on the server can contradict the events, an issuer's role needs only INSERT and SELECT, and a
//! turn costs two round trips for any number of certificates: one for the turn and what others have appended, one to append and commit. The
//! verified part of a large ledger is kept for the next opening (`local_copy`).

mod client_certificate;
mod connection;
mod create;
mod failure;
mod local_copy;
mod place;
mod replica;
mod schema;
mod server;
mod session;
mod tls;
mod turn;

use std::cell::RefCell;
use std::fmt;
use std::io::Write;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::rules::Recording;
use super::sqlite::verify::{EachRow, verify_rows};
use super::sqlite::{Failure, Turn, follow_chain};
use super::store::Contradiction;
use super::tables::Tables;
use super::waiting::WaitLimits;
use super::{Access, Evidence, Fault, Head, LedgerError, LedgerPlace, Stamp, VerifyReport};
use failure::Trouble;
pub use place::PostgresPlace;
use replica::Replica;
use server::Server;

/// How long to wait for a turn, for a server that restarts, or for its replacement.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The pause between two attempts to reach a server.
const PAUSE: Duration = Duration::from_millis(200);

/// The greatest age of data that is read between two turns. Data for a decision is read again in its turn.
const FRESH: Duration = Duration::from_millis(50);

/// How a ledger's place is shown in errors.
fn named(place: &PostgresPlace) -> LedgerPlace {
    LedgerPlace::server(place)
}

/// The ledger on a PostgreSQL server.
/// Each thread opens its own.
pub struct PostgresLedger {
    place: LedgerPlace,
    /// In a cell, because reading also updates the replica.
    state: RefCell<State>,
    wait_limits: WaitLimits,
}

struct State {
    server: Server,
    replica: Replica,
    followed: Option<Instant>,
}

impl fmt::Debug for PostgresLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresLedger")
            .field("place", &self.place.to_string())
            .finish_non_exhaustive()
    }
}

impl PostgresLedger {
    /// Opens a ledger. Never creates one.
    ///
    /// # Errors
    /// [`LedgerError`]: the connection, the server, or the contents of the ledger.
    pub fn open(place: &PostgresPlace, access: Access) -> Result<Self, LedgerError> {
        let ledger = Self::connect(place)?;
        {
            let mut state = ledger.state.borrow_mut();
            if access == Access::Record {
                state.server.become_issuer();
            }
            let found = ledger.persist(&mut state, |state| state.server.find_ledger())?;
            let place = ledger.place.clone();
            let Some(found) = found else {
                return Err(LedgerError::NotFound { place });
            };
            found.refuse(access, &place)?;
            if access != Access::Read {
                ledger.refuse_altered(&mut state)?;
            }
            ledger.begin_with_copy(&mut state)?;
        }
        if access != Access::Read {
            ledger.look(|_| Ok(()))?;
        }
        Ok(ledger)
    }

    /// Whether a ledger is there. Refuses one that cannot be written, and a database where none can be created, before the PIN prompt.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn is_there(place: &PostgresPlace) -> Result<bool, LedgerError> {
        let ledger = Self::connect(place)?;
        let mut state = ledger.state.borrow_mut();
        match ledger.persist(&mut state, |state| state.server.find_ledger())? {
            None => ledger
                .persist(&mut state, |state| state.server.refuse_without_create())
                .map(|()| false),
            Some(found) => {
                found.refuse(Access::Record, &ledger.place)?;
                ledger.refuse_altered(&mut state).map(|()| true)
            }
        }
    }

    fn connect(place: &PostgresPlace) -> Result<Self, LedgerError> {
        let named = named(place);
        Ok(Self {
            state: RefCell::new(State {
                server: Server::new(place)?,
                replica: Replica::new().map_err(|failure| Trouble::from(failure).of(&named))?,
                followed: None,
            }),
            place: named,
            wait_limits: WaitLimits::new(LONGEST_WAIT),
        })
    }

    /// Starts with the local copy, if the server still has its events. Otherwise reads everything.
    fn begin_with_copy(&self, state: &mut State) -> Result<(), LedgerError> {
        let failed = |failure| Trouble::from(failure).of(&self.place);
        state.replica = Replica::kept(state.server.place()).map_err(failed)?;
        if !state.replica.is_copy() {
            return Ok(());
        }
        match self.follow(state) {
            Err(error @ LedgerError::Unreachable { .. }) => Err(error),
            // A server that lacks known events may have been restored. The kept head decides, as it does without a copy.
            Err(_) => state.replica.forget().map_err(failed),
            Ok(()) => Ok(()),
        }
    }

    /// Foreign triggers and rules could falsify what is read or written.
    fn refuse_altered(&self, state: &mut State) -> Result<(), LedgerError> {
        let differences = self.persist(state, |state| state.server.schema_differences())?;
        match differences.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(LedgerError::Altered {
                place: self.place.clone(),
                name,
            }),
        }
    }

    /// Repeats a request while the server is unreachable. A request that fails this way has changed nothing.
    fn persist<T>(
        &self,
        state: &mut State,
        ask: impl Fn(&mut State) -> Result<T, Trouble>,
    ) -> Result<T, LedgerError> {
        let wait = self.wait_limits.begin();
        state.server.wait_as(&wait);
        let mut waits = state.server.was_reached();
        let answer = loop {
            match ask(state) {
                Err(trouble @ Trouble::Lost(_)) if waits && !wait.is_over() => {
                    state.server.disconnect();
                    thread::sleep(PAUSE);
                    // Another attempt would be cut short, which hides this reason.
                    if wait.is_cut_short() {
                        break Err(trouble.of(&self.place));
                    }
                }
                Err(trouble) => {
                    state.server.disconnect();
                    break Err(trouble.of(&self.place));
                }
                Ok(answer) => break Ok(answer),
            }
            // A server that never answered is reported at once.
            waits |= state.server.was_reached();
        };
        self.wait_limits.learn_from(&answer);
        answer
    }

    fn follow(&self, state: &mut State) -> Result<(), LedgerError> {
        if state.followed.is_some_and(|followed| followed.elapsed() < FRESH) {
            return Ok(());
        }
        self.persist(state, |State { server, replica, .. }| {
            replica.follow(|first, each| server.events_from(first, each))
        })?;
        state.followed = Some(Instant::now());
        Ok(())
    }

    /// The rows on the server, unverified.
    fn each_row(&self, each: &mut EachRow<'_>) -> Result<(), LedgerError> {
        let mut state = self.state.borrow_mut();
        // Not repeated after a failure in the middle, because some rows were already passed on.
        let read = state.server.events_from(0, &mut |event| {
            Ok(each(event.sequence, event.body.as_bytes(), event.hash)?)
        });
        read.map_err(|trouble| trouble.of(&self.place))
    }

    /// Whether it started with a local copy instead of reading everything.
    #[cfg(all(test, feature = "softhsm-tests"))]
    pub(super) fn has_begun_with_copy(&self) -> bool {
        self.state.borrow().replica.is_copy()
    }

    /// The number of times this ledger has waited for an answer of the server.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.state.borrow().server.trips
    }
}

impl Tables for PostgresLedger {
    fn wait_limits(&mut self) -> &mut WaitLimits {
        &mut self.wait_limits
    }

    fn decide<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        self.record(stamp, change)
    }

    fn record<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        let wait = self.wait_limits.begin();
        let State {
            server,
            replica,
            followed,
        } = self.state.get_mut();
        server.wait_as(&wait);
        let result = loop {
            match turn::take(server, replica, stamp, &change, &wait) {
                Ok(result) => {
                    *followed = Some(Instant::now());
                    break Ok(result);
                }
                // Nothing was recorded, for certain.
                Err(trouble @ Trouble::Lost(_)) if !wait.is_over() => {
                    server.disconnect();
                    thread::sleep(PAUSE);
                    if wait.is_cut_short() {
                        break Err(trouble.of(&self.place));
                    }
                }
                Err(trouble) => break Err(trouble.of(&self.place)),
            }
        };
        self.wait_limits.learn_from(&result);
        result
    }

    fn look<T>(&self, at: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, LedgerError> {
        self.follow(&mut self.state.borrow_mut())?;
        let found = at(self.state.borrow().replica.db());
        found.map_err(|failure| {
            self.state.borrow_mut().replica.distrust_after(&failure);
            Trouble::from(failure).of(&self.place)
        })
    }

    /// Another issuer may have recorded events, and its head on the token, since the last read.
    fn look_now<T>(&self, at: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, LedgerError> {
        self.state.borrow_mut().followed = None;
        self.look(at)
    }

    fn others_record(&self) -> Result<bool, LedgerError> {
        let mut state = self.state.borrow_mut();
        let others = self.persist(&mut state, |state| state.server.has_other_issuers())?;
        // What is read for the answer must be newer than the answer.
        state.followed = None;
        Ok(others)
    }

    fn verify_events(&self, kept: &Evidence, seen: &mut dyn FnMut(u64)) -> Result<VerifyReport, LedgerError> {
        let differences = {
            let mut state = self.state.borrow_mut();
            self.persist(&mut state, |state| state.server.schema_differences())?
        };
        let faults = differences
            .into_iter()
            .map(|(name, found)| Fault::Schema { name, found })
            .collect();
        let mut count = 0;
        let rows = |each: &mut EachRow<'_>| {
            let read = self.each_row(&mut |sequence, body, hash| {
                count = u64::saturating_add(count, 1);
                seen(count);
                each(sequence, body, hash)
            });
            Ok(read?)
        };
        verify_rows(rows, kept, faults).map_err(|failure| Trouble::from(failure).of(&self.place))
    }

    fn each_event(&self, each: &mut dyn FnMut(&Head, &[u8]) -> ControlFlow<()>) -> Result<(), LedgerError> {
        let (mut head, mut is_done) = (Head::EMPTY, false);
        self.each_row(&mut |sequence, body, hash| {
            if !is_done {
                let text = std::str::from_utf8(body).map_err(|error| Contradiction(error.to_string()))?;
                head = follow_chain(head, sequence, text, hash)?;
                is_done = each(&head, body).is_break();
            }
            Ok(())
        })
    }

    fn export_events(&self, to: &mut dyn Write) -> Result<Head, LedgerError> {
        let failed = |cause| LedgerError::Export { cause };
        let mut head = Head::EMPTY;
        self.each_row(&mut |sequence, body, hash| {
            head = Head {
                count: u64::try_from(sequence).map_err(|_| LedgerError::Range)?,
                hash,
            };
            write!(to, "{{\"hash\":\"{hash}\",\"event\":").map_err(failed)?;
            to.write_all(body).map_err(failed)?;
            to.write_all(b"}\n").map_err(failed)?;
            Ok(())
        })?;
        to.flush().map_err(failed)?;
        Ok(head)
    }
}
