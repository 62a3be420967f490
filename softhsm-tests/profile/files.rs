//! Profile files on the command line: a fault gives a one-line error, and nothing is signed.

use std::fs;

use crate::harness::{Rig, python_tool, ready_authority};
use crate::oracle::{assert_accepted, make_request, openssl};

const SOUND: &str = "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nlongest-days = 60\nkeys = [\"rsa:2048\"]\nkey-usage = [\"digitalSignature\"]\n\
    extended-key-usage = [\"clientAuth\"]\n";

fn rig() -> Rig {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-subj", "/CN=a"]);
    rig
}

const SIGN: [&str; 10] = [
    "csr",
    "sign",
    "a.csr",
    "--again",
    "--ca",
    "customerCA.crt",
    "--out",
    "a.crt",
    "--profile",
    "./mine.toml",
];

fn refuses(rig: &Rig, arguments: &[&str], code: i32, kind: &str) -> String {
    let before = rig.files();
    let arguments = [&["--format", "json"], arguments].concat();
    let run = rig.command_with_rule(&arguments, &[]);
    let message = run.refused(code, kind);
    let after: Vec<_> = rig
        .files()
        .into_iter()
        .filter(|name| name != "calls.log")
        .collect();
    assert_eq!(after, before, "nothing is written");
    if rig.path("calls.log").exists() {
        assert!(
            !rig.calls().iter().any(|call| call.starts_with("C_Sign")),
            "it was signed"
        );
        fs::remove_file(rig.path("calls.log")).expect("the log");
    }
    message
}

#[test]
fn a_sound_file_is_a_profile() {
    let rig = rig();
    rig.write("mine.toml", SOUND);
    rig.json(&SIGN).ok();
    assert_accepted(&rig, "a.crt", "customerCA.crt");
    let ends_within = |days: u32| {
        let seconds = (days * 24 * 60 * 60).to_string();
        let checkend = ["x509", "-in", "a.crt", "-noout", "-checkend", &seconds];
        rig.tool("openssl", &checkend).code == Some(1)
    };
    assert!(!ends_within(29) && ends_within(31));
    // At most the days that the file allows.
    let days = |days| [&SIGN[..], &["--force", "--days", days]].concat();
    rig.json(&days("60")).ok();
    let before = rig.read("a.crt");
    let message = rig.json(&days("61")).refused(3, "rule");
    assert!(
        message.contains("validity-length (profile): 61 days; profile mine allows at most 60"),
        "{message}"
    );
    assert_eq!(rig.read("a.crt"), before);
}

#[test]
fn a_file_that_is_not_a_profile() {
    let rig = rig();
    for (from, to, wanted) in [
        ("days = 30", "days = 30\nday = 1", "line 4: unknown field `day`"),
        ("days = 30", "days = 30\ndays = 31", "line 4: duplicate key"),
        ("days = 30", "days = \"30\"", "line 3: invalid type"),
        ("days = 30", "days = ", "line 3"),
        (
            "role = \"leaf\"",
            "role = \"branch\"",
            "line 2: unknown variant `branch`",
        ),
        ("name = \"mine\"\n", "", "missing field `name`"),
    ] {
        rig.write("mine.toml", SOUND.replace(from, to));
        let message = refuses(&rig, &SIGN, 2, "configuration");
        assert!(
            message.starts_with("./mine.toml") && message.contains(wanted),
            "{message}"
        );
    }
    rig.write("mine.toml", b"\xff\xfe");
    assert!(refuses(&rig, &SIGN, 2, "configuration").contains("not UTF-8 text"));
    rig.write("mine.toml", vec![b'#'; 2 * 1024 * 1024]);
    refuses(&rig, &SIGN, 3, "too-large");
    fs::remove_file(rig.path("mine.toml")).expect("the file");
    refuses(&rig, &SIGN, 2, "unreadable-file");
}

#[test]
fn an_invalid_field() {
    let rig = rig();
    for (from, to, wanted) in [
        (
            "\"mine\"",
            "\"root\"",
            "the profile \"root\": name: a built-in profile has this name",
        ),
        (
            "days = 30",
            "days = 61",
            "the profile \"mine\": days: 61 is not between 1 and 60",
        ),
        (
            "\"rsa:2048\"",
            "\"rsa:1024\"",
            "the profile \"mine\": keys: \"rsa:1024\"",
        ),
        (
            "\"digitalSignature\"",
            "\"keyCertSign\"",
            "key-usage: keyCertSign and cRLSign are for CAs",
        ),
        (
            "\"clientAuth\"",
            "\"clientauth\"",
            "extended-key-usage: \"clientauth\" is neither",
        ),
        (
            "role = \"leaf\"",
            "role = \"leaf\"\nwaive = [\"subject-key\"]",
            "waive: subject-key (hsm-ca) cannot be waived",
        ),
        (
            "role = \"leaf\"",
            "role = \"leaf\"\nlinter = [\"./lint.sh\"]",
            "linter: \"./lint.sh\": write the whole path",
        ),
    ] {
        rig.write("mine.toml", SOUND.replace(from, to));
        let message = refuses(&rig, &SIGN, 2, "profile-file");
        assert!(
            message.starts_with("./mine.toml: ") && message.contains(wanted),
            "{message}"
        );
    }
}

#[test]
fn a_profile_for_another_command() {
    let rig = rig();
    rig.write(
        "mine.toml",
        "name = \"mine\"\nrole = \"root\"\ndays = 30\nkeys = [\"rsa:2048\"]\n",
    );
    let message = refuses(&rig, &SIGN, 2, "usage");
    assert!(message.contains("use it with `ca create`"), "{message}");
    rig.write("leaf.toml", SOUND);
    let create = [
        "ca",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=x",
        "--out",
        "b.crt",
        "--profile",
    ];
    let message = refuses(&rig, &[&create[..], &["./leaf.toml"]].concat(), 2, "usage");
    assert!(message.contains("use it with `csr sign`"), "{message}");
    rig.json(&[&create[..], &["./mine.toml"]].concat()).ok();
    assert!(openssl(&rig, &["x509", "-in", "b.crt", "-noout", "-text"]).contains("CA:TRUE"));
    // Built-in ones, likewise.
    let server = refuses(
        &rig,
        &[&create[..7], &["c.crt", "--profile", "tls-server"]].concat(),
        2,
        "profile",
    );
    assert!(server.contains("those that fit: cloudhsm-ca, root"), "{server}");
    // A key that the profile does not accept.
    rig.write("mine.toml", SOUND.replace("rsa:2048", "ec:p256"));
    let message = refuses(&rig, &SIGN, 3, "rule");
    assert!(
        message.contains("key-kind (profile): mine certificates do not accept an RSA 2048 key"),
        "{message}"
    );
}

/// pkilint as the linter, and one linter for each fault.
#[test]
fn the_linter_runs_before_the_token_signs() {
    let rig = rig();
    let pkilint = python_tool("lint_pkix_cert");
    let pkilint = pkilint.to_str().expect("UTF-8");
    let with = |command: &[&str]| rig.write("mine.toml", format!("{SOUND}linter = {command:?}\n"));
    with(&[pkilint, "lint", "-s", "ERROR"]);
    rig.json(&SIGN).ok();
    assert_accepted(&rig, "a.crt", "customerCA.crt");
    fs::remove_file(rig.path("a.crt")).expect("the certificate");

    // From INFO on, it reports something about every certificate.
    with(&[pkilint, "lint", "-s", "INFO"]);
    let message = refuses(&rig, &SIGN, 3, "rule");
    assert!(
        message.starts_with("a.csr: linter (profile): ")
            && message.contains("exited with")
            && message.contains("subject_key_identifier_method_1_identified"),
        "{message}"
    );
    with(&[pkilint, "lint", "--no-such-option"]);
    assert!(refuses(&rig, &SIGN, 3, "rule").contains("exited with 2"));
    with(&["/nowhere/lint"]);
    assert!(refuses(&rig, &SIGN, 1, "linter-failed").contains("cannot be run"));
    with(&["sh", "-c", "kill -9 $$"]);
    assert!(refuses(&rig, &SIGN, 1, "linter-failed").contains("signal 9"));

    // For a root too. It sees the final certificate, except for the signature.
    let keep = rig.path("seen.pem");
    let script = format!("cat \"$1\" > {}", keep.display());
    let root = format!(
        "name = \"mine\"\nrole = \"root\"\ndays = 30\nkeys = [\"rsa:2048\"]\nlinter = {:?}\n",
        ["sh", "-c", &script, "sh"]
    );
    rig.write("root.toml", root);
    let create = [
        "ca",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=x",
        "--out",
        "b.crt",
    ];
    rig.json(&[&create[..], &["--profile", "./root.toml"]].concat())
        .ok();
    let text = |name: &str| {
        let shown = openssl(
            &rig,
            &["x509", "-in", name, "-noout", "-text", "-certopt", "no_sigdump"],
        );
        (
            shown,
            openssl(&rig, &["x509", "-in", name, "-noout", "-serial", "-dates"]),
        )
    };
    assert_eq!(text("seen.pem"), text("b.crt"));
    assert_ne!(rig.read("seen.pem"), rig.read("b.crt"));
    let verify = ["verify", "-check_ss_sig", "-CAfile", "seen.pem", "seen.pem"];
    assert_ne!(
        rig.tool("openssl", &verify).code,
        Some(0),
        "the throwaway key's signature is nobody's"
    );
}
