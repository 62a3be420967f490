//! The key that signs checkpoints: Ed25519, in a file that only its owner can read, and not a CA's key.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::checkpoint::{checkpoint, new_key};
use crate::harness::ready_authority;
use crate::oracle::openssl;

#[test]
fn an_unsuitable_key_file_is_refused_by_name() {
    let rig = ready_authority();
    new_key(&rig, "note.key");
    checkpoint(&rig, "first.checkpoint");
    let sound = fs::read_to_string(rig.path("first.checkpoint")).expect("the checkpoint");
    let make = |file: &str| rig.json(&["ledger", "checkpoint", "--signing-key", file]);
    let read = fs::read_to_string(rig.path("note.key")).expect("the key");
    rig.write("wide.key", read.as_bytes());
    fs::set_permissions(rig.path("wide.key"), fs::Permissions::from_mode(0o644)).expect("the key");
    let message = make("wide.key").refused(2, "key-file-mode");
    assert!(message.contains("wide.key"), "{message}");
    openssl(
        &rig,
        &[
            "pkey",
            "-in",
            "note.key",
            "-aes256",
            "-passout",
            "pass:x",
            "-out",
            "locked.key",
        ],
    );
    openssl(&rig, &["genpkey", "-algorithm", "x25519", "-out", "x25519.key"]);
    openssl(
        &rig,
        &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            "ec.key",
        ],
    );
    for file in ["locked.key", "x25519.key", "ec.key", "customerCA.crt"] {
        fs::set_permissions(rig.path(file), fs::Permissions::from_mode(0o600)).expect("the file");
        let message = make(file).refused(2, "checkpoint-key");
        assert!(message.contains(file), "{message}");
    }
    // No part of the key is shown, and an existing file is kept.
    let secret = read.lines().nth(1).expect("its base64");
    let run = rig
        .command(&["-v", "-v", "ledger", "checkpoint", "--signing-key", "note.key"])
        .ok();
    assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret));
    assert!(run.stdout.starts_with("hsm-ca/ledger/"), "{run:?}");
    let again = [
        "ledger",
        "checkpoint",
        "--signing-key",
        "note.key",
        "--out",
        "first.checkpoint",
    ];
    rig.json(&again).refused(2, "output-exists");
    assert_eq!(
        fs::read_to_string(rig.path("first.checkpoint")).expect("the checkpoint"),
        sound
    );
}

/// The CA with this key was adopted: a signed note could be mistaken for a certificate, or the reverse.
#[test]
fn a_key_of_a_ca_in_the_ledger_signs_no_checkpoint() {
    let rig = ready_authority();
    new_key(&rig, "note.key");
    let root = [
        &[
            "req",
            "-x509",
            "-key",
            "note.key",
            "-subj",
            "/CN=Old root",
            "-days",
            "300",
            "-out",
            "old.crt",
        ][..],
        &[
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ],
    ];
    openssl(&rig, &root.concat());
    let make = [
        "ledger",
        "checkpoint",
        "--signing-key",
        "note.key",
        "--out",
        "first.checkpoint",
    ];
    rig.json(&make).ok();
    fs::remove_file(rig.path("first.checkpoint")).expect("the checkpoint");
    rig.command(&["ca", "adopt", "old.crt"]).ok();
    let message = rig.json(&make).refused(3, "checkpoint-key");
    assert!(message.contains("CN=Old root"), "{message}");
    assert!(!rig.path("first.checkpoint").exists());
}
