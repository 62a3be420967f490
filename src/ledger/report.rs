//! The result of a verification.

use std::fmt;

use super::{Digest, Head};
use crate::transparency::Checkpoint;

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// The end of the ledger.
    pub head: Head,
    /// The first faults, in the order of the events.
    pub faults: Vec<Fault>,
    /// The number of further faults.
    pub more: u64,
    /// The number of entries that have not ended.
    pub open: u64,
    /// The result of the comparison with a kept head.
    pub kept: Option<KeptHead>,
    /// The number of events after the kept checkpoint, if the ledger extends it.
    pub since_checkpoint: Option<u64>,
}

/// An earlier state of the ledger that was kept elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// A head.
    pub head: Option<Head>,
    /// A checkpoint. The caller must check who signed it.
    pub checkpoint: Option<Checkpoint>,
}

/// Why a ledger does not extend a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointProblem {
    /// It does not come from this ledger.
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
    /// The events up to there are different.
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
                "the checkpoint has {size} events, and the ledger only {found}: an older copy was restored, or events at its end were removed"
            ),
            Self::Another { size } => write!(
                f,
                "the first {size} events are not those of the checkpoint: the ledger was rewritten, or it is a fork"
            ),
        }
    }
}

impl VerifyReport {
    /// Whether no fault was found.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.faults.is_empty()
    }
}

impl VerifyReport {
    /// Requires a ledger without faults that ends at `head`.
    pub(super) fn require(&self, head: Head) -> Result<(), String> {
        match self.faults.first() {
            Some(fault) => Err(fault.to_string()),
            None if self.head != head => Err(format!("it ends at {}, not at {head}", self.head)),
            None => Ok(()),
        }
    }
}

/// How a ledger relates to a kept head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptHead {
    /// It is on the chain.
    OnTheChain {
        /// The number of events after it.
        later: u64,
    },
    /// The ledger is shorter.
    Missing,
    /// The event of that number has another hash.
    Another,
}

/// A kept head that an operator gives up, to continue with a ledger that does not contain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUpHead {
    /// Where it was kept.
    pub place: String,
    /// The hash of the first event of the ledger that the head belongs to.
    pub ledger: Digest,
    /// The head.
    pub head: Head,
}

/// A fault of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// SQLite reports that the file is damaged.
    File {
        /// What it says.
        found: String,
    },
    /// A table, index or trigger is not as this program creates it.
    Schema {
        /// Its name.
        name: String,
        /// What is wrong with it.
        found: &'static str,
    },
    /// Events are missing.
    Gap {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// A row with a number that no event can have.
    Misplaced {
        /// Its number.
        sequence: i64,
    },
    /// The hash of an event does not follow from its bytes and the hash before it.
    Hash {
        /// The event.
        sequence: u64,
    },
    /// An event is not encoded as this program encodes it.
    Body {
        /// The event.
        sequence: u64,
        /// What is wrong with it.
        found: String,
    },
    /// An event that cannot follow those before it.
    Event {
        /// The event.
        sequence: u64,
        /// Why not.
        found: String,
    },
    /// A row of a table contradicts the events.
    Row {
        /// The table.
        table: &'static str,
        /// The row, by its key.
        row: String,
        /// What is wrong with it.
        found: String,
    },
    /// The ledger does not extend the kept checkpoint.
    Checkpoint(CheckpointProblem),
    /// The kept head is not on the chain.
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
                "the kept head is that of event {}, and the ledger ends before it: events at its end were removed",
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
