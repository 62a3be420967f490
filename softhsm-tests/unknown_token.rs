//! A token that nobody has heard of is spoken to as PKCS#11 says, and what is said of the known ones is true of them.

use crate::harness::{ALIAS, Rig, TokenKind};

/// Nobody knows who made this token.
const UNKNOWN: [(&str, &str); 1] = [("CORRUPT", "manufacturer")];

/// Imports a new key of `spec` with everything that is known of the token taken away.
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
fn an_unknown_token_is_spoken_to_as_the_standard_says() {
    for kind in [TokenKind::SoftHsm, TokenKind::Kryoptic] {
        let rig = Rig::of(kind).with_key();
        let doctor = rig.command_with_rule(&["doctor", "--no-kms"], &UNKNOWN).ok();
        assert!(doctor.stdout.contains("not known here"), "{}", doctor.stdout);
        for spec in ["RSA_2048", "ECC_NIST_P384"] {
            let result = import(&rig, spec, "auto").ok().json();
            assert_eq!(result["route"], "oaep-aes-kwp", "{kind:?} {spec}");
        }
    }
}

/// What the program refuses ahead because it knows the token, the token refuses itself: with the knowledge taken away, each
/// of them fails in the token, and leaves nothing.
#[test]
fn what_is_said_of_a_token_is_true() {
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

/// NSS keeps the usages that were false as true: what is known of it is why the key can only sign.
#[test]
fn without_the_knowledge_of_nss_the_key_could_do_more_and_is_destroyed() {
    let rig = Rig::of(TokenKind::Nss).with_key();
    let message = import(&rig, "RSA_2048", "oaep-aes-kwp").refused(3, "proof-failed");
    assert!(message.contains("is true, it must be false"), "{message}");
    rig.assert_token_is_empty();
}
