//! The ledger records generated, imported and deleted keys, for ceremonies and auditors.

use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Keys, Rig, Run, TokenKind, shim, signal, softhsm, wait_until_stopped};

const GENERATE: [&str; 6] = ["key", "generate", "--label", "ca", "--type", "ec:p256"];

fn keys(rig: &Rig, more: &[&str]) -> Vec<Value> {
    let list = [&["ledger", "list", "--last", "1000"], more].concat();
    rig.json(&list).ok().json()["keys"]
        .as_array()
        .expect("keys")
        .clone()
}

fn last(rig: &Rig) -> Value {
    keys(rig, &[]).pop().expect("a key")
}

#[track_caller]
fn assert_sound(rig: &Rig) {
    let verified = rig.json(&["ledger", "verify"]).ok().json();
    assert_eq!(verified["verified"], true, "{verified}");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/verify_ledger.py");
    Run::of(Command::new("python3").arg(script).arg(rig.path("rig/hsm-ca.db"))).ok();
}

/// By openssl, of what the token exports.
fn key_sha256(rig: &Rig, label: &str) -> String {
    rig.json(&["key", "export-public", label, "--out", "public.pem", "--force"])
        .ok();
    let der = [
        "pkey",
        "-pubin",
        "-in",
        "public.pem",
        "-outform",
        "DER",
        "-out",
        "public.der",
    ];
    rig.tool("openssl", &der).ok();
    let printed = rig
        .tool("openssl", &["dgst", "-sha256", "-r", "public.der"])
        .ok()
        .stdout;
    printed.split(' ').next().expect("a hash").to_owned()
}

#[test]
fn generation_and_deletion_with_token_route_and_attributes_as_read_back() {
    let rig = Rig::new();
    let made = rig.json(&GENERATE).ok().json();
    let event = last(&rig);
    assert_eq!(made["entry"], event["entry"]);
    let token = rig.json(&["token", "show"]).ok().json();
    for field in ["label", "serial_number", "manufacturer", "model"] {
        assert_eq!(event["token"][field], token[field], "{field} of {token}");
    }
    assert_eq!(
        (&event["act"], &event["state"]),
        (&"generate".into(), &"generated".into())
    );
    assert_eq!(
        (&event["label"], &event["route"]),
        (&"ca".into(), &"generated".into())
    );
    let shown = rig.json(&["key", "show", "ca"]).ok().json();
    for field in ["id", "key_type", "attributes"] {
        assert_eq!(event[field], shown[field], "{field}");
    }
    assert_eq!(event["attributes"]["CKA_EXTRACTABLE"], false);
    assert_eq!(event["attributes"]["CKA_LOCAL"], true);
    let hash = key_sha256(&rig, "ca");
    assert_eq!(event["public_key_sha256"], hash.as_str());
    assert_eq!(shown["public_key_sha256"], hash.as_str());
    let octets: [u8; 32] = hex::decode(&hash).expect("hex").try_into().expect("32 octets");
    let words = hsm_ca::ceremony::hash_words(&octets);
    assert_eq!(shown["public_key_sha256_words"], words);
    let text = rig.command(&["key", "show", "ca"]).ok().stdout;
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains(&format!("in words, for a ceremony {words}")),
        "{text}"
    );

    let gone = rig.json(&["key", "delete", "ca", "--yes"]).ok().json();
    let deleted = last(&rig);
    assert_eq!(gone["entry"], deleted["entry"]);
    assert_eq!(
        (&deleted["act"], &deleted["state"]),
        (&"delete".into(), &"deleted".into())
    );
    assert_eq!(
        (&deleted["public_key_sha256"], &deleted["id"]),
        (&hash.into(), &event["id"])
    );
    assert_eq!(keys(&rig, &["--open"]), Vec::<Value>::new());

    // For people, and in the export.
    let text = rig
        .command(&["ledger", "show", &format!("#{}", event["entry"])])
        .ok()
        .stdout;
    for word in ["generated", "token serial", "CKA_SENSITIVE", "SHA-256 of the key"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let list = rig.command(&["ledger", "list"]).ok().stdout;
    assert!(
        list.contains("  generated  ") && list.contains("  deleted  "),
        "{list}"
    );
    let exported = rig.command(&["ledger", "export"]).ok().stdout;
    for name in ["\"key-begun\":{\"act\":\"generate\"", "\"what\":\"deleted\""] {
        assert!(exported.contains(name), "{name}: {exported}");
    }
    assert_sound(&rig);
}

#[test]
fn an_import_with_its_route() {
    for route in ["oaep-aes-kwp", "create-object"] {
        let rig = Rig::new().with_pair("ECC_NIST_P256");
        let import = [
            "kms",
            "import",
            "pair.json",
            "--label",
            "customer-ca",
            "--route",
            route,
        ];
        let json = rig.json(&import).ok().json();
        let event = last(&rig);
        assert_eq!(
            (&json["entry"], &json["route"]),
            (&event["entry"], &event["route"])
        );
        assert_eq!(
            (&event["act"], &event["state"]),
            (&"import".into(), &"imported".into())
        );
        assert_eq!(event["route"], route);
        assert_eq!(event["attributes"]["CKA_LOCAL"], false);
        assert_eq!(
            event["public_key_sha256"],
            key_sha256(&rig, "customer-ca").as_str()
        );
        // It is already there: nothing is imported.
        assert_eq!(rig.json(&import).ok().json()["entry"], Value::Null);
        assert_eq!(keys(&rig, &[]).len(), 1);
        assert_sound(&rig);
    }
}

#[test]
fn a_recipient_key_and_the_import_that_ends_it() {
    let rig = Rig::of(TokenKind::Kryoptic).with_pair("ECC_NIST_P256");
    rig.recipient_key();
    rig.attest(&[]);
    let import = [
        "kms",
        "import",
        "pair.json",
        "--label",
        "customer-ca",
        "--attestation-document",
        "document",
    ];
    rig.json(&import).ok();
    let told: Vec<_> = keys(&rig, &[])
        .iter()
        .map(|key| [key["state"].clone(), key["label"].clone(), key["route"].clone()])
        .collect();
    let recipient = "hsm-ca recipient key";
    let expected = [
        ["generated".into(), recipient.into(), "generated".into()],
        ["imported".into(), "customer-ca".into(), "sealed".into()],
        ["deleted".into(), recipient.into(), Value::Null],
    ];
    assert_eq!(told, expected);
    assert_sound(&rig);
}

#[test]
fn without_a_ledger_the_output_says_that_nothing_is_recorded() {
    let rig = Rig::new();
    rig.tool("rm", &["rig/hsm-ca.db"]).ok();
    assert_eq!(rig.json(&GENERATE).ok().json()["entry"], Value::Null);
    let text = rig.command(&["key", "delete", "ca", "--yes"]).ok().stdout;
    assert!(text.contains("NOT RECORDED"), "{text}");
    assert!(!rig.path("rig/hsm-ca.db").exists());
}

#[test]
fn if_a_setting_names_a_missing_ledger_nothing_happens_to_a_key() {
    let rig = Rig::new();
    rig.json(&GENERATE).ok();
    let rig = rig.with("HSM_CA_LEDGER", "sqlite:none.db");
    let other = ["key", "generate", "--label", "other", "--type", "ec:p256"];
    let recipient = ["kms", "recipient-key", "--out", "recipient.der"];
    for arguments in [&other[..], &["key", "delete", "ca", "--yes"], &recipient] {
        let message = rig.json(arguments).refused(4, "no-ledger");
        assert!(
            message.contains("none.db") && message.contains("HSM_CA_LEDGER"),
            "{message}"
        );
    }
    assert_eq!(rig.keys(), Keys::PAIR);
    assert!(!rig.path("none.db").exists() && !rig.path("recipient.der").exists());
}

#[test]
fn with_a_ledger_that_cannot_be_written_nothing_happens_to_a_key() {
    let rig = Rig::new();
    rig.json(&GENERATE).ok();
    rig.tool("chmod", &["666", "rig/hsm-ca.db"]).ok();
    let other = ["key", "generate", "--label", "other", "--type", "ec:p256"];
    for arguments in [&other[..], &["key", "delete", "ca", "--yes"]] {
        let run = rig.command_with_rule(&[&["--format", "json"], arguments].concat(), &[]);
        run.refused(2, "ledger-mode");
        let logged_in = rig.path("calls.log").exists() && rig.calls().iter().any(|call| call == "C_Login");
        assert!(!logged_in, "the PIN was used");
    }
    assert_eq!(rig.keys(), Keys::PAIR);
}

#[test]
fn a_failure_is_recorded_with_the_token_s_error() {
    let rig = Rig::new();
    let arguments = [&["--format", "json"], &GENERATE[..]].concat();
    let run = rig.command_with_rule(&arguments, &[("FAIL", "C_GenerateKeyPair:CKR_DEVICE_ERROR")]);
    assert_eq!(run.code, Some(4), "{run:#?}");
    let event = last(&rig);
    assert_eq!(event["state"], "failed");
    let reason = event["problem"].as_str().expect("a reason");
    assert!(reason.contains("C_GenerateKeyPair: CKR_DEVICE_ERROR"), "{reason}");
    assert_sound(&rig);
}

#[test]
fn an_interrupted_run_leaves_an_open_entry_and_the_next_import_ends_it() {
    let rig = Rig::new();
    let killed = rig.command_with_rule(&GENERATE, &[("KILL", "C_GenerateKeyPair!")]);
    assert_eq!(killed.code, None, "{killed:?}");
    let open = keys(&rig, &["--open"]);
    assert_eq!((open.len(), &open[0]["state"]), (1, &"begun".into()));
    let list = rig.command(&["ledger", "list", "--open"]).ok().stdout;
    assert!(list.contains("generation begun, end unknown"), "{list}");

    let rig = Rig::new().with_pair("ECC_NIST_P256");
    let import = [
        "kms",
        "import",
        "pair.json",
        "--label",
        "customer-ca",
        "--route",
        "create-object",
    ];
    let killed = rig.command_with_rule(&import, &[("KILL", "C_CreateObject!")]);
    assert_eq!(killed.code, None, "{killed:?}");
    let open = keys(&rig, &["--open"]);
    assert_eq!((open.len(), rig.keys().private), (1, 1));
    let json = rig
        .json(&["kms", "import", "pair.json", "--label", "customer-ca"])
        .ok()
        .json();
    assert_eq!(
        (&json["outcome"], &json["entry"]),
        (&"completed".into(), &open[0]["entry"])
    );
    assert_eq!(keys(&rig, &["--open"]), Vec::<Value>::new());
    assert_eq!(last(&rig)["state"], "imported");
    assert_sound(&rig);
}

/// The ledger becomes unwritable while the token is working.
#[test]
fn a_key_that_cannot_be_recorded_is_deleted_from_the_token() {
    let rig = Rig::new();
    let mut command = rig.prepare(&[&["--format", "json"], &GENERATE[..]].concat());
    command
        .env("HSM_CA_MODULE", shim())
        .env("CLOUDHSM_SHIM_TARGET", softhsm())
        .env("CLOUDHSM_SHIM_STOP", "C_GenerateKeyPair")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("the program");
    wait_until_stopped(child.id());
    let script = "import sqlite3, sys; d = sqlite3.connect('rig/hsm-ca.db'); d.executescript(sys.argv[1])";
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no more'); END";
    rig.tool("python3", &["-c", script, trigger]).ok();
    signal(child.id(), Signal::CONT);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    for word in ["unrecorded", "no more", "destroyed"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    rig.assert_token_is_empty();
    rig.tool("python3", &["-c", script, "DROP TRIGGER full"]).ok();
    assert_eq!(keys(&rig, &["--open"]).len(), 1, "the entry stays open");
    assert_sound(&rig);
}
