//! `schema`, and a check that the validator of every other test finds faults.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Rig, judge};

#[test]
fn each_schema_is_the_file_that_is_checked_in() {
    let rig = Rig::without_token();
    let listed = rig.json(&["schema"]).ok().json();
    let names = listed["schemas"].as_array().expect("a list");
    assert!(names.len() > 15, "{listed}");
    for name in names {
        let name = name.as_str().expect("a name");
        let file = format!("{}/docs/schema/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let file = fs::read_to_string(Path::new(&file)).expect("the file");
        assert_eq!(rig.command(&["schema", name]).ok().stdout, file, "{name}");
        let schema = rig.json(&["schema", name]).ok().json();
        assert_eq!(
            schema,
            serde_json::from_str::<Value>(&file).expect("JSON"),
            "{name}"
        );
    }
    let words = rig.command(&["schema", "key", "list"]).ok().stdout;
    assert_eq!(words, rig.command(&["schema", "key-list"]).ok().stdout);
    let message = rig.json(&["schema", "key", "lsit"]).refused(2, "usage");
    assert!(message.contains("did you mean key-list?"), "{message}");
    let message = rig.json(&["schema", "show"]).refused(2, "usage");
    assert!(message.contains("show-ledger-export, show-pair"), "{message}");
}

#[test]
fn the_validator_finds_faults() {
    let right = json!({
        "schema": "hsm-ca/error/1",
        "error": { "kind": "usage", "message": "no", "hint": null, "exit_code": 2 },
    });
    assert_eq!(judge(&right), "ok");
    let changed = |pointer: &str, name: &str, value: Value| {
        let mut wrong = right.clone();
        let object = wrong.pointer_mut(pointer).expect("an object");
        object[name] = value;
        judge(&wrong)
    };
    for (pointer, name, value, found) in [
        (
            "",
            "schema",
            json!("hsm-ca/error/2"),
            "no schema has the identifier hsm-ca/error/2",
        ),
        ("", "more", json!(1), "'more' was unexpected"),
        ("/error", "more", json!(1), "'more' was unexpected"),
        ("/error", "exit_code", json!(0), "$.error.exit_code"),
        ("/error", "hint", json!(1), "$.error.hint"),
    ] {
        let verdict = changed(pointer, name, value);
        assert!(verdict.contains(found), "{name}: {verdict}");
    }
    let mut wrong = right.clone();
    wrong["error"].as_object_mut().expect("an object").remove("hint");
    assert!(judge(&wrong).contains("'hint' is a required property"));
    assert_eq!(judge(&json!({ "error": {} })), "it names no schema");
    // Inside an output with two alternatives.
    let mut key = json!({
        "schema": "hsm-ca/key-verify/1", "proofs": ["signature"], "class": "private", "label": "ca", "id": "00",
        "key_type": "EC P-256", "attributes": {}, "key_identifier": "00",
        "public_key_sha256": "00".repeat(32), "public_key_sha256_words": "aardvark adroitness",
    });
    assert_eq!(judge(&key), "ok");
    key["arn"] = json!("arn:aws:kms");
    assert_ne!(judge(&key), "ok");
}
