//! `crl create --force` in two processes at once: the one that signs last has the lower number, and must not replace the other's CRL.

use std::fs;
use std::process::{Child, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use super::shards::{issued, revoke, write_profile};
use crate::harness::{Rig, Run, ready_authority, shim, signal, softhsm, wait_until_stopped};
use crate::ledger::recorded::assert_sound;

const CREATE: [&str; 6] = ["crl", "create", "--ca", "customerCA.crt", "--force", "--out"];

/// A process whose token does not answer yet: its number is taken, and its list is not signed.
fn signing(rig: &Rig, arguments: &[&str]) -> Child {
    let mut command = rig.prepare(&[&["--format", "json"], arguments].concat());
    command
        .env("HSM_CA_MODULE", shim())
        .env("CLOUDHSM_SHIM_TARGET", softhsm())
        .env("CLOUDHSM_SHIM_STOP", "C_Sign@1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("the program");
    wait_until_stopped(child.id());
    child
}

fn signed(child: Child) -> Run {
    signal(child.id(), Signal::CONT);
    child.wait_with_output().expect("its end").into()
}

fn number(rig: &Rig, file: &str) -> Value {
    rig.json(&["crl", "show", file]).ok().json()["number"].clone()
}

/// The number of the entry in "recorded as entry #7, but".
fn entry_in(message: &str) -> String {
    let (_, rest) = message.split_once("as entry ").expect(message);
    rest.split_once(',').expect(message).0.to_owned()
}

#[test]
fn the_list_with_the_lower_number_is_signed_last_and_does_not_replace_the_other() {
    let rig = ready_authority();
    for (last, base) in [(0, &[][..]), (3, &["--base", "base.crl"])] {
        let create = |out| [&CREATE[..], &[out], base].concat();
        let slow = signing(&rig, &create("ca.crl"));
        let fast = rig.json(&create("ca.crl")).ok().json();
        assert_eq!(fast["number"], (last + 2).to_string());
        let before = rig.read("ca.crl");

        let message = signed(slow).refused(3, "overtaken");
        let (there, own) = (last + 2, last + 1);
        let numbers = format!("ca.crl has another CRL by now, with number {there}, and this one has {own}");
        assert!(message.ends_with(&numbers), "{message}");
        assert_eq!(rig.read("ca.crl"), before);

        // What was signed is in the ledger.
        let entry = entry_in(&message);
        let deliver = |more: &[&str]| rig.json(&[&["ledger", "deliver", &entry, "--out"], more].concat());
        let refused = deliver(&["ca.crl", "--force"]).refused(3, "rule");
        assert!(refused.starts_with("crl-number"), "{refused}");
        assert_eq!(rig.read("ca.crl"), before);
        deliver(&["other.crl", "--force"]).ok();
        assert_eq!(number(&rig, "other.crl"), own.to_string());
        // The next one replaces it.
        let next = rig.json(&create("ca.crl")).ok().json();
        assert_eq!(next["number"], (last + 3).to_string());
        fs::copy(rig.path("ca.crl"), rig.path("base.crl")).expect("a copy");
        fs::remove_file(rig.path("ca.crl")).expect("the CRL");
    }
    let left = fs::read_dir(rig.path(".")).expect("the rig");
    let hidden = left.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().starts_with(".hsm-ca")
    });
    assert_eq!(hidden.count(), 0);
    assert_sound(&rig, &rig.path("rig/hsm-ca.db"));
}

/// The CRL of one shard, while all shards are made in its directory.
#[test]
fn the_list_of_a_shard_is_not_replaced_by_one_with_a_lower_number() {
    let rig = ready_authority();
    let all = issued(&rig);
    write_profile(&rig, 3);
    let shards = ["--profile", "./web.toml", "--all-shards", "--out-dir", "out"];
    let of_all = [
        &["crl", "create", "--ca", "customerCA.crt", "--force"],
        &shards[..],
    ]
    .concat();
    rig.json(&of_all).ok();
    let (_, serial, shard) = &all[0];
    revoke(&rig, serial);
    let slow = signing(&rig, &of_all);
    let (file, shard) = (format!("out/{shard}.crl"), shard.to_string());
    let of_one = [
        &CREATE[..],
        &[&file, "--profile", "./web.toml", "--shard", &shard],
    ]
    .concat();
    let fast = rig.json(&of_one).ok().json();
    let before = rig.read(&file);
    let message = signed(slow).refused(3, "overtaken");
    let there = fast["number"].as_str().expect("a number");
    assert!(
        message.contains(&format!("with number {there}, and")),
        "{message}"
    );
    assert_eq!(rig.read(&file), before);
    // Nothing has changed since.
    let left = rig.json(&of_all).ok().json();
    assert_eq!(left["signed"].as_array().expect("shards").len(), 0, "{left}");
    assert_sound(&rig, &rig.path("rig/hsm-ca.db"));
}
