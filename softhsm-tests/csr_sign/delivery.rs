//! Every signed certificate reaches its file, or a warning reports it; and each request has one certificate.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Rig, Run, ready_authority, signal, wait_until_stopped};
use crate::oracle::{make_request, openssl};

pub(super) const CRL: [&str; 6] = ["crl", "create", "--ca", "customerCA.crt", "--out", "ca.crl"];

pub(super) fn sign<'a>(request: &'a str, out: &'a str) -> Vec<&'a str> {
    let profile = ["--profile", "tls-client"];
    [
        &["csr", "sign", request, "--ca", "customerCA.crt", "--out", out][..],
        &profile,
    ]
    .concat()
}

pub(super) fn with<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

pub(super) fn rig_with_request() -> Rig {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    rig
}

pub(crate) fn entries(rig: &Rig, more: &[&str]) -> Vec<Value> {
    let list = [&["ledger", "list", "--last", "1000"], more].concat();
    rig.json(&list).ok().json()["entries"]
        .as_array()
        .expect("entries")
        .clone()
}

pub(super) fn last(rig: &Rig) -> Value {
    entries(rig, &[]).pop().expect("an entry")
}

pub(crate) fn count(rig: &Rig) -> usize {
    entries(rig, &[]).len()
}

#[track_caller]
pub(crate) fn assert_sound(rig: &Rig) {
    let verified = rig.json(&["ledger", "verify"]).ok().json();
    assert_eq!(verified["verified"], true, "{verified}");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/verify_ledger.py");
    let ledger = rig.path("rig/hsm-ca.db");
    Run::of(Command::new("python3").arg(script).arg(ledger)).ok();
}

/// Waits until the temporary file of an output has content.
fn wait_for_content(rig: &Rig) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        for name in fs::read_dir(rig.path(".")).expect("the directory").flatten() {
            let is_ours = name.file_name().to_string_lossy().starts_with(".hsm-ca-");
            if is_ours && name.metadata().is_ok_and(|found| found.len() > 0) {
                return true;
            }
        }
        if rig.path("out.crt").exists() {
            return false;
        }
    }
    panic!("nothing was written");
}

/// Kills the process when the signature is recorded and its file has no name yet. It is stopped at the signature, so that the wait for the
/// file is short.
pub(super) fn kill_before_the_file(rig: &Rig) {
    for _ in 0..30 {
        let mut command = rig.prepare(&with(&sign("a.csr", "out.crt"), &["--again"]));
        command
            .env("HSM_CA_MODULE", crate::harness::shim())
            .env("CLOUDHSM_SHIM_TARGET", crate::harness::softhsm())
            .env("CLOUDHSM_SHIM_STOP", "C_Sign!")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut victim = command.spawn().expect("the program");
        wait_until_stopped(victim.id());
        signal(victim.id(), Signal::CONT);
        let killed = wait_for_content(rig) && victim.kill().is_ok();
        victim.wait().expect("its end");
        if killed && !rig.path("out.crt").exists() {
            assert_eq!(last(rig)["state"], "signed", "what is written is recorded");
            return;
        }
        let _ = fs::remove_file(rig.path("out.crt"));
    }
    panic!("it was always too fast");
}

pub(super) fn last_of(rig: &Rig, entry: &Value) -> Value {
    let shown = rig
        .json(&["ledger", "show", &format!("#{}", entry["entry"])])
        .ok()
        .json();
    shown["entries"][0].clone()
}

pub(super) fn signed_since(rig: &Rig, before: usize) -> Vec<Value> {
    let added = entries(rig, &[]).split_off(before);
    added
        .into_iter()
        .filter(|entry| entry["state"] == "signed")
        .collect()
}

#[test]
fn an_entry_that_is_open_is_named_and_its_request_is_signed() {
    let rig = rig_with_request();
    let killed = rig.command_with_rule(&sign("a.csr", "out.crt"), &[("KILL", "C_Sign!")]);
    assert_eq!(killed.code, None);
    let open = last(&rig);
    let number = format!("#{}", open["entry"]);
    let run = rig.command(&sign("a.csr", "out.crt")).ok();
    let line = run.stderr.lines().next().expect("a line");
    assert!(
        line.contains(&format!(
            "the certificate {number} of this CA was begun and has no recorded signature"
        )),
        "{line}"
    );
    assert!(line.contains(&format!("hsm-ca ledger show '{number}'")), "{line}");
    assert_ne!(last(&rig)["entry"], open["entry"]);

    // Whether the certificate exists is unknown: it is not delivered, but can be revoked, which settles the entry.
    let message = rig
        .json(&["ledger", "deliver", &number, "--out", "x.crt"])
        .refused(3, "entry-open");
    assert!(message.contains("not known"), "{message}");
    let serial = open["serial_number"].as_str().expect("a number");
    rig.json(&[
        "cert",
        "revoke",
        serial,
        "--ca",
        "customerCA.crt",
        "--reason",
        "superseded",
    ])
    .ok();
    assert_eq!(rig.json(&CRL).ok().json()["warnings"], Value::Null);
    assert!(!rig.path("x.crt").exists());
}

#[test]
fn the_same_request_is_a_retry_only_if_the_same_would_be_signed() {
    let rig = rig_with_request();
    let first = rig.json(&sign("a.csr", "1.crt")).ok().json();
    assert_eq!(first["certificates"][0]["retried"], false);
    let retried = |arguments: &[&str]| -> bool {
        let before = count(&rig);
        let json = rig.json(arguments).ok().json();
        let retried = json["certificates"][0]["retried"] == true;
        assert_eq!(count(&rig), before + usize::from(!retried), "{arguments:?}");
        retried
    };
    assert!(retried(&sign("a.csr", "2.crt")));
    assert_eq!(rig.read("1.crt"), rig.read("2.crt"));
    // The same request in another encoding.
    openssl(&rig, &["req", "-in", "a.csr", "-outform", "DER", "-out", "a.der"]);
    assert!(retried(&with(&sign("a.der", "3.crt"), &["--der"])));
    // With --again, another one is signed.
    assert!(!retried(&with(&sign("a.csr", "4.crt"), &["--again"])));
    // The newest is delivered.
    assert!(retried(&sign("a.csr", "5.crt")));
    assert_eq!(rig.read("4.crt"), rig.read("5.crt"));
    // Another validity, hash or profile makes another certificate.
    for more in [&["--days", "7"][..], &["--hash", "sha384"]] {
        let out = format!("with-{}.crt", more[1]);
        assert!(!retried(&with(&sign("a.csr", &out), more)), "{more:?}");
        assert!(
            retried(&with(&sign("a.csr", &format!("again-{out}")), more)),
            "{more:?}"
        );
    }
    let server = [
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "ocsp-signer",
        "--out",
        "6.crt",
    ];
    assert!(!retried(&server));
    // Another request with the same subject and key.
    let arguments = [
        "req",
        "-new",
        "-key",
        "request.key",
        "-subj",
        "/CN=other",
        "-sha512",
        "-out",
        "b.csr",
    ];
    openssl(&rig, &arguments);
    assert!(!retried(&sign("b.csr", "7.crt")));
    // A revoked certificate is not delivered again.
    let serial = last(&rig)["serial_number"].as_str().expect("a number").to_owned();
    rig.json(&[
        "cert",
        "revoke",
        &serial,
        "--ca",
        "customerCA.crt",
        "--reason",
        "superseded",
    ])
    .ok();
    assert!(!retried(&sign("b.csr", "8.crt")));
    assert_sound(&rig);
}

/// The profile's contents count, not its name.
#[test]
fn a_changed_profile_is_another_profile() {
    let rig = rig_with_request();
    let arguments = [
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "./own.toml",
        "--force",
        "--out",
        "a.crt",
    ];
    let sound = "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nlongest-days = 60\nkeys = [\"rsa:2048\"]\n\
        key-usage = [\"digitalSignature\"]\nextended-key-usage = [\"clientAuth\"]\n";
    for (text, retried) in [
        (sound.to_owned(), false),
        (sound.to_owned(), true),
        (sound.replace("clientAuth", "serverAuth"), false),
        // Another name, and the same content.
        (
            sound.replace("mine", "yours").replace("clientAuth", "serverAuth"),
            true,
        ),
        (sound.replace("days = 30", "days = 31"), false),
        (sound.to_owned(), true),
    ] {
        rig.write("own.toml", &text);
        let json = rig.json(&arguments).ok().json();
        assert_eq!(json["certificates"][0]["retried"], retried, "{text}");
    }
}

#[test]
fn a_batch_delivers_signed_certificates_and_signs_the_rest() {
    let rig = rig_with_request();
    make_request(&rig, "b.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    fs::copy(rig.path("b.csr"), rig.path("c.csr")).expect("a copy");
    rig.json(&sign("a.csr", "first.crt")).ok();
    let before = count(&rig);
    let batch = [
        "csr",
        "sign",
        "a.csr",
        "b.csr",
        "c.csr",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        ".",
        "--profile",
        "tls-client",
    ];
    let results = |arguments: &[&str]| -> Vec<String> {
        let told = rig.json(arguments).ok().stdout;
        let lines = told
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines
            .map(|line| line["result"].as_str().expect("a word").to_owned())
            .collect()
    };
    assert_eq!(
        results(&batch),
        ["delivered-again", "issued", "delivered-again", "summary"]
    );
    assert_eq!(count(&rig), before + 1);
    assert_eq!(rig.read("a.crt"), rig.read("first.crt"));
    // One request, given twice.
    assert_eq!(rig.read("b.crt"), rig.read("c.crt"));
    let again = results(&with(&batch, &["--again", "--force"]));
    assert_eq!(again, ["issued", "issued", "issued", "summary"]);
    assert_ne!(rig.read("b.crt"), rig.read("c.crt"));
    assert_eq!(entries(&rig, &["--open"]), Vec::<Value>::new());
}

#[test]
fn stdout_counts_as_delivered_only_if_it_was_written() {
    let rig = rig_with_request();
    for arguments in [&sign("a.csr", "-")[..], &with(&CRL[..4], &["--out", "-"])] {
        for json in [false, true] {
            let arguments = with(arguments, if json { &["--format", "json"] } else { &[] });
            let run = rig.command(&arguments).ok();
            assert!(
                run.stdout.contains("-----BEGIN "),
                "{arguments:?}: {}",
                run.stdout
            );
            assert_eq!(last(&rig)["delivered"], true, "{arguments:?}");
        }
    }
    // The reader has closed the pipe.
    let arguments = with(&sign("a.csr", "-"), &["--again"]);
    let mut command = rig.prepare(&arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    drop(child.stdout.take());
    let mut told = String::new();
    child
        .stderr
        .take()
        .expect("stderr")
        .read_to_string(&mut told)
        .expect("text");
    assert_eq!(child.wait().expect("its end").code(), Some(1), "{told}");
    let lost = last(&rig);
    assert_eq!(
        (&lost["state"], &lost["delivered"]),
        (&"signed".into(), &false.into())
    );
    let told = rig.command(&CRL).ok().stderr;
    assert!(
        told.contains(&format!("hsm-ca ledger deliver '#{}'", lost["entry"])),
        "{told}"
    );
}
