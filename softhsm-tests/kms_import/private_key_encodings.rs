//! The encodings that KMS might use for a private key: every sound one is imported.

use serde_json::{Value, json};

use crate::harness::{Rig, TokenKind, kms};
use crate::kms_import::unsound_private_keys::assert_tells_nothing;

const RSA: &str = "RSA_2048";
const P256: &str = "ECC_NIST_P256";
const P521: &str = "ECC_NIST_P521";
const ED25519: &str = "ECC_NIST_EDWARDS25519";

/// Sound keys.
const GOOD: [(&str, &[&str]); 4] = [
    (RSA, &["attributes", "rsa-swapped-primes"]),
    (
        P256,
        &[
            "with-public",
            "without-public",
            "sec1-full",
            "v2-public",
            "attributes",
            "padded-scalar",
            "stripped-scalar",
        ],
    ),
    (P521, &["stripped-scalar"]),
    (ED25519, &["without-public", "v2-public", "attributes"]),
];

/// The kinds of key that a kind of token accepts, and the routes with the plaintext in this process.
fn routes(kind: TokenKind, spec: &str) -> &'static [&'static str] {
    match (kind, spec) {
        (TokenKind::CloudHsm, RSA | P256 | P521) => &["rsa-aes-key-wrap", "oaep-aes-kwp", "create-object"],
        (TokenKind::SoftHsm | TokenKind::Nss, RSA | P256 | P521) | (TokenKind::Kryoptic, _) => {
            &["oaep-aes-kwp", "create-object"]
        }
        (TokenKind::SoftHsm, _) => &["create-object"],
        _ => &[],
    }
}

#[track_caller]
fn assert_proven(rig: &Rig, case: &str) {
    let verify = ["key", "verify", "customer-ca", "--public-key", "pair.json"];
    let run = rig.command(&verify);
    assert_eq!(run.code, Some(0), "{case}: {run:?}");
}

fn take_every_good_form(kind: TokenKind) {
    let rig = Rig::asking_as(kind, "AKIAGOODFORMS");
    let key = rig.kms_key("");
    for (spec, forms) in GOOD {
        for (index, form) in forms.iter().enumerate() {
            rig.describe_kms_key(&key, &format!("encoding={form}"));
            rig.generate(&key, spec, "pair.json");
            let routes = routes(kind, spec);
            // Every route once. After that, EC keys all look the same to the token, which generates no key for the last route.
            let routes = match (index, spec) {
                (0, _) => routes,
                (_, RSA) => &routes[..1],
                _ => &routes[routes.len().saturating_sub(1)..],
            };
            for route in routes {
                let case = format!("{kind:?}, {spec}, {form}, {route}");
                let import = ["kms", "import", "pair.json", "--label", "customer-ca"];
                let run = rig.json(&[&import[..], &["--route", route]].concat());
                assert_eq!(run.code, Some(0), "{case}: {run:?}");
                assert_eq!(run.json()["route"], *route, "{case}");
                assert_proven(&rig, &case);
                rig.delete_imported();
            }
            if routes.is_empty() {
                rig.import().refused(3, "no-route");
            }
        }
    }
}

#[test]
fn softhsm_imports_every_sound_form() {
    take_every_good_form(TokenKind::SoftHsm);
}

#[test]
fn kryoptic_imports_every_sound_form() {
    take_every_good_form(TokenKind::Kryoptic);
}

#[test]
fn nss_imports_every_sound_form() {
    take_every_good_form(TokenKind::Nss);
}

#[test]
fn cloudhsm_imports_every_sound_form() {
    take_every_good_form(TokenKind::CloudHsm);
}

#[test]
fn a_pair_of_the_wrong_kind_is_refused_at_generation_and_at_import() {
    for spec in [RSA, P256, P521, ED25519] {
        let rig = Rig::asking_as(TokenKind::Kryoptic, "AKIAOTHERSPEC");
        let key = rig.kms_key("encoding=other-spec");
        let generate = ["kms", "generate-key-pair", "--key-id", &key, "--spec", spec];
        let message = rig
            .json(&[&generate[..], &["--out", "pair.json"]].concat())
            .refused(3, "other-answer");
        assert!(message.contains(spec), "{spec}: {message}");
        assert!(!rig.path("pair.json").exists(), "{spec}");
        let pair = kms(
            "GenerateDataKeyPairWithoutPlaintext",
            &json!({ "KeyId": key, "KeyPairSpec": spec }),
        );
        rig.write("pair.json", pair.to_string());
        rig.import().refused(3, "pair-file");

        // The right public key, and the private key of another kind.
        rig.describe_kms_key(&key, "");
        rig.generate(&key, spec, "right.json");
        let mut right: Value = serde_json::from_slice(&rig.read("right.json")).expect("JSON");
        right["PrivateKeyCiphertextBlob"] = pair["PrivateKeyCiphertextBlob"].clone();
        rig.write("pair.json", right.to_string());
        let run = rig.import();
        assert_tells_nothing(&rig, &run, spec);
        let message = run.refused(
            3,
            if spec == RSA {
                "proof-failed"
            } else {
                "private-key"
            },
        );
        assert!(
            message.contains("nothing was put on the token"),
            "{spec}: {message}"
        );
        rig.assert_token_is_empty();
    }
}
