//! Every row is there and right, but not where SQLite looks it up; or the file changes under an open ledger without a commit.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::tampering::busy_desk;
use super::*;

/// The size of a page in every ledger, and the type byte of an interior page of a table or an index; other pages are leaves.
const PAGE: usize = 4096;
const INTERIOR: [u8; 2] = [5, 2];

/// A closed ledger in one file.
struct Closed {
    directory: TempDir,
}

impl Closed {
    fn of(desk: &Desk) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let closed = Self { directory };
        desk.attack(&format!("VACUUM INTO '{}'", closed.path().display()));
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o600)).unwrap();
        closed
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("l.db")
    }

    fn attack(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        db.execute_batch(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn open(&self) -> Result<SqliteLedger, LedgerError> {
        SqliteLedger::open(&self.path(), Access::Record)
    }

    #[track_caller]
    fn assert_refused(&self, what: &str) {
        for access in [Access::Decide, Access::Record] {
            let refused = SqliteLedger::open(&self.path(), access);
            assert!(
                matches!(refused, Err(LedgerError::Damaged { .. })),
                "{what}: {refused:?}"
            );
        }
    }
}

/// Reverses the order of the cells in a page (<https://www.sqlite.org/fileformat2.html#b_tree_pages>). `None` if it has only one.
fn reverse_cells(file: &mut [u8], root: i64) -> Option<()> {
    let start = (usize::try_from(root).unwrap() - 1) * PAGE;
    let page = &mut file[start..start + PAGE];
    let header = if INTERIOR.contains(&page[0]) { 12 } else { 8 };
    let cells = usize::from(u16::from_be_bytes([page[3], page[4]]));
    let pointers = &mut page[header..header + 2 * cells];
    (cells > 1).then_some(())?;
    pointers.reverse();
    pointers.chunks_exact_mut(2).for_each(<[u8]>::reverse);
    Some(())
}

/// A scan of the table finds the same rows. A search by key misses them.
#[test]
fn rows_out_of_order_stop_every_decision() {
    let desk = busy_desk();
    let sound = fs::read(Closed::of(&desk).path()).unwrap();
    let names = Closed::of(&desk);
    let db = rusqlite::Connection::open(names.path()).unwrap();
    let mut select = db
        .prepare("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0")
        .unwrap();
    let roots = select
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
        .unwrap();
    let mut reversed = Vec::new();
    for root in roots {
        let (name, root) = root.unwrap();
        let mut file = sound.clone();
        if reverse_cells(&mut file, root).is_some() {
            let closed = Closed::of(&desk);
            fs::write(closed.path(), file).unwrap();
            closed.assert_refused(&name);
            reversed.push(name);
        }
    }
    for name in [
        "revocations",
        "crl_numbers",
        "serials",
        "requests",
        "certificates_by_names",
    ] {
        assert!(
            reversed.iter().any(|reversed| reversed == name),
            "{name}: {reversed:?}"
        );
    }
}

/// The schema has its own text again afterwards.
#[test]
fn an_index_without_its_rows_stops_every_decision() {
    let desk = busy_desk();
    let indexes =
        desk.query::<String>("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
    assert!(indexes.len() >= 7, "{indexes:?}");
    let mut emptied = Vec::new();
    for name in &indexes {
        let closed = Closed::of(&desk);
        let edit = |set: &str| {
            closed.attack(&format!(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = {set} WHERE name = '{name}'"
            ));
        };
        let count = format!("SELECT count(*) FROM {}", table_of(&desk, name));
        assert_ne!(desk.query::<i64>(&count), [0], "{name}");
        edit("CASE WHEN instr(sql, ' WHERE ') THEN sql || ' AND 0' ELSE sql || ' WHERE 0' END");
        closed.attack(&format!("REINDEX {name}"));
        edit(
            "CASE WHEN instr(sql, ' AND 0') THEN replace(sql, ' AND 0', '') ELSE replace(sql, ' WHERE 0', '') END",
        );
        match closed.open() {
            // SQLite counts the events in their index.
            Err(LedgerError::Damaged { .. } | LedgerError::Empty { .. }) => emptied.push(name),
            // The partial index had no rows.
            Ok(_) => {}
            Err(other) => panic!("{name}: {other:?}"),
        }
    }
    for name in [
        "compromised_certificates",
        "certificates_by_names",
        "events_by_time",
        "other_entries",
    ] {
        assert!(
            emptied.iter().any(|emptied| *emptied == name),
            "{name}: {emptied:?}"
        );
    }
}

fn table_of(desk: &Desk, index: &str) -> String {
    let select = format!("SELECT tbl_name FROM sqlite_schema WHERE name = '{index}'");
    desk.query::<String>(&select).remove(0)
}

/// `cp` writes into the file that is there, so device and inode stay.
#[test]
fn an_older_copy_that_is_written_over_the_open_file_is_noticed() {
    let desk = busy_desk();
    for begins_before in [false, true] {
        let closed = Closed::of(&desk);
        let older = fs::read(closed.path()).unwrap();
        let mut newer = closed.open().unwrap();
        newer
            .revoke(&ca(), &revocation(4, RevocationReason::KeyCompromise), &stamp())
            .unwrap();
        drop(newer);
        let mut open = closed.open().unwrap();
        let entry = begins_before.then(|| open.begin(&certificate(99), &stamp()).unwrap());
        fs::write(closed.path(), &older).unwrap();
        let refused = match entry {
            // A change that only adds to an earlier decision.
            Some(entry) => open.complete(entry, &signed(99), &stamp()),
            None => open.begin(&certificate(99), &stamp()).map(drop),
        };
        assert!(
            matches!(
                refused,
                Err(LedgerError::Replaced { .. } | LedgerError::Damaged { .. })
            ),
            "{begins_before}: {refused:?}"
        );
    }
}

#[test]
fn a_file_that_only_got_a_new_change_time_is_used_on() {
    let closed = Closed::of(&busy_desk());
    let mut open = closed.open().unwrap();
    let entry = open.begin(&certificate(99), &stamp()).unwrap();
    for mode in [0o400, 0o600] {
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(mode)).unwrap();
    }
    open.complete(entry, &signed(99), &stamp()).unwrap();
    open.begin(&certificate(98), &stamp()).unwrap();
}

/// Without it, the next process makes another one, and neither sees what the other commits.
#[test]
fn the_removed_index_of_the_log_is_noticed() {
    let closed = Closed::of(&busy_desk());
    let mut open = closed.open().unwrap();
    let entry = open.begin(&certificate(99), &stamp()).unwrap();
    fs::remove_file(closed.path().with_file_name("l.db-shm")).unwrap();
    for refused in [
        open.complete(entry, &signed(99), &stamp()),
        open.begin(&certificate(98), &stamp()).map(drop),
    ] {
        assert!(
            matches!(refused, Err(LedgerError::Replaced { .. })),
            "{refused:?}"
        );
    }
}
