//! `do = "import-key"`: a ceremony imports a key from KMS. import_refusals.rs has the refusals.

use serde_json::{Value, json};

use super::check::ceremony;
use super::run::{assert_sound, hold, room_of};
use crate::harness::Rig;

/// A pair file as KMS prints it. Its ciphertext cannot be decrypted.
pub(super) const PAIR: &str = r#"{"PrivateKeyCiphertextBlob":"AQID","PublicKey":"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==","KeyId":"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","KeyPairSpec":"ECC_NIST_P256"}"#;

/// The ceremony of inputs.py, with an imported key instead of the generated one. It is planned without tokens and without KMS.
pub(super) fn importing(pair: &str) -> Rig {
    let rig = ceremony();
    rig.write("inputs/pair.json", pair);
    rig.pin_input("pair", "pair.json");
    rig.edit(
        "do = \"generate-key\"\ntoken = \"root\"\nlabel = \"root-r1\"\ntype = \"ec:p384\"",
        "do = \"import-key\"\ntoken = \"root\"\nlabel = \"root-r1\"\npair = \"pair\"",
    );
    rig
}

/// A planned and approved ceremony on SoftHSM, whose key comes from the local KMS.
pub(super) fn room(kind: &str) -> Rig {
    room_of(Rig::without_token().with_key(), &format!("import:{kind}"), &[])
}

/// Every octet to sign is known before the ceremony, including the key and its identifier. `openssl` reads both.
#[test]
fn a_plan_fixes_every_octet_of_what_an_imported_key_signs() {
    let rig = importing(PAIR);
    let plan = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
    let report = rig.json(&plan).ok().json();
    let warnings = report["warnings"].to_string();
    for told in ["network", "eu-west-1", "111122223333", "step \\\"k\\\""] {
        assert!(warnings.contains(told), "{told}: {warnings}");
    }
    rig.json(&["ceremony", "plan", "--check", "room"]).ok();
    let plan: Value = serde_json::from_slice(&rig.read("room/plan.json")).expect("JSON");
    let objects = plan["objects"].as_array().expect("objects");
    assert_eq!(objects.len(), 8);
    assert!(
        objects.iter().all(|object| object["holes"] == json!([])),
        "{objects:#?}"
    );
    let budget = json!({ "key": "k", "token": "root", "signatures": 3, "proofs": 1 });
    assert_eq!(plan["budget"][0], budget);
    let pair: Value = serde_json::from_str(PAIR).expect("JSON");
    rig.write("key.b64", pair["PublicKey"].as_str().expect("base64"));
    rig.tool(
        "openssl",
        &["base64", "-d", "-A", "-in", "key.b64", "-out", "key.der"],
    )
    .ok();
    let shown = [
        "pkey", "-pubin", "-inform", "DER", "-in", "key.der", "-noout", "-text",
    ];
    let key = rig.tool("openssl", &shown).ok().stdout;
    let point: String = key
        .lines()
        .filter(|line| line.starts_with("    "))
        .flat_map(|line| line.trim().chars())
        .filter(char::is_ascii_hexdigit)
        .collect();
    assert_eq!(point.len(), 130);
    rig.write("root.b64", objects[0]["tbs"].as_str().expect("base64"));
    rig.tool(
        "openssl",
        &["base64", "-d", "-A", "-in", "root.b64", "-out", "root.tbs"],
    )
    .ok();
    let tbs: String = rig
        .read("root.tbs")
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    assert!(tbs.contains(&point), "{tbs}");
    // subjectKeyIdentifier: the SHA-1 of the point.
    rig.tool("sh", &["-c", "tail -c 65 key.der > point"]).ok();
    let sha1 = rig.tool("sha1sum", &["point"]).ok().stdout;
    assert!(tbs.contains(&format!("0414{}", &sha1[..40])), "{tbs}");
    // People read where the key comes from, and compare its hash with the one noted earlier.
    let text = String::from_utf8(rig.read("room/plan.txt")).expect("UTF-8");
    let sha256 = rig.tool("sha256sum", &["key.der"]).ok().stdout;
    for told in ["eu-west-1", "111122223333", "AWS KMS", &sha256[..32]] {
        assert!(text.contains(told), "{told}: {text}");
    }
    // The file can name the public key that was noted when KMS made it.
    rig.edit(
        "pair = \"pair\"",
        &format!("pair = \"pair\"\nexpect = \"{}\"", &sha256[..64]),
    );
    rig.json(&[
        "ceremony",
        "plan",
        "ceremony.toml",
        "--out",
        "expected",
        "--offline",
    ])
    .ok();
    rig.json(&["ceremony", "plan", "--check", "expected"]).ok();
}

/// Killed around the calls that import the key: before and after each call that changes something, and around the signature that proves the key.
#[test]
fn a_ceremony_that_imports_a_key_is_killed_and_goes_on() {
    let rig = room("ECC_NIST_P384");
    let points = [
        "none",
        "C_UnwrapKey@2",
        "C_UnwrapKey!@2",
        "C_UnwrapKey!@2=destroy-key",
        "C_CreateObject!@1",
        "C_SignInit@1%",
        "C_Sign!@1=destroy-key~",
    ];
    let held = hold(&rig, &points);
    for held in &held {
        assert_sound(held);
    }
    let of = |point: &str| held.iter().find(|held| held["point"] == point).expect("held");
    assert_eq!(of("none")["signatures"], 5);
    for (point, decided, how) in [
        ("none", json!([]), "imported"),
        // The AES key that wraps the private key ended with the session, so nothing is on the token.
        ("C_UnwrapKey@2", json!([]), "imported"),
        // Only the private key is there: its public half is added after the proof.
        ("C_UnwrapKey!@2", json!(["k: adopt-key"]), "adopted"),
        (
            "C_UnwrapKey!@2=destroy-key",
            json!(["k: destroy-key"]),
            "imported",
        ),
        // KMS is unreachable but not needed, and people are informed.
        ("C_SignInit@1%", json!(["k: adopt-key"]), "adopted"),
        ("C_Sign!@1=destroy-key~", json!(["k: destroy-key"]), "imported"),
    ] {
        let held = of(point);
        assert_eq!(
            (&held["decided"], &held["keys"]),
            (&decided, &json!([how])),
            "{held:#}"
        );
        let told = held["told"].as_array().expect("lines").len();
        assert_eq!(told, usize::from(point.ends_with('%')), "{held:#}");
    }
}

/// The same under the rules of AWS CloudHSM: the key has its name before its proof, so an adopted key signs once more.
#[test]
fn a_ceremony_on_cloudhsm_that_imports_a_key_is_killed_and_goes_on() {
    let rig = Rig::without_token().with_key();
    let rig = room_of(rig, "import:ECC_NIST_P384", &["cloudhsm"]);
    let cases = [
        ("none", json!([]), "imported", 5),
        ("C_UnwrapKey@1", json!([]), "imported", 5),
        ("C_UnwrapKey!@1", json!(["k: adopt-key"]), "adopted", 5),
        (
            "C_UnwrapKey!@1=destroy-key",
            json!(["k: destroy-key"]),
            "imported",
            5,
        ),
        ("C_UnwrapKey!@1%", json!(["k: adopt-key"]), "adopted", 5),
        ("C_SignInit@1", json!(["k: adopt-key"]), "adopted", 5),
        ("C_Sign@1", json!(["k: adopt-key"]), "adopted", 5),
        ("C_Sign!@1", json!(["k: adopt-key"]), "adopted", 6),
        ("C_Sign!@1=destroy-key~", json!(["k: destroy-key"]), "imported", 6),
        // Its public half is created before its proof.
        ("C_CreateObject!@1", json!(["k: adopt-key"]), "adopted", 5),
    ];
    let points: Vec<_> = cases.iter().map(|(point, ..)| *point).collect();
    for (held, (_, decided, how, signatures)) in hold(&rig, &points).iter().zip(&cases) {
        assert_sound(held);
        assert_eq!(
            (&held["decided"], &held["keys"], &held["signatures"]),
            (decided, &json!([how]), &json!(signatures)),
            "{held:#}"
        );
    }
}
