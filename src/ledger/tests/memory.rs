//! A second store, in memory, on which the rules must give the same results.

use super::rows::Rows;
use super::*;
use crate::ledger::event::Event;
use crate::ledger::spelling::reason_of_code;
use crate::ledger::store::{Contradiction, CrlNumberUse, Store};

#[derive(Clone, Default)]
pub(super) struct MemoryStore {
    pub(super) events: Vec<(String, Digest)>,
    rows: Rows,
}

#[derive(Debug)]
pub(super) enum MemoryError {
    Refused(LedgerError),
    Contradiction(String),
}

impl From<LedgerError> for MemoryError {
    fn from(error: LedgerError) -> Self {
        Self::Refused(error)
    }
}

impl From<Contradiction> for MemoryError {
    fn from(Contradiction(found): Contradiction) -> Self {
        Self::Contradiction(found)
    }
}

impl MemoryStore {
    fn issuer(&self, authority: u64) -> u64 {
        self.rows.authorities[&authority].0
    }
}

impl Store for MemoryStore {
    type Error = MemoryError;

    fn head(&self) -> Result<Head, MemoryError> {
        let count = u64::try_from(self.events.len()).unwrap();
        let last = self.events.last();
        Ok(last.map_or(Head::EMPTY, |(_, hash)| Head { count, hash: *hash }))
    }

    fn append(&mut self, event: &Event, body: &str, hash: Digest) -> Result<(), MemoryError> {
        assert_eq!(event.sequence, self.head()?.count + 1);
        self.events.push((body.to_owned(), hash));
        let refused = || Contradiction(format!("event {} cannot follow", event.sequence));
        self.rows
            .play(Event::decode(body).unwrap())
            .ok_or_else(|| refused().into())
    }

    fn event(&self, sequence: u64) -> Result<Option<Event>, MemoryError> {
        let index = usize::try_from(sequence.wrapping_sub(1)).unwrap();
        Ok(self
            .events
            .get(index)
            .map(|(body, _)| Event::decode(body).unwrap()))
    }

    fn end_of_entry(&self, entry: EntryId) -> Result<Option<u64>, MemoryError> {
        let row = self.rows.entries.get(&entry.0);
        Ok(row.and_then(|row| row.end).map(|(event, _)| event))
    }

    fn end_of_key(&self, begun: EntryId) -> Result<Option<u64>, MemoryError> {
        Ok(self.rows.keys.get(&begun.0).copied().flatten())
    }

    fn authority(&self, authority: &Authority) -> Result<Option<u64>, MemoryError> {
        let mut known = self.rows.authorities.iter();
        Ok(known
            .find(|(_, (_, known))| known.is(authority))
            .map(|(id, _)| *id))
    }

    fn entry_of_serial(&self, authority: u64, serial: &SerialNumber) -> Result<Option<EntryId>, MemoryError> {
        let issuer = self.issuer(authority);
        let mut used = self.rows.serials.iter();
        Ok(used
            .find(|(_, (of, number, _))| *of == issuer && number == serial)
            .map(|(entry, _)| EntryId(*entry)))
    }

    fn revocation(
        &self,
        authority: u64,
        serial: &SerialNumber,
    ) -> Result<Option<RevocationState>, MemoryError> {
        let row = self.rows.revocations.get(&(authority, serial.clone()));
        Ok(row.map(|row| match row.reason {
            None => RevocationState::Released,
            Some(code) => RevocationState::Revoked {
                reason: reason_of_code(u8::try_from(code).unwrap()).unwrap(),
                revoked: UnixTime(row.revoked.unwrap()),
                invalidity_date: row.invalidity_date.map(UnixTime),
            },
        }))
    }

    fn crl_numbers(
        &self,
        authority: u64,
        from: CrlNumber,
        also: Option<CrlNumber>,
    ) -> Result<Vec<CrlNumberUse>, MemoryError> {
        let issuer = self.issuer(authority);
        let reserved = self.rows.crl_numbers.iter();
        Ok(reserved
            .filter(|((of, number), _)| *of == issuer && (*number >= from || Some(*number) == also))
            .map(|((_, number), row)| CrlNumberUse {
                number: *number,
                complete: row.complete.map(EntryId),
                delta: row.delta.map(EntryId),
            })
            .collect())
    }

    fn highest_crl_number(&self, authority: u64) -> Result<Option<CrlNumber>, MemoryError> {
        let all = self.crl_numbers(authority, CrlNumber::ZERO, None)?;
        Ok(all.into_iter().map(|reserved| reserved.number).max())
    }

    fn authority_certificate(&self, authority: u64, sha256: &Digest) -> Result<Option<u64>, MemoryError> {
        let row = self.rows.authority_certificates.get(&(authority, *sha256));
        Ok(row.map(|(_, event)| *event))
    }
}
