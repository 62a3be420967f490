//! A module that crashes or hangs when it is closed: the result was already printed, and the exit code is the command's.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::Rig;

const LIST: [&str; 4] = ["--format", "json", "key", "list"];

/// Every closing call, before and after the module has carried it out.
const ENDS: [&str; 4] = ["C_CloseSession", "C_CloseSession!", "C_Finalize", "C_Finalize!"];

#[test]
fn a_crash_at_the_end_costs_neither_the_result_nor_the_exit_code() {
    let rig = Rig::new();
    let generate = ["key", "generate", "--label", "ca", "--type", "ec:p256"];
    rig.command(&generate).ok();
    let whole = rig.json(&["key", "list"]).ok().json();
    for end in ENDS {
        let rules = [("CRASH", end)];
        let run = rig.command_with_rule(&LIST, &rules).ok();
        assert_eq!((run.json(), run.stderr.as_str()), (whole.clone(), ""), "{end}");
        let run = rig.command_with_rule(&["key", "list"], &rules).ok();
        assert!(run.stdout.contains("EC P-256"), "{end}: {run:?}");
        assert!(
            run.stderr.contains("warning: the module crashed"),
            "{end}: {run:?}"
        );
        let quiet = rig.command_with_rule(&["-q", "key", "list"], &rules).ok();
        assert_eq!(quiet.stderr, "", "{end}");
    }

    // A signed file, a certificate on stdout, and a failing check.
    let crash = [("CRASH", "C_Finalize")];
    let create = ["ca", "create", "--key", "ca", "--subject", "CN=Test CA", "--out"];
    rig.command_with_rule(&[&create[..], &["ca.crt"]].concat(), &crash)
        .ok();
    let request = ["csr", "create", "--key", "ca", "--subject", "CN=x", "--out", "-"];
    let run = rig.command_with_rule(&request, &crash).ok();
    rig.write("x.csr", &run.stdout);
    rig.tool("openssl", &["req", "-in", "x.csr", "-verify", "-noout"])
        .ok();
    rig.command(&["ledger", "verify"]).ok();
    for (arguments, rule) in [
        (
            &[
                "--format",
                "json",
                "csr",
                "create",
                "--key",
                "other",
                "--subject",
                "CN=x",
                "--out",
                "y.csr",
            ][..],
            "C_Finalize",
        ),
        (
            &[
                "--format",
                "json",
                "csr",
                "create",
                "--key",
                "other",
                "--subject",
                "CN=x",
                "--out",
                "y.csr",
            ],
            "C_CloseSession",
        ),
    ] {
        rig.command_with_rule(arguments, &[("CRASH", rule)])
            .refused(4, "no-key");
    }
    rig.command_with_rule(&["--format", "json", "--token", "cc", "key", "list"], &crash)
        .refused(4, "no-token");
    for end in ENDS {
        for (answer, kind) in [
            ("CKR_PIN_LOCKED", "pin-locked"),
            ("CKR_PIN_INCORRECT", "pin-incorrect"),
            ("CKR_FUNCTION_FAILED", "token"),
        ] {
            let failing = [("CRASH", end), ("FAIL", &format!("C_Login:{answer}"))];
            rig.command_with_rule(&LIST, &failing).refused(4, kind);
        }
    }
    let failing = [("CRASH", "C_Finalize"), ("FAIL", "C_Login:CKR_PIN_LOCKED")];
    let doctor = rig.command_with_rule(&["--format", "json", "doctor", "--no-kms"], &failing);
    assert_eq!(
        (doctor.code, doctor.json()["verified"].as_bool()),
        (Some(4), Some(false)),
        "{doctor:?}"
    );
}

/// The session of a refused login stays open until the module is closed. It must not use up another session.
#[test]
fn refused_logins_share_one_session() {
    let rig = Rig::new();
    let generate = ["key", "generate", "--label", "ca", "--type", "ec:p256"];
    rig.command(&generate).ok();
    let log_in = |rules: &[(&str, &str)]| {
        rig.example_with_rule("refused-logins", &["rig/pin", "200"], rules)
            .ok()
    };
    // A token with room for one session.
    let run = log_in(&[("FAIL", "C_OpenSession:CKR_SESSION_COUNT@2")]);
    assert_eq!(run.stdout, "2 keys\n");
    let counts = ["C_Login", "C_OpenSession", "C_CloseSession", "C_Finalize"].map(|call| rig.count(call));
    assert_eq!(counts, [201, 1, 1, 1]);
    // A session that the module has lost is not used.
    log_in(&[("FAIL", "C_GetSessionInfo:CKR_SESSION_HANDLE_INVALID@1")]);
    assert_eq!(["C_Login", "C_OpenSession"].map(|call| rig.count(call)), [201, 2]);
    rig.command(&["key", "list"]).ok();
}

/// The result is completely written before the process dies in the module.
#[test]
fn the_result_is_written_before_the_module_is_closed() {
    let rig = Rig::new();
    let whole = rig.json(&["token", "list"]).ok().json();
    for end in ["C_Finalize", "C_CloseSession"] {
        let arguments: &[&str] = if end == "C_Finalize" {
            &["--format", "json", "token", "list"]
        } else {
            &LIST
        };
        let run = rig.command_with_rule(arguments, &[("KILL", end)]);
        assert_eq!(run.code, None, "killed: {run:?}");
        let told: Value = run.json();
        assert!(told == whole || told["keys"].is_array(), "{run:?}");
    }
}

#[test]
fn waiting_for_a_module_that_does_not_close_has_a_limit() {
    let rig = Rig::new();
    let start = Instant::now();
    let run = rig
        .command_with_rule(&["key", "list"], &[("HANG", "C_Finalize")])
        .ok();
    assert!(run.stderr.contains("within 10 seconds"), "{run:?}");
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
}

#[test]
fn a_module_without_locks_is_used_without_them() {
    let rig = Rig::new();
    let no_locks = [("CORRUPT", "no-locks")];
    let generate = ["key", "generate", "--label", "ca", "--type", "ec:p256"];
    rig.command_with_rule(&generate, &no_locks).ok();
    let starts = rig.calls().iter().filter(|call| *call == "C_Initialize").count();
    assert_eq!(starts, 2, "with locks, then without");
    let doctor = rig.command_with_rule(&["doctor", "--no-kms"], &no_locks).ok();
    assert!(doctor.stdout.contains("CKR_CANT_LOCK"), "{doctor:?}");
    // A module that starts neither with nor without locks is not tried again.
    let message = rig
        .command_with_rule(&LIST, &[("FAIL", "C_Initialize:CKR_CANT_LOCK@*")])
        .refused(4, "token");
    assert!(message.contains("C_Initialize: CKR_CANT_LOCK"), "{message}");
    assert_eq!(rig.calls(), ["C_Initialize", "C_Initialize"]);
}
