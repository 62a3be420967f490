//! `ocsp respond --force` in two processes at once: the one that signs last has read the older status.

use std::process::Stdio;

use rustix::process::Signal;

use crate::harness::{Run, shim, signal, softhsm, wait_until_stopped};
use crate::ledger::edited::busy_authority;

const RESPOND: [&str; 9] = [
    "ocsp",
    "respond",
    "--ca",
    "customerCA.crt",
    "--request",
    "good.q",
    "--out",
    "good.r",
    "--force",
];

#[test]
fn an_older_answer_does_not_replace_a_newer_one() {
    let rig = busy_authority();
    let status = || {
        let shown = rig.json(&["ocsp", "show", "good.r"]).ok().json();
        shown["certificates"][0]["status"].clone()
    };
    rig.json(&RESPOND).ok();
    let mut slow = rig.prepare(&[&["--format", "json"], &RESPOND[..]].concat());
    slow.env("HSM_CA_MODULE", shim())
        .env("CLOUDHSM_SHIM_TARGET", softhsm())
        .env("CLOUDHSM_SHIM_STOP", "C_Sign@1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let slow = slow.spawn().expect("the program");
    wait_until_stopped(slow.id());
    let hold = |reason| {
        let certificate = ["cert", "revoke", "good.crt", "--ca", "customerCA.crt"];
        rig.json(&[&certificate[..], &["--reason", reason]].concat()).ok();
    };
    hold("certificateHold");
    rig.json(&RESPOND).ok();
    assert_eq!(status(), "revoked");
    let before = rig.read("good.r");
    signal(slow.id(), Signal::CONT);
    let slow: Run = slow.wait_with_output().expect("its end").into();
    let message = slow.refused(3, "overtaken");
    assert!(
        message.contains("good.r has a newer answer by now, from "),
        "{message}"
    );
    assert_eq!(rig.read("good.r"), before);
    // The next one replaces it, even in the same second.
    hold("removeFromCRL");
    rig.json(&RESPOND).ok();
    assert_eq!(status(), "good");
}
