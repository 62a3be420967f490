//! What still needs attention: begun but not ended, signed but not delivered.

use std::ops::ControlFlow;

use rusqlite::Connection;

use super::super::{Authority, Entry, Unfinished, UnixTime};
use super::failure::{Failure, column};
use super::read;

/// At most this many of each are found.
const MOST: usize = 100;

/// At most this many of each are read. After a killed batch of a million certificates that were all revoked since, more would take too long.
const MOST_READ: u64 = 10_000;

pub(in crate::ledger) fn unfinished(
    db: &Connection,
    authority: &Authority,
    now: UnixTime,
) -> Result<Unfinished, Failure> {
    let Some(id) = read::authority_id(db, authority)? else {
        return Ok(Unfinished::default());
    };
    let (open, more_open) = find(db, id, "e.outcome IS NULL", now)?;
    let undelivered = "e.sequence IN (SELECT entry FROM deliveries WHERE delivered IS NULL)";
    let (undelivered, more_undelivered) = find(db, id, undelivered, now)?;
    Ok(Unfinished {
        open,
        more_open,
        undelivered,
        more_undelivered,
    })
}

/// The newest entries of this kind that still matter, and whether there may be more. Objects that were replaced do not count to the limits.
/// After a killed `ocsp publish`, there can be thousands.
fn find(db: &Connection, authority: u64, kind: &str, now: UnixTime) -> Result<(Vec<Entry>, bool), Failure> {
    let condition = format!("{kind} AND e.authority = ? AND {}", read::NOT_REPLACED);
    let (mut found, mut more, mut count) = (Vec::new(), false, 0);
    read::select_entries(
        db,
        &condition,
        &[&column(authority)?],
        Some(MOST_READ),
        &mut |entry| {
            count += 1;
            more = found.len() == MOST && !entry.is_over(now);
            if more {
                return ControlFlow::Break(());
            }
            found.extend((!entry.is_over(now)).then_some(entry));
            ControlFlow::Continue(())
        },
    )?;
    Ok((found, more || count == MOST_READ))
}
