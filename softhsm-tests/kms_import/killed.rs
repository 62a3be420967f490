//! Killed (`SIGKILL`) before every PKCS#11 call, and after every one that changes something: the next run finishes the import. (On SoftHSM
//! and NSS, which take long to generate a wrapping key, only at the important calls.)

use std::fmt;

use crate::harness::{Call, Scenario, TokenKind};

struct Point {
    call: Call,
    after: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.after { "!" } else { "" };
        write!(f, "{}{mark}@{}", self.call.function, self.call.nth)
    }
}

fn at_every_call_of(scenario: &Scenario) {
    at(scenario, scenario.calls());
}

fn at_telling_calls_of(scenario: &Scenario) {
    at(scenario, Scenario::telling(&scenario.calls()));
}

fn at(scenario: &Scenario, calls: Vec<Call>) {
    let points: Vec<_> = calls
        .into_iter()
        .flat_map(|call| {
            let after = call.is_mutating().then(|| Point {
                call: call.clone(),
                after: true,
            });
            [Some(Point { call, after: false }), after].into_iter().flatten()
        })
        .collect();
    scenario.try_all(&points, 2, |point, rig| {
        let case = format!("killed at {point}");
        let killed = scenario.run(rig, &[("KILL", &point.to_string())]);
        assert_eq!(killed.code, None, "{case}: {killed:?}");
        // Nothing was printed.
        scenario.recover(rig, &case, false);
    });
}

#[test]
fn an_import_into_softhsm() {
    at_telling_calls_of(&Scenario::import(TokenKind::SoftHsm));
}

#[test]
fn an_import_into_kryoptic() {
    at_every_call_of(&Scenario::import(TokenKind::Kryoptic));
}

#[test]
fn an_import_into_nss() {
    at_telling_calls_of(&Scenario::import(TokenKind::Nss));
}

#[test]
fn an_import_into_cloudhsm() {
    at_every_call_of(&Scenario::import(TokenKind::CloudHsm));
}

#[test]
fn an_import_in_plaintext() {
    at_every_call_of(&Scenario::import(TokenKind::SoftHsm).with_arguments(&["--route", "create-object"]));
}

#[test]
fn a_sealed_import() {
    at_every_call_of(&Scenario::sealed());
}

#[test]
fn the_generation_of_a_recipient_key() {
    at_every_call_of(&Scenario::recipient_key());
}

#[test]
fn an_import_that_completes_another() {
    at_every_call_of(&Scenario::import(TokenKind::Kryoptic).cut_off());
}
