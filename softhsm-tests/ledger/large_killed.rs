//! A process that is killed while it copies a large ledger's log into its file and writes the audit stamp: the next process does not trust
//! the result.

use serde_json::Value;

use super::large::{SIGN, STAMP, large_authority, pages, reads};
use crate::csr_sign::delivery::assert_sound;
use crate::harness::{PROGRAM, Rig};
use crate::ledger::edited::LEDGER;

/// The newest entry.
fn last(rig: &Rig) -> Value {
    let listed = rig.json(&["ledger", "list", "--last", "1"]).ok().json();
    listed["entries"][0].clone()
}

const LOG: &str = "rig/hsm-ca.db-wal";

#[test]
fn killed_at_any_step_of_the_stamp_nothing_is_lost_and_everything_is_audited() {
    let rig = large_authority();
    reads(&rig);
    assert!(reads(&rig) < pages(&rig) / 3, "it has a stamp");
    // The log: synced, copied into the file page by page, and emptied. The first stamp, after a commit: dated, and named. (SQLite gives the log
    // that root opens another change time; of another user's log, the last stamp would hold.)
    for (file, calls, times) in [
        (LOG, "fdatasync,fsync", 3),
        (LEDGER, "pwrite64", 1),
        (LEDGER, "pwrite64", 5),
        (LEDGER, "fdatasync,fsync", 1),
        (LOG, "ftruncate", 1),
        ("", "utimensat", 1),
        (STAMP, "rename,renameat,renameat2", 1),
    ] {
        let case = format!("{calls} of {file:?}, {times}");
        let before = last(&rig)["entry"].as_u64();
        let path = rig.path(file);
        let watch = match file {
            "" => vec![],
            _ => vec!["-P", path.to_str().expect("UTF-8")],
        };
        let inject = format!("inject={calls}:signal=SIGKILL:when={times}");
        let strace = ["-f", "-o", "/dev/null", "-e", &inject];
        let killed = rig.tool("strace", &[&strace[..], &watch, &[PROGRAM], &SIGN].concat());
        assert_eq!(killed.code, None, "{case}: {killed:?}");
        // Everything printed was recorded before.
        let last = last(&rig);
        assert!(last["entry"].as_u64() > before, "{case}: {last}");
        if killed.stdout.contains("BEGIN CERTIFICATE") {
            assert_eq!(last["state"], "signed", "{case}");
        }
        assert!(reads(&rig) > pages(&rig) / 2, "{case}: it was not audited");
    }
    assert!(reads(&rig) < pages(&rig) / 3);
    assert_sound(&rig);
}
