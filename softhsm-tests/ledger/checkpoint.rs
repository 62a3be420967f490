//! `ledger checkpoint`, `prove`, `verify-proof` and `verify --checkpoint`, beside a verifier in Python.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{Rig, Run, python_tool, ready_authority};
use crate::ledger::edited::{LEDGER, edit};
use crate::oracle::{make_request, openssl};

fn sign(rig: &Rig, name: &str) {
    let (request, out) = (format!("{name}.csr"), format!("{name}.crt"));
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    make_request(
        rig,
        &request,
        &curve,
        &["-sha256", "-subj", &format!("/CN={name}")],
    );
    let sign = ["csr", "sign", &request, "--ca", "customerCA.crt", "--out", &out];
    rig.json(&[&sign[..], &["--profile", "tls-client"]].concat()).ok();
}

pub(super) fn new_key(rig: &Rig, name: &str) {
    openssl(rig, &["genpkey", "-algorithm", "ed25519", "-out", name]);
    fs::set_permissions(rig.path(name), fs::Permissions::from_mode(0o600)).expect("the key");
}

/// Writes a signed checkpoint, and returns the verifier key.
pub(super) fn checkpoint(rig: &Rig, out: &str) -> String {
    let command = ["ledger", "checkpoint", "--signing-key", "note.key", "--out", out];
    let made = rig.json(&command).ok().json();
    made["verifier_key"]
        .as_str()
        .expect("the verifier key")
        .to_owned()
}

pub(super) fn serial(rig: &Rig, certificate: &str) -> String {
    let shown = rig.json(&["cert", "show", certificate]).ok().json();
    shown["serial_number"]
        .as_str()
        .expect("a serial number")
        .to_owned()
}

/// The verdict of the verifier in Python: 0 or 3.
fn python(rig: &Rig, arguments: &[&str]) -> Option<i32> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/verify_checkpoint.py");
    let program = program.to_str().expect("a path");
    let run = rig.tool(python_tool("python3"), &[&[program][..], arguments].concat());
    assert!(matches!(run.code, Some(0 | 3)), "{run:?}");
    run.code
}

fn export(rig: &Rig) {
    rig.write(
        "events.jsonl",
        rig.command(&["ledger", "export"]).ok().stdout.as_bytes(),
    );
}

/// A CA with a certificate, a checkpoint that was kept then, and a later certificate.
pub(super) fn kept() -> (Rig, String) {
    let rig = ready_authority();
    new_key(&rig, "note.key");
    sign(&rig, "first");
    let key = checkpoint(&rig, "first.checkpoint");
    sign(&rig, "second");
    (rig, key)
}

fn verify(rig: &Rig, checkpoint: &str, key: &str) -> Run {
    rig.json(&[
        "ledger",
        "verify",
        "--checkpoint",
        checkpoint,
        "--verifier-key",
        key,
    ])
}

#[test]
fn an_auditor_checks_a_certificate_and_later_events_without_the_ledger() {
    let (rig, key) = kept();
    let verified = verify(&rig, "first.checkpoint", &key).ok().json();
    assert!(
        verified["checkpoint"]["extended_by"].as_u64() > Some(0),
        "{verified}"
    );
    export(&rig);
    assert_eq!(
        python(&rig, &["checkpoint", "first.checkpoint", "events.jsonl", &key]),
        Some(0)
    );

    // The first certificate by the checkpoint that was kept, the second by a new one.
    let first = serial(&rig, "first.crt");
    let prove = [
        "ledger",
        "prove",
        &first,
        "--checkpoint",
        "first.checkpoint",
        "--out",
        "first.proof",
    ];
    rig.json(&prove).ok();
    let prove = [
        "ledger",
        "prove",
        &serial(&rig, "second.crt"),
        "--signing-key",
        "note.key",
        "--out",
        "second.proof",
    ];
    rig.json(&prove).ok();
    for name in ["first", "second"] {
        let (proof, certificate, der) = (
            format!("{name}.proof"),
            format!("{name}.crt"),
            format!("{name}.der"),
        );
        openssl(
            &rig,
            &["x509", "-in", &certificate, "-outform", "DER", "-out", &der],
        );
        let check = [
            "ledger",
            "verify-proof",
            &proof,
            "--certificate",
            &certificate,
            "--verifier-key",
            &key,
        ];
        let told = rig.json(&check).ok().json();
        assert_eq!(told["what"], "signed", "{told}");
        assert_eq!(python(&rig, &["inclusion", &proof, &der, &key]), Some(0));
    }
    rig.json(&[
        "ledger",
        "verify-proof",
        "first.proof",
        "--checkpoint",
        "first.checkpoint",
    ])
    .ok();
    rig.json(&[
        "ledger",
        "verify-proof",
        "second.proof",
        "--checkpoint",
        "first.checkpoint",
    ])
    .refused(3, "proof-failed");
    let other = [
        "ledger",
        "verify-proof",
        "first.proof",
        "--certificate",
        "second.crt",
        "--verifier-key",
        &key,
    ];
    rig.json(&other).refused(3, "proof-failed");
    assert_eq!(
        python(&rig, &["inclusion", "first.proof", "second.der", &key]),
        Some(3)
    );
    rig.json(&["ledger", "verify-proof", "first.proof"])
        .refused(2, "usage");
    rig.json(&[
        "ledger",
        "verify-proof",
        "first.proof",
        "--since",
        "first.checkpoint",
    ])
    .refused(2, "usage");
    // The certificate was signed after that checkpoint.
    let early = [
        "ledger",
        "prove",
        &serial(&rig, "second.crt"),
        "--checkpoint",
        "first.checkpoint",
    ];
    rig.json(&early).refused(3, "after-checkpoint");

    checkpoint(&rig, "second.checkpoint");
    for (since, at) in [("first", "second"), ("first", "first")] {
        let (since, at) = (format!("{since}.checkpoint"), format!("{at}.checkpoint"));
        let prove = [
            "ledger",
            "prove",
            "--since",
            &since,
            "--checkpoint",
            &at,
            "--out",
            "since.proof",
            "--force",
        ];
        rig.json(&prove).ok();
        let check = [
            "ledger",
            "verify-proof",
            "since.proof",
            "--since",
            &since,
            "--verifier-key",
            &key,
        ];
        rig.json(&check).ok();
        assert_eq!(
            python(&rig, &["consistency", "since.proof", &since, &key]),
            Some(0)
        );
    }
    let backwards = [
        "ledger",
        "prove",
        "--since",
        "second.checkpoint",
        "--checkpoint",
        "first.checkpoint",
    ];
    rig.json(&backwards).refused(3, "checkpoint-not-extended");
    rig.json(&[
        "ledger",
        "verify-proof",
        "since.proof",
        "--since",
        "second.checkpoint",
    ])
    .refused(3, "proof-failed");
    rig.json(&["ledger", "verify-proof", "since.proof"])
        .refused(2, "usage");
}

/// Changes events with Python and computes the whole chain again, as an attacker who can write the file would.
const REWRITE: &str = r#"
import hashlib, sqlite3, sys
d = sqlite3.connect(sys.argv[1])
triggers = d.execute('SELECT name, sql FROM sqlite_master WHERE type = ?', ('trigger',)).fetchall()
for name, _ in triggers:
    d.execute('DROP TRIGGER ' + name)
head = bytes(32)
for sequence, body in d.execute('SELECT sequence, body FROM events ORDER BY sequence').fetchall():
    if sequence > 1:
        body = body.replace('"tool":"hsm-ca ', '"tool":"hsm-cb ')
    head = hashlib.sha256(head + body.encode()).digest()
    d.execute('UPDATE events SET body = ?, hash = ? WHERE sequence = ?', (body, head, sequence))
for _, sql in triggers:
    d.execute(sql)
d.commit()
d.execute('PRAGMA wal_checkpoint(TRUNCATE)')
"#;

#[test]
fn a_ledger_that_was_rewritten_shortened_or_forked_is_refused() {
    let (rig, key) = kept();
    checkpoint(&rig, "second.checkpoint");
    let first = serial(&rig, "first.crt");
    edit(&rig, "");
    let whole = fs::read(rig.path(LEDGER)).expect("the ledger");
    let refused = |rig: &Rig, how: &str| {
        let verified = verify(rig, "second.checkpoint", &key);
        assert_eq!(verified.code, Some(3), "{how}: {verified:?}");
        let report = verified.json();
        assert_eq!(report["verified"], false, "{how}");
        assert!(report["checkpoint"]["extended_by"].is_null(), "{how}");
        rig.json(&["ledger", "prove", "--since", "second.checkpoint"])
            .refused(3, "checkpoint-not-extended");
        let at = ["ledger", "prove", &first, "--checkpoint", "second.checkpoint"];
        rig.json(&at).refused(3, "checkpoint-not-extended");
        export(rig);
        let judged = python(rig, &["checkpoint", "second.checkpoint", "events.jsonl", &key]);
        assert_eq!(judged, Some(3), "{how}");
    };

    // It is consistent, so without evidence from elsewhere the change is not detected.
    rig.tool("python3", &["-c", REWRITE, LEDGER]).ok();
    let alone = rig
        .json(&["--ledger-head", "none", "ledger", "verify"])
        .ok()
        .json();
    assert_eq!(alone["verified"], true);
    refused(&rig, "rewritten");

    // Truncated to its state before the second certificate.
    rig.write(LEDGER, &whole);
    let size: u64 = rig
        .json(&["ledger", "verify", "--checkpoint", "first.checkpoint"])
        .ok()
        .json()["checkpoint"]["size"]
        .as_u64()
        .expect("a size");
    for table in ["deliveries", "requests", "names", "serials"] {
        edit(&rig, &format!("DELETE FROM {table} WHERE entry > {size}"));
    }
    edit(
        &rig,
        &format!("DELETE FROM entries WHERE sequence > {size}; DELETE FROM events WHERE sequence > {size}"),
    );
    let alone = rig
        .json(&["--ledger-head", "none", "ledger", "verify"])
        .ok()
        .json();
    assert_eq!(
        (alone["verified"].as_bool(), alone["events"].as_u64()),
        (Some(true), Some(size))
    );
    refused(&rig, "shortened");
    verify(&rig, "first.checkpoint", &key);

    // Continued from there with another certificate, to more events than before.
    for name in ["third", "fourth"] {
        let (request, out) = (format!("{name}.csr"), format!("{name}.crt"));
        make_request(&rig, &request, &["-newkey", "rsa:2048"], &["-sha256"]);
        let sign = [
            "--ledger-head",
            "none",
            "csr",
            "sign",
            &request,
            "--ca",
            "customerCA.crt",
            "--out",
            &out,
        ];
        rig.json(&[&sign[..], &["--profile", "tls-client", "--again"]].concat())
            .ok();
    }
    refused(&rig, "forked");
    // An older copy, detected by the head on the token, gets no checkpoint either.
    rig.json(&["ledger", "checkpoint"])
        .refused(4, "ledger-older-copy");

    // Another ledger is another log.
    rig.json(&["--ledger", "sqlite:other.db", "ledger", "new"]).ok();
    let other = [
        "--ledger",
        "sqlite:other.db",
        "ledger",
        "prove",
        "--since",
        "first.checkpoint",
    ];
    rig.json(&other).refused(3, "checkpoint-not-extended");
}

#[test]
fn an_unsound_checkpoint_is_refused_by_name() {
    let (rig, key) = kept();
    let sound = fs::read_to_string(rig.path("first.checkpoint")).expect("the checkpoint");
    // One octet of each line. The library's tests change every octet.
    for (from, to) in [
        ("hsm-ca/ledger/", "hsm-ca/ledgen/"),
        ("\n\n", "\n"),
        ("\u{2014} ", "- "),
    ] {
        rig.write("changed", sound.replacen(from, to, 1).as_bytes());
        let run = verify(&rig, "changed", &key);
        assert_eq!(run.code, Some(3), "{from}: {run:?}");
    }
    // Without a key, the comparison with the ledger detects it.
    let text = sound.split_once("\n\n").expect("a note").0;
    rig.write("unsigned", format!("{text}\n").as_bytes());
    rig.json(&["ledger", "verify", "--checkpoint", "unsigned"]).ok();
    verify(&rig, "unsigned", &key).refused(3, "checkpoint-signature");
    for at in (0..text.len()).step_by(9) {
        let mut changed = format!("{text}\n").into_bytes();
        changed[at] ^= 1;
        rig.write("changed", &changed);
        let run = rig.json(&["ledger", "verify", "--checkpoint", "changed"]);
        assert_eq!(run.code, Some(3), "octet {at}: {run:?}");
    }

    new_key(&rig, "other.key");
    let other = [
        "ledger",
        "checkpoint",
        "--signing-key",
        "other.key",
        "--out",
        "other.checkpoint",
    ];
    let made = rig.json(&other).ok().json();
    verify(&rig, "other.checkpoint", &key).refused(3, "checkpoint-signature");
    let stranger = made["verifier_key"].as_str().expect("a key");
    verify(&rig, "other.checkpoint", stranger).ok();
    let misspelt = key.replace("hsm-ca", "hsm-cb");
    assert_eq!(verify(&rig, "first.checkpoint", &misspelt).code, Some(2));
}
