//! Requests that are recorded and delivered together.

use std::path::PathBuf;

use super::crew::SignOutcome;
use super::retry::Source;
use crate::ledger::EntryId;
use crate::workflow::delivery::Slot;
use crate::workflow::record::Renewed;
use crate::x509::{ExtensionText, Issued};

/// So many requests are a group: they cost one sync of the ledger each time, and one of the disk. Each output that is held is an open file.
pub(super) const TOGETHER: usize = 64;

/// A group, from begun to delivered.
pub(super) struct Group {
    pub(super) members: Vec<Member>,
    /// So many signatures are missing.
    pub(super) unsigned: usize,
}

/// One request of a group.
pub(super) struct Member {
    /// Its place in the job.
    pub(super) index: usize,
    pub(super) asked: Vec<ExtensionText>,
    pub(super) renews: Option<Renewed>,
    pub(super) retried: bool,
    pub(super) state: State,
}

/// How far it has come.
pub(super) enum State {
    /// Its signature is being made.
    Signing,
    /// The signature is there, or why it is not.
    Ended(SignOutcome),
    /// Signed before; it is read from the ledger when the group is recorded.
    Again { slot: Slot, source: Source },
    /// Signed before, and in its place.
    There { entry: EntryId, path: PathBuf },
    /// Signed before, read from the ledger, and in its place.
    Found {
        entry: EntryId,
        path: PathBuf,
        issued: Box<Issued>,
    },
    /// Its file is being written.
    Publishing,
    /// Nothing comes of it, and why is known.
    Gone,
}

impl Member {
    pub(super) fn take_state(&mut self, next: State) -> State {
        std::mem::replace(&mut self.state, next)
    }
}
