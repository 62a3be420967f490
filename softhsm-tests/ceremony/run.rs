//! `ceremony run`: a whole ceremony on SoftHSM, killed around PKCS#11 calls, and held to its end.

use serde_json::{Value, json};

use crate::harness::{PROGRAM, Rig, python_tool, shim, softhsm};

/// A planned and approved ceremony whose new key is of this type, behind the fault-injecting module.
pub(super) fn room(key_type: &str) -> Rig {
    let rig = Rig::without_token();
    let path = rig.path("base");
    let module = shim();
    let target = softhsm();
    let arguments = [
        "-c",
        include_str!("room.py"),
        PROGRAM,
        module.to_str().expect("UTF-8"),
        target.to_str().expect("UTF-8"),
        path.to_str().expect("UTF-8"),
        key_type,
    ];
    rig.tool(python_tool("python3"), &arguments).ok();
    rig
}

/// Holds a copy of it for each point: killed there, and held again to its end. What came of each.
fn hold(rig: &Rig, points: &[&str]) -> Vec<Value> {
    let path = rig.path("base");
    let (module, target) = (shim(), softhsm());
    let fixed = [
        "-c",
        include_str!("kills.py"),
        PROGRAM,
        module.to_str().expect("UTF-8"),
        target.to_str().expect("UTF-8"),
        path.to_str().expect("UTF-8"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/ceremony/verify.py"),
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
fn assert_sound(held: &Value) {
    assert_eq!(held["finished"], 0, "{held:#}");
    assert_eq!(
        (&held["verified"], &held["second"]),
        (&json!(0), &json!("ok")),
        "{held:#}"
    );
    assert_eq!(held["ledger"], 0, "{held:#}");
    assert_eq!(held["ended"], json!(["root", "i1", "x1", "crl1"]), "{held:#}");
    if !held["point"]
        .as_str()
        .is_some_and(|point| point.starts_with("none"))
    {
        assert_eq!(held["killed"], -9, "{held:#}");
    }
    let begun = held["begun"].as_array().expect("a list").len();
    let generated = held["generated"].as_u64().expect("a number");
    let inits = held["sign_inits"].as_u64().expect("a number");
    // Each generated key signs once to prove itself. A signature that was begun in the transcript may have been cut off before the token knew.
    let most = u64::try_from(begun).expect("few") + generated;
    assert!(inits <= most, "{held:#}");
}

/// P-384 signs with a random number, and the older root with RSA PKCS#1 v1.5, where the same octets come again.
#[test]
fn a_ceremony_is_killed_around_calls_and_goes_on() {
    let rig = room("ec:p384");
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
        assert_sound(held);
    }
    let of = |point: &str| held.iter().find(|held| held["point"] == point).expect("held");
    let none = of("none");
    assert_eq!(none["sign_inits"], 5, "{none:#}");
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
    // What may exist and nobody has: people decide. RSA comes again, and nobody has to.
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

#[test]
fn nobody_has_to_decide_about_a_signature_that_comes_again() {
    let rig = room("rsa:3072");
    for held in hold(&rig, &["none", "C_SignInit@2", "C_Sign!@2", "C_Sign!@5"]) {
        assert_sound(&held);
        let decided = held["decided"].to_string();
        assert!(
            !decided.contains("sign-again") && !decided.contains("spare"),
            "{held:#}"
        );
    }
}
