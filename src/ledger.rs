//! What the CA key signed: recorded before and after, so that nothing that happened is ever unknown.
//!
//! [`Ledger`] is the one trait; [`SqliteLedger`] keeps it in a file. A ledger is a chain of events ([`Head`] is how far it goes) and
//! tables that follow from them; `docs/ledger.md` defines the events' bytes and the chain, so that others can check it.
//!
//! The ledger knows no X.509: names, keys, requests and signed objects are bytes, hashes and texts to it. It reads no clock: every
//! change carries a [`Stamp`].

mod columns;
mod copy;
mod error;
mod event;
mod exported;
#[cfg(test)]
pub(crate) mod fixture;
mod key;
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

use std::io::Write;
use std::ops::ControlFlow;

pub use copy::copy_ledger;
pub use error::{CrlNumberProblem, LedgerError, ServerRefusal};
pub use event::Head;
pub use exported::{ExportFault, ExportedEvents};
pub use key::{KeyAct, KeyEntry, KeyFilter, KeyIntent, KeyRecord, KeyState, KeyToken};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresLedger, PostgresPlace};
pub use record::{
    Adoption, Authority, DeliveryState, Entry, EntryFilter, EntryState, Intent, KnownCertificate, Object,
    Outcome, RecordedName, Stamp, Unfinished,
};
pub use report::{CheckpointProblem, Evidence, Fault, GivenUpHead, KeptHead, VerifyReport};
pub use revocation::{
    CompromisedKey, ReservedCrlNumber, RevocationRecord, RevocationRequest, RevocationState,
};
pub use sqlite::SqliteLedger;
pub use takeover::{AdoptedCrl, AuthorityCertificate, KnownAuthority, PathCheck, TakenOver, Takeover};
pub use tree::{EventPath, ExtensionPath, ProvenEvent, current_checkpoint, event_path, extension_path};
pub use url::{Access, LedgerPlace, LedgerUrl, LedgerUrlError};
pub use value::{Der, EntryId, Misspelt};

pub use crate::values::{CrlNumber, Digest, Name, RevocationReason, SerialNumber, UnixTime};

/// The record of a CA.
///
/// A signature goes [`begin`](Self::begin), sign, verify, [`complete`](Self::complete). Each call that changes something is one
/// transaction, and is on the disk when it returns; if it returns an error, or the process dies in it, all of it is recorded or
/// nothing. After an error of the disk, ask ([`entry`](Self::entry), [`certificate`](Self::certificate)) before assuming either.
/// Several processes may use one ledger; they take turns.
///
/// Changes take `&mut self`, and reading `&self`: what is called back while reading cannot change the ledger that it reads.
pub trait Ledger: Send {
    /// Records signatures that are about to be made, all or none, in one transaction: a batch costs one sync of the disk.
    /// Serial numbers are used from here on, whatever becomes of the signatures.
    ///
    /// # Errors
    /// [`LedgerError::SerialUsed`] for a number that this issuer's name ever had, [`LedgerError::CrlNumber`] for one that is not
    /// reserved or has been passed, or that the ledger cannot be written. Then nothing may be signed.
    fn begin_many(&mut self, intents: &[Intent], stamp: &Stamp) -> Result<Vec<EntryId>, LedgerError>;

    /// Records signatures that were made and verified, all or none, in one transaction. Doing it again with the same bytes
    /// changes nothing.
    ///
    /// # Errors
    /// [`LedgerError::OtherBytes`] when what was signed is not what was begun, [`LedgerError::Ended`], [`LedgerError::NoEntry`], or that
    /// the ledger cannot be written. The signature exists anyway; using it leaves no trace in the ledger.
    fn complete_many(&mut self, outcomes: &[Outcome<'_>], stamp: &Stamp) -> Result<(), LedgerError>;

    /// Records that nothing will come of these entries, and why: all or none, in one transaction. Their serial numbers stay used.
    ///
    /// # Errors
    /// [`LedgerError::Ended`], [`LedgerError::NoEntry`], or that the ledger cannot be written.
    fn abandon_many(&mut self, entries: &[EntryId], reason: &str, stamp: &Stamp) -> Result<(), LedgerError>;

    /// Records that signed objects have reached their files or their caller, all or none; again for every copy that is handed out later.
    ///
    /// The only change that is not synced: a loss of power can take these events with it, as a whole, and those before them stay. What
    /// was delivered then counts as undelivered, which costs a look. Whatever is recorded next, in any process, is synced with it.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`] where nothing was signed, or that the ledger cannot be written.
    fn deliver_many(&mut self, entries: &[EntryId], stamp: &Stamp) -> Result<(), LedgerError>;

    /// Records that a key is about to come to a token, or to go from it.
    ///
    /// # Errors
    /// That the ledger cannot be written. Then nothing may be done to the key.
    fn begin_key(&mut self, intent: &KeyIntent, stamp: &Stamp) -> Result<EntryId, LedgerError>;

    /// Records that it came, or went, and how it read back.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`], [`LedgerError::Ended`], or that the ledger cannot be written.
    fn complete_key(&mut self, begun: EntryId, key: &KeyRecord, stamp: &Stamp) -> Result<(), LedgerError>;

    /// Records that it did not, and why.
    ///
    /// # Errors
    /// Those of [`complete_key`](Self::complete_key).
    fn fail_key(&mut self, begun: EntryId, reason: &str, stamp: &Stamp) -> Result<(), LedgerError>;

    /// Records a certificate that was signed without this ledger, so that it can be revoked and its serial number is not used.
    ///
    /// # Errors
    /// [`LedgerError::SerialUsed`], [`LedgerError::NotACertificate`], or that the ledger cannot be written.
    fn adopt(&mut self, adoption: &Adoption, stamp: &Stamp) -> Result<EntryId, LedgerError>;

    /// Records a CA that lived elsewhere, with all that is known of it: all or nothing, in one transaction. What the ledger has already
    /// is passed over, so that it can be done again with more; what the ledger has revoked stays revoked.
    ///
    /// # Errors
    /// [`LedgerError::SerialUsed`] where another certificate has a number, [`LedgerError::NotACertificate`], or that the ledger cannot be
    /// written.
    fn take_over(&mut self, takeover: &Takeover, stamp: &Stamp) -> Result<TakenOver, LedgerError>;

    /// The next CRL number of this issuer's name, for complete and delta CRLs alike (RFC 5280 section 5.2.3), above every one
    /// before and above `above`. One complete and one delta CRL of the same `thisUpdate` may have it, and none once a higher one
    /// was begun. A number that is not used leaves a gap, which is allowed.
    ///
    /// Reserve first and read [`revocations`](Self::revocations) then: what is revoked in between is on the CRL, and once more
    /// on the next delta.
    ///
    /// # Errors
    /// That the ledger cannot be written.
    fn reserve_crl_number(
        &mut self,
        authority: &Authority,
        above: Option<CrlNumber>,
        stamp: &Stamp,
    ) -> Result<ReservedCrlNumber, LedgerError>;

    /// Revokes certificates, or changes their reasons where [`RevocationReason::may_become`] allows it: all or none, in one transaction.
    ///
    /// # Errors
    /// [`LedgerError::UnknownCertificate`] (see [`adopt`](Self::adopt)), [`LedgerError::AlreadyRevoked`], or that the ledger cannot
    /// be written.
    fn revoke_many(
        &mut self,
        authority: &Authority,
        requests: &[RevocationRequest],
        stamp: &Stamp,
    ) -> Result<(), LedgerError>;

    /// Ends a hold.
    ///
    /// # Errors
    /// [`LedgerError::NotOnHold`], or that the ledger cannot be written.
    fn release(
        &mut self,
        authority: &Authority,
        serial: &SerialNumber,
        stamp: &Stamp,
    ) -> Result<(), LedgerError>;

    /// One entry.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn entry(&self, id: EntryId) -> Result<Option<Entry>, LedgerError>;

    /// The entry of a certificate.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn certificate(&self, authority: &Authority, serial: &SerialNumber)
    -> Result<Option<Entry>, LedgerError>;

    /// Entries, newest first, one at a time, until `each` has seen enough.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn entries(
        &self,
        filter: &EntryFilter,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), LedgerError>;

    /// The signed certificates that were issued for a request, newest first: at most `limit`.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn certificates_for(
        &self,
        authority: &Authority,
        request_sha256: &Digest,
        limit: u64,
    ) -> Result<Vec<Entry>, LedgerError>;

    /// The first entry that began a certificate for a request after event `after`, and was not given up: another process may be signing it.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn begun_for(
        &self,
        authority: &Authority,
        request_sha256: &Digest,
        after: u64,
    ) -> Result<Option<EntryId>, LedgerError>;

    /// The certificates that the ledger has of this authority itself, under its own name and by its own key.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn own_certificates(&self, authority: &Authority) -> Result<Vec<Der>, LedgerError>;

    /// What an authority has signed or begun that still needs attention: see [`Unfinished`].
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn unfinished(&self, authority: &Authority, now: UnixTime) -> Result<Unfinished, LedgerError>;

    /// What happened to keys, newest first, one at a time, until `each` has seen enough.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn keys(
        &self,
        filter: &KeyFilter,
        each: &mut dyn FnMut(KeyEntry) -> ControlFlow<()>,
    ) -> Result<(), LedgerError>;

    /// What happened to one key.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn key(&self, id: EntryId) -> Result<Option<KeyEntry>, LedgerError>;

    /// The names and keys that the ledger has seen sign, or that asked for a certificate, which share their name or their key with this
    /// one.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn authorities_like(&self, authority: &Authority) -> Result<Vec<Authority>, LedgerError>;

    /// Every name and key that the ledger has seen sign, or that asked for a certificate.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn authorities(&self) -> Result<Vec<Authority>, LedgerError>;

    /// The CA certificates that were recorded by [`take_over`](Self::take_over) and have this one's name or its key.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn authority_certificates_like(&self, authority: &Authority) -> Result<Vec<KnownAuthority>, LedgerError>;

    /// A CRL number that was reserved: the base of a delta CRL.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn crl_number(
        &self,
        authority: &Authority,
        number: CrlNumber,
    ) -> Result<Option<ReservedCrlNumber>, LedgerError>;

    /// The highest CRL number of this issuer's name, whether a CRL has it or it was only reserved.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn highest_crl_number(&self, authority: &Authority) -> Result<Option<CrlNumber>, LedgerError>;

    /// What is revoked, by serial number, one at a time: a million need no memory here. With `changed_after`, what changed after
    /// that event, releases included: a delta CRL. Without, what is revoked now.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn revocations(
        &self,
        authority: &Authority,
        changed_after: Option<u64>,
        each: &mut dyn FnMut(RevocationRecord) -> ControlFlow<()>,
    ) -> Result<(), LedgerError>;

    /// The last that happened to one certificate: that it was revoked, or released.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn revocation(
        &self,
        authority: &Authority,
        serial: &SerialNumber,
    ) -> Result<Option<RevocationRecord>, LedgerError>;

    /// The certificates of this authority that end at `not_before` or later, one at a time, until `each` has seen enough:
    /// those that were signed or adopted, and those that were revoked whatever else is known of them.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn certificates_until(
        &self,
        authority: &Authority,
        not_before: UnixTime,
        each: &mut dyn FnMut(KnownCertificate) -> ControlFlow<()>,
    ) -> Result<(), LedgerError>;

    /// Records that the operator continues with this ledger though it does not contain a head that was kept.
    ///
    /// # Errors
    /// That the ledger cannot be written.
    fn give_up_head(&mut self, given_up: &GivenUpHead, stamp: &Stamp) -> Result<(), LedgerError>;

    /// Every revocation for keyCompromise or cACompromise, of every authority.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn compromised(&self, each: &mut dyn FnMut(CompromisedKey) -> ControlFlow<()>)
    -> Result<(), LedgerError>;

    /// The hash of an event; of the first, it tells this ledger from every other.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn hash_of(&self, sequence: u64) -> Result<Option<Digest>, LedgerError>;

    /// When the last event was.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn last_time(&self) -> Result<Option<UnixTime>, LedgerError>;

    /// How far the ledger goes. Keep it elsewhere, and give it to [`verify`](Self::verify) later.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn head(&self) -> Result<Head, LedgerError>;

    /// Checks every event, the chain, and every table that follows from the events. Only what was kept elsewhere, a head or a checkpoint
    /// from earlier, can show that events are missing at the end, or that someone wrote the whole chain again.
    ///
    /// # Errors
    /// That the ledger cannot be read. What is wrong with it is in the report.
    fn verify_against(&self, kept: &Evidence) -> Result<VerifyReport, LedgerError> {
        self.verify_watched(kept, &mut |_| ())
    }

    /// [`verify_against`](Self::verify_against), for somebody who waits: `seen` gets the number of events that were read. It starts again
    /// at 1 if the sums of the tables differ from those of the events, because the events are read a second time then.
    ///
    /// # Errors
    /// Those of `verify_against`.
    fn verify_watched(&self, kept: &Evidence, seen: &mut dyn FnMut(u64))
    -> Result<VerifyReport, LedgerError>;

    /// The bytes of every event in order, until `each` has seen enough. The chain is computed again up to there.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] where the chain breaks, or that the ledger cannot be read.
    fn events(&self, each: &mut dyn FnMut(&Head, &[u8]) -> ControlFlow<()>) -> Result<(), LedgerError>;

    /// Writes every event as a line of JSON, each with its hash: `docs/ledger.md` says how others check it.
    ///
    /// # Errors
    /// That the ledger cannot be read, or [`LedgerError::Export`].
    fn export(&self, to: &mut dyn Write) -> Result<Head, LedgerError>;

    /// [`verify_against`](Self::verify_against) a head that was kept, or nothing.
    ///
    /// # Errors
    /// Those of `verify_against`.
    fn verify(&self, kept: Option<&Head>) -> Result<VerifyReport, LedgerError> {
        self.verify_against(&Evidence {
            head: kept.copied(),
            checkpoint: None,
        })
    }

    /// [`begin_many`](Self::begin_many), of one.
    ///
    /// # Errors
    /// Those of `begin_many`.
    fn begin(&mut self, intent: &Intent, stamp: &Stamp) -> Result<EntryId, LedgerError> {
        let begun = self.begin_many(std::slice::from_ref(intent), stamp)?;
        begun
            .first()
            .copied()
            .ok_or(LedgerError::NoEntry { entry: EntryId(0) })
    }

    /// [`deliver_many`](Self::deliver_many), of one.
    ///
    /// # Errors
    /// Those of `deliver_many`.
    fn deliver(&mut self, entry: EntryId, stamp: &Stamp) -> Result<(), LedgerError> {
        self.deliver_many(&[entry], stamp)
    }

    /// [`complete_many`](Self::complete_many), of one.
    ///
    /// # Errors
    /// Those of `complete_many`.
    fn complete(&mut self, entry: EntryId, signed: &[u8], stamp: &Stamp) -> Result<(), LedgerError> {
        self.complete_many(&[Outcome { entry, signed }], stamp)
    }

    /// [`abandon_many`](Self::abandon_many), of one.
    ///
    /// # Errors
    /// Those of `abandon_many`.
    fn abandon(&mut self, entry: EntryId, reason: &str, stamp: &Stamp) -> Result<(), LedgerError> {
        self.abandon_many(&[entry], reason, stamp)
    }

    /// [`revoke_many`](Self::revoke_many), of one.
    ///
    /// # Errors
    /// Those of `revoke_many`.
    fn revoke(
        &mut self,
        authority: &Authority,
        request: &RevocationRequest,
        stamp: &Stamp,
    ) -> Result<(), LedgerError> {
        self.revoke_many(authority, std::slice::from_ref(request), stamp)
    }
}

#[cfg(test)]
mod tests;
