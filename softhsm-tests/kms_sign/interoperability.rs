//! A KMS key as the CA's key: independent programs accept its signatures, KMS gets only the necessary calls, and an unsuitable key is
//! refused before it signs.

use serde_json::{Value, json};

use crate::harness::{KmsAuthority, bare_id};
use crate::oracle::{assert_accepted, assert_lints, field, openssl};

/// The key specs that profiles accept, KMS's algorithm for each, and openssl's name for it.
const SPECS: [(&str, &str, &str); 6] = [
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", "sha256WithRSAEncryption"),
    ("RSA_3072", "RSASSA_PKCS1_V1_5_SHA_256", "sha256WithRSAEncryption"),
    ("RSA_4096", "RSASSA_PKCS1_V1_5_SHA_256", "sha256WithRSAEncryption"),
    ("ECC_NIST_P256", "ECDSA_SHA_256", "ecdsa-with-SHA256"),
    ("ECC_NIST_P384", "ECDSA_SHA_384", "ecdsa-with-SHA384"),
    ("ECC_NIST_P521", "ECDSA_SHA_512", "ecdsa-with-SHA512"),
];

#[test]
fn every_kind_of_kms_key_is_a_ca_without_module_token_and_pin() {
    for (spec, algorithm, name) in SPECS {
        let authority = KmsAuthority::new(spec, &format!("AKIASIGNER{spec}"));
        let rig = &authority.rig;
        assert_lints(rig, "customerCA.crt");
        authority.sign("out.crt", &[]).ok();
        assert_accepted(rig, "out.crt", "customerCA.crt");
        let text = openssl(rig, &["x509", "-in", "out.crt", "-noout", "-text"]);
        assert!(
            text.contains(&format!("Signature Algorithm: {name}")),
            "{spec}: {text}"
        );

        // KMS signs the digest once, and the key is named by its ARN.
        let requests = rig.kms_requests();
        let operations: Vec<_> = requests.iter().map(|(operation, _)| operation.as_str()).collect();
        assert_eq!(operations, ["GetPublicKey", "Sign"], "{spec}");
        let asked = &requests[1].1;
        assert_eq!(asked["KeyId"], authority.arn.as_str(), "{spec}");
        assert_eq!(asked["MessageType"], "DIGEST", "{spec}");
        assert_eq!(asked["SigningAlgorithm"], algorithm, "{spec}");

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
        rig.json(&[&create[..], &more].concat()).ok();
        let verified = rig.tool(
            "openssl",
            &["crl", "-in", "ca.crl", "-CAfile", "customerCA.crt", "-noout"],
        );
        assert!(verified.ok().stderr.contains("verify OK"), "{spec}");

        // Everything that was signed is in the ledger.
        let listed = rig.json(&["ledger", "list"]).ok().json();
        let entries = listed["entries"].as_array().expect("entries");
        assert_eq!(entries.len(), 3, "{spec}: {listed}");
        rig.json(&["ledger", "verify"]).ok();
    }
}

#[test]
fn the_aws_cli_verifies_kms_s_signature_of_a_certificate() {
    for (spec, hash, algorithm, digest) in [
        ("RSA_2048", "sha512", "RSASSA_PKCS1_V1_5_SHA_512", "-sha512"),
        ("ECC_NIST_P384", "sha384", "ECDSA_SHA_384", "-sha384"),
    ] {
        let authority = KmsAuthority::new(spec, &format!("AKIACLI{spec}"));
        let rig = &authority.rig;
        authority.sign("out.crt", &["--hash", hash]).ok();
        let content = field(rig, &rig.path("out.crt"), 1, 0);
        rig.write("content", content);
        openssl(rig, &["dgst", digest, "-binary", "-out", "digest", "content"]);
        // The signature is the BIT STRING at the end, whose first byte counts its unused bits.
        let certificate = openssl(rig, &["x509", "-in", "out.crt", "-noout", "-text"]);
        let (_, signature) = certificate
            .split_once("Signature Value:")
            .expect("openssl shows it");
        let hex: String = signature.chars().filter(char::is_ascii_hexdigit).collect();
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"))
            .collect();
        rig.write("signature", bytes);
        let verify = |digest: &str| {
            let digest = format!("fileb://{digest}");
            let words = ["kms", "verify", "--key-id", &authority.arn, "--message", &digest];
            let more = ["--message-type", "DIGEST", "--signature", "fileb://signature"];
            rig.aws(&[&words[..], &more, &["--signing-algorithm", algorithm]].concat())
        };
        assert_eq!(verify("digest").ok().json()["SignatureValid"], true);
        openssl(rig, &["dgst", digest, "-binary", "-out", "other", "request.csr"]);
        let refused = verify("other");
        assert!(
            refused.stderr.contains("KMSInvalidSignatureException"),
            "{refused:?}"
        );
    }
}

#[test]
fn an_ed25519_key_signs_the_message_itself() {
    let authority = KmsAuthority::with_key("ECC_NIST_EDWARDS25519", "AKIAED25519");
    let rig = &authority.rig;
    authority.create("root.crt", &["--profile", "root"]).ok();
    let verified = openssl(
        rig,
        &[
            "verify",
            "-x509_strict",
            "-check_ss_sig",
            "-CAfile",
            "root.crt",
            "root.crt",
        ],
    );
    assert_eq!(verified, "root.crt: OK\n");
    let asked = authority.signatures();
    assert_eq!(asked[0]["MessageType"], "RAW");
    assert_eq!(asked[0]["SigningAlgorithm"], "ED25519_SHA_512");

    // KMS accepts 4096 bytes. A longer CRL is refused before KMS is called.
    let serials = 0..200;
    let index: String = serials
        .map(|serial| {
            format!(
                "R\t300101000000Z\t250101000000Z\t{:06X}\tunknown\t/CN=x\n",
                serial + 0x10_0000
            )
        })
        .collect();
    rig.write("index.txt", index);
    let create = ["crl", "create", "--ca", "root.crt", "--revoked", "index.txt"];
    let more = ["--key", authority.name.as_str(), "--out", "ca.crl"];
    let message = rig
        .json(&[&create[..], &more].concat())
        .refused(3, "message-too-long");
    assert!(message.contains("at most 4096 bytes"), "{message}");
    assert_eq!(authority.signatures(), Vec::<Value>::new());
}

#[test]
fn a_key_is_shown_like_in_the_aws_cli_under_any_name() {
    let authority = KmsAuthority::with_key("ECC_NIST_P256", "AKIASHOWN");
    let rig = &authority.rig;
    let alias = authority.name.trim_start_matches("kms:");
    let alias_arn = authority
        .arn
        .replace(&format!("key/{}", bare_id(&authority.arn)), alias);
    let get = ["kms", "get-public-key", "--key-id", authority.arn.as_str()];
    let told = rig.aws(&get).ok().json();
    for name in [alias, &alias_arn, &authority.arn, bare_id(&authority.arn)] {
        let shown = rig.json(&["key", "show", &format!("kms:{name}")]).ok().json();
        assert_eq!(shown["kms_key_arn"], authority.arn.as_str(), "{name}");
        assert_eq!(shown["key_spec"], told["KeySpec"], "{name}");
        assert_eq!(shown["signing_algorithms"], told["SigningAlgorithms"], "{name}");
        let pem = shown["public_key"].as_str().expect("PEM").replace('\n', "");
        let base64 = told["PublicKey"].as_str().expect("base64");
        assert!(pem.contains(base64), "{name}: {pem}");
    }
    let shown = rig.command(&["key", "show", &authority.name]).ok().stdout;
    assert!(
        [
            "EC P-256",
            "ECDSA_SHA_256",
            "in words, for a ceremony",
            &authority.arn
        ]
        .iter()
        .all(|part| shown.contains(part)),
        "{shown}"
    );
}

#[test]
fn the_exported_public_half_is_that_of_the_aws_cli_and_a_request_is_signed() {
    let authority = KmsAuthority::with_key("RSA_2048", "AKIAEXPORT");
    let rig = &authority.rig;
    let export = ["key", "export-public", authority.name.as_str(), "--out", "ca.pub"];
    let exported = rig.json(&export).ok().json();
    assert_eq!(exported["kms_key_arn"], authority.arn.as_str());
    let get = ["kms", "get-public-key", "--key-id", authority.arn.as_str()];
    let told = rig.aws(&get).ok().json();
    let pem = String::from_utf8(rig.read("ca.pub")).expect("PEM");
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(told["PublicKey"], base64);
    rig.json(&export).refused(2, "output-exists");

    rig.json(&["ledger", "new"]).ok();
    let create = ["csr", "create", "--subject", "CN=Sub,O=Test", "--out", "sub.csr"];
    rig.json(&[&create[..], &["--key", authority.name.as_str()]].concat())
        .ok();
    let verified = rig.tool(
        "openssl",
        &["req", "-in", "sub.csr", "-noout", "-verify", "-pubkey"],
    );
    let verified = verified.ok();
    assert!(verified.stderr.contains("verify OK"), "{verified:?}");
    assert_eq!(verified.stdout, pem);
}

#[test]
fn another_ca_is_cross_signed_and_a_status_is_answered() {
    let authority = KmsAuthority::new("ECC_NIST_P256", "AKIACROSS");
    let rig = &authority.rig;
    let other = KmsAuthority::new("RSA_2048", "AKIACROSSED");
    rig.write("other.crt", other.rig.read("customerCA.crt"));
    let key = ["--ca", "customerCA.crt", "--key", authority.name.as_str()];
    let root = [
        "ca",
        "create",
        "--profile",
        "root",
        "--subject",
        "CN=Root,O=Test,C=US",
    ];
    let to = ["--key", authority.name.as_str(), "--out", "root.crt"];
    rig.json(&[&root[..], &to].concat()).ok();

    authority.sign("out.crt", &[]).ok();
    let ask = [
        "ocsp",
        "-issuer",
        "customerCA.crt",
        "-cert",
        "out.crt",
        "-reqout",
        "ocsp.req",
        "-no_nonce",
    ];
    openssl(rig, &ask);
    rig.kms_requests();
    let respond = ["ocsp", "respond", "--request", "ocsp.req", "--out", "ocsp.resp"];
    rig.json(&[&respond[..], &key].concat()).ok();
    assert_eq!(authority.signatures().len(), 1);
    let read = [
        "ocsp",
        "-issuer",
        "customerCA.crt",
        "-cert",
        "out.crt",
        "-respin",
        "ocsp.resp",
    ];
    let status = openssl(
        rig,
        &[&read[..], &["-CAfile", "customerCA.crt", "-no_nonce"]].concat(),
    );
    assert!(status.contains("out.crt: good"), "{status}");

    let cross = ["cert", "cross-sign", "other.crt", "--out", "cross.crt"];
    let refused = rig.json(&[&cross[..], &["--ca", "root.crt", "--key", other.name.as_str()]].concat());
    assert!(refused.refused(3, "rule").contains("not the issuer's key"));
    let root = ["--ca", "root.crt", "--key", authority.name.as_str()];
    // The other CA has the same name as one in the ledger.
    let waived = ["--same-name-other-key"];
    rig.json(&[&cross[..], &root, &waived].concat()).ok();
    assert_eq!(authority.signatures().len(), 1);
    let verified = openssl(
        rig,
        &["verify", "-CAfile", "root.crt", "-partial_chain", "cross.crt"],
    );
    assert_eq!(verified, "cross.crt: OK\n");
}

#[test]
fn a_key_is_verified_by_a_signature_and_against_a_public_key() {
    let authority = KmsAuthority::new("RSA_2048", "AKIAVERIFIED");
    let rig = &authority.rig;
    let pem = rig.json(&["key", "show", &authority.name]).ok().json()["public_key"].take();
    rig.write("ca.pub", pem.as_str().expect("PEM"));
    openssl(
        rig,
        &["rsa", "-in", "request.key", "-pubout", "-out", "other.pub"],
    );
    rig.kms_requests();
    let verify = |file: &str| rig.json(&["key", "verify", &authority.name, "--public-key", file]);
    for file in ["ca.pub", "customerCA.crt"] {
        let verified = verify(file).ok().json();
        assert_eq!(
            verified["proofs"],
            json!(["usage", "signature", "public-key"]),
            "{file}"
        );
        assert_eq!(authority.signatures().len(), 1, "{file}");
    }
    let alone = rig.json(&["key", "verify", &authority.name]).ok().json();
    assert_eq!(alone["proofs"], json!(["usage", "signature"]));
    assert_eq!(authority.signatures().len(), 1);
    let message = verify("other.pub").refused(3, "proof-failed");
    assert!(
        message.contains("no proof that it is the expected key"),
        "{message}"
    );
    assert_eq!(
        authority.signatures().len(),
        0,
        "nothing is signed by the wrong key"
    );
}
