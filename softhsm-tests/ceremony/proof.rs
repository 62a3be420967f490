//! `ceremony verify`, and the second verifier: they agree on a sound ceremony, on each changed byte, and on each broken rule.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hsm_ca::ceremony::{
    CeremonyDirectory, CeremonyExport, CeremonyKind, CeremonyPlan, Digest, ExportedRevocation, Finding,
    PlannedObject,
};
use hsm_ca::workflow::{PreviousError, check_previous, verify_ceremony};
use serde_json::{Value, json};

use super::check::ceremony;
use super::second_verifier::ask;
use crate::harness::{Rig, python_tool};

const HELD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/ceremony/held.py");

/// A planned ceremony, with the keys of its people.
struct Planned(Rig);

impl Planned {
    fn new() -> Self {
        let rig = ceremony();
        rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"])
            .ok();
        Self(rig)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    /// Holds it in `name`, with one change before everything is made consistent again, and one after. Returns the head.
    fn hold(&self, name: &str, change: &str, after: &str) -> String {
        let (room, held) = (self.path("room"), self.path(name));
        copy(&room, &held);
        let output = Command::new(python_tool("python"))
            .arg(HELD)
            .args([held.as_path(), &self.path("keys")])
            .args([change, after])
            .output()
            .expect("Python");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{change}: {errors}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
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

    // An earlier head, and a head of another transcript.
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
    rig.json(&["ceremony", "verify", "held", "--head", "28"])
        .refused(2, "usage");
    assert_eq!(rig.json(&["ceremony", "verify", "nowhere"]).code, Some(2));

    // What the next ceremony inherits, as it was written at the closing.
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
        ("B", "ceremony-gate@hsm-ca", "run/gates/gate-02.json"),
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
}

/// One bit of a byte, and each file as a whole: missing, or empty.
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
        // Each byte of statements, signatures and transcripts by themselves is changed in other tests.
        let stride = content.len().div_ceil(8).max(1);
        for place in (0..content.len()).step_by(stride) {
            let mut other = content.clone();
            other[place] ^= 1 << (place / stride % 7);
            change(Some(other));
        }
        fs::write(&path, &content).expect("written");
    }
    assert_eq!(findings(&held), []);
    // A file that nobody listed, and one that comes later.
    let extra = held.join("inputs/extra.crt");
    fs::write(&extra, "x").expect("written");
    assert_eq!(findings(&held)[0].rule, "checksums");
    fs::remove_file(extra).expect("removed");
    fs::write(held.join("report.html"), "x").expect("written");
    assert_eq!(findings(&held), []);
    std::os::unix::fs::symlink("plan.txt", held.join("link")).expect("a link");
    assert_eq!(findings(&held)[0].rule, "file");
    fs::remove_file(held.join("link")).expect("removed");
    let files = BTreeMap::from([("inputs/extra.crt", "78")]);
    cases.push(json!({ "what": "ceremony", "directory": held, "files": files }));
    let answers = ask(&cases);
    for (case, answer) in cases.iter().zip(&answers) {
        assert!(answer.starts_with("refused"), "{answer}: {}", case["files"]);
    }
    assert!(cases.len() > 200, "{}", cases.len());
}

fn files_of(directory: &Path) -> BTreeMap<String, Vec<u8>> {
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

/// Name, change, change after the chain was repaired, the rule that is broken.
const BROKEN: &[(&str, &str, &str, &str)] = &[
    (
        "no gate",
        "del events[find('gate-open'):find('gate-passed') + 1]\nfor n in list(files):\n  if 'gates' in n: files.pop(n)",
        "",
        "gate",
    ),
    (
        "gate without signatures",
        "",
        "for n in list(files):\n  if 'gates' in n: files.pop(n)",
        "gate",
    ),
    (
        "gate of one",
        "events[find('gate-passed')]['people'] = ['A']",
        "files.pop('run/gates/gate-02.json')\nfiles.pop('run/gates/gate-02.json.sig')",
        "gate",
    ),
    (
        "gate of a witness",
        "events[find('gate-passed')]['people'] = ['A', 'W']",
        "h = events[find('gate-open')]['objects']\nstatement('run/gates', 'gate-02', 'gate', 'W', {'step': 'gate', 'objects': h})",
        "gate",
    ),
    (
        "gate of somebody away",
        "events[find('gate-passed')]['people'] = ['A', 'C']",
        "h = events[find('gate-open')]['objects']\nstatement('run/gates', 'gate-02', 'gate', 'C', {'step': 'gate', 'objects': h})",
        "gate",
    ),
    (
        "gate of other bytes",
        "h = dict(events[find('gate-open')]['objects'], root=sha256(b'x'))\nevents[find('gate-open')]['objects'] = h\nfor p in ('A', 'B'): statement('run/gates', 'gate-' + place(p), 'gate', p, {'step': 'gate', 'objects': h})",
        "",
        "gate",
    ),
    (
        "a signature at a step that is not a gate",
        "",
        "h = events[find('gate-open')]['objects']\nstatement('run/gates', 'gate-03', 'gate', 'A', {'step': 'root', 'objects': h})",
        "gate",
    ),
    (
        "two signatures exchanged",
        "a, b = find('confirmed', 'i1'), find('confirmed', 'x1')\nevents[a:b + 4] = events[b:b + 4] + events[a:b]",
        "",
        "order",
    ),
    (
        "a second signature",
        "events.insert(find('sign-begin', 'root'), dict(events[find('sign-begin', 'root')]))",
        "",
        "budget",
    ),
    (
        "signed twice to the end",
        "at = find('written', 'root')\nevents[at:at] = events[at - 2:at]",
        "",
        "budget",
    ),
    (
        "after the session",
        "times = [begin + 36000 + index for index in range(200)]",
        "",
        "hours",
    ),
    (
        "before the session",
        "times = [begin - 40 + index for index in range(200)]",
        "",
        "hours",
    ),
    (
        "attendance too small",
        "events[find('attending')]['people'] = ['A', 'W']",
        "",
        "attendance",
    ),
    (
        "somebody twice",
        "events[find('attending')]['people'] = ['A', 'B', 'W', 'B']",
        "",
        "attendance",
    ),
    (
        "a stranger",
        "events[find('attending')]['people'] = ['A', 'B', 'W', 'X']",
        "",
        "attendance",
    ),
    (
        "no attestation of the witness",
        "",
        "files.pop('attest/06.json')\nfiles.pop('attest/06.json.sig')",
        "attestation",
    ),
    (
        "an attestation without signature",
        "",
        "files.pop('attest/06.json.sig')",
        "attestation",
    ),
    (
        "an attestation by another's key",
        "",
        "h = 'head'\nstatement('attest', '06', 'attestation', 'W', {'head': head, 'present': 'all', 'as-planned': 'yes'}, by='B')",
        "attestation",
    ),
    (
        "an attestation of an earlier head",
        "",
        "statement('attest', '06', 'attestation', 'W', {'head': '3:' + sha256(b'x'), 'present': 'all', 'as-planned': 'yes'})",
        "attestation",
    ),
    (
        "an attestation of somebody away",
        "",
        "statement('attest', '03', 'attestation', 'C', {'head': head, 'present': 'all', 'as-planned': 'yes'})",
        "attestation",
    ),
    (
        "another result",
        "",
        "files['out/extra.crt'] = made['r1.crt']",
        "out",
    ),
    (
        "a result that is another's",
        "made['i1.crt'] = made['r1.crt']\nevents[-1]['out']['i1.crt'] = sha256(made['r1.crt'])",
        "",
        "out",
    ),
    (
        "a result that is missing",
        "del made['i1.crt']\ndel events[-1]['out']['i1.crt']",
        "",
        "out",
    ),
    (
        "another object",
        "",
        "files['run/objects/other.der'] = b'x'",
        "object",
    ),
    (
        "the bytes of the other session",
        "session = 'standby'\nfor x in (events, ledger, made, files): x.clear()\nhold()",
        "",
        "object",
    ),
    (
        "a signature of other bytes",
        "s = b64(keys['k'].sign(b'x', ec.ECDSA(hashes.SHA384())))\nevents[find('sign-end', 'root')]['signature'] = s\nfiles['run/objects/root.sig'] = octets(s)",
        "",
        "signature",
    ),
    (
        "the signature of another step",
        "s = events[find('sign-end', 'i1')]['signature']\nevents[find('sign-end', 'root')]['signature'] = s",
        "",
        "signature",
    ),
    (
        "another key signs",
        "events[find('sign-begin', 'x1')]['key'] = 'k'",
        "",
        "key",
    ),
    (
        "another public key",
        "other = spki_of(ec.generate_private_key(ec.SECP384R1()))\nevents[find('key-end')]['public-key'] = b64(other)",
        "",
        "object",
    ),
    (
        "a key of another type",
        "other = spki_of(ec.generate_private_key(ec.SECP256R1()))\nevents[find('key-end')]['public-key'] = b64(other)",
        "",
        "key",
    ),
    (
        "adopted without a decision",
        "events[find('key-end')]['how'] = 'adopted'",
        "",
        "key",
    ),
    (
        "imported instead",
        "events[find('key-end')]['how'] = 'imported'",
        "",
        "key",
    ),
    (
        "another label",
        "events[find('key-begin')]['label'] = 'x'",
        "",
        "key",
    ),
    (
        "two approvals",
        "files.pop('approvals/03-approve.json')\nfiles.pop('approvals/03-approve.json.sig')",
        "",
        "approval",
    ),
    (
        "one person twice",
        "for s in ('', '.sig'): files['approvals/03-approve.json' + s] = files['approvals/02-approve.json' + s]",
        "",
        "approval",
    ),
    (
        "rejected by one more",
        "statement('approvals', '04-reject', 'approval', 'D', {'decision': 'reject', 'because': 'no'})",
        "",
        "approval",
    ),
    (
        "approved by a witness",
        "statement('approvals', '03-approve', 'approval', 'W', {'decision': 'approve'})",
        "",
        "approval",
    ),
    (
        "approval of another plan",
        "h, plan_hash = plan_hash, sha256(b'x')\nstatement('approvals', '03-approve', 'approval', 'C', {'decision': 'approve'})\nplan_hash = h",
        "",
        "approval",
    ),
    (
        "approval of the practice",
        "plan['kind'] = 'practice'\nstatement('approvals', '03-approve', 'approval', 'C', {'decision': 'approve'})\nplan['kind'] = 'production'",
        "",
        "approval",
    ),
    (
        "approval that is a gate's",
        "statement('approvals', '03-approve', 'gate', 'C', {'decision': 'approve'})",
        "",
        "approval",
    ),
    (
        "no entry in the ledger",
        "ledger[events[find('sign-begin', 'i1')]['entry'] - 1] = {'note': 1}",
        "",
        "ledger",
    ),
    (
        "another object in the ledger",
        "for e in ledger:\n  if 'signed' in e: e['signed']['sha256'] = sha256(b'x')",
        "",
        "ledger",
    ),
    (
        "one signature more in the ledger",
        "a = record({'authority': {'key_sha256': sha256(spki['k']), 'subject': {}}})\ne = record({'begun': {'authority': a, 'tbs_sha256': sha256(b'x'), 'object': {}}})\nrecord({'signed': {'entry': e, 'sha256': sha256(b'y')}})",
        "",
        "ledger",
    ),
    (
        "a damaged ledger",
        "",
        "files['state/ledger-events.jsonl'] = files['state/ledger-events.jsonl'].replace(b'\"t\"', b'\"u\"', 1)",
        "ledger",
    ),
    (
        "no ledger",
        "",
        "files.pop('state/ledger-events.jsonl')",
        "ledger",
    ),
    (
        "another export",
        "",
        "files['state/next.json'] = files['state/next.json'].replace(b'closed', b'aborted')",
        "export",
    ),
    (
        "another checkpoint",
        "",
        "files['checkpoint'] = files['checkpoint'].replace(b'\\n28\\n', b'\\n27\\n')",
        "checkpoint",
    ),
    (
        "the words not typed",
        "del events[find('confirmed', 'root')]",
        "",
        "confirmed",
    ),
    (
        "the words for the end not typed",
        "del events[find('confirmed', 'closing')]",
        "",
        "confirmed",
    ),
    (
        "nothing written down",
        "events[find('said')]['record'].popitem()",
        "",
        "record",
    ),
    (
        "another hash written",
        "events[find('written', 'root')]['sha256'] = sha256(b'x')",
        "",
        "object",
    ),
    (
        "spare without a decision",
        "events[find('sign-begin', 'root')]['spare'] = True",
        "",
        "spare",
    ),
    (
        "an interruption that nobody mentions",
        "at = find('confirmed', 'root')\nopened(2)\nevents[at:at] = events[-4:]\ndel events[-4:]",
        "",
        "run",
    ),
    ("a run too many", "events[0]['run'] = 2", "", "run"),
    (
        "a session that is not planned",
        "events[0]['session'] = 'x'",
        "",
        "session",
    ),
    (
        "the clock goes back",
        "times[20:] = [time - 100 for time in times[20:]]",
        "",
        "clock",
    ),
    ("a note after the end", "say('note', text='x', by='W')", "", "end"),
    (
        "a step skipped",
        "del events[find('confirmed', 'x1'):find('written', 'x1') + 1]\nmade.pop('r1-x.crt')\nevents[-1]['out'].pop('r1-x.crt')\nfor n in list(files):\n  if '/x1.' in n: files.pop(n)",
        "",
        "order",
    ),
    (
        "aborted",
        "events[-1] = {'what': 'aborted', 'because': 'x', 'by': 'W'}\nmade.clear()",
        "",
        "aborted",
    ),
    ("not closed", "del events[-1]\nmade.clear()", "", "not-closed"),
    ("an event that is not known", "events[3]['more'] = 1", "", "event"),
];

#[test]
fn each_broken_rule_is_found_by_both_although_everything_else_is_repaired() {
    let planned = Planned::new();
    let mut cases = Vec::new();
    for (index, (name, change, after, rule)) in BROKEN.iter().enumerate() {
        let held = planned.path(&format!("broken-{index}"));
        planned.hold(&format!("broken-{index}"), change, after);
        let found = findings(&held);
        assert!(
            found.iter().any(|finding| finding.rule == *rule),
            "{name}: {found:#?}"
        );
        cases.push(case(&held));
    }
    for ((name, ..), answer) in BROKEN.iter().zip(ask(&cases)) {
        // Found, and not by a mistake in the verifier.
        let is_found = ["Refused", "InvalidSignature", "KeyError"].iter();
        let mut is_found = is_found.map(|kind| format!("refused: {kind}"));
        assert!(
            is_found.any(|found| answer.starts_with(&found)),
            "{name}: {answer}"
        );
    }
}

/// Name, and what happened in between.
const INTERRUPTED: &[(&str, &str)] = &[
    (
        "stopped between two steps",
        "at = find('confirmed', 'i1')\nsay('stopped', because='night')\nopened(2)\nevents[at:at] = events[-5:]\ndel events[-5:]",
    ),
    (
        "killed in a step, and people had the same bytes signed again",
        "at = find('sign-end', 'root')\nsay('deviation', text='killed', by='hsm-ca')\nopened(2)\nevents[-5], events[-4] = events[-4], events[-5]\nsay('decision', step='root', choice='sign-again', people=['A', 'B'])\nsay('confirmed', step='root')\nevents.append(dict(events[at - 1]))\nevents[at:at] = events[-8:]\ndel events[-8:]",
    ),
    (
        "a note and a deviation",
        "say('note', text='x', by='W')\nevents.insert(9, events.pop())\nsay('deviation', text='y', by='A')\nevents.insert(12, events.pop())",
    ),
    (
        "somebody signed at the gate, and left after an interruption",
        "opened = next(event for event in events if event['what'] == 'gate-open')\nstatement('run/gates', f\"gate-{place('C')}\", 'gate', 'C', {'step': 'gate', 'objects': opened['objects']})",
    ),
    (
        "the clock went back, and people said that it is right",
        "times[20:] = [time - 5 for time in times[20:]]\nsay('decision', step='x', choice='clock-is-right', people=['W'])\nevents.insert(20, events.pop())",
    ),
];

#[test]
fn an_interrupted_ceremony_that_was_finished_is_verified_by_both() {
    let planned = Planned::new();
    for (index, (name, change)) in INTERRUPTED.iter().enumerate() {
        let held = format!("held-{index}");
        let head = planned.hold(&held, change, "");
        assert_eq!(findings(&planned.path(&held)), [], "{name}");
        assert_eq!(
            ask(&[case(&planned.path(&held))]),
            [format!("ok {head}")],
            "{name}"
        );
    }
}

/// The file names the ceremony before it, with what that exported.
fn follow(rig: &Rig, export: &CeremonyExport) {
    let bytes = export.to_bytes().expect("an export");
    rig.write("inputs/next.json", &bytes);
    let text = String::from_utf8(rig.read("ceremony.toml")).expect("text");
    let line = text
        .lines()
        .find(|line| line.starts_with("previous"))
        .expect("a line");
    let head = &export.head;
    let sha256 = Digest::of(&bytes);
    let other =
        format!("previous = {{ head = \"{head}\", file = \"inputs/next.json\", sha256 = \"{sha256}\" }}");
    rig.edit(line, &other);
}

#[test]
fn the_next_ceremony_inherits_numbers_and_revocations() {
    let planned = Planned::new();
    planned.hold("held", "", "");
    let rig = &planned.0;
    let sound = CeremonyExport::read(&rig.read("held/state/next.json")).expect("an export");
    let check = || rig.json(&["ceremony", "check", "ceremony.toml"]);

    // The new root has CRL number 1 already.
    follow(rig, &sound);
    let refused = check();
    assert!(refused.stderr.contains("CRL number 1"), "{}", refused.stderr);
    refused.refused(3, "ceremony-previous");
    rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "next", "--offline"])
        .refused(3, "ceremony-previous");
    rig.edit("number = 1\n", "number = 2\n");
    check().ok();
    rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "next", "--offline"])
        .ok();
    assert_eq!(rig.read("next/inputs/next.json"), rig.read("inputs/next.json"));

    let mut practice = sound.clone();
    practice.kind = CeremonyKind::Practice;
    let mut lost = sound.clone();
    let own = lost
        .issuers
        .iter_mut()
        .find(|issuer| issuer.crl_number == Some(1))
        .expect("the root");
    own.revoked.push(ExportedRevocation {
        serial: "05".to_owned(),
        because: "lost".to_owned(),
    });
    let mut unsorted = sound.clone();
    unsorted.issuers.reverse();
    let mut open = sound.clone();
    open.end = "open".to_owned();
    for (export, reason) in [
        (practice, "practice"),
        (lost, "lacks serial number 05"),
        (unsorted, "sorted"),
        (open, "open"),
    ] {
        follow(rig, &export);
        let refused = check();
        assert!(refused.stderr.contains(reason), "{reason}: {}", refused.stderr);
        refused.refused(3, "ceremony-previous");
    }

    // Another head than the export's, and another file than the one that is pinned.
    follow(rig, &sound);
    rig.edit("head = \"28:", "head = \"27:");
    check().refused(3, "ceremony-previous");
    follow(rig, &sound);
    rig.write("inputs/next.json", b"{}\n");
    check().refused(3, "ceremony-previous");

    // A serial number that was drawn before, the spare one included.
    let plan = CeremonyPlan::read(&rig.read("next/plan.json")).expect("a plan");
    for pick in [
        |object: &PlannedObject| object.serial.clone(),
        |object: &PlannedObject| Some(object.spare.as_ref()?.serial.clone()),
    ] {
        let (mut plan, mut export) = (plan.clone(), sound.clone());
        let used: Vec<_> = plan.objects.iter().filter_map(pick).collect();
        for issuer in &mut export.issuers {
            issuer.serials.extend(used.clone());
            issuer.serials.sort();
        }
        let bytes = export.to_bytes().expect("an export");
        plan.previous.as_mut().expect("a ceremony before").sha256 = Digest::of(&bytes);
        let error = check_previous(&plan, &bytes).expect_err("a number that is used");
        assert!(matches!(error, PreviousError::SerialUsed { .. }), "{error}");
    }
}

#[test]
fn what_is_not_ended_hands_on_nothing_and_what_was_aborted_hands_on_what_it_signed() {
    let planned = Planned::new();
    let rig = &planned.0;
    planned.hold("open", "del events[-1]\nmade.clear()", "");
    rig.json(&["ceremony", "export", "open", "--out", "open.json"])
        .refused(3, "ceremony-not-ended");
    assert!(!rig.path("open.json").exists());
    planned.hold(
        "aborted",
        "events[-1] = {'what': 'aborted', 'because': 'x', 'by': 'W'}\nmade.clear()",
        "",
    );
    let exported = rig
        .json(&["ceremony", "export", "aborted", "--out", "aborted.json"])
        .ok()
        .json();
    assert_eq!(exported["end"], "aborted");
    let issuers = exported["export"]["issuers"].as_array().expect("issuers");
    let revoked: Vec<_> = issuers
        .iter()
        .filter_map(|issuer| issuer["revoked"].as_array())
        .flatten()
        .collect();
    // The issuing CA and the cross-certificate; the root's own word about itself is nothing that a CRL says.
    assert_eq!(revoked.len(), 2);
    assert!(revoked.iter().all(|entry| entry["because"] == "aborted"));
}
