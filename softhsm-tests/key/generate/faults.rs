//! Fails every PKCS#11 call of a generation and of a deletion, and kills the process at each: remains are reported, or named by the next
//! run, and can be deleted.

use std::fmt;

use crate::harness::{Call, Keys, Rig, Run, Scenario, TokenKind};

/// What happens to one call.
struct Case {
    rule: &'static str,
    point: String,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.rule, self.point)
    }
}

/// Fails before and after it was done, killed before and, where it changes something, after.
fn cases(calls: &[Call]) -> Vec<Case> {
    let of = |rule, point| Case { rule, point };
    let all = calls.iter().flat_map(|Call { function, nth }| {
        let call = Call {
            function: function.clone(),
            nth: *nth,
        };
        let after = call
            .is_mutating()
            .then(|| of("KILL", format!("{function}!@{nth}")));
        [
            Some(of("FAIL", format!("{function}:CKR_GENERAL_ERROR@{nth}"))),
            Some(of("FAIL", format!("{function}!:CKR_HOST_MEMORY@{nth}"))),
            Some(of("KILL", format!("{function}@{nth}"))),
            after,
        ]
    });
    all.flatten().collect()
}

/// Deletes every private and public key that a report or an error names by its id.
fn ids_in(text: &str) -> Vec<String> {
    let digits = |rest: &str| {
        rest.chars()
            .take_while(char::is_ascii_hexdigit)
            .collect::<String>()
    };
    let named = text.split("id ").skip(1).map(digits);
    let uris = text.split("pkcs11:id=").skip(1).map(|rest| {
        let id = rest.split('\'').next().unwrap_or_default();
        id.replace('%', "")
    });
    named.chain(uris).filter(|id| id.len() == 40).collect()
}

fn delete_all_named(rig: &Rig, text: &str) {
    for id in ids_in(text) {
        let id: String = id
            .as_bytes()
            .chunks(2)
            .map(|pair| format!("%{}{}", char::from(pair[0]), char::from(pair[1])))
            .collect();
        // Both halves go at once; the second time it is not there.
        let run = rig.json(&["key", "delete", &format!("pkcs11:id={id}"), "--yes"]);
        assert!(run.code == Some(0) || run.stderr.contains("no-key"), "{run:#?}");
    }
}

/// A failed run reports what it leaves; after a killed one, the next run does. Then the token can be emptied and used.
fn recover(rig: &Rig, run: &Run, case: &str) {
    let left = rig.keys();
    if left == Keys::NONE {
        return;
    }
    if run.code.is_some() {
        assert!(
            run.stderr.contains("STILL ON THE TOKEN"),
            "{case}: {left:?} {run:#?}"
        );
    }
    let generate = || rig.json(&["key", "generate", "--label", "ca", "--type", "ec:p256"]);
    let mut next = generate();
    if next.code != Some(0) {
        let message = next.refused(2, "label-taken");
        delete_all_named(rig, &message);
        // If a pair was interrupted between its two labels, the other half is reported now.
        next = generate();
    } else {
        let warnings = next.json()["warnings"].to_string();
        assert!(warnings.contains("interrupted"), "{case}: {left:?} {warnings}");
    }
    let report = next.ok().json();
    delete_all_named(rig, &report["warnings"].to_string());
    rig.command(&["key", "delete", "ca", "--yes"]).ok();
    assert_eq!(rig.keys(), Keys::NONE, "{case}");
    rig.command(&["key", "generate", "--label", "ca", "--type", "ec:p256"])
        .ok();
    assert_eq!(rig.keys(), Keys::PAIR, "{case}");
}

fn at_every_call_of_a_generation_on(kind: TokenKind) {
    let scenario = Scenario::generate(kind);
    let calls = match kind {
        TokenKind::Kryoptic => scenario.calls(),
        _ => Scenario::telling(&scenario.calls()),
    };
    scenario.try_all(&cases(&calls), 2, |case, rig| {
        let run = scenario.run(rig, &[(case.rule, &case.point)]);
        let case = case.to_string();
        if run.code == Some(0) {
            assert_eq!(rig.keys(), Keys::PAIR, "{case}");
            rig.command(&["key", "verify", "ca"]).ok();
            return;
        }
        if run.code.is_some() {
            assert_eq!(run.code, Some(4), "{case}: {run:#?}");
        }
        recover(rig, &run, &case);
    });
}

#[test]
fn every_call_of_a_generation_on_softhsm() {
    at_every_call_of_a_generation_on(TokenKind::SoftHsm);
}

#[test]
fn every_call_of_a_generation_on_kryoptic() {
    at_every_call_of_a_generation_on(TokenKind::Kryoptic);
}

#[test]
fn every_call_of_a_generation_on_nss() {
    at_every_call_of_a_generation_on(TokenKind::Nss);
}

#[test]
fn every_call_of_a_generation_on_cloudhsm() {
    at_every_call_of_a_generation_on(TokenKind::CloudHsm);
}

#[test]
fn calls_to_a_busy_token_are_repeated_and_make_one_pair() {
    // Signatures and logins are not repeated, so they must not be throttled.
    const ASKED_AGAIN: &str = "C_FindObjectsInit,C_GetAttributeValue,C_GenerateKeyPair,C_DestroyObject";
    let scenario = Scenario::generate(TokenKind::CloudHsm);
    // At random: a regular pattern could match the retries and block every one of them.
    scenario.try_all(&["1/5@1", "1/5@2", "1/4@3", "1/4@4"], 2, |throttle, rig| {
        let rules = [("THROTTLE", *throttle), ("THROTTLE_CALLS", ASKED_AGAIN)];
        scenario.run(rig, &rules).ok();
        rig.assert_nothing_precious_was_repeated(throttle);
        assert_eq!(rig.keys(), Keys::PAIR, "{throttle}");
    });
    // It made the pair, but answered that it is busy.
    let rig = scenario.template.copy();
    scenario
        .run(&rig, &[("FAIL", "C_GenerateKeyPair!:CKR_FUNCTION_FAILED@1")])
        .ok();
    assert_eq!(rig.keys(), Keys::PAIR);
    let run = scenario.run(
        &scenario.template.copy(),
        &[("FAIL", "C_GenerateKeyPair!:CKR_FUNCTION_FAILED@*")],
    );
    assert!(
        run.refused(4, "token")
            .contains("C_GenerateKeyPair: CKR_FUNCTION_FAILED")
    );
}

#[test]
fn a_cluster_with_one_hsm_makes_no_key() {
    let rig = Rig::of(TokenKind::CloudHsm).with("CLOUDHSM_SHIM_HSMS", "1");
    let run = rig.json(&["key", "generate", "--label", "ca", "--type", "ec:p256"]);
    assert!(run.stderr.contains("the cluster has only one HSM"), "{run:#?}");
    run.refused(4, "token");
    rig.assert_token_is_empty();
}

#[test]
fn every_call_of_a_request_by_a_key_on_the_token() {
    let scenario = Scenario::request();
    scenario.try_all(&cases(&scenario.calls()), 2, |case, rig| {
        let run = scenario.run(rig, &[(case.rule, &case.point)]);
        let case = case.to_string();
        rig.assert_nothing_precious_was_repeated(&case);
        assert!(matches!(run.code, None | Some(0 | 4)), "{case}: {run:#?}");
        let is_there = rig.files().contains(&"ca.csr".to_owned());
        if run.code == Some(0) {
            assert!(is_there, "{case}");
        }
        // If killed at the end, the file may exist, complete.
        assert!(run.code != Some(4) || !is_there, "{case}: {run:#?}");
        if is_there {
            rig.tool("openssl", &["req", "-in", "ca.csr", "-verify", "-noout"])
                .ok();
        }
        let temporary = rig
            .files()
            .into_iter()
            .filter(|name| name.ends_with(".tmp"))
            .count();
        assert!(temporary == 0 || run.code.is_none(), "{case}: {:?}", rig.files());
        assert_eq!(rig.keys(), Keys::PAIR, "{case}");
        rig.command(&["ledger", "verify"]).ok();
    });
}

#[test]
fn every_call_of_a_deletion() {
    let scenario = Scenario::delete();
    scenario.try_all(&cases(&scenario.calls()), 2, |case, rig| {
        let run = scenario.run(rig, &[(case.rule, &case.point)]);
        let (case, left) = (case.to_string(), rig.keys());
        if run.code == Some(0) {
            assert_eq!(left, Keys::NONE, "{case}");
            return;
        }
        if let Some(code) = run.code {
            assert_eq!(code, 4, "{case}: {run:#?}");
            let said = run.stderr.contains("STILL ON THE TOKEN");
            assert!(left == Keys::PAIR || said, "{case}: {left:?} {run:#?}");
        }
        if left == Keys::NONE {
            return;
        }
        scenario.run(rig, &[]).ok();
        assert_eq!(rig.keys(), Keys::NONE, "{case}");
    });
}
