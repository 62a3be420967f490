//! opencryptoki's soft token. 3.8: a clock without a numeric time, PINs of 4 to 8 bytes, no elliptic curves. 3.23: an unwrapped key does
//! not get the requested attributes.

use crate::harness::{Rig, TokenKind};

#[test]
fn a_ca_on_opencryptoki() {
    let rig = Rig::of(TokenKind::OpenCryptoki).with_pair("RSA_2048");
    let listed = rig.json(&["token", "list"]).ok().json();
    assert_eq!(listed["tokens"][0]["manufacturer"], "IBM Corp.", "{listed}");
    let doctor = rig.command(&["doctor", "--no-kms"]).ok().stdout;
    assert!(doctor.contains("IBM SoftTok"), "{doctor}");

    // Its PINs have at most 8 bytes, and it counts each attempt.
    let long = ["--format", "json", "--pin-source", "env:THE_PIN", "key", "list"];
    for pin in ["123456789", "123"] {
        let run = rig.tool(
            "env",
            &[&[&format!("THE_PIN={pin}"), crate::harness::PROGRAM][..], &long].concat(),
        );
        let message = run.refused(2, "unfit-pin");
        assert!(message.contains("bytes or"), "{message}");
    }
    let listed = rig.json(&["token", "list"]).ok().json();
    assert_eq!(listed["tokens"][0]["pin_tries"], "untouched", "{listed}");

    rig.command(&["ledger", "new"]).ok();
    two_cas(&rig, "rsa:3072", "create-object");
    let generate = ["key", "generate", "--label", "ec", "--type", "ec:p256"];
    let message = rig.json(&generate).refused(3, "cannot-generate");
    assert!(message.contains("CKM_EC_KEY_PAIR_GEN"), "{message}");
}

#[test]
fn a_ca_on_opencryptoki_of_debian_13() {
    let rig = Rig::of(TokenKind::OpenCryptoki323).with_pair("ECC_NIST_P384");
    let module = rig.json(&["doctor", "--no-kms"]).ok().stdout;
    assert!(module.contains("3.23"), "{module}");
    rig.command(&["ledger", "new"]).ok();
    two_cas(&rig, "ec:p521", "sealed");
    // The head of the ledger is kept on this token.
    let verify = rig.command(&["ledger", "verify"]).ok().stdout;
    assert!(verify.contains("the kept head is on the chain"), "{verify}");
}

/// One CA with a generated key, one with an imported key.
fn two_cas(rig: &Rig, own: &str, route: &str) {
    rig.command(&["key", "generate", "--label", "own", "--type", own])
        .ok();
    let mut import = vec![
        "kms",
        "import",
        "pair.json",
        "--label",
        "imported",
        "--route",
        route,
    ];
    if route == "sealed" {
        rig.command(&["kms", "recipient-key", "--out", "recipient.pem"])
            .ok();
        rig.attest(&[]);
        import.extend(["--attestation-document", "document"]);
    }
    rig.command(&import).ok();
    for key in ["own", "imported"] {
        let (certificate, subject) = (format!("{key}.crt"), format!("CN=CA {key}"));
        let create = [
            "ca",
            "create",
            "--key",
            key,
            "--subject",
            &subject,
            "--out",
            &certificate,
        ];
        rig.command(&create).ok();
        let verify = ["verify", "-CAfile", &certificate, "-check_ss_sig", &certificate];
        rig.tool("openssl", &verify).ok();
    }
}
