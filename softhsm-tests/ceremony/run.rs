//! `ceremony run`: a whole ceremony on SoftHSM and on CloudHSM's rules, killed around PKCS#11 calls, and held to its end.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::{PROGRAM, Rig, Run, Templates, kryoptic, python_tool, shim, softhsm};

/// Where the text of the ceremony is, which scripts/ceremony-demo.sh holds too.
pub(super) const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts");

/// A planned and approved ceremony whose new key is of this type, behind the fault-injecting module. `words` are those of room.py.
pub(super) fn room(key_type: &str, words: &[&str]) -> Rig {
    static TEMPLATES: Templates<(String, String)> = Templates::new();
    let key = (key_type.to_owned(), words.join(" "));
    TEMPLATES.copy_of(key, || room_of(Rig::without_token(), key_type, words))
}

/// The same, with what the environment of the rig has.
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

/// faults.c as a shared library. What links Rust programs compiles it.
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

/// Holds a copy of it for each point of kills.py: stopped there, and held again to its end. What came of each.
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

/// It is complete and verified by both verifiers, each step has one signature, and the token made no signature that is not in the transcript.
#[track_caller]
pub(super) fn assert_sound(held: &Value) {
    assert_eq!(held["finished"], 0, "{held:#}");
    assert_eq!(
        (&held["verified"], &held["second"]),
        (&json!(0), &json!("ok")),
        "{held:#}"
    );
    // Whatever was interrupted, and whatever people decided, the ledger has an end of everything that it began.
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
    // Each generated key signs once to prove itself, and on CloudHSM once more when it is adopted. A signature that was begun in the transcript
    // may have been cut off before the token knew.
    let most = u64::try_from(begun + adopted.count()).expect("few") + generated;
    assert!(signatures <= most, "{held:#}");
    assert!(signatures > u64::try_from(ended.len()).expect("few"), "{held:#}");
}

/// The same, of one that was killed.
#[track_caller]
fn assert_killed_and_sound(held: &Value) {
    assert_eq!(held["killed"], -9, "{held:#}");
    assert_sound(held);
}

/// P-384 signs with a random number, and the older root with Ed25519, where the same octets come again.
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
    // A closing that fails after its event is finished by the same command, and the event stays the last one.
    let closing = of("none^");
    assert_eq!(
        (&closing["stopped"], &closing["last"]),
        (&json!(1), &json!("closed")),
        "{closing:#}"
    );
    // A key that nobody named is destroyed, as people say; one that has its name can be taken.
    assert_eq!(of("C_GenerateKeyPair!@1")["decided"], json!(["k: destroy-key"]));
    assert_eq!(of("C_GenerateKeyPair!@1")["generated"], 2);
    assert_eq!(of("C_SetAttributeValue!@2")["generated"], 1);
    // What may exist and nobody has: people decide. What Ed25519 signs comes again, and nobody has to.
    let decided = |point: &str| of(point)["decided"].clone();
    assert_eq!(decided("C_Sign!@2"), json!(["root: sign-again"]));
    assert_eq!(decided("C_Sign!@2=spare-serial~"), json!(["root: spare-serial"]));
    assert_eq!(decided("C_Sign!@3=spare-serial"), json!(["i1: spare-serial"]));
    assert_eq!(decided("C_Sign!@4"), json!([]));
    // A CRL has no serial number that could be another.
    assert_eq!(decided("C_Sign!@5"), json!(["crl1: sign-again"]));
    // The torn line, the interruption, the choice.
    let torn = of("C_Sign!@2=spare-serial~");
    assert_eq!(torn["deviations"], 3, "{torn:#}");
}

/// Killed while a key goes: by a step, and because people chose it. The ledger has an end of each deletion that was begun, whether the key was gone.
#[test]
fn a_ceremony_is_killed_while_keys_are_destroyed_and_goes_on() {
    let points = [
        // The note of the ledger's head goes first, three times; then the private half, and the public one.
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
        // Also between the private and the public half: nothing of a destroyed key stays.
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

/// On a token that names a key while it makes it, a name proves nothing: an adopted key signs to prove itself.
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
    // What people decided, and the token's signatures: the five of the plan, and one more where one was lost.
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
    // RSA: the same octets come again, and nobody has to decide.
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
