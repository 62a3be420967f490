//! Subtracts the rows of the tables from the sums of the events.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::super::super::columns::{MOST_COLUMNS, TABLES};
use super::super::super::tally::{Balance, Cell};
use super::super::failure::Failure;

/// Subtracts every row of every table from the balance, and returns the first table that contradicts the events.
pub(in crate::ledger::sqlite) fn take_tables(
    db: &Connection,
    mut balance: Balance,
) -> Result<Option<&'static str>, Failure> {
    for (place, table) in TABLES.iter().enumerate() {
        let mut select = db.prepare_cached(&format!(
            "SELECT {} FROM {}",
            table.columns.join(", "),
            table.name
        ))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let mut cells = [Cell::Null; MOST_COLUMNS];
            for (column, cell) in cells.iter_mut().take(table.columns.len()).enumerate() {
                *cell = match row.get_ref(column)? {
                    ValueRef::Null => Cell::Null,
                    ValueRef::Integer(number) => Cell::Integer(number),
                    ValueRef::Text(text) => Cell::Text(text),
                    ValueRef::Blob(octets) => Cell::Blob(octets),
                    ValueRef::Real(_) => Cell::Other,
                };
            }
            balance.take(place, &cells);
        }
    }
    Ok(balance.difference())
}
