//! Everything that KMS can answer to `GetPublicKey` and `Sign`, or leave unanswered: a signature is asked for once, whatever happens, a
//! wrong one is never written, and the ledger and the error say where nobody can know whether it was made.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{KmsAuthority, Run, kms, make_kms_key};
use crate::oracle::openssl;

/// Tries of a question that may be asked again.
const ATTEMPTS: usize = 5;

/// What an uncertain error says.
const UNCERTAIN: &str = "the signature may have been made anyway";

/// A fault, and what comes of it.
struct Bad {
    fault: Value,
    code: i32,
    kind: &'static str,
    said: &'static str,
}

const fn bad(fault: Value, code: i32, kind: &'static str, said: &'static str) -> Bad {
    Bad {
        fault,
        code,
        kind,
        said,
    }
}

/// Answers to `Sign`.
fn signatures() -> Vec<Bad> {
    let other_key = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000";
    let mut all = vec![
        // Nobody knows.
        bad(json!({ "kind": "lost" }), 4, "maybe-signed", UNCERTAIN),
        bad(json!({ "kind": "close" }), 4, "maybe-signed", UNCERTAIN),
        bad(json!({ "kind": "truncate" }), 4, "maybe-signed", UNCERTAIN),
        bad(json!({ "kind": "empty" }), 4, "maybe-signed", UNCERTAIN),
        bad(json!({ "kind": "garbage" }), 4, "maybe-signed", UNCERTAIN),
        bad(json!({ "kind": "huge" }), 4, "maybe-signed", UNCERTAIN),
        bad(
            json!({ "kind": "html", "status": 503 }),
            4,
            "maybe-signed",
            UNCERTAIN,
        ),
        bad(
            json!({ "kind": "KMSInternalException" }),
            4,
            "maybe-signed",
            UNCERTAIN,
        ),
        bad(
            json!({ "kind": "DependencyTimeoutException" }),
            4,
            "maybe-signed",
            UNCERTAIN,
        ),
        bad(
            json!({ "kind": "without", "field": "KeyId" }),
            4,
            "maybe-signed",
            "has no KeyId",
        ),
        bad(
            json!({ "kind": "without", "field": "Signature" }),
            4,
            "maybe-signed",
            "has no Signature",
        ),
        bad(
            json!({ "kind": "without", "field": "SigningAlgorithm" }),
            4,
            "maybe-signed",
            UNCERTAIN,
        ),
        bad(
            json!({ "kind": "replace", "field": "Signature", "value": "" }),
            4,
            "maybe-signed",
            "has no Signature",
        ),
        // KMS refused: nothing was signed.
        bad(json!({ "kind": "html", "status": 404 }), 4, "kms", "404"),
        bad(
            json!({ "kind": "InvalidKeyUsageException" }),
            3,
            "unfit-kms-key",
            "InvalidKeyUsageException",
        ),
        bad(
            json!({ "kind": "AccessDeniedException", "message": "not kms:Sign" }),
            4,
            "access-denied",
            "not kms:Sign",
        ),
        bad(
            json!({ "kind": "DisabledException" }),
            4,
            "key-disabled",
            "is disabled",
        ),
        bad(
            json!({ "kind": "KMSInvalidStateException" }),
            4,
            "key-state",
            "KMSInvalidStateException",
        ),
        bad(
            json!({ "kind": "NotFoundException" }),
            4,
            "key-not-found",
            "NotFoundException",
        ),
        bad(
            json!({ "kind": "ExpiredTokenException" }),
            4,
            "credentials",
            "ExpiredTokenException",
        ),
        // What came is not what was asked for.
        bad(
            json!({ "kind": "replace", "field": "Signature", "value": "AAAA" }),
            1,
            "token-signature",
            "does not verify",
        ),
        bad(
            json!({ "kind": "replace", "field": "KeyId", "value": other_key }),
            3,
            "other-answer",
            other_key,
        ),
        bad(
            json!({ "kind": "replace", "field": "SigningAlgorithm", "value": "RSASSA_PSS_SHA_256" }),
            3,
            "other-answer",
            "RSASSA_PSS_SHA_256",
        ),
    ];
    for name in [
        "ThrottlingException",
        "LimitExceededException",
        "ValidationException",
    ] {
        all.push(bad(json!({ "kind": name }), 4, "kms", name));
    }
    all
}

/// Answers to `GetPublicKey`, and how often it is asked.
fn public_keys() -> Vec<(Bad, usize)> {
    let replaced = |field: &str, value: Value| json!({ "kind": "replace", "field": field, "value": value });
    let elsewhere = "arn:aws:kms:us-east-1:123456789012:alias/x";
    vec![
        (
            bad(json!({ "kind": "close" }), 4, "kms-unreachable", "GetPublicKey"),
            ATTEMPTS,
        ),
        (
            bad(
                json!({ "kind": "KMSInternalException" }),
                4,
                "kms",
                "KMSInternalException",
            ),
            ATTEMPTS,
        ),
        (
            bad(
                json!({ "kind": "ThrottlingException" }),
                4,
                "kms",
                "ThrottlingException",
            ),
            ATTEMPTS,
        ),
        (
            bad(
                json!({ "kind": "UnsupportedOperationException" }),
                3,
                "unfit-kms-key",
                "Unsupported",
            ),
            1,
        ),
        (
            bad(
                json!({ "kind": "AccessDeniedException" }),
                4,
                "access-denied",
                "GetPublicKey",
            ),
            1,
        ),
        (
            bad(
                json!({ "kind": "without", "field": "KeyId" }),
                4,
                "kms",
                "has no KeyId",
            ),
            1,
        ),
        (
            bad(
                json!({ "kind": "without", "field": "PublicKey" }),
                4,
                "kms",
                "has no PublicKey",
            ),
            1,
        ),
        (
            bad(
                json!({ "kind": "without", "field": "KeyUsage" }),
                4,
                "kms",
                "has no KeyUsage",
            ),
            1,
        ),
        (
            bad(
                json!({ "kind": "without", "field": "KeySpec" }),
                4,
                "kms",
                "has no KeySpec",
            ),
            1,
        ),
        (
            bad(replaced("KeyId", json!(elsewhere)), 3, "other-answer", elsewhere),
            1,
        ),
        (
            bad(
                replaced("KeyUsage", json!("KEY_AGREEMENT")),
                3,
                "unfit-kms-key",
                "KEY_AGREEMENT",
            ),
            1,
        ),
        (
            bad(
                replaced("PublicKey", json!("AAAA")),
                3,
                "unfit-kms-key",
                "malformed",
            ),
            1,
        ),
        (
            bad(
                replaced("SigningAlgorithms", json!([])),
                3,
                "key-algorithm",
                "RSA",
            ),
            1,
        ),
        (
            bad(
                json!({ "kind": "without", "field": "SigningAlgorithms" }),
                3,
                "key-algorithm",
                "RSA",
            ),
            1,
        ),
    ]
}

#[track_caller]
fn assert_bad(run: Run, bad: &Bad) {
    let case = bad.fault.to_string();
    let code = run.code;
    assert_eq!(code, Some(bad.code), "{case}: {run:#?}");
    let message = run.refused(bad.code, bad.kind);
    assert!(message.contains(bad.said), "{case}: {message}");
    assert_eq!(
        message.contains(UNCERTAIN),
        bad.kind == "maybe-signed",
        "{case}: {message}"
    );
}

fn strike(authority: &KmsAuthority, operation: &str, fault: &Value) {
    let mut fault = fault.clone();
    fault["operation"] = operation.into();
    fault["times"] = 0.into();
    authority.rig.kms_faults(&json!([fault]));
}

/// Works on a list with some threads: most of the time is spent waiting.
fn try_all<T: Sync>(all: &[T], name: &str, check: impl Fn(&KmsAuthority, &T) + Sync) {
    const THREADS: usize = 4;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let check = &check;
            scope.spawn(move || {
                let authority = KmsAuthority::new("RSA_2048", &format!("AKIA{name}{thread}"));
                for one in all.iter().skip(thread).step_by(THREADS) {
                    check(&authority, one);
                }
            });
        }
    });
}

#[test]
fn a_signature_is_asked_for_once_whatever_comes_of_it() {
    try_all(&signatures(), "BADSIGN", |authority, bad| {
        let case = bad.fault.to_string();
        let rig = &authority.rig;
        strike(authority, "Sign", &bad.fault);
        assert_bad(authority.sign("out.crt", &[]), bad);
        assert_eq!(authority.signatures().len(), 1, "{case}");
        assert!(!rig.path("out.crt").exists(), "{case}");
        // The ledger says that nothing came of it, and why.
        let listed = rig.json(&["ledger", "list"]).ok().json();
        let entry = listed["entries"]
            .as_array()
            .and_then(|entries| entries.last())
            .cloned();
        let entry = entry.expect("an entry");
        assert_eq!(entry["state"], "abandoned", "{case}: {entry}");
        assert!(entry.to_string().contains(bad.said), "{case}: {entry}");

        rig.kms_faults(&json!([]));
        authority.sign("out.crt", &["--force"]).ok();
        assert_eq!(authority.signatures().len(), 1, "{case}");
        std::fs::remove_file(rig.path("out.crt")).expect("it was written");
    });
}

#[test]
fn a_wrong_answer_about_the_key_signs_nothing() {
    try_all(&public_keys(), "BADPUBLIC", |authority, (bad, asked)| {
        let case = bad.fault.to_string();
        strike(authority, "GetPublicKey", &bad.fault);
        assert_bad(authority.create("out.crt", &[]), bad);
        let operations: Vec<_> = authority
            .rig
            .kms_requests()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(operations, vec!["GetPublicKey"; *asked], "{case}");
        assert!(!authority.rig.path("out.crt").exists(), "{case}");
        authority.rig.kms_faults(&json!([]));
    });
}

#[test]
fn a_public_key_that_is_not_the_one_that_signs_makes_no_ca() {
    let authority = KmsAuthority::with_key("ECC_NIST_P256", "AKIASWAPPED");
    let rig = &authority.rig;
    let other = make_kms_key("ECC_NIST_P256", "SIGN_VERIFY");
    let told = kms("GetPublicKey", &json!({ "KeyId": other }));
    strike(
        &authority,
        "GetPublicKey",
        &json!({ "kind": "replace", "field": "PublicKey", "value": told["PublicKey"] }),
    );
    let message = authority.create("ca.crt", &[]).refused(1, "token-signature");
    assert!(message.contains("nothing was written"), "{message}");
    rig.json(&["key", "verify", &authority.name])
        .refused(3, "proof-failed");
    assert!(!rig.path("ca.crt").exists());
}

#[test]
fn a_question_about_the_key_is_asked_again_and_the_signature_is_not() {
    let authority = KmsAuthority::new("ECC_NIST_P256", "AKIATWICE");
    let fault = json!({ "operation": "GetPublicKey", "kind": "ThrottlingException", "times": 2 });
    authority.rig.kms_faults(&json!([fault]));
    authority.sign("out.crt", &[]).ok();
    let operations: Vec<_> = authority
        .rig
        .kms_requests()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        operations,
        ["GetPublicKey", "GetPublicKey", "GetPublicKey", "Sign"]
    );
}

#[test]
fn a_signature_that_never_comes_is_given_up_and_said_to_be_possible() {
    let authority = KmsAuthority::new("ECC_NIST_P256", "AKIASIGNHANGS");
    strike(&authority, "Sign", &json!({ "kind": "hang", "seconds": 70 }));
    let start = Instant::now();
    let message = authority.sign("out.crt", &[]).refused(4, "maybe-signed");
    let took = start.elapsed();
    assert!(
        message.contains("timeout") && message.contains(UNCERTAIN),
        "{message}"
    );
    assert!(took < Duration::from_secs(65), "{took:?}");
    assert_eq!(authority.signatures().len(), 1);
    assert!(!authority.rig.path("out.crt").exists());
}

#[test]
fn of_several_certificates_those_before_a_lost_answer_stay() {
    let authority = KmsAuthority::new("ECC_NIST_P256", "AKIASEVERAL");
    let rig = &authority.rig;
    for name in ["a.csr", "b.csr", "c.csr"] {
        rig.write(name, rig.read("request.csr"));
    }
    rig.kms_faults(&json!([{ "operation": "Sign", "kind": "lost", "skip": 1, "times": 1 }]));
    let sign = [
        "csr",
        "sign",
        "a.csr",
        "b.csr",
        "c.csr",
        "--again",
        "--ca",
        "customerCA.crt",
    ];
    let more = [
        "--key",
        authority.name.as_str(),
        "--out-dir",
        ".",
        "--profile",
        "cloudhsm-cluster",
    ];
    let mut run = rig.json(&[&sign[..], &more].concat());
    // What was delivered was told when it was.
    let told = std::mem::take(&mut run.stdout);
    assert_eq!(told.matches("\"result\":\"issued\"").count(), 1, "{told}");
    let message = run.refused(4, "maybe-signed");
    assert!(
        message.contains("a.crt") && message.contains(UNCERTAIN),
        "{message}"
    );
    assert_eq!(authority.signatures().len(), 2);
    let there = ["a.crt", "b.crt", "c.crt"].map(|name| rig.path(name).exists());
    assert_eq!(there, [true, false, false]);

    // The one that may exist can be revoked by what the ledger has of it.
    let listed = rig.json(&["ledger", "list"]).ok().json();
    let entries = listed["entries"].as_array().expect("entries");
    let lost = entries.iter().find(|entry| entry.to_string().contains(UNCERTAIN));
    let serial = lost.expect("an entry")["serial_number"]
        .as_str()
        .expect("a number");
    let revoke = ["cert", "revoke", serial, "--ca", "customerCA.crt"];
    rig.json(&[&revoke[..], &["--reason", "superseded"]].concat())
        .ok();
    let create = ["crl", "create", "--ca", "customerCA.crt", "--out", "ca.crl"];
    rig.json(&[&create[..], &["--key", authority.name.as_str()]].concat())
        .ok();
    let crl = openssl(rig, &["crl", "-in", "ca.crl", "-noout", "-text"]);
    assert!(crl.contains(&serial.to_uppercase()), "{crl}");
    rig.json(&["ledger", "verify"]).ok();
}
