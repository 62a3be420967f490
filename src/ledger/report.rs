//! What a verification found.

use std::fmt;

use super::{Digest, Head};
use crate::transparency::Checkpoint;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// How far the ledger goes.
    pub head: Head,
    /// What is wrong, in the order of the events; the first ones only.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub more: u64,
    /// How many entries began and did not end.
    pub open: u64,
    /// What the head that was kept elsewhere shows.
    pub kept: Option<KeptHead>,
    /// How many events came after the checkpoint that was kept elsewhere, where the ledger extends it.
    pub since_checkpoint: Option<u64>,
}

/// What was kept elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// A head.
    pub head: Option<Head>,
    /// A checkpoint. Who made it is for the caller to check.
    pub checkpoint: Option<Checkpoint>,
}

/// Why a ledger does not extend a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointProblem {
    /// It is from another ledger, or none.
    OtherLedger {
        /// The checkpoint's origin.
        origin: String,
        /// The origin of this ledger's checkpoints.
        own: String,
    },
    /// The ledger is shorter.
    Missing {
        /// The checkpoint's size.
        size: u64,
        /// How many events the ledger has.
        found: u64,
    },
    /// The events up to there are others.
    Another {
        /// The checkpoint's size.
        size: u64,
    },
}

impl fmt::Display for CheckpointProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherLedger { origin, own } => {
                write!(f, "the checkpoint is from {origin}, and this ledger is {own}")
            }
            Self::Missing { size, found } => write!(
                f,
                "the checkpoint has {size} events, and the ledger only {found}: an older copy was restored, or events were cut off its end"
            ),
            Self::Another { size } => write!(
                f,
                "the first {size} events are not those of the checkpoint: the ledger was rewritten, or it is a fork"
            ),
        }
    }
}

impl VerifyReport {
    /// Nothing is wrong, as far as can be seen from here.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.faults.is_empty()
    }
}

impl VerifyReport {
    /// Nothing is wrong, and the ledger goes exactly so far; or what is not so.
    pub(super) fn require(&self, head: Head) -> Result<(), String> {
        match self.faults.first() {
            Some(fault) => Err(fault.to_string()),
            None if self.head != head => Err(format!("it goes to {}, and not to {head}", self.head)),
            None => Ok(()),
        }
    }
}

/// What a head that was kept elsewhere shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptHead {
    /// The chain goes through it.
    OnTheChain {
        /// How many events came after it.
        later: u64,
    },
    /// The ledger is shorter.
    Missing,
    /// The event of that number has another hash.
    Another,
}

/// A head that was kept elsewhere, and that an operator gives up: the ledger in use goes on without what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUpHead {
    /// Where it was kept.
    pub place: String,
    /// The hash of the first event of the ledger that it is of.
    pub ledger: Digest,
    /// The head.
    pub head: Head,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The file itself: what SQLite says.
    File {
        /// What it says.
        found: String,
    },
    /// A table, index or trigger is not as this program made it.
    Schema {
        /// Its name.
        name: String,
        /// What is wrong with it.
        found: &'static str,
    },
    /// Events are not there.
    Gap {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// A row in a place where no event can be.
    Misplaced {
        /// Its number.
        sequence: i64,
    },
    /// The hash of an event does not follow from the one before and its bytes: one of them was changed.
    Hash {
        /// The event.
        sequence: u64,
    },
    /// An event is not written as this program writes it.
    Body {
        /// The event.
        sequence: u64,
        /// What is wrong with it.
        found: String,
    },
    /// An event that cannot follow on those before it.
    Event {
        /// The event.
        sequence: u64,
        /// Why not.
        found: String,
    },
    /// A row of a table is not what the events say.
    Row {
        /// The table.
        table: &'static str,
        /// The row, by its key.
        row: String,
        /// What is wrong with it.
        found: String,
    },
    /// The ledger does not extend the checkpoint that was kept elsewhere.
    Checkpoint(CheckpointProblem),
    /// The head that was kept elsewhere is not on the chain.
    Kept {
        /// The head.
        kept: Head,
        /// How.
        how: KeptHead,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { found } => write!(f, "the database file: {found}"),
            Self::Schema { name, found } => write!(f, "{name}: {found}"),
            Self::Gap { first, last } if first == last => write!(f, "event {first} is missing"),
            Self::Gap { first, last } => write!(f, "events {first} to {last} are missing"),
            Self::Misplaced { sequence } => write!(f, "event {sequence} does not belong to the chain"),
            Self::Hash { sequence: 1 } => write!(f, "event 1: its hash does not match: it was changed"),
            Self::Hash { sequence } => write!(
                f,
                "event {sequence}: its hash does not match: it, or the one before it, was changed or moved"
            ),
            Self::Body { sequence, found } | Self::Event { sequence, found } => {
                write!(f, "event {sequence}: {found}")
            }
            Self::Row { table, row, found } => write!(f, "table {table}, {row}: {found}"),
            Self::Checkpoint(problem) => problem.fmt(f),
            Self::Kept {
                kept,
                how: KeptHead::Missing,
            } => write!(
                f,
                "the kept head is of event {}, and the ledger ends before it: events were cut off its end",
                kept.count
            ),
            Self::Kept { kept, .. } => write!(
                f,
                "the kept head is not the hash of event {}: the head was taken from a different chain",
                kept.count
            ),
        }
    }
}
