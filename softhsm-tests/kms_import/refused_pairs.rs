//! Faulty pair files and KMS keys are refused, and the token stays empty.

use serde_json::Value;

use crate::harness::{ALIAS, Rig, python_tool};

fn changed(rig: &Rig, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut pair: Value = serde_json::from_slice(&rig.read("pair.json")).expect("JSON");
    change(&mut pair);
    rig.write(name, pair.to_string());
    name.to_owned()
}

/// A new symmetric KMS key, for tests that break it.
fn new_key(rig: &Rig) -> String {
    let created = rig.json(&["kms", "create-key"]).ok().json();
    created["kms_key_arn"].as_str().expect("an ARN").to_owned()
}

#[track_caller]
fn refused(rig: &Rig, pair: &str, more: &[&str], code: i32, kind: &str) -> String {
    let import = [&["kms", "import", pair, "--label", "customer-ca"], more].concat();
    let message = rig.json(&import).refused(code, kind);
    rig.assert_token_is_empty();
    message
}

#[test]
fn a_broken_file_is_named() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    let whole = rig.read("pair.json");
    for length in [0, 1, whole.len() / 2, whole.len() - 3] {
        rig.write("cut.json", &whole[..length]);
        let message = refused(&rig, "cut.json", &[], 3, "pair-file");
        assert!(message.starts_with("cut.json: "), "{message}");
    }
    let spec = changed(&rig, "spec.json", |pair| pair["KeyPairSpec"] = "RSA_2048".into());
    refused(&rig, &spec, &[], 3, "pair-file");
    let unknown = changed(&rig, "sm2.json", |pair| pair["KeyPairSpec"] = "SM2".into());
    assert!(refused(&rig, &unknown, &[], 3, "key-spec").contains("SM2"));
    let plaintext = changed(&rig, "plain.json", |pair| {
        pair["PrivateKeyPlaintext"] = "c2VjcmV0".into()
    });
    refused(&rig, &plaintext, &[], 3, "plaintext-pair");
    refused(&rig, "nowhere.json", &[], 2, "unreadable-file");
}

#[test]
fn a_damaged_ciphertext_is_refused_by_kms() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    let damaged = changed(&rig, "damaged.json", |pair| {
        let blob = pair["PrivateKeyCiphertextBlob"]
            .as_str()
            .expect("base64")
            .to_owned();
        let middle = blob.len() / 2;
        let other = if &blob[middle..=middle] == "A" { "B" } else { "A" };
        pair["PrivateKeyCiphertextBlob"] =
            format!("{}{other}{}", &blob[..middle], &blob[middle + 1..]).into();
    });
    refused(&rig, &damaged, &[], 3, "invalid-ciphertext");
}

#[test]
fn the_ciphertext_of_another_key_is_refused() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    let other = new_key(&rig);
    let renamed = changed(&rig, "other.json", |pair| pair["KeyId"] = other.clone().into());
    refused(&rig, &renamed, &[], 3, "incorrect-key");
    // The same with the key named on the command line.
    let message = refused(&rig, "pair.json", &["--key-id", &other], 3, "incorrect-key");
    assert!(message.contains(&other), "{message}");
}

#[test]
fn a_wrong_encryption_context_is_refused() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    refused(
        &rig,
        "pair.json",
        &["--encryption-context", "a=b"],
        3,
        "invalid-ciphertext",
    );
    rig.command(&[
        "kms",
        "generate-key-pair",
        "--key-id",
        ALIAS,
        "--spec",
        "ECC_NIST_P256",
        "--out",
        "bound.json",
        "--encryption-context",
        "a=b",
    ])
    .ok();
    refused(
        &rig,
        "bound.json",
        &["--encryption-context", "a=c"],
        3,
        "encryption-context",
    );
    refused(
        &rig,
        "bound.json",
        &["--encryption-context", "a=b", "--encryption-context", "a=b"],
        2,
        "usage",
    );
}

#[test]
fn a_wrong_region_is_named_before_kms_is_asked() {
    let rig = Rig::new()
        .with_pair("ECC_NIST_P256")
        .with("AWS_REGION", "eu-west-1");
    let message = refused(&rig, "pair.json", &[], 2, "wrong-region");
    assert!(
        message.contains("eu-west-1") && message.contains("us-east-1"),
        "{message}"
    );
}

#[test]
fn without_a_region_the_pair_files_counts() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    let mut import = rig.prepare(&["kms", "import", "pair.json", "--label", "customer-ca"]);
    import.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION");
    crate::harness::Run::of(&mut import).ok();
}

#[test]
fn a_disabled_key_and_one_pending_deletion_are_named() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    let key = new_key(&rig);
    rig.command(&[
        "kms",
        "generate-key-pair",
        "--key-id",
        &key,
        "--spec",
        "ECC_NIST_P256",
        "--out",
        "own.json",
    ])
    .ok();
    // moto needs the id without the ARN for these two.
    let id = key.rsplit('/').next().expect("an id");
    rig.aws(&["kms", "disable-key", "--key-id", id]).ok();
    let message = refused(&rig, "own.json", &[], 4, "key-disabled");
    assert!(message.contains(&key), "{message}");
    rig.aws(&["kms", "schedule-key-deletion", "--key-id", id]).ok();
    let message = refused(&rig, "own.json", &[], 4, "key-state");
    assert!(message.contains("pending deletion"), "{message}");
}

#[test]
fn access_denied_names_the_principal_and_the_action() {
    let rig = Rig::new()
        .with_pair("ECC_NIST_P256")
        .with("AWS_ACCESS_KEY_ID", "AKIADENIEDTEST");
    let message = refused(&rig, "pair.json", &[], 4, "access-denied");
    assert!(message.contains("kms:Decrypt"), "{message}");
}

#[test]
fn missing_credentials_and_an_unreachable_kms_are_distinguished() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    let mut import = rig.prepare(&[
        "--format",
        "json",
        "kms",
        "import",
        "pair.json",
        "--label",
        "customer-ca",
    ]);
    import
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    crate::harness::Run::of(&mut import).refused(4, "credentials");
    let unreachable = rig.with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let message = refused(&unreachable, "pair.json", &[], 4, "kms-unreachable");
    assert!(message.contains("Decrypt"), "{message}");
}

#[test]
fn a_public_key_of_another_pair_fails_the_first_proof() {
    for spec in ["RSA_2048", "ECC_NIST_P384"] {
        let rig = Rig::new().with_pair(spec);
        rig.command(&[
            "kms",
            "generate-key-pair",
            "--key-id",
            ALIAS,
            "--spec",
            spec,
            "--out",
            "other.json",
        ])
        .ok();
        let other: Value = serde_json::from_slice(&rig.read("other.json")).expect("JSON");
        let crossed = changed(&rig, "crossed.json", |pair| {
            pair["PublicKey"] = other["PublicKey"].clone()
        });
        let message = refused(&rig, &crossed, &[], 3, "proof-failed");
        assert!(message.contains("nothing was put on the token"), "{message}");
    }
}

#[test]
fn a_private_key_of_another_kind_is_refused() {
    let rig = Rig::new().with_pair("RSA_2048");
    rig.command(&[
        "kms",
        "generate-key-pair",
        "--key-id",
        ALIAS,
        "--spec",
        "ECC_NIST_P256",
        "--out",
        "ec.json",
    ])
    .ok();
    let ec: Value = serde_json::from_slice(&rig.read("ec.json")).expect("JSON");
    let crossed = changed(&rig, "crossed.json", |pair| {
        pair["PrivateKeyCiphertextBlob"] = ec["PrivateKeyCiphertextBlob"].clone();
    });
    refused(&rig, &crossed, &[], 3, "private-key");
}

#[test]
fn a_file_without_a_private_key_is_refused() {
    let rig = Rig::new().with_pair("RSA_2048");
    let encrypted = rig
        .aws(&[
            "kms",
            "encrypt",
            "--key-id",
            ALIAS,
            "--plaintext",
            "bm8ga2V5IGF0IGFsbA==",
            "--query",
            "CiphertextBlob",
            "--output",
            "text",
        ])
        .ok()
        .stdout;
    let crossed = changed(&rig, "crossed.json", |pair| {
        pair["PrivateKeyCiphertextBlob"] = encrypted.trim().to_owned().into()
    });
    let message = refused(&rig, &crossed, &[], 3, "private-key");
    assert!(
        !message.contains("no key at all"),
        "the plaintext is not repeated: {message}"
    );
}

#[test]
fn an_alias_that_is_taken_leaves_no_second_key() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    let refuse = |description: &str| {
        rig.json(&[
            "kms",
            "create-key",
            "--alias",
            ALIAS,
            "--description",
            description,
        ])
        .refused(2, "alias-exists")
    };
    assert!(refuse("left behind").contains(ALIAS));
    // Every key that the local AWS has, with its description.
    rig.json(&["kms", "create-key", "--description", "made on purpose"])
        .ok();
    let all = rig.tool(
        python_tool("python"),
        &[
            "-c",
            "import sys, urllib.request; \
        print(urllib.request.urlopen(sys.argv[1] + '/moto-api/data.json').read().decode())",
            &rig.endpoint(),
        ],
    );
    let all = all.ok().stdout;
    assert!(all.contains("made on purpose"), "the list has descriptions");
    assert!(!all.contains("left behind"));
    rig.json(&["kms", "create-key", "--alias", "no-prefix"])
        .refused(2, "usage");
}

#[test]
fn an_endpoint_that_is_not_encrypted_is_refused_except_for_this_machine() {
    // RFC 5737: no machine has this address, and none is asked.
    let rig = Rig::new()
        .with_pair("ECC_NIST_P256")
        .with("AWS_ENDPOINT_URL", "http://192.0.2.1:1");
    let message = refused(&rig, "pair.json", &[], 2, "plaintext-endpoint");
    assert!(message.contains("http://192.0.2.1:1"), "{message}");
}

#[test]
fn a_pair_for_stdout_is_in_the_json_too() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    let generate = [
        "kms",
        "generate-key-pair",
        "--key-id",
        ALIAS,
        "--spec",
        "ECC_NIST_P256",
        "--out",
        "-",
    ];
    let printed = rig.json(&generate).ok().json();
    rig.write("json.json", printed["pair"].to_string());
    rig.write("text.json", rig.command(&generate).ok().stdout);
    rig.json(&["kms", "import", "json.json", "--label", "one"]).ok();
    rig.json(&["kms", "import", "text.json", "--label", "two"]).ok();
}
