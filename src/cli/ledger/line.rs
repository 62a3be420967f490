//! A line of `ledger list`.

use hsm_ca::ledger::EntryId;

/// An entry as a line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) entry: EntryId,
    /// RFC 3339.
    pub(super) begun: String,
    pub(super) what: &'static str,
    pub(super) state: String,
    /// In hex; only for a certificate.
    pub(super) serial: Option<String>,
    pub(super) about: String,
}
