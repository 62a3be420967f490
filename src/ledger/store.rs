//! The interface between the rules and a database. Another database is another implementation of it.

use super::event::Event;
use super::{Authority, CrlNumber, Digest, EntryId, Head, LedgerError, RevocationState, SerialNumber};

/// One transaction of a database, which holds the only turn to write. Other processes see none of it until it is committed. Everything
/// that it returns is derived from its events: [`append`](Self::append) updates the tables.
pub(super) trait Store {
    /// Why the database could not be read or written, or the refusal of a rule.
    type Error: From<LedgerError> + From<Contradiction>;

    /// The ledger's head.
    fn head(&self) -> Result<Head, Self::Error>;

    /// Appends the next event: `body` is its bytes, and `hash` the chain's hash after it. Refuses one that cannot follow the events before
    /// it.
    fn append(&mut self, event: &Event, body: &str, hash: Digest) -> Result<(), Self::Error>;

    /// One event.
    fn event(&self, sequence: u64) -> Result<Option<Event>, Self::Error>;

    /// The event that ended an entry.
    fn end_of_entry(&self, entry: EntryId) -> Result<Option<u64>, Self::Error>;

    /// The event that ended an action on a key.
    fn end_of_key(&self, begun: EntryId) -> Result<Option<u64>, Self::Error>;

    /// The event that introduced an authority.
    fn authority(&self, authority: &Authority) -> Result<Option<u64>, Self::Error>;

    /// The entry with a serial number of this authority's name, for any of its keys.
    fn entry_of_serial(&self, authority: u64, serial: &SerialNumber) -> Result<Option<EntryId>, Self::Error>;

    /// The latest revocation or release of a certificate of this authority.
    fn revocation(
        &self,
        authority: u64,
        serial: &SerialNumber,
    ) -> Result<Option<RevocationState>, Self::Error>;

    /// The CRL numbers of this authority's name from `from` on, and `also`.
    fn crl_numbers(
        &self,
        authority: u64,
        from: CrlNumber,
        also: Option<CrlNumber>,
    ) -> Result<Vec<CrlNumberUse>, Self::Error>;

    /// The highest CRL number of this authority's name.
    fn highest_crl_number(&self, authority: u64) -> Result<Option<CrlNumber>, Self::Error>;

    /// The last event about this certificate of the authority's own.
    fn authority_certificate(&self, authority: u64, sha256: &Digest) -> Result<Option<u64>, Self::Error>;
}

/// A CRL number that was reserved, and the entries of its complete and its delta CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CrlNumberUse {
    pub(super) number: CrlNumber,
    pub(super) complete: Option<EntryId>,
    pub(super) delta: Option<EntryId>,
}

impl CrlNumberUse {
    pub(super) const fn is_used(&self) -> bool {
        self.complete.is_some() || self.delta.is_some()
    }
}

/// The stored data contradicts itself: the ledger is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contradiction(pub(super) String);
