//! Commands that need a ledger refuse a missing one: only `ca create`, `ca adopt`, `rig new` and `ledger new` create one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Stdio;

use crate::harness::{Rig, Run};

/// A key, a CA with its ledger, a certificate and an OCSP request.
fn rig() -> Rig {
    let rig = Rig::new();
    for key in ["ca", "other"] {
        rig.command(&["key", "generate", "--label", key, "--type", "ec:p256"])
            .ok();
    }
    create(&rig, "CN=Test CA", "ca.crt").ok();
    let openssl = |arguments: &[&str]| rig.tool("openssl", arguments).ok();
    openssl(&[
        "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "a.key", "-subj", "/CN=a", "-out", "a.csr",
    ]);
    sign(&rig, "a.crt").ok();
    openssl(&["ocsp", "-issuer", "ca.crt", "-cert", "a.crt", "-reqout", "a.ocsp"]);
    rig.write("index.txt", "");
    rig
}

fn create(rig: &Rig, subject: &str, out: &str) -> Run {
    rig.json(&["ca", "create", "--key", "ca", "--subject", subject, "--out", out])
}

fn sign(rig: &Rig, out: &str) -> Run {
    rig.json(&[
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "ca.crt",
        "--profile",
        "tls-client",
        "--out",
        out,
    ])
}

/// Every command that uses a ledger, except those that create one.
const COMMANDS: [&[&str]; 14] = [
    &[
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "ca.crt",
        "--profile",
        "tls-client",
        "--out",
        "new",
    ],
    &[
        "csr",
        "create",
        "--key",
        "other",
        "--subject",
        "CN=b",
        "--out",
        "new",
    ],
    &["crl", "create", "--ca", "ca.crt", "--out", "new"],
    &[
        "crl",
        "create",
        "--ca",
        "ca.crt",
        "--revoked",
        "index.txt",
        "--out",
        "new",
    ],
    &[
        "cert",
        "revoke",
        "a.crt",
        "--ca",
        "ca.crt",
        "--reason",
        "superseded",
    ],
    &[
        "cert",
        "revoke",
        "00c0ffee",
        "--ca",
        "ca.crt",
        "--reason",
        "superseded",
    ],
    &[
        "cert",
        "cross-sign",
        "other.crt",
        "--ca",
        "ca.crt",
        "--out",
        "new",
    ],
    &[
        "ocsp",
        "respond",
        "--ca",
        "ca.crt",
        "--request",
        "a.ocsp",
        "--out",
        "new",
    ],
    &[
        "ocsp",
        "respond",
        "--ca",
        "ca.crt",
        "--request",
        "a.ocsp",
        "--revoked",
        "index.txt",
        "--out",
        "new",
    ],
    &["ledger", "list"],
    &["ledger", "show", "00c0ffee"],
    &["ledger", "verify"],
    &["ledger", "export"],
    &["ledger", "list", "--open"],
];

#[test]
fn every_command_refuses_a_missing_ledger_and_creates_none() {
    let rig = rig();
    other_authority(&rig);
    let rig = rig.with("HSM_CA_LEDGER", "sqlite:none.db");
    let before = rig.files();
    let place = rig.path("none.db");
    for command in COMMANDS {
        let run = rig.json(command);
        let hint = hint(&run);
        let message = run.refused(4, "no-ledger");
        assert!(
            message.contains(place.to_str().expect("UTF-8")) && message.contains("HSM_CA_LEDGER"),
            "{command:?}: {message}"
        );
        assert!(hint.contains("hsm-ca ledger new --ledger sqlite:/"), "{hint}");
        assert_eq!(rig.files(), before, "{command:?}");
    }
}

fn hint(run: &Run) -> String {
    let error: serde_json::Value = serde_json::from_str(&run.stderr).expect("an error as JSON");
    error["error"]["hint"].as_str().expect("a hint").to_owned()
}

/// Another CA's certificate, by openssl: `other.crt`.
fn other_authority(rig: &Rig) {
    let arguments = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "other.key",
        "-subj",
        "/CN=Other",
        "-days",
        "90",
        "-addext",
        "keyUsage=critical,keyCertSign",
        "-out",
        "other.crt",
    ];
    rig.tool("openssl", &arguments).ok();
}

#[test]
fn the_refusal_names_the_setting() {
    let rig = rig();
    let list = |more: &[&str]| {
        let run = rig.json(&[more, &["ledger", "list"]].concat());
        run.refused(4, "no-ledger")
    };
    assert!(list(&["--ledger", "sqlite:none.db"]).contains("--ledger"));
    fs::remove_file(rig.path("rig/hsm-ca.db")).expect("the rig's ledger");
    let told = list(&[]);
    assert!(
        told.contains("the default (beside ") && told.contains("rig/hsm-ca.toml"),
        "{told}"
    );
}

#[test]
fn a_file_that_is_not_a_ledger_is_never_treated_as_a_new_one() {
    let rig = rig();
    other_authority(&rig);
    rig.write("empty.db", "");
    fs::create_dir(rig.path("directory.db")).expect("a directory");
    symlink(rig.path("gone.db"), rig.path("link.db")).expect("a link");
    for (name, kind) in [
        ("empty.db", "empty-ledger"),
        ("directory.db", "not-a-ledger"),
        ("link.db", "not-a-ledger"),
    ] {
        let url = format!("sqlite:{name}");
        let making = [
            &[
                "ca",
                "create",
                "--key",
                "ca",
                "--subject",
                "CN=New",
                "--out",
                "new",
            ][..],
            &["ledger", "list"],
        ];
        let before = rig.files();
        for command in COMMANDS.iter().chain(&making) {
            let run = rig.json(&[&["--ledger", &url], *command].concat());
            run.refused(4, kind);
            assert_eq!(rig.files(), before, "{name}: {command:?}");
        }
        rig.json(&["--ledger", &url, "ledger", "new"])
            .refused(2, "ledger-exists");
        assert_eq!(rig.files(), before, "{name}");
    }
    assert_eq!(rig.read("empty.db"), b"");
    assert!(!rig.path("gone.db").exists());
}

#[test]
fn ledger_new_creates_a_sound_ledger_and_a_second_run_does_not_change_it() {
    let rig = Rig::without_token().with("HSM_CA_LEDGER", "sqlite:l.db");
    let made = rig.json(&["ledger", "new"]).ok().json();
    let head = made["head"].as_str().expect("a head");
    assert!(head.starts_with("1:"), "{made}");
    assert_eq!(rig.files(), ["l.db", "l.db-lock"]);
    let verified = rig.json(&["ledger", "verify", "--head", head]).ok().json();
    assert_eq!(verified["events"], 1);
    rig.json(&["ledger", "new"]).refused(2, "ledger-exists");
    let verified = rig.json(&["ledger", "verify", "--head", head]).ok().json();
    assert_eq!(verified["head"], head);
    rig.json(&["ledger", "new", "--ledger", "sqlite:no/l.db"])
        .refused(2, "no-directory");
}

#[test]
fn a_ca_create_that_is_refused_leaves_no_ledger() {
    let rig = rig()
        .with("HSM_CA_LEDGER", "sqlite:new.db")
        .with("HSM_CA_LEDGER_HEAD", "none");
    rig.write(
        "zero.toml",
        "name = \"zero\"\nrole = \"root\"\ndays = 100\nkeys = [\"rsa:3072\"]\n",
    );
    rig.write("mine", "");
    let before = rig.files();
    let ca = |key: &str, subject: &str, more: &[&str]| {
        let create = ["ca", "create", "--key", key, "--subject", subject];
        rig.json(&[&create[..], more].concat())
    };
    for (run, code) in [
        (ca("nobody", "CN=A", &["--out", "new.crt"]), 4),
        (ca("ca", "CN=", &["--out", "new.crt"]), 2),
        (ca("ca", "CN=A", &["--out", "mine"]), 2),
        (ca("ca", "CN=A", &["--out", "no/new.crt"]), 2),
        (
            ca("ca", "CN=A", &["--out", "new.crt", "--profile", "./zero.toml"]),
            3,
        ),
    ] {
        assert_eq!(run.code, Some(code), "{run:#?}");
        assert_eq!(rig.files(), before);
    }
    ca("ca", "CN=A", &["--out", "new.crt"]).ok();
    assert!(rig.path("new.db").exists());
}

#[test]
fn no_ledger_is_created_whose_head_could_not_be_kept() {
    let rig = rig().with("HSM_CA_LEDGER", "sqlite:new.db");
    for (name, owner, mode) in [("theirs", 65534, 0o755), ("sticky", 0, 0o1777)] {
        fs::create_dir(rig.path(name)).expect("a directory");
        fs::set_permissions(rig.path(name), Permissions::from_mode(mode)).expect("a mode");
        chown(rig.path(name), Some(owner), None).expect("the tests run as root");
    }
    let before = rig.files();
    let create = [
        "ca",
        "create",
        "--key",
        "ca",
        "--subject",
        "CN=A",
        "--out",
        "new.crt",
    ];
    let making = [&create[..], &["ca", "adopt", "ca.crt"], &["ledger", "new"]];
    for place in ["file:no/head", "file:theirs/head", "file:sticky/head"] {
        for command in making {
            let message = rig
                .json(&[&["--ledger-head", place], command].concat())
                .refused(4, "ledger-head");
            assert!(message.contains("cannot be kept"), "{place}: {message}");
            assert_eq!(rig.files(), before, "{place}: {command:?}");
        }
        let directory = rig.path(place.trim_start_matches("file:"));
        let left = directory
            .parent()
            .and_then(|directory| fs::read_dir(directory).ok());
        assert_eq!(left.map_or(0, Iterator::count), 0, "{place}");
    }
    rig.json(&[&["--ledger-head", "file:head"][..], &create].concat())
        .ok();
    assert!(rig.path("head").exists());
}

#[test]
fn without_its_directory_a_ledger_is_missing() {
    let rig = rig();
    other_authority(&rig);
    let rig = rig.with("HSM_CA_LEDGER", "sqlite:no/l.db");
    let before = rig.files();
    let making = [
        &[
            "ca",
            "create",
            "--key",
            "ca",
            "--subject",
            "CN=New",
            "--out",
            "new",
        ][..],
        &["ca", "adopt", "ca.crt"],
    ];
    for command in COMMANDS.iter().chain(&making) {
        let run = rig.json(command);
        let told = hint(&run);
        assert!(
            told.starts_with("the directory /") && told.contains("does not exist"),
            "{run:#?}"
        );
        let message = run.refused(4, "no-ledger");
        assert!(
            message.contains("no ledger at sqlite:/") && message.contains("HSM_CA_LEDGER"),
            "{command:?}: {message}"
        );
        assert_eq!(rig.files(), before, "{command:?}");
    }
}

/// Each on its own token with the same key, because SoftHSM rewrites its file at every login.
#[test]
fn simultaneous_ca_creates_record_in_one_ledger() {
    let shared = rig();
    let ledger = format!("sqlite:{}", shared.path("new.db").display());
    let copy = || {
        shared
            .copy()
            .with("HSM_CA_LEDGER", &ledger)
            .with("HSM_CA_LEDGER_HEAD", "none")
    };
    let rigs = [copy(), copy(), copy()];
    for round in 0..2 {
        let _ = fs::remove_file(shared.path("new.db"));
        let children: Vec<_> = rigs
            .iter()
            .enumerate()
            .map(|(number, rig)| {
                let (subject, out) = (format!("CN={round} {number}"), format!("{round}.crt"));
                let create = [
                    "ca",
                    "create",
                    "--key",
                    "ca",
                    "--subject",
                    &subject,
                    "--out",
                    &out,
                ];
                let mut command = rig.prepare(&create);
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                command.spawn().expect("the program starts")
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().expect("it ends");
            assert!(output.status.success(), "{output:?}");
        }
        let listed = rigs[0].json(&["ledger", "list"]).ok().json();
        let entries = listed["entries"].as_array().expect("entries");
        assert_eq!(entries.len(), rigs.len(), "{listed}");
        rigs[0].command(&["ledger", "verify"]).ok();
        assert_no_temporary_files(shared.path("."));
    }
}

fn assert_no_temporary_files(directory: impl AsRef<Path>) {
    for entry in fs::read_dir(directory).expect("the directory") {
        let name = entry.expect("an entry").file_name();
        assert!(!name.to_string_lossy().contains(".tmp"), "{name:?}");
    }
}
