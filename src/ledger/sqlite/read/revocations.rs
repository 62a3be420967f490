//! Revocations and CRL numbers.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::authorities::authority_id;
use super::event;
use crate::ledger::event::What;
use crate::ledger::spelling::reason_of_code;
use crate::ledger::sqlite::failure::{Failure, column, natural};
use crate::ledger::{
    Authority, CompromisedKey, CrlNumber, EntryId, KnownCertificate, ReservedCrlNumber, RevocationRecord,
    RevocationState, SerialNumber, UnixTime,
};

/// The revocations for a compromised key, of every authority.
pub(in crate::ledger) fn compromised(
    db: &Connection,
    each: &mut dyn FnMut(CompromisedKey) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let mut select = db.prepare_cached(
        "SELECT r.changed, s.entry FROM revocations r JOIN authorities a ON a.id = r.authority
         JOIN serials s ON s.issuer = a.issuer AND s.serial = r.serial WHERE r.reason IN (1, 2)",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (changed, entry) = (natural(row.get(0)?)?, EntryId(natural(row.get(1)?)?));
        let Some(What::Revoked { key_sha256, .. }) = event(db, changed)?.map(|event| event.event) else {
            return Err(Failure::contradiction(
                "a revocation refers to an event that is not a revocation",
            ));
        };
        let certificate = match key_sha256 {
            Some(_) => None,
            None => super::entry(db, entry)?.and_then(|entry| entry.state.der().cloned()),
        };
        let found = CompromisedKey {
            entry,
            key_sha256,
            certificate,
        };
        if each(found).is_break() {
            break;
        }
    }
    Ok(())
}

const REVOCATIONS: &str = "SELECT r.serial, r.reason, r.revoked, r.invalidity_date, r.changed, s.not_after
    FROM revocations r JOIN authorities a ON a.id = r.authority
    LEFT JOIN serials s ON s.issuer = a.issuer AND s.serial = r.serial WHERE r.authority = ?1";

fn revocation_of(row: &Row<'_>) -> Result<RevocationRecord, Failure> {
    let time = |index| -> Result<Option<UnixTime>, Failure> {
        let seconds: Option<i64> = row.get(index)?;
        Ok(seconds.map(natural).transpose()?.map(UnixTime))
    };
    let missing = || Failure::contradiction("a revocation has no certificate or no date");
    let reason: Option<u8> = row.get(1)?;
    let state = match reason {
        None => RevocationState::Released,
        Some(code) => RevocationState::Revoked {
            reason: reason_of_code(code)
                .ok_or_else(|| Failure::contradiction(format!("{code} is not a reason to revoke")))?,
            revoked: time(2)?.ok_or_else(missing)?,
            invalidity_date: time(3)?,
        },
    };
    Ok(RevocationRecord {
        serial: SerialNumber::from_octets(row.get::<_, Vec<u8>>(0)?),
        state,
        changed: natural(row.get(4)?)?,
        not_after: time(5)?.ok_or_else(missing)?,
    })
}

pub(in crate::ledger) fn revocation(
    db: &Connection,
    authority: u64,
    serial: &SerialNumber,
) -> Result<Option<RevocationRecord>, Failure> {
    let mut select = db.prepare_cached(&format!("{REVOCATIONS} AND r.serial = ?2"))?;
    let mut rows = select.query(params![column(authority)?, serial.octets()])?;
    rows.next()?.map(revocation_of).transpose()
}

pub(in crate::ledger) fn revocation_of_certificate(
    db: &Connection,
    authority: &Authority,
    serial: &SerialNumber,
) -> Result<Option<RevocationRecord>, Failure> {
    match authority_id(db, authority)? {
        Some(id) => revocation(db, id, serial),
        None => Ok(None),
    }
}

/// The certificates that were signed or adopted, and those that were begun and revoked.
pub(in crate::ledger) fn certificates_until(
    db: &Connection,
    authority: &Authority,
    not_before: UnixTime,
    each: &mut dyn FnMut(KnownCertificate) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let Some(id) = authority_id(db, authority)? else {
        return Ok(());
    };
    let mut select = db.prepare_cached(
        "SELECT s.serial, r.reason, r.revoked, r.invalidity_date, r.changed, s.not_after
         FROM serials s JOIN entries e ON e.sequence = s.entry
         LEFT JOIN revocations r ON r.authority = e.authority AND r.serial = s.serial
         WHERE s.issuer = (SELECT issuer FROM authorities WHERE id = ?1) AND e.authority = ?1 AND s.not_after >= ?2
         AND (e.ended IN ('signed', 'adopted') OR r.reason IS NOT NULL) ORDER BY s.serial",
    )?;
    let mut rows = select.query(params![column(id)?, column(not_before.0)?])?;
    while let Some(row) = rows.next()? {
        let changed: Option<i64> = row.get(4)?;
        let found = KnownCertificate {
            serial: SerialNumber::from_octets(row.get::<_, Vec<u8>>(0)?),
            revocation: changed.map(|_| revocation_of(row)).transpose()?,
        };
        if each(found).is_break() {
            break;
        }
    }
    Ok(())
}

pub(in crate::ledger) fn revocations(
    db: &Connection,
    authority: &Authority,
    changed_after: Option<u64>,
    each: &mut dyn FnMut(RevocationRecord) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let Some(id) = authority_id(db, authority)? else {
        return Ok(());
    };
    let which = match changed_after {
        Some(_) => "r.changed > ?2",
        None => "r.reason IS NOT NULL AND ?2 IS NULL",
    };
    let mut select = db.prepare_cached(&format!("{REVOCATIONS} AND {which} ORDER BY r.serial"))?;
    let mut rows = select.query(params![column(id)?, changed_after.map(column).transpose()?])?;
    while let Some(row) = rows.next()? {
        if each(revocation_of(row)?).is_break() {
            break;
        }
    }
    Ok(())
}

pub(in crate::ledger) fn crl_number(
    db: &Connection,
    authority: &Authority,
    number: CrlNumber,
) -> Result<Option<ReservedCrlNumber>, Failure> {
    let Some(id) = authority_id(db, authority)? else {
        return Ok(None);
    };
    let reserved: Option<i64> = db
        .prepare_cached(
            "SELECT reserved FROM crl_numbers
             WHERE issuer = (SELECT issuer FROM authorities WHERE id = ?1) AND number = ?2",
        )?
        .query_row(params![column(id)?, number.octets()], |row| row.get(0))
        .optional()?;
    let event = reserved.map(natural).transpose()?;
    Ok(event.map(|event| ReservedCrlNumber { number, event }))
}

/// The highest number that was reserved for this name.
pub(in crate::ledger) fn highest_crl_number(
    db: &Connection,
    authority: &Authority,
) -> Result<Option<CrlNumber>, Failure> {
    let Some(id) = authority_id(db, authority)? else {
        return Ok(None);
    };
    highest_number_of(db, id)
}

/// The same for an authority's number.
pub(in crate::ledger) fn highest_number_of(
    db: &Connection,
    authority: u64,
) -> Result<Option<CrlNumber>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT number FROM crl_numbers WHERE issuer = (SELECT issuer FROM authorities WHERE id = ?1)
         ORDER BY number DESC LIMIT 1",
    )?;
    let mut rows = select.query([column(authority)?])?;
    rows.next()?.map(|row| number_of(row, 0)).transpose()
}

/// The CRL number of a row.
pub(in crate::ledger) fn number_of(row: &Row<'_>, index: usize) -> Result<CrlNumber, Failure> {
    let octets = row.get_ref(index)?.as_blob().map_err(rusqlite::Error::from)?;
    CrlNumber::from_octets(octets)
        .filter(|number| number.octets() == octets)
        .ok_or_else(|| Failure::contradiction("a CRL number does not have 20 octets"))
}
