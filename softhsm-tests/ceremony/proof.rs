//! `ceremony verify` and the second verifier agree on a sound ceremony, on each changed byte, and on each broken rule.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hsm_ca::ceremony::{CeremonyDirectory, Finding, rules};
use hsm_ca::workflow::verify_ceremony;
use serde_json::{Value, json};

use super::check::ceremony;
use super::held_cases::RUN_FAULTS;
use super::held_interruptions::INTERRUPTED;
use super::held_other_cases::OTHER_FAULTS;
use super::hostile_cases::HOSTILE;
use super::second_verifier::{ask, ask_python};
use crate::harness::Rig;

const HELD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/ceremony/held.py");

/// A planned ceremony, with the keys of its people.
pub(super) struct Planned(pub(super) Rig);

impl Planned {
    pub(super) fn new() -> Self {
        let rig = ceremony();
        rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"])
            .ok();
        Self(rig)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    /// Holds the ceremony in `name`, with one change before everything is made consistent again and one after. Returns the head.
    pub(super) fn hold(&self, name: &str, change: &str, after: &str) -> String {
        self.hold_each(&[(name, change, after)]).remove(0)
    }

    /// The same for several cases, in one Python process. Returns their heads.
    pub(super) fn hold_each(&self, cases: &[(&str, &str, &str)]) -> Vec<String> {
        let room = self.path("room");
        let mut lines = String::new();
        for (name, change, after) in cases {
            let held = self.path(name);
            copy(&room, &held);
            lines.push_str(&format!("{}\n", json!([held, change, after])));
        }
        let output = ask_python(&[HELD, self.path("keys").to_str().expect("UTF-8")], lines);
        let heads: Vec<_> = output.lines().map(str::to_owned).collect();
        assert_eq!(heads.len(), cases.len());
        heads
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp")
        .arg("-a")
        .args([from, to])
        .status()
        .expect("cp");
    assert!(copied.success());
}

fn findings(directory: &Path) -> Vec<Finding> {
    verify_ceremony(&CeremonyDirectory::at(directory), None).findings
}

fn case(directory: &Path) -> Value {
    json!({ "what": "ceremony", "directory": directory })
}

#[test]
fn a_sound_ceremony_is_verified_by_both_and_by_stock_programs() {
    let planned = Planned::new();
    let head = planned.hold("held", "", "");
    let rig = &planned.0;
    let report = rig
        .json(&["ceremony", "verify", "held", "--head", &head])
        .ok()
        .json();
    assert_eq!(
        (&report["verified"], &report["plan_made_again"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&report["head"], &report["lines_after_head"]),
        (&json!(head), &json!(0))
    );
    assert_eq!(report["approved_by"], json!(["A", "B", "C"]));
    assert_eq!(report["findings"], json!([]));
    assert_eq!(ask(&[case(&planned.path("held"))]), [format!("ok {head}")]);

    // An earlier head, and the head of another transcript.
    let transcript = String::from_utf8(rig.read("held/run/transcript.jsonl")).expect("text");
    let sixth: Value = serde_json::from_str(transcript.lines().nth(6).expect("a line")).expect("JSON");
    let earlier = format!("6:{}", sixth["prev"].as_str().expect("a hash"));
    let report = rig
        .json(&["ceremony", "verify", "held", "--head", &earlier])
        .ok()
        .json();
    assert_eq!(report["lines_after_head"], 22);
    let other = head.replace("28:", "27:");
    let refused = rig.json(&["ceremony", "verify", "held", "--head", &other]);
    assert_eq!(refused.code, Some(3));
    assert_eq!(refused.json()["findings"][0]["rule"], "head");
    let message = rig
        .json(&["ceremony", "verify", "held", "--head", "28"])
        .refused(2, "usage");
    assert!(message.contains("`ceremony run` for a transcript"), "{message}");
    assert_eq!(rig.json(&["ceremony", "verify", "nowhere"]).code, Some(2));

    // The export that was written at the closing.
    let exported = rig
        .json(&["ceremony", "export", "held", "--out", "next.json"])
        .ok()
        .json();
    assert_eq!(exported["head"], json!(head));
    assert_eq!(rig.read("next.json"), rig.read("held/state/next.json"));
    let root = &exported["export"]["issuers"];
    let issuers = root.as_array().expect("issuers");
    let own = issuers
        .iter()
        .find(|issuer| issuer["crl-number"] == 1)
        .expect("the new root");
    // Two certificates in two sessions, each with a spare number.
    assert_eq!(own["serials"].as_array().expect("numbers").len(), 8);
    // One session was held: the root and the issuing CA use two of the eight numbers.
    let counted = json!({ "issuer": "CN=Root R1,O=Example", "used": 2, "spare": 6, "earlier": 0 });
    assert!(
        exported["serial_numbers"]
            .as_array()
            .expect("counts")
            .contains(&counted)
    );
    let export = ["ceremony", "export", "held", "--out", "again.json"];
    let told = rig.command(&export).ok().stdout;
    assert!(
        told.starts_with("Wrote again.json: what the next ceremony inherits\n"),
        "{told}"
    );
    assert!(told.contains("2 used, 6 spare"), "{told}");

    let sums = Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(planned.path("held"))
        .status();
    assert!(sums.expect("sha256sum").success());
    let allowed: String = ["A", "B", "C", "W"]
        .map(|name| {
            format!(
                "{name} {}",
                String::from_utf8(rig.read(&format!("keys/{name}.pub"))).expect("text")
            )
        })
        .concat();
    rig.write("allowed", allowed);
    for (person, namespace, file) in [
        ("C", "ceremony-approval@hsm-ca", "approvals/03-approve.json"),
        ("B", "ceremony-gate@hsm-ca", "run/gates/gate@main-02.json"),
        ("W", "ceremony-attestation@hsm-ca", "attest/06.json"),
    ] {
        let statement = fs::File::open(planned.path("held").join(file)).expect(file);
        let verified = Command::new("ssh-keygen")
            .args(["-Y", "verify", "-f"])
            .arg(planned.path("allowed"))
            .args(["-I", person, "-n", namespace, "-s"])
            .arg(planned.path("held").join(format!("{file}.sig")))
            .stdin(statement)
            .output()
            .expect("ssh-keygen");
        assert!(verified.status.success(), "{file}: {verified:?}");
    }

    // An attestation is missing: the finding names the person and the command.
    for file in ["held/attest/06.json", "held/attest/06.json.sig"] {
        fs::remove_file(planned.path(file)).expect("removed");
    }
    let told = rig.command(&["ceremony", "verify", "held"]);
    assert_eq!(told.code, Some(3));
    for text in [
        "\"W\" must sign the transcript's head, and has not signed it yet",
        "runs:\n  hsm-ca ceremony attest held --ssh-key FILE\n",
    ] {
        assert!(told.stdout.contains(text), "{text}: {}", told.stdout);
    }
    assert!(told.stdout.contains("  quorum  "), "{}", told.stdout);

    // A damaged transcript: what was not checked is named, and nobody is asked to sign its head or to go on with it.
    let verify = |content: &str| {
        rig.write("held/run/transcript.jsonl", content);
        let told = rig.command(&["ceremony", "verify", "held", "--head", &head]);
        assert_eq!(told.code, Some(3));
        for false_text in ["has not begun", "hsm-ca ceremony attest", "hsm-ca ceremony run"] {
            assert!(!told.stdout.contains(false_text), "{false_text}: {}", told.stdout);
        }
        let advice =
            "Keep a copy of this directory. Compare it with another copy, and with the head on paper.\n";
        assert!(told.stdout.ends_with(advice), "{}", told.stdout);
        told.stdout
    };
    let changed = transcript.replacen("\"n\":14,", "\"n\":14 ,", 1);
    assert_ne!(changed, transcript);
    let changed = verify(&changed);
    for text in [
        "line 14 of the transcript: ",
        "cannot be read past line 13, so what was signed and made was not checked, and neither was the head that was given",
        "run/transcript.jsonl: checksums: its SHA-256 is not the one in SHA256SUMS",
    ] {
        assert!(changed.contains(text), "{text}: {changed}");
    }
    let bent = transcript.trim_end().strip_suffix('}').expect("an object");
    let bent = verify(&format!("{bent}]\n"));
    assert!(
        bent.contains("line 28 of the transcript: not JSON: ") && !bent.contains("line 1 "),
        "{bent}"
    );
    let short: String = transcript.split_inclusive('\n').take(20).collect();
    let short = verify(&short);
    assert!(
        short.contains("lines are missing at its end: SHA256SUMS exists"),
        "{short}"
    );
    let second = ask(&[case(&planned.path("held"))]).remove(0);
    assert_eq!(
        second,
        "refused: Refused transcript: lines are missing at its end"
    );

    // An interrupted ceremony is finished first.
    planned.hold("open", "del events[-1]\nmade.clear()", "");
    fs::remove_file(planned.path("open/SHA256SUMS")).expect("removed");
    fs::remove_dir_all(planned.path("open/attest")).expect("removed");
    let told = rig.command(&["ceremony", "verify", "open"]);
    assert!(
        told.stdout.ends_with("Finish it:\n  hsm-ca ceremony run open\n"),
        "{}",
        told.stdout
    );
}

/// People read the text and approve the plan. Its checksum is not enough: it can be made again with the text.
#[test]
fn a_text_that_is_not_that_of_the_plan_is_found_although_its_checksum_is_right() {
    let planned = Planned::new();
    let change = "text = read('plan.txt').replace(b'O=Example', b'O=Exemple')\nfiles['plan.txt'] = text";
    planned.hold("held", change, "");
    let found = findings(&planned.path("held"));
    assert_eq!(
        found,
        [Finding::in_file(
            "plan.txt",
            rules::PLAN_TEXT,
            "it is not the text of plan.json"
        )]
    );
    // The second verifier does not write this text again.
    assert!(ask(&[case(&planned.path("held"))])[0].starts_with("ok "));
    fs::remove_file(planned.path("held/plan.txt")).expect("removed");
    assert!(
        findings(&planned.path("held"))
            .iter()
            .any(|finding| finding.rule == rules::PLAN_TEXT)
    );
}

/// Files, by the beginnings of their names, of which every byte is changed, not eight: `HSM_CA_EVERY_BYTE=out/,checkpoint`. docs/tests.md has the
/// results.
fn is_changed_in_full(file: &str) -> bool {
    let named = std::env::var("HSM_CA_EVERY_BYTE").unwrap_or_default();
    named
        .split(',')
        .any(|name| !name.is_empty() && file.starts_with(name))
}

/// Changes one bit of a byte, and removes or empties each whole file.
#[test]
fn each_changed_byte_is_found_by_both() {
    let planned = Planned::new();
    planned.hold("held", "", "");
    let held = planned.path("held");
    let mut cases = Vec::new();
    for (file, content) in files_of(&held) {
        let path = held.join(&file);
        let mut change = |content: Option<Vec<u8>>| {
            match &content {
                Some(content) => fs::write(&path, content).expect("written"),
                None => fs::remove_file(&path).expect("removed"),
            }
            assert_ne!(findings(&held), [], "{file}: not found");
            let files = BTreeMap::from([(&file, content.map(hex::encode))]);
            cases.push(json!({ "what": "ceremony", "directory": held, "files": files }));
        };
        change(None);
        change(Some(Vec::new()));
        // Other tests change each byte of statements, signatures and transcripts on their own.
        let stride = match is_changed_in_full(&file) {
            true => 1,
            false => content.len().div_ceil(8).max(1),
        };
        for place in (0..content.len()).step_by(stride) {
            let mut other = content.clone();
            other[place] ^= 1 << (place / stride % 7);
            change(Some(other));
        }
        fs::write(&path, &content).expect("written");
    }
    assert_eq!(findings(&held), []);
    // A file that the checksums do not list, and one that may be added later.
    let extra = held.join("inputs/extra.crt");
    fs::write(&extra, "x").expect("written");
    assert_eq!(findings(&held)[0].rule, rules::CHECKSUMS);
    fs::remove_file(extra).expect("removed");
    fs::write(held.join("report.html"), "x").expect("written");
    assert_eq!(findings(&held), []);
    std::os::unix::fs::symlink("plan.txt", held.join("link")).expect("a link");
    assert_eq!(findings(&held)[0].rule, rules::FILE);
    fs::remove_file(held.join("link")).expect("removed");
    let files = BTreeMap::from([("inputs/extra.crt", "78")]);
    cases.push(json!({ "what": "ceremony", "directory": held, "files": files }));
    let answers = ask(&cases);
    for (case, answer) in cases.iter().zip(&answers) {
        assert!(answer.starts_with("refused"), "{answer}: {}", case["files"]);
    }
    assert!(cases.len() > 200, "{}", cases.len());
}

/// Every file below a directory, by relative path, with its bytes.
pub(super) fn files_of(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let listed = Command::new("find")
        .args([".", "-type", "f"])
        .current_dir(directory)
        .output()
        .expect("find");
    let listed = String::from_utf8(listed.stdout).expect("text");
    let names = listed
        .lines()
        .map(|name| name.trim_start_matches("./").to_owned());
    names
        .map(|name| {
            let content = fs::read(directory.join(&name)).expect("a file");
            (name, content)
        })
        .collect()
}

#[test]
fn each_broken_rule_is_found_by_both_although_everything_else_is_repaired() {
    // The refusal is a finding, not a crash of the verifier.
    let broken = [RUN_FAULTS, OTHER_FAULTS].concat();
    assert_found_by_both(&broken, &["Refused", "InvalidSignature", "KeyError"]);
}

/// Two readers that see different things in the same octets can be shown different ceremonies.
#[test]
fn what_another_reader_could_take_differently_is_refused_by_both() {
    assert_found_by_both(HOSTILE, &["Refused", "UnicodeDecodeError", "UnicodeEncodeError"]);
}

#[track_caller]
fn assert_found_by_both(broken: &[(&str, &str, &str, &str)], refusals: &[&str]) {
    let planned = Planned::new();
    let mut cases = Vec::new();
    let names: Vec<_> = (0..broken.len()).map(|index| format!("broken-{index}")).collect();
    let changed = names.iter().zip(broken);
    let changed: Vec<_> = changed
        .map(|(held, (_, change, after, _))| (held.as_str(), *change, *after))
        .collect();
    planned.hold_each(&changed);
    for (held, (name, _, _, rule)) in names.iter().zip(broken) {
        let held = planned.path(held);
        let found = findings(&held);
        assert!(
            found.iter().any(|finding| finding.rule.name() == *rule),
            "{name}: {found:#?}"
        );
        cases.push(case(&held));
    }
    for ((name, ..), answer) in broken.iter().zip(ask(&cases)) {
        let mut refusals = refusals.iter().map(|kind| format!("refused: {kind}"));
        assert!(
            refusals.any(|refusal| answer.starts_with(&refusal)),
            "{name}: {answer}"
        );
    }
}

#[test]
fn an_interrupted_ceremony_that_was_finished_is_verified_by_both() {
    let planned = Planned::new();
    let names: Vec<_> = (0..INTERRUPTED.len())
        .map(|index| format!("held-{index}"))
        .collect();
    let changed = names.iter().zip(INTERRUPTED);
    let changed: Vec<_> = changed
        .map(|(held, (_, change))| (held.as_str(), *change, ""))
        .collect();
    let heads = planned.hold_each(&changed);
    let cases: Vec<_> = names.iter().map(|held| case(&planned.path(held))).collect();
    let answers = ask(&cases);
    for (index, (name, _)) in INTERRUPTED.iter().enumerate() {
        assert_eq!(findings(&planned.path(&names[index])), [], "{name}");
        assert_eq!(answers[index], format!("ok {}", heads[index]), "{name}");
    }
}
