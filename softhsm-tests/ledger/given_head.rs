//! A head that is kept in a file, or given with the command.

use std::fs;

use serde_json::json;

use crate::harness::{Rig, ready_authority};
use crate::ledger::edited::{LEDGER, crl, edit};
use crate::ledger::restored::{head, signing};
use crate::oracle::make_request;

#[test]
fn a_head_in_a_file_is_raised_by_revocations_too() {
    let rig = ready_authority().with("HSM_CA_LEDGER_HEAD", "file:head");
    make_request(&rig, "next.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    // The ledger is not new, so a file that is not there may have been removed.
    let message = rig.json(&signing("first.crt")).refused(4, "ledger-head");
    assert!(
        message.contains("no head of this ledger is kept in head"),
        "{message}"
    );
    let accept = ["ledger", "accept", "--ca", "customerCA.crt"];
    assert_eq!(rig.json(&accept).ok().json()["given_up"], json!([]));
    rig.json(&signing("first.crt")).ok();
    assert!(rig.path("head").exists());
    fs::remove_file(rig.path("head")).expect("removed");
    crl(&rig, "a.crl").refused(4, "ledger-head");
    rig.json(&accept).ok();
    edit(&rig, "");
    let older = rig.read(LEDGER);
    let revoke = [
        "cert",
        "revoke",
        "first.crt",
        "--ca",
        "customerCA.crt",
        "--reason",
        "superseded",
    ];
    rig.json(&revoke).ok();
    assert!(String::from_utf8_lossy(&rig.read("head")).contains(&head(&rig)));
    edit(&rig, "");
    rig.write(LEDGER, &older);
    let message = rig.json(&signing("second.crt")).refused(4, "ledger-older-copy");
    assert!(message.contains("in head"), "{message}");
    assert_eq!(rig.json(&["ledger", "verify"]).code, Some(3));
    let verify = ["cert", "verify", "first.crt", "--ca", "customerCA.crt"];
    rig.json(&verify).refused(4, "ledger-older-copy");
    rig.json(&revoke).refused(4, "ledger-older-copy");
    rig.json(&["ledger", "accept", "--ca", "customerCA.crt"]).ok();
    rig.json(&revoke).ok();
    fs::write(rig.path("head"), "nonsense").expect("a file");
    rig.json(&signing("second.crt")).refused(4, "ledger-head");
    // A new ledger makes its file with its first entry.
    let new = Rig::new().with("HSM_CA_LEDGER_HEAD", "file:head");
    new.command(&["key", "generate", "--label", "ca", "--type", "ec:p256"])
        .ok();
    let create = [
        "ca",
        "create",
        "--key",
        "ca",
        "--profile",
        "root",
        "--out",
        "ca.crt",
    ];
    new.json(&[&create[..], &["--subject", "CN=New"]].concat()).ok();
    let list = ["crl", "create", "--ca", "ca.crt", "--out", "a.crl"];
    new.json(&list).ok();
}

#[test]
fn every_command_checks_a_head_that_the_user_gives() {
    let rig = ready_authority();
    make_request(&rig, "next.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    let kept = head(&rig);
    rig.json(&[&signing("first.crt")[..], &["--head", &kept]].concat())
        .ok();
    let wrong = format!("3:{}", "0".repeat(64));
    rig.json(&[&signing("second.crt")[..], &["--head", &wrong]].concat())
        .refused(4, "ledger-older-copy");
    assert_eq!(rig.json(&["ledger", "verify", "--head", &wrong]).code, Some(3));
    rig.json(&["ledger", "verify", "--head", &kept]).ok();
}
