//! The tables as they are, beside the rows that the events come to.

use rusqlite::{Connection, Row};

use super::super::super::rows::{NumberRow, RevocationRow, Rows};
use super::super::super::{Digest, SerialNumber};
use super::super::failure::{Failure, natural};
use super::super::read::number_of;

impl Rows {
    /// Each row is what the events say. A key is in a table once, so as many rows as are expected are those that are expected.
    pub(super) fn compare(&self, db: &Connection) -> Result<(), Failure> {
        each_row(
            db,
            "authorities",
            "SELECT id, issuer, key_sha256, subject_der, subject FROM authorities",
            self.authorities.len(),
            |row| {
                let Some((issuer, authority)) = self.authorities.get(&number(row, 0)?) else {
                    return Ok(false);
                };
                Ok(number(row, 1)? == *issuer
                    && row.get_ref(2)?.as_blob().ok() == Some(&authority.key_sha256.0)
                    && row.get_ref(3)?.as_blob().ok() == Some(&authority.subject.der.0)
                    && row.get_ref(4)?.as_str().ok() == Some(&authority.subject.text))
            },
        )?;
        each_row(
            db,
            "entries",
            "SELECT sequence, authority, kind, outcome, ended FROM entries",
            self.entries.len(),
            |row| {
                let Some(expected) = self.entries.get(&number(row, 0)?) else {
                    return Ok(false);
                };
                let ended = row.get_ref(4)?.as_str_or_null().map_err(rusqlite::Error::from)?;
                Ok(number(row, 1)? == expected.authority
                    && row.get_ref(2)?.as_str().ok() == Some(expected.kind)
                    && optional(row, 3)? == expected.end.map(|(event, _)| event)
                    && ended == expected.end.map(|(_, how)| how))
            },
        )?;
        each_row(
            db,
            "serials",
            "SELECT issuer, serial, entry, not_after FROM serials",
            self.serials.len(),
            |row| {
                let Some((issuer, serial, not_after)) = self.serials.get(&number(row, 2)?) else {
                    return Ok(false);
                };
                Ok(number(row, 0)? == *issuer
                    && row.get_ref(1)?.as_blob().ok() == Some(serial.octets())
                    && number(row, 3)? == *not_after)
            },
        )?;
        each_row(
            db,
            "crl_numbers",
            "SELECT issuer, number, reserved, complete, delta FROM crl_numbers",
            self.crl_numbers.len(),
            |row| {
                let found = NumberRow {
                    reserved: number(row, 2)?,
                    complete: optional(row, 3)?,
                    delta: optional(row, 4)?,
                };
                Ok(self.crl_numbers.get(&(number(row, 0)?, number_of(row, 1)?)) == Some(&found))
            },
        )?;
        each_row(
            db,
            "revocations",
            "SELECT authority, serial, reason, revoked, invalidity_date, changed FROM revocations",
            self.revocations.len(),
            |row| {
                let serial = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
                let found = RevocationRow {
                    reason: optional(row, 2)?,
                    revoked: optional(row, 3)?,
                    invalidity_date: optional(row, 4)?,
                    changed: number(row, 5)?,
                };
                let key = (number(row, 0)?, SerialNumber::from_octets(serial));
                Ok(self.revocations.get(&key) == Some(&found))
            },
        )?;
        each_row(
            db,
            "deliveries",
            "SELECT entry, delivered FROM deliveries",
            self.deliveries.len(),
            |row| Ok(self.deliveries.get(&number(row, 0)?) == Some(&optional(row, 1)?)),
        )?;
        each_row(
            db,
            "requests",
            "SELECT authority, request_sha256, entry FROM requests",
            self.requests.len(),
            |row| {
                let Some((authority, request)) = self.requests.get(&number(row, 2)?) else {
                    return Ok(false);
                };
                Ok(number(row, 0)? == *authority && row.get_ref(1)?.as_blob().ok() == Some(&request.0))
            },
        )?;
        each_row(
            db,
            "keys",
            "SELECT begun, ended FROM keys",
            self.keys.len(),
            |row| Ok(self.keys.get(&number(row, 0)?) == Some(&optional(row, 1)?)),
        )?;
        each_row(
            db,
            "names",
            "SELECT entry, names FROM names",
            self.names.len(),
            |row| {
                let expected = self.names.get(&number(row, 0)?);
                Ok(expected
                    .is_some_and(|names| row.get_ref(1).is_ok_and(|found| found.as_blob() == Ok(&names.0))))
            },
        )?;
        each_row(
            db,
            "authority_certificates",
            "SELECT authority, sha256, path, event FROM authority_certificates",
            self.authority_certificates.len(),
            |row| {
                let key = (number(row, 0)?, Digest(row.get(1)?));
                let Some((path, event)) = self.authority_certificates.get(&key) else {
                    return Ok(false);
                };
                Ok(row.get_ref(2)?.as_str().ok() == Some(path.name()) && number(row, 3)? == *event)
            },
        )
    }
}

fn number(row: &Row<'_>, index: usize) -> Result<u64, Failure> {
    natural(row.get(index)?)
}

fn optional(row: &Row<'_>, index: usize) -> Result<Option<u64>, Failure> {
    row.get::<_, Option<i64>>(index)?.map(natural).transpose()
}

fn each_row(
    db: &Connection,
    table: &str,
    sql: &str,
    expected: usize,
    is_expected: impl Fn(&Row<'_>) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query([])?;
    let mut found: usize = 0;
    while let Some(row) = rows.next()? {
        if !is_expected(row)? {
            return Err(Failure::contradiction(format!(
                "table {table} has a row that the events do not have"
            )));
        }
        found = found.saturating_add(1);
    }
    if found != expected {
        return Err(Failure::contradiction(format!(
            "table {table} has {found} rows, and the events say {expected}"
        )));
    }
    Ok(())
}
