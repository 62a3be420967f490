//! What people see and sign at a gate while a run waits for them.

use std::fs;

use hsm_ca::ceremony::{CeremonyPlan, ClaimedTime, Digest, Event, KeyOctets, KeyOrigin, Keys, Octets};
use hsm_ca::signer::PublicKey;
use hsm_ca::values::UnixTime;
use serde_json::{Value, json};

use super::people::planned;
use super::people_present::{attending, opened};
use crate::harness::{Rig, Run};

const SIGNED: ClaimedTime = ClaimedTime(UnixTime(1_780_000_000));

/// The key of step k, made by `openssl`, and the gate with the planned bytes completed with that key.
fn gate(rig: &Rig, steps: &[&str]) -> [Event; 2] {
    let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
    rig.tool("openssl", &[&["genpkey", "-out", "k.pem"], &curve[..]].concat())
        .ok();
    let public = [
        "pkey", "-in", "k.pem", "-pubout", "-outform", "DER", "-out", "k.der",
    ];
    rig.tool("openssl", &public).ok();
    let der = rig.read("k.der");
    let key = KeyOctets::of(&PublicKey::from_der(&der).expect("a key"));
    let keys = Keys([("k".to_owned(), key)].into());
    let plan = CeremonyPlan::read(&rig.read("room/plan.json")).expect("a plan");
    let digest = |step: &&str| {
        let object = plan.object("main", step).expect("an object");
        let bytes = object.completed(&keys).expect("its bytes");
        ((*step).to_owned(), Digest::of(&bytes))
    };
    let made = Event::KeyEnd {
        step: "k".to_owned(),
        how: KeyOrigin::Generated,
        public_key: Octets(der),
        id: "01".to_owned(),
    };
    let open = Event::GateOpen {
        step: "gate".to_owned(),
        objects: steps.iter().map(digest).collect(),
    };
    [made, open]
}

#[test]
fn while_a_gate_waits_its_bytes_are_confirmed() {
    let rig = planned();
    for name in ["A", "B", "C"] {
        rig.approve(name).ok();
    }
    let [made, open] = gate(&rig, &["root", "crl1"]);
    let Event::GateOpen { objects, .. } = &open else {
        panic!("{open:?}")
    };
    let (root, crl) = (objects["root"].to_string(), objects["crl1"].to_string());
    rig.transcript(&[opened(), attending(&["A", "B", "W"]), made, open]);
    let report = rig.approve("A").ok().json();
    assert_eq!(report["namespace"], "ceremony-gate@hsm-ca");
    let statement: Value =
        serde_json::from_slice(&rig.read("room/run/gates/gate@main-01.json")).expect("a statement");
    assert_eq!(statement["objects"], json!({ "crl1": crl, "root": root }));
    assert_eq!(
        (&statement["session"], &statement["step"], &statement["person"]),
        (&json!("main"), &json!("gate"), &json!("A"))
    );
    let gate = &report["gate"];
    assert_eq!(
        (&gate["step"], &gate["session"]),
        (&json!("gate"), &json!("main"))
    );
    let shown = &gate["objects"];
    assert_eq!(
        (&shown[0]["step"], &shown[1]["step"]),
        (&json!("root"), &json!("crl1"))
    );
    assert_eq!(
        (&shown[0]["sha256"], &shown[1]["sha256"]),
        (&json!(root), &json!(crl))
    );
    rig.approve("A").refused(3, "already-signed");
    // An approver who does not attend, and a witness who does.
    for name in ["C", "W"] {
        let message = rig.approve(name).refused(3, "ceremony-key");
        assert!(message.contains("(A, B)"), "{message}");
    }
    // The text shown to a person.
    let run = rig
        .command(&["ceremony", "approve", "room", "--ssh-key", "B"])
        .ok();
    let plan: Value = serde_json::from_slice(&rig.read("room/plan.json")).expect("a plan");
    let serial = plan["objects"][0]["serial"].as_str().expect("a number");
    let key = rig
        .tool("openssl", &["dgst", "-sha256", "-r", "k.der"])
        .ok()
        .stdout;
    let key = key.split(' ').next().expect("a hash");
    for text in [
        "confirms the completed bytes at step \"gate\": crl1, root",
        "root: certificate r1.crt, which key \"k\" signs",
        "  subject: CN=Root R1,O=Example",
        "  issuer: itself",
        &format!("  serial number: {serial}"),
        "  valid from: 2031-06-01T08:00:00Z",
        "  valid until: 2051-06-01T07:59:59Z",
        "  key: EC P-384",
        "  basicConstraints (critical): CA:TRUE",
        &format!("  SHA-256 of the key in it:\n    {key}\n"),
        &format!("  SHA-256 of the bytes that are signed:\n    {root}\n"),
        "crl1: CRL r1.crl, which key \"k\" signs",
        "  CRL number: 1",
        "  next update: ",
        "  revoked certificates: 0",
        &crl,
    ] {
        assert!(run.stderr.contains(text), "{text}: {}", run.stderr);
    }
    let shown = run
        .stderr
        .lines()
        .take_while(|line| !line.starts_with("ssh-keygen"));
    assert!(shown.clone().count() > 20 && shown.clone().all(|line| line.len() <= 80));
    // A rejection still concerns the plan.
    rig.reject("B", "the bytes are not those of the script").ok();
    assert_eq!(rig.approvals().json()["state"], "rejected");
}

/// People sign what they see. A hash in the transcript that does not follow from the plan and the key is not signed.
#[test]
fn other_bytes_than_the_planned_ones_are_not_confirmed() {
    let rig = planned();
    let [made, open] = gate(&rig, &["root"]);
    let begin = [opened(), attending(&["A", "B"]), made];
    let changed = |step: &str| {
        let mut objects = match &open {
            Event::GateOpen { objects, .. } => objects.clone(),
            other => panic!("{other:?}"),
        };
        objects.insert(step.to_owned(), Digest::of(b"other bytes"));
        let step = "gate".to_owned();
        [&begin[..], &[Event::GateOpen { step, objects }]].concat()
    };
    for (step, expected) in [
        ("root", "the gate shows SHA-256"),
        ("k", "the plan signs nothing there"),
        ("r2", "the plan has no such step"),
    ] {
        rig.transcript(&changed(step));
        let message = rig.approve("A").refused(3, "ceremony-bytes");
        assert!(message.contains(expected), "{message}");
        assert_eq!(rig.list("room/run"), ["transcript.jsonl"]);
        fs::remove_dir_all(rig.path("room/run")).expect("removed");
    }
}

/// While ssh-keygen asks for the passphrase, other people pass the gate.
#[test]
fn a_signature_that_comes_after_the_gate_was_passed_is_not_written() {
    let rig = planned();
    rig.keygen(&["-q", "-p", "-N", "a passphrase", "-P", "", "-f", "A"]);
    let [made, bytes] = gate(&rig, &["root"]);
    let passed = Event::GatePassed {
        step: "gate".to_owned(),
        people: ["B", "C"].map(|name| (name.to_owned(), SIGNED)).into(),
    };
    let begin = [opened(), attending(&["A", "B", "C"]), made, bytes];
    rig.transcript(&[&begin[..], &[passed]].concat());
    fs::rename(
        rig.path("room/run/transcript.jsonl"),
        rig.path("room/later.jsonl"),
    )
    .expect("renamed");
    fs::remove_dir(rig.path("room/run")).expect("removed");
    rig.transcript(&begin);
    let directory = rig.path("room");
    let script = format!(
        "#!/bin/sh\nmv '{0}/later.jsonl' '{0}/run/transcript.jsonl'\necho 'a passphrase'\n",
        directory.display()
    );
    let askpass = rig.write_program("askpass", &script);
    let approve = [
        "--format",
        "json",
        "ceremony",
        "approve",
        "room",
        "--ssh-key",
        "A",
    ];
    let mut command = rig.prepare(&approve);
    command
        .env("SSH_ASKPASS", &askpass)
        .env("SSH_ASKPASS_REQUIRE", "force");
    let message = Run::of(&mut command).refused(3, "ceremony-state");
    assert!(message.contains("step \"gate\" no longer waits"), "{message}");
    assert_eq!(rig.list("room/run/gates"), [""; 0]);
}

/// Somebody who comes to the second terminal too late must not sign the plan in place of the gate.
#[test]
fn once_a_run_has_begun_nobody_approves_the_plan_by_mistake() {
    let rig = planned();
    for name in ["A", "B", "C"] {
        rig.approve(name).ok();
    }
    let [made, open] = gate(&rig, &["root"]);
    let passed = Event::GatePassed {
        step: "gate".to_owned(),
        people: ["A".to_owned()].map(|name| (name, SIGNED)).into(),
    };
    rig.transcript(&[opened(), attending(&["A", "B", "D"]), made.clone()]);
    let message = rig.approve("D").refused(3, "ceremony-state");
    assert!(
        message.starts_with("no gate waits for a signature now"),
        "{message}"
    );
    fs::remove_dir_all(rig.path("room/run")).expect("removed");
    rig.transcript(&[opened(), attending(&["A", "B", "D"]), made, open, passed]);
    // D has not approved the plan; B has, but did not sign at the gate.
    for name in ["D", "B"] {
        let message = rig.approve(name).refused(3, "ceremony-state");
        assert!(message.starts_with("gate \"gate\" is passed"), "{message}");
    }
    assert_eq!(rig.list("room/approvals").len(), 6);
    // A lost approval can be signed again, because the next run needs it. A rejection is possible at any time.
    for name in ["02-approve.json", "02-approve.json.sig"] {
        fs::remove_file(rig.path("room/approvals").join(name)).expect("removed");
    }
    rig.approve("B").ok();
    rig.approve("D").refused(3, "ceremony-state");
    rig.reject("D", "the bytes are not those of the script").ok();
}
