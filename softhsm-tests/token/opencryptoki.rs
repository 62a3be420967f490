//! opencryptoki's soft token: a clock that tells no number, PINs of 4 to 8 bytes, no elliptic curves.

use crate::harness::{Rig, TokenKind};

#[test]
fn a_ca_lives_on_opencryptoki() {
    let rig = Rig::of(TokenKind::OpenCryptoki).with_pair("RSA_2048");
    let listed = rig.json(&["token", "list"]).ok().json();
    assert_eq!(listed["tokens"][0]["manufacturer"], "IBM Corp.", "{listed}");
    let doctor = rig.command(&["doctor", "--no-kms"]).ok().stdout;
    assert!(doctor.contains("IBM SoftTok"), "{doctor}");

    // Its PINs have 8 bytes at most, and it counts each that it is asked for.
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

    // One CA with a key of its own, one with an imported key.
    let generate = ["key", "generate", "--label", "own", "--type", "rsa:3072"];
    rig.command(&generate).ok();
    let import = [
        "kms",
        "import",
        "pair.json",
        "--label",
        "imported",
        "--route",
        "create-object",
    ];
    rig.command(&import).ok();
    rig.command(&["ledger", "new"]).ok();
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
    let generate = ["key", "generate", "--label", "ec", "--type", "ec:p256"];
    let message = rig.json(&generate).refused(3, "cannot-generate");
    assert!(message.contains("CKM_EC_KEY_PAIR_GEN"), "{message}");
}
