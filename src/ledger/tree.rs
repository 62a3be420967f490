//! The events as the leaves of a Merkle tree: checkpoints of a ledger, and proofs about its events, for any store.

use std::ops::ControlFlow;

use super::event::{Event, Unread, What};
use super::{CheckpointProblem, Digest, EntryId, Head, Ledger, LedgerError, UnixTime};
use crate::transparency::{Checkpoint, Frontier, PathBuilder, leaf_hash};

/// The origin of a ledger's checkpoints, by the hash of its first event.
fn origin_of(first: Digest) -> String {
    format!("hsm-ca/ledger/{first}")
}

/// An event, and the path from it to the root hash of a checkpoint: the parts of an
/// [`InclusionProof`](crate::transparency::InclusionProof).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPath {
    /// The event's bytes.
    pub event: Vec<u8>,
    /// Its number, from 0.
    pub index: u64,
    /// The hashes, from its sibling to the root's child.
    pub hashes: Vec<Digest>,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}

/// The path from an older checkpoint to a newer one: the parts of a [`ConsistencyProof`](crate::transparency::ConsistencyProof).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionPath {
    /// The hashes.
    pub hashes: Vec<Digest>,
    /// The newer checkpoint.
    pub checkpoint: Checkpoint,
}

/// A checkpoint of the current ledger.
///
/// # Errors
/// [`LedgerError::Damaged`] if the chain is broken, or that the ledger cannot be read.
pub fn current_checkpoint(ledger: &dyn Ledger) -> Result<Checkpoint, LedgerError> {
    Walk::over(ledger, &[], None, |_, _| {})
}

/// The path of an event to the current head, or to an earlier checkpoint.
///
/// # Errors
/// [`LedgerError::NotExtended`], [`LedgerError::NoEntry`] if the checkpoint is older than the event, [`LedgerError::Damaged`] if the chain
/// is broken, or that the ledger cannot be read.
pub fn event_path(
    ledger: &dyn Ledger,
    sequence: u64,
    at: Option<&Checkpoint>,
) -> Result<EventPath, LedgerError> {
    let size = size_of(ledger, at)?;
    let no_entry = || LedgerError::NoEntry {
        entry: EntryId(sequence),
    };
    let index = sequence.checked_sub(1).ok_or_else(no_entry)?;
    let mut path = PathBuilder::inclusion(index, size).ok_or_else(no_entry)?;
    let mut event = Vec::new();
    let checkpoint = Walk::over(ledger, at.as_slice(), Some(size), |leaf, body| {
        path.push(leaf.hash);
        if leaf.sequence == sequence {
            event = body.to_vec();
        }
    })?;
    Ok(EventPath {
        event,
        index,
        hashes: path.finish().ok_or_else(no_entry)?,
        checkpoint,
    })
}

/// The path from a checkpoint to the current head, or to a later checkpoint.
///
/// # Errors
/// [`LedgerError::NotExtended`], [`LedgerError::Damaged`] where the chain breaks, or that the ledger cannot be read.
pub fn extension_path(
    ledger: &dyn Ledger,
    since: &Checkpoint,
    at: Option<&Checkpoint>,
) -> Result<ExtensionPath, LedgerError> {
    let size = size_of(ledger, at)?;
    let missing = || {
        let (old, found) = (since.size(), size);
        LedgerError::NotExtended(match old {
            0 => CheckpointProblem::Another { size: old },
            size => CheckpointProblem::Missing { size, found },
        })
    };
    let mut path = PathBuilder::consistency(since.size(), size).ok_or_else(missing)?;
    let kept: Vec<_> = at.into_iter().chain([since]).collect();
    let checkpoint = Walk::over(ledger, &kept, Some(size), |leaf, _| path.push(leaf.hash))?;
    Ok(ExtensionPath {
        hashes: path.finish().ok_or_else(missing)?,
        checkpoint,
    })
}

fn size_of(ledger: &dyn Ledger, at: Option<&Checkpoint>) -> Result<u64, LedgerError> {
    match at {
        Some(checkpoint) => Ok(checkpoint.size()),
        None => Ok(ledger.head()?.count),
    }
}

/// One event of the walk.
struct Leaf {
    sequence: u64,
    hash: Digest,
}

/// One walk through the events, and the checkpoints to compare with it.
struct Walk;

impl Walk {
    /// The checkpoint of the first `size` events, or of all. Each of `kept` must belong to this ledger.
    fn over(
        ledger: &dyn Ledger,
        kept: &[&Checkpoint],
        size: Option<u64>,
        mut each: impl FnMut(&Leaf, &[u8]),
    ) -> Result<Checkpoint, LedgerError> {
        let mut watches: Vec<_> = kept.iter().map(|kept| CheckpointWatch::of(kept)).collect();
        let (mut tree, mut first) = (Frontier::default(), Head::EMPTY);
        ledger.events(&mut |head, body| {
            if head.count == 1 {
                first = *head;
            }
            let leaf = Leaf {
                sequence: head.count,
                hash: leaf_hash(body),
            };
            watches.iter_mut().for_each(|watch| watch.push(head, leaf.hash));
            if size.is_none_or(|size| head.count <= size) {
                tree.push(leaf.hash);
                each(&leaf, body);
            }
            ControlFlow::Continue(())
        })?;
        for watch in watches {
            watch.verdict().map_err(LedgerError::NotExtended)?;
        }
        let origin = origin_of(first.hash);
        Checkpoint::of(&origin, &tree).map_err(|_| {
            // An origin of hex digits contains no refused character.
            LedgerError::NoEntry { entry: EntryId(0) }
        })
    }
}

/// Compares a checkpoint with the events of a walk.
#[derive(Debug)]
pub(super) struct CheckpointWatch<'a> {
    kept: &'a Checkpoint,
    tree: Frontier,
    origin: String,
    found: u64,
}

impl<'a> CheckpointWatch<'a> {
    pub(super) fn of(kept: &'a Checkpoint) -> Self {
        Self {
            kept,
            tree: Frontier::default(),
            origin: String::new(),
            found: 0,
        }
    }

    /// Adds the next event: the head of the chain after it, and the hash of its leaf.
    pub(super) fn push(&mut self, head: &Head, leaf: Digest) {
        if head.count == 1 {
            self.origin = origin_of(head.hash);
        }
        self.found = head.count;
        if head.count <= self.kept.size() {
            self.tree.push(leaf);
        }
    }

    /// The number of events after the checkpoint.
    pub(super) fn verdict(self) -> Result<u64, CheckpointProblem> {
        let (size, found) = (self.kept.size(), self.found);
        if self.kept.origin() != self.origin {
            return Err(CheckpointProblem::OtherLedger {
                origin: self.kept.origin().to_owned(),
                own: self.origin,
            });
        }
        match found.checked_sub(size) {
            None => Err(CheckpointProblem::Missing { size, found }),
            // A ledger is never empty, so its checkpoints are not either.
            Some(later) if size > 0 && self.tree.size() == size && self.tree.root() == self.kept.root() => {
                Ok(later)
            }
            Some(_) => Err(CheckpointProblem::Another { size }),
        }
    }
}

/// The event of a proof: a signature was made, or an object was adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenEvent {
    /// Its number, from 1.
    pub sequence: u64,
    /// When it was recorded.
    pub time: UnixTime,
    /// By whom.
    pub by: String,
    /// `signed` or `adopted`.
    pub what: &'static str,
    /// The entry that it ends.
    pub entry: EntryId,
    /// SHA-256 of the object.
    pub sha256: Digest,
}

impl ProvenEvent {
    /// Reads the event of a proof. None if it is not an event that ends an entry with an object.
    #[must_use]
    pub fn read(event: &[u8]) -> Option<Self> {
        let event = Event::<Unread>::decode(str::from_utf8(event).ok()?).ok()?;
        let (what, entry, sha256) = match event.event {
            What::Signed { entry, sha256, .. } => ("signed", entry, sha256),
            What::Adopted {
                sha256: Some(sha256), ..
            } => ("adopted", EntryId(event.sequence), sha256),
            _ => return None,
        };
        Some(Self {
            sequence: event.sequence,
            time: event.time,
            by: event.by,
            what,
            entry,
            sha256,
        })
    }
}
