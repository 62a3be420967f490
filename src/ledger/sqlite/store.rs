//! One transaction of the database, as the rules use it.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::super::event::Event;
use super::super::store::{CrlNumberUse, Store};
use super::super::waiting::Wait;
use super::super::{Authority, CrlNumber, Digest, EntryId, Head, RevocationState, SerialNumber};
use super::failure::{Failure, column, natural};
use super::projection::project;
use super::read;

/// How long SQLite waits before the limits of a wait are looked at again.
const PART_OF_WAIT: Duration = Duration::from_millis(100);

/// A transaction that holds the ledger's only turn to write.
pub(in crate::ledger) struct Turn<'a>(Transaction<'a>);

impl<'a> Turn<'a> {
    /// Waits for the turn. SQLite's own wait cannot be interrupted, so it is divided. `busy` is SQLite's limit for what comes later.
    pub(super) fn wait(db: &'a Connection, wait: &Wait, busy: Duration) -> Result<Self, Failure> {
        db.busy_timeout(PART_OF_WAIT)?;
        let begun = loop {
            let begun = Transaction::new_unchecked(db, TransactionBehavior::Immediate).map_err(Failure::from);
            match begun {
                Err(failure) if failure.is_busy() && !wait.is_over() => {}
                begun => break begun,
            }
        };
        db.busy_timeout(busy)?;
        Ok(Self(begun?))
    }

    /// For a file that no other process has.
    #[cfg(feature = "postgres")]
    pub(in crate::ledger) const fn of(transaction: Transaction<'a>) -> Self {
        Self(transaction)
    }

    pub(in crate::ledger) fn db(&self) -> &Connection {
        &self.0
    }

    pub(in crate::ledger) fn commit(self) -> Result<(), Failure> {
        Ok(self.0.commit()?)
    }
}

impl Turn<'_> {
    /// Appends an event of another ledger unchanged. The caller has verified the chain up to it.
    pub(super) fn append_stored(&mut self, head: Head, body: &[u8]) -> Result<(), Failure> {
        let text = std::str::from_utf8(body).map_err(|error| Failure::contradiction(error.to_string()))?;
        let event = read::decode(text)?;
        if event.sequence != head.count {
            return Err(Failure::contradiction(format!(
                "event {} says that it is event {}",
                head.count, event.sequence
            )));
        }
        self.append(&event, text, head.hash)
    }
}

impl Store for Turn<'_> {
    type Error = Failure;

    fn head(&self) -> Result<Head, Failure> {
        read::head(&self.0)
    }

    fn append(&mut self, event: &Event, body: &str, hash: Digest) -> Result<(), Failure> {
        self.0
            .prepare_cached("INSERT INTO events (sequence, body, hash) VALUES (?1, ?2, ?3)")?
            .execute(params![column(event.sequence)?, body, hash.0])?;
        project(&self.0, event)
    }

    fn event(&self, sequence: u64) -> Result<Option<Event>, Failure> {
        read::event(&self.0, sequence)
    }

    fn end_of_entry(&self, entry: EntryId) -> Result<Option<u64>, Failure> {
        self.number(
            "SELECT outcome FROM entries WHERE sequence = ?1 AND outcome IS NOT NULL",
            entry.0,
        )
    }

    fn end_of_key(&self, begun: EntryId) -> Result<Option<u64>, Failure> {
        self.number(
            "SELECT ended FROM keys WHERE begun = ?1 AND ended IS NOT NULL",
            begun.0,
        )
    }

    fn authority(&self, authority: &Authority) -> Result<Option<u64>, Failure> {
        read::authority_id(&self.0, authority)
    }

    fn entry_of_serial(&self, authority: u64, serial: &SerialNumber) -> Result<Option<EntryId>, Failure> {
        read::entry_of_serial(&self.0, authority, serial)
    }

    fn revocation(&self, authority: u64, serial: &SerialNumber) -> Result<Option<RevocationState>, Failure> {
        Ok(read::revocation(&self.0, authority, serial)?.map(|found| found.state))
    }

    fn crl_numbers(
        &self,
        authority: u64,
        from: CrlNumber,
        also: Option<CrlNumber>,
    ) -> Result<Vec<CrlNumberUse>, Failure> {
        let mut select = self.0.prepare_cached(
            "SELECT number, complete, delta FROM crl_numbers
             WHERE issuer = (SELECT issuer FROM authorities WHERE id = ?1) AND (number >= ?2 OR number = ?3)",
        )?;
        let also = also.as_ref().map(CrlNumber::octets);
        let mut rows = select.query(params![column(authority)?, from.octets(), also])?;
        let mut numbers = Vec::new();
        while let Some(row) = rows.next()? {
            let entry = |index| -> Result<Option<EntryId>, Failure> {
                let entry: Option<i64> = row.get(index)?;
                Ok(entry.map(natural).transpose()?.map(EntryId))
            };
            numbers.push(CrlNumberUse {
                number: read::number_of(row, 0)?,
                complete: entry(1)?,
                delta: entry(2)?,
            });
        }
        Ok(numbers)
    }

    fn highest_crl_number(&self, authority: u64) -> Result<Option<CrlNumber>, Failure> {
        read::highest_number_of(&self.0, authority)
    }

    fn authority_certificate(&self, authority: u64, sha256: &Digest) -> Result<Option<u64>, Failure> {
        self.0
            .prepare_cached("SELECT event FROM authority_certificates WHERE authority = ?1 AND sha256 = ?2")?
            .query_row(params![column(authority)?, sha256.0], |row| row.get(0))
            .optional()?
            .map(natural)
            .transpose()
    }
}

impl Turn<'_> {
    /// One number from the row with that key.
    fn number(&self, sql: &str, key: u64) -> Result<Option<u64>, Failure> {
        self.0
            .prepare_cached(sql)?
            .query_row([column(key)?], |row| row.get(0))
            .optional()?
            .map(natural)
            .transpose()
    }
}
