//! Tables and triggers, their versions, and whether they were changed.

use rusqlite::{Connection, TransactionBehavior};

use super::super::Digest;
use super::super::columns::TABLES;
use super::projection::project;
use super::{Failure, read};

/// "hsmL": identifies the file type in its header.
pub(in crate::ledger) const APPLICATION_ID: i32 = 0x6873_6d4c;

/// Upgrades from each version to the next. The first creates a ledger.
const MIGRATIONS: &[&str] = &[
    include_str!("version_1.sql"),
    include_str!("version_2.sql"),
    include_str!("version_3.sql"),
    include_str!("version_4.sql"),
    include_str!("version_5.sql"),
];

/// The last migration that changes the contents of the tables. Later ones only add indexes.
const LAST_OTHER_TABLES: i64 = 3;

/// The header of a database.
pub(in crate::ledger) struct Header {
    pub(super) application: i32,
    pub(super) version: i64,
    pub(super) is_empty: bool,
}

impl Header {
    pub(super) fn read(db: &Connection) -> Result<Self, Failure> {
        let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(Self {
            application: db.query_row("PRAGMA application_id", [], |row| row.get(0))?,
            version: number("PRAGMA user_version")?,
            is_empty: number("SELECT count(*) FROM sqlite_master")? == 0,
        })
    }

    /// Whether the file was created but not filled, perhaps because the process was killed.
    pub(super) const fn is_new(&self) -> bool {
        self.application == 0 && self.version == 0 && self.is_empty
    }
}

/// The version that this program creates.
pub(in crate::ledger) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Whether a database has the tables of this version.
#[cfg(feature = "postgres")]
pub(in crate::ledger) fn is_newest(db: &Connection) -> Result<bool, Failure> {
    let header = Header::read(db)?;
    Ok(header.application == APPLICATION_ID && header.version == newest())
}

/// Upgrades the tables in one transaction. A second process finds them upgraded.
pub(in crate::ledger) fn migrate(db: &mut Connection) -> Result<(), Failure> {
    migrate_by(db, MIGRATIONS)
}

fn migrate_by(db: &mut Connection, migrations: &[&str]) -> Result<(), Failure> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = Header::read(&transaction)?.version;
    let mut version: i64 = 0;
    for migration in migrations {
        version += 1;
        if version > found {
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", version)?;
        }
    }
    if (1..LAST_OTHER_TABLES).contains(&found) {
        fill_again(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()?;
    Ok(())
}

/// Builds every derived table again: those of an older version have less in them.
fn fill_again(db: &Connection) -> Result<(), Failure> {
    db.pragma_update(None, "defer_foreign_keys", true)?;
    for table in TABLES.iter().rev() {
        db.execute(&format!("DELETE FROM {}", table.name), [])?;
    }
    let mut select = db.prepare("SELECT body FROM events ORDER BY sequence")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        project(
            db,
            &read::decode(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?,
        )?;
    }
    Ok(())
}

/// Empty tables in a private temporary file that SQLite removes, for building them again from the events.
pub(in crate::ledger) fn empty_copy() -> Result<Connection, Failure> {
    let mut db = Connection::open("")?;
    // The tables refer to events, which are not copied.
    db.pragma_update(None, "foreign_keys", false)?;
    db.pragma_update(None, "synchronous", "OFF")?;
    db.pragma_update(None, "journal_mode", "OFF")?;
    // KiB; a million serial numbers need not go to the disk.
    db.pragma_update(None, "cache_size", -65536)?;
    migrate(&mut db)?;
    Ok(db)
}

/// Every table, index and trigger by name, with the statement that created it.
fn objects(db: &Connection) -> Result<Vec<(String, Option<String>)>, Failure> {
    let mut select = db.prepare("SELECT name, sql FROM sqlite_master ORDER BY name")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The [`fingerprint`] of a migrated database, checked by a test. Running the migrations at every opening to compare would cost every
/// command that time.
const MADE: &str = "3d0a6b497b16f0d5866cefb28a049fb9dcc6721300c0b2295a6dd8a25bfeff5c";

/// A digest of every table, index and trigger. The lengths separate the texts, which can contain any bytes.
fn fingerprint(objects: &[(String, Option<String>)]) -> String {
    let mut text = String::new();
    for (name, sql) in objects {
        text.push_str(&format!("{} {name}", name.len()));
        // Objects that SQLite creates by itself have no statement.
        text.push_str(
            &sql.as_ref()
                .map_or("-".to_owned(), |sql| format!("{} {sql}", sql.len())),
        );
    }
    Digest::of(text.as_bytes()).to_string()
}

/// The names of objects that differ from what this program creates, each with the difference.
pub(in crate::ledger) fn differences(db: &Connection) -> Result<Vec<(String, &'static str)>, Failure> {
    let found = objects(db)?;
    if fingerprint(&found) == MADE {
        return Ok(Vec::new());
    }
    let mut made = Connection::open_in_memory()?;
    migrate(&mut made)?;
    let expected = objects(&made)?;
    let sql_of = |list: &[(String, Option<String>)], name: &str| {
        list.iter()
            .find(|(other, _)| other == name)
            .map(|(_, sql)| sql.clone())
    };
    let missing_or_changed = expected
        .iter()
        .filter_map(|(name, sql)| match sql_of(&found, name) {
            None => Some((name.clone(), "it is missing")),
            Some(other) if other != *sql => Some((name.clone(), "it was changed")),
            Some(_) => None,
        });
    let added = found
        .iter()
        .filter(|(name, _)| sql_of(&expected, name).is_none())
        .map(|(name, _)| (name.clone(), "it does not belong there"));
    Ok(missing_or_changed.chain(added).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_that_of_the_created_tables() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        assert_eq!(fingerprint(&objects(&db).unwrap()), MADE);
        // Every change alters it, also in objects that SQLite creates by itself.
        for change in [
            "DROP INDEX open_entries",
            "CREATE VIEW more AS SELECT 1",
            "DROP TRIGGER events_are_not_changed",
        ] {
            db.execute_batch(change).unwrap();
            assert_ne!(fingerprint(&objects(&db).unwrap()), MADE, "{change}");
        }
    }

    #[test]
    fn a_migration_starts_at_the_version_of_the_ledger() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        let next = [MIGRATIONS, &["ALTER TABLE entries ADD COLUMN more TEXT"]].concat();
        migrate_by(&mut db, &next).unwrap();
        migrate_by(&mut db, &next).unwrap();
        assert_eq!(Header::read(&db).unwrap().version, newest() + 1);
        assert_eq!(
            differences(&db).unwrap(),
            [("entries".to_owned(), "it was changed")]
        );
    }

    #[test]
    fn a_migration_that_fails_leaves_the_ledger_as_it_was() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        let broken = [MIGRATIONS, &["CREATE TABLE more (a); SELECT nosuch FROM more"]].concat();
        assert!(migrate_by(&mut db, &broken).is_err());
        assert_eq!(Header::read(&db).unwrap().version, newest());
        assert_eq!(differences(&db).unwrap(), []);
    }
}
