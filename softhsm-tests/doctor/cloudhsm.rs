//! `doctor` on AWS CloudHSM: it finds faults and hints, wastes no PIN attempt, and leaves nothing on the token.

use std::fs;

use serde_json::Value;

use crate::harness::{Rig, Run, TokenKind};

mod client;
mod keys;

const DOCTOR: [&str; 4] = ["--format", "json", "doctor", "--no-kms"];

/// `doctor` behind the CloudHSM module with these rules. Its output must not contain the password.
fn doctor(rig: &Rig, more: &[&str], rules: &[(&str, &str)]) -> Run {
    let run = rig.command_with_rule(&[&DOCTOR[..], more].concat(), rules);
    let secret = fs::read_to_string(rig.path("crypto-user")).expect("the PIN file");
    let password = secret
        .trim()
        .split_once(':')
        .map_or(secret.trim(), |(_, password)| password);
    assert!(
        !format!("{}{}", run.stdout, run.stderr).contains(password) || password.is_empty(),
        "{run:#?}"
    );
    run
}

/// The checks of this name.
fn checks(run: &Run, name: &str) -> Vec<(String, String, String)> {
    let report = run.json();
    let list = report["checks"].as_array().expect("checks").iter();
    let text = |check: &Value, field: &str| check[field].as_str().unwrap_or_default().to_owned();
    list.filter(|check| check["check"] == name)
        .map(|check| (text(check, "state"), text(check, "found"), text(check, "hint")))
        .collect()
}

/// Asserts the state, finding and hint of the only check with this name.
#[track_caller]
fn assert_check(run: &Run, name: &str, state: &str, found: &str, hint: &str) {
    let [check] = &checks(run, name)[..] else {
        panic!("not one check {name}: {run:#?}");
    };
    assert_eq!(check.0, state, "{check:?}");
    assert!(check.1.contains(found), "{found}: {check:?}");
    assert!(check.2.contains(hint), "{hint}: {check:?}");
    let passed = run.json()["verified"] == true;
    // A file that is named and does not exist is a matter of usage, as for every command.
    let report = run.json();
    let all = report["checks"].as_array().expect("checks").iter();
    let is_missing = |one: &Value| {
        one["found"]
            .as_str()
            .is_some_and(|found| found.contains("No such file"))
    };
    let is_missing = all.filter(|one| one["state"] == "failed").any(is_missing);
    let failed = if is_missing { 2 } else { 4 };
    assert_eq!(run.code, Some(if passed { 0 } else { failed }), "{run:#?}");
    assert!(state != "failed" || !passed);
}

fn count(rig: &Rig, function: &str) -> usize {
    rig.calls().iter().filter(|call| *call == function).count()
}

#[test]
fn an_impossible_pin_is_not_tried() {
    let rig = Rig::of(TokenKind::CloudHsm);
    let pin = rig.pin();
    let (long_user, long_password) = ("u".repeat(32), "p".repeat(33));
    for (pin, why) in [
        (pin.clone(), "it has no colon"),
        (
            format!(":{pin}"),
            "the user name before its first colon is missing",
        ),
        (
            "CryptoUser:".to_owned(),
            "the password after its first colon is missing",
        ),
        (format!("{long_user}:{pin}"), "more than 31 characters before"),
        ("CryptoUser:secret".to_owned(), "fewer than 7 characters after"),
        (
            format!("CryptoUser:{long_password}"),
            "more than 32 characters after",
        ),
    ] {
        rig.write("crypto-user", format!("{pin}\n"));
        for command in [
            &["key", "list"][..],
            &["key", "show", "customer-ca"],
            &["key", "verify", "customer-ca"],
            &[
                "ca",
                "create",
                "--key",
                "customer-ca",
                "--subject",
                "CN=a",
                "--out",
                "a.crt",
            ],
        ] {
            let command = [&["--format", "json"], command].concat();
            let run = rig.command_with_rule(&command, &[]);
            let said = format!("{}{}", run.stdout, run.stderr);
            for part in pin.split(':').filter(|part| !part.is_empty()) {
                assert!(!said.contains(part), "{part}: {said}");
            }
            assert!(run.refused(2, "unfit-pin").contains(why), "{pin}");
            assert_eq!(
                (count(&rig, "C_OpenSession"), count(&rig, "C_Login")),
                (0, 0),
                "{pin}"
            );
        }
        let run = doctor(&rig, &[], &[]);
        assert_check(&run, "login", "failed", why, "cloudhsm-cli user list");
        assert_eq!(
            (count(&rig, "C_OpenSession"), count(&rig, "C_Login")),
            (0, 0),
            "{pin}"
        );
        for part in pin.split(':').filter(|part| !part.is_empty()) {
            assert!(!run.stdout.contains(part), "{part}: {}", run.stdout);
        }
    }
}

#[test]
fn another_token_accepts_a_pin_without_a_colon() {
    let rig = Rig::of(TokenKind::Kryoptic);
    let run = rig.command_with_rule(&DOCTOR, &[]);
    assert_check(&run, "login", "ok", "as user", "");
    assert_check(&run, "session", "ok", "read-write", "");
    for name in ["module-path", "client-sdk", "cluster-ca", "key-use", "new-key"] {
        assert!(checks(&run, name).is_empty(), "{name}: {run:#?}");
    }
}

#[test]
fn a_crypto_user_is_named_once_the_hsm_knows_it() {
    let rig = Rig::of(TokenKind::CloudHsm);
    let run = doctor(&rig, &[], &[]);
    assert_check(
        &run,
        "login",
        "ok",
        "as crypto user CryptoUser; 0 key objects",
        "",
    );
    assert_check(&run, "session", "ok", "read-write", "");
    // Its token does not report that a PIN is set.
    assert_check(&run, "pin-tries", "ok", "", "");
    assert_eq!((count(&rig, "C_Login"), count(&rig, "C_Sign")), (1, 0));
}

#[test]
fn an_admin_is_advised_to_use_a_crypto_user_after_one_attempt() {
    let rig = Rig::of(TokenKind::CloudHsm);
    for user in ["admin", "SomebodyElse"] {
        rig.write("crypto-user", format!("{user}:{}", rig.pin()));
        let run = doctor(&rig, &[], &[]);
        assert_check(
            &run,
            "login",
            "failed",
            "no crypto user has this name",
            "cloudhsm-cli user list",
        );
        let (_, found, hint) = checks(&run, "login").remove(0);
        assert!(
            hint.contains("crypto-user (an admin cannot log in here)"),
            "{hint}"
        );
        // It may be part of a password.
        assert!(!found.contains(user), "{found}");
        assert_eq!(count(&rig, "C_Login"), 1);
        let list = ["--format", "json", "key", "list"];
        rig.command_with_rule(&list, &[]).refused(4, "pin-incorrect");
    }
    let log = String::from_utf8(rig.read("calls.log")).expect("UTF-8");
    assert!(
        !log.contains("This user doesn't exist"),
        "of the other user: {log}"
    );
    rig.write("crypto-user", format!("admin:{}", rig.pin()));
    doctor(&rig, &[], &[]);
    let log = String::from_utf8(rig.read("calls.log")).expect("UTF-8");
    assert!(log.contains("This user doesn't exist"), "{log}");
}

#[test]
fn a_locked_user_needs_an_admin() {
    let rig = Rig::of(TokenKind::CloudHsm);
    let run = doctor(&rig, &[], &[("FAIL", "C_Login:CKR_PIN_LOCKED")]);
    assert_check(
        &run,
        "login",
        "failed",
        "locked",
        "user change-password --role crypto-user",
    );
}

/// The flag says that the token is write-protected; a read-only session would be refused.
#[test]
fn sessions_are_read_write_even_if_the_token_claims_write_protection() {
    let rig = Rig::of(TokenKind::CloudHsm);
    let run = doctor(&rig, &[], &[("TOKEN_FLAGS", "0x2")]);
    assert_check(&run, "session", "ok", "read-write", "");
}

#[test]
fn in_a_pipe_each_check_is_a_line_with_its_hint_below() {
    let rig = Rig::of(TokenKind::CloudHsm);
    rig.write("crypto-user", "CUPassword123!");
    let run = rig.command_with_rule(&["doctor", "--no-kms"], &[("LIBRARY_VERSION", "5.17")]);
    assert_eq!(run.code, Some(4));
    assert!(!run.stdout.contains("CUPassword123!"));
    for line in run.stdout.lines() {
        let is_hint = line.trim_start().starts_with("hint: ");
        assert!(is_hint || !line.starts_with(' '), "{line}");
    }
    let lines: Vec<_> = run.stdout.lines().collect();
    let login = lines
        .iter()
        .position(|line| line.starts_with("login         FAILED "));
    let below = lines.get(login.expect("a line") + 1).expect("a hint");
    assert!(
        below.trim_start().starts_with("hint: CloudHSM's PIN is"),
        "{below}"
    );
}
