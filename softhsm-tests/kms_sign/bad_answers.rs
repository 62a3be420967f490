//! Every answer of KMS to `GetPublicKey` and `Sign`, and missing answers, with the exit code, kind and message for each.

use serde_json::{Value, json};

use crate::harness::Run;
use crate::kms_sign::service_failures::ATTEMPTS;

/// The message of an uncertain outcome.
pub(crate) const UNCERTAIN: &str = "the signature may have been made anyway";

/// A fault and its expected outcome.
pub(crate) struct Bad {
    pub(crate) fault: Value,
    pub(crate) code: i32,
    pub(crate) kind: &'static str,
    pub(crate) said: &'static str,
}

pub(crate) const fn bad(fault: Value, code: i32, kind: &'static str, said: &'static str) -> Bad {
    Bad {
        fault,
        code,
        kind,
        said,
    }
}

/// Answers to `Sign`.
pub(crate) fn signatures() -> Vec<Bad> {
    let other_key = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000";
    let mut all = vec![
        // The outcome is unknown.
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
        // The answer does not match the request.
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

/// Answers to `GetPublicKey`, and the number of calls.
pub(crate) fn public_keys() -> Vec<(Bad, usize)> {
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
pub(crate) fn assert_bad(run: Run, bad: &Bad) {
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
