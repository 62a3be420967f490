//! Tokens with unusual but valid PKCS#11 behaviour.

use serde_json::{Value, json};

use crate::harness::{Rig, Run, TokenKind, softhsm};

fn labels(listed: &Value) -> Vec<String> {
    let keys = listed["keys"].as_array().expect("a list");
    let mut labels: Vec<_> = keys
        .iter()
        .map(|key| key["label"].as_str().expect("a label").to_owned())
        .collect();
    labels.sort();
    labels
}

/// PKCS#11 v2.40 section 5.7: a search ends when `C_FindObjects` returns no more handles. A shorter list than requested is not the end.
#[test]
fn a_search_ends_when_the_token_gives_no_more_objects() {
    let rig = Rig::new();
    for nth in 0..11 {
        let (label, id) = (format!("key {nth:02}"), format!("{:02x}", nth + 1));
        rig.pkcs11_tool(&[
            "--keypairgen",
            "--key-type",
            "EC:prime256v1",
            "--label",
            &label,
            "--id",
            &id,
        ]);
    }
    let list = ["--format", "json", "key", "list"];
    let whole = labels(&rig.command(&list).ok().json());
    assert_eq!(whole.len(), 22, "{whole:?}");
    for at_a_time in ["1", "2", "7", "10"] {
        let run = rig.command_with_rule(&list, &[("FIND_AT_MOST", at_a_time)]);
        assert_eq!(labels(&run.ok().json()), whole, "{at_a_time} at a time");
    }

    // The last object of a search counts too: a label that two keys have does not identify a key.
    rig.pkcs11_tool(&[
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--label",
        "key 04",
        "--id",
        "ff",
    ]);
    let create = [
        "--format",
        "json",
        "csr",
        "create",
        "--key",
        "key 04",
        "--subject",
        "CN=x",
        "--out",
        "x.csr",
    ];
    rig.command_with_rule(&create, &[("FIND_AT_MOST", "1")])
        .refused(3, "several-keys");
    assert!(!rig.path("x.csr").exists());
}

/// A second token, and the slots of the first and of the second.
fn two_tokens() -> (Rig, [u64; 2]) {
    let rig = Rig::new();
    let init = [
        "--init-token",
        "--free",
        "--label",
        "other",
        "--so-pin",
        "12345678",
        "--pin",
        "87654321",
    ];
    rig.tool("softhsm2-util", &init).ok();
    let listed = rig.json(&["token", "list"]).ok().json();
    let slot = |label: &str| {
        let tokens = listed["tokens"].as_array().expect("a list");
        let token = tokens.iter().find(|token| token["label"] == label);
        token.expect("the token")["slot_id"].as_u64().expect("a number")
    };
    let slots = [slot("ca"), slot("other")];
    (rig, slots)
}

/// Answers of `C_GetTokenInfo` for a slot with an unknown card or a faulty device (PKCS#11 v2.40 section 5.5).
const UNREADABLE: [&str; 7] = [
    "CKR_TOKEN_NOT_RECOGNIZED",
    "CKR_TOKEN_NOT_PRESENT",
    "CKR_DEVICE_ERROR",
    "CKR_DEVICE_MEMORY",
    "CKR_DEVICE_REMOVED",
    "CKR_GENERAL_ERROR",
    "0x80000001",
];

#[test]
fn a_slot_that_cannot_be_read_is_skipped_and_named() {
    let (rig, [wanted, other]) = two_tokens();
    for answer in UNREADABLE {
        let rule = format!("{other:#x}:{answer}");
        let rules = [("SLOT_FAIL", rule.as_str())];
        let named = match answer {
            "0x80000001" => "C_GetTokenInfo: CKR 0x80000001".to_owned(),
            answer => format!("C_GetTokenInfo: {answer}"),
        };
        rig.command_with_rule(&["--format", "json", "key", "list"], &rules)
            .ok();
        let text = rig.command_with_rule(&["token", "list"], &rules).ok().stdout;
        assert!(text.contains(&format!("slot {other}: {named}")), "{text}");
        let json = rig
            .command_with_rule(&["--format", "json", "token", "list"], &rules)
            .ok()
            .json();
        assert_eq!(json["tokens"].as_array().map(Vec::len), Some(1), "{json}");
        let skipped = &json["skipped_slots"];
        assert_eq!(skipped.as_array().map(Vec::len), Some(1), "{json}");
        assert_eq!(skipped[0]["slot_id"], other);
        assert_eq!(skipped[0]["function"], "C_GetTokenInfo");
        assert!(
            named.ends_with(skipped[0]["answer"].as_str().expect("a name")),
            "{json}"
        );
        let doctor = rig
            .command_with_rule(&["--format", "json", "doctor", "--no-kms"], &rules)
            .ok()
            .json();
        let checks = doctor["checks"].as_array().expect("a list");
        let note = checks
            .iter()
            .find(|check| check["check"] == "slot")
            .expect("a note of the slot");
        assert_eq!(note["state"], "note");
        assert!(
            note["found"].as_str().is_some_and(|found| found.contains(&named)),
            "{note}"
        );

        // The wanted one, by its label and by its slot.
        let rule = format!("{wanted:#x}:{answer}");
        let rules = [("SLOT_FAIL", rule.as_str())];
        let by_slot = format!("pkcs11:slot-id={wanted}");
        for token in ["ca", &by_slot] {
            let list = ["--format", "json", "--token", token, "key", "list"];
            let message = rig.command_with_rule(&list, &rules).refused(4, "token");
            assert!(message.contains(&format!("slot {wanted}: {named}")), "{message}");
        }
        let doctor = rig.command_with_rule(&["doctor", "--no-kms"], &rules);
        assert_eq!(doctor.code, Some(4), "{doctor:?}");
    }

    // An error of another slot is not the reason for a missing token.
    let rule = format!("{other:#x}:CKR_DEVICE_ERROR");
    let list = ["--format", "json", "--token", "pkcs11:slot-id=77", "key", "list"];
    let message = rig
        .command_with_rule(&list, &[("SLOT_FAIL", &rule)])
        .refused(4, "no-token");
    assert!(!message.contains("CKR_DEVICE_ERROR"), "{message}");
    // Every slot.
    let rule = format!("{other:#x}:CKR_DEVICE_ERROR;{wanted:#x}:CKR_TOKEN_NOT_PRESENT");
    let json = rig
        .command_with_rule(&["--format", "json", "token", "list"], &[("SLOT_FAIL", &rule)])
        .ok()
        .json();
    assert_eq!(json["skipped_slots"].as_array().map(Vec::len), Some(2), "{json}");
}

#[test]
fn a_clock_without_a_numeric_time_is_ignored() {
    let rig = Rig::new();
    let clock = [("CORRUPT", "clock")];
    for arguments in [
        &["token", "list"][..],
        &["token", "show"],
        &["key", "list"],
        &["doctor", "--no-kms"],
    ] {
        rig.command_with_rule(arguments, &clock).ok();
    }
    let generate = ["key", "generate", "--label", "new", "--type", "ec:p256"];
    rig.command_with_rule(&generate, &clock).ok();
}

/// `CKF_LOGIN_REQUIRED`
const LOGIN_REQUIRED: &str = "0x4";

fn logins(rig: &Rig) -> usize {
    rig.calls().iter().filter(|call| *call == "C_Login").count()
}

#[test]
fn a_token_that_needs_no_login_gets_one_only_with_a_pin_source() {
    let rig = Rig::new();
    let rules = [("TOKEN_FLAGS_OFF", LOGIN_REQUIRED)];
    let list = ["--format", "json", "key", "list"];
    // The rig's own settings name a PIN file.
    rig.command_with_rule(&list, &rules).ok();
    assert_eq!(logins(&rig), 1);

    let conf = rig.path("rig/softhsm2.conf");
    let settings = rig.write("settings.toml", "");
    let rig = rig.with("HSM_CA_CONFIG", settings).with("SOFTHSM2_CONF", conf);
    let command = |arguments: &[&str], rules: &[(&str, &str)]| {
        rig.command_with_rule(
            &[&["--format", "json", "--token", "ca"][..], arguments].concat(),
            rules,
        )
    };
    command(&["key", "list"], &[]).refused(2, "input-needed");
    command(&["--no-input", "key", "list"], &rules).ok();
    assert_eq!(logins(&rig), 0);
    let doctor = command(&["doctor", "--no-kms"], &rules).ok().json();
    assert_eq!(logins(&rig), 0);
    let checks = doctor["checks"].as_array().expect("a list");
    let login = checks
        .iter()
        .find(|check| check["check"] == "login")
        .expect("the login");
    assert_eq!(login["state"], "note", "{login}");
    assert!(
        login["found"]
            .as_str()
            .is_some_and(|found| found.contains("needs none")),
        "{login}"
    );
    let shown = command(&["token", "show"], &rules).ok().json();
    assert_eq!(shown["login_required"], false);
    // A PIN source means that the user wants to log in.
    command(&["--pin-source", "prompt", "key", "list"], &rules).refused(2, "input-needed");
    command(&["--pin-source", "file:rig/pin", "key", "list"], &rules).ok();
    assert_eq!(logins(&rig), 1);
    // SoftHSM requires a login for private objects, regardless of this flag.
    let generate = ["key", "generate", "--label", "new", "--type", "ec:p256"];
    let message = command(&generate, &rules).refused(4, "token");
    assert!(message.contains("CKR_USER_NOT_LOGGED_IN"), "{message}");
}

#[test]
fn a_token_that_is_not_initialised_is_named_as_that() {
    let rig = Rig::without_token();
    std::fs::create_dir(rig.path("tokens")).expect("a directory");
    let conf = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\n",
        rig.path("tokens").display()
    );
    let conf = rig.write("softhsm2.conf", conf);
    let rig = rig.with("SOFTHSM2_CONF", conf).with("HSM_CA_MODULE", softhsm());
    for token in ["ca", "pkcs11:slot-id=0"] {
        let run = rig.json(&["--token", token, "key", "list"]);
        assert!(run.stderr.contains("softhsm2-util --init-token"), "{run:?}");
        let message = run.refused(4, "no-token");
        assert!(
            message.contains("not initialised yet: slot 0 (SoftHSM project SoftHSM v2)"),
            "{message}"
        );
        assert!(!message.contains("no tokens"), "{message}");
    }
    let listed = rig.json(&["token", "list"]).ok().json();
    assert_eq!(
        (&listed["tokens"], &listed["uninitialized"][0]["slot_id"]),
        (&json!([]), &json!(0))
    );
    let text = rig.command(&["token", "list"]).ok().stdout;
    assert!(text.contains("Not initialised yet: slot 0"), "{text}");
    let doctor = rig.command(&["doctor", "--no-kms"]);
    assert_eq!(doctor.code, Some(4), "{doctor:?}");
    assert!(doctor.stdout.contains("not initialised yet"), "{doctor:?}");
}

#[test]
fn for_a_module_that_does_not_start_the_hint_names_its_configuration() {
    let rig = Rig::without_token().with("HSM_CA_MODULE", softhsm());
    for rig in [
        rig.copy().with("SOFTHSM2_CONF", "/nowhere/softhsm2.conf"),
        rig.with("SOFTHSM2_CONF", "/dev/null"),
    ] {
        let run = rig.json(&["--token", "ca", "key", "list"]);
        assert!(run.stderr.contains("SOFTHSM2_CONF"), "{run:?}");
        assert_eq!(run.code, Some(4), "{run:?}");
    }
    let rig = Rig::new();
    for answer in ["CKR_GENERAL_ERROR", "CKR_FUNCTION_FAILED", "CKR_DEVICE_ERROR"] {
        let rule = format!("C_Initialize:{answer}");
        let run = rig.command_with_rule(&["--format", "json", "token", "list"], &[("FAIL", &rule)]);
        assert!(
            run.stderr.contains("SOFTHSM2_CONF") && run.stderr.contains("read and write"),
            "{run:?}"
        );
        let message = run.refused(4, "token");
        assert!(message.contains(&format!("C_Initialize: {answer}")), "{message}");
    }
}

#[test]
fn a_pin_of_an_impossible_length_costs_no_try() {
    let rig = Rig::new();
    let list = ["--format", "json", "--pin-source", "env:THE_PIN", "key", "list"];
    let (pin, kind) = (rig.pin(), "unfit-pin");
    assert_eq!(pin.len(), 24);
    let with_pin = rig.with("THE_PIN", &pin);
    for (limits, limit) in [
        ("0x19,0xff", "25 bytes"),
        ("0x4,0x17", "23 bytes"),
        ("0x0,0x1", "1 bytes"),
    ] {
        let run = with_pin.command_with_rule(&list, &[("PIN_LENGTHS", limits)]);
        let message = run.refused(2, kind);
        assert!(message.contains(limit) && !message.contains("24"), "{message}");
        assert_eq!(logins(&with_pin), 0);
    }
    for limits in [
        "0x18,0x18",
        "0x0,0x0",
        "0x0,0xffffffffffffffff",
        "0xffffffffffffffff,0x0",
        "0x19,0x4",
    ] {
        with_pin.command_with_rule(&list, &[("PIN_LENGTHS", limits)]).ok();
        assert_eq!(logins(&with_pin), 1, "{limits}");
    }
    // Bytes are counted, not characters, and SoftHSM's own limits count too.
    let umlauts = with_pin.with("THE_PIN", "üü");
    umlauts
        .command_with_rule(&list, &[("PIN_LENGTHS", "0x5,0xff")])
        .refused(2, kind);
    umlauts.command_with_rule(&list, &[]).refused(4, "pin-incorrect");
    let short = umlauts.with("THE_PIN", "123");
    short.command_with_rule(&list, &[]).refused(2, kind);
    assert_eq!(logins(&short), 0);
}

/// NSS with an empty password: no `CKF_LOGIN_REQUIRED`, and no PIN is right.
#[test]
fn nss_without_a_password_is_used_without_a_login() {
    let rig = Rig::of(TokenKind::Nss);
    std::fs::remove_dir_all(rig.path("rig/db")).expect("the database");
    std::fs::create_dir(rig.path("rig/db")).expect("a directory");
    rig.tool("certutil", &["-N", "-d", "sql:rig/db", "--empty-password"])
        .ok();
    let run = |arguments: &[&str]| {
        let mut command = rig.prepare(&[&["--format", "json"], arguments].concat());
        Run::of(command.env_remove("HSM_CA_PIN_SOURCE"))
    };
    run(&["ledger", "new"]).ok();
    run(&["key", "generate", "--label", "ca", "--type", "ec:p256"]).ok();
    run(&[
        "ca",
        "create",
        "--key",
        "ca",
        "--subject",
        "CN=Test CA",
        "--out",
        "ca.crt",
    ])
    .ok();
    rig.tool(
        "openssl",
        &["verify", "-CAfile", "ca.crt", "-check_ss_sig", "ca.crt"],
    )
    .ok();
    let doctor = run(&["doctor", "--no-kms"]).ok().json();
    assert_eq!(doctor["verified"], true, "{doctor}");
    // With a PIN source, the login is tried once: the rig's PIN is the removed password.
    rig.json(&["key", "list"]).refused(4, "pin-incorrect");
}
