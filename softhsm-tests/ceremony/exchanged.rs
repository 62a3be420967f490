//! Another process changes a file of a ceremony between a check and a use. A command is either refused, or what it does follows from one version.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hsm_ca::ceremony::{CeremonyPlan, Event};
use serde_json::{Value, json};

use super::people::planned;
use super::people_present::{attending, opened};
use super::proof::{Planned, files_of};
use super::run::{assert_sound, hold, room};
use crate::harness::{PROGRAM, Rig, Run};

/// Builds exchange.c, with the compiler that links Rust programs.
fn build(rig: &Rig) -> PathBuf {
    let program = rig.path("exchange");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/ceremony/exchange.c");
    let path = program.to_str().expect("UTF-8");
    rig.tool("cc", &["-Wall", "-Wextra", "-Werror", "-o", path, source])
        .ok();
    program
}

/// Runs a command. Each file of `directory` that is in `others` too is exchanged as soon as the command has opened it. Also returns how often each file
/// was opened.
fn exchanged(rig: &Rig, directory: &str, others: &str, command: &str) -> (Run, BTreeMap<String, usize>) {
    let real = fs::canonicalize(rig.path(directory)).expect("a directory");
    let words: Vec<&str> = command.split(' ').collect();
    let arguments = [
        &["opened", real.to_str().expect("UTF-8"), others, PROGRAM][..],
        &["--format", "json", "ceremony"],
        &words,
    ];
    let run = rig.tool(rig.path("exchange"), &arguments.concat());
    let mut opened = BTreeMap::new();
    let lines = String::from_utf8(rig.read("opened")).expect("UTF-8");
    // The program's own temporary files have the prefix.
    for line in lines.lines().filter(|line| !line.contains("/.hsm-ca-")) {
        *opened.entry(line.to_owned()).or_insert(0) += 1;
    }
    (run, opened)
}

/// The files that were opened more than once.
fn again(opened: BTreeMap<String, usize>) -> Vec<String> {
    let more = opened.into_iter().filter(|(_, count)| *count > 1);
    more.map(|(file, _)| file).collect()
}

/// Writes files below a directory.
fn put(rig: &Rig, directory: &str, files: &BTreeMap<String, Vec<u8>>) {
    for (file, content) in files {
        let path = rig.path(directory).join(file);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, content).expect("written");
    }
}

/// What a command has not read twice cannot change under it.
#[test]
fn each_command_opens_each_file_once_or_compares_what_it_reads_again() {
    let planned = Planned::new();
    planned.hold("held", "", "");
    let rig = &planned.0;
    build(rig);
    let plan = CeremonyPlan::read(&rig.read("held/plan.json")).expect("a plan");
    let inputs = plan.inputs.values().map(|input| input.file.clone());
    let mut pinned: Vec<_> = inputs.chain(["ceremony.toml".to_owned()]).collect();
    pinned.sort();
    let cases: [(&str, &str, &[String]); 11] = [
        ("held", "check held/ceremony.toml", &[]),
        ("held", "plan held/ceremony.toml --out new --offline", &[]),
        ("held", "plan --check held", &[]),
        ("held", "show held", &[]),
        ("held", "script held --out script.html", &[]),
        ("held", "approvals held", &[]),
        ("held", "report held --out report.html", &[]),
        ("held", "export held --out next.json", &[]),
        ("held", "attest held --ssh-key keys/B --write-statement", &[]),
        ("room", "approve room --ssh-key keys/A --write-statement", &[]),
        // The plan is made again from these files, and pins each by its SHA-256.
        ("held", "verify held", &pinned),
    ];
    for (directory, command, expected) in cases {
        let (run, opened) = exchanged(rig, directory, "nothing", command);
        assert!(
            opened.contains_key("ceremony.toml") || opened.contains_key("plan.json"),
            "{command}: {run:#?}"
        );
        assert_eq!(again(opened), expected, "{command}");
    }
}

/// `verify` reports one version of each file, although its last check is of the hashes of all files.
#[test]
fn a_ceremony_that_is_changed_while_it_is_verified_is_verified_as_it_was_or_refused() {
    let planned = Planned::new();
    planned.hold("held", "", "");
    let rig = &planned.0;
    build(rig);
    let verify = || rig.json(&["ceremony", "verify", "held"]);
    let sound = files_of(&rig.path("held"));
    let is_pinned = |file: &str| file == "ceremony.toml" || file.starts_with("inputs/");
    let mut changed = sound.clone();
    changed.retain(|file, _| !is_pinned(file));
    for content in changed.values_mut() {
        let last = content.last_mut().expect("an octet");
        *last ^= 1;
    }
    let expected = verify().ok();
    put(rig, "others", &changed);
    let (run, _) = exchanged(rig, "held", "others", "verify held");
    assert_eq!((run.code, &run.stdout), (Some(0), &expected.stdout), "{run:#?}");

    // The other way round: each changed file is found, although it is sound at once. The plan is sound, so that all others are read.
    changed.remove("plan.json");
    put(rig, "held", &sound);
    put(rig, "held", &changed);
    let expected = verify();
    fs::remove_dir_all(rig.path("others")).expect("removed");
    put(rig, "others", &sound);
    let (run, _) = exchanged(rig, "held", "others", "verify held");
    assert_eq!((run.code, &run.stdout), (Some(3), &expected.stdout), "{run:#?}");

    // A file that is read again, in both orders.
    put(rig, "held", &sound);
    for file in ["ceremony.toml", "inputs/legacy.crt"] {
        let mut other = sound[file].clone();
        other.extend(b"\n");
        fs::remove_dir_all(rig.path("others")).expect("removed");
        put(rig, "others", &BTreeMap::from([(file.to_owned(), other)]));
        // The second time, the first version is in its place again.
        for rule in ["plan-again", "pinned"] {
            let (run, _) = exchanged(rig, "held", "others", "verify held");
            assert_eq!(run.code, Some(3), "{file}: {run:#?}");
            let findings = run.json()["findings"].clone();
            assert_eq!(findings[0]["rule"], rule, "{file}: {findings:#}");
        }
    }
}

/// The transcript of these events, in the place of `others` for the one in `room`.
fn other_transcript(rig: &Rig, events: &[Event]) {
    let (path, other) = (rig.path("room/run"), rig.path("others/run"));
    let kept = rig.path("kept");
    fs::rename(&path, &kept).expect("kept");
    rig.transcript(events);
    fs::create_dir_all(rig.path("others")).expect("made");
    let _ = fs::remove_dir_all(&other);
    fs::rename(&path, &other).expect("moved");
    fs::rename(&kept, &path).expect("put back");
}

fn statement(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a statement")).expect("JSON")
}

/// People sign the head of the transcript that they were shown.
#[test]
fn a_transcript_that_changes_after_it_was_shown_is_not_attested() {
    let rig = planned();
    build(&rig);
    let closed = Event::Closed { out: BTreeMap::new() };
    let note = Event::Note {
        text: "nobody was shown this".to_owned(),
        by: "W".to_owned(),
    };
    rig.transcript(&[attending(&["A", "W"]), closed.clone()]);
    other_transcript(&rig, &[attending(&["A", "W"]), note, closed]);
    let (run, opened) = exchanged(&rig, "room", "others", "attest room --ssh-key A");
    let report = run.ok().json();
    assert_eq!(again(opened), [""; 0]);
    assert_eq!(report["occurrences"], json!([]));
    let signed = statement(&rig.path("room/attest/01.json"));
    assert_eq!(report["head"], signed["head"]);
    assert!(
        signed["head"].as_str().expect("a head").starts_with("2:"),
        "{signed}"
    );
}

/// A gate is signed only if it still waits when the signature is there. What was shown and what is signed come from one reading.
#[test]
fn a_gate_that_is_gone_when_the_signature_is_there_is_not_signed() {
    let rig = planned();
    build(&rig);
    let aborted = Event::Aborted {
        because: "the safe does not open".to_owned(),
        by: "A".to_owned(),
    };
    let begun = [opened(), attending(&["A", "B", "W"])];
    let gate = Event::GateOpen {
        step: "gate".to_owned(),
        objects: BTreeMap::new(),
    };
    rig.transcript(&[&begun[..], &[gate]].concat());
    other_transcript(&rig, &[&begun[..], &[aborted]].concat());
    for (reason, read) in [
        ("no longer waits for a signature", 2),
        ("the ceremony is aborted", 1),
    ] {
        let (run, opened) = exchanged(&rig, "room", "others", "approve room --ssh-key A");
        let message = run.refused(3, "ceremony-state");
        assert!(message.contains(reason), "{message}");
        assert_eq!(opened["run/transcript.jsonl"], read);
        let gates = rig.path("room/run/gates");
        assert!(!gates.exists() || rig.list("room/run/gates").is_empty());
        assert!(rig.list("room/approvals").is_empty());
    }
}

fn words(text: &Value) -> String {
    let text = text.as_str().expect("text");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A run signs what was approved, whatever the files become after it has read them. It writes no hash of a file that it has not read. If an interrupted
/// closing left results and they were changed, it does not accept them. Once everything is put back, the same command finishes.
#[test]
fn a_run_keeps_to_what_it_has_read_and_does_not_certify_anything_else() {
    let rig = room("ec:p256", &[]);
    build(&rig);
    let [held] = hold(&rig, &["changed"]).try_into().expect("one");
    assert_sound(&held);
    assert_eq!(
        (&held["stopped"], &held["signatures"]),
        (&json!(3), &json!(5)),
        "{held:#}"
    );
    // What nobody could verify is not closed.
    let lost = &held["lost"];
    let told = "the signatures at the gates are not those in the transcript: run/gates: step \"gate\": [\"C\"] signed, and the transcript names [\"A\", \"C\"]";
    assert_eq!((&lost[0], &lost[2]), (&json!(3), &json!("stopped")), "{lost:#}");
    assert!(words(&lost[1]).contains(told), "{lost:#}");
    // The same person signs the same statement again, and then nothing is left to sign.
    let again = json!([[0, [true, true]], [0, [true, true]], [3, [false]], [0, 3]]);
    assert_eq!(held["again"], again, "{held:#}");
    let changed =
        |file: &str| format!("room/{file} was changed while the ceremony ran, so its hash is not written");
    let line = held["line"].as_str().expect("text");
    assert!(line.contains(&changed("approvals/01-approve.json")), "{held:#}");
    let exchanged = held["exchanged"].as_array().expect("a list");
    assert_eq!(exchanged.len(), 7);
    for refused in exchanged {
        let (file, line) = (
            refused[1].as_str().expect("a file"),
            refused[2].as_str().expect("text"),
        );
        // The transcript is read once more before it is opened for writing. Nothing is added to another one.
        let told = match file {
            "run/transcript.jsonl" => "line 35 of the transcript: not JSON".to_owned(),
            file => changed(file),
        };
        assert!(refused[0] == 3 && line.contains(&told), "{refused:#}");
    }
    let told = [
        "i1.crt: it is not what was signed",
        "i2.crt: the ceremony has no such result",
        "r1.crl: it is missing",
        "r1.crt: it is not a regular file",
        "out: it is not a directory",
    ];
    let refused = held["refused"].as_array().expect("a list");
    assert_eq!(refused.len(), told.len());
    for (refused, told) in refused.iter().zip(told) {
        assert_eq!(refused[0], 3, "{held:#}");
        assert!(refused[1].as_str().expect("text").contains(told), "{held:#}");
    }
}
