//! Reads entries: the tables locate them, the events have their contents.

mod authorities;
mod entries;
mod revocations;

use std::io::Write;
use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension};

pub(in crate::ledger) use authorities::{
    authorities, authorities_like, authority_certificates_like, authority_id,
};
pub(in crate::ledger) use entries::{
    NOT_REPLACED, begun_for, certificate, certificates_for, entries, entry, entry_of_serial, open_for,
    own_certificates, second_certificates, select_entries,
};
pub(in crate::ledger) use revocations::{
    certificates_until, compromised, crl_number, highest_crl_number, highest_number_of, number_of,
    revocation, revocation_of_certificate, revocations,
};

use super::super::event::Event;
use super::super::{Digest, Head, LedgerError, UnixTime};
use super::audit::follow_chain;
use super::failure::{Failure, column, natural};

pub(in crate::ledger) fn head(db: &Connection) -> Result<Head, Failure> {
    let last = db
        .prepare_cached("SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?)))
        .optional()?;
    match last {
        Some((count, hash)) => Ok(Head {
            count: natural(count)?,
            hash: Digest(hash),
        }),
        None => Ok(Head::EMPTY),
    }
}

/// The hash of an event.
pub(in crate::ledger) fn hash_of(db: &Connection, sequence: u64) -> Result<Option<Digest>, Failure> {
    let hash = db
        .prepare_cached("SELECT hash FROM events WHERE sequence = ?1")?
        .query_row([column(sequence)?], |row| row.get(0))
        .optional()?;
    Ok(hash.map(Digest))
}

/// The event with the newest time. The expression is that of the index `events_by_time`.
pub(in crate::ledger) const NEWEST: &str = "SELECT sequence FROM events
     ORDER BY CAST(substr(body, instr(body, ',\"time\":') + 8, 20) AS INTEGER) DESC LIMIT 1";

/// The newest time of all events. The last event may be older: the clock may have been set back before it.
pub(in crate::ledger) fn newest_time(db: &Connection) -> Result<Option<UnixTime>, Failure> {
    let newest = db
        .prepare_cached(NEWEST)?
        .query_row([], |row| row.get(0))
        .optional()?;
    let newest = newest.map(|sequence| event(db, natural(sequence)?)).transpose()?;
    Ok(newest.flatten().map(|event| event.time))
}

pub(in crate::ledger) fn decode(body: &str) -> Result<Event, Failure> {
    Event::decode(body).map_err(|error| Failure::contradiction(format!("an event cannot be read: {error}")))
}

pub(in crate::ledger) fn event(db: &Connection, sequence: u64) -> Result<Option<Event>, Failure> {
    let mut select = db.prepare_cached("SELECT body FROM events WHERE sequence = ?1")?;
    let body: Option<String> = select
        .query_row([column(sequence)?], |row| row.get(0))
        .optional()?;
    body.as_deref().map(decode).transpose()
}

/// The bytes of every event in order, while the chain is computed again.
pub(in crate::ledger) fn events(
    db: &Connection,
    each: &mut dyn FnMut(&Head, &[u8]) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let mut select = db.prepare_cached("SELECT sequence, body, hash FROM events ORDER BY sequence")?;
    let mut rows = select.query([])?;
    let mut head = Head::EMPTY;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        head = follow_chain(head, row.get(0)?, body, Digest(row.get(2)?))?;
        if each(&head, body.as_bytes()).is_break() {
            break;
        }
    }
    Ok(())
}

/// Every stored event after this one: number, bytes, hash.
#[cfg(feature = "postgres")]
pub(in crate::ledger) fn each_stored(
    db: &Connection,
    after: u64,
    each: &mut dyn FnMut(i64, &str, Digest),
) -> Result<(), Failure> {
    let mut select =
        db.prepare_cached("SELECT sequence, body, hash FROM events WHERE sequence > ?1 ORDER BY sequence")?;
    let mut rows = select.query([column(after)?])?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        each(row.get(0)?, body, Digest(row.get(2)?));
    }
    Ok(())
}

/// Writes every event as a line: its hash, and its bytes unchanged.
pub(in crate::ledger) fn export(db: &Connection, to: &mut dyn Write) -> Result<Head, Failure> {
    let failed = |cause| LedgerError::Export { cause };
    let mut select = db.prepare_cached("SELECT sequence, body, hash FROM events ORDER BY sequence")?;
    let mut rows = select.query([])?;
    let mut head = Head::EMPTY;
    while let Some(row) = rows.next()? {
        head = Head {
            count: natural(row.get(0)?)?,
            hash: Digest(row.get(2)?),
        };
        let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        writeln!(to, "{{\"hash\":\"{}\",\"event\":{body}}}", head.hash).map_err(failed)?;
    }
    to.flush().map_err(failed)?;
    Ok(head)
}
