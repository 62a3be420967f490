//! Compares a stored table with one built again, row by row in the order of their keys.

use std::cmp::Ordering;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::super::super::Fault;
use super::super::super::columns::Table;
use super::super::failure::Failure;
use crate::signer::Hex;

pub(super) fn compare(
    found: &Connection,
    expected: &Connection,
    table: &Table,
    report: &mut dyn FnMut(Fault),
) -> Result<(), Failure> {
    let Table {
        name: table,
        columns,
        key,
        ..
    } = table;
    let sql = format!(
        "SELECT {} FROM {table} ORDER BY {}",
        columns.join(", "),
        columns[..*key].join(", ")
    );
    let (mut found, mut expected) = (found.prepare(&sql)?, expected.prepare(&sql)?);
    let (mut found, mut expected) = (found.query([])?, expected.query([])?);
    let mut fault = |row: &Row<'_>, what: String| -> Result<(), Failure> {
        report(Fault::Row {
            table,
            row: name(row, &columns[..*key])?,
            found: what,
        });
        Ok(())
    };
    let (mut is, mut should) = (found.next()?, expected.next()?);
    loop {
        let order = match (is, should) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(is), Some(should)) => compare_keys(is, should, *key)?,
        };
        if order == Ordering::Less
            && let Some(is) = is
        {
            fault(is, "no event accounts for it".to_owned())?;
        }
        if order == Ordering::Greater
            && let Some(should) = should
        {
            fault(should, "it is missing".to_owned())?;
        }
        if order == Ordering::Equal
            && let (Some(is), Some(should)) = (is, should)
        {
            for (index, column) in columns.iter().enumerate().skip(*key) {
                let (is_value, should_value) = (is.get_ref(index)?, should.get_ref(index)?);
                if is_value != should_value {
                    let (is_shown, should_shown) = (show(is_value), show(should_value));
                    fault(
                        is,
                        format!("{column} is {is_shown}, and the events say {should_shown}"),
                    )?;
                }
            }
        }
        if order != Ordering::Greater {
            is = found.next()?;
        }
        if order != Ordering::Less {
            should = expected.next()?;
        }
    }
}

fn compare_keys(left: &Row<'_>, right: &Row<'_>, key: usize) -> Result<Ordering, Failure> {
    for index in 0..key {
        // As SQLite orders them; the key columns are integers and blobs.
        let order = match (left.get_ref(index)?, right.get_ref(index)?) {
            (ValueRef::Integer(left), ValueRef::Integer(right)) => left.cmp(&right),
            (ValueRef::Blob(left), ValueRef::Blob(right)) => left.cmp(right),
            (ValueRef::Integer(_), _) => Ordering::Less,
            _ => Ordering::Greater,
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

fn name(row: &Row<'_>, key: &[&str]) -> Result<String, Failure> {
    let mut parts = Vec::new();
    for (index, column) in key.iter().enumerate() {
        parts.push(format!("{column} {}", show(row.get_ref(index)?)));
    }
    Ok(parts.join(", "))
}

fn show(value: ValueRef<'_>) -> String {
    const SHOWN: usize = 40;
    match value {
        ValueRef::Null => "empty".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => format!("{:?}", String::from_utf8_lossy(&text[..text.len().min(SHOWN)])),
        ValueRef::Blob(bytes) => Hex(&bytes[..bytes.len().min(SHOWN)]).to_string(),
    }
}
