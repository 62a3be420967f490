//! A ledger with some thousand certificates: audited by the first command that records in it, and again only after its file or its stamp
//! was changed.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

use crate::harness::{PROGRAM, Rig, example, ready_authority};
use crate::ledger::edited::{LEDGER, edit};
use crate::oracle::make_request;

pub(super) const STAMP: &str = "rig/hsm-ca.db-audit";

pub(super) const SIGN: [&str; 10] = [
    "csr",
    "sign",
    "a.csr",
    "--again",
    "--ca",
    "customerCA.crt",
    "--profile",
    "cloudhsm-cluster",
    "--out",
    "-",
];

pub(super) fn large_authority() -> Rig {
    let rig = ready_authority();
    let bulk = example("ledger-bulk");
    rig.tool(bulk.to_str().expect("UTF-8"), &[LEDGER, "1500"]).ok();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    rig
}

/// How many pages the ledger has.
pub(super) fn pages(rig: &Rig) -> usize {
    let size = fs::metadata(rig.path(LEDGER)).expect("the ledger").size();
    usize::try_from(size / 4096).expect("few")
}

/// How often the program reads from a file position while it signs. SQLite does so once for each page.
pub(super) fn reads(rig: &Rig) -> usize {
    let strace = ["-f", "-e", "trace=pread64", "-o", "observed", PROGRAM];
    let arguments = [&strace[..], &SIGN].concat();
    rig.without_secrets(rig.tool("strace", &arguments)).ok();
    let observed = fs::read_to_string(rig.path("observed")).expect("what strace saw");
    observed.lines().filter(|line| line.contains("pread64(")).count()
}

#[test]
fn it_is_read_once_until_something_changes() {
    let rig = large_authority();
    // An independent verifier, because the ledger was made without the rules.
    let verifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/verify_ledger.py");
    rig.tool("python3", &[verifier.to_str().expect("UTF-8"), LEDGER])
        .ok();
    let pages = pages(&rig);
    let first = reads(&rig);
    assert!(first > pages / 2, "{first} of {pages}");
    for _ in 0..2 {
        let again = reads(&rig);
        assert!(again < pages / 3, "{again} of {pages}");
    }
    // Another user's stamp does not count, and is not changed.
    chown(rig.path(STAMP), Some(65534), None).unwrap();
    let text = fs::read(rig.path(STAMP)).unwrap();
    assert!(reads(&rig) > pages / 2);
    assert_eq!(fs::read(rig.path(STAMP)).unwrap(), text);
    fs::remove_file(rig.path(STAMP)).unwrap();
    assert!(reads(&rig) > pages / 2);
    assert!(reads(&rig) < pages / 3);
    rig.command(&["ledger", "verify"]).ok();
    let head = rig.json(&["ledger", "list", "--last", "1"]).ok();
    edit(
        &rig,
        "DELETE FROM revocations WHERE serial = (SELECT min(serial) FROM revocations)",
    );
    rig.json(&SIGN).refused(4, "ledger-damaged");
    assert_eq!(rig.command(&["ledger", "verify"]).code, Some(3));
    let after = rig.json(&["ledger", "list", "--last", "1"]).ok();
    assert_eq!(head.json(), after.json(), "nothing was recorded");
}
