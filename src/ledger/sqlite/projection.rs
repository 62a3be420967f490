//! Derives the tables from the events. The same code updates them while events are recorded, and builds them again when a ledger is
//! verified.

use rusqlite::{Connection, params};

use super::super::event::{Event, FORMAT, What};
use super::super::{CrlNumber, Digest, Object};
use super::failure::{Failure, column};

/// Updates the tables for this event. Fails if it cannot follow the events before it.
pub(super) fn project(db: &Connection, event: &Event) -> Result<(), Failure> {
    let sequence = column(event.sequence)?;
    if (event.sequence == 1) != matches!(event.event, What::Created { format: FORMAT, .. }) {
        return Err(Failure::contradiction("a ledger begins with its creation, once"));
    }
    match &event.event {
        What::Created { .. } | What::HeadGivenUp { .. } => Ok(()),
        What::Authority(authority) => one_row(
            db.prepare_cached(
                "INSERT INTO authorities (id, issuer, key_sha256, subject_der, subject)
             SELECT ?1, coalesce((SELECT min(id) FROM authorities WHERE subject_der = ?3), ?1), ?2, ?3, ?4",
            )?
            .execute(params![
                sequence,
                authority.key_sha256.0,
                authority.subject.name.der(),
                authority.subject.text
            ])?,
        ),
        What::Begun {
            authority, object, ..
        } => {
            insert_entry(db, sequence, *authority, object, None)?;
            match object {
                Object::Certificate { request_sha256, .. } => {
                    insert_serial(db, sequence, *authority, object, Conflict::Fails)?;
                    insert_request(db, sequence, *authority, request_sha256.as_ref())
                }
                Object::SerialNumber { .. } => Err(Failure::contradiction("a serial number is not signed")),
                Object::Crl { number, base, .. } => {
                    use_crl_number(db, sequence, *authority, *number, base.is_some())
                }
                _ => Ok(()),
            }
        }
        What::Signed {
            entry, to_deliver, ..
        } => {
            end(db, entry.0, sequence, "signed")?;
            if !to_deliver {
                return Ok(());
            }
            one_row(
                db.prepare_cached("INSERT INTO deliveries (entry) VALUES (?1)")?
                    .execute([column(entry.0)?])?,
            )
        }
        What::Delivered { entry } => deliver(db, entry.0, sequence),
        What::Abandoned { entry, .. } => end(db, entry.0, sequence, "abandoned"),
        What::Adopted {
            authority,
            object,
            sha256,
            der,
        } => {
            insert_entry(db, sequence, *authority, object, Some("adopted"))?;
            match (object, sha256, der) {
                (Object::Certificate { .. }, Some(_), Some(_)) => {
                    insert_serial(db, sequence, *authority, object, Conflict::ReplacesBareNumber)
                }
                (Object::SerialNumber { .. }, None, None) => {
                    insert_serial(db, sequence, *authority, object, Conflict::Fails)
                }
                (
                    Object::Crl {
                        number, base: None, ..
                    },
                    Some(_),
                    _,
                ) => {
                    reserve_crl_number(db, sequence, *authority, *number)?;
                    use_crl_number(db, sequence, *authority, *number, false)
                }
                _ => Err(Failure::contradiction("that cannot be adopted")),
            }
        }
        What::AuthorityCertificate {
            authority,
            sha256,
            path,
            ..
        } => one_row(
            db.prepare_cached(
                "INSERT INTO authority_certificates (authority, sha256, path, event) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET path = ?3, event = ?4",
            )?
            .execute(params![column(*authority)?, sha256.0, path.name(), sequence])?,
        ),
        What::CrlNumber { authority, number } => reserve_crl_number(db, sequence, *authority, *number),
        What::Revoked {
            authority,
            serial,
            reason,
            revoked,
            invalidity_date,
            ..
        } => {
            let invalidity_date = invalidity_date.map(|time| column(time.0)).transpose()?;
            one_row(db.prepare_cached(
                "INSERT INTO revocations (authority, serial, reason, revoked, invalidity_date, changed)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 FROM authorities JOIN serials USING (issuer) WHERE id = ?1 AND serial = ?2
                 ON CONFLICT DO UPDATE SET reason = ?3, revoked = ?4, invalidity_date = ?5, changed = ?6",
            )?.execute(params![
                column(*authority)?,
                serial.octets(),
                reason.code(),
                column(revoked.0)?,
                invalidity_date,
                sequence
            ])?)
        }
        What::Released { authority, serial } => one_row(
            db.prepare_cached(
                "UPDATE revocations SET reason = NULL, revoked = NULL, invalidity_date = NULL, changed = ?3
             WHERE authority = ?1 AND serial = ?2 AND reason = 6",
            )?
            .execute(params![column(*authority)?, serial.octets(), sequence])?,
        ),
        What::KeyBegun(_) => one_row(
            db.prepare_cached("INSERT INTO keys (begun) VALUES (?1)")?
                .execute([sequence])?,
        ),
        What::Key { begun, .. } | What::KeyFailed { begun, .. } => one_row(
            db.prepare_cached("UPDATE keys SET ended = ?2 WHERE begun = ?1 AND ended IS NULL")?
                .execute(params![column(begun.0)?, sequence])?,
        ),
    }
}

/// The table keeps the first delivery. A later one must only refer to a signed entry.
fn deliver(db: &Connection, entry: u64, sequence: i64) -> Result<(), Failure> {
    let entry = column(entry)?;
    db.prepare_cached("UPDATE deliveries SET delivered = ?2 WHERE entry = ?1 AND delivered IS NULL")?
        .execute(params![entry, sequence])?;
    let signed: i64 = db
        .prepare_cached(
            "SELECT count(*) FROM entries WHERE sequence = ?1 AND ended IN ('signed', 'adopted')",
        )?
        .query_row([entry], |row| row.get(0))?;
    one_row(usize::try_from(signed).unwrap_or(0))
}

fn insert_request(
    db: &Connection,
    sequence: i64,
    authority: u64,
    request_sha256: Option<&Digest>,
) -> Result<(), Failure> {
    let Some(request_sha256) = request_sha256 else {
        return Ok(());
    };
    one_row(
        db.prepare_cached("INSERT INTO requests (authority, request_sha256, entry) VALUES (?1, ?2, ?3)")?
            .execute(params![column(authority)?, request_sha256.0, sequence])?,
    )
}

fn insert_entry(
    db: &Connection,
    sequence: i64,
    authority: u64,
    object: &Object,
    ended: Option<&str>,
) -> Result<(), Failure> {
    one_row(
        db.prepare_cached(
            "INSERT INTO entries (sequence, authority, kind, outcome, ended)
         SELECT ?1, id, ?3, ?4, ?5 FROM authorities WHERE id = ?2",
        )?
        .execute(params![
            sequence,
            column(authority)?,
            object.kind(),
            ended.map(|_| sequence),
            ended
        ])?,
    )
}

/// What happens if the serial number is already in the table.
enum Conflict {
    Fails,
    /// The ledger knew only the number, of the same authority.
    ReplacesBareNumber,
}

fn insert_serial(
    db: &Connection,
    sequence: i64,
    authority: u64,
    object: &Object,
    conflict: Conflict,
) -> Result<(), Failure> {
    let (Object::Certificate {
        serial, not_after, ..
    }
    | Object::SerialNumber {
        serial, not_after, ..
    }) = object
    else {
        return Err(Failure::contradiction("only certificates have serial numbers"));
    };
    let conflict = match conflict {
        Conflict::Fails => "",
        Conflict::ReplacesBareNumber => {
            "ON CONFLICT DO UPDATE SET entry = ?3, not_after = ?4
             WHERE NOT EXISTS (SELECT 1 FROM names WHERE names.entry = serials.entry)
             AND ?1 = (SELECT authority FROM entries WHERE sequence = serials.entry)"
        }
    };
    let sql = format!(
        "INSERT INTO serials (issuer, serial, entry, not_after)
         SELECT issuer, ?2, ?3, ?4 FROM authorities WHERE id = ?1 {conflict}"
    );
    one_row(db.prepare_cached(&sql)?.execute(params![
        column(authority)?,
        serial.octets(),
        sequence,
        column(not_after.0)?
    ])?)?;
    let Object::Certificate {
        subject,
        names_sha256,
        ..
    } = object
    else {
        return Ok(());
    };
    let names = names_sha256.unwrap_or_else(|| Digest::of(subject.name.der()));
    one_row(
        db.prepare_cached("INSERT INTO names (entry, names) VALUES (?1, ?2)")?
            .execute(params![sequence, names.0])?,
    )
}

fn reserve_crl_number(
    db: &Connection,
    sequence: i64,
    authority: u64,
    number: CrlNumber,
) -> Result<(), Failure> {
    one_row(db.prepare_cached(
        "INSERT INTO crl_numbers (issuer, number, reserved) SELECT issuer, ?2, ?3 FROM authorities WHERE id = ?1",
    )?.execute(params![column(authority)?, number.octets(), sequence])?)
}

fn use_crl_number(
    db: &Connection,
    sequence: i64,
    authority: u64,
    number: CrlNumber,
    delta: bool,
) -> Result<(), Failure> {
    let of_this_issuer = "issuer = (SELECT issuer FROM authorities WHERE id = ?1)";
    let kind = if delta { "delta" } else { "complete" };
    let sql = format!(
        "UPDATE crl_numbers SET {kind} = ?3 WHERE {of_this_issuer} AND number = ?2 AND {kind} IS NULL"
    );
    one_row(
        db.prepare_cached(&sql)?
            .execute(params![column(authority)?, number.octets(), sequence])?,
    )
}

fn end(db: &Connection, entry: u64, sequence: i64, how: &str) -> Result<(), Failure> {
    one_row(
        db.prepare_cached(
            "UPDATE entries SET outcome = ?2, ended = ?3 WHERE sequence = ?1 AND outcome IS NULL",
        )?
        .execute(params![column(entry)?, sequence, how])?,
    )
}

fn one_row(changed: usize) -> Result<(), Failure> {
    if changed == 1 {
        return Ok(());
    }
    Err(Failure::contradiction(
        "it refers to something that the events before it do not have",
    ))
}
