//! A process that is killed between a signature and its file: the next command delivers the same certificate.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use serde_json::Value;

use super::delivery::{
    CRL, assert_sound, count, entries, kill_before_the_file, last, last_of, rig_with_request, sign,
    signed_since, with,
};
use crate::oracle::make_request;

#[test]
fn killed_between_signature_and_file_the_next_command_says_so_and_delivers_the_same() {
    let rig = rig_with_request();
    kill_before_the_file(&rig);
    let lost = last(&rig);
    let number = format!("#{}", lost["entry"]);
    assert_eq!(lost["delivered"], false);
    assert_eq!(entries(&rig, &["--open"]).last(), Some(&lost));

    // Every signing command first reports it, with the command that helps.
    let command = format!("hsm-ca ledger deliver '{number}' --out FILE");
    let told = rig.command(&CRL).ok().stderr;
    let line = told.lines().next().expect("a line");
    assert!(line.contains(&command) && line.starts_with("warning: "), "{told}");
    let own = [
        "csr",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=Test CA,O=Test,C=US",
        "--out",
        "own.csr",
    ];
    let refused = [
        "cert",
        "cross-sign",
        "customerCA.crt",
        "--ca",
        "customerCA.crt",
        "--out",
        "x.crt",
    ];
    make_request(&rig, "b.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    for arguments in [&with(&CRL, &["--force"])[..], &own, &sign("b.csr", "b.crt")] {
        let warnings = rig.json(arguments).ok().json()["warnings"].to_string();
        assert!(warnings.contains(&command), "{arguments:?}: {warnings}");
    }
    // Even if the command is then refused.
    let _ = rig.json(&refused);

    // The same request again: the module is loaded while the ledger is read, but the token is not used.
    let again = rig.command_with_rule(&with(&["--format", "json"], &sign("a.csr", "out.crt")), &[]);
    let again = again.ok().json();
    let certificate = &again["certificates"][0];
    assert_eq!(
        (&certificate["retried"], &certificate["entry"]),
        (&true.into(), &lost["entry"])
    );
    assert_eq!(
        again["warnings"][0].as_str().map(|line| line.contains(&command)),
        Some(true)
    );
    let log = fs::read_to_string(rig.path("calls.log")).unwrap_or_default();
    let of_the_module = |call: &str| call.starts_with("C_Initialize ") || call.starts_with("C_Finalize ");
    assert!(log.lines().all(of_the_module), "the token was asked: {log}");
    assert_eq!(rig.read("out.crt"), lost["pem"].as_str().expect("PEM").as_bytes());
    assert_eq!(last_of(&rig, &lost)["delivered"], true);
    let quiet = rig.json(&with(&CRL, &["--force"])).ok().json();
    assert_eq!(quiet["warnings"], Value::Null);
    assert_sound(&rig);
}

/// Killed repeatedly for one request, at moments spread over the whole run of the process.
#[test]
fn however_often_it_is_killed_one_request_is_signed_once() {
    let rig = rig_with_request();
    let start = Instant::now();
    rig.json(&with(&sign("a.csr", "first.crt"), &["--days", "7"]))
        .ok();
    let whole = start.elapsed();
    let before = count(&rig);
    for turn in 0..24_u32 {
        let mut command = rig.prepare(&sign("a.csr", "out.crt"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut victim = command.spawn().expect("the program");
        thread::sleep(whole * turn / 16);
        let _ = victim.kill();
        victim.wait().expect("its end");
        if rig.path("out.crt").exists() {
            let signed: Vec<_> = signed_since(&rig, before);
            assert_eq!(signed.len(), 1, "turn {turn}");
            assert_eq!(
                rig.read("out.crt"),
                signed[0]["pem"].as_str().expect("PEM").as_bytes()
            );
            fs::remove_file(rig.path("out.crt")).expect("the output");
        }
        // SoftHSM rewrites the token file at every login, and a kill at that moment destroys the token.
        if rig.json(&["key", "show", "customer-ca"]).code != Some(0) {
            break;
        }
    }
    let signed = signed_since(&rig, before);
    assert!(signed.len() <= 1, "{signed:#?}");
    assert_sound(&rig);
}
