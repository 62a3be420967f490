//! Every answer of KMS to an import, and missing answers: the error says what happened, nothing is on the token, retries are limited, and
//! the next run works.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{ALIAS, Keys, Rig, Scenario, TokenKind, Weather};

/// The number of attempts for one call.
const ATTEMPTS: usize = 5;

/// An answer, the number of calls, and the result.
struct Bad {
    fault: Value,
    attempts: usize,
    code: i32,
    said: &'static str,
}

impl Bad {
    fn new(fault: Value, attempts: usize, code: i32, said: &'static str) -> Self {
        Self {
            fault,
            attempts,
            code,
            said,
        }
    }

    /// A permanent exception.
    fn exception(name: &'static str, code: i32) -> Self {
        Self::new(json!({ "kind": name, "message": "it says" }), 1, code, name)
    }

    /// A temporary exception.
    fn passing(name: &'static str) -> Self {
        Self::new(json!({ "kind": name }), ATTEMPTS, 4, name)
    }
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

/// Faults for both forms of `Decrypt`.
fn bad_answers() -> Vec<Bad> {
    let mut all = vec![
        Bad::passing("ThrottlingException"),
        Bad::passing("KMSInternalException"),
        Bad::passing("DependencyTimeoutException"),
        Bad::passing("KeyUnavailableException"),
        Bad::passing("LimitExceededException"),
        Bad::new(
            json!({ "kind": "error", "type": "InternalFailure", "status": 500 }),
            ATTEMPTS,
            4,
            "InternalFailure",
        ),
        Bad::new(json!({ "kind": "html", "status": 503 }), ATTEMPTS, 4, "503"),
        Bad::new(json!({ "kind": "html", "status": 404 }), 1, 4, "404"),
        Bad::new(json!({ "kind": "close" }), ATTEMPTS, 4, "cannot be reached"),
        Bad::new(json!({ "kind": "truncate" }), ATTEMPTS, 4, "Decrypt"),
        Bad::new(json!({ "kind": "empty" }), 1, 4, "Decrypt"),
        Bad::new(json!({ "kind": "garbage" }), 1, 4, "cannot be read"),
        // 8 GiB, announced or in chunks: only a limited part is read, and the call is not repeated.
        Bad::new(
            json!({ "kind": "huge", "bytes": 8_u64 << 30 }),
            1,
            4,
            "longer than 4194304 bytes",
        ),
        Bad::new(
            json!({ "kind": "huge", "bytes": 8_u64 << 30, "chunked": true }),
            1,
            4,
            "longer than 4194304 bytes",
        ),
        Bad::new(json!({ "kind": "gzip" }), 1, 4, "cannot be read"),
        Bad::new(json!({ "kind": "wrong-key-id" }), 1, 3, "IncorrectKeyException"),
        Bad::new(
            json!({ "kind": "without", "field": "KeyId" }),
            1,
            3,
            "IncorrectKeyException",
        ),
    ];
    all.extend([
        Bad::exception("AccessDeniedException", 4),
        Bad::exception("DisabledException", 4),
        Bad::exception("NotFoundException", 4),
        Bad::exception("KMSInvalidStateException", 4),
        Bad::exception("IncorrectKeyException", 3),
        Bad::exception("InvalidCiphertextException", 3),
        Bad::exception("InvalidGrantTokenException", 4),
        Bad::exception("InvalidKeyUsageException", 4),
        Bad::exception("DryRunOperationException", 4),
        Bad::exception("ValidationException", 4),
        Bad::exception("UnsupportedOperationException", 4),
        Bad::exception("UnrecognizedClientException", 4),
        Bad::exception("ExpiredTokenException", 4),
        Bad::exception("InvalidSignatureException", 4),
    ]);
    all
}

/// Sets the faults for one rig.
fn under(rig: Rig, access_key: &str) -> (Rig, Weather) {
    (rig.with("AWS_ACCESS_KEY_ID", access_key), Weather::of(access_key))
}

fn always(fault: &Value) -> Value {
    let mut rule = fault.clone();
    rule["operation"] = "Decrypt".into();
    rule["times"] = 0.into();
    rule
}

fn check(scenario: &Scenario, access_key: &str, bad: &Bad, rig: &Rig) {
    let case = bad.to_string();
    let (rig, weather) = under(rig.copy(), access_key);
    weather.set(&[always(&bad.fault)]);
    let run = scenario.run(&rig, &[]);
    assert_eq!(run.code, Some(bad.code), "{case}: {run:#?}");
    let error: Value =
        serde_json::from_str(&run.stderr).unwrap_or_else(|error| panic!("{case}: {error}: {run:#?}"));
    let message = error["error"]["message"].as_str().expect("a message");
    assert!(
        !message.contains('\n') && message.len() < 1000,
        "{case}: {message}"
    );
    assert!(message.contains(bad.said), "{case}: {message}");
    // Faults of the decrypted key have their own messages.
    let named = message.contains("KMS Decrypt: ") || message.contains("decrypted bytes");
    assert!(named, "{case}: {message}");
    assert_eq!(
        weather.calls(),
        vec!["Decrypt"; bad.attempts],
        "{case}: {message}"
    );
    assert_eq!(rig.keys(), scenario.before, "{case}");
    weather.set(&[]);
    scenario.run_again(&rig, &case);
}

/// The number of threads. Most of the time is spent waiting between attempts.
const THREADS: usize = 8;

fn check_all(scenario: &Scenario, name: &str, more: Vec<Bad>) {
    let mut all = bad_answers();
    all.extend(more);
    let keys: Vec<_> = (0..all.len()).map(|nth| format!("AKIA{name}{nth}")).collect();
    let position = |bad: &Bad| all.iter().position(|other| std::ptr::eq(bad, other));
    scenario.try_all(&all, THREADS, |bad, rig| {
        check(scenario, &keys[position(bad).expect("one of them")], bad, rig);
    });
}

#[test]
fn every_bad_answer_to_an_import() {
    let more = vec![
        Bad::new(json!({ "kind": "no-plaintext" }), 1, 4, "Plaintext"),
        Bad::new(
            json!({ "kind": "replace", "field": "Plaintext", "value": "AAAA" }),
            1,
            3,
            "the decrypted bytes",
        ),
    ];
    check_all(&Scenario::import(TokenKind::Kryoptic), "PLAIN", more);
}

#[test]
fn every_bad_answer_to_a_sealed_import() {
    let more = vec![
        Bad::new(
            json!({ "kind": "without", "field": "CiphertextForRecipient" }),
            1,
            4,
            "CiphertextForRecipient",
        ),
        Bad::new(
            json!({ "kind": "replace", "field": "CiphertextForRecipient", "value": "AAAA" }),
            1,
            3,
            "CiphertextForRecipient",
        ),
        Bad::new(
            json!({ "kind": "replace", "field": "Plaintext", "value": "AAAA" }),
            1,
            3,
            "plaintext",
        ),
    ];
    check_all(&Scenario::sealed(), "SEALED", more);
}

#[test]
fn after_two_throttled_attempts_the_import_succeeds() {
    for (name, scenario) in [
        ("AKIATWICEPLAIN", Scenario::import(TokenKind::Kryoptic)),
        ("AKIATWICESEALED", Scenario::sealed()),
    ] {
        let (rig, weather) = under(scenario.template.copy(), name);
        weather.set(&[json!({ "operation": "Decrypt", "kind": "ThrottlingException", "times": 2 })]);
        scenario.run_again(&rig, name);
        assert_eq!(weather.calls(), ["Decrypt"; 3], "{name}");
    }
}

#[test]
fn an_answer_that_never_comes_ends_within_a_minute() {
    let scenario = Scenario::import(TokenKind::Kryoptic);
    let (rig, weather) = under(scenario.template.copy(), "AKIAHANG");
    weather.set(&[always(&json!({ "kind": "hang", "seconds": 70 }))]);
    let start = Instant::now();
    let message = scenario.run(&rig, &[]).refused(4, "kms-unreachable");
    let took = start.elapsed();
    assert!(
        message.contains("Decrypt") && message.contains("timeout"),
        "{message}"
    );
    assert!(
        took > Duration::from_secs(20) && took < Duration::from_secs(65),
        "{took:?}"
    );
    assert!(weather.calls().len() <= ATTEMPTS, "{:?}", weather.calls());
    assert_eq!(rig.keys(), Keys::NONE);
    weather.set(&[]);
    scenario.run_again(&rig, "after it hung");
}

#[test]
fn creating_a_key_is_not_repeated_but_generating_a_pair_is() {
    let (rig, weather) = under(Rig::new().with_pair("ECC_NIST_P256"), "AKIACREATE");
    for fault in [
        json!({ "operation": "CreateKey", "kind": "KMSInternalException", "times": 0 }),
        json!({ "operation": "CreateKey", "kind": "close", "times": 0 }),
        json!({ "operation": "CreateKey", "kind": "ThrottlingException", "times": 0 }),
    ] {
        weather.set(std::slice::from_ref(&fault));
        weather.forget_calls();
        let run = rig.json(&["kms", "create-key"]);
        assert_eq!(run.code, Some(4), "{fault}: {run:?}");
        assert!(run.stderr.contains("CreateKey"), "{fault}: {run:?}");
        assert_eq!(weather.calls(), ["CreateKey"], "{fault}");
    }
    weather.set(&[json!({ "kind": "KMSInternalException", "times": 1 })]);
    weather.forget_calls();
    let generate = ["kms", "generate-key-pair", "--key-id", ALIAS];
    rig.json(&[&generate[..], &["--spec", "ECC_NIST_P256", "--out", "again.json"]].concat())
        .ok();
    assert_eq!(weather.calls(), ["GenerateDataKeyPairWithoutPlaintext"; 2]);
    // Without an answer, no pair file is left.
    weather.set(&[json!({ "kind": "KMSInternalException", "times": 0 })]);
    let run = rig.json(&[&generate[..], &["--spec", "ECC_NIST_P256", "--out", "never.json"]].concat());
    assert!(
        run.refused(4, "kms")
            .contains("GenerateDataKeyPairWithoutPlaintext: KMSInternalException")
    );
    assert!(!rig.path("never.json").exists());
}
