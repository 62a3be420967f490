//! An unknown token is used as PKCS#11 specifies, and the descriptions of the known tokens are correct.

use crate::harness::{ALIAS, Keys, Rig, TokenKind};

/// Hides the token's manufacturer.
const UNKNOWN: [(&str, &str); 1] = [("CORRUPT", "manufacturer")];

/// Imports a new key of `spec` without any knowledge about the token.
fn import(rig: &Rig, spec: &str, route: &str) -> crate::harness::Run {
    let pair = format!("{spec}-{route}.json");
    let generate = [
        "kms",
        "generate-key-pair",
        "--key-id",
        ALIAS,
        "--spec",
        spec,
        "--out",
        &pair,
    ];
    rig.command(&generate).ok();
    let label = format!("{spec} {route}");
    let import = [
        "--format", "json", "kms", "import", &pair, "--label", &label, "--route", route,
    ];
    rig.command_with_rule(&import, &UNKNOWN)
}

#[test]
fn an_unknown_token_is_used_as_the_standard_says() {
    for kind in [TokenKind::SoftHsm, TokenKind::Kryoptic] {
        let rig = Rig::of(kind).with_key();
        let doctor = rig.command_with_rule(&["doctor", "--no-kms"], &UNKNOWN).ok();
        assert!(doctor.stdout.contains("unknown"), "{}", doctor.stdout);
        for spec in ["RSA_2048", "ECC_NIST_P384"] {
            let result = import(&rig, spec, "auto").ok().json();
            assert_eq!(result["route"], "oaep-aes-kwp", "{kind:?} {spec}");
        }
    }
}

/// Imports that the program refuses in advance because it knows the token also fail without that knowledge, in the token itself, and leave
/// nothing.
#[test]
fn the_description_of_a_token_is_true() {
    for (kind, spec, route, answer) in [
        (
            TokenKind::SoftHsm,
            "ECC_NIST_EDWARDS25519",
            "oaep-aes-kwp",
            "C_UnwrapKey: CKR_FUNCTION_FAILED",
        ),
        (
            TokenKind::Kryoptic,
            "ECC_SECG_P256K1",
            "oaep-aes-kwp",
            "C_UnwrapKey: CKR_WRAPPED_KEY_INVALID",
        ),
        (
            TokenKind::Kryoptic,
            "ECC_SECG_P256K1",
            "create-object",
            "C_CreateObject: CKR_ATTRIBUTE_VALUE_INVALID",
        ),
        (
            TokenKind::Nss,
            "ECC_NIST_P256",
            "oaep-aes-kwp",
            "C_UnwrapKey: CKR_TEMPLATE_INCOMPLETE",
        ),
        (
            TokenKind::Nss,
            "ECC_SECG_P256K1",
            "create-object",
            "C_CreateObject: CKR_DOMAIN_PARAMS_INVALID",
        ),
        (
            TokenKind::Tpm2,
            "RSA_2048",
            "create-object",
            "C_CreateObject: CKR_ATTRIBUTE_VALUE_INVALID",
        ),
    ] {
        let rig = Rig::of(kind).with_key();
        let run = import(&rig, spec, route);
        assert_eq!(run.code, Some(4), "{kind:?} {spec} {route}: {run:?}");
        assert!(
            run.stderr.contains(answer),
            "{kind:?} {spec} {route}: {}",
            run.stderr
        );
        rig.assert_token_is_empty();
    }
}

/// NSS sets usages that were false to true. They are corrected before the key is on the token, for any manufacturer.
#[test]
fn without_knowledge_of_nss_the_key_is_still_corrected() {
    let rig = Rig::of(TokenKind::Nss).with_key();
    let result = import(&rig, "RSA_2048", "oaep-aes-kwp").ok().json();
    assert_eq!(result["attributes"]["CKA_DECRYPT"], false, "{result}");
}

/// opencryptoki 3.23's soft token ignores `CKA_SENSITIVE` and `CKA_EXTRACTABLE` of an unwrapped key.
fn import_odd(rig: &Rig, oddities: &str, arguments: &[&str]) -> crate::harness::Run {
    let import = [
        "--format",
        "json",
        "kms",
        "import",
        "pair.json",
        "--label=customer-ca",
    ];
    let rules = [("CORRUPT", "manufacturer"), ("ODD", oddities)];
    rig.command_with_rule(&[&import[..], arguments].concat(), &rules)
}

#[test]
fn a_key_that_is_unwrapped_extractable_is_corrected_before_it_is_on_the_token() {
    for kind in [TokenKind::SoftHsm, TokenKind::Kryoptic] {
        for spec in ["RSA_2048", "ECC_NIST_P256"] {
            let rig = Rig::of(kind).with_pair(spec);
            let result = import_odd(&rig, "unwraps-open", &[]).ok().json();
            assert_eq!(
                result["attributes"]["CKA_EXTRACTABLE"], false,
                "{kind:?} {spec}: {result}"
            );
            assert_eq!(
                result["attributes"]["CKA_SENSITIVE"], true,
                "{kind:?} {spec}: {result}"
            );
            assert_eq!(rig.keys(), Keys::PAIR, "{kind:?} {spec}");
            // Checked with another program. The objects have no order.
            let objects = rig.objects();
            let (_, private) = objects.split_once("Private Key Object").expect("the private key");
            let access = private
                .lines()
                .find_map(|line| line.trim().strip_prefix("Access:"));
            let access: Vec<_> = access.expect("the private key's").trim().split(", ").collect();
            assert!(
                access.contains(&"sensitive") && !access.contains(&"extractable"),
                "{objects}"
            );
            rig.json(&["key", "verify", "customer-ca"]).ok();
        }
    }
}

#[test]
fn a_key_that_stays_extractable_is_never_put_on_the_token() {
    for kind in [TokenKind::SoftHsm, TokenKind::Kryoptic] {
        let rig = Rig::of(kind).with_pair("ECC_NIST_P256");
        let message = import_odd(&rig, "unwraps-open,stays-open", &[]).refused(3, "no-route");
        for part in [
            "oaep-aes-kwp: C_UnwrapKey",
            "CKA_SENSITIVE is false",
            "CKR_ATTRIBUTE_READ_ONLY",
        ] {
            assert!(message.contains(part), "{kind:?}: {message}");
        }
        rig.assert_token_is_empty();
        let calls = rig.calls();
        assert!(!calls.contains(&"C_CreateObject".to_owned()), "{calls:?}");
    }
}

/// After a failure between the two objects, neither stays.
#[test]
fn a_failure_on_the_way_to_the_token_leaves_nothing() {
    for fault in [
        "C_SetAttributeValue:CKR_DEVICE_ERROR@*",
        "C_CopyObject:CKR_DEVICE_ERROR@*",
        "C_CopyObject!:CKR_DEVICE_ERROR@*",
    ] {
        let rig = Rig::of(TokenKind::Kryoptic).with_pair("ECC_NIST_P256");
        let import = [
            "--format",
            "json",
            "kms",
            "import",
            "pair.json",
            "--label=customer-ca",
        ];
        let rules = [
            ("CORRUPT", "manufacturer"),
            ("ODD", "unwraps-open"),
            ("FAIL", fault),
        ];
        let run = rig.command_with_rule(&import, &rules);
        assert!(run.code == Some(3) || run.code == Some(4), "{fault}: {run:?}");
        if fault.contains('!') {
            // The token made a copy but reported a failure: the error says that the key is there.
            assert!(run.stderr.contains("customer-ca"), "{run:?}");
        } else {
            rig.assert_token_is_empty();
        }
    }
}

#[test]
fn the_sealed_route_corrects_the_key_too() {
    let rig = Rig::sealing("AKIAUNWRAPSOPEN");
    rig.generate_pair("ECC_NIST_P256", "");
    let sealed = ["--attestation-document", "document"];
    let message = import_odd(&rig, "unwraps-open,stays-open", &sealed).refused(3, "no-route");
    assert!(message.contains("sealed: C_UnwrapKey"), "{message}");
    assert_eq!(rig.keys(), Keys::RECIPIENT);
    let result = import_odd(&rig, "unwraps-open", &sealed).ok().json();
    assert_eq!(result["attributes"]["CKA_EXTRACTABLE"], false, "{result}");
    assert_eq!(rig.keys(), Keys::PAIR);
}
