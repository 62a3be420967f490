//! Keys without anything to compare them with, in `key verify` and `key list`.

use serde_json::json;

use crate::harness::{Rig, TokenKind, on_each};
use crate::key::generate::generate;
use crate::key::matching::make_request;

#[test]
fn what_is_not_compared_is_not_proven() {
    let rig = Rig::new();
    generate(&rig, "ca", "ec:p256").ok();
    let verified = rig.json(&["key", "verify", "ca"]).ok().json();
    assert_eq!(
        verified["proofs"],
        json!(["attributes", "signature"]),
        "{verified}"
    );
    assert!(verified["compared_with"].is_null(), "{verified}");
    rig.json(&["key", "export-public", "ca", "--out", "ca.pem"]).ok();
    let verified = rig
        .json(&["key", "verify", "ca", "--public-key", "ca.pem"])
        .ok()
        .json();
    let proofs = json!(["attributes", "signature", "public-key"]);
    assert_eq!(verified["proofs"], proofs, "{verified}");
    assert_eq!(verified["compared_with"], "ca.pem", "{verified}");
}

#[test]
fn the_list_has_one_order_on_every_token() {
    on_each(&TokenKind::ALL, |kind| {
        let rig = Rig::of(kind);
        for label in ["b", "a", "c"] {
            generate(&rig, label, "ec:p256").ok();
        }
        let listed = rig.json(&["key", "list"]).ok().json();
        let keys: Vec<_> = listed["keys"]
            .as_array()
            .expect("keys")
            .iter()
            .map(|key| {
                format!(
                    "{} {}",
                    key["label"].as_str().unwrap(),
                    key["class"].as_str().unwrap()
                )
            })
            .collect();
        let expected = [
            "a private",
            "a public",
            "b private",
            "b public",
            "c private",
            "c public",
        ];
        assert_eq!(keys, expected, "{kind:?}");
    });
}

/// PKCS#11 v3.2 has key types that older programs do not know, and later versions will add more.
#[test]
fn a_key_of_an_unknown_type_is_listed_and_hides_nothing() {
    for oddities in ["key-type", "boolean", "key-type,boolean"] {
        let rig = Rig::new();
        generate(&rig, "odd one", "ec:p256").ok();
        generate(&rig, "ca", "ec:p256").ok();
        let odd = [("ODD", oddities)];
        let listed = rig
            .command_with_rule(&["--format", "json", "key", "list"], &odd)
            .ok()
            .json();
        let keys: Vec<_> = listed["keys"].as_array().expect("keys").iter().collect();
        assert_eq!(keys.len(), 4, "{listed}");
        let kinds: Vec<_> = keys
            .iter()
            .map(|key| key["key_type"].as_str().expect("a type"))
            .collect();
        let unknown = if oddities == "boolean" {
            "EC P-256"
        } else {
            "unknown 0x35"
        };
        assert_eq!(kinds, ["EC P-256", "EC P-256", unknown, unknown], "{oddities}");
        let text = rig.command_with_rule(&["key", "list"], &odd).ok().stdout;
        let is_odd =
            |line: &str| line.starts_with("odd one ") && line.contains(unknown) && line.contains("pair");
        assert!(text.lines().any(is_odd), "{text}");
        assert_eq!(
            keys[2]["attributes"].get("CKA_DERIVE").is_none(),
            oddities.contains("boolean"),
            "{listed}"
        );
        // All other commands still work.
        let create = [
            "ca",
            "create",
            "--key",
            "ca",
            "--subject",
            "CN=A,C=US",
            "--profile",
            "root",
        ];
        rig.command_with_rule(&[&create[..], &["--out", "ca.crt"]].concat(), &odd)
            .ok();
        make_request(&rig);
        let sign = [
            "csr",
            "sign",
            "leaf.csr",
            "--profile",
            "tls-server",
            "--ca",
            "ca.crt",
        ];
        rig.command_with_rule(&[&sign[..], &["--out", "leaf.crt"]].concat(), &odd)
            .ok();
        rig.command_with_rule(&["key", "show", "odd one"], &odd).ok();
        rig.command_with_rule(&["key", "delete", "odd one", "--yes"], &odd)
            .ok();
        assert_eq!(rig.keys().private, 1, "{oddities}");
    }
}
