//! Faulty tokens, PINs and modules.

use crate::harness::{Rig, Run, shim, softhsm};

const LIST: [&str; 4] = ["--format", "json", "key", "list"];

fn logins(rig: &Rig) -> usize {
    rig.calls().iter().filter(|call| *call == "C_Login").count()
}

#[test]
fn a_wrong_pin_is_tried_once() {
    let rig = Rig::new();
    std::fs::write(rig.path("rig/pin"), "not-the-pin\n").expect("the PIN file");
    let message = rig.command_with_rule(&LIST, &[]).refused(4, "pin-incorrect");
    assert_eq!(logins(&rig), 1);
    assert!(
        message.contains("wrong PIN since the last login"),
        "the token counts: {message}"
    );
    assert!(!message.contains("not-the-pin"));
}

#[test]
fn a_locked_pin_is_not_tried() {
    let rig = Rig::new();
    rig.command_with_rule(&LIST, &[("TOKEN_FLAGS", "0x00040000")])
        .refused(4, "pin-locked");
    assert_eq!(logins(&rig), 0);
    // A token that reports it only at the login.
    rig.command_with_rule(&LIST, &[("FAIL", "C_Login:CKR_PIN_LOCKED")])
        .refused(4, "pin-locked");
    assert_eq!(logins(&rig), 1);
}

#[test]
fn the_final_try_is_refused_without_asking_for_the_pin() {
    let rig = Rig::new();
    // The PIN would come from the terminal. Without one, a prompt would be another error.
    let arguments = [&LIST[..], &["--pin-source", "prompt"]].concat();
    rig.command_with_rule(&arguments, &[("TOKEN_FLAGS", "0x00020000")])
        .refused(4, "pin-final-try");
    assert_eq!(logins(&rig), 0);
    rig.command_with_rule(&arguments, &[]).refused(2, "input-needed");
}

#[test]
fn a_read_only_token_takes_no_key_and_kms_is_not_asked() {
    let rig = Rig::new()
        .with_pair("ECC_NIST_P256")
        .with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let import = [
        "--format",
        "json",
        "kms",
        "import",
        "pair.json",
        "--label",
        "customer-ca",
    ];
    rig.command_with_rule(&import, &[("TOKEN_FLAGS", "0x2")])
        .refused(4, "write-protected");
    rig.assert_token_is_empty();
}

#[test]
fn no_such_token_says_which_there_are() {
    let rig = Rig::new();
    let message = rig.json(&["--token", "cc", "key", "list"]).refused(4, "no-token");
    assert!(
        message.contains("\"cc\"") && message.contains("\"ca\""),
        "{message}"
    );
    rig.json(&["--token", "pkcs11:serial=00", "key", "list"])
        .refused(4, "no-token");
    rig.json(&["--token", "pkcs11:tokne=ca", "key", "list"])
        .refused(2, "uri");
}

#[test]
fn no_such_module_says_why() {
    let rig = Rig::new();
    let message = rig
        .json(&["--module", "/nowhere/module.so", "token", "list"])
        .refused(2, "unreadable-file");
    assert!(
        message.contains("/nowhere/module.so") && message.contains("No such file"),
        "{message}"
    );
    rig.write("text.so", "no module");
    rig.json(&["--module", "./text.so", "token", "list"])
        .refused(4, "module");
    // A library that is not a PKCS#11 module.
    rig.json(&["--module", "libc.so.6", "token", "list"])
        .refused(4, "module");
    // A module that refuses to start.
    let failing = rig.command_with_rule(
        &["--format", "json", "token", "list"],
        &[("FAIL", "C_Initialize:CKR_DEVICE_ERROR")],
    );
    let message = failing.refused(4, "token");
    assert!(message.contains("C_Initialize: CKR_DEVICE_ERROR"), "{message}");
}

#[test]
fn two_tokens_with_one_label_are_distinguished_by_serial_number() {
    let rig = Rig::new();
    let init = [
        "--init-token",
        "--free",
        "--label",
        "ca",
        "--so-pin",
        "12345678",
        "--pin",
        "87654321",
    ];
    rig.tool("softhsm2-util", &init).ok();
    let message = rig.json(&["key", "list"]).refused(2, "several-tokens");
    let tokens = rig.json(&["token", "list"]).ok().json();
    let serials: Vec<_> = tokens["tokens"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|token| token["serial_number"].as_str())
        .collect();
    assert_eq!(serials.len(), 2);
    assert!(serials.iter().all(|serial| message.contains(serial)), "{message}");
    let opened: Vec<Run> = serials
        .iter()
        .map(|serial| rig.json(&["--token", &format!("pkcs11:serial={serial}"), "key", "list"]))
        .collect();
    // The rig's PIN opens one of them.
    assert_eq!(
        opened.iter().filter(|run| run.code == Some(0)).count(),
        1,
        "{opened:?}"
    );
}

#[test]
fn a_pin_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let rig = Rig::new();
    std::fs::set_permissions(rig.path("rig/pin"), std::fs::Permissions::from_mode(0o640))
        .expect("permissions");
    rig.command_with_rule(&LIST, &[]).refused(2, "pin-file-mode");
    assert_eq!(logins(&rig), 0);
}

#[test]
fn a_pin_comes_from_each_of_its_sources_and_never_from_the_command_line() {
    let rig = Rig::new();
    let pin = rig.pin();
    let with = |source: &str, change: &dyn Fn(&mut std::process::Command)| {
        let mut command = rig.prepare(&["--format", "json", "--pin-source", source, "key", "list"]);
        change(&mut command);
        rig.without_secrets(Run::of(&mut command))
    };
    with("env:THE_PIN", &|command| {
        command.env("THE_PIN", &pin);
    })
    .ok();
    with("credential:ca", &|command| {
        command.env("CREDENTIALS_DIRECTORY", rig.path("credentials"));
    })
    .refused(2, "pin-source");
    std::fs::create_dir(rig.path("credentials")).expect("a directory");
    rig.write("credentials/ca", format!("{pin}\n"));
    with("credential:ca", &|command| {
        command.env("CREDENTIALS_DIRECTORY", rig.path("credentials"));
    })
    .ok();
    with("env:NOT_SET", &|_| {}).refused(2, "pin-source");
    with(&pin, &|_| {}).refused(2, "pin-source");
    let message = rig
        .json(&["--token", "pkcs11:token=ca?pin-value=hunter2", "key", "list"])
        .refused(2, "uri");
    assert!(!message.contains("hunter2"));

    // A descriptor that the caller has opened.
    let shell = format!("exec 7<<<'{pin}'; exec \"$0\" --pin-source fd:7 key list");
    let mut bash = std::process::Command::new("bash");
    bash.args(["-c", &shell, crate::harness::PROGRAM])
        .current_dir(rig.path(""))
        .env_clear();
    Run::of(
        bash.env("PATH", "/usr/bin:/bin")
            .env("HSM_CA_CONFIG", rig.path("rig/hsm-ca.toml")),
    )
    .ok();
}

#[test]
fn a_module_that_is_loaded_through_another_still_works() {
    let rig = Rig::new();
    assert!(shim().exists() && softhsm().exists());
    rig.command_with_rule(&["token", "show"], &[]).ok();
    assert!(rig.calls().contains(&"C_GetTokenInfo".to_owned()));
}

#[test]
fn calls_to_a_busy_token_are_repeated_within_a_limit() {
    let rig = Rig::new();
    let show = ["--format", "json", "token", "show"];
    rig.command_with_rule(&show, &[("FAIL", "C_GetTokenInfo:CKR_GENERAL_ERROR@1")])
        .ok();
    let run = rig.command_with_rule(&show, &[("FAIL", "C_GetTokenInfo:CKR_GENERAL_ERROR@*")]);
    assert!(
        run.refused(4, "token")
            .contains("C_GetTokenInfo: CKR_GENERAL_ERROR")
    );
    // SoftHSM shows two slots here: the token's, and a free one.
    let asked = rig
        .calls()
        .iter()
        .filter(|call| *call == "C_GetTokenInfo")
        .count();
    assert_eq!(asked, 2 * 6);
    // Any other fault is reported at once.
    let run = rig.command_with_rule(&show, &[("FAIL", "C_GetTokenInfo:CKR_DEVICE_REMOVED@1")]);
    run.refused(4, "token");
}
