//! For the unit tests of other rooms: someone else who uses the ledger.

use std::path::Path;

use rusqlite::Connection;

/// Another process, which writes to the ledger for as long as it likes.
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
