//! `ceremony rehearse`, when something is wrong: killed, on another token, or with a plan that could not be held.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use hsm_ca::ceremony::to_canonical;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::check::ceremony;
use super::rehearse::{REHEARSE, files_below, is_empty, one_session, rehearse, temporary};
use crate::harness::{Rig, Run, kryoptic, shim, signal, softhsm};

/// Killed while a session is held: no part of a rehearsal is in the ceremony, and no PIN and no private key of a person is on the disk.
#[test]
fn a_rehearsal_that_is_killed_leaves_nothing_in_the_ceremony_and_no_secret() {
    let rig = ceremony();
    one_session(&rig);
    rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"])
        .ok();
    let before = files_below(&rig.path("room"));
    let tmp = temporary(&rig);
    let mut command = rig.prepare(&REHEARSE);
    command.env("TMPDIR", &tmp);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("the program");
    let deadline = Instant::now() + Duration::from_secs(60);
    let has_transcript = || {
        let files = files_below(&tmp).into_iter();
        files
            .map(|(path, _)| path)
            .any(|path| path.ends_with("transcript.jsonl"))
    };
    while !has_transcript() {
        assert!(Instant::now() < deadline, "no session was begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(child.id(), Signal::KILL);
    child.wait().expect("an end");
    // The process of the session ends with it.
    let settled = |_| {
        let before = files_below(&tmp);
        std::thread::sleep(Duration::from_millis(500));
        before == files_below(&tmp)
    };
    assert!((0..20).any(settled), "the session goes on");
    assert_eq!(files_below(&rig.path("room")), before);
    for (path, bytes) in files_below(&tmp) {
        assert!(!path.ends_with("SHA256SUMS"), "the session went on to its end");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(!name.contains("pin"), "{}", path.display());
        assert!(
            !String::from_utf8_lossy(&bytes).contains("PRIVATE KEY"),
            "{}",
            path.display()
        );
    }
    // Nothing is in the way of another one.
    let report = rehearse(&rig).ok().json();
    assert_eq!(report["verified"], json!(true));
}

/// What would stop the day stops the rehearsal, with the reason, and leaves nothing.
#[test]
fn what_would_stop_the_day_stops_the_rehearsal() {
    let plan = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
    // The token has no such mechanism.
    let rig = ceremony();
    one_session(&rig);
    rig.edit("type = \"ec:p384\"", "type = \"ml-dsa-65\"");
    rig.json(&plan).ok();
    let run = rehearse(&rig);
    assert_ne!(run.code, Some(0));
    assert!(run.stderr.contains("session \\\"main\\\""), "{run:#?}");
    assert!(!rig.path("room/rehearsal").exists());

    // Another program would be refused on the day.
    let mut plan: Value = serde_json::from_slice(&rig.read("room/plan.json")).expect("JSON");
    plan["tool"]["sha256"] = json!("5f".repeat(32));
    rig.write("room/plan.json", to_canonical(&plan).expect("canonical"));
    rehearse(&rig).refused(3, "ceremony-swapped");
}

/// The token's calls are counted by a module in front of it. One signature for each of the four objects; each of the two keys, that of the new root
/// and the stand-in of the older one, proves itself once; and the older root's stand-in certificate is signed.
#[test]
fn a_token_signs_as_often_as_planned_and_its_failure_leaves_nothing() {
    let rig = ceremony();
    one_session(&rig);
    rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"])
        .ok();
    let (shim, softhsm, tmp) = (shim(), softhsm(), temporary(&rig));
    let rehearse = |rule: Option<(&str, &str)>| {
        let _ = fs::remove_file(rig.path("calls.log"));
        let mut command = rig.prepare(&REHEARSE);
        command.arg("--rig-module").arg(&shim).env("TMPDIR", &tmp);
        command
            .env("CLOUDHSM_SHIM_TARGET", &softhsm)
            .env("CLOUDHSM_SHIM_LOG", rig.path("calls.log"));
        if let Some((name, value)) = rule {
            command.env(name, value);
        }
        Run::of(&mut command)
    };
    for (rule, code, signatures) in [
        // The token signed, and its answer was lost: it is not asked again.
        (("CLOUDHSM_SHIM_FAIL", "C_Sign!:CKR_DEVICE_ERROR@5"), 4, 5),
        // Every signature is verified: the first wrong one ends it.
        (("CLOUDHSM_SHIM_CORRUPT", "sign"), 3, 1),
        (("CLOUDHSM_SHIM_KILL", "C_SignInit@6"), 1, 5),
    ] {
        let message = rehearse(Some(rule)).refused(code, "rehearsal");
        assert!(message.contains("main"), "{message}");
        assert_eq!(rig.count("C_SignInit"), signatures, "{rule:?}: {message}");
        assert!(!rig.path("room/rehearsal").exists(), "{rule:?}");
        assert!(is_empty(&tmp), "{rule:?}");
    }
    let report = rehearse(None).ok().json();
    assert_eq!(report["verified"], json!(true));
    assert_eq!(rig.count("C_SignInit"), 4 + 2 + 1);
}

/// Another product's module, and a SoftHSM that has tokens already: neither is touched.
#[test]
fn only_an_empty_software_token_is_taken_for_a_rig() {
    let rig = ceremony();
    rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"])
        .ok();
    let missing = [&REHEARSE[..], &["--rig-module", "nowhere.so"]].concat();
    let message = rig.command(&missing).refused(4, "rehearsal");
    assert!(message.contains("nowhere.so"), "{message}");
    assert!(!rig.path("room/rehearsal").exists());

    let other = kryoptic();
    let module = other.to_str().expect("UTF-8");
    rig.command(&[&REHEARSE[..], &["--rig-module", module]].concat())
        .refused(4, "rehearsal");
    assert!(!rig.path("room/rehearsal").exists());

    // The process that does it takes no other configuration, and initialises no token where there is one already.
    let other = Rig::new();
    let (library, room, work) = (softhsm(), rig.path("room"), other.path("rig"));
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let start = |configuration: Option<&str>| {
        let mut command = other.prepare(&["--format", "json", "ceremony", "rehearse-session"]);
        command
            .arg(&room)
            .args(["--session", "main", "--module", &path(&library)]);
        command.arg("--rig").arg(&work).env_remove("SOFTHSM2_CONF");
        if let Some(configuration) = configuration {
            command.env("SOFTHSM2_CONF", other.path(configuration));
        }
        other.without_secrets(Run::of(&mut command))
    };
    let before = files_below(&work.join("tokens"));
    start(None).refused(2, "usage");
    start(Some("ceremony.toml")).refused(2, "usage");
    start(Some("rig/softhsm2.conf")).refused(4, "rehearsal-rig");
    assert_eq!(files_below(&work.join("tokens")), before);
    assert!(!work.join("practice").exists());
}
