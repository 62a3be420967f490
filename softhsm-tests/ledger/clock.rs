//! A clock that was set back: nothing is dated before the newest event of the ledger.

use std::time::SystemTime;

use hsm_ca::ledger::{Access, EntryId, Ledger, LedgerUrl, Stamp, UnixTime};
use serde_json::Value;

use crate::ledger::edited::{DECIDE, LEDGER, busy_authority, crl};
use crate::ledger::refused::head;

#[test]
fn a_clock_behind_the_ledger_signs_and_revokes_nothing_unless_it_is_accepted() {
    let rig = busy_authority();
    let url = LedgerUrl::Sqlite(rig.path(LEDGER));
    let mut ledger = url.open(Access::Record).expect("the ledger");
    let entries = rig.json(&["ledger", "list"]).ok().json();
    let entry: &Value = &entries["entries"][1];
    let id = entry["entry"].as_u64().expect("a number");
    let stamp = Stamp {
        time: UnixTime(2_500_000_000),
        by: "a test".to_owned(),
        tool: "a test".to_owned(),
        waived: Vec::new(),
    };
    // A change without other needs: another delivery of an entry.
    Ledger::deliver(ledger.as_mut(), EntryId(id), &stamp).expect("recorded");
    // A later event does not hide it, whatever its time.
    let stamp = Stamp {
        time: UnixTime::from_system(SystemTime::now()),
        ..stamp
    };
    Ledger::deliver(ledger.as_mut(), EntryId(id), &stamp).expect("recorded");
    drop(ledger);
    let generate = ["key", "generate", "--label", "late", "--type", "ec:p256"];
    let before = head(&rig);
    for (out, arguments) in DECIDE.into_iter().chain([("", &generate[..])]) {
        let message = rig.json(arguments).refused(3, "clock");
        assert!(message.contains("2049-03-22"), "{message}");
        assert!(out.is_empty() || !rig.path(out).exists(), "{arguments:?}");
    }
    assert_eq!(head(&rig), before);
    assert!(!rig.command(&["key", "list"]).ok().stdout.contains("late"));
    let right = ["--clock-is-right"];
    let revoke = [
        "cert",
        "revoke",
        "good.crt",
        "--ca",
        "customerCA.crt",
        "--reason",
        "superseded",
    ];
    rig.json(&[&revoke[..], &right].concat()).ok();
    let export = rig.command(&["ledger", "export"]).ok().stdout;
    let last = export.lines().last().expect("a line");
    assert!(
        last.contains("\"waived\":[\"clock\"],\"event\":{\"revoked\""),
        "{last}"
    );
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/softhsm-tests/programs/verify_ledger.py"
    );
    rig.tool("python3", &[script, LEDGER]).ok();
    // The flag was for that command only, even for a key.
    rig.json(&[&generate[..], &right].concat()).ok();
    crl(&rig, "later.crl").refused(3, "clock");
}
