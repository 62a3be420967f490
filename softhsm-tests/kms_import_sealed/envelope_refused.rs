//! Faulty answers of KMS on the sealed route: no unproven key stays on the token.

use serde_json::json;

use crate::harness::{RECIPIENT, Rig};

/// Expects a refusal, with only the recipient key on the token.
#[track_caller]
fn refused(rig: &Rig, key: &str, envelope: &str, code: i32, kind: &str) -> String {
    rig.describe_kms_key(key, &format!("envelope={envelope}"));
    let message = rig.import_sealed(&["--keep-recipient-key"]).refused(code, kind);
    assert_eq!(rig.private_keys(), [RECIPIENT], "{envelope}: {message}");
    message
}

/// Afterwards, the same pair can be imported from a good envelope.
#[track_caller]
fn taken(rig: &Rig, key: &str) {
    rig.describe_kms_key(key, "");
    rig.import_sealed(&["--keep-recipient-key"]).ok();
    rig.delete_imported();
}

#[test]
fn an_envelope_of_another_shape_is_refused_before_the_token_sees_it() {
    let rig = Rig::sealing("AKIASHAPES");
    let key = rig.kms_key("");
    for spec in ["RSA_2048", "ECC_NIST_P256"] {
        rig.generate(&key, spec, "pair.json");
        for (envelope, fault) in [
            ("sha1-oaep", "the hash of RSAES-OAEP is 1.3.14.3.2.26"),
            ("sha1-mask", "the hash of MGF1 is 1.3.14.3.2.26"),
            ("rsa-v15", "keyEncryptionAlgorithm is 1.2.840.113549.1.1.1 "),
            ("aes-128", "contentEncryptionAlgorithm is 2.16.840.1.101.3.4.1.2 "),
            ("aes-gcm", "id-ct-authEnvelopedData"),
            ("two-recipients", "it is for 2 recipients, not for one"),
            ("no-recipient", "it is for 0 recipients, not for one"),
            ("wrong-version", "EnvelopedData.version is 3"),
            (
                "wrong-content-type",
                "EncryptedContentInfo.contentType is 1.2.840.113549.1.7.3",
            ),
            ("trailing", "1 bytes follow the last element"),
            ("truncated", "it ends too early"),
            ("truncated:-300", "it ends too early"),
            ("partial-block", "in blocks of 16"),
            ("empty-content", "encryptedContent has 0 bytes"),
            ("no-content", "no encryptedContent"),
            ("deep", "KMS makes 1 to 6144"),
            ("huge-length", "4294967295 more bytes expected"),
            ("huge-outer-length", "a length that is not supported"),
        ] {
            let message = refused(&rig, &key, envelope, 3, "envelope");
            assert!(message.contains(fault), "{spec}, {envelope}: {message}");
            assert_eq!(
                message.matches("CiphertextForRecipient").count(),
                1,
                "{spec}, {envelope}: said once: {message}"
            );
        }
        taken(&rig, &key);
    }
}

#[test]
fn faults_that_only_the_token_can_detect_reach_it() {
    let rig = Rig::sealing("AKIATOKENSEES");
    let key = rig.kms_key("");
    for spec in ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_EDWARDS25519"] {
        rig.generate(&key, spec, "pair.json");
        for (envelope, what) in [
            ("other-key", "the content key"),
            ("tampered-key", "the content key"),
            ("tampered-key:-1", "the content key"),
            ("tampered-padding", "the private key \"customer-ca\""),
        ] {
            let message = refused(&rig, &key, envelope, 4, "token");
            assert!(
                message.contains("C_UnwrapKey: CKR_") && message.contains(what),
                "{spec}, {envelope}: {message}"
            );
        }
        // The token treats it as AES-128, and would decrypt.
        let message = refused(&rig, &key, "short-key", 3, "envelope");
        assert!(
            message.contains("16 bytes") && message.contains("AES-256"),
            "{spec}: {message}"
        );
        taken(&rig, &key);
    }
}

#[test]
fn an_answer_that_is_not_for_the_recipient_is_refused_and_its_plaintext_is_nowhere() {
    let rig = Rig::sealing("AKIANOTSEALED");
    rig.generate_pair("ECC_NIST_P256", "");
    let (plaintext, _) = rig.private_key();
    for (case, fault, code, kind, part) in [
        (
            "plaintext",
            json!({ "kind": "replace", "field": "Plaintext", "value": plaintext }),
            3,
            "not-sealed",
            "in plaintext",
        ),
        (
            "no envelope",
            json!({ "kind": "without", "field": "CiphertextForRecipient" }),
            4,
            "kms",
            "no CiphertextForRecipient",
        ),
        (
            "an empty envelope",
            json!({ "kind": "replace", "field": "CiphertextForRecipient", "value": "" }),
            3,
            "envelope",
            "0 bytes",
        ),
        (
            "the key as it is",
            json!({ "kind": "replace", "field": "CiphertextForRecipient", "value": plaintext }),
            3,
            "envelope",
            "ContentInfo",
        ),
        (
            "another KMS key",
            json!({ "kind": "wrong-key-id" }),
            3,
            "incorrect-key",
            "IncorrectKey",
        ),
        (
            "no answer",
            json!({ "kind": "KMSInternalException", "times": 0 }),
            4,
            "kms",
            "KMSInternalException",
        ),
    ] {
        rig.kms_faults(&json!([fault]));
        rig.kms_requests();
        let run = rig.import_sealed(&[]);
        let secret = plaintext.as_bytes();
        let told = secret
            .windows(11)
            .any(|window| run.stderr.as_bytes().windows(11).any(|shown| shown == window));
        assert!(!told, "{case}: the private key is printed");
        let message = run.refused(code, kind);
        assert!(message.contains(part), "{case}: {message}");
        assert_eq!(rig.private_keys(), [RECIPIENT], "{case}");
        for (operation, parameters) in rig.kms_requests() {
            assert_eq!(operation, "Decrypt", "{case}");
            assert!(
                parameters["Recipient"].is_object(),
                "{case}: no other route is tried"
            );
        }
    }
    rig.kms_faults(&json!([]));
    rig.import_sealed(&[]).ok();
}
