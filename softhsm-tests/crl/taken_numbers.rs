//! When `crl create` takes its number: after everything that can refuse it, and never the same one twice.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use hsm_ca::ledger::{Access, LedgerUrl};
use serde_json::Value;

use crate::harness::{PROGRAM, Rig, Run};
use crate::ledger::edited::{LEDGER, busy_authority, crl};
use crate::ledger::recorded::assert_sound;
use crate::ledger::refused::head;

const CREATE: [&str; 4] = ["crl", "create", "--ca", "customerCA.crt"];

/// A process that has done everything before the PIN, and waits for it.
fn waiting_for_the_pin(rig: &Rig, more: &[&str]) -> Child {
    let pin = ["--format", "json", "--pin-source", "fd:0"];
    let mut command = rig.prepare(&[&pin[..], &CREATE, more].concat());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("the program");
    let start = Instant::now();
    while !reads_a_pipe(child.id()) {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not wait");
        thread::sleep(Duration::from_millis(5));
    }
    child
}

/// Whether the process is in the system call `read`, number 0, of a pipe.
fn reads_a_pipe(process: u32) -> bool {
    let call = fs::read_to_string(format!("/proc/{process}/syscall")).unwrap_or_default();
    let mut words = call.split(' ');
    let descriptor = words.next().filter(|number| *number == "0").and(words.next());
    let descriptor = descriptor.and_then(|text| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok());
    let target = descriptor.and_then(|number| fs::read_link(format!("/proc/{process}/fd/{number}")).ok());
    target.is_some_and(|target| target.to_string_lossy().starts_with("pipe:"))
}

fn give_pin(rig: &Rig, mut child: Child) -> Run {
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(rig.pin().as_bytes()).expect("the PIN");
    drop(input);
    child.wait_with_output().expect("its end").into()
}

fn serials(rig: &Rig, file: &str) -> String {
    rig.tool("openssl", &["crl", "-in", file, "-noout", "-text"])
        .ok()
        .stdout
}

/// Another process issues a CRL and revokes a certificate while this one waits for its PIN.
#[test]
fn the_list_is_built_again_if_the_ledger_changes_before_the_number_is_taken() {
    let rig = busy_authority();
    let serial = rig
        .tool("openssl", &["x509", "-in", "good.crt", "-noout", "-serial"])
        .ok()
        .stdout;
    let serial = serial.trim().trim_start_matches("serial=").to_owned();
    let slow = waiting_for_the_pin(&rig, &["--out", "slow.crl"]);
    let asks = waiting_for_the_pin(&rig, &["--number", "2", "--out", "asks.crl"]);
    assert_eq!(crl(&rig, "fast.crl").ok().json()["number"], "2");
    let revoke = [
        "cert",
        "revoke",
        "good.crt",
        "--ca",
        "customerCA.crt",
        "--reason",
        "superseded",
    ];
    rig.json(&revoke).ok();
    let before = head(&rig);
    give_pin(&rig, asks).refused(3, "crl-number");
    assert_eq!(head(&rig), before);
    assert_eq!(give_pin(&rig, slow).ok().json()["number"], "3");
    assert!(!serials(&rig, "fast.crl").contains(&serial));
    assert!(serials(&rig, "slow.crl").contains(&serial));
    // Two that wait for the same number, and neither reads anything new.
    let two = ["a.crl", "b.crl"].map(|out| waiting_for_the_pin(&rig, &["--out", out]));
    let numbers = two.map(|waiting| give_pin(&rig, waiting).ok().json()["number"].clone());
    assert_eq!(numbers, ["4", "5"]);
    assert_sound(&rig, &rig.path(LEDGER));
}

#[test]
fn a_number_far_above_the_last_is_confirmed_and_one_that_was_not_signed_is_free() {
    let rig = busy_authority();
    let largest = format!("0x7f{}", "f".repeat(38));
    let make = |more: &[&str]| rig.json(&[&CREATE[..], &["--out", "x.crl"], more].concat());
    let before = head(&rig);
    // 2^32 above the last, which is 1, and one more.
    for far in [&largest, "4294967298"] {
        let message = make(&["--number", far]).refused(3, "crl-number");
        assert!(message.contains("more than 2^32 above"), "{message}");
    }
    make(&[
        "--number",
        &largest,
        "--number-is-right",
        "--pin-source",
        "env:NOT_SET",
    ])
    .refused(2, "pin-source");
    assert_eq!(head(&rig), before);
    assert_eq!(
        make(&["--number", "4294967297"]).ok().json()["number"],
        "4294967297"
    );
    make(&["--force", "--number-is-right"]).refused(2, "usage");
    let confirmed = make(&["--force", "--number", "9000000000", "--number-is-right"]);
    assert_eq!(confirmed.ok().json()["number"], "9000000000");
    assert_eq!(crl(&rig, "x.crl").ok().json()["number"], "9000000001");
}

/// The numbers that the ledger has as taken, and those of CRLs that began.
fn numbers(rig: &Rig) -> (Vec<u64>, Vec<u64>) {
    let export = rig.command(&["ledger", "export"]).ok().stdout;
    let (mut taken, mut begun) = (Vec::new(), Vec::new());
    for line in export.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let event = &line["event"]["event"];
        taken.extend(event["crl-number"]["number"].as_u64());
        begun.extend(event["begun"]["object"]["crl"]["number"].as_u64());
    }
    (taken, begun)
}

/// The kernel kills a process that writes past `RLIMIT_FSIZE`: here in the log of the ledger, in every page of the two transactions that take
/// the number and begin the CRL.
#[test]
fn killed_while_the_number_is_taken() {
    let rig = busy_authority();
    let url = LedgerUrl::Sqlite(rig.path(LEDGER));
    // While it is open here, the log stays.
    let _watching = url.open(Access::Record).expect("the ledger");
    let log = rig.path("rig/hsm-ca.db-wal");
    let size = || fs::metadata(&log).map_or(0, |found| found.len());
    // Larger than anything else that the command writes.
    while size() < 200_000 {
        crl(&rig, "first.crl").ok();
    }
    let mut ends = BTreeSet::new();
    for page in 0..16 {
        let limit = size() + page * (24 + 4096) + 2000;
        let limit = format!("--fsize={limit}:{limit}");
        let (before, _) = numbers(&rig);
        let out = format!("{page}.crl");
        let run = rig.tool(
            "prlimit",
            &[&[&limit, PROGRAM][..], &CREATE, &["--out", &out]].concat(),
        );
        let (taken, begun) = numbers(&rig);
        let last = taken.last().expect("a number");
        let state = match (taken.len() - before.len(), begun.contains(last)) {
            (0, _) => "nothing",
            (1, false) => "a gap",
            (1, true) => "begun",
            more => panic!("{more:?}"),
        };
        assert!(run.code != Some(0) || rig.path(&out).exists(), "{run:?}");
        ends.insert((state, run.code.is_none()));
        let (first, again): (BTreeSet<_>, BTreeSet<_>) = (taken.iter().collect(), begun.iter().collect());
        assert_eq!(
            (first.len(), again.len()),
            (taken.len(), begun.len()),
            "one number twice"
        );
        assert!(again.is_subset(&first), "{begun:?} {taken:?}");
    }
    for end in [("nothing", true), ("a gap", true), ("begun", true)] {
        assert!(ends.contains(&end), "{ends:?}");
    }
    let (taken, _) = numbers(&rig);
    let next = taken.last().expect("a number") + 1;
    assert_eq!(crl(&rig, "last.crl").ok().json()["number"], next.to_string());
    assert_sound(&rig, &rig.path(LEDGER));
}
