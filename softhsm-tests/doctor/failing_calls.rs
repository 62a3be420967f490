//! `doctor` with every PKCS#11 call failing in turn, and with every answer of KMS: its report names what failed.

use serde_json::{Value, json};

use crate::harness::{ALIAS, Call, Keys, Scenario, TokenKind, Weather};

fn doctor(arguments: &[&'static str]) -> Scenario {
    let command = [&["--format", "json", "doctor"], arguments].concat();
    Scenario {
        command,
        after: Keys::NONE,
        ..Scenario::import(TokenKind::Kryoptic)
    }
}

/// The findings of the failed checks, one line each.
fn failures(report: &Value, case: &str) -> Vec<String> {
    let checks = report["checks"].as_array().expect("a list");
    let found = |check: &Value| check["found"].as_str().expect("a text").to_owned();
    assert!(checks.iter().all(|check| !found(check).contains('\n')), "{case}");
    let failed = checks.iter().filter(|check| check["state"] == "failed");
    failed.map(found).collect()
}

#[test]
fn every_call_that_the_token_fails() {
    let scenario = doctor(&["--no-kms"]);
    let rules: Vec<_> = scenario
        .calls()
        .iter()
        .flat_map(|Call { function, nth }| {
            [
                format!("{function}:CKR_GENERAL_ERROR@{nth}"),
                format!("{function}!:CKR_DEVICE_ERROR@{nth}"),
            ]
        })
        .collect();
    scenario.try_all(&rules, 2, |rule, rig| {
        let run = scenario.run(rig, &[("FAIL", rule)]);
        let failed = failures(&run.json(), rule);
        let (function, rest) = rule.split_once(':').expect("a rule");
        let function = function.trim_end_matches('!');
        let value = rest.split('@').next().expect("a value");
        assert_eq!(
            run.code,
            Some(if failed.is_empty() { 0 } else { 4 }),
            "{rule}: {run:?}"
        );
        if failed.is_empty() {
            assert_eq!(run.stderr, "", "{rule}");
            let harmless = ["C_CloseSession", "C_Finalize", "C_FindObjectsFinal"].contains(&function)
                // The call is repeated, and the free slot is skipped.
                || function == "C_GetTokenInfo"
                // Then only the caveat is missing.
                || function == "C_GetInfo";
            assert!(harmless, "{rule}: {run:?}");
            return;
        }
        let named = format!("{function}: {value}");
        let open = function == "C_FindObjectsFinal"
            && failed.iter().any(|line| line.contains("CKR_OPERATION_ACTIVE"));
        assert!(
            open || failed.iter().any(|line| line.contains(&named)),
            "{rule}: {failed:?}"
        );
    });
}

#[test]
fn every_call_that_kms_fails() {
    let scenario = doctor(&["--key-id", ALIAS, "--pair", "pair.json"]);
    let rig = scenario.template.copy().with("AWS_ACCESS_KEY_ID", "AKIADOCTOR");
    let weather = Weather::of("AKIADOCTOR");
    let operations = ["ListAliases", "GenerateDataKeyPairWithoutPlaintext", "Decrypt"];
    for operation in operations {
        let final_faults = [
            json!({ "kind": "KMSInvalidStateException" }),
            json!({ "kind": "garbage" }),
            json!({ "kind": "html", "status": 404 }),
        ];
        for mut fault in final_faults {
            fault["operation"] = operation.into();
            fault["times"] = 0.into();
            let case = fault.to_string();
            weather.set(&[fault]);
            weather.forget_calls();
            let run = rig.json(&scenario.command[2..]);
            assert_eq!(run.code, Some(4), "{case}: {run:?}");
            let failed = failures(&run.json(), &case);
            assert_eq!(failed.len(), 1, "{case}: {failed:?}");
            assert!(failed[0].contains("KMS"), "{case}: {failed:?}");
            assert_eq!(
                weather.calls(),
                operations,
                "{case}: the others are asked all the same"
            );
        }
    }
    weather.set(&[]);
    rig.json(&scenario.command[2..]).ok();
}
