//! The ledger in an SQLite file.

mod audit;
mod failure;
mod key;
mod open;
mod place;
mod projection;
mod read;
mod schema;
mod store;
mod unfinished;
mod verify;

use std::cell::RefCell;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

use super::rules::Recording;
use super::{
    Adoption, Authority, CompromisedKey, CrlNumber, Der, Digest, Entry, EntryFilter, EntryId, Evidence,
    GivenUpHead, Head, Intent, KeyEntry, KeyFilter, KeyIntent, KeyRecord, KnownAuthority, KnownCertificate,
    Ledger, LedgerError, LedgerPlace, Outcome, ReservedCrlNumber, Revocation, RevocationRequest,
    SerialNumber, Stamp, TakenOver, Takeover, Unfinished, UnixTime, VerifyReport,
};
use audit::Audit;
use failure::Failure;
use place::Place;
use store::Turn;

/// The ledger in an SQLite file: write-ahead log, a sync of the disk with every commit, several processes at once.
///
/// Each thread opens one of its own.
#[derive(Debug)]
pub struct SqliteLedger {
    db: Connection,
    path: PathBuf,
    patience: Duration,
    /// Of one that decides something; not of one that is only looked at.
    audit: Option<RefCell<Audit>>,
    /// The files that it was opened from.
    place: Option<Place>,
    /// How far it went when this connection last wrote.
    known: Option<Head>,
}

impl SqliteLedger {
    /// One transaction, which begins by waiting for its turn. What it decides by is checked against the events first.
    pub(super) fn decide<T>(
        &mut self,
        stamp: &Stamp,
        change: impl FnOnce(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        self.record(stamp, |recording, audit| {
            if let Some(audit) = audit {
                audit.get_mut().follow(recording.store().db())?;
            }
            change(recording)
        })
    }

    /// One transaction, which begins by waiting for its turn.
    fn record<T>(
        &mut self,
        stamp: &Stamp,
        change: impl FnOnce(&mut Recording<'_, Turn<'_>>, Option<&mut RefCell<Audit>>) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        let recorded = || {
            if let Some(place) = &self.place {
                place.refuse_replaced(&self.path)?;
            }
            let mut recording = Recording::start(Turn::wait(&mut self.db)?, stamp)?;
            if let Some(known) = &self.known
                && read::hash_of(recording.store().db(), known.count)? != Some(known.hash)
            {
                return Err(LedgerError::Replaced {
                    place: LedgerPlace::file(&self.path),
                }
                .into());
            }
            let result = change(&mut recording, self.audit.as_mut())?;
            let (turn, head) = recording.finish();
            turn.commit()?;
            self.known = Some(head);
            if let Some(place) = &self.place {
                place.refuse_replaced(&self.path)?;
            }
            Ok(result)
        };
        let result: Result<T, Failure> = recorded();
        result.map_err(|failure| failure.of(&self.path, self.patience))
    }

    /// How commits reach the disk now (`PRAGMA synchronous`).
    #[cfg(test)]
    pub(super) fn synchronous(&self) -> i64 {
        self.db
            .query_row("PRAGMA synchronous", [], |row| row.get(0))
            .unwrap_or(-1)
    }

    /// One state of the ledger, whatever others write meanwhile.
    fn look<T>(&self, at: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, LedgerError> {
        self.look_only(|db| {
            if let Some(audit) = &self.audit {
                audit.borrow_mut().follow(db)?;
            }
            at(db)
        })
    }

    /// The same, of a ledger that may be unsound.
    fn look_only<T>(&self, at: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, LedgerError> {
        let look = || {
            let snapshot = self.db.unchecked_transaction()?;
            let found = at(&snapshot)?;
            snapshot.finish()?;
            Ok(found)
        };
        let result: Result<T, Failure> = look();
        result.map_err(|failure| failure.of(&self.path, self.patience))
    }
}

impl Ledger for SqliteLedger {
    fn begin_many(&mut self, intents: &[Intent], stamp: &Stamp) -> Result<Vec<EntryId>, LedgerError> {
        self.decide(stamp, |recording| {
            intents.iter().map(|intent| recording.begin(intent)).collect()
        })
    }

    fn complete_many(&mut self, outcomes: &[Outcome<'_>], stamp: &Stamp) -> Result<(), LedgerError> {
        self.record(stamp, |recording, _| {
            outcomes
                .iter()
                .try_for_each(|outcome| recording.complete(outcome))
        })
    }

    fn abandon_many(&mut self, entries: &[EntryId], reason: &str, stamp: &Stamp) -> Result<(), LedgerError> {
        self.record(stamp, |recording, _| {
            entries
                .iter()
                .try_for_each(|entry| recording.abandon(*entry, reason))
        })
    }

    fn deliver_many(&mut self, entries: &[EntryId], stamp: &Stamp) -> Result<(), LedgerError> {
        // In WAL mode a commit is then as whole as ever, and not waited for.
        let set = |db: &Connection, how: &str| db.pragma_update(None, "synchronous", how);
        set(&self.db, "NORMAL").map_err(|error| Failure::from(error).of(&self.path, self.patience))?;
        let recorded = self.record(stamp, |recording, _| {
            entries.iter().try_for_each(|entry| recording.deliver(*entry))
        });
        set(&self.db, "FULL").map_err(|error| Failure::from(error).of(&self.path, self.patience))?;
        recorded
    }

    fn begin_key(&mut self, intent: &KeyIntent, stamp: &Stamp) -> Result<EntryId, LedgerError> {
        self.record(stamp, |recording, _| recording.begin_key(intent))
    }

    fn complete_key(&mut self, begun: EntryId, key: &KeyRecord, stamp: &Stamp) -> Result<(), LedgerError> {
        self.record(stamp, |recording, _| recording.complete_key(begun, key))
    }

    fn fail_key(&mut self, begun: EntryId, reason: &str, stamp: &Stamp) -> Result<(), LedgerError> {
        self.record(stamp, |recording, _| recording.fail_key(begun, reason))
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
        limit: u64,
    ) -> Result<Vec<Entry>, LedgerError> {
        self.look(|db| read::certificates_for(db, authority, request_sha256, limit))
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

    fn revocations(
        &self,
        authority: &Authority,
        changed_after: Option<u64>,
        each: &mut dyn FnMut(Revocation) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        self.look(|db| read::revocations(db, authority, changed_after, each))
    }

    fn revocation(
        &self,
        authority: &Authority,
        serial: &SerialNumber,
    ) -> Result<Option<Revocation>, LedgerError> {
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
        self.look(|db| read::hash_of(db, sequence))
    }

    fn last_time(&self) -> Result<Option<UnixTime>, LedgerError> {
        self.look(read::last_time)
    }

    fn head(&self) -> Result<Head, LedgerError> {
        self.look(read::head)
    }

    fn verify_against(&self, kept: &Evidence) -> Result<VerifyReport, LedgerError> {
        self.look_only(|db| verify::verify(db, kept))
    }

    fn events(&self, each: &mut dyn FnMut(&Head, &[u8]) -> ControlFlow<()>) -> Result<(), LedgerError> {
        self.look_only(|db| read::events(db, each))
    }

    fn export(&self, to: &mut dyn Write) -> Result<Head, LedgerError> {
        self.look(|db| read::export(db, to))
    }
}
