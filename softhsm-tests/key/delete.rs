//! `key delete` deletes only the named key, and only after confirmation.

use std::io::Write;
use std::process::Stdio;

use crate::harness::{Keys, PROGRAM, Rig, Run, TokenKind, on_each};
use crate::key::generate::generate;

fn delete(rig: &Rig, key: &str) -> Run {
    rig.json(&["key", "delete", key, "--yes"])
}

#[test]
fn both_halves_of_the_key_are_deleted_and_nothing_else_changes() {
    on_each(&TokenKind::ALL, |kind| {
        let rig = Rig::of(kind);
        generate(&rig, "one", "ec:p256").ok();
        let before = rig.objects();
        let id = generate(&rig, "two", "ec:p384").ok().json()["id"].clone();
        assert_eq!(rig.keys().private, 2, "{kind:?}");
        let report = delete(&rig, "two").ok().json();
        let deleted = report["deleted"].as_array().expect("objects");
        let classes: Vec<_> = deleted
            .iter()
            .map(|key| key["class"].as_str().expect("a class"))
            .collect();
        assert_eq!(classes, ["private", "public"], "{report}");
        assert!(
            deleted.iter().all(|key| key["id"] == id && key["label"] == "two"),
            "{report}"
        );
        assert_eq!(rig.objects(), before, "{kind:?}");
        rig.command(&["key", "verify", "one"]).ok();
        delete(&rig, "two").refused(4, "no-key");
    });
}

#[test]
fn a_key_that_is_one_of_several_is_not_deleted() {
    let rig = Rig::new();
    for id in ["01", "02"] {
        rig.pkcs11_tool(&[
            "--keypairgen",
            "--key-type",
            "rsa:2048",
            "--label",
            "ca",
            "--id",
            id,
        ]);
    }
    let before = rig.objects();
    let message = delete(&rig, "ca").refused(3, "several-keys");
    assert!(
        message.contains("id 01") && message.contains("id 02"),
        "{message}"
    );
    assert_eq!(rig.objects(), before);
    delete(&rig, "pkcs11:id=%01").ok();
    delete(&rig, "ca").ok();
    rig.assert_token_is_empty();
    // A public-key object with the id of two private keys belongs to neither.
    for label in ["a", "b"] {
        rig.pkcs11_tool(&[
            "--keypairgen",
            "--key-type",
            "rsa:2048",
            "--label",
            label,
            "--id",
            "03",
        ]);
    }
    delete(&rig, "a").refused(3, "several-keys");
    assert_eq!(
        rig.keys(),
        Keys {
            private: 2,
            public: 2,
            secret: 0
        }
    );
}

#[test]
fn a_public_key_object_with_another_key_is_kept() {
    let rig = Rig::new();
    let id = generate(&rig, "ca", "rsa:2048").ok().json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", &id]);
    rig.tool("openssl", &["genrsa", "-out", "other.pem", "2048"]).ok();
    rig.tool(
        "openssl",
        &[
            "rsa",
            "-in",
            "other.pem",
            "-pubout",
            "-outform",
            "DER",
            "-out",
            "other.der",
        ],
    )
    .ok();
    let write = [
        "--write-object",
        "other.der",
        "--type",
        "pubkey",
        "--id",
        &id,
        "--label",
        "other",
    ];
    rig.pkcs11_tool(&write);
    assert_eq!(
        delete(&rig, "ca").ok().json()["deleted"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(
        rig.keys(),
        Keys {
            private: 0,
            public: 1,
            secret: 0
        }
    );
    // A public-key object alone can be named too.
    assert_eq!(delete(&rig, "other").ok().json()["deleted"][0]["class"], "public");
    rig.assert_token_is_empty();
}

/// A public-key object of a key made elsewhere.
fn store_stranger(rig: &Rig, id: &str, curve: &str) {
    let curve = format!("ec_paramgen_curve:{curve}");
    let make = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        &curve,
        "-out",
        "other.pem",
    ];
    rig.tool("openssl", &make).ok();
    let convert = [
        "pkey",
        "-in",
        "other.pem",
        "-pubout",
        "-outform",
        "DER",
        "-out",
        "other.der",
    ];
    rig.tool("openssl", &convert).ok();
    let write = [
        "--write-object",
        "other.der",
        "--type",
        "pubkey",
        "--label",
        "stranger",
    ];
    rig.pkcs11_tool(&[&write[..], &["--id", id]].concat());
}

#[test]
fn a_foreign_public_key_under_the_same_id_stays_and_in_doubt_nothing_is_deleted() {
    on_each(&[TokenKind::SoftHsm, TokenKind::Kryoptic], |kind| {
        for first in [true, false] {
            let rig = Rig::of(kind);
            // The id is the key's identifier, whichever of the two objects the token finds first.
            let id = generate(&rig, "ca", "ec:p256").ok().json()["id"].clone();
            let id = id.as_str().expect("an id");
            if first {
                rig.pkcs11_tool(&["--read-object", "--type", "pubkey", "--id", id, "-o", "own.der"]);
                rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", id]);
                store_stranger(&rig, id, "P-256");
                let write = ["--write-object", "own.der", "--type", "pubkey", "--label", "ca"];
                rig.pkcs11_tool(&[&write[..], &["--id", id]].concat());
            } else {
                store_stranger(&rig, id, "P-384");
            }
            rig.command(&["key", "verify", "ca"]).ok();
            let report = delete(&rig, "ca").ok().json();
            assert_eq!(report["deleted"].as_array().map(Vec::len), Some(2), "{report}");
            assert_eq!(report["deleted"][1]["label"], "ca", "{report}");
            let left = rig.objects();
            assert!(left.contains("stranger") && !left.contains("Private"), "{left}");
        }
    });
    // An id that says nothing about the key.
    let rig = Rig::new();
    let pair = [
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--label",
        "ca",
        "--id",
        "07",
    ];
    rig.pkcs11_tool(&pair);
    store_stranger(&rig, "07", "P-256");
    let before = rig.objects();
    let message = delete(&rig, "ca").refused(3, "several-keys");
    assert!(
        message.contains("2 public keys") && message.contains("stranger"),
        "{message}"
    );
    // A signature would show its public key, but a deletion signs nothing.
    let exported = ["key", "export-public", "ca", "--out", "exported.der", "--der"];
    rig.json(&exported).ok();
    rig.pkcs11_tool(&[
        "--read-object",
        "--type",
        "pubkey",
        "--label",
        "ca",
        "-o",
        "own.der",
    ]);
    assert_eq!(rig.read("exported.der"), rig.read("own.der"));
    assert_eq!(rig.objects(), before);
    // An RSA private key contains its public half.
    let pair = [
        "--keypairgen",
        "--key-type",
        "rsa:2048",
        "--label",
        "rsa",
        "--id",
        "08",
    ];
    rig.pkcs11_tool(&pair);
    store_stranger(&rig, "08", "P-256");
    let report = delete(&rig, "rsa").ok().json();
    assert_eq!(report["deleted"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!(report["deleted"][1]["label"], "rsa", "{report}");
}

/// Runs on a separate terminal, on which `answer` is typed.
fn on_a_terminal(rig: &Rig, arguments: &str, answer: &str) -> Run {
    let mut command = rig.prepare_tool(
        "script",
        &["-qec", &format!("{PROGRAM} {arguments}"), "/dev/null"],
    );
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    writeln!(stdin, "{answer}").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::new(),
    }
}

#[test]
fn the_label_must_be_typed() {
    let rig = Rig::new();
    let id = generate(&rig, "ca", "ec:p256").ok().json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    for wrong in ["", "yes", "CA", "ca2"] {
        let run = on_a_terminal(&rig, "key delete ca", wrong);
        assert_eq!(run.code, Some(2), "{wrong}: {run:#?}");
        assert!(run.stdout.contains("nothing was deleted"), "{run:#?}");
        assert_eq!(rig.keys(), Keys::PAIR);
    }
    // However the key was named, its label must be typed.
    let uri: String = id
        .as_bytes()
        .chunks(2)
        .map(|pair| format!("%{}{}", char::from(pair[0]), char::from(pair[1])))
        .collect();
    let run = on_a_terminal(&rig, &format!("key delete pkcs11:id={uri}"), "ca");
    assert_eq!(run.code, Some(0), "{run:#?}");
    for told in [
        "private key",
        "public key",
        &id,
        "nobody can issue, renew",
        "Type ca to delete it",
    ] {
        assert!(run.stdout.contains(told), "{told}: {run:#?}");
    }
    rig.assert_token_is_empty();
}

#[test]
fn the_prompt_names_the_ca_that_uses_the_key() {
    let rig = Rig::new();
    generate(&rig, "ca", "ec:p256").ok();
    let create = ["ca", "create", "--key", "ca", "--subject", "CN=Test CA,O=Test"];
    rig.command(&[&create[..], &["--out", "ca.crt"]].concat()).ok();
    let run = on_a_terminal(&rig, "key delete ca", "");
    assert!(
        run.stdout
            .contains("WARNING: the ledger says that it is the key of the CA \"CN=Test CA,O=Test\""),
        "{run:#?}"
    );
    generate(&rig, "other", "ec:p256").ok();
    let report = delete(&rig, "other").ok().json();
    assert!(report["authority"].is_null(), "{report}");
    let report = delete(&rig, "ca").ok().json();
    assert_eq!(report["authority"], "CN=Test CA,O=Test");
    assert!(
        report["warnings"][0]
            .as_str()
            .expect("a warning")
            .contains("CN=Test CA")
    );
}

#[test]
fn a_key_of_an_unsupported_kind_can_be_deleted() {
    let rig = Rig::new();
    let generate = [
        "--keypairgen",
        "--key-type",
        "EC:secp224r1",
        "--label",
        "odd",
        "--id",
        "07",
    ];
    rig.pkcs11_tool(&generate);
    assert_eq!(
        delete(&rig, "odd").ok().json()["deleted"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    rig.assert_token_is_empty();
}

#[test]
fn without_yes_and_without_a_terminal_nothing_is_deleted() {
    let rig = Rig::new();
    generate(&rig, "ca", "ec:p256").ok();
    let delete = ["--format", "json", "key", "delete", "ca"];
    // A missing key is missing, whether or not somebody can be asked.
    for (label, code, kind) in [("ca", 2, "not-confirmed"), ("nosuch", 4, "no-key")] {
        let delete = ["--format", "json", "key", "delete", label];
        rig.command(&[&delete[..], &["--no-input"]].concat())
            .refused(code, kind);
        let detached = [&["-w", PROGRAM], &delete[..]].concat();
        rig.tool("setsid", &detached).refused(code, kind);
    }
    assert_eq!(rig.keys(), Keys::PAIR);
    rig.command(&[&delete[..], &["--no-input", "--yes"]].concat())
        .ok();
    rig.assert_token_is_empty();
}
