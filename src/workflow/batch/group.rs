//! Pieces that are recorded and delivered together.

use super::Batch;
use super::crew::SignOutcome;
use crate::workflow::Finished;

/// So many pieces are a group: they cost one sync of the ledger each time, and one of the disk. Each output that is held is an open file.
pub(super) const TOGETHER: usize = 64;

/// A group, from begun to delivered.
pub(super) struct Group<B: Batch> {
    pub(super) members: Vec<Member<B>>,
    /// So many signatures are missing.
    pub(super) unsigned: usize,
}

/// One piece of a group.
pub(super) struct Member<B: Batch> {
    /// Its place in the batch.
    pub(super) index: usize,
    pub(super) memo: B::Memo,
    pub(super) state: State<B>,
}

/// How far it has come.
pub(super) enum State<B: Batch> {
    /// Its signature is being made.
    Signing,
    /// The signature is there, or why it is not.
    Ended(SignOutcome<B::Object>),
    /// Signed before; it is read from the ledger when the group is recorded.
    Known(B::Known),
    /// Signed before, read from the ledger, and in its place.
    There(Box<Finished<B::Object>>),
    /// Its file is being written.
    Publishing,
    /// Nothing comes of it, and why is known.
    Gone,
}

impl<B: Batch> Member<B> {
    pub(super) fn take_state(&mut self, next: State<B>) -> State<B> {
        std::mem::replace(&mut self.state, next)
    }
}
