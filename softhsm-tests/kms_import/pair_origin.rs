//! The origin of a pair: its fingerprint, its KMS key and that key's account. `kms:Encrypt` is enough to make a pair file that KMS
//! decrypts.

use serde_json::{Value, json};

use crate::harness::{Rig, TokenKind, bare_id, kms, python_tool};

const IMPORT: [&str; 5] = ["kms", "import", "pair.json", "--label", "customer-ca"];

/// The account for access key ids that begin with AKIAOTHERACCOUNT (softhsm-tests/local-aws/kms_responses.py).
const OTHER_ACCOUNT: &str = "999988887777";

fn pair(rig: &Rig, file: &str) -> Value {
    serde_json::from_slice(&rig.read(file)).expect("JSON")
}

/// SHA-256 of the public key in a pair file, by openssl.
fn fingerprint_by_openssl(rig: &Rig, file: &str) -> String {
    rig.write(
        "public.b64",
        pair(rig, file)["PublicKey"].as_str().expect("base64"),
    );
    let decode = ["base64", "-d", "-A", "-in", "public.b64", "-out", "public.der"];
    rig.tool("openssl", &decode).ok();
    // Read and written again, so that it contains only a public key.
    let convert = ["pkey", "-pubin", "-inform", "DER", "-in", "public.der"];
    rig.tool(
        "openssl",
        &[&convert[..], &["-outform", "DER", "-out", "again.der"]].concat(),
    )
    .ok();
    let digest = rig
        .tool("openssl", &["dgst", "-sha256", "-r", "again.der"])
        .ok()
        .stdout;
    digest.split(' ').next().expect("hex").to_owned()
}

/// A pair file with a key that KMS did not generate, made with `kms:Encrypt`.
fn forge(rig: &Rig, kms_key: &str, file: &str) {
    let generate = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    rig.tool("openssl", &[&generate[..], &["-out", "forged.pem"]].concat())
        .ok();
    let private = [
        "pkcs8",
        "-topk8",
        "-nocrypt",
        "-in",
        "forged.pem",
        "-outform",
        "DER",
    ];
    rig.tool("openssl", &[&private[..], &["-out", "forged.der"]].concat())
        .ok();
    let public = ["pkey", "-in", "forged.pem", "-pubout", "-outform", "DER"];
    rig.tool("openssl", &[&public[..], &["-out", "forged.pub"]].concat())
        .ok();
    let base64 = |name: &str| {
        let run = rig.tool("openssl", &["base64", "-e", "-A", "-in", name]).ok();
        run.stdout.trim().to_owned()
    };
    let encrypted = kms(
        "Encrypt",
        &json!({ "KeyId": bare_id(kms_key), "Plaintext": base64("forged.der") }),
    );
    let forged = json!({
        "PrivateKeyCiphertextBlob": encrypted["CiphertextBlob"], "PublicKey": base64("forged.pub"),
        "KeyId": kms_key, "KeyPairSpec": "ECC_NIST_P256",
    });
    rig.write(file, forged.to_string());
}

#[test]
fn generation_prints_the_fingerprint_that_import_compares() {
    let rig = Rig::asking_as(TokenKind::SoftHsm, "AKIAORIGINCOMPARE");
    let key = rig.kms_key("");
    for spec in ["ECC_NIST_P256", "RSA_2048", "ECC_NIST_EDWARDS25519"] {
        let generate = [
            "kms",
            "generate-key-pair",
            "--key-id",
            &key,
            "--spec",
            spec,
            "--force",
        ];
        let generated = rig
            .json(&[&generate[..], &["--out", "pair.json"]].concat())
            .ok()
            .json();
        let fingerprint = fingerprint_by_openssl(&rig, "pair.json");
        assert_eq!(generated["public_key_sha256"], fingerprint, "{spec}");
        assert_eq!(generated["kms_key_arn"], key.as_str());
        assert_eq!(generated["kms_key_account"], "123456789012");
        // The words, by Python, from the published list.
        let list = concat!(env!("CARGO_MANIFEST_DIR"), "/src/values/word_list.txt");
        let program = "import sys; lines = [line.split() for line in open(sys.argv[1])]; \
            print(' '.join(lines[byte][place % 2] for place, byte in enumerate(bytes.fromhex(sys.argv[2]))))";
        let words = rig.tool(python_tool("python"), &["-c", program, list, &fingerprint]);
        let words = words.ok().stdout.trim().to_owned();
        assert_eq!(generated["public_key_sha256_words"], words);

        let text = rig
            .command(&[&generate[..], &["--out", "shown.json"]].concat())
            .ok()
            .stdout;
        let shown = fingerprint_by_openssl(&rig, "shown.json");
        assert!(text.contains(&shown) && text.contains(&key), "{text}");
        assert!(
            text.contains("account") && text.contains("123456789012"),
            "{text}"
        );
    }
    // Not every route supports Ed25519, so the forms of the fingerprint are tested with P-256.
    rig.generate(&key, "ECC_NIST_P256", "pair.json");
    let fingerprint = fingerprint_by_openssl(&rig, "pair.json");
    let bytes: Vec<&str> = (0..32)
        .map(|place| &fingerprint[2 * place..2 * place + 2])
        .collect();
    let imported = rig
        .json(&[&IMPORT[..], &["--expect", &fingerprint]].concat())
        .ok()
        .json();
    assert_eq!(imported["outcome"], "imported");
    assert_eq!(imported["fingerprint_expected"], true);
    assert_eq!(imported["public_key_sha256"], fingerprint);
    assert_eq!(imported["kms_key_arn"], key.as_str());
    assert_eq!(imported["kms_key_account"], "123456789012");
    let words = imported["public_key_sha256_words"].as_str().expect("words");
    for form in [&bytes.join(":"), &fingerprint.to_uppercase(), words] {
        let again = rig.json(&[&IMPORT[..], &["--expect", form]].concat()).ok().json();
        assert_eq!(again["outcome"], "already-there", "{form}");
    }
    let text = rig.command(&IMPORT).ok().stdout;
    assert!(text.contains(&fingerprint) && text.contains(&key), "{text}");
    assert!(text.contains("expected") && text.contains("--expect"), "{text}");
    let first_word = words.split(' ').next().expect("a word");
    assert!(text.contains(first_word), "{text}");
    for form in [
        "",
        "00",
        &fingerprint[1..],
        &format!("{fingerprint}0"),
        first_word,
    ] {
        rig.json(&[&IMPORT[..], &["--expect", form]].concat())
            .refused(2, "usage");
    }
}

/// Neither the token nor KMS is used: no module can be loaded here, and KMS gets no call.
#[test]
fn another_fingerprint_is_refused_before_the_token_and_kms_are_asked() {
    let rig = Rig::asking_as(TokenKind::SoftHsm, "AKIAORIGINOTHER");
    let key = rig.generate_pair("ECC_NIST_P256", "");
    let expected = fingerprint_by_openssl(&rig, "pair.json");
    // kms:Encrypt is enough for this pair. Without --expect it is not detected, and the result says so.
    forge(&rig, &key, "pair.json");
    let forged = fingerprint_by_openssl(&rig, "pair.json");
    rig.kms_requests();
    let import = [
        &["--module", "/nowhere.so"],
        &IMPORT[..],
        &["--expect", &expected],
    ]
    .concat();
    let message = rig.json(&import).refused(3, "other-fingerprint");
    assert!(
        message.contains(&expected) && message.contains(&forged),
        "{message}"
    );
    assert_eq!(rig.kms_requests(), []);
    rig.json(&[&IMPORT[..], &["--expect", &expected]].concat())
        .refused(3, "other-fingerprint");
    assert_eq!(rig.kms_requests(), []);
    rig.assert_token_is_empty();
    let imported = rig.import().ok().json();
    assert_eq!(imported["fingerprint_expected"], false);
    // A key that is already on the token is compared with --expect too.
    rig.json(&[&IMPORT[..], &["--expect", &expected]].concat())
        .refused(3, "other-fingerprint");
}

#[test]
fn the_key_of_another_account_is_refused_unless_it_is_named() {
    // The attacker's key policy allows kms:Decrypt to everyone.
    let attacker = Rig::asking_as(TokenKind::SoftHsm, "AKIAOTHERACCOUNT1");
    let key = attacker.generate_pair("ECC_NIST_P256", "");
    assert!(key.contains(OTHER_ACCOUNT), "{key}");
    let rig = Rig::asking_as(TokenKind::Kryoptic, "AKIAORIGINVICTIM");
    rig.write("pair.json", attacker.read("pair.json"));
    rig.recipient_key();
    rig.attest(&[]);
    rig.kms_requests();
    for more in [&[][..], &["--attestation-document", "document"]] {
        let import = [&IMPORT[..], more].concat();
        let message = rig.json(&import).refused(3, "other-account");
        assert!(
            message.contains(&key) && message.contains("123456789012"),
            "{message}"
        );
        // By its id alone, KMS finds only a key of the caller's own account.
        let requests = rig.kms_requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        assert_eq!(requests[0].1["KeyId"], bare_id(&key));
        assert_eq!(rig.private_keys(), [crate::harness::RECIPIENT]);
    }
    // A missing key of the caller's own account is not reported as another account's.
    let mut gone = pair(&rig, "pair.json");
    gone["KeyId"] = key.replace(OTHER_ACCOUNT, "123456789012").into();
    rig.write("gone.json", gone.to_string());
    rig.json(&["kms", "import", "gone.json", "--label", "customer-ca"])
        .refused(4, "key-not-found");
    // An id names no account.
    rig.json(&[&IMPORT[..], &["--key-id", bare_id(&key)]].concat())
        .refused(4, "key-not-found");
    let imported = rig.json(&[&IMPORT[..], &["--key-id", &key]].concat()).ok().json();
    assert_eq!(imported["kms_key_account"], OTHER_ACCOUNT);
}

#[test]
fn an_alias_may_name_the_pairs_key_and_the_answer_is_compared() {
    let rig = Rig::asking_as(TokenKind::SoftHsm, "AKIAORIGINALIAS");
    let created = rig
        .json(&["kms", "create-key", "--alias", "alias/origin"])
        .ok()
        .json();
    let key = created["kms_key_arn"].as_str().expect("an ARN").to_owned();
    let alias_arn = key.replace(&format!("key/{}", bare_id(&key)), "alias/origin");
    for name in ["alias/origin", &alias_arn, bare_id(&key), &key] {
        rig.generate(name, "ECC_NIST_P256", "pair.json");
        assert_eq!(pair(&rig, "pair.json")["KeyId"], key.as_str(), "{name}");
        rig.json(&[&IMPORT[..], &["--key-id", name]].concat()).ok();
        rig.delete_imported();
        rig.kms_faults(&json!([{ "operation": "Decrypt", "kind": "wrong-key-id" }]));
        rig.json(&[&IMPORT[..], &["--key-id", name]].concat())
            .refused(3, "incorrect-key");
        rig.assert_token_is_empty();
    }
}

#[test]
fn an_answer_about_another_kms_key_makes_no_pair_file() {
    let rig = Rig::asking_as(TokenKind::SoftHsm, "AKIAORIGINANSWER");
    let created = rig
        .json(&["kms", "create-key", "--alias", "alias/answers"])
        .ok()
        .json();
    let key = created["kms_key_arn"].as_str().expect("an ARN").to_owned();
    let id = bare_id(&key);
    let alias_arn = key.replace(&format!("key/{id}"), "alias/answers");
    let other_id = key.replace(id, "00000000-0000-0000-0000-000000000000");
    let other_account = key.replace("123456789012", OTHER_ACCOUNT);
    let other_region = key.replace("us-east-1", "eu-west-1");
    for (name, answers) in [
        (
            &key[..],
            &[&other_id[..], &other_account, &other_region, id, "alias/answers"][..],
        ),
        (id, &[&other_id, &other_region, id]),
        ("alias/answers", &[&other_region, "alias/answers", id, ""]),
        (&alias_arn, &[&other_account, &other_region, &alias_arn]),
    ] {
        for answer in answers {
            rig.kms_faults(&json!([{ "kind": "replace", "field": "KeyId", "value": answer }]));
            let generate = ["kms", "generate-key-pair", "--key-id", name, "--out", "pair.json"];
            let message = rig
                .json(&[&generate[..], &["--spec", "ECC_NIST_P256"]].concat())
                .refused(3, "other-answer");
            assert!(message.contains(name) && message.contains(answer), "{message}");
            assert!(!rig.path("pair.json").exists(), "{name}, {answer}");
        }
    }
}

#[test]
fn a_weak_key_is_refused_at_generation_and_when_it_is_read() {
    let rig = Rig::asking_as(TokenKind::SoftHsm, "AKIAORIGINWEAK");
    let key = rig.kms_key("encoding=rsa-exponent-3");
    let generate = |spec: &str| {
        let generate = ["kms", "generate-key-pair", "--key-id", &key, "--spec", spec];
        rig.json(&[&generate[..], &["--out", "pair.json"]].concat())
    };
    let generated = |spec: &str| {
        kms(
            "GenerateDataKeyPairWithoutPlaintext",
            &json!({ "KeyId": bare_id(&key), "KeyPairSpec": spec }),
        )
    };
    let message = generate("RSA_2048").refused(3, "weak-key");
    assert!(message.contains("exponent"), "{message}");
    assert!(!rig.path("pair.json").exists());
    rig.write("read.json", generated("RSA_2048").to_string());
    let import = ["kms", "import", "read.json", "--label", "customer-ca"];
    rig.json(&import).refused(3, "weak-key");

    // RSA 2048 with a modulus that 3 divides, and a point of order 1.
    let small_factor = "import base64, sys; sys.path.insert(0, sys.argv[1]); import der; \
        n = der.tlv(2, b'\\0' + b'\\xff' * 256); \
        key = der.sequence(der.algorithm('1.2.840.113549.1.1.1', der.NULL), der.bit_string(der.sequence(n, der.integer(65537)))); \
        print(base64.b64encode(key).decode())";
    let small_order = "import base64, sys; sys.path.insert(0, sys.argv[1]); import der; \
        key = der.sequence(der.algorithm('1.3.101.112'), der.bit_string(b'\\1' + bytes(31))); \
        print(base64.b64encode(key).decode())";
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/local-aws");
    rig.describe_kms_key(&key, "");
    for (spec, program) in [("RSA_2048", small_factor), ("ECC_NIST_EDWARDS25519", small_order)] {
        let weak = rig.tool(python_tool("python"), &["-c", program, directory]).ok();
        let weak = weak.stdout.trim();
        rig.kms_faults(&json!([{ "kind": "replace", "field": "PublicKey", "value": weak }]));
        generate(spec).refused(3, "weak-key");
        assert!(!rig.path("pair.json").exists());
        let mut read = generated(spec);
        read["PublicKey"] = weak.into();
        rig.write("read.json", read.to_string());
        rig.json(&import).refused(3, "weak-key");
    }
    rig.assert_token_is_empty();
}
