//! Reading: the tables find, the events tell.

use std::collections::HashMap;
use std::io::Write;
use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::super::event::{Event, What};
use super::super::spelling::reason_of_code;
use super::super::{
    Authority, AuthorityCertificate, CompromisedKey, CrlNumber, DeliveryState, Der, Digest, Entry,
    EntryFilter, EntryId, EntryState, Head, KnownAuthority, LedgerError, Number, Object, Revocation,
    RevocationState, SerialNumber, UnixTime,
};
use super::failure::{Failure, column, natural};

pub(super) fn head(db: &Connection) -> Result<Head, Failure> {
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
pub(super) fn hash_of(db: &Connection, sequence: u64) -> Result<Option<Digest>, Failure> {
    let hash = db
        .prepare_cached("SELECT hash FROM events WHERE sequence = ?1")?
        .query_row([column(sequence)?], |row| row.get(0))
        .optional()?;
    Ok(hash.map(Digest))
}

/// When the last event was.
pub(super) fn last_time(db: &Connection) -> Result<Option<UnixTime>, Failure> {
    let last = event(db, head(db)?.count)?;
    Ok(last.map(|event| event.time))
}

/// The revocations that say that a private key is in the wrong hands, of every authority.
pub(super) fn compromised(
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
                "a revocation names an event that is not one",
            ));
        };
        let certificate = match key_sha256 {
            Some(_) => None,
            None => self::entry(db, entry)?.and_then(|entry| entry.state.der().cloned()),
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

pub(super) fn decode(body: &str) -> Result<Event, Failure> {
    Event::decode(body).map_err(|error| Failure::contradiction(format!("an event cannot be read: {error}")))
}

pub(super) fn event(db: &Connection, sequence: u64) -> Result<Option<Event>, Failure> {
    let mut select = db.prepare_cached("SELECT body FROM events WHERE sequence = ?1")?;
    let body: Option<String> = select
        .query_row([column(sequence)?], |row| row.get(0))
        .optional()?;
    body.as_deref().map(decode).transpose()
}

/// What began an entry.
pub(super) fn begun(db: &Connection, entry: EntryId) -> Result<Option<What>, Failure> {
    let found = event(db, entry.0)?.map(|event| event.event);
    Ok(found.filter(|what| matches!(what, What::Begun { .. } | What::Adopted { .. })))
}

/// What ended an entry, and how.
pub(super) fn ended(db: &Connection, entry: EntryId) -> Result<Option<(Event, String)>, Failure> {
    let mut select =
        db.prepare_cached("SELECT outcome, ended FROM entries WHERE sequence = ?1 AND outcome IS NOT NULL")?;
    let row: Option<(i64, String)> = select
        .query_row([column(entry.0)?], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((outcome, how)) = row else {
        return Ok(None);
    };
    let event = event(db, natural(outcome)?)?;
    event
        .map(|event| Some((event, how)))
        .ok_or_else(|| Failure::contradiction(format!("the end of entry {entry} is missing")))
}

pub(super) fn authority_id(db: &Connection, authority: &Authority) -> Result<Option<u64>, Failure> {
    db.prepare_cached("SELECT id FROM authorities WHERE subject_der = ?1 AND key_sha256 = ?2")?
        .query_row(params![authority.subject.der.0, authority.key_sha256.0], |row| {
            row.get(0)
        })
        .optional()?
        .map(natural)
        .transpose()
}

/// The entry that has a serial number of this authority's name.
pub(super) fn entry_of_serial(
    db: &Connection,
    authority: u64,
    serial: &SerialNumber,
) -> Result<Option<EntryId>, Failure> {
    db.prepare_cached(
        "SELECT entry FROM serials WHERE issuer = (SELECT issuer FROM authorities WHERE id = ?1) AND serial = ?2",
    )?
    .query_row(params![column(authority)?, serial.octets()], |row| row.get(0))
    .optional()?
    .map(|entry| natural(entry).map(EntryId))
    .transpose()
}

pub(super) fn crl_number(
    db: &Connection,
    authority: &Authority,
    number: Number,
) -> Result<Option<CrlNumber>, Failure> {
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
    Ok(event.map(|event| CrlNumber { number, event }))
}

/// A CRL number of a row.
pub(super) fn number_of(row: &Row<'_>, index: usize) -> Result<Number, Failure> {
    let octets = row.get_ref(index)?.as_blob().map_err(rusqlite::Error::from)?;
    Number::from_octets(octets)
        .filter(|number| number.octets() == octets)
        .ok_or_else(|| Failure::contradiction("a CRL number is not of 20 octets"))
}

const REVOCATIONS: &str = "SELECT r.serial, r.reason, r.revoked, r.invalidity_date, r.changed, s.not_after
    FROM revocations r JOIN authorities a ON a.id = r.authority
    LEFT JOIN serials s ON s.issuer = a.issuer AND s.serial = r.serial WHERE r.authority = ?1";

fn revocation_of(row: &Row<'_>) -> Result<Revocation, Failure> {
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
    Ok(Revocation {
        serial: SerialNumber::from_octets(row.get::<_, Vec<u8>>(0)?),
        state,
        changed: natural(row.get(4)?)?,
        not_after: time(5)?.ok_or_else(missing)?,
    })
}

pub(super) fn revocation(
    db: &Connection,
    authority: u64,
    serial: &SerialNumber,
) -> Result<Option<Revocation>, Failure> {
    let mut select = db.prepare_cached(&format!("{REVOCATIONS} AND r.serial = ?2"))?;
    let mut rows = select.query(params![column(authority)?, serial.octets()])?;
    rows.next()?.map(revocation_of).transpose()
}

pub(super) fn revocations(
    db: &Connection,
    authority: &Authority,
    changed_after: Option<u64>,
    each: &mut dyn FnMut(Revocation) -> ControlFlow<()>,
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

pub(super) fn authorities_like(db: &Connection, authority: &Authority) -> Result<Vec<Authority>, Failure> {
    let mut select = db
        .prepare_cached("SELECT id FROM authorities WHERE subject_der = ?1 OR key_sha256 = ?2 ORDER BY id")?;
    let mut rows = select.query(params![authority.subject.der.0, authority.key_sha256.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(authority_of_id(db, natural(row.get(0)?)?)?);
    }
    Ok(found)
}

/// The authority that a table names by its event.
fn authority_of_id(db: &Connection, id: u64) -> Result<Authority, Failure> {
    match event(db, id)?.map(|event| event.event) {
        Some(What::Authority(found)) => Ok(found),
        _ => Err(Failure::contradiction(
            "a table names an authority that no event introduced",
        )),
    }
}

pub(super) fn authority_certificates_like(
    db: &Connection,
    authority: &Authority,
) -> Result<Vec<KnownAuthority>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT c.event FROM authority_certificates c JOIN authorities a ON a.id = c.authority
         WHERE a.subject_der = ?1 OR a.key_sha256 = ?2 ORDER BY c.event",
    )?;
    let mut rows = select.query(params![authority.subject.der.0, authority.key_sha256.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let number = natural(row.get(0)?)?;
        let Some(What::AuthorityCertificate {
            authority, der, path, ..
        }) = event(db, number)?.map(|event| event.event)
        else {
            return Err(Failure::contradiction(
                "the table of CA certificates names an event that is about something else",
            ));
        };
        let authority = authority_of_id(db, authority)?;
        found.push(KnownAuthority {
            event: EntryId(number),
            certificate: AuthorityCertificate { authority, der, path },
        });
    }
    Ok(found)
}

pub(super) fn entry(db: &Connection, id: EntryId) -> Result<Option<Entry>, Failure> {
    let id: &dyn ToSql = &column(id.0)?;
    first(db, "e.sequence = ?", &[id])
}

pub(super) fn certificate(
    db: &Connection,
    authority: &Authority,
    serial: &SerialNumber,
) -> Result<Option<Entry>, Failure> {
    let Some(id) = authority_id(db, authority)? else {
        return Ok(None);
    };
    let Some(entry) = entry_of_serial(db, id, serial)? else {
        return Ok(None);
    };
    first(
        db,
        "e.sequence = ? AND e.authority = ?",
        &[&column(entry.0)?, &column(id)?],
    )
}

fn first(db: &Connection, condition: &str, values: &[&dyn ToSql]) -> Result<Option<Entry>, Failure> {
    let mut found = None;
    select_entries(db, condition, values, None, &mut |entry| {
        found = Some(entry);
        ControlFlow::Break(())
    })?;
    Ok(found)
}

pub(super) fn certificates_for(
    db: &Connection,
    authority: &Authority,
    request_sha256: &Digest,
    limit: u64,
) -> Result<Vec<Entry>, Failure> {
    let Some(id) = authority_id(db, authority)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    select_entries(
        db,
        "e.ended = 'signed' AND e.sequence IN (SELECT entry FROM requests WHERE authority = ? AND request_sha256 = ?)",
        &[&column(id)?, &request_sha256.0],
        Some(limit),
        &mut |entry| {
            found.push(entry);
            ControlFlow::Continue(())
        },
    )?;
    Ok(found)
}

/// A CA's own certificate is in the ledger before anything else that it signs, so the first few are looked at.
pub(super) fn own_certificates(db: &Connection, authority: &Authority) -> Result<Vec<Der>, Failure> {
    const FIRST: i64 = 8;
    let Some(id) = authority_id(db, authority)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    select_entries(
        db,
        "e.sequence IN (SELECT sequence FROM entries WHERE authority = ? AND kind = 'certificate' ORDER BY sequence LIMIT ?)",
        &[&column(id)?, &FIRST],
        None,
        &mut |entry| {
            let is_own = matches!(&entry.object, Object::Certificate { subject, .. } if subject.der == authority.subject.der);
            found.extend(entry.state.der().filter(|_| is_own).cloned());
            ControlFlow::Continue(())
        },
    )?;
    let adopted = authority_certificates_like(db, authority)?;
    let adopted = adopted
        .into_iter()
        .map(|known| known.certificate)
        .filter(|certificate| certificate.authority.is(authority));
    found.extend(adopted.map(|certificate| certificate.der));
    Ok(found)
}

pub(super) fn entries(
    db: &Connection,
    filter: &EntryFilter,
    each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let mut conditions = vec!["TRUE"];
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    if let Some(authority) = &filter.authority {
        let Some(id) = authority_id(db, authority)? else {
            return Ok(());
        };
        conditions.push("e.authority = ?");
        values.push(Box::new(column(id)?));
    }
    if let Some(serial) = &filter.serial {
        conditions.push(
            "e.sequence IN (SELECT entry FROM serials WHERE issuer IN (SELECT issuer FROM authorities) AND serial = ?)",
        );
        values.push(Box::new(serial.octets().to_vec()));
    }
    if let Some(names) = &filter.names {
        conditions.push("e.sequence IN (SELECT entry FROM names WHERE names = ?)");
        values.push(Box::new(names.0));
    }
    match (filter.open, filter.undelivered) {
        (true, true) => conditions.push(
            "e.sequence IN (SELECT sequence FROM entries WHERE outcome IS NULL \
             UNION SELECT entry FROM deliveries WHERE delivered IS NULL)",
        ),
        (true, false) => conditions.push("e.outcome IS NULL"),
        (false, true) => {
            conditions.push("e.sequence IN (SELECT entry FROM deliveries WHERE delivered IS NULL)");
        }
        (false, false) => {}
    }
    if let Some(before) = filter.before {
        conditions.push("e.sequence < ?");
        values.push(Box::new(column(before.0)?));
    }
    let values: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
    select_entries(db, &conditions.join(" AND "), &values, filter.limit, each)
}

pub(super) fn select_entries(
    db: &Connection,
    condition: &str,
    values: &[&dyn ToSql],
    limit: Option<u64>,
    each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let limit = limit.map_or(Ok(-1), column)?;
    let sql = format!(
        "SELECT b.body, o.body, e.outcome FROM entries e JOIN events b ON b.sequence = e.sequence
         LEFT JOIN events o ON o.sequence = e.outcome
         WHERE {condition} ORDER BY e.sequence DESC LIMIT {limit}"
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(values)?;
    let mut authorities = HashMap::new();
    while let Some(row) = rows.next()? {
        let begun = decode(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
        let outcome = match (
            row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?,
            row.get::<_, Option<i64>>(2)?,
        ) {
            (Some(body), _) => Some(decode(body)?),
            (None, None) => None,
            (None, Some(_)) => return Err(Failure::contradiction("the end of an entry is missing")),
        };
        if each(tell(db, &mut authorities, begun, outcome)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// Puts the events of an entry together.
fn tell(
    db: &Connection,
    authorities: &mut HashMap<u64, Authority>,
    begun: Event,
    outcome: Option<Event>,
) -> Result<Entry, Failure> {
    let wrong = || Failure::contradiction("the table of entries names events that are none of an entry");
    let id = EntryId(begun.sequence);
    let stamp = begun.stamp();
    let (authority, tbs_sha256, object, waived, state) =
        match (begun.event, outcome.map(|event| (event.stamp(), event.event))) {
            (
                What::Adopted {
                    authority,
                    sha256,
                    object,
                    der,
                },
                _,
            ) => (
                authority,
                None,
                object,
                Vec::new(),
                EntryState::Adopted { sha256, der },
            ),
            (
                What::Begun {
                    authority,
                    tbs_sha256,
                    object,
                    waived,
                },
                outcome,
            ) => {
                let state = match outcome {
                    None => EntryState::Begun,
                    Some((stamp, What::Signed { sha256, der, .. })) => {
                        EntryState::Signed { stamp, sha256, der }
                    }
                    Some((stamp, What::Abandoned { reason, .. })) => EntryState::Abandoned { stamp, reason },
                    Some(_) => return Err(wrong()),
                };
                (authority, Some(tbs_sha256), object, waived, state)
            }
            _ => return Err(wrong()),
        };
    let revocation = match object.serial() {
        Some(serial) => revocation(db, authority, serial)?,
        None => None,
    };
    let delivery = delivery(db, id)?;
    let authority = match authorities.get(&authority) {
        Some(known) => known.clone(),
        None => {
            let found = authority_of_id(db, authority)?;
            authorities.insert(authority, found.clone());
            found
        }
    };
    Ok(Entry {
        id,
        authority,
        object,
        tbs_sha256,
        waived,
        begun: stamp,
        state,
        revocation,
        delivery,
    })
}

fn delivery(db: &Connection, entry: EntryId) -> Result<DeliveryState, Failure> {
    let delivered: Option<Option<i64>> = db
        .prepare_cached("SELECT delivered FROM deliveries WHERE entry = ?1")?
        .query_row([column(entry.0)?], |row| row.get(0))
        .optional()?;
    let sequence = match delivered {
        None => return Ok(DeliveryState::Unknown),
        Some(None) => return Ok(DeliveryState::Undelivered),
        Some(Some(sequence)) => natural(sequence)?,
    };
    match event(db, sequence)? {
        Some(Event {
            time,
            event: What::Delivered { entry: of },
            ..
        }) if of == entry => Ok(DeliveryState::Delivered {
            event: sequence,
            time,
        }),
        _ => Err(Failure::contradiction("a delivery has no event that says so")),
    }
}

/// Every event as a line: its hash, and its bytes as they are.
pub(super) fn export(db: &Connection, to: &mut dyn Write) -> Result<Head, Failure> {
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
