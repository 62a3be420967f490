//! Another program commits just before this process looks at the files for its stamp. The look covers that commit too, so the files are as
//! this process left them; only `PRAGMA data_version` shows that another connection has written.

use std::thread;

use super::super::{SqliteLedger, Turn};
use super::*;
use crate::ledger::rules::Recording;
use crate::ledger::{Access, Authority, LedgerError, Name, RecordedName, Stamp, UnixTime};

const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Long enough for the clock of the file system to tick.
const A_TICK: Duration = Duration::from_millis(20);

fn stamp() -> Stamp {
    Stamp {
        time: UnixTime(1_700_000_000),
        by: "root@ca".to_owned(),
        tool: "hsm-ca test".to_owned(),
        waived: Vec::new(),
    }
}

fn authority() -> Authority {
    Authority {
        key_sha256: Digest::of(b"key"),
        subject: RecordedName {
            text: "CN=Test CA".to_owned(),
            name: Name::from_der(&[0x30, 0]).unwrap(),
        },
    }
}

/// Opens a small ledger as if it were large.
fn open(path: &Path) -> Result<SqliteLedger, LedgerError> {
    SqliteLedger::open_audited(path, Access::Record, LONGEST_WAIT, 1)
}

/// A commit as `record_with` makes it.
fn commit(ledger: &mut SqliteLedger) {
    let stamp = stamp();
    let wait = waiting::Wait::of(LONGEST_WAIT);
    let turn = Turn::wait(&ledger.db, &wait, LONGEST_WAIT).unwrap();
    let mut recording = Recording::start(turn, &stamp).unwrap();
    recording.authority(&authority()).unwrap();
    recording.finish().0.commit().unwrap();
}

/// A commit by a program that neither queues nor audits.
fn edit(path: &Path) {
    let db = Connection::open(path).unwrap();
    db.execute_batch("INSERT INTO keys (begun, ended) VALUES (1, NULL)")
        .unwrap();
}

/// After each commit, as `record_with` does it. `between` runs before the look.
fn leave_after_a_commit(ledger: &mut SqliteLedger, between: &dyn Fn(&Path)) -> Option<()> {
    commit(ledger);
    between(&ledger.path);
    let (watch, audit) = (ledger.watch.get_mut(), ledger.audit.as_mut().unwrap());
    watch.committed(true);
    thread::sleep(A_TICK);
    watch.hand_over(&ledger.db, audit.get_mut(), LONGEST_WAIT)
}

/// When the ledger is closed, as [`Watch::leave`] does it.
fn leave_at_the_end(ledger: &mut SqliteLedger, between: &dyn Fn(&Path)) -> Option<()> {
    commit(ledger);
    let (watch, audit) = (ledger.watch.get_mut(), ledger.audit.as_mut().unwrap());
    watch.committed(true);
    assert!(audit.get_mut().holds(&ledger.db).unwrap() && watch.is_as_left());
    let empty_the_log = "PRAGMA wal_checkpoint(TRUNCATE)";
    ledger.db.query_row(empty_the_log, [], |_| Ok(())).unwrap();
    between(&ledger.path);
    watch.files = FilesState::of(&ledger.path);
    watch.leave_in_turn(&ledger.db, audit.get_mut(), Wait::ForTheClock, LONGEST_WAIT)
}

type Leave = fn(&mut SqliteLedger, &dyn Fn(&Path)) -> Option<()>;

#[test]
fn what_another_program_commits_before_the_look_at_the_files_is_not_stamped() {
    let ways: [(&str, Leave); 2] = [
        ("after a commit", leave_after_a_commit),
        ("at the end", leave_at_the_end),
    ];
    for (when, leave) in ways {
        for is_edited in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("l.db");
            drop(SqliteLedger::create(&path, &stamp()).unwrap());
            let mut ledger = open(&path).unwrap();
            let left = leave(&mut ledger, &|path| {
                if is_edited {
                    edit(path);
                }
            });
            assert_eq!(left.is_some(), !is_edited, "{when}");
            assert!(
                ledger.watch.get_mut().is_as_left(),
                "{when}: the state of the files does not show it"
            );
            drop(ledger);
            let again = open(&path);
            assert_eq!(again.is_err(), is_edited, "{when}: {again:?}");
        }
    }
}
