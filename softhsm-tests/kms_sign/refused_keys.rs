//! KMS keys that cannot sign, or not for this CA, and commands that a KMS key cannot serve.

use serde_json::{Value, json};

use crate::harness::{KmsAuthority, Rig, bare_id, kms, make_kms_key};

#[test]
fn commands_for_token_keys_refuse_a_kms_key() {
    let authority = KmsAuthority::with_key("RSA_2048", "AKIAONTOKEN");
    let delete = ["key", "delete", authority.name.as_str(), "--yes"];
    let message = authority.rig.json(&delete).refused(2, "usage");
    assert!(message.contains("is a KMS key"), "{message}");
    assert_eq!(authority.rig.kms_requests(), []);
}

#[test]
fn a_key_that_cannot_sign_is_refused_with_its_usage() {
    let rig = Rig::without_token()
        .with_aws()
        .with("AWS_ACCESS_KEY_ID", "AKIAUNFIT");
    let show = |key: &str| rig.json(&["key", "show", &format!("kms:{key}")]);
    for (spec, usage, words) in [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "HMAC_256"),
        ("RSA_2048", "ENCRYPT_DECRYPT", "its usage is ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "KEY_AGREEMENT", "its usage is KEY_AGREEMENT"),
    ] {
        let message = show(&make_kms_key(spec, usage)).refused(3, "unfit-kms-key");
        assert!(message.contains(words), "{message}");
    }
    let key = make_kms_key("ECC_NIST_P256", "SIGN_VERIFY");
    kms("DisableKey", &json!({ "KeyId": bare_id(&key) }));
    show(&key).refused(4, "key-disabled");
    let key = make_kms_key("ECC_NIST_P256", "SIGN_VERIFY");
    kms(
        "ScheduleKeyDeletion",
        &json!({ "KeyId": bare_id(&key), "PendingWindowInDays": 7 }),
    );
    let message = show(&key).refused(4, "key-state");
    assert!(message.contains("pending deletion"), "{message}");
    show("alias/nobody").refused(4, "key-not-found");
    show("00000000-0000-0000-0000-000000000000").refused(4, "key-not-found");
    let elsewhere = key.replace("us-east-1", "eu-west-1");
    show(&elsewhere).refused(2, "wrong-region");
    for name in ["", "ca", "alias/", "key/x", "arn:aws:iam::123456789012:key/x"] {
        let message = show(name).refused(2, "key-name");
        assert!(message.contains(&format!("kms:{name}")), "{message}");
    }
    let denied = rig.with("AWS_ACCESS_KEY_ID", "AKIADENIEDSIGNER");
    let message = denied
        .json(&["key", "show", "kms:alias/x"])
        .refused(4, "access-denied");
    assert!(message.contains("kms:GetPublicKey"), "{message}");
}

#[test]
fn a_key_of_another_ca_signs_nothing() {
    let authority = KmsAuthority::new("ECC_NIST_P256", "AKIAOTHERCA");
    let other = KmsAuthority::new("ECC_NIST_P256", "AKIAOTHERCAOWN");
    let rig = &authority.rig;
    rig.write("customerCA.crt", other.rig.read("customerCA.crt"));
    rig.json(&["ca", "adopt", "customerCA.crt", "--same-name-other-key"])
        .ok();
    let before = rig.json(&["ledger", "list"]).ok().json();
    let message = authority.sign("out.crt", &[]).refused(3, "rule");
    assert!(
        message.contains("signing-key") && message.contains(&authority.name),
        "{message}"
    );
    rig.write("index.txt", "");
    let create = [
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--revoked",
        "index.txt",
    ];
    let more = ["--key", authority.name.as_str(), "--out", "ca.crl"];
    let message = rig.json(&[&create[..], &more].concat()).refused(3, "rule");
    assert!(message.contains(&authority.name), "{message}");
    assert_eq!(authority.signatures(), Vec::<Value>::new());
    assert_eq!(
        rig.json(&["ledger", "list"]).ok().json()["entries"],
        before["entries"]
    );
    assert!(!rig.path("out.crt").exists() && !rig.path("ca.crl").exists());
}

#[test]
fn a_hash_that_the_key_does_not_sign_with_is_refused_before_kms_is_asked() {
    let authority = KmsAuthority::new("ECC_NIST_P256", "AKIAHASH");
    let entries = || authority.rig.json(&["ledger", "list"]).ok().json()["entries"].take();
    let before = entries();
    let message = authority
        .sign("out.crt", &["--hash", "sha384"])
        .refused(3, "key-algorithm");
    assert!(
        message.contains("ecdsa-with-SHA384") && message.contains("ECDSA_SHA_256"),
        "{message}"
    );
    assert_eq!(authority.signatures(), Vec::<Value>::new());
    assert!(!authority.rig.path("out.crt").exists());
    assert_eq!(entries(), before, "nothing is recorded");
}

#[test]
fn without_a_named_key_a_module_is_needed() {
    let authority = KmsAuthority::new("ECC_NIST_P256", "AKIANOMODULE");
    let sign = [
        "csr",
        "sign",
        "request.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "cloudhsm-cluster",
        "--out",
        "out.crt",
    ];
    authority.rig.json(&sign).refused(2, "no-module");
    assert_eq!(authority.signatures(), Vec::<Value>::new());
}
