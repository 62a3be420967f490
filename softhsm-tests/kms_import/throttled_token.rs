//! A busy token (like AWS CloudHSM): calls are repeated within a limit, except for signatures and logins.

use std::time::{Duration, Instant};

use crate::harness::{Keys, Scenario, TokenKind};

fn import() -> Scenario {
    Scenario::import(TokenKind::CloudHsm)
}

fn count(calls: &[String], name: &str) -> usize {
    calls.iter().filter(|call| *call == name).count()
}

#[test]
fn calls_to_a_busy_token_are_repeated_and_the_import_succeeds() {
    // Signatures and logins are not repeated, so they must not be throttled.
    const ASKED_AGAIN: &str =
        "C_FindObjectsInit,C_GetAttributeValue,C_GenerateKeyPair,C_UnwrapKey,C_CreateObject,C_DestroyObject";
    let scenario = import();
    scenario.try_all(&["1/3", "1/4", "2/5@1", "2/5@2", "2/5@3"], 2, |throttle, rig| {
        let start = Instant::now();
        let rules = [("THROTTLE", *throttle), ("THROTTLE_CALLS", ASKED_AGAIN)];
        let run = scenario.run(rig, &rules);
        assert_eq!(run.code, Some(0), "{throttle}: {run:?}");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(30), "{throttle}: {took:?}");
        rig.assert_nothing_precious_was_repeated(throttle);
        assert_eq!(rig.keys(), Keys::PAIR, "{throttle}");
    });
}

#[test]
fn after_any_throttled_call_the_next_run_finishes() {
    let scenario = import();
    scenario.try_all(&["1/3", "1/4", "2/5@1", "2/5@7"], 2, |throttle, rig| {
        let run = scenario.run(rig, &[("THROTTLE", *throttle)]);
        rig.assert_nothing_precious_was_repeated(throttle);
        let named = ["C_Login", "C_SignInit", "C_Sign"]
            .iter()
            .any(|function| run.stderr.contains(&format!("{function}: CKR_FUNCTION_FAILED")));
        assert!(
            run.code == Some(0) || run.code == Some(4) && named,
            "{throttle}: {run:?}"
        );
        scenario.run_again(rig, throttle);
    });
}

#[test]
fn a_token_that_is_always_busy_is_given_up() {
    let scenario = import();
    let functions = [
        "C_FindObjectsInit",
        "C_GetAttributeValue",
        "C_GenerateKeyPair",
        "C_UnwrapKey",
        "C_CreateObject",
        "C_DestroyObject",
    ];
    scenario.try_all(&functions, 3, |function, rig| {
        let start = Instant::now();
        let run = scenario.run(rig, &[("FAIL", &format!("{function}:CKR_FUNCTION_FAILED@*"))]);
        let took = start.elapsed();
        assert_eq!(run.code, Some(4), "{function}: {run:?}");
        assert!(
            run.stderr.contains(&format!("{function}: CKR_FUNCTION_FAILED")),
            "{function}: {run:?}"
        );
        assert!(took < Duration::from_secs(10), "{function}: {took:?}");
        let said = ["not proven", "STILL ON THE TOKEN"]
            .iter()
            .any(|words| run.stderr.contains(words));
        scenario.recover(rig, function, said);
    });
}

#[test]
fn a_signature_and_a_login_are_tried_once() {
    let scenario = import();
    let functions = ["C_Login", "C_SignInit", "C_Sign", "C_Sign!"];
    scenario.try_all(&functions, 2, |point, rig| {
        let run = scenario.run(rig, &[("FAIL", &format!("{point}:CKR_FUNCTION_FAILED"))]);
        assert_eq!(run.code, Some(4), "{point}: {run:?}");
        let function = point.trim_end_matches('!');
        assert!(
            run.stderr.contains(&format!("{function}: CKR_FUNCTION_FAILED")),
            "{point}: {run:?}"
        );
        rig.assert_nothing_precious_was_repeated(point);
        if function == "C_Login" {
            assert_eq!(count(&rig.calls(), "C_Login"), 1, "{point}");
        } else {
            assert!(run.stderr.contains("destroyed"), "{point}: {run:?}");
        }
        assert_eq!(rig.keys(), Keys::NONE, "{point}");
    });
}

#[test]
fn a_call_that_succeeded_but_reported_failure_is_not_repeated() {
    let scenario = import();
    let calls = scenario.calls();
    let points: Vec<_> = calls
        .iter()
        .filter(|call| call.is_mutating())
        .flat_map(|call| ["CKR_FUNCTION_FAILED", "CKR_DEVICE_ERROR"].map(|value| (call, value)))
        .map(|(call, value)| format!("{}!:{value}@{}", call.function, call.nth))
        .collect();
    scenario.try_all(&points, 2, |rule, rig| {
        let run = scenario.run(rig, &[("FAIL", rule)]);
        assert_eq!(run.code, Some(0), "{rule}: {run:?}");
        assert_eq!(run.json()["outcome"], "imported", "{rule}");
        assert_eq!(rig.keys(), Keys::PAIR, "{rule}");
        let log = rig.calls();
        assert_eq!(count(&log, "C_UnwrapKey"), 1, "{rule}");
        assert_eq!(count(&log, "C_CreateObject"), 1, "{rule}");
    });
}
