//! The tables that follow from the events. The same code keeps them while events are recorded, and makes them again when a ledger is
//! verified.

use rusqlite::{Connection, params};

use super::super::Object;
use super::super::event::{Event, FORMAT, What};
use super::failure::{Failure, column};

/// Table, columns, and how many of them are the key.
pub(super) const TABLES: [(&str, &[&str], usize); 5] = [
    (
        "authorities",
        &["id", "issuer", "key_sha256", "subject_der", "subject"],
        1,
    ),
    (
        "entries",
        &["sequence", "authority", "kind", "outcome", "ended"],
        1,
    ),
    ("serials", &["issuer", "serial", "entry", "not_after"], 2),
    (
        "crl_numbers",
        &["issuer", "number", "reserved", "complete", "delta"],
        2,
    ),
    (
        "revocations",
        &[
            "authority",
            "serial",
            "reason",
            "revoked",
            "invalidity_date",
            "changed",
        ],
        2,
    ),
];

/// Brings the tables up to this event. An event that cannot follow on those before it fails.
pub(super) fn project(db: &Connection, event: &Event) -> Result<(), Failure> {
    let sequence = column(event.sequence)?;
    if (event.sequence == 1) != matches!(event.event, What::Created { format: FORMAT, .. }) {
        return Err(Failure::contradiction("a ledger begins with its creation, once"));
    }
    match &event.event {
        What::Created { .. } => Ok(()),
        What::Authority(authority) => one_row(db.prepare_cached(
            "INSERT INTO authorities (id, issuer, key_sha256, subject_der, subject)
             SELECT ?1, coalesce((SELECT min(id) FROM authorities WHERE subject_der = ?3), ?1), ?2, ?3, ?4",
        )?.execute(params![
            sequence,
            authority.key_sha256.0,
            authority.subject.der.0,
            authority.subject.text
        ])?),
        What::Begun { authority, object, .. } => {
            insert_entry(db, sequence, *authority, object, None)?;
            match object {
                Object::Certificate { .. } => insert_serial(db, sequence, *authority, object),
                Object::Crl { number, base, .. } => use_crl_number(db, sequence, *authority, *number, base.is_some()),
                _ => Ok(()),
            }
        }
        What::Signed { entry, .. } => end(db, entry.0, sequence, "signed"),
        What::Abandoned { entry, .. } => end(db, entry.0, sequence, "abandoned"),
        What::Adopted { authority, object, .. } => {
            insert_entry(db, sequence, *authority, object, Some("adopted"))?;
            insert_serial(db, sequence, *authority, object)
        }
        What::CrlNumber { authority, number } => one_row(db.prepare_cached(
            "INSERT INTO crl_numbers (issuer, number, reserved) SELECT issuer, ?2, ?3 FROM authorities WHERE id = ?1",
        )?.execute(params![column(*authority)?, column(*number)?, sequence])?),
        What::Revoked { authority, serial, reason, revoked, invalidity_date } => {
            let invalidity_date = invalidity_date.map(|time| column(time.0)).transpose()?;
            one_row(db.prepare_cached(
                "INSERT INTO revocations (authority, serial, reason, revoked, invalidity_date, changed)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 FROM authorities JOIN serials USING (issuer) WHERE id = ?1 AND serial = ?2
                 ON CONFLICT DO UPDATE SET reason = ?3, revoked = ?4, invalidity_date = ?5, changed = ?6",
            )?.execute(params![
                column(*authority)?,
                serial.der_octets(),
                reason.code(),
                column(revoked.0)?,
                invalidity_date,
                sequence
            ])?)
        }
        What::Released { authority, serial } => one_row(db.prepare_cached(
            "UPDATE revocations SET reason = NULL, revoked = NULL, invalidity_date = NULL, changed = ?3
             WHERE authority = ?1 AND serial = ?2 AND reason = 6",
        )?.execute(params![column(*authority)?, serial.der_octets(), sequence])?),
    }
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

fn insert_serial(db: &Connection, sequence: i64, authority: u64, object: &Object) -> Result<(), Failure> {
    let Object::Certificate {
        serial, not_after, ..
    } = object
    else {
        return Err(Failure::contradiction("only certificates are adopted"));
    };
    one_row(db.prepare_cached(
        "INSERT INTO serials (issuer, serial, entry, not_after) SELECT issuer, ?2, ?3, ?4 FROM authorities WHERE id = ?1",
    )?.execute(params![column(authority)?, serial.der_octets(), sequence, column(not_after.0)?])?)
}

fn use_crl_number(
    db: &Connection,
    sequence: i64,
    authority: u64,
    number: u64,
    delta: bool,
) -> Result<(), Failure> {
    let of_this_issuer = "issuer = (SELECT issuer FROM authorities WHERE id = ?1)";
    let kind = if delta { "delta" } else { "complete" };
    let sql = format!(
        "UPDATE crl_numbers SET {kind} = ?3 WHERE {of_this_issuer} AND number = ?2 AND {kind} IS NULL"
    );
    one_row(
        db.prepare_cached(&sql)?
            .execute(params![column(authority)?, column(number)?, sequence])?,
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
