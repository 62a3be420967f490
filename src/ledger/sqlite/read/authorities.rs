//! Authorities and their own certificates.

use rusqlite::{Connection, OptionalExtension, params};

use super::event;
use crate::ledger::event::What;
use crate::ledger::sqlite::failure::{Failure, natural};
use crate::ledger::{Authority, AuthorityCertificate, EntryId, KnownAuthority};

pub(in crate::ledger) fn authority_id(
    db: &Connection,
    authority: &Authority,
) -> Result<Option<u64>, Failure> {
    db.prepare_cached("SELECT id FROM authorities WHERE subject_der = ?1 AND key_sha256 = ?2")?
        .query_row(
            params![authority.subject.name.der(), authority.key_sha256.0],
            |row| row.get(0),
        )
        .optional()?
        .map(natural)
        .transpose()
}

pub(in crate::ledger) fn authorities(db: &Connection) -> Result<Vec<Authority>, Failure> {
    let mut select = db.prepare_cached("SELECT id FROM authorities ORDER BY id")?;
    let mut rows = select.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(authority_of_id(db, natural(row.get(0)?)?)?);
    }
    Ok(found)
}

pub(in crate::ledger) fn authorities_like(
    db: &Connection,
    authority: &Authority,
) -> Result<Vec<Authority>, Failure> {
    let mut select = db
        .prepare_cached("SELECT id FROM authorities WHERE subject_der = ?1 OR key_sha256 = ?2 ORDER BY id")?;
    let mut rows = select.query(params![authority.subject.name.der(), authority.key_sha256.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(authority_of_id(db, natural(row.get(0)?)?)?);
    }
    Ok(found)
}

/// The authority with this event number.
pub(super) fn authority_of_id(db: &Connection, id: u64) -> Result<Authority, Failure> {
    match event(db, id)?.map(|event| event.event) {
        Some(What::Authority(found)) => Ok(found),
        _ => Err(Failure::contradiction(
            "a table refers to an authority that no event introduced",
        )),
    }
}

pub(in crate::ledger) fn authority_certificates_like(
    db: &Connection,
    authority: &Authority,
) -> Result<Vec<KnownAuthority>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT c.event FROM authority_certificates c JOIN authorities a ON a.id = c.authority
         WHERE a.subject_der = ?1 OR a.key_sha256 = ?2 ORDER BY c.event",
    )?;
    let mut rows = select.query(params![authority.subject.name.der(), authority.key_sha256.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let number = natural(row.get(0)?)?;
        let Some(What::AuthorityCertificate {
            authority, der, path, ..
        }) = event(db, number)?.map(|event| event.event)
        else {
            return Err(Failure::contradiction(
                "the table of CA certificates refers to an event that is not about a CA certificate",
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
