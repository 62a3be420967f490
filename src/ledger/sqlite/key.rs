//! What happened to keys.

use std::ops::ControlFlow;

use rusqlite::{Connection, ToSql};

use super::super::event::What;
use super::super::{EntryId, KeyEntry, KeyFilter, KeyState};
use super::failure::{Failure, column};
use super::read;

pub(in crate::ledger) fn key(db: &Connection, id: EntryId) -> Result<Option<KeyEntry>, Failure> {
    let mut found = None;
    let id: &dyn ToSql = &column(id.0)?;
    select(db, "k.begun = ?", &[id], None, &mut |entry| {
        found = Some(entry);
        ControlFlow::Break(())
    })?;
    Ok(found)
}

pub(in crate::ledger) fn keys(
    db: &Connection,
    filter: &KeyFilter,
    each: &mut dyn FnMut(KeyEntry) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let open = if filter.open { "k.ended IS NULL" } else { "TRUE" };
    let before = filter.before.map_or(Ok(i64::MAX), |before| column(before.0))?;
    select(
        db,
        &format!("{open} AND k.begun < ?"),
        &[&before],
        filter.limit,
        each,
    )
}

fn select(
    db: &Connection,
    condition: &str,
    values: &[&dyn ToSql],
    limit: Option<u64>,
    each: &mut dyn FnMut(KeyEntry) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let limit = limit.map_or(Ok(-1), column)?;
    let sql = format!(
        "SELECT b.body, o.body FROM keys k JOIN events b ON b.sequence = k.begun
         LEFT JOIN events o ON o.sequence = k.ended WHERE {condition} ORDER BY k.begun DESC LIMIT {limit}"
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(values)?;
    while let Some(row) = rows.next()? {
        let begun: String = row.get(0)?;
        let ended: Option<String> = row.get(1)?;
        if each(tell(&begun, ended.as_deref())?).is_break() {
            break;
        }
    }
    Ok(())
}

fn tell(begun: &str, ended: Option<&str>) -> Result<KeyEntry, Failure> {
    let wrong = || Failure::contradiction("the keys table refers to events that are not about keys");
    let begun = read::decode(begun)?;
    let (id, stamp) = (EntryId(begun.sequence), begun.stamp());
    let What::KeyBegun(intent) = begun.event else {
        return Err(wrong());
    };
    let state = match ended.map(read::decode).transpose()? {
        None => KeyState::Begun,
        Some(ended) => {
            let stamp = ended.stamp();
            match ended.event {
                What::Key { begun, key, .. } if begun == id => KeyState::Done { stamp, key },
                What::KeyFailed { begun, reason } if begun == id => KeyState::Failed { stamp, reason },
                _ => return Err(wrong()),
            }
        }
    };
    Ok(KeyEntry {
        id,
        intent,
        begun: stamp,
        state,
    })
}
