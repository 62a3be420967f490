//! What still needs attention: begun but not ended, signed but not delivered.

use std::ops::ControlFlow;

use rusqlite::{Connection, params};

use super::super::{Authority, Entry, Object, RevocationState, Unfinished, UnixTime};
use super::failure::{Failure, column};
use super::read;

/// At most this many of each are read. After a killed batch of a million, a longer list would take too long.
const LOOKED_AT: u64 = 100;

pub(in crate::ledger) fn unfinished(
    db: &Connection,
    authority: &Authority,
    now: UnixTime,
) -> Result<Unfinished, Failure> {
    let Some(id) = read::authority_id(db, authority)? else {
        return Ok(Unfinished::default());
    };
    let mut found = Unfinished::default();
    for (condition, is_open) in [
        ("e.outcome IS NULL", true),
        (
            "e.sequence IN (SELECT entry FROM deliveries WHERE delivered IS NULL)",
            false,
        ),
    ] {
        let mut seen = Vec::new();
        let condition = format!("{condition} AND e.authority = ?");
        read::select_entries(db, &condition, &[&column(id)?], Some(LOOKED_AT), &mut |entry| {
            seen.push(entry);
            ControlFlow::Continue(())
        })?;
        found.more |= u64::try_from(seen.len()).is_ok_and(|seen| seen >= LOOKED_AT);
        let to = if is_open {
            &mut found.open
        } else {
            &mut found.undelivered
        };
        for entry in seen {
            if !is_settled(db, id, &entry, now)? {
                to.push(entry);
            }
        }
    }
    Ok(found)
}

/// Whether its outcome no longer matters.
fn is_settled(db: &Connection, authority: u64, entry: &Entry, now: UnixTime) -> Result<bool, Failure> {
    if let Object::Certificate { not_after, .. } = &entry.object {
        let revocation = entry.revocation.as_ref().map(|revocation| &revocation.state);
        return Ok(*not_after < now || matches!(revocation, Some(RevocationState::Revoked { .. })));
    }
    let later: i64 = db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entries WHERE kind <> 'certificate' AND authority = ?1 AND kind = ?2
             AND sequence > ?3 AND ended = 'signed')",
        )?
        .query_row(
            params![column(authority)?, entry.object.kind(), column(entry.id.0)?],
            |row| row.get(0),
        )?;
    Ok(later == 1)
}
