//! For the unit tests of other modules: another process that uses the ledger.

use std::path::Path;

use rusqlite::Connection;

/// Another process that keeps the ledger locked until it is stopped.
pub(crate) struct SlowWriter(Connection);

impl SlowWriter {
    pub(crate) fn at(path: &Path) -> Self {
        Self(Connection::open(path).unwrap())
    }

    pub(crate) fn start(&self) {
        self.0.execute_batch("BEGIN IMMEDIATE").unwrap();
    }

    pub(crate) fn stop(&self) {
        self.0.execute_batch("ROLLBACK").unwrap();
    }
}
