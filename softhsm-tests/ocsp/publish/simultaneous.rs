//! Two publications in one directory at the same time, as by a timer and a person.

use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::{files, publish, published_rig, statuses, verified};
use crate::csr_sign::delivery::{assert_sound, entries};
use crate::harness::{Rig, shim, signal, softhsm, wait_until_stopped};

/// A publication that stops itself in the middle of its tenth signature.
fn stopped(rig: &Rig) -> Command {
    let mut command = rig.prepare(&publish(&["--jobs", "2"]));
    command
        .env("HSM_CA_MODULE", shim())
        .env("CLOUDHSM_SHIM_TARGET", softhsm())
        .env("CLOUDHSM_SHIM_STOP", "C_Sign@10")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn the_second_publication_is_refused_before_it_signs_and_the_first_one_finishes() {
    let rig = published_rig(20);
    let mut first = stopped(&rig).spawn().expect("it starts");
    wait_until_stopped(first.id());
    let (recorded, before) = (entries(&rig, &[]).len(), files(&rig));
    let message = rig.json(&publish(&["--force"])).refused(4, "output-in-use");
    assert_eq!(
        message,
        format!("process {} is writing to the directory answers", first.id())
    );
    assert_eq!(entries(&rig, &[]).len(), recorded);
    assert_eq!(files(&rig), before);

    signal(first.id(), Signal::CONT);
    assert!(first.wait().expect("it ends").success());
    let all = files(&rig);
    assert_eq!(all.len(), 40);
    assert_eq!(verified(&rig), statuses([("good", 40)]));
    assert_eq!(rig.json(&publish(&[])).ok().json()["unchanged"], 40);
    assert_eq!(files(&rig), all);
    assert_sound(&rig);
}

#[test]
fn a_killed_publication_does_not_keep_the_directory() {
    let rig = published_rig(8);
    let mut first = stopped(&rig).spawn().expect("it starts");
    wait_until_stopped(first.id());
    rig.json(&publish(&[])).refused(4, "output-in-use");
    first.kill().expect("it ends");
    first.wait().expect("it ended");
    rig.json(&publish(&[])).ok();
    assert_eq!(verified(&rig), statuses([("good", 16)]));
    assert_eq!(files(&rig).len(), 16, "only the answers are there");
}
