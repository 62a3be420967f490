//! `ceremony run`: a whole ceremony on SoftHSM and under the rules of CloudHSM, killed around PKCS#11 calls and continued to its end.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::{PROGRAM, Rig, Run, Templates, kryoptic, python_tool, shim, softhsm};

/// The directory with the text of the ceremony, which scripts/ceremony-demo.sh uses too.
pub(super) const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts");

/// A planned and approved ceremony with a new key of this type, behind the fault-injecting module. `words` are those of room.py.
pub(super) fn room(key_type: &str, words: &[&str]) -> Rig {
    static TEMPLATES: Templates<(String, String)> = Templates::new();
    let key = (key_type.to_owned(), words.join(" "));
    TEMPLATES.copy_of(key, || room_of(Rig::without_token(), key_type, words))
}

/// The same, with the environment of the rig.
pub(super) fn room_of(rig: Rig, key_type: &str, words: &[&str]) -> Rig {
    let path = rig.path("base");
    let target = match words.contains(&"cloudhsm") {
        true => kryoptic(),
        false => softhsm(),
    };
    let module = shim();
    let fixed = [
        "-c",
        include_str!("room.py"),
        SCRIPTS,
        PROGRAM,
        module.to_str().expect("UTF-8"),
        target.to_str().expect("UTF-8"),
        path.to_str().expect("UTF-8"),
        key_type,
    ];
    let mut command = rig.prepare_tool(python_tool("python3"), &[&fixed[..], words].concat());
    Run::of(command.env("FAULTS", faults(&rig))).ok();
    rig
}

/// Builds faults.c as a shared library, with the compiler that links Rust programs.
fn faults(rig: &Rig) -> PathBuf {
    let library = rig.path("faults.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/ceremony/faults.c");
    let path = library.to_str().expect("UTF-8");
    rig.tool(
        "cc",
        &[
            "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", path, source,
        ],
    )
    .ok();
    library
}

/// For each point of kills.py, holds a copy of the ceremony: stopped there, and then continued to its end. Returns the outcomes.
pub(super) fn hold(rig: &Rig, points: &[&str]) -> Vec<Value> {
    let (path, faults) = (rig.path("base"), rig.path("faults.so"));
    let fixed = [
        "-c",
        include_str!("kills.py"),
        PROGRAM,
        faults.to_str().expect("UTF-8"),
        path.to_str().expect("UTF-8"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/ceremony"),
    ];
    let done = rig
        .tool(python_tool("python3"), &[&fixed[..], points].concat())
        .ok();
    let held: Vec<Value> = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(held.len(), points.len());
    held
}

/// The ceremony is complete, both verifiers accept it, each step has one signature, and every signature of the token is in the transcript.
#[track_caller]
pub(super) fn assert_sound(held: &Value) {
    assert_eq!(held["finished"], 0, "{held:#}");
    assert_eq!(held["left behind"], json!([]), "{held:#}");
    assert_eq!(
        (&held["verified"], &held["second"]),
        (&json!(0), &json!("ok")),
        "{held:#}"
    );
    // Whatever was interrupted and decided, every entry that was begun in the ledger has an end.
    assert_eq!(
        (&held["ledger"], &held["open"]),
        (&json!(0), &json!(0)),
        "{held:#}"
    );
    let ended = held["ended"].as_array().expect("a list");
    let is_early = |step: &&Value| *step == "crl0" || *step == "c0";
    let later: Vec<_> = ended.iter().skip_while(is_early).collect();
    assert_eq!(later, ["root", "i1", "x1", "crl1"], "{held:#}");
    assert!(ended.len() <= 5, "{held:#}");
    let begun = held["begun"].as_array().expect("a list").len();
    let generated = held["generated"].as_u64().expect("a number");
    let signatures = held["signatures"].as_u64().expect("a number");
    let decided = held["decided"].as_array().expect("a list");
    let adopted = decided.iter().filter(|decided| **decided == "k: adopt-key");
    // Each generated key signs once to prove itself, and on CloudHSM once more if it is adopted. A signature begun in the transcript may have been
    // interrupted before it reached the token.
    let most = u64::try_from(begun + adopted.count()).expect("few") + generated;
    assert!(signatures <= most, "{held:#}");
    assert!(signatures > u64::try_from(ended.len()).expect("few"), "{held:#}");
}

/// The same for a ceremony that was killed.
#[track_caller]
fn assert_killed_and_sound(held: &Value) {
    assert_eq!(held["killed"], -9, "{held:#}");
    assert_sound(held);
}

/// P-384 signatures are randomised. The older root signs with Ed25519, which always gives the same octets.
#[test]
fn a_ceremony_is_killed_around_calls_and_goes_on() {
    let rig = room("ec:p384", &[]);
    let points = [
        "none",
        "none^",
        "C_GenerateKeyPair!@1",
        "C_SetAttributeValue!@1",
        "C_SetAttributeValue!@2",
        "C_SignInit@2",
        "C_Sign!@2",
        "C_Sign!@2=spare-serial~",
        "C_Sign!@3=spare-serial",
        "C_Sign!@4",
        "C_Sign!@5",
        "C_FindObjectsInit@6~",
    ];
    let held = hold(&rig, &points);
    for held in &held {
        match held["point"]
            .as_str()
            .is_some_and(|point| point.starts_with("none"))
        {
            true => assert_sound(held),
            false => assert_killed_and_sound(held),
        }
    }
    let of = |point: &str| held.iter().find(|held| held["point"] == point).expect("held");
    let none = of("none");
    assert_eq!(none["signatures"], 5, "{none:#}");
    assert_eq!((&none["decided"], &none["deviations"]), (&json!([]), &json!(0)));
    // If a closing fails after its event, the same command finishes it, and the event stays the last one.
    let closing = of("none^");
    assert_eq!(
        (&closing["stopped"], &closing["last"]),
        (&json!(1), &json!("closed")),
        "{closing:#}"
    );
    // An unnamed key is destroyed, as people decide. A key that has its name can be adopted.
    assert_eq!(of("C_GenerateKeyPair!@1")["decided"], json!(["k: destroy-key"]));
    assert_eq!(of("C_GenerateKeyPair!@1")["generated"], 2);
    assert_eq!(of("C_SetAttributeValue!@2")["generated"], 1);
    // People decide about a signature that may exist but was not kept. An Ed25519 signature is repeated without a decision.
    let decided = |point: &str| of(point)["decided"].clone();
    assert_eq!(decided("C_Sign!@2"), json!(["root: sign-again"]));
    assert_eq!(decided("C_Sign!@2=spare-serial~"), json!(["root: spare-serial"]));
    assert_eq!(decided("C_Sign!@3=spare-serial"), json!(["i1: spare-serial"]));
    assert_eq!(decided("C_Sign!@4"), json!([]));
    // A CRL has no serial number to replace.
    assert_eq!(decided("C_Sign!@5"), json!(["crl1: sign-again"]));
    // Three deviations: the torn line, the interruption and the choice.
    let torn = of("C_Sign!@2=spare-serial~");
    assert_eq!(torn["deviations"], 3, "{torn:#}");
}

/// Killed while a key is destroyed, by a step or because people chose it. Each deletion that was begun ends in the ledger, with whether the key was
/// gone.
#[test]
fn a_ceremony_is_killed_while_keys_are_destroyed_and_goes_on() {
    let points = [
        // First the note of the ledger's head is destroyed, three times; then the private half, then the public half.
        "C_DestroyObject@1",
        "C_DestroyObject!@1",
        "C_DestroyObject@4",
        "C_DestroyObject!@4",
        "C_DestroyObject!@5",
        "C_GenerateKeyPair!@1 & C_DestroyObject@1",
        "C_GenerateKeyPair!@1 & C_DestroyObject!@1",
        "C_GenerateKeyPair!@1 & C_DestroyObject!@2",
        "C_SetAttributeValue!@2 & C_DestroyObject@1=destroy-key",
        "C_SetAttributeValue!@2 & C_DestroyObject!@1=destroy-key",
        "C_SetAttributeValue!@2 & C_DestroyObject!@2=destroy-key",
    ];
    for held in hold(&room("ec:p256", &["destroy"]), &points) {
        assert_killed_and_sound(&held);
        // Even between the private and the public half, no part of a destroyed key stays.
        let left = json!(["root: private root-r1", "root: public root-r1"]);
        assert_eq!(held["left"], left, "{held:#}");
    }
}

#[test]
fn a_deterministic_signature_is_repeated_without_a_decision() {
    let rig = room("rsa:2048", &[]);
    for held in hold(&rig, &["C_SignInit@2", "C_Sign!@2", "C_Sign!@5"]) {
        assert_killed_and_sound(&held);
        let decided = held["decided"].to_string();
        assert!(
            !decided.contains("sign-again") && !decided.contains("spare"),
            "{held:#}"
        );
    }
}

/// On a token that names a key while creating it, the name proves nothing, so an adopted key signs to prove itself.
#[test]
fn a_ceremony_on_cloudhsm_is_killed_around_calls_and_goes_on() {
    let points = [
        "C_GenerateKeyPair@1",
        "C_GenerateKeyPair!@1",
        "C_GenerateKeyPair!@1=destroy-key",
        "C_Sign@1",
        "C_Sign!@1",
        "C_SignInit@2",
        "C_Sign!@2",
        "C_Sign!@2=spare-serial",
        "C_Sign!@3=spare-serial~",
        "C_Sign!@4",
        "C_Sign!@5",
        "C_FindObjectsInit@6~",
    ];
    let held = hold(&room("ec:p384", &["cloudhsm"]), &points);
    for held in &held {
        assert_killed_and_sound(held);
    }
    // The decisions, and the number of signatures: the five of the plan, and one more if one was lost.
    let expected = [
        (json!([]), 5),
        (json!(["k: adopt-key"]), 5),
        (json!(["k: destroy-key"]), 5),
        (json!(["k: adopt-key"]), 5),
        (json!(["k: adopt-key"]), 6),
        (json!(["root: sign-again"]), 5),
        (json!(["root: sign-again"]), 6),
        (json!(["root: spare-serial"]), 6),
        (json!(["i1: spare-serial"]), 6),
        (json!([]), 6),
        (json!(["crl1: sign-again"]), 6),
    ];
    for (held, (decided, signatures)) in held.iter().zip(expected) {
        assert_eq!(held["decided"], decided, "{held:#}");
        assert_eq!(held["signatures"], signatures, "{held:#}");
    }
    // RSA gives the same octets again, so nobody must decide.
    let points = [
        "C_GenerateKeyPair!@1",
        "C_SignInit@2",
        "C_Sign!@2=spare-serial",
        "C_Sign!@5",
    ];
    let expected = [
        (json!(["k: adopt-key"]), 5),
        (json!([]), 5),
        (json!([]), 6),
        (json!([]), 6),
    ];
    let held = hold(&room("rsa:2048", &["cloudhsm"]), &points);
    for (held, (decided, signatures)) in held.iter().zip(expected) {
        assert_killed_and_sound(held);
        assert_eq!(held["decided"], decided, "{held:#}");
        assert_eq!(held["signatures"], signatures, "{held:#}");
    }
}
