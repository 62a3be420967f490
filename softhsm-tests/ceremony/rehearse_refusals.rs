//! `ceremony rehearse` when something goes wrong: it is killed, has another token, or has a plan that cannot be held.

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

/// Killed during a session: no part of the rehearsal is in the ceremony, and no PIN or private key of a person is on disk.
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
    // The process of the session is killed too.
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
    // Another rehearsal can start.
    let report = rehearse(&rig).ok().json();
    assert_eq!(report["verified"], json!(true));
}

/// A problem that would stop the day stops the rehearsal, with the reason. It leaves nothing behind.
#[test]
fn what_would_stop_the_day_stops_the_rehearsal() {
    let plan = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
    // The token lacks the mechanism.
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

/// A module in front of the token counts its calls. Each of the four objects gets one signature. Two keys, the new root's and the stand-in of the
/// older root, prove themselves once each. The stand-in also signs its own certificate.
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
        // The token signed, but its answer was lost: no second signature is requested.
        (("CLOUDHSM_SHIM_FAIL", "C_Sign!:CKR_DEVICE_ERROR@5"), 4, 5),
        // Every signature is verified: the first wrong one stops the rehearsal.
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

/// The module of another product, and a SoftHSM that already has tokens: neither is changed.
#[test]
fn only_an_empty_software_token_is_taken_for_a_rig() {
    let rig = ceremony();
    rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"])
        .ok();
    let missing = [&REHEARSE[..], &["--rig-module", "nowhere.so"]].concat();
    let message = rig.command(&missing).refused(2, "rehearsal");
    assert!(message.contains("nowhere.so"), "{message}");
    assert!(!rig.path("room/rehearsal").exists());

    let other = kryoptic();
    let module = other.to_str().expect("UTF-8");
    rig.command(&[&REHEARSE[..], &["--rig-module", module]].concat())
        .refused(4, "rehearsal");
    assert!(!rig.path("room/rehearsal").exists());

    // The session's process refuses any other configuration, and initialises no token if one already exists.
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
