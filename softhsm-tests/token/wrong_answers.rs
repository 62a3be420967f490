//! A lying or failing token: every proof can fail, and then nothing is left.

use crate::harness::{Rig, TokenKind, authority, ready_authority};
use crate::oracle::make_cluster_request;

const IMPORT: [&str; 6] = [
    "--format",
    "json",
    "kms",
    "import",
    "pair.json",
    "--label=customer-ca",
];

#[test]
fn a_key_that_proves_nothing_is_destroyed_and_the_proof_is_named() {
    let cases = [
        ("sign", "no proof that the key signs"),
        ("extractable", "CKA_EXTRACTABLE is true"),
        ("point", "public-key object reads back differently"),
    ];
    for spec in ["ECC_NIST_P256", "RSA_2048"] {
        // An RSA key has no point.
        let cases = if spec == "RSA_2048" {
            &cases[..2]
        } else {
            &cases[..]
        };
        for (corruption, named) in cases {
            let rig = Rig::new().with_pair(spec);
            let message = rig
                .command_with_rule(&IMPORT, &[("CORRUPT", corruption)])
                .refused(3, "proof-failed");
            assert!(message.contains(named), "{corruption}: {message}");
            assert!(message.contains("destroyed"), "{message}");
            rig.assert_token_is_empty();
        }
    }
}

#[test]
fn a_wrapping_key_that_is_not_what_the_token_says_ends_the_import_before_kms_is_asked() {
    let rig = Rig::new()
        .with_pair("RSA_2048")
        .with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    rig.command_with_rule(&IMPORT, &[("CORRUPT", "modulus")])
        .refused(3, "no-public-key");
    rig.assert_token_is_empty();
}

#[test]
fn a_failing_call_is_named_and_nothing_is_left() {
    let cases = [
        ("C_GenerateKeyPair", "CKR_DEVICE_ERROR"),
        ("C_UnwrapKey", "CKR_TEMPLATE_INCONSISTENT"),
        ("C_UnwrapKey@2", "CKR_FUNCTION_FAILED"),
        ("C_CreateObject", "CKR_DEVICE_MEMORY"),
        ("C_SignInit", "CKR_KEY_HANDLE_INVALID"),
        ("C_Sign", "CKR_DEVICE_ERROR"),
        ("C_DestroyObject@1", "CKR_DEVICE_ERROR"),
        ("C_DestroyObject@2", "CKR_DEVICE_ERROR"),
    ];
    for (point, value) in cases {
        let rig = Rig::new().with_pair("ECC_NIST_P256");
        let (function, nth) = point.split_once('@').unwrap_or((point, "1"));
        let rule = format!("{function}:{value}@{nth}");
        let run = rig.command_with_rule(&IMPORT, &[("FAIL", &rule)]);
        assert_eq!(run.code, Some(4), "{point}: {run:?}");
        assert!(
            run.stderr.contains(&format!("{function}: {value}")),
            "{point}: {run:?}"
        );
        rig.assert_token_is_empty();
    }
}

#[test]
fn a_key_that_cannot_be_destroyed_is_reported() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    // The first three destructions are those of the wrapping keys.
    let rules = [
        ("CORRUPT", "sign"),
        ("FAIL", "C_DestroyObject:CKR_DEVICE_ERROR@4"),
    ];
    let message = rig.command_with_rule(&IMPORT, &rules).refused(3, "proof-failed");
    assert!(message.contains("STILL ON THE TOKEN"), "{message}");
    assert!(rig.objects().contains("Private Key Object"));
}

#[test]
fn a_wrong_signature_is_never_written_and_never_repeated() {
    let rig = ready_authority();
    make_cluster_request(&rig, "cluster.csr");
    let before = rig.files();
    let sign = [
        "--format",
        "json",
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "out.crt",
    ];
    rig.command_with_rule(&sign, &[("CORRUPT", "sign")])
        .refused(1, "token-signature");
    assert_eq!(rig.calls().iter().filter(|call| *call == "C_SignInit").count(), 1);
    let create = [
        "--format",
        "json",
        "ca",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=X",
        "--out",
        "out.crt",
    ];
    rig.command_with_rule(&create, &[("CORRUPT", "sign")])
        .refused(1, "token-signature");
    let message = rig
        .command_with_rule(&sign, &[("FAIL", "C_Sign:CKR_DEVICE_ERROR")])
        .refused(4, "token");
    assert!(
        message.contains("C_Sign: CKR_DEVICE_ERROR") && message.contains("customer-ca"),
        "{message}"
    );
    assert_eq!(
        rig.calls().iter().filter(|call| *call == "C_SignInit").count(),
        1,
        "tries a PIN only once"
    );
    assert_eq!(
        rig.files(),
        [&before[..], &["calls.log".to_owned()]].concat().tap_sorted()
    );
}

#[test]
fn constant_random_numbers_make_no_serial_number() {
    let rig = authority(TokenKind::SoftHsm, "ECC_NIST_P256");
    make_cluster_request(&rig, "cluster.csr");
    let sign = [
        "--format",
        "json",
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "out.crt",
    ];
    let message = rig
        .command_with_rule(&sign, &[("CORRUPT", "random")])
        .refused(3, "rule");
    assert!(message.contains("serial-entropy"), "{message}");
    assert!(
        !rig.calls().contains(&"C_SignInit".to_owned()),
        "nothing was signed"
    );
}

trait TapSorted {
    fn tap_sorted(self) -> Self;
}

impl TapSorted for Vec<String> {
    fn tap_sorted(mut self) -> Self {
        self.sort();
        self
    }
}
