//! Signatures that a key or a token cannot make.

use super::{Key, with_request};
use crate::harness::{Rig, TokenKind};

fn create<'a>(label: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let create = [
        "ca",
        "create",
        "--key",
        label,
        "--profile",
        "root",
        "--subject",
        "CN=CA",
    ];
    [&create[..], &["--out", "ca.crt"], more].concat()
}

#[test]
fn a_hash_or_pss_that_does_not_fit_the_key_is_refused_by_name() {
    let rig = Rig::of(TokenKind::Kryoptic);
    for key in [Key::P384, Key::Ed25519, Key::MlDsa65] {
        assert!(key.generate(&rig), "{key:?}");
    }
    let refusals = [
        (
            "p384",
            "--hash=sha256",
            "weak-hash",
            "SHA-256 is weaker than an EC P-384 key",
        ),
        (
            "ed25519",
            "--hash=sha512",
            "weak-hash",
            "an Ed25519 key has a fixed hash",
        ),
        (
            "ml-dsa-65",
            "--hash=sha512",
            "weak-hash",
            "an ML-DSA-65 key has a fixed hash",
        ),
        ("p384", "--pss", "no-pss", "RSASSA-PSS needs an RSA key"),
        ("ed25519", "--pss", "no-pss", "RSASSA-PSS needs an RSA key"),
        ("ml-dsa-65", "--pss", "no-pss", "this is an ML-DSA-65 key"),
    ];
    for (label, option, kind, said) in refusals {
        let message = rig.json(&create(label, &[option])).refused(3, kind);
        assert!(message.contains(said), "{message}");
    }
    assert!(!rig.path("ca.crt").exists());
}

/// CloudHSM has its own numbers for both, which are not public.
#[test]
fn a_mechanism_that_the_token_does_not_list_is_named_before_anything_is_signed() {
    let rig = Rig::of(TokenKind::CloudHsm).with("CLOUDHSM_SHIM_LOG", "calls.log");
    for (key, lacking) in [(Key::MlDsa65, "CKM_ML_DSA"), (Key::Ed25519, "CKM_EDDSA")] {
        assert!(key.generate(&rig), "{key:?}");
        let message = rig.json(&create(key.label(), &[])).refused(3, "no-mechanism");
        assert!(message.ends_with(&format!("it lacks {lacking}")), "{message}");
    }
    assert!(!rig.calls().contains(&"C_SignInit".to_owned()));
    // A refused command does not even create a ledger.
    rig.json(&["ledger", "list"]).refused(4, "no-ledger");
    assert!(!rig.path("ca.crt").exists());
}

#[test]
fn profiles_for_cloudhsm_refuse_ml_dsa() {
    let rig = with_request(Rig::of(TokenKind::Kryoptic));
    assert!(Key::MlDsa44.generate(&rig));
    let cloudhsm = [
        "ca",
        "create",
        "--key",
        "ml-dsa-44",
        "--subject",
        "CN=CA",
        "--out",
        "ca.crt",
    ];
    let message = rig.json(&cloudhsm).refused(3, "rule");
    assert!(
        message.contains("cloudhsm-ca certificates do not accept an ML-DSA-44 key"),
        "{message}"
    );
}
