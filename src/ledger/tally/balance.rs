//! Subtracts the rows of the tables from the sums of the events.

use super::super::columns::{TABLES, place};
use super::Tally;
use super::changes::shorten;
use super::statement::{Cell, Hasher};

/// The remainder of a tally after rows were subtracted: zero if the tables agree with the events.
pub(in crate::ledger) struct Balance {
    hasher: Hasher,
    left: [u128; TABLES.len()],
    revocations: u64,
}

impl Tally {
    /// Starts the comparison. `None` if a certificate was released that was not on hold.
    pub(in crate::ledger) fn balance(&mut self) -> Option<Balance> {
        Some(Balance {
            revocations: self.changes.sum()?,
            hasher: self.hasher.clone(),
            left: self.sums,
        })
    }
}

impl Balance {
    /// Subtracts a row, given as cells in the order of the table's columns. `None` if no event can lead to such a row.
    pub(in crate::ledger) fn take(&mut self, table: usize, cells: &[Cell<'_>]) -> Option<()> {
        let shape = TABLES.get(table)?;
        for (place, columns) in shape.statements.iter().enumerate() {
            let says = |column: &&usize| **column >= shape.key && cells.get(**column) != Some(&Cell::Null);
            if place > 0 && !columns.iter().any(|column| says(&column)) {
                continue;
            }
            let said = columns
                .iter()
                .map(|column| cells.get(*column).copied().unwrap_or(Cell::Other));
            let hash = self.hasher.hash(table, place, said);
            match table {
                place::REVOCATIONS => self.revocations = self.revocations.wrapping_sub(shorten(hash)),
                _ => {
                    let left = self.left.get_mut(table)?;
                    *left = left.wrapping_sub(hash);
                }
            }
        }
        Some(())
    }

    /// The first table that contradicts the events.
    pub(in crate::ledger) fn difference(&self) -> Option<&'static str> {
        let of_others = self.left.iter().position(|left| *left != 0);
        let of_revocations = (self.revocations != 0).then_some(place::REVOCATIONS);
        let table = of_others.or(of_revocations)?;
        TABLES.get(table).map(|table| table.name)
    }
}
