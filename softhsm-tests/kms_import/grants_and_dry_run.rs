//! Grant tokens, and the dry runs of `doctor`.

use serde_json::{Value, json};

use crate::harness::{ALIAS, Rig, TokenKind, bare_id, kms};

/// The prefix of access key ids of a user without permissions, in the local AWS.
const DENIED: &str = "AKIADENIED";
const DENIED_USER: &str = "arn:aws:iam::123456789012:user/denied";
const GENERATE: &str = "GenerateDataKeyPairWithoutPlaintext";

fn grant(key: &str, grantee: &str, operations: &[&str], constraints: Value) -> String {
    let granted = kms(
        "CreateGrant",
        &json!({
            "KeyId": key, "GranteePrincipal": grantee, "Operations": operations, "Constraints": constraints,
        }),
    );
    granted["GrantToken"].as_str().expect("a token").to_owned()
}

/// A rig of the user without permissions, and a KMS key of another user.
fn denied(access_key: &str) -> (Rig, String) {
    let rig = Rig::asking_as(TokenKind::Kryoptic, &format!("{DENIED}{access_key}"));
    let made = kms("CreateKey", &json!({ "Description": "" }));
    let key = made["KeyMetadata"]["Arn"].as_str().expect("an ARN").to_owned();
    (rig, key)
}

/// A pair in `pair.json` that another user had KMS generate.
fn write_pair(rig: &Rig, key: &str, context: &Value) {
    let parameters = json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": context });
    let mut pair = kms(GENERATE, &parameters);
    pair["EncryptionContext"] = context.clone();
    rig.write("pair.json", pair.to_string());
}

const IMPORT: [&str; 5] = ["kms", "import", "pair.json", "--label", "customer-ca"];

#[test]
fn a_grant_allows_an_import_with_its_token_and_not_without() {
    let (rig, key) = denied("IMPORT");
    write_pair(&rig, &key, &json!({}));
    let token = grant(&key, DENIED_USER, &["Decrypt"], json!({}));
    let elsewhere = kms("CreateKey", &json!({ "Description": "" }));
    let elsewhere = elsewhere["KeyMetadata"]["Arn"]
        .as_str()
        .expect("an ARN")
        .to_owned();
    let import = |tokens: &[&str]| {
        let given: Vec<_> = tokens
            .iter()
            .flat_map(|token| ["--grant-token", *token])
            .collect();
        rig.json(&[&IMPORT[..], &given].concat())
    };
    for (case, token, kind, words) in [
        ("none", None, "access-denied", "kms:Decrypt"),
        (
            "another principal",
            Some(grant(
                &key,
                "arn:aws:iam::123456789012:user/other",
                &["Decrypt"],
                json!({}),
            )),
            "access-denied",
            "kms:Decrypt",
        ),
        (
            "another key",
            Some(grant(&elsewhere, DENIED_USER, &["Decrypt"], json!({}))),
            "access-denied",
            "kms:Decrypt",
        ),
        (
            "another operation",
            Some(grant(&key, DENIED_USER, &["Encrypt"], json!({}))),
            "access-denied",
            "kms:Decrypt",
        ),
        (
            "unknown",
            Some("00000000".to_owned()),
            "grant-token",
            "InvalidGrantTokenException",
        ),
    ] {
        let tokens: Vec<_> = token.iter().map(String::as_str).collect();
        let message = import(&tokens).refused(4, kind);
        assert!(message.contains(words), "{case}: {message}");
        assert_eq!(rig.private_keys(), [""; 0], "{case}");
    }
    for (case, token) in [
        ("empty", String::new()),
        ("too long", "a".repeat(8193)),
        ("blank", "a b".to_owned()),
    ] {
        let message = import(&[&token]).refused(2, "usage");
        assert!(message.contains("1 to 8192 characters"), "{case}: {message}");
    }
    rig.kms_requests();
    import(&[&token]).ok();
    assert_eq!(rig.kms_requests()[0].1["GrantTokens"], json!([token]));
    // KMS is not called: the key is already there.
    import(&[]).ok();
    assert_eq!(rig.kms_requests(), []);
}

#[test]
fn a_grant_token_is_sent_on_the_sealed_route_and_its_constraint_applies() {
    let (rig, key) = denied("SEALED");
    let context = json!({ "purpose": "cluster" });
    write_pair(&rig, &key, &context);
    rig.recipient_key();
    rig.attest(&[]);
    let other = grant(
        &key,
        DENIED_USER,
        &["Decrypt"],
        json!({ "EncryptionContextEquals": { "purpose": "else" } }),
    );
    let token = grant(
        &key,
        DENIED_USER,
        &["Decrypt"],
        json!({ "EncryptionContextEquals": context }),
    );
    rig.import_sealed(&["--grant-token", &other])
        .refused(4, "access-denied");
    rig.kms_requests();
    rig.import_sealed(&["--grant-token", &other, "--grant-token", &token])
        .ok();
    let requests = rig.kms_requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].1["GrantTokens"], json!([other, token]));
    assert!(requests[0].1["Recipient"].is_object());
}

#[test]
fn a_grant_allows_a_key_pair_with_its_token_and_not_without() {
    let (rig, key) = denied("GENERATE");
    let generate = [
        "kms",
        "generate-key-pair",
        "--key-id",
        &key,
        "--spec",
        "ECC_NIST_P256",
    ];
    let generate = [&generate[..], &["--out", "pair.json"]].concat();
    let token = grant(&key, DENIED_USER, &[GENERATE], json!({}));
    let message = rig.json(&generate).refused(4, "access-denied");
    assert!(message.contains(GENERATE), "{message}");
    let message = rig
        .json(&[&generate[..], &["--grant-token", "ffffffff"]].concat())
        .refused(4, "grant-token");
    assert!(message.ends_with("InvalidGrantTokenException"), "{message}");
    assert!(!rig.path("pair.json").exists());
    rig.kms_requests();
    rig.json(&[&generate[..], &["--grant-token", &token]].concat())
        .ok();
    assert_eq!(rig.kms_requests()[0].1["GrantTokens"], json!([token]));
    let retired = json!({ "GrantToken": token, "KeyId": key });
    kms("RetireGrant", &retired);
    rig.json(&[&generate[..], &["--force", "--grant-token", &token]].concat())
        .refused(4, "grant-token");
}

/// The findings of `doctor`, by the name of the check.
fn found(report: &Value, name: &str) -> (String, String) {
    let checks = report["checks"].as_array().expect("a list");
    let check = checks.iter().find(|check| check["check"] == name);
    let check = check.unwrap_or_else(|| panic!("no check {name}: {report:#}"));
    let text = |field: &str| check[field].as_str().expect("text").to_owned();
    (text("state"), text("found"))
}

/// `doctor` asked KMS about both, and all its calls were dry runs.
#[track_caller]
fn doctor(rig: &Rig, key: &str, more: &[&str], code: i32) -> Value {
    rig.kms_requests();
    let doctor = ["doctor", "--key-id", key, "--pair", "pair.json"];
    let run = rig.json(&[&doctor[..], more].concat());
    assert_eq!(run.code, Some(code), "{run:#?}");
    let mut rehearsed = Vec::new();
    for (operation, parameters) in rig.kms_requests() {
        if operation != "ListAliases" {
            assert_eq!(parameters["DryRun"], true, "{operation}: {parameters}");
            rehearsed.push(operation);
        }
    }
    assert_eq!(rehearsed, [GENERATE, "Decrypt"]);
    assert_eq!(rig.private_keys(), [""; 0]);
    run.json()
}

#[test]
fn doctor_reports_what_kms_would_allow() {
    let rig = Rig::asking_as(TokenKind::Kryoptic, "AKIADOCTOR");
    let key = rig.kms_key("");
    write_pair(&rig, &key, &json!({ "purpose": "cluster" }));
    let report = doctor(&rig, &key, &[], 0);
    for name in ["kms-generate", "kms-decrypt"] {
        let (state, what) = found(&report, name);
        assert!(state == "ok" && what.contains(&key), "{name}: {what}");
    }
    assert_eq!(report["verified"], true);

    // The context in the file is not the pair's.
    let mut pair: Value = serde_json::from_slice(&rig.read("pair.json")).expect("JSON");
    let good = pair.to_string();
    pair["EncryptionContext"] = json!({ "purpose": "else" });
    rig.write("pair.json", pair.to_string());
    let report = doctor(&rig, &key, &[], 4);
    assert_eq!(found(&report, "kms-generate").0, "ok");
    let (state, what) = found(&report, "kms-decrypt");
    assert!(
        state == "failed" && what.contains("InvalidCiphertextException"),
        "{what}"
    );

    // A pair under another KMS key.
    rig.write("pair.json", good);
    pair = serde_json::from_slice(&rig.read("pair.json")).expect("JSON");
    pair["KeyId"] = rig.kms_key("").into();
    let good = rig.read("pair.json");
    rig.write("pair.json", pair.to_string());
    let (state, what) = found(&doctor(&rig, &key, &[], 4), "kms-decrypt");
    assert!(
        state == "failed" && what.contains("IncorrectKeyException"),
        "{what}"
    );

    rig.write("pair.json", good);
    kms("DisableKey", &json!({ "KeyId": bare_id(&key) }));
    let report = doctor(&rig, &key, &[], 4);
    for name in ["kms-generate", "kms-decrypt"] {
        let (state, what) = found(&report, name);
        assert!(
            state == "failed" && what.contains("DisabledException") && what.contains(&key),
            "{name}: {what}"
        );
    }
    assert_eq!(found(&report, "kms").0, "ok");
}

#[test]
fn doctor_reports_what_a_grant_allows() {
    let (rig, key) = denied("DOCTOR");
    write_pair(&rig, &key, &json!({}));
    let report = doctor(&rig, &key, &[], 4);
    for (name, action) in [("kms-generate", GENERATE), ("kms-decrypt", "Decrypt")] {
        let (state, what) = found(&report, name);
        assert!(
            state == "failed" && what.contains("AccessDenied") && what.contains(action),
            "{name}: {what}"
        );
    }
    let token = grant(&key, DENIED_USER, &["Decrypt"], json!({}));
    let report = doctor(&rig, &key, &["--grant-token", &token], 4);
    assert_eq!(found(&report, "kms-generate").0, "failed");
    assert_eq!(found(&report, "kms-decrypt").0, "ok");
    let token = grant(&key, DENIED_USER, &["Decrypt", GENERATE], json!({}));
    let report = doctor(&rig, &key, &["--grant-token", &token], 0);
    assert_eq!(found(&report, "kms-generate").0, "ok");
    assert_eq!(found(&report, "kms-decrypt").0, "ok");
    let report = doctor(&rig, &key, &["--grant-token", "00000000"], 4);
    assert!(
        found(&report, "kms-decrypt")
            .1
            .contains("InvalidGrantTokenException")
    );
}

#[test]
fn doctor_detects_a_kms_that_ignores_dry_run() {
    let rig = Rig::asking_as(TokenKind::Kryoptic, "AKIANOREHEARSAL");
    let key = rig.kms_key("");
    write_pair(&rig, &key, &json!({}));
    // The answer of a KMS without DryRun support. The injected fault does not depend on the request.
    rig.kms_faults(&json!([{ "operation": "Decrypt", "kind": "huge", "bytes": 64 }]));
    let report = doctor(&rig, &key, &[], 4);
    assert_eq!(found(&report, "kms-generate").0, "ok");
    let (state, what) = found(&report, "kms-decrypt");
    assert!(state == "failed" && what.contains("ignored DryRun"), "{what}");
}

#[test]
fn a_pinned_key_is_the_one_sent_to_kms() {
    let rig = Rig::asking_as(TokenKind::Kryoptic, "AKIAPINNED");
    let key = rig.generate_pair("ECC_NIST_P256", "");
    let other = rig.kms_key("");
    rig.recipient_key();
    rig.attest(&[]);
    rig.kms_requests();
    for more in [&[][..], &["--attestation-document", "document"]] {
        let import = [&IMPORT[..], more].concat();
        let message = rig
            .json(&[&import[..], &["--key-id", &other]].concat())
            .refused(3, "incorrect-key");
        assert!(message.contains(&other), "{message}");
        let requests = rig.kms_requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        assert_eq!(requests[0].1["KeyId"], other.as_str());
        rig.json(&[&import[..], &["--key-id", &key]].concat()).ok();
        assert_eq!(rig.kms_requests()[0].1["KeyId"], key.as_str());
        rig.delete_imported();
    }
}

#[test]
fn sm2_is_refused_by_name() {
    let rig = Rig::asking_as(TokenKind::Kryoptic, "AKIASM2");
    rig.generate_pair("ECC_NIST_P256", "");
    rig.kms_requests();
    let generate = ["kms", "generate-key-pair", "--key-id", ALIAS, "--out", "sm2.json"];
    let run = rig.json(&[&generate[..], &["--spec", "SM2"]].concat());
    assert!(run.stderr.contains("ECC_NIST_EDWARDS25519"), "{run:?}");
    assert!(run.refused(2, "usage").contains("'SM2'"));
    assert!(!rig.path("sm2.json").exists());
    let mut pair: Value = serde_json::from_slice(&rig.read("pair.json")).expect("JSON");
    pair["KeyPairSpec"] = "SM2".into();
    rig.write("pair.json", pair.to_string());
    assert!(rig.import().refused(3, "key-spec").contains("SM2"));
    assert_eq!(rig.kms_requests(), [], "KMS is not asked");
    assert_eq!(rig.private_keys(), [""; 0]);
}
