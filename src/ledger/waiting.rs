//! How long a ledger waits: for a lock of another process, for its turn, or for a server that does not answer.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::LedgerError;

/// For some time after a wait in vain, each further change waits only this long. A batch still records each group that it has signed: without
/// this limit, each group would wait for the same lock or server again.
const AFTER_A_WAIT_IN_VAIN: Duration = Duration::from_millis(200);

/// How long a wait continues after the interruption: enough for a ledger that works.
const AFTER_THE_INTERRUPTION: Duration = Duration::from_millis(1500);

/// The limits of all waits of one open ledger.
#[derive(Debug)]
pub(super) struct WaitLimits {
    longest: Duration,
    interrupted: Arc<AtomicBool>,
    /// When a wait was in vain, unless something worked since.
    in_vain: Cell<Option<Instant>>,
}

impl WaitLimits {
    pub(super) fn new(longest: Duration) -> Self {
        Self {
            longest,
            interrupted: Arc::default(),
            in_vain: Cell::new(None),
        }
    }

    pub(super) fn end_when(&mut self, interrupted: Arc<AtomicBool>) {
        self.interrupted = interrupted;
    }

    /// The longest wait.
    pub(super) const fn longest(&self) -> Duration {
        self.longest
    }

    /// A wait begins.
    pub(super) fn begin(&self) -> Wait {
        let is_short = self
            .in_vain
            .get()
            .is_some_and(|when| when.elapsed() < self.longest);
        Wait {
            start: Instant::now(),
            longest: match is_short {
                true => self.longest.min(AFTER_A_WAIT_IN_VAIN),
                false => self.longest,
            },
            #[cfg(feature = "postgres")]
            is_short,
            interrupted: Arc::clone(&self.interrupted),
            noticed: Cell::new(None),
        }
    }

    /// Learns from the result of a change whether the next wait can help.
    pub(super) fn learn_from<T>(&self, result: &Result<T, LedgerError>) {
        match result {
            Ok(_) => self.in_vain.set(None),
            Err(
                LedgerError::Locked { .. } | LedgerError::Unreachable { .. } | LedgerError::Unresolved { .. },
            ) if self
                .in_vain
                .get()
                .is_none_or(|when| when.elapsed() >= self.longest) =>
            {
                self.in_vain.set(Some(Instant::now()));
            }
            Err(_) => {}
        }
    }
}

/// One wait, which may have several parts.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    start: Instant,
    longest: Duration,
    /// After a wait in vain.
    #[cfg(feature = "postgres")]
    is_short: bool,
    interrupted: Arc<AtomicBool>,
    /// When the interruption was noticed.
    noticed: Cell<Option<Instant>>,
}

impl Wait {
    /// A wait that only time ends.
    pub(super) fn of(longest: Duration) -> Self {
        WaitLimits::new(longest).begin()
    }

    pub(super) fn is_over(&self) -> bool {
        self.start.elapsed() >= self.longest || self.is_interrupted()
    }

    /// Whether a request that was sent is not waited for either. Otherwise its answer may take longer than the wait for a turn.
    #[cfg(feature = "postgres")]
    pub(super) fn is_cut_short(&self) -> bool {
        self.is_short && self.is_over() || self.is_interrupted()
    }

    fn is_interrupted(&self) -> bool {
        if !self.interrupted.load(Ordering::SeqCst) {
            return false;
        }
        let noticed = self.noticed.get().unwrap_or_else(Instant::now);
        self.noticed.set(Some(noticed));
        noticed.elapsed() >= AFTER_THE_INTERRUPTION
    }

    /// How long it has lasted.
    pub(super) fn passed(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::LedgerPlace;

    #[test]
    fn after_a_wait_in_vain_the_next_ones_are_short_until_something_works() {
        let limits = WaitLimits::new(Duration::from_secs(30));
        assert_eq!(limits.begin().longest, limits.longest());
        limits.learn_from::<()>(&Err(LedgerError::Locked {
            place: LedgerPlace::file("l.db".as_ref()),
            waited: Duration::from_secs(30),
        }));
        let wait = limits.begin();
        assert!(!wait.is_over());
        std::thread::sleep(AFTER_A_WAIT_IN_VAIN);
        assert!(wait.is_over());
        limits.learn_from(&Ok(()));
        assert_eq!(limits.begin().longest, limits.longest());
    }
}
