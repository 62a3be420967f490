//! `rig new`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::harness::{Rig, Run, shim, softhsm};

#[test]
fn a_rig_has_its_own_token_and_private_pins() {
    let rig = Rig::new();
    let mode = |name: &str| fs::metadata(rig.path(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!(
        (
            mode("rig"),
            mode("rig/tokens"),
            mode("rig/pin"),
            mode("rig/so-pin")
        ),
        (0o700, 0o700, 0o600, 0o600)
    );
    let second = Rig::new();
    assert_ne!(rig.pin(), second.pin());
    assert_ne!(rig.read("rig/pin"), rig.read("rig/so-pin"));
    assert!(rig.pin().len() >= 20);
    let token = rig.json(&["token", "show"]).ok().json();
    assert_eq!(
        (token["label"].as_str(), token["user_pin_set"].as_bool()),
        (Some("ca"), Some(true))
    );
    assert!(
        rig.path("rig/tokens")
            .read_dir()
            .expect("tokens")
            .next()
            .is_some()
    );
    assert_eq!(rig.files(), ["rig"], "nothing is left beside it");
}

#[test]
fn other_programs_use_the_rig_through_its_env_sh() {
    let rig = Rig::new();
    let shell = ". rig/env.sh && p11tool --provider \"$0\" --list-tokens";
    let module = softhsm();
    let listed = rig
        .tool("bash", &["-c", shell, module.to_str().expect("UTF-8")])
        .ok()
        .stdout;
    assert!(listed.contains("Label: ca"), "{listed}");
    let shell = ". rig/env.sh && cd / && \"$0\" key list";
    rig.tool("bash", &["-c", shell, crate::harness::PROGRAM]).ok();
}

#[test]
fn an_existing_directory_is_not_changed() {
    let rig = Rig::new();
    let pin = rig.pin();
    rig.json(&["rig", "new", "rig"]).refused(2, "output-exists");
    rig.write("file", "mine");
    rig.json(&["rig", "new", "file"]).refused(2, "output-exists");
    assert_eq!((rig.pin(), rig.read("file")), (pin, b"mine".to_vec()));
    rig.json(&["rig", "new", "no/rig"]).refused(2, "no-directory");
    rig.json(&["rig", "new", "a'b"]).refused(2, "rig-path");
    rig.json(&["rig", "new", "a=b"]).refused(2, "rig-path");
    assert_eq!(rig.files(), ["file", "rig"]);
    fs::create_dir(rig.path("empty")).expect("a directory");
    let made = rig
        .command(&["rig", "new", "empty", "--label", "another one"])
        .ok();
    let kept = "kept on the token from the first signature on, as a data object named \"hsm-ca ledger head\"";
    assert!(made.stdout.contains(kept), "{made:?}");
}

#[test]
fn a_rig_that_cannot_be_made_leaves_nothing() {
    let rig = Rig::new();
    let shim = shim();
    let arguments = ["rig", "new", "second", "--module", shim.to_str().expect("UTF-8")];
    for point in ["C_InitToken:CKR_DEVICE_ERROR", "C_InitPIN:CKR_DEVICE_ERROR"] {
        let message = rig
            .command_with_rule(
                &[&["--format", "json"], &arguments[..]].concat(),
                &[("FAIL", point)],
            )
            .refused(4, "rig-token");
        assert!(message.contains("CKR_DEVICE_ERROR"), "{message}");
        let files: Vec<_> = rig
            .files()
            .into_iter()
            .filter(|name| name != "calls.log")
            .collect();
        assert_eq!(files, ["rig"]);
    }
}

#[test]
fn labels_that_pkcs11_cannot_hold_are_refused() {
    let rig = Rig::new();
    for label in ["", " x", "a\nb", "pkcs11:x", &"a".repeat(33)] {
        rig.json(&["rig", "new", "second", "--label", label])
            .refused(2, "usage");
    }
    rig.command(&["rig", "new", "second", "--label", &"a".repeat(32)])
        .ok();
}

#[test]
fn a_rig_is_made_only_with_the_requested_product() {
    let rig = Rig::new();
    // C_InitToken would erase a smart card. p11-kit's trust module stands for the card's, because OpenSC's does not start without the smart
    // card service.
    let other = format!(
        "/usr/lib/{}-linux-gnu/pkcs11/p11-kit-trust.so",
        std::env::consts::ARCH
    );
    let other = PathBuf::from(other);
    for (kind, module, wrong) in [
        ("softhsm", &other, "not SoftHSM"),
        ("kryoptic", &other, "not Kryoptic"),
        ("kryoptic", &softhsm(), "not Kryoptic"),
    ] {
        let module = module.to_str().expect("UTF-8");
        let message = rig
            .json(&["rig", "new", "second", "--kind", kind, "--module", module])
            .refused(4, "rig-token");
        assert!(message.contains(wrong), "{message}");
        let left = |name: &String| name.contains("rig-") || name == "second";
        assert!(!rig.files().iter().any(left), "{:?}", rig.files());
    }
    rig.json(&["rig", "new", "second", "--kind", "other"])
        .refused(2, "usage");
}

/// The module of `softhsm-tests/kryoptic-module`.
fn kryoptic() -> PathBuf {
    let module = shim().with_file_name("libkryoptic_module.so");
    assert!(
        module.exists(),
        "{} is missing: run the tests with scripts/test.sh",
        module.display()
    );
    module
}

#[test]
fn a_kryoptic_rig_meets_the_promises_of_a_rig() {
    let rig = Rig::new();
    let module = kryoptic();
    let module = module.to_str().expect("UTF-8");
    let made = rig
        .json(&["rig", "new", "second", "--kind", "kryoptic", "--module", module])
        .ok()
        .json();
    assert_eq!(made["token_kind"], "kryoptic");
    assert_eq!(rig.files(), ["rig", "second"], "nothing is left beside it");
    for (name, mode) in [
        ("second", 0o700),
        ("second/tokens", 0o700),
        ("second/tokens/kryoptic.sql", 0o600),
        ("second/kryoptic.conf", 0o600),
        ("second/hsm-ca.toml", 0o600),
        ("second/env.sh", 0o600),
        ("second/pin", 0o600),
        ("second/so-pin", 0o600),
    ] {
        let found = fs::metadata(rig.path(name)).expect("a file").permissions().mode();
        assert_eq!(found & 0o777, mode, "{name}");
    }
    let text = |name: &str| String::from_utf8(rig.read(name)).expect("text");
    let (pin, so_pin) = (text("second/pin"), text("second/so-pin"));
    assert!(pin.len() >= 20 && so_pin.len() >= 20 && pin != so_pin);
    let storage = rig.path("second/tokens/kryoptic.sql");
    assert!(
        text("second/kryoptic.conf").contains(storage.to_str().expect("UTF-8")),
        "the finished rig's path"
    );
    for name in [
        "second/kryoptic.conf",
        "second/hsm-ca.toml",
        "second/env.sh",
        "second/tokens/kryoptic.sql",
    ] {
        let content = rig.read(name);
        for pin in [&pin, &so_pin] {
            assert!(
                !content.windows(pin.len()).any(|window| window == pin.as_bytes()),
                "{name}"
            );
        }
    }
    // With its own settings it is a separate token, and the user PIN works.
    let shell = ". second/env.sh && \"$0\" token list && \"$0\" --no-input key list && pkcs11-tool --module \"$1\" -L";
    let listed = rig
        .tool("bash", &["-c", shell, crate::harness::PROGRAM, module])
        .ok()
        .stdout;
    assert!(listed.contains("Kryoptic Project v1"), "{listed}");
    assert!(listed.contains("token label        : ca"), "{listed}");
}

#[test]
fn a_kryoptic_rig_that_cannot_be_made_leaves_nothing() {
    let rig = Rig::new().with("CLOUDHSM_SHIM_TARGET", kryoptic());
    let shim = shim();
    let module = shim.to_str().expect("UTF-8");
    let arguments = ["rig", "new", "second", "--kind", "kryoptic", "--module", module];
    for point in ["C_InitToken:CKR_DEVICE_ERROR", "C_InitPIN:CKR_DEVICE_ERROR"] {
        let mut command = rig.prepare(&[&["--format", "json"], &arguments[..]].concat());
        let message = Run::of(command.env("CLOUDHSM_SHIM_FAIL", point)).refused(4, "rig-token");
        assert!(message.contains("CKR_DEVICE_ERROR"), "{message}");
        assert_eq!(rig.files(), ["rig"], "nothing is left");
    }
    // The same module without the fault.
    rig.json(&arguments).ok();
}

#[test]
fn the_settings_of_another_rig_are_named_if_their_module_is_of_another_kind() {
    let rig = Rig::new();
    let arguments = ["rig", "new", "second", "--kind", "kryoptic"];
    rig.json(&arguments).refused(4, "rig-token");
    let run = rig.command(&arguments);
    let hint = format!(
        "hint: {} names the module, as the env.sh of another rig does; for Kryoptic: --module {}\n",
        rig.path("rig/hsm-ca.toml").display(),
        kryoptic().display()
    );
    assert!(run.stderr.ends_with(&hint), "{run:#?}");
    // A module named on the command line needs no such hint.
    let module = softhsm();
    let named = [&arguments[..], &["--module", module.to_str().expect("UTF-8")]].concat();
    let run = rig.command(&named);
    assert!(run.code == Some(4) && !run.stderr.contains("env.sh"), "{run:#?}");
    assert_eq!(rig.files(), ["rig"], "nothing is left");
}

#[test]
fn the_kryoptic_module_that_was_built_beside_the_program_is_found() {
    let rig = Rig::new();
    let mut command = rig.prepare(&["--format", "json", "rig", "new", "second", "--kind", "kryoptic"]);
    let made = Run::of(command.env_remove("HSM_CA_CONFIG")).ok().json();
    let module = made["module"].as_str().expect("a path");
    assert!(module.ends_with("/libkryoptic_module.so"), "{module}");
}
