//! Pieces that are recorded and delivered together.

use super::Batch;
use super::crew::SignOutcome;
use crate::workflow::Finished;

/// The number of pieces in each group of a batch of `count`. Each group costs a few syncs of the ledger and one of the disk, so a large batch has
/// large groups. In a small batch more groups overlap. Each held output is an open file.
pub(super) const fn group_size(count: usize) -> usize {
    match count {
        ..1000 => 64,
        _ => 128,
    }
}

/// A group, from begun to delivered.
pub(super) struct Group<B: Batch> {
    pub(super) members: Vec<Member<B>>,
    /// The number of signatures that are missing.
    pub(super) unsigned: usize,
}

/// One piece of a group.
pub(super) struct Member<B: Batch> {
    /// Its index in the batch.
    pub(super) index: usize,
    pub(super) memo: B::Memo,
    pub(super) state: State<B>,
}

/// The state of a piece.
pub(super) enum State<B: Batch> {
    /// Its signature is being made.
    Signing,
    /// It was signed, or failed.
    Ended(SignOutcome<B::Object>),
    /// Signed before. It is read from the ledger when the group is recorded.
    Known(B::Known),
    /// Signed before, read from the ledger, and its file exists.
    There(Box<Finished<B::Object>>),
    /// Its file is being written.
    Publishing,
    /// Not delivered; the reason is known.
    Gone,
}

impl<B: Batch> Member<B> {
    pub(super) fn take_state(&mut self, next: State<B>) -> State<B> {
        std::mem::replace(&mut self.state, next)
    }
}
