//! Keys whose names do not identify their public key: without an id, with one id for several, without a public-key object.

use serde_json::Value;

use crate::harness::{Rig, Run, TokenKind, on_each};
use crate::key::generate::generate;
use crate::oracle::openssl;

/// As with AWS CloudHSM's command line without `--id`, the id does not distinguish the pairs.
const SHARED_ID: &str = "01";

/// Two pairs of this kind with the same id.
fn twins(kind: TokenKind, key_type: &str) -> Rig {
    let rig = Rig::of(kind);
    for label in ["a", "b"] {
        let id = generate(&rig, label, key_type).ok().json()["id"].clone();
        let id = id.as_str().expect("an id").to_owned();
        for class in ["privkey", "pubkey"] {
            rig.pkcs11_tool(&["--set-id", SHARED_ID, "--type", class, "--id", &id]);
        }
    }
    rig
}

/// Gives the public half of the key `label` another label, and no id.
fn rename_public_half(rig: &Rig, label: &str) {
    let [der, other] = [format!("{label}.der"), format!("{label}-public")];
    rig.pkcs11_tool(&["--read-object", "--type", "pubkey", "--label", label, "-o", &der]);
    rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--label", label]);
    rig.pkcs11_tool(&["--write-object", &der, "--type", "pubkey", "--label", &other]);
}

fn create_ca(rig: &Rig, key: &str, out: &str) -> Run {
    let subject = format!("CN={out},C=US");
    let create = [
        "ca",
        "create",
        "--key",
        key,
        "--subject",
        &subject,
        "--profile",
        "root",
    ];
    rig.json(&[&create[..], &["--out", out]].concat())
}

pub(crate) fn make_request(rig: &Rig) {
    let new = [
        "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key",
    ];
    let name = ["-subj", "/CN=leaf", "-addext", "subjectAltName=DNS:leaf.example"];
    openssl(rig, &[&new[..], &name, &["-out", "leaf.csr"]].concat());
}

fn sign(rig: &Rig, ca: &str, key: &[&str], out: &str) -> Run {
    let sign = [
        "csr",
        "sign",
        "leaf.csr",
        "--again",
        "--profile",
        "tls-server",
        "--ca",
        ca,
    ];
    rig.json(&[&sign[..], key, &["--out", out]].concat())
}

fn entries(rig: &Rig) -> usize {
    let listed = rig.json(&["ledger", "list"]).ok().json();
    listed["entries"].as_array().map_or(0, Vec::len)
}

/// The hint of an error.
fn hint(run: &Run) -> String {
    let error: Value = serde_json::from_str(&run.stderr).expect("JSON");
    error["error"]["hint"].as_str().expect("a hint").to_owned()
}

#[test]
fn of_two_pairs_under_one_id_the_named_one_signs() {
    let cases = [
        (TokenKind::SoftHsm, "ec:p256"),
        (TokenKind::SoftHsm, "ed25519"),
        (TokenKind::Kryoptic, "ec:p384"),
        (TokenKind::Kryoptic, "ml-dsa-65"),
    ];
    for (kind, key_type) in cases {
        let rig = twins(kind, key_type);
        make_request(&rig);
        for label in ["a", "b"] {
            let ca = format!("{label}.crt");
            create_ca(&rig, label, &ca).ok();
            rig.json(&["key", "verify", label, "--public-key", &ca]).ok();
            rig.json(&["key", "verify", label]).ok();
        }
        let message = rig
            .json(&["key", "verify", "a", "--public-key", "b.crt"])
            .refused(3, "proof-failed");
        assert!(
            message.contains("a different public key"),
            "{key_type}: {message}"
        );
        let before = entries(&rig);
        let message = sign(&rig, "a.crt", &["--key", "b"], "wrong.crt").refused(3, "rule");
        assert!(message.contains("signing-key"), "{key_type}: {message}");
        assert_eq!(
            entries(&rig),
            before,
            "{key_type}: nothing is recorded for the wrong key"
        );
        for (ca, key, out) in [
            ("a.crt", &["--key", "a"][..], "a1.crt"),
            ("b.crt", &["--key", "b"], "b1.crt"),
            // The public-key objects have the labels of their private keys.
            ("a.crt", &[], "a2.crt"),
            ("b.crt", &[], "b2.crt"),
        ] {
            let run = sign(&rig, ca, key, out);
            assert_eq!(run.code, Some(0), "{kind:?} {key_type} {ca} {key:?}: {run:#?}");
            // Debian's openssl has no ML-DSA: the program has verified it, and the second decoder has read it.
            if !key_type.starts_with("ml-dsa") {
                openssl(&rig, &["verify", "-CAfile", ca, out]);
            }
        }
        rig.json(&["crl", "create", "--ca", "b.crt", "--key", "b", "--out", "b.crl"])
            .ok();
        if !key_type.starts_with("ml-dsa") {
            openssl(&rig, &["crl", "-in", "b.crl", "-noout", "-CAfile", "b.crt"]);
        }
    }
}

/// As AWS CloudHSM's command line makes them: no id, and the labels of the two halves differ.
#[test]
fn without_an_id_and_with_other_labels_the_hint_can_be_followed() {
    let rig = Rig::new();
    make_request(&rig);
    for label in ["my ca", "other"] {
        let pair = [
            "--keypairgen",
            "--key-type",
            "EC:prime256v1",
            "--usage-sign",
            "--label",
            label,
        ];
        rig.pkcs11_tool(&pair);
        rename_public_half(&rig, label);
        let ca = format!("{label}.crt");
        create_ca(&rig, label, &ca).ok();
        openssl(&rig, &["verify", "-CAfile", &ca, &ca]);
    }
    let request = [
        "csr",
        "create",
        "--key",
        "other",
        "--subject",
        "CN=x",
        "--out",
        "other.csr",
    ];
    rig.json(&request).ok();
    openssl(&rig, &["req", "-in", "other.csr", "-noout", "-verify"]);
    rig.json(&["key", "export-public", "other", "--out", "exported.pem"])
        .ok();
    let certified = openssl(&rig, &["x509", "-in", "other.crt", "-noout", "-pubkey"]);
    assert_eq!(
        String::from_utf8(rig.read("exported.pem")).expect("PEM"),
        certified
    );
    // `key show` signs nothing, so the public half is unknown.
    let shown = rig.json(&["key", "show", "other"]).ok().json();
    assert!(
        shown["public_key"].is_null() && shown["key_type"] == "EC P-256",
        "{shown}"
    );

    let before = entries(&rig);
    let refused = sign(&rig, "my ca.crt", &[], "out.crt");
    let hint = hint(&refused);
    refused.refused(3, "several-keys");
    assert_eq!(entries(&rig), before);
    for name in ["pkcs11:object=my%20ca", "pkcs11:object=other"] {
        assert!(hint.contains(name), "{hint}");
    }
    sign(&rig, "my ca.crt", &["--key", "pkcs11:object=my%20ca"], "out.crt").ok();
    openssl(&rig, &["verify", "-CAfile", "my ca.crt", "out.crt"]);
}

/// Two private keys that differ only in their values.
fn identical_twins() -> Rig {
    let rig = Rig::new();
    make_request(&rig);
    for name in ["one", "two"] {
        let [key, der, crt] = ["key", "der", "crt"].map(|end| format!("{name}.{end}"));
        openssl(
            &rig,
            &[
                "ecparam",
                "-name",
                "prime256v1",
                "-genkey",
                "-noout",
                "-out",
                &key,
            ],
        );
        openssl(
            &rig,
            &[
                "pkcs8", "-topk8", "-nocrypt", "-in", &key, "-outform", "DER", "-out", &der,
            ],
        );
        let subject = format!("/C=US/CN={name}");
        let usage = "keyUsage=critical,keyCertSign,cRLSign";
        let new = [
            "req", "-x509", "-new", "-key", &key, "-subj", &subject, "-days", "3650",
        ];
        let made = ["-addext", usage, "-out", &crt];
        openssl(&rig, &[&new[..], &made].concat());
        let write = [
            "--write-object",
            &der,
            "--type",
            "privkey",
            "--label",
            "ca",
            "--usage-sign",
        ];
        rig.pkcs11_tool(&write);
        rig.adopt(&crt);
    }
    rig
}

#[test]
fn the_certificate_decides_between_keys_with_the_same_names() {
    let rig = identical_twins();
    for ca in ["one.crt", "two.crt"] {
        for (number, key) in [&["--key", "ca"][..], &[]].into_iter().enumerate() {
            let out = format!("{number}-{ca}");
            sign(&rig, ca, key, &out).ok();
            openssl(&rig, &["verify", "-CAfile", ca, &out]);
        }
        let crl = format!("{ca}.crl");
        rig.json(&["crl", "create", "--ca", ca, "--key", "ca", "--out", &crl])
            .ok();
    }
    let request = [
        "csr",
        "create",
        "--key",
        "ca",
        "--subject",
        "CN=x",
        "--out",
        "ca.csr",
    ];
    let refused = rig.json(&request);
    let hint = hint(&refused);
    refused.refused(3, "several-keys");
    assert!(hint.contains("public key identifies the key"), "{hint}");
}

#[test]
fn without_a_public_key_object_the_certificate_has_the_public_key() {
    on_each(&[TokenKind::SoftHsm, TokenKind::Kryoptic], |kind| {
        let rig = Rig::of(kind);
        make_request(&rig);
        generate(&rig, "other", "ec:p256").ok();
        let id = generate(&rig, "ca", "ec:p256").ok().json()["id"].clone();
        let id = id.as_str().expect("an id");
        create_ca(&rig, "ca", "ca.crt").ok();
        create_ca(&rig, "other", "other.crt").ok();
        rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", id]);

        sign(&rig, "ca.crt", &["--key", "ca"], "named.crt").ok();
        sign(&rig, "ca.crt", &[], "found.crt").ok();
        openssl(&rig, &["verify", "-CAfile", "ca.crt", "named.crt", "found.crt"]);
        rig.json(&["key", "verify", "ca", "--public-key", "ca.crt"]).ok();
        rig.json(&["key", "verify", "ca", "--public-key", "other.crt"])
            .refused(3, "proof-failed");
        let message = sign(&rig, "other.crt", &["--key", "ca"], "wrong.crt").refused(3, "rule");
        assert!(message.contains("signing-key"), "{message}");

        // Kryoptic's private keys contain their public half (CKA_PUBLIC_KEY_INFO).
        let alone = rig.json(&["key", "verify", "ca"]);
        if kind == TokenKind::Kryoptic && alone.code == Some(0) {
            return;
        }
        alone.refused(3, "no-public-key");
        // A certificate of another key with the id changes nothing; one of the key itself is enough.
        for (name, found) in [("other.crt", false), ("ca.crt", true)] {
            openssl(
                &rig,
                &["x509", "-in", name, "-outform", "DER", "-out", "object.der"],
            );
            let write = [
                "--write-object",
                "object.der",
                "--type",
                "cert",
                "--id",
                id,
                "--label",
                name,
            ];
            rig.pkcs11_tool(&write);
            let request = [
                "csr",
                "create",
                "--key",
                "ca",
                "--subject",
                "CN=x",
                "--out",
                "ca.csr",
            ];
            let verified = rig.json(&["key", "verify", "ca"]);
            let requested = rig.json(&request);
            if found {
                verified.ok();
                requested.ok();
                openssl(&rig, &["req", "-in", "ca.csr", "-noout", "-verify"]);
            } else {
                verified.refused(3, "no-public-key");
                requested.refused(3, "no-public-key");
            }
        }
    });
}
