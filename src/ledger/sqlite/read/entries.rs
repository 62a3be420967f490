//! Entries: the tables locate them, the events have their contents.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::authorities::{authority_certificates_like, authority_id, authority_of_id};
use super::revocations::revocation;
use super::{decode, event};
use crate::ledger::event::{Event, What};
use crate::ledger::sqlite::failure::{Failure, column, natural};
use crate::ledger::{
    Authority, DeliveryState, Der, Digest, Entry, EntryFilter, EntryId, EntryState, Object, RevocationState,
    SerialNumber, SoleCertificate,
};

/// The entry that has a serial number of this authority's name.
pub(in crate::ledger) fn entry_of_serial(
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

pub(in crate::ledger) fn entry(db: &Connection, id: EntryId) -> Result<Option<Entry>, Failure> {
    let id: &dyn ToSql = &column(id.0)?;
    first(db, "e.sequence = ?", &[id])
}

pub(in crate::ledger) fn certificate(
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

pub(in crate::ledger) fn certificates_for(
    db: &Connection,
    authority: &Authority,
    request_sha256: &Digest,
    each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let Some(id) = authority_id(db, authority)? else {
        return Ok(());
    };
    select_entries(
        db,
        "e.ended = 'signed' AND e.sequence IN (SELECT entry FROM requests WHERE authority = ? AND request_sha256 = ?)",
        &[&column(id)?, &request_sha256.0],
        None,
        each,
    )
}

/// The first entry for this request that was begun or signed after that event, and not abandoned.
pub(in crate::ledger) fn begun_for(
    db: &Connection,
    authority: &Authority,
    request_sha256: &Digest,
    after: u64,
) -> Result<Option<EntryId>, Failure> {
    let Some(id) = authority_id(db, authority)? else {
        return Ok(None);
    };
    let first: Option<i64> = db
        .prepare_cached(
            "SELECT min(r.entry) FROM requests r JOIN entries e ON e.sequence = r.entry
             WHERE r.authority = ?1 AND r.request_sha256 = ?2 AND (r.entry > ?3 OR e.outcome > ?3)
             AND e.ended IS NOT 'abandoned'",
        )?
        .query_row(params![column(id)?, request_sha256.0, column(after)?], |row| {
            row.get(0)
        })?;
    Ok(first.map(natural).transpose()?.map(EntryId))
}

/// For each certificate for whose request another one was signed since: its entry, and that of the last other one.
pub(in crate::ledger) fn second_certificates(
    db: &Connection,
    sole: &[SoleCertificate],
) -> Result<Vec<(EntryId, EntryId)>, Failure> {
    let mut found = Vec::new();
    let mut select = db.prepare_cached(
        "SELECT max(r.entry) FROM requests r JOIN entries e ON e.sequence = r.entry
         WHERE r.authority = ?1 AND r.request_sha256 = ?2 AND r.entry <> ?3 AND e.outcome > ?4 AND e.ended = 'signed'",
    )?;
    for one in sole {
        let Some(authority) = authority_id(db, &one.authority)? else {
            continue;
        };
        let values = params![
            column(authority)?,
            one.request_sha256.0,
            column(one.entry.0)?,
            column(one.since)?
        ];
        let last: Option<i64> = select.query_row(values, |row| row.get(0))?;
        if let Some(last) = last {
            found.push((one.entry, EntryId(natural(last)?)));
        }
    }
    Ok(found)
}

/// The first entry for this request that was begun, is neither signed nor abandoned nor revoked, and was not followed by a signed one.
pub(in crate::ledger) fn open_for(
    db: &Connection,
    authority: &Authority,
    request_sha256: &Digest,
) -> Result<Option<EntryId>, Failure> {
    let Some(id) = authority_id(db, authority)? else {
        return Ok(None);
    };
    let (id, request): (&dyn ToSql, &dyn ToSql) = (&column(id)?, &request_sha256.0);
    let mut open = None;
    select_entries(
        db,
        "e.ended IS NULL AND e.sequence IN (SELECT entry FROM requests WHERE authority = ? AND request_sha256 = ?)
         AND e.sequence > (SELECT coalesce(max(r.entry), 0) FROM requests r JOIN entries s ON s.sequence = r.entry
         WHERE r.authority = ? AND r.request_sha256 = ? AND s.ended = 'signed')",
        &[id, request, id, request],
        None,
        &mut |entry| {
            let revocation = entry.revocation.as_ref().map(|revocation| &revocation.state);
            if !matches!(revocation, Some(RevocationState::Revoked { .. })) {
                open = Some(entry.id);
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(open)
}

/// A CA's own certificate is in the ledger before anything else that it signs, so only its first entries are searched.
pub(in crate::ledger) fn own_certificates(
    db: &Connection,
    authority: &Authority,
) -> Result<Vec<Der>, Failure> {
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
            let is_own = matches!(&entry.object, Object::Certificate { subject, .. } if subject.name == authority.subject.name);
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

/// A certificate, or an object of which its authority has signed no later one. The last signed object of a kind is found in an index, from its
/// end.
pub(in crate::ledger) const NOT_REPLACED: &str = "(e.kind = 'certificate' OR e.sequence >= coalesce((SELECT s.sequence FROM entries s \
    WHERE s.kind <> 'certificate' AND s.authority = e.authority AND s.kind = e.kind AND s.ended = 'signed' \
    ORDER BY s.sequence DESC LIMIT 1), 0))";

pub(in crate::ledger) fn entries(
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
    if filter.without_replaced {
        conditions.push(NOT_REPLACED);
    }
    if let Some(before) = filter.before {
        conditions.push("e.sequence < ?");
        values.push(Box::new(column(before.0)?));
    }
    let values: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
    select_entries(db, &conditions.join(" AND "), &values, filter.limit, each)
}

pub(in crate::ledger) fn select_entries(
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

/// Builds an entry from its events.
fn tell(
    db: &Connection,
    authorities: &mut HashMap<u64, Authority>,
    begun: Event,
    outcome: Option<Event>,
) -> Result<Entry, Failure> {
    let wrong =
        || Failure::contradiction("the table of entries refers to events that do not belong to an entry");
    let id = EntryId(begun.sequence);
    let stamp = begun.stamp();
    let (authority, tbs_sha256, object, waived, state) = match (
        begun.event,
        outcome.map(|event| (event.sequence, event.stamp(), event.event)),
    ) {
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
                Some((event, stamp, What::Signed { sha256, der, .. })) => EntryState::Signed {
                    event,
                    stamp,
                    sha256,
                    der,
                },
                Some((_, stamp, What::Abandoned { reason, .. })) => EntryState::Abandoned { stamp, reason },
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
        _ => Err(Failure::contradiction("a delivery has no event")),
    }
}
