//! Labels that are taken, and lying tokens: nothing is made, or nothing is left.

use super::generate;
use crate::harness::{Rig, TokenKind, on_each};

const GENERATE: [&str; 7] = [
    "--format",
    "json",
    "key",
    "generate",
    "--label=ca",
    "--type",
    "ec:p256",
];

#[test]
fn a_label_that_either_half_of_a_key_has_is_refused() {
    on_each(&TokenKind::ALL, |kind| {
        let rig = Rig::of(kind);
        let id = generate(&rig, "ca", "ec:p256").ok().json()["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        for class in ["privkey", "pubkey"] {
            let before = rig.objects();
            let message = generate(&rig, "ca", "ec:p384").refused(2, "label-taken");
            assert!(message.contains(&id) && message.contains("EC P-256"), "{message}");
            assert_eq!(rig.objects(), before);
            rig.pkcs11_tool(&["--delete-object", "--type", class, "--id", &id]);
        }
        rig.assert_token_is_empty();
        generate(&rig, "ca", "ec:p384").ok();
    });
}

#[test]
fn an_invalid_label_and_an_invalid_type_are_wrong_usage() {
    let rig = Rig::new();
    for label in ["", "pkcs11:object=ca", "kms:alias/ca", "a\u{7}b"] {
        generate(&rig, label, "ec:p256").refused(2, "usage");
    }
    for key in ["rsa:1024", "rsa", "ec:secp256k1", "dsa", ""] {
        generate(&rig, "ca", key).refused(2, "usage");
    }
    rig.assert_token_is_empty();
}

#[test]
fn a_key_that_proves_nothing_is_destroyed_and_the_proof_is_named() {
    let cases = [
        ("ec:p256", "sign", "no proof that the key signs"),
        ("rsa:2048", "sign", "no proof that the key signs"),
        ("ec:p256", "extractable", "CKA_EXTRACTABLE is true"),
        ("rsa:2048", "sensitive", "CKA_SENSITIVE is false"),
        ("ec:p256", "point", "no proof that the key signs"),
        (
            "rsa:2048",
            "modulus",
            "no proof that the token generated a sound key",
        ),
        ("rsa:2048", "private-modulus", "its public key is not known"),
    ];
    for kind in [TokenKind::SoftHsm, TokenKind::Kryoptic, TokenKind::CloudHsm] {
        for (key, corruption, named) in cases {
            let rig = Rig::of(kind);
            let mut arguments = GENERATE;
            arguments[6] = key;
            let run = rig.command_with_rule(&arguments, &[("CORRUPT", corruption)]);
            let message = run.refused(3, "proof-failed");
            assert!(
                message.contains(named) || corruption == "point",
                "{kind:?} {corruption}: {message}"
            );
            assert!(message.contains("destroyed"), "{message}");
            rig.assert_token_is_empty();
            rig.assert_nothing_precious_was_repeated(corruption);
        }
    }
}

#[test]
fn a_write_protected_token_is_reported_before_a_pin_is_asked_for() {
    let rig = Rig::new();
    let run = rig.command_with_rule(
        &[&["--no-input", "--pin-source", "prompt"], &GENERATE[..]].concat(),
        &[("TOKEN_FLAGS", "0x2")],
    );
    run.refused(4, "write-protected");
}
