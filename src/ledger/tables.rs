//! A ledger whose tables are in SQLite: in the ledger's own file, or in a private replica of the events on a server. Reads and rules are
//! the same for both.

use std::cell::RefCell;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rusqlite::Connection;

use super::rules::Recording;
use super::sqlite::{Failure, Turn, key, read, unfinished};
use super::waiting::WaitLimits;
use super::{
    Adoption, Authority, CompromisedKey, CrlNumber, Der, Digest, Entry, EntryFilter, EntryId, Evidence,
    GivenUpHead, Head, Intent, KeyEntry, KeyFilter, KeyIntent, KeyRecord, KnownAuthority, KnownCertificate,
    Ledger, LedgerError, Outcome, ReservedCrlNumber, RevocationRecord, RevocationRequest, SerialNumber,
    SoleCertificate, Stamp, TakenOver, Takeover, Unfinished, UnixTime, VerifyReport,
};

/// Access of a ledger to its tables.
pub(super) trait Tables: Send {
    /// How long it waits.
    fn wait_limits(&mut self) -> &mut WaitLimits;

    /// Runs one transaction, after waiting for its turn and checking the tables against the events. If an attempt is known to have recorded
    /// nothing, the change may be tried again on a later state of the ledger.
    fn decide<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError>;

    /// The same for a change that only completes an earlier decision.
    fn record<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError>;

    /// The same for a change that a power failure may undo as a whole.
    fn record_unsynced<T>(
        &mut self,
        stamp: &Stamp,
        change: impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        self.record(stamp, change)
    }

    /// Reads one snapshot of the ledger.
    fn look<T>(&self, at: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, LedgerError>;

    /// The same for the newest state, to compare it with data from elsewhere that may be newer than the last snapshot.
    fn look_now<T>(&self, at: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, LedgerError> {
        self.look(at)
    }

    /// [`Ledger::others_record`]
    fn others_record(&self) -> Result<bool, LedgerError>;

    /// [`Ledger::verify_watched`]
    fn verify_events(&self, kept: &Evidence, seen: &mut dyn FnMut(u64)) -> Result<VerifyReport, LedgerError>;

    /// [`Ledger::events`]
    fn each_event(&self, each: &mut dyn FnMut(&Head, &[u8]) -> ControlFlow<()>) -> Result<(), LedgerError>;

    /// [`Ledger::export`]
    fn export_events(&self, to: &mut dyn Write) -> Result<Head, LedgerError>;
}

impl<L: Tables> Ledger for L {
    fn end_waits_when(&mut self, interrupted: Arc<AtomicBool>) {
        self.wait_limits().end_when(interrupted);
    }

    fn begin_many(&mut self, intents: &[Intent], stamp: &Stamp) -> Result<Vec<EntryId>, LedgerError> {
        self.decide(stamp, |recording| {
            intents.iter().map(|intent| recording.begin(intent)).collect()
        })
    }

    fn complete_many(&mut self, outcomes: &[Outcome<'_>], stamp: &Stamp) -> Result<(), LedgerError> {
        self.record(stamp, |recording| {
            outcomes
                .iter()
                .try_for_each(|outcome| recording.complete(outcome))
        })
    }

    fn abandon_many(&mut self, entries: &[EntryId], reason: &str, stamp: &Stamp) -> Result<(), LedgerError> {
        self.record(stamp, |recording| {
            entries
                .iter()
                .try_for_each(|entry| recording.abandon(*entry, reason))
        })
    }

    fn deliver_many(&mut self, entries: &[EntryId], stamp: &Stamp) -> Result<(), LedgerError> {
        self.record_unsynced(stamp, |recording| {
            entries.iter().try_for_each(|entry| recording.deliver(*entry))
        })
    }

    fn deliver_in_turn(
        &mut self,
        entry: EntryId,
        stamp: &Stamp,
        place: &mut dyn FnMut() -> bool,
    ) -> Result<(), LedgerError> {
        let place = RefCell::new(place);
        self.record_unsynced(stamp, |recording| match (place.borrow_mut())() {
            true => recording.deliver(entry),
            false => Ok(()),
        })
    }

    fn begin_key(&mut self, intent: &KeyIntent, stamp: &Stamp) -> Result<EntryId, LedgerError> {
        self.record(stamp, |recording| recording.begin_key(intent))
    }

    fn complete_key(&mut self, begun: EntryId, key: &KeyRecord, stamp: &Stamp) -> Result<(), LedgerError> {
        self.record(stamp, |recording| recording.complete_key(begun, key))
    }

    fn fail_key(&mut self, begun: EntryId, reason: &str, stamp: &Stamp) -> Result<(), LedgerError> {
        self.record(stamp, |recording| recording.fail_key(begun, reason))
    }

    fn adopt(&mut self, adoption: &Adoption, stamp: &Stamp) -> Result<EntryId, LedgerError> {
        self.decide(stamp, |recording| recording.adopt(adoption))
    }

    fn take_over(&mut self, takeover: &Takeover, stamp: &Stamp) -> Result<TakenOver, LedgerError> {
        self.decide(stamp, |recording| recording.take_over(takeover))
    }

    fn reserve_crl_number(
        &mut self,
        authority: &Authority,
        above: Option<CrlNumber>,
        stamp: &Stamp,
    ) -> Result<ReservedCrlNumber, LedgerError> {
        self.decide(stamp, |recording| recording.reserve_crl_number(authority, above))
    }

    fn revoke_many(
        &mut self,
        authority: &Authority,
        requests: &[RevocationRequest],
        stamp: &Stamp,
    ) -> Result<(), LedgerError> {
        self.decide(stamp, |recording| {
            requests
                .iter()
                .try_for_each(|request| recording.revoke(authority, request))
        })
    }

    fn release(
        &mut self,
        authority: &Authority,
        serial: &SerialNumber,
        stamp: &Stamp,
    ) -> Result<(), LedgerError> {
        self.decide(stamp, |recording| recording.release(authority, serial))
    }

    fn entry(&self, id: EntryId) -> Result<Option<Entry>, LedgerError> {
        self.look(|db| read::entry(db, id))
    }

    fn certificate(
        &self,
        authority: &Authority,
        serial: &SerialNumber,
    ) -> Result<Option<Entry>, LedgerError> {
        self.look(|db| read::certificate(db, authority, serial))
    }

    fn entries(
        &self,
        filter: &EntryFilter,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        self.look(|db| read::entries(db, filter, each))
    }

    fn certificates_for(
        &self,
        authority: &Authority,
        request_sha256: &Digest,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        self.look(|db| read::certificates_for(db, authority, request_sha256, each))
    }

    fn begun_for(
        &self,
        authority: &Authority,
        request_sha256: &Digest,
        after: u64,
    ) -> Result<Option<EntryId>, LedgerError> {
        self.look(|db| read::begun_for(db, authority, request_sha256, after))
    }

    fn second_certificates(&self, sole: &[SoleCertificate]) -> Result<Vec<(EntryId, EntryId)>, LedgerError> {
        self.look(|db| read::second_certificates(db, sole))
    }

    fn open_for(
        &self,
        authority: &Authority,
        request_sha256: &Digest,
    ) -> Result<Option<EntryId>, LedgerError> {
        self.look(|db| read::open_for(db, authority, request_sha256))
    }

    fn others_record(&self) -> Result<bool, LedgerError> {
        Tables::others_record(self)
    }

    fn own_certificates(&self, authority: &Authority) -> Result<Vec<Der>, LedgerError> {
        self.look(|db| read::own_certificates(db, authority))
    }

    fn unfinished(&self, authority: &Authority, now: UnixTime) -> Result<Unfinished, LedgerError> {
        self.look(|db| unfinished::unfinished(db, authority, now))
    }

    fn keys(
        &self,
        filter: &KeyFilter,
        each: &mut dyn FnMut(KeyEntry) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        self.look(|db| key::keys(db, filter, each))
    }

    fn key(&self, id: EntryId) -> Result<Option<KeyEntry>, LedgerError> {
        self.look(|db| key::key(db, id))
    }

    fn authorities(&self) -> Result<Vec<Authority>, LedgerError> {
        self.look(read::authorities)
    }

    fn authorities_like(&self, authority: &Authority) -> Result<Vec<Authority>, LedgerError> {
        self.look(|db| read::authorities_like(db, authority))
    }

    fn authority_certificates_like(&self, authority: &Authority) -> Result<Vec<KnownAuthority>, LedgerError> {
        self.look(|db| read::authority_certificates_like(db, authority))
    }

    fn crl_number(
        &self,
        authority: &Authority,
        number: CrlNumber,
    ) -> Result<Option<ReservedCrlNumber>, LedgerError> {
        self.look(|db| read::crl_number(db, authority, number))
    }

    fn highest_crl_number(&self, authority: &Authority) -> Result<Option<CrlNumber>, LedgerError> {
        self.look(|db| read::highest_crl_number(db, authority))
    }

    fn revocations(
        &self,
        authority: &Authority,
        changed_after: Option<u64>,
        each: &mut dyn FnMut(RevocationRecord) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        self.look(|db| read::revocations(db, authority, changed_after, each))
    }

    fn revocation(
        &self,
        authority: &Authority,
        serial: &SerialNumber,
    ) -> Result<Option<RevocationRecord>, LedgerError> {
        self.look(|db| read::revocation_of_certificate(db, authority, serial))
    }

    fn certificates_until(
        &self,
        authority: &Authority,
        not_before: UnixTime,
        each: &mut dyn FnMut(KnownCertificate) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        self.look(|db| read::certificates_until(db, authority, not_before, each))
    }

    fn give_up_head(&mut self, given_up: &GivenUpHead, stamp: &Stamp) -> Result<(), LedgerError> {
        self.decide(stamp, |recording| recording.give_up_head(given_up))
    }

    fn compromised(
        &self,
        each: &mut dyn FnMut(CompromisedKey) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        self.look(|db| read::compromised(db, each))
    }

    fn hash_of(&self, sequence: u64) -> Result<Option<Digest>, LedgerError> {
        self.look_now(|db| read::hash_of(db, sequence))
    }

    fn newest_time(&self) -> Result<Option<UnixTime>, LedgerError> {
        self.look(read::newest_time)
    }

    fn head(&self) -> Result<Head, LedgerError> {
        self.look(read::head)
    }

    fn verify_watched(
        &self,
        kept: &Evidence,
        seen: &mut dyn FnMut(u64),
    ) -> Result<VerifyReport, LedgerError> {
        self.verify_events(kept, seen)
    }

    fn events(&self, each: &mut dyn FnMut(&Head, &[u8]) -> ControlFlow<()>) -> Result<(), LedgerError> {
        self.each_event(each)
    }

    fn export(&self, to: &mut dyn Write) -> Result<Head, LedgerError> {
        self.export_events(to)
    }
}
