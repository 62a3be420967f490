//! Keys that need the PIN for each use, and tokens that compute the digest themselves.

use crate::harness::{Rig, Run, TokenKind, on_each};
use crate::key::generate::generate;
use crate::oracle::openssl;

fn make_requests(rig: &Rig, names: &[&str]) {
    for name in names {
        let [key, out] = [format!("{name}.key"), format!("{name}.csr")];
        let new = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", &key];
        let subject = format!("/CN={name}");
        let alternative = format!("subjectAltName=DNS:{name}.example");
        let more = ["-subj", &subject, "-addext", &alternative, "-out", &out];
        openssl(rig, &[&new[..], &more].concat());
    }
}

fn create_ca(key: &str) -> Vec<&str> {
    let create = [
        "--format",
        "json",
        "ca",
        "create",
        "--profile",
        "root",
        "--key",
        key,
    ];
    [&create[..], &["--subject", "CN=CA,C=US", "--out", "ca.crt"]].concat()
}

fn sign<'a>(requests: &[&'a str], out: &[&'a str]) -> Vec<&'a str> {
    let sign = [
        "--format",
        "json",
        "csr",
        "sign",
        "--again",
        "--profile",
        "tls-server",
    ];
    [&sign[..], &["--ca", "ca.crt"], requests, out].concat()
}

fn count(rig: &Rig, function: &str) -> usize {
    rig.calls().iter().filter(|call| *call == function).count()
}

/// A pair whose private key needs the PIN for each use.
fn pair_that_asks(rig: &Rig, key_type: &str) {
    let pair = [
        "--keypairgen",
        "--key-type",
        key_type,
        "--usage-sign",
        "--always-auth",
    ];
    rig.pkcs11_tool(&[&pair[..], &["--label", "ca", "--id", "01"]].concat());
}

#[test]
fn a_key_that_needs_the_pin_for_each_use_signs_in_a_batch_too() {
    on_each(&[TokenKind::SoftHsm, TokenKind::Kryoptic], |kind| {
        for key_type in ["rsa:2048", "EC:prime256v1"] {
            let rig = Rig::of(kind);
            pair_that_asks(&rig, key_type);
            let shown = rig.json(&["key", "show", "ca"]).ok().json();
            assert_eq!(shown["attributes"]["CKA_ALWAYS_AUTHENTICATE"], true, "{shown}");
            make_requests(&rig, &["a", "b", "c"]);
            rig.command_with_rule(&create_ca("ca"), &[]).ok();
            let batch = sign(&["a.csr", "b.csr", "c.csr"], &["--out-dir", "."]);
            let run = rig.without_secrets(rig.command_with_rule(&batch, &[]).ok());
            drop(run);
            // Once for the session, and once for each signature.
            assert_eq!(
                (count(&rig, "C_Login"), count(&rig, "C_SignInit")),
                (4, 3),
                "{kind:?} {key_type}"
            );
            for name in ["a.crt", "b.crt", "c.crt"] {
                openssl(&rig, &["verify", "-CAfile", "ca.crt", name]);
            }
        }
    });
}

/// Every attempt counts: three wrong PINs lock many tokens.
#[test]
fn a_pin_that_the_key_refuses_is_tried_once() {
    let rig = Rig::new();
    pair_that_asks(&rig, "rsa:2048");
    make_requests(&rig, &["a", "b"]);
    rig.command(&create_ca("ca")).ok();
    let before = rig.files();
    let rule = [("FAIL", "C_Login:CKR_PIN_INCORRECT@2")];
    let run = rig.command_with_rule(&sign(&["a.csr", "b.csr"], &["--out-dir", "."]), &rule);
    let message = run.refused(4, "pin-incorrect");
    assert!(message.contains("CKA_ALWAYS_AUTHENTICATE"), "{message}");
    assert_eq!((count(&rig, "C_Login"), count(&rig, "C_Sign")), (2, 0));
    let written: Vec<_> = rig
        .files()
        .into_iter()
        .filter(|file| !before.contains(file))
        .collect();
    assert_eq!(written, ["calls.log"]);
}

fn signed_by(kind: TokenKind, key_type: &str, oddity: &str, options: &[&str]) -> (Rig, Run) {
    let rig = Rig::of(kind);
    generate(&rig, "ca", key_type).ok();
    make_requests(&rig, &["leaf"]);
    let odd = [("ODD", oddity)];
    let create = [&create_ca("ca")[..], options].concat();
    rig.command_with_rule(&create, &odd).ok();
    let leaf = [&sign(&["leaf.csr"], &["--out", "leaf.crt"])[..], options].concat();
    let run = rig.command_with_rule(&leaf, &odd);
    (rig, run)
}

#[test]
fn without_the_raw_mechanisms_the_token_computes_the_digest() {
    let cases: [(TokenKind, &str, &[&str]); 6] = [
        (TokenKind::SoftHsm, "rsa:2048", &[]),
        (TokenKind::SoftHsm, "rsa:2048", &["--hash", "sha512"]),
        (TokenKind::SoftHsm, "rsa:2048", &["--pss"]),
        (TokenKind::Kryoptic, "rsa:3072", &["--pss", "--hash", "sha384"]),
        (TokenKind::Kryoptic, "ec:p256", &[]),
        (TokenKind::Kryoptic, "ec:p384", &[]),
    ];
    for (kind, key_type, options) in cases {
        for oddity in ["no-raw", "refuses-raw"] {
            let case = format!("{kind:?} {key_type} {options:?} {oddity}");
            let (rig, run) = signed_by(kind, key_type, oddity, options);
            assert_eq!(run.code, Some(0), "{case}: {run:#?}");
            openssl(&rig, &["verify", "-CAfile", "ca.crt", "leaf.crt"]);
            // An unlisted mechanism is not tried. A listed one that is refused has signed nothing.
            let begun = if oddity == "no-raw" { 1 } else { 2 };
            assert_eq!(
                (count(&rig, "C_SignInit"), count(&rig, "C_Sign")),
                (begun, 1),
                "{case}"
            );
        }
    }
}

#[test]
fn a_token_without_any_mechanism_for_the_signature_is_refused_before_anything_is_recorded() {
    // SoftHSM 2.6.1 has no ECDSA with a hash.
    let rig = Rig::new();
    generate(&rig, "ca", "ec:p256").ok();
    generate(&rig, "rsa", "rsa:2048").ok();
    let entries = || {
        rig.json(&["ledger", "list"]).ok().json()["entries"]
            .as_array()
            .map(Vec::len)
    };
    let before = entries();
    let odd = [("ODD", "no-raw")];
    let message = rig
        .command_with_rule(&create_ca("ca"), &odd)
        .refused(3, "no-mechanism");
    assert!(
        message.contains("it lacks CKM_ECDSA, with or without the hash"),
        "{message}"
    );
    assert_eq!(entries(), before);
    let doctor = rig.command_with_rule(&["doctor", "--no-kms"], &odd);
    let said = doctor.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("CKM_SHA256_RSA_PKCS, the token computes the digest"),
        "{said}"
    );
    assert!(said.contains("without CKM_ECDSA"), "{said}");
    // Generation checks the same.
    let generate = [
        "--format", "json", "key", "generate", "--label", "x", "--type", "ec:p256",
    ];
    rig.command_with_rule(&generate, &odd)
        .refused(3, "cannot-generate");
}
