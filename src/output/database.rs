//! SQLite databases, such as ledgers and the stores of some tokens. No output replaces one, or a file that belongs to it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The start of an SQLite database (Database File Format, section 1.2.1).
const START: &[u8; 16] = b"SQLite format 3\0";

/// What follows the name of a database in the names of the files beside it: those of SQLite, and the audit stamp and lock of a ledger.
const ENDINGS: [&str; 5] = ["-wal", "-shm", "-journal", "-audit", "-lock"];

/// The files of an SQLite database: its own, and those that SQLite and a ledger keep beside it.
#[must_use]
pub fn database_files(database: &Path) -> Vec<PathBuf> {
    let with = |ending: &&str| {
        let mut name = database.to_owned().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    [""].iter().chain(&ENDINGS).map(with).collect()
}

/// The database to which this file belongs, or would belong.
pub(super) fn database_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let mut stems = ENDINGS.iter().filter_map(|ending| name.strip_suffix(ending));
    let database = path.with_file_name(stems.next().filter(|stem| !stem.is_empty())?);
    is_database(&database).then_some(database)
}

/// Whether the file is an SQLite database.
pub(super) fn is_database(path: &Path) -> bool {
    // A pipe would block.
    if !path.metadata().is_ok_and(|found| found.is_file()) {
        return false;
    }
    let mut first = [0; START.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first == *START
}
