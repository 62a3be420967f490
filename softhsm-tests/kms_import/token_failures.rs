//! Fails every PKCS#11 call in turn: the error names it, and the token is unchanged, or the next run finishes the import.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::harness::{Call, Rig, Run, Scenario, TokenKind};

/// An error of a call, before or after the module has carried it out.
struct Fault {
    call: Call,
    done: bool,
    value: &'static str,
}

/// The error for a call that was carried out.
const DONE: &str = "CKR_DEVICE_ERROR";

impl Fault {
    fn not_done(call: &Call) -> Self {
        Self {
            call: call.clone(),
            done: false,
            value: "CKR_GENERAL_ERROR",
        }
    }

    fn done(call: &Call, value: &'static str) -> Self {
        Self {
            call: call.clone(),
            done: true,
            value,
        }
    }

    /// Whether the command may still succeed.
    fn is_harmless(&self) -> bool {
        match self.call.function.as_str() {
            // The work is done, and the result was already printed.
            "C_CloseSession" | "C_Finalize" => true,
            // Repeated, because SoftHSM answers CKR_GENERAL_ERROR while another process logs in. The free slot is skipped.
            "C_GetTokenInfo" => true,
            // The search was answered; cryptoki keeps the answer to its end to itself.
            "C_FindObjectsFinal" => true,
            _ => false,
        }
    }

    /// Whether `message` names the failed call.
    fn is_named_in(&self, message: &str) -> bool {
        let function = &self.call.function;
        // The open search blocks the next call.
        let shadow = function == "C_FindObjectsFinal" && message.contains("CKR_OPERATION_ACTIVE");
        shadow || message.contains(&format!("{function}: {}", self.value))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.done { "!" } else { "" };
        write!(f, "{}{mark}:{}@{}", self.call.function, self.value, self.call.nth)
    }
}

/// How a failed run reports an object that it leaves.
fn admits(message: &str) -> bool {
    [
        "on the token anyway, not proven",
        "STILL ON THE TOKEN",
        "it is not known whether a key",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// The one-line error of a command after a token failure.
#[track_caller]
fn message_of(run: &Run, case: &str) -> String {
    assert_eq!(run.code, Some(4), "{case}: {run:#?}");
    assert_eq!(run.stdout, "", "{case}");
    // A warning about `--route create-object` comes before.
    let start = run.stderr.find('{').unwrap_or_default();
    let error: Value = serde_json::from_str(&run.stderr[start..])
        .unwrap_or_else(|error| panic!("{case}: {error}: {run:#?}"));
    let message = error["error"]["message"].as_str().expect("a message").to_owned();
    assert!(!message.contains('\n'), "{case}: {message}");
    message
}

fn check(scenario: &Scenario, fault: &Fault, harmless: &[&str], rig: &Rig) {
    let case = fault.to_string();
    let run = scenario.run(rig, &[("FAIL", &case)]);
    rig.assert_nothing_precious_was_repeated(&case);
    if run.code == Some(0) {
        let expected = fault.is_harmless() || harmless.contains(&fault.call.function.as_str());
        assert!(expected, "{case}: {run:?}");
        assert_eq!(rig.keys(), scenario.after, "{case}");
        return;
    }
    let message = message_of(&run, &case);
    assert!(fault.is_named_in(&message), "{case}: {message}");
    scenario.recover(rig, &case, admits(&message));
}

/// Each of `not_done` fails without being done, and each of `done` after it was done, with `value`.
fn fail_each(scenario: &Scenario, not_done: &[Call], done: &[Call], value: &'static str, harmless: &[&str]) {
    let faults: Vec<_> = not_done
        .iter()
        .map(Fault::not_done)
        .chain(done.iter().map(|call| Fault::done(call, value)))
        .collect();
    scenario.try_all(&faults, 2, |fault, rig| check(scenario, fault, harmless, rig));
}

/// Every call, not done and done.
fn every_call_of(scenario: &Scenario, harmless: &[&str]) {
    let calls = scenario.calls();
    fail_each(scenario, &calls, &calls, DONE, harmless);
}

/// Every call, not done; and the telling ones done: each import generates a wrapping key.
fn every_call_of_an_import_into(kind: TokenKind, value: &'static str) {
    let scenario = Scenario::import(kind);
    let calls = scenario.calls();
    fail_each(&scenario, &calls, &Scenario::telling(&calls), value, &[]);
}

#[test]
fn every_call_of_an_import_into_softhsm() {
    every_call_of_an_import_into(TokenKind::SoftHsm, DONE);
}

#[test]
fn every_call_of_an_import_into_nss() {
    // The slowest: only the important calls, not done and done.
    let scenario = Scenario::import(TokenKind::Nss);
    let telling = Scenario::telling(&scenario.calls());
    // If the attributes of the unwrapped key cannot be set, its copy gets them.
    fail_each(&scenario, &telling, &telling, DONE, &["C_SetAttributeValue"]);
}

#[test]
fn every_call_of_an_import_into_kryoptic() {
    every_call_of_an_import_into(TokenKind::Kryoptic, DONE);
}

#[test]
fn every_call_of_an_import_into_cloudhsm() {
    // CKR_DEVICE_ERROR means that it is busy.
    every_call_of_an_import_into(TokenKind::CloudHsm, "CKR_HOST_MEMORY");
}

#[test]
fn every_call_of_a_sealed_import() {
    every_call_of(&Scenario::sealed(), &[]);
}

#[test]
fn every_call_that_makes_a_recipient_key() {
    // The public half is destroyed, which would end with the session anyway.
    every_call_of(&Scenario::recipient_key(), &["C_DestroyObject"]);
}

#[test]
fn every_call_of_an_import_in_plaintext() {
    let scenario = Scenario::import(TokenKind::SoftHsm).with_arguments(&["--route", "create-object"]);
    every_call_of(&scenario, &[]);
}

#[test]
fn every_call_of_a_second_import() {
    let scenario = Scenario::import(TokenKind::Kryoptic).done_before();
    every_call_of(&scenario, &[]);
}

#[test]
fn every_call_of_an_import_that_completes_another() {
    let scenario = Scenario::import(TokenKind::Kryoptic).cut_off();
    every_call_of(&scenario, &[]);
}

/// From one call on, every call fails; the first of them may have been done.
struct Gone {
    fault: Fault,
    rules: String,
}

impl Gone {
    fn from_each(calls: &[Call]) -> Vec<Self> {
        const VALUE: &str = "CKR_DEVICE_REMOVED";
        // If all calls of a function fail, no more are made.
        const MORE: usize = 12;
        let mut made: BTreeMap<_, _> = calls.iter().map(|call| (&call.function, 0)).collect();
        let mut gone = Vec::new();
        for call in calls {
            let fault = Fault {
                done: call.is_mutating(),
                ..Fault::done(call, VALUE)
            };
            let mut rules = vec![fault.to_string()];
            made.insert(&call.function, call.nth);
            for (function, made) in &made {
                rules.extend((made + 1..=made + MORE).map(|nth| format!("{function}:{VALUE}@{nth}")));
            }
            gone.push(Self {
                fault,
                rules: rules.join(";"),
            });
        }
        gone
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and all that follow", self.fault)
    }
}

fn gone_at_every_call_of(scenario: &Scenario, harmless: &[&str]) {
    let cases = Gone::from_each(&scenario.calls());
    scenario.try_all(&cases, 2, |gone, rig| {
        let case = gone.to_string();
        let run = scenario.run(rig, &[("FAIL", &gone.rules)]);
        rig.assert_nothing_precious_was_repeated(&case);
        if run.code == Some(0) {
            let expected = gone.fault.is_harmless() || harmless.contains(&gone.fault.call.function.as_str());
            assert!(expected, "{case}: {run:?}");
            assert_eq!(rig.keys(), scenario.after, "{case}");
            return;
        }
        let message = message_of(&run, &case);
        let named = gone.fault.is_named_in(&message) || gone.fault.is_harmless();
        assert!(named && message.contains(gone.fault.value), "{case}: {message}");
        scenario.recover(rig, &case, admits(&message));
    });
}

#[test]
fn a_token_that_is_gone_from_any_call_on() {
    gone_at_every_call_of(&Scenario::import(TokenKind::Kryoptic), &[]);
}

#[test]
fn a_token_that_is_gone_from_any_call_of_a_sealed_import_on() {
    gone_at_every_call_of(&Scenario::sealed(), &[]);
}

#[test]
fn a_token_that_is_gone_while_it_makes_a_recipient_key() {
    gone_at_every_call_of(&Scenario::recipient_key(), &["C_DestroyObject"]);
}
