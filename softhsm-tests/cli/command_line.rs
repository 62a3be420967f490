//! The command line itself: help, settings, formats, exit codes.

use crate::harness::{Rig, Run, TokenKind, authority, ready_authority};
use crate::oracle::make_cluster_request;

#[test]
fn wrong_usage_is_exit_code_2_in_both_formats() {
    let rig = Rig::new();
    for wrong in [
        &["nosuch"][..],
        &["csr", "sign"],
        &["key", "show"],
        &["token", "list", "--nosuch"],
    ] {
        assert_eq!(rig.command(wrong).code, Some(2), "{wrong:?}");
        rig.json(wrong).refused(2, "usage");
    }
    let mut by_environment = rig.prepare(&["nosuch"]);
    Run::of(by_environment.env("HSM_CA_FORMAT", "json")).refused(2, "usage");
    rig.json(&["csr", "sign", "a", "b", "--ca", "c", "--out", "d"])
        .refused(2, "usage");
}

#[test]
fn without_a_module_the_error_lists_how_to_name_one() {
    let rig = Rig::new();
    let mut command = rig.prepare(&["--format", "json", "token", "list"]);
    let run = Run::of(command.env_remove("HSM_CA_CONFIG"));
    assert!(run.stderr.contains("HSM_CA_MODULE"), "{run:?}");
    run.refused(2, "no-module");
}

#[test]
fn the_configuration_file_is_strict_and_names_the_line() {
    let rig = Rig::new();
    rig.write("bad.toml", "token = \"ca\"\nmodul = \"x\"\n");
    let message = rig
        .json(&["--config", "bad.toml", "token", "list"])
        .refused(2, "configuration");
    assert!(
        message.contains("bad.toml, line 2") && message.contains("modul"),
        "{message}"
    );
    rig.write("worse.toml", "pin-source = hunter2\n");
    let message = rig
        .json(&["--config", "worse.toml", "token", "list"])
        .refused(2, "configuration");
    assert!(!message.contains("hunter2"), "{message}");
    rig.json(&["--config", "nowhere.toml", "token", "list"])
        .refused(2, "unreadable-file");
}

#[test]
fn flag_before_environment_before_file() {
    let rig = Rig::new();
    let mut by_environment = rig.prepare(&["--format", "json", "token", "show"]);
    Run::of(by_environment.env("HSM_CA_TOKEN", "other")).refused(4, "no-token");
    let mut by_flag = rig.prepare(&["--format", "json", "--token", "ca", "token", "show"]);
    Run::of(by_flag.env("HSM_CA_TOKEN", "other")).ok();
}

#[test]
fn settings_in_the_working_directory_are_found_and_their_paths_are_relative_to_them() {
    let rig = Rig::new();
    let mut there = rig.prepare(&["key", "list"]);
    Run::of(there.env_remove("HSM_CA_CONFIG").current_dir(rig.path("rig"))).ok();
    let text = String::from_utf8(rig.read("rig/hsm-ca.toml")).expect("TOML");
    let pin = format!("file:{}", rig.path("rig/pin").display());
    rig.write("rig/hsm-ca.toml", text.replace(&pin, "file:pin"));
    rig.command(&["key", "list"]).ok();
}

#[test]
fn keys_are_found_by_uri_too() {
    let authority = ready_authority();
    let id = authority.json(&["key", "show", "customer-ca"]).ok().json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let percent: String = id
        .as_bytes()
        .chunks(2)
        .map(|pair| format!("%{}", String::from_utf8_lossy(pair)))
        .collect();
    authority
        .json(&["key", "show", &format!("pkcs11:id={percent}")])
        .ok();
    authority
        .json(&["key", "show", "pkcs11:token=ca;object=customer-ca;type=private"])
        .ok();
    authority
        .json(&["key", "show", "pkcs11:token=other;object=customer-ca"])
        .refused(4, "no-token");
    authority
        .json(&["key", "show", "pkcs11:token=ca"])
        .refused(2, "uri");
    let create = [
        "ca",
        "create",
        "--key",
        "pkcs11:token=ca",
        "--subject",
        "CN=a",
        "--out",
        "a.crt",
    ];
    authority.json(&create).refused(2, "uri");
    let pin = "pkcs11:object=customer-ca?pin-source=file:/x";
    authority.json(&["key", "show", pin]).refused(2, "uri");
    authority.json(&["key", "show", "nosuch"]).refused(4, "no-key");
}

#[test]
fn doctor_reports_what_works_and_what_does_not() {
    let rig = Rig::new().with_aws();
    let report = rig.json(&["doctor"]).ok().json();
    assert_eq!(report["verified"], true, "{report}");
    let named = |report: &serde_json::Value, name: &str| {
        let checks = report["checks"].as_array().expect("checks").clone();
        checks
            .into_iter()
            .find(|check| check["check"] == name)
            .unwrap_or_else(|| panic!("no check {name}: {report}"))
    };
    for check in ["module", "token", "pin-tries", "signing", "login", "kms"] {
        assert_eq!(named(&report, check)["state"], "ok", "{check}");
    }
    let routes: Vec<_> = report["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .filter(|check| check["check"] == "import-route")
        .map(|check| {
            let found = check["found"].as_str().expect("text");
            (
                check["state"].as_str().expect("a state"),
                found.split([' ', ':']).take(2).collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(
        routes,
        [
            ("note", vec!["not", "sealed"]),
            ("note", vec!["not", "rsa-aes-key-wrap"]),
            ("ok", vec!["oaep-aes-kwp"]),
            ("ok", vec!["create-object", "(only"]),
        ]
    );
    let rules = [("TOKEN_FLAGS", "0x00050002")];
    let run = rig.command_with_rule(&["--format", "json", "doctor", "--no-kms"], &rules);
    assert_eq!(run.code, Some(4));
    let report = run.json();
    assert_eq!(named(&report, "pin-tries")["state"], "failed");
    assert_eq!(named(&report, "writable")["state"], "warning");
    assert_eq!(named(&report, "login")["state"], "failed");
    let unreachable = rig.with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let run = unreachable.json(&["doctor"]);
    assert_eq!(
        (run.code, named(&run.json(), "kms")["state"].as_str()),
        (Some(4), Some("failed"))
    );
}

#[test]
fn key_verify_detects_a_wrong_key() {
    let authority = ready_authority();
    let rig = Rig::new()
        .with_pair("RSA_2048")
        .with("HSM_CA_CONFIG", authority.path("rig/hsm-ca.toml"));
    rig.json(&["key", "verify", "customer-ca", "--public-key", "pair.json"])
        .refused(3, "proof-failed");
    // A key that another program made extractable.
    let rig = Rig::new();
    let pin = rig.pin();
    rig.tool(
        "softhsm2-util",
        &[
            "--token", "ca", "--pin", &pin, "--import", "k.pem", "--label", "loose", "--id", "01",
        ],
    );
    rig.tool(
        "openssl",
        &[
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-out",
            "k.pem",
        ],
    )
    .ok();
    rig.tool(
        "softhsm2-util",
        &[
            "--token", "ca", "--pin", &pin, "--import", "k.pem", "--label", "loose", "--id", "01",
        ],
    )
    .ok();
    let message = rig.json(&["key", "verify", "loose"]).refused(3, "proof-failed");
    assert!(message.contains("CKA_"), "{message}");
    assert_eq!(
        rig.json(&["key", "show", "loose"]).ok().json()["signs_only"],
        false
    );
}

#[test]
fn a_pin_source_in_a_uri_ranks_with_the_uri() {
    let rig = Rig::new();
    let uri = format!(
        "pkcs11:token=ca?pin-source=file:{}",
        rig.path("rig/pin").display()
    );
    rig.write("wrong", "wrong");
    let wrong = format!("file:{}", rig.path("wrong").display());
    // The flag's URI takes precedence over the environment. A wrong PIN would use up an attempt.
    let mut command = rig.prepare(&["--format", "json", "--token", &uri, "key", "list"]);
    Run::of(command.env("HSM_CA_PIN_SOURCE", &wrong)).ok();
    // An explicit setting takes precedence over the URI beside it.
    let mut command = rig.prepare(&[
        "--format",
        "json",
        "--token",
        &uri,
        "--pin-source",
        "env:NOT_SET",
        "key",
        "list",
    ]);
    Run::of(&mut command).refused(2, "pin-source");
}

#[test]
fn the_format_can_stand_in_the_configuration_file() {
    let rig = Rig::new();
    let text = String::from_utf8(rig.read("rig/hsm-ca.toml")).expect("TOML");
    rig.write("rig/hsm-ca.toml", format!("format = \"json\"\n{text}"));
    assert!(rig.command(&["key", "list"]).ok().json().is_object());
    rig.command(&["key", "show", "nosuch"]).refused(4, "no-key");
    // Errors of the command line and of the settings too.
    for (wrong, kind) in [
        (&["key", "lsit"][..], "usage"),
        (&["key", "show"], "usage"),
        (&["key"], "usage"),
        (
            &["crl", "create", "--ca", "a", "--out", "b", "--profile", "c"],
            "usage",
        ),
    ] {
        rig.command(wrong).refused(2, kind);
    }
    rig.write("unknown.toml", "format = \"json\"\nmodul = \"x\"\n");
    for wrong in [
        &["--config", "unknown.toml", "key", "list"][..],
        &["key", "list", "--config=unknown.toml"],
    ] {
        rig.command(wrong).refused(2, "configuration");
    }
    rig.command(&["key", "lsit", "--config=unknown.toml"])
        .refused(2, "usage");
    let as_text = rig.command(&["--format", "text", "key", "lsit"]);
    assert!(as_text.stderr.starts_with("error: "), "{as_text:?}");
    let as_text = Run::of(rig.prepare(&["key", "lsit"]).env("HSM_CA_FORMAT", "text"));
    assert!(as_text.stderr.starts_with("error: "), "{as_text:?}");
    let mut wrong = rig.prepare(&["--format", "json", "key", "list"]);
    Run::of(wrong.env("HSM_CA_FORMAT", "xml")).refused(2, "usage");
}

#[test]
fn a_key_with_two_public_objects_is_still_one_key() {
    let rig = authority(TokenKind::SoftHsm, "ECC_NIST_P256");
    make_cluster_request(&rig, "cluster.csr");
    let id = rig.json(&["key", "show", "customer-ca"]).ok().json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    rig.tool(
        "openssl",
        &[
            "x509",
            "-in",
            "customerCA.crt",
            "-noout",
            "-pubkey",
            "-out",
            "pub.pem",
        ],
    )
    .ok();
    rig.tool(
        "openssl",
        &[
            "pkey", "-pubin", "-in", "pub.pem", "-outform", "DER", "-out", "pub.der",
        ],
    )
    .ok();
    rig.pkcs11_tool(&[
        "--write-object",
        "pub.der",
        "--type",
        "pubkey",
        "--id",
        &id,
        "--label",
        "again",
    ]);
    assert_eq!(rig.objects().matches("Public Key Object").count(), 2);
    rig.sign("cluster.csr").ok();
}

#[test]
fn a_path_that_is_not_utf8_works() {
    let authority = ready_authority();
    let rig = Rig::new().with("HSM_CA_CONFIG", authority.path("rig/hsm-ca.toml"));
    make_cluster_request(&rig, "cluster.csr");
    rig.write("customerCA.crt", authority.read("customerCA.crt"));
    for format in ["text", "json"] {
        let shell = format!(
            "\"$0\" --format {format} csr sign cluster.csr --ca customerCA.crt --out $'{format}\\xff.crt'"
        );
        let mut bash = rig.prepare_tool("bash", &["-c", &shell, crate::harness::PROGRAM]);
        Run::of(bash.env_remove("SOFTHSM2_CONF")).ok();
    }
}

#[test]
fn the_configuration_cannot_steer_the_loader_or_this_program() {
    let rig = Rig::new();
    let text = String::from_utf8(rig.read("rig/hsm-ca.toml")).expect("TOML");
    let others = [
        "LD_PRELOAD",
        "HSM_CA_CONFIG",
        "PATH",
        "OPENSSL_CONF",
        "AWS_CONFIG_FILE",
        "SSLKEYLOGFILE",
        "HOME",
        "\"\"",
        "\"A=B\"",
    ];
    for name in others
        .into_iter()
        .chain(["SOFTHSM2_CONFX", "CLOUDHSM_", "softhsm2_conf"])
    {
        rig.write("bad.toml", format!("{text}{name} = \"x\"\n"));
        rig.json(&["--config", "bad.toml", "token", "list"])
            .refused(2, "configuration");
    }
    let file = std::fs::File::create(rig.path("huge.toml")).expect("a file");
    file.set_len(1 << 30).expect("a sparse file");
    rig.json(&["--config", "huge.toml", "token", "list"])
        .refused(3, "too-large");
    // A command that loads no module sets no variables for one.
    let mut show = rig.prepare(&["--format", "json", "cert", "show", "nowhere"]);
    Run::of(show.env("HSM_CA_RESTARTED", "1").env("SOFTHSM2_CONF", "/other")).refused(2, "unreadable-file");
}
