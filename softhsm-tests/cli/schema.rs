//! `schema`, and a check that the validator of every other test finds faults.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Rig, ready_authority, validate_run, verdict};

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
    assert!(message.contains("key-lsit"), "{message}");
    let run = rig.json(&["schema", "key", "lsit"]);
    assert!(run.stderr.contains("did you mean key-list?"), "{run:?}");
    let message = rig.json(&["schema", "show"]).refused(2, "usage");
    assert!(message.contains("show-ledger-export, show-pair"), "{message}");
}

#[test]
fn the_validator_finds_faults() {
    let right = json!({
        "schema": "hsm-ca/error/1",
        "error": { "kind": "usage", "message": "no", "hint": null, "exit_code": 2 },
    });
    assert_eq!(verdict(&right), "ok");
    let changed = |pointer: &str, name: &str, value: Value| {
        let mut wrong = right.clone();
        let object = wrong.pointer_mut(pointer).expect("an object");
        object[name] = value;
        verdict(&wrong)
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
    assert!(verdict(&wrong).contains("'hint' is a required property"));
    assert_eq!(verdict(&json!({ "error": {} })), "it names no schema");
    // Inside an output with two alternatives.
    let mut key = json!({
        "schema": "hsm-ca/key-verify/1", "proofs": ["signature"], "class": "private", "label": "ca", "id": "00",
        "key_type": "EC P-256", "attributes": {}, "key_identifier": "00",
        "public_key_sha256": "00".repeat(32), "public_key_sha256_words": "aardvark adroitness",
        "compared_with": null,
    });
    assert_eq!(verdict(&key), "ok");
    key["arn"] = json!("arn:aws:kms");
    assert_ne!(verdict(&key), "ok");
}

#[test]
fn a_time_that_does_not_exist_is_a_fault() {
    let rig = ready_authority();
    let mut shown = rig.json(&["cert", "show", "customerCA.crt"]).ok().json();
    assert_eq!(verdict(&shown), "ok");
    shown["not_before"] = json!("2026-02-30T00:00:00Z");
    assert_ne!(
        verdict(&shown),
        "ok",
        "the pattern of a time allows it, its format does not"
    );
    shown["not_before"] = json!("2026-02-28T00:00:00Z");
    assert_eq!(verdict(&shown), "ok");
}

/// However JSON is asked for, and also in the output of a shell.
#[test]
fn every_run_in_json_is_validated() {
    let wrong = r#"{ "schema": "hsm-ca/error/1", "error": 1 }"#;
    let right =
        r#"{"schema":"hsm-ca/error/1","error":{"kind":"usage","message":"no","hint":null,"exit_code":2}}"#;
    let program = |arguments: &[&str], variable: &str| {
        let mut command = Command::new("/there/hsm-ca");
        command.args(arguments).env("HSM_CA_FORMAT", variable);
        command
    };
    let is_refused = |command: &Command, stdout: &str, stderr: &str| {
        let run = AssertUnwindSafe(|| validate_run(command, Some(2), stdout, stderr));
        catch_unwind(run).is_err()
    };
    let mut shell = Command::new("bash");
    shell.args(["-c", "hsm-ca --json nosuch"]);
    for command in [
        program(&["nosuch", "--json"], ""),
        program(&["nosuch", "--format=json"], ""),
        program(&["nosuch", "--format", "json"], "text"),
        program(&["nosuch"], "json"),
        shell,
    ] {
        assert!(!is_refused(&command, "", &format!("{right}\n")), "{command:?}");
        assert!(is_refused(&command, "", wrong), "{command:?}");
        assert!(is_refused(&command, wrong, right), "{command:?}");
        // After a text that is valid too.
        assert!(
            is_refused(&command, "", &format!("{right}\n{wrong}")),
            "{command:?}"
        );
    }
    let command = program(&["nosuch"], "json");
    for cut in [&right[..30], "{\"schema\": ", "plain text"] {
        assert!(is_refused(&command, cut, right), "{cut}");
    }
    assert!(is_refused(&command, "", ""), "no error");
    assert!(is_refused(&command, "", &right[..40]), "half an error");
    assert!(!is_refused(
        &program(&["nosuch", "--format", "text"], "json"),
        "text",
        "error: no"
    ));
}
