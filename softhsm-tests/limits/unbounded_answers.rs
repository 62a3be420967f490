//! Unbounded answers from AWS and from a module: one error, within limits of memory and time, without a panic, an abort or a loop.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{PROGRAM, Rig, Run, TokenKind, Weather, ready_authority, shim};
use crate::oracle::make_cluster_request;

/// The program with 1 GiB of address space and a minute, so that excessive memory or an endless loop fails the test and not the machine.
fn confined(rig: &Rig, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let shell = "ulimit -v 1048576; exec timeout 60 \"$0\" --format json \"$@\"";
    let mut command = rig.prepare_tool("/bin/sh", &[&["-c", shell, PROGRAM], arguments].concat());
    command.envs(environment.iter().copied());
    rig.without_secrets(Run::of(&mut command))
}

/// The same behind the fault-injecting module.
fn behind_shim(rig: &Rig, arguments: &[&str], rule: (&str, &str)) -> Run {
    let shim = shim();
    let target = rig.oracle_module();
    let rule_name = format!("CLOUDHSM_SHIM_{}", rule.0);
    let environment = [
        ("HSM_CA_MODULE", shim.to_str().expect("UTF-8")),
        ("CLOUDHSM_SHIM_TARGET", target.to_str().expect("UTF-8")),
        (&rule_name, rule.1),
    ];
    confined(rig, arguments, &environment)
}

#[track_caller]
fn one_clear_error(run: Run, case: &str, code: i32, said: &[&str]) {
    assert_eq!(run.code, Some(code), "{case}: {run:?}");
    let error: Value = serde_json::from_str(&run.stderr)
        .unwrap_or_else(|error| panic!("{case}: not one error: {error}: {run:?}"));
    let message = error["error"]["message"].as_str().expect("a message");
    assert!(
        !message.contains('\n') && message.len() < 500,
        "{case}: {message}"
    );
    for part in said {
        assert!(message.contains(part), "{case}: no {part:?} in {message}");
    }
}

#[test]
fn an_answer_of_8_gib_ends_after_4_mib() {
    let rig = Rig::asking_as(TokenKind::SoftHsm, "AKIAABSURD");
    let key = rig.kms_key("");
    let weather = Weather::of("AKIAABSURD");
    let generate = ["kms", "generate-key-pair", "--key-id", &key, "--out", "pair.json"];
    let generate = [&generate[..], &["--spec", "ECC_NIST_P256"]].concat();
    let asked: [(&[&str], &str); 3] = [
        (&["kms", "create-key"], "KMS CreateKey"),
        (&generate, "KMS GenerateDataKeyPairWithoutPlaintext"),
        (&["cluster", "list"], "CloudHSM DescribeClusters"),
    ];
    for (arguments, operation) in asked {
        for chunked in [false, true] {
            let case = format!("{operation}, chunked: {chunked}");
            let huge = json!({ "kind": "huge", "bytes": 8_u64 << 30, "chunked": chunked, "times": 0 });
            weather.set(&[huge]);
            weather.forget_calls();
            let run = confined(&rig, arguments, &[]);
            let said = [operation, "the answer is longer than 4194304 bytes"];
            one_clear_error(run, &case, 4, &said);
            assert_eq!(weather.calls().len(), 1, "{case}: asked again");
        }
    }
    assert!(!rig.path("pair.json").exists());
}

#[test]
fn credentials_have_a_limit_too() {
    let rig = Rig::without_token().with_aws();
    let huge = format!("{}/_test/huge", rig.endpoint());
    let shell = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; ulimit -v 1048576; \
        exec timeout 60 \"$0\" --format json kms create-key";
    let mut command = rig.prepare_tool("/bin/sh", &["-c", shell, PROGRAM]);
    command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &huge);
    one_clear_error(Run::of(&mut command), "credentials", 4, &["KMS CreateKey"]);
}

#[test]
fn an_answer_that_drips_ends_with_its_time() {
    let rig = Rig::asking_as(TokenKind::SoftHsm, "AKIADRIP");
    Weather::of("AKIADRIP").set(&[json!({ "kind": "drip", "times": 0 })]);
    let start = Instant::now();
    one_clear_error(
        confined(&rig, &["kms", "create-key"], &[]),
        "drip",
        4,
        &["KMS CreateKey"],
    );
    assert!(start.elapsed() < Duration::from_secs(45), "{:?}", start.elapsed());
}

#[test]
fn a_list_of_clusters_without_an_end_is_given_up() {
    let rig = Rig::asking_as(TokenKind::SoftHsm, "AKIAPAGES");
    let weather = Weather::of("AKIAPAGES");
    weather.set(&[json!({ "kind": "page", "field": "NextToken", "times": 0 })]);
    let run = confined(&rig, &["cluster", "list"], &[]);
    assert!(run.stderr.contains("100 pages"), "{run:?}");
    assert_eq!(run.code, Some(4), "{run:?}");
    assert_eq!(weather.calls().len(), 101);
}

#[test]
fn unbounded_answers_of_a_module_give_one_error() {
    let rig = ready_authority();
    make_cluster_request(&rig, "cluster.csr");
    let sign = [
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "out.crt",
    ];
    let generate = ["key", "generate", "--label", "new", "--type", "ec:p256"];
    let cases: [(&[&str], &str, &str, &str); 17] = [
        (
            &["token", "list"],
            "TELL",
            "C_GetSlotList:0x1000000000000000",
            "C_GetSlotList",
        ),
        (
            &["token", "list"],
            "TELL",
            "C_GetSlotList:0xffffffffffffffff",
            "C_GetSlotList",
        ),
        (
            &["token", "list"],
            "TELL",
            "C_GetSlotList:0x40000000",
            "C_GetSlotList",
        ),
        (
            &generate,
            "TELL",
            "C_GetMechanismList:0x1000000000000000",
            "C_GetMechanismList",
        ),
        (
            &generate,
            "TELL",
            "C_GetMechanismList:0x40000000",
            "C_GetMechanismList",
        ),
        (
            &["key", "list"],
            "TELL",
            "C_FindObjects!:0x1000000000000000",
            "C_FindObjects",
        ),
        (&["key", "list"], "TELL", "C_FindObjects!:0xb", "C_FindObjects"),
        // Always as many as requested, without end.
        (&["key", "list"], "TELL", "C_FindObjects!:0xa", "C_FindObjects"),
        (
            &["key", "list"],
            "TELL",
            "C_GetAttributeValue:0x8000000000000000",
            "C_GetAttributeValue",
        ),
        (
            &["key", "list"],
            "TELL",
            "C_GetAttributeValue:0x200000000",
            "C_GetAttributeValue",
        ),
        (
            &["key", "list"],
            "TELL",
            "C_GetAttributeValue!:0x10000",
            "C_GetAttributeValue",
        ),
        (
            &["key", "list"],
            "FAIL",
            "C_GetAttributeValue:CKR_BUFFER_TOO_SMALL@*",
            "C_GetAttributeValue",
        ),
        (&sign, "TELL", "C_Sign!:0x8000000000000000", "C_Sign"),
        (&sign, "TELL", "C_Sign!:0xffffffffffffffff", "C_Sign"),
        (&sign, "TELL", "C_Sign!:0x2001", "C_Sign"),
        (&sign, "TELL", "C_Sign!:0x10000", "C_Sign"),
        (
            &generate,
            "TELL",
            "C_GetAttributeValue:0x8000000000000000",
            "C_GetAttributeValue",
        ),
    ];
    for (arguments, name, rule, function) in cases {
        let run = behind_shim(&rig, arguments, (name, rule));
        one_clear_error(run, rule, 4, &[function]);
    }
    let sign_again = behind_shim(&rig, &sign, ("FAIL", "C_Sign:CKR_BUFFER_TOO_SMALL"));
    one_clear_error(sign_again, "C_Sign", 4, &["C_Sign: CKR_BUFFER_TOO_SMALL"]);
    // The list is never long enough.
    let for_ever: Vec<_> = (2..100)
        .map(|nth| format!("C_GetSlotList:CKR_BUFFER_TOO_SMALL@{nth}"))
        .collect();
    let run = behind_shim(&rig, &["token", "list"], ("FAIL", &for_ever.join(";")));
    one_clear_error(run, "slots", 4, &["C_GetSlotList: CKR_BUFFER_TOO_SMALL"]);
    assert!(!rig.path("out.crt").exists());
}

#[test]
fn missing_attributes_and_unpadded_texts_are_not_an_error() {
    let rig = ready_authority();
    // CK_UNAVAILABLE_INFORMATION: a token may say so of any attribute (PKCS#11 v2.40 section 5.7).
    let tell = ("TELL", "C_GetAttributeValue:0xffffffffffffffff");
    let listed = behind_shim(&rig, &["key", "list"], tell);
    assert!(listed.code == Some(0) || listed.code == Some(3), "{listed:?}");
    let shown = behind_shim(&rig, &["token", "list"], ("CORRUPT", "unpadded"))
        .ok()
        .json();
    let label = shown["tokens"][0]["label"].as_str().expect("a label");
    assert!((1..=32).contains(&label.chars().count()), "{shown}");
}
