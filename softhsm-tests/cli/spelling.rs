//! Short names, other spellings, and "did you mean".

use crate::harness::{Rig, ready_authority};
use crate::oracle::make_cluster_request;

#[test]
fn short_names_mean_the_long_ones() {
    let rig = ready_authority().copy();
    make_cluster_request(&rig, "cluster.csr");
    let sign = ["csr", "sign", "cluster.csr", "--ca", "customerCA.crt"];
    rig.command(&[&sign[..], &["-o", "short.crt"]].concat()).ok();
    assert!(rig.path("short.crt").exists());
    rig.command(&["crl", "create", "--ca", "customerCA.crt", "-o", "a.crl"])
        .ok();
    rig.command(&["key", "export-public", "customer-ca", "-o", "a.pub"])
        .ok();
    for group in ["key", "token", "ledger"] {
        let long = rig.json(&[group, "list"]).ok().json();
        assert_eq!(rig.command(&[group, "ls", "--json"]).ok().json(), long, "{group}");
    }
    rig.command(&["--json", "key", "show", "nosuch"])
        .refused(4, "no-key");
    rig.command(&["--json", "nosuch"]).refused(2, "usage");
    let slip = rig.command(&["--json", "csr", "sig"]);
    let hint = "\"hint\": \"did you mean sign?\"";
    assert!(slip.code == Some(2) && slip.stderr.contains(hint), "{slip:?}");
}

#[test]
fn every_out_option_is_o_too() {
    let rig = Rig::without_token();
    let mut seen = 0;
    for group in super::program::commands_below(&rig, &[]) {
        let mut commands = super::program::commands_below(&rig, &[&group]);
        commands.push(String::new());
        for command in commands {
            let arguments: Vec<_> = [&*group, &*command]
                .into_iter()
                .filter(|word| !word.is_empty())
                .collect();
            let help = rig.command(&[&arguments[..], &["--help"]].concat()).ok().stdout;
            if help.contains(" --out ") {
                seen += 1;
                assert!(help.contains("-o, --out "), "{arguments:?}");
            }
        }
    }
    assert!(seen >= 12, "only {seen} commands");
}

#[test]
fn keys_are_named_in_either_spelling() {
    let rig = Rig::new();
    rig.command(&["key", "generate", "--label", "a", "--type", "ECC_NIST_P256"])
        .ok();
    rig.command(&["key", "generate", "--label", "b", "--type", "EC:p256"])
        .ok();
    for (wrong, meant) in [
        ("rsa:2084", "rsa:2048"),
        ("ecp256", "ec:p256"),
        ("RSA_2084", "rsa:2048"),
    ] {
        let run = rig.command(&["key", "generate", "--label", "c", "--type", wrong]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.contains(&format!("did you mean {meant}?")), "{run:?}");
    }
    let run = rig.command(&["key", "generate", "--label", "c", "--type", "dsa"]);
    assert!(run.stderr.contains("known: rsa:2048"), "{run:?}");
}

#[test]
fn kms_takes_either_spelling_and_its_file_has_its_own() {
    let rig = Rig::new().with_key();
    let pair = |spec: &str, out: &str| {
        let alias = crate::harness::ALIAS;
        let arguments = [
            "--json",
            "kms",
            "generate-key-pair",
            "--key-id",
            alias,
            "--spec",
            spec,
            "-o",
            out,
        ];
        rig.command(&arguments).ok().json()
    };
    assert_eq!(pair("ec:p256", "a.json")["key_spec"], "ECC_NIST_P256");
    assert_eq!(pair("ECC_NIST_P256", "b.json")["key_spec"], "ECC_NIST_P256");
}

#[test]
fn reasons_are_named_with_hyphens_too() {
    let rig = ready_authority().copy();
    make_cluster_request(&rig, "cluster.csr");
    rig.command(&[
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "-o",
        "a.crt",
    ])
    .ok();
    let revoke = |reason: &str| {
        rig.command(&[
            "cert",
            "revoke",
            "a.crt",
            "--ca",
            "customerCA.crt",
            "--reason",
            reason,
        ])
    };
    for (wrong, meant) in [("key-compromised", "keyCompromise"), ("superceded", "superseded")] {
        let run = revoke(wrong);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.contains(&format!("did you mean {meant}?")), "{run:?}");
    }
    let text = revoke("certificate-hold").ok().stdout;
    assert!(text.contains("certificateHold"), "{text}");
    let text = revoke("key-compromise").ok().stdout;
    assert!(text.contains("keyCompromise"), "{text}");
}

#[test]
fn a_misspelt_label_or_profile_gets_a_suggestion() {
    let rig = ready_authority().copy();
    make_cluster_request(&rig, "cluster.csr");
    let sign = |option: &str, value: &str| {
        rig.command(&[
            "csr",
            "sign",
            "cluster.csr",
            "--ca",
            "customerCA.crt",
            "-o",
            "a.crt",
            option,
            value,
        ])
    };
    for (run, hint) in [
        (
            rig.command(&["key", "show", "custmer-ca"]),
            "did you mean customer-ca?",
        ),
        (rig.command(&["--token", "cs", "key", "list"]), "did you mean ca?"),
        (sign("--profile", "tls_sever"), "did you mean tls-server?"),
    ] {
        assert!([Some(2), Some(3), Some(4)].contains(&run.code), "{run:?}");
        assert!(run.stderr.contains(hint), "{hint}: {run:?}");
    }
    let run = rig.command(&["key", "show", "something-else"]);
    assert!(!run.stderr.contains("did you mean"), "{run:?}");
}
