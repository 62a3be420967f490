//! The record of what the CA keys signed, written before and after each signature, so that no signature is missing from it.
//!
//! [`Ledger`] is the trait; [`SqliteLedger`] keeps a ledger in a file. A ledger is a chain of events, whose current end is its [`Head`],
//! and tables derived from them. `docs/ledger.md` defines the bytes of the events and of the chain, so that other software can check them.
//!
//! The ledger does not parse X.509: to it, names, keys, requests and signed objects are bytes, hashes and texts. It does not read the
//! clock: every change carries a [`Stamp`].

mod columns;
mod copy;
mod error;
mod event;
mod exported;
#[cfg(test)]
pub(crate) mod fixture;
mod interface;
mod key;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
mod report;
mod revocation;
mod rules;
mod spelling;
mod sqlite;
mod store;
mod tables;
mod takeover;
mod tally;
mod tree;
mod url;
mod value;
mod waiting;

pub use copy::copy_ledger;
pub use error::{CrlNumberProblem, LedgerError, ServerRefusal};
pub use event::Head;
pub use exported::{ExportFault, ExportedEvents};
pub use interface::Ledger;
pub use key::{KeyAct, KeyEntry, KeyFilter, KeyIntent, KeyRecord, KeyState, KeyToken};
pub use place::{Access, LedgerPlace};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresLedger, PostgresPlace};
pub use record::{
    Adoption, Authority, DeliveryState, Entry, EntryFilter, EntryState, Intent, KnownCertificate, Object,
    Outcome, RecordedName, SoleCertificate, Stamp, Unfinished,
};
pub use report::{CheckpointProblem, Evidence, Fault, GivenUpHead, KeptHead, VerifyReport};
pub use revocation::{
    CompromisedKey, ReservedCrlNumber, RevocationRecord, RevocationRequest, RevocationState,
};
pub use sqlite::SqliteLedger;
pub use takeover::{AdoptedCrl, AuthorityCertificate, KnownAuthority, PathCheck, TakenOver, Takeover};
pub use tree::{EventPath, ExtensionPath, ProvenEvent, current_checkpoint, event_path, extension_path};
pub use url::{LedgerUrl, LedgerUrlError};
pub use value::{Der, EntryId, Misspelt};

pub use crate::values::{CrlNumber, Digest, Name, RevocationReason, SerialNumber, UnixTime};

#[cfg(test)]
mod tests;
