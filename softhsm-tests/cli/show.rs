//! `show FILE`, and the hint of a command that gets the wrong kind of file.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::make_cluster_request;

/// A rig with a file of each kind, most of them made by OpenSSL.
fn rig_of_files() -> Rig {
    let rig = ready_authority().copy();
    make_cluster_request(&rig, "request.pem");
    let openssl = |arguments: &str| {
        rig.tool("openssl", &arguments.split(' ').collect::<Vec<_>>())
            .ok();
    };
    openssl("req -in request.pem -outform DER -out request.der");
    openssl("x509 -in customerCA.crt -outform DER -out certificate.der");
    rig.command(&["crl", "create", "--ca", "customerCA.crt", "--out", "crl.pem"])
        .ok();
    openssl("crl -in crl.pem -outform DER -out crl.der");
    rig.sign("request.pem").ok();
    rig.tool("sh", &["-c", "cp *.crt leaf.crt 2>/dev/null; true"]);
    openssl("ocsp -issuer customerCA.crt -cert customerCA.crt -reqout ocsp.req -no_nonce");
    rig.command(&[
        "ocsp",
        "respond",
        "--ca",
        "customerCA.crt",
        "--request",
        "ocsp.req",
        "--out",
        "ocsp.resp",
    ])
    .ok();
    let export = rig.command(&["ledger", "export"]).ok().stdout;
    rig.write("events.jsonl", export);
    rig
}

#[test]
fn every_file_is_shown_as_its_own_command_shows_it() {
    let rig = rig_of_files();
    for (command, files) in [
        (&["cert", "show"][..], &["customerCA.crt", "certificate.der"][..]),
        (&["csr", "show"], &["request.pem", "request.der"]),
        (&["crl", "show"], &["crl.pem", "crl.der"]),
        (&["ocsp", "show"], &["ocsp.req", "ocsp.resp"]),
    ] {
        for file in files {
            let own = rig.command(&[command, &[file]].concat()).ok().stdout;
            assert_eq!(rig.command(&["show", file]).ok().stdout, own, "{file}");
            let mut piped = rig.prepare(&["show", "-"]);
            piped.stdin(Stdio::from(fs::File::open(rig.path(file)).expect("the file")));
            let output = piped.output().expect("the program");
            assert_eq!(String::from_utf8_lossy(&output.stdout), own, "{file} from stdin");
        }
    }
    let pair = rig.json(&["show", "pair.json"]).ok().json();
    let text = rig.command(&["show", "pair.json"]).ok().stdout;
    let file: Value = serde_json::from_slice(&rig.read("pair.json")).expect("JSON");
    assert_eq!(pair["key_spec"], file["KeyPairSpec"]);
    let secret = file["PrivateKeyCiphertextBlob"].as_str().expect("a ciphertext");
    assert!(!text.contains(secret), "{text}");
    let events = rig.json(&["show", "events.jsonl"]).ok().json();
    let head = rig.json(&["ledger", "verify"]).ok().json()["head"].clone();
    assert_eq!((&events["head"], &events["problem"]), (&head, &Value::Null));
}

#[test]
fn a_public_key_a_checkpoint_and_proofs_are_shown() {
    let rig = rig_of_files();
    let run = |line: &str| rig.json(&line.split(' ').collect::<Vec<_>>()).ok().json();
    run("key export-public customer-ca -o key.pem");
    run("key export-public customer-ca --der -o key.der");
    let key = run("key show customer-ca");
    let digest = rig.tool(
        "sh",
        &["-c", "openssl pkey -pubin -in key.pem -outform DER | sha256sum"],
    );
    for file in ["key.pem", "key.der"] {
        let shown = run(&format!("show {file}"));
        assert_eq!(shown["key_identifier"], key["key_identifier"], "{file}");
        let sha256 = shown["public_key_sha256"].as_str().expect("hex").to_owned();
        assert!(digest.stdout.starts_with(&sha256), "{sha256}: {}", digest.stdout);
    }
    rig.write(
        "broken.pem",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    );
    let refused = rig.json(&["show", "broken.pem"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(!refused.stderr.contains("unrecognised-file"), "{refused:?}");

    let old = run("ledger checkpoint -o old");
    let shown = run("show old");
    assert_eq!(shown["checkpoint"], old["checkpoint"]);
    let text = rig.command(&["show", "old"]).ok().stdout;
    assert!(
        text.contains("not verified") && text.contains("no signature"),
        "{text}"
    );
    run("key generate --label later --type ec:p256");
    let serial = run("cert show customerCA.crt")["serial_number"].clone();
    run(&format!(
        "ledger prove {} -o inclusion",
        serial.as_str().expect("hex")
    ));
    run("ledger prove --since old -o consistency");
    let event = run("show inclusion");
    assert_eq!(
        (&event["proof_kind"], &event["what"]),
        (&json!("inclusion"), &json!("signed"))
    );
    let later = run("show consistency");
    assert_eq!(later["since"], old["checkpoint"]["size"]);
    assert_eq!(
        later["checkpoint"], event["checkpoint"],
        "both are about the ledger as it is"
    );
    for proof in ["inclusion", "consistency"] {
        let text = String::from_utf8(rig.read(proof)).expect("text");
        rig.write("cut", &text[..text.len() / 2]);
        let refused = rig.json(&["show", "cut"]);
        assert_eq!(refused.code, Some(3), "{proof}: {refused:?}");
    }
}

#[test]
fn a_changed_export_fails_at_its_line() {
    let rig = rig_of_files();
    let text = String::from_utf8(rig.read("events.jsonl")).expect("UTF-8");
    let (first, rest) = text.split_once('\n').expect("lines");
    for (changed, line) in [
        (rest.to_owned(), "line 1"),
        (format!("{first}\n{first}\n"), "line 2"),
        (text.replacen("\"time\":1", "\"time\":2", 1), "line 1"),
        (format!("{text}{{\"hash\":\"00\"}}\n"), "is not an event"),
        (text.trim_end().to_owned(), "is not an event"),
    ] {
        rig.write("changed.jsonl", changed);
        let run = rig.command(&["show", "changed.jsonl"]);
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(
            run.stdout.contains("FAILED") && run.stdout.contains(line),
            "{line}: {run:?}"
        );
        assert_eq!(run.stderr, "", "people have read it in the result");
        // In JSON there are both a result and an error, as for every failed check.
        let run = rig.json(&["show", "changed.jsonl"]);
        let (result, error) = (run.json(), serde_json::from_str::<Value>(&run.stderr));
        let problem = result["problem"].as_str().expect("text");
        let message = format!("changed.jsonl is not verified: {problem}");
        assert_eq!(
            error.expect("JSON")["error"],
            json!({ "kind": "not-verified", "exit_code": 3, "hint": null, "message": message })
        );
    }
}

#[test]
fn an_unknown_file_is_refused_and_not_shown() {
    let rig = Rig::without_token();
    rig.tool(
        "openssl",
        &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"],
    )
    .ok();
    rig.tool(
        "openssl",
        &["pkey", "-in", "key.pem", "-outform", "DER", "-out", "key.der"],
    )
    .ok();
    let empty: &[u8] = b"";
    for (name, content) in [
        ("empty", empty),
        ("text", b"certificate"),
        ("json", b"{\"a\": 1}"),
        ("half.json", b"{\"PrivateKeyCiphertextBlob\": \"AAAA\""),
        ("zeros", &[0; 100]),
        ("sequence", &[0x30, 0x03, 0x02, 0x01, 0x00]),
    ] {
        rig.write(name, content);
        rig.json(&["show", name]).refused(3, "unrecognised-file");
    }
    let body = String::from_utf8(rig.read("key.pem")).expect("PEM");
    let secret = body.lines().nth(1).expect("its base64").to_owned();
    for name in ["key.pem", "key.der"] {
        let run = rig.command(&["show", name]);
        assert!(!(run.stdout + &run.stderr).contains(&secret), "{name}");
        rig.json(&["show", name]).refused(3, "unrecognised-file");
    }
    rig.json(&["show", "nowhere"]).refused(2, "unreadable-file");
    rig.write("pair.json", "{\"PrivateKeyCiphertextBlob\": \"AAAA\"}");
    rig.json(&["show", "pair.json"]).refused(3, "pair-file");
}

#[test]
fn a_command_that_gets_the_wrong_kind_of_file_names_its_kind() {
    let rig = rig_of_files();
    fs::copy(rig.path("request.der"), rig.path("it's a request")).expect("a copy");
    for (command, file, hint) in [
        (
            "cert",
            "request.pem",
            "it is a certification request: hsm-ca csr show request.pem",
        ),
        ("cert", "request.der", "hsm-ca csr show request.der"),
        ("cert", "it's a request", "hsm-ca csr show 'it'\\''s a request'"),
        ("cert", "crl.der", "it is a CRL: hsm-ca crl show crl.der"),
        (
            "csr",
            "customerCA.crt",
            "it is a certificate: hsm-ca cert show customerCA.crt",
        ),
        ("csr", "certificate.der", "hsm-ca cert show certificate.der"),
        ("crl", "customerCA.crt", "hsm-ca cert show customerCA.crt"),
        ("ocsp", "request.pem", "hsm-ca csr show request.pem"),
    ] {
        let run = rig.command(&[command, "show", file]);
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(run.stderr.contains(hint), "{command} show {file}: {run:?}");
    }
    // A damaged file is still recognised by its kind.
    let mut broken = rig.read("certificate.der");
    broken[40] ^= 0xff;
    rig.write("broken.der", broken);
    let run = rig.command(&["cert", "show", "broken.der"]);
    assert!(!run.stderr.contains("it is a"), "{run:?}");
}

#[test]
fn a_ceremony_file_is_shown_as_ceremony_check_shows_it() {
    let rig = Rig::without_token();
    rig.command(&["ceremony", "new", "root.toml"]).ok();
    let [own, shown] = [&["ceremony", "check"][..], &["show"]]
        .map(|command| rig.command(&[command, &["root.toml"]].concat()));
    assert_eq!(
        (shown.code, &shown.stdout, &shown.stderr),
        (own.code, &own.stdout, &own.stderr)
    );
    assert!(!shown.stderr.contains("is not a certificate"), "{shown:?}");
}

#[test]
fn what_a_ceremony_leaves_is_shown() {
    let rig = Rig::without_token();
    let plan = "ab".repeat(32);
    rig.write(
        "01-approve.json",
        json!({
            "ceremony": "root-1", "decision": "approve", "format": "hsm-ca ceremony approval 1", "key": "SHA256:x",
            "kind": "production", "person": "Ana", "plan": plan, "time": "2026-11-30T10:00:00Z",
        })
        .to_string(),
    );
    let shown = rig.json(&["show", "01-approve.json"]).ok().json();
    assert_eq!(
        (&shown["statement_kind"], &shown["person"], &shown["plan_sha256"]),
        (&json!("approval"), &json!("Ana"), &json!(plan))
    );
    let text = rig.command(&["show", "01-approve.json"]).ok().stdout;
    assert!(text.contains("its signature is not verified"), "{text}");
    rig.write(
        "half.json",
        r#"{"format": "hsm-ca ceremony gate 1", "ceremony": "root-1"}"#,
    );
    let refused = rig.command(&["show", "half.json"]);
    assert!(refused.stderr.contains("half.json"), "{refused:?}");
    assert!(!refused.stderr.contains("take the directory"), "{refused:?}");
    rig.write(
        "next.json",
        r#"{"format": "hsm-ca ceremony export 1", "ceremony": "root-1"}"#,
    );
    let refused = rig.command(&["show", "next.json"]);
    assert!(
        refused.code == Some(3) && refused.stderr.contains("next.json"),
        "{refused:?}"
    );
}

#[test]
fn the_plan_of_a_ceremony_is_shown() {
    let rig = Rig::without_token();
    let _ = Run::of(&mut rig.prepare(&["version"])).ok();
    rig.write("plan.json", "{\"format\": \"x\", \"ceremony\": \"x\"}");
    let message = rig.json(&["show", "plan.json"]);
    assert!([Some(2), Some(3)].contains(&message.code), "{message:?}");
    assert!(message.stderr.contains("plan.json"), "{message:?}");
}
