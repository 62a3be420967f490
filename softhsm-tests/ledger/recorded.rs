//! The ledger records everything that the token signs, also when commands fail, and when several share it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use serde_json::Value;

use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::{make_request, openssl, request_der};

pub(super) fn sign_arguments<'a>(request: &'a str, out: &'a str) -> [&'a str; 8] {
    [
        "csr",
        "sign",
        request,
        "--again",
        "--ca",
        "customerCA.crt",
        "--out",
        out,
    ]
}

pub(super) fn entries(rig: &Rig) -> Vec<Value> {
    let list = rig.json(&["ledger", "list", "--last", "1000"]).ok().json();
    list["entries"].as_array().expect("entries").clone()
}

/// Our verifier and an independent one find the chain and the tables sound.
#[track_caller]
pub(crate) fn assert_sound(rig: &Rig, ledger: &Path) {
    let verified = rig.json(&["ledger", "verify"]).ok().json();
    assert_eq!(verified["verified"], true, "{verified}");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/verify_ledger.py");
    Run::of(Command::new("python3").arg(script).arg(ledger)).ok();
}

pub(super) fn sha256(rig: &Rig, file: &str) -> String {
    let printed = openssl(
        rig,
        &["x509", "-in", file, "-outform", "DER", "-out", "for-hash.der"],
    );
    assert_eq!(printed, "");
    let printed = openssl(rig, &["dgst", "-sha256", "-r", "for-hash.der"]);
    printed.split(' ').next().expect("a hash").to_owned()
}

#[test]
fn an_entry_has_the_request_the_profile_the_serial_number_and_the_certificate() {
    let rig = ready_authority();
    for name in ["a", "b"] {
        make_request(
            &rig,
            &format!("{name}.csr"),
            &["-newkey", "rsa:2048"],
            &["-sha256"],
        );
    }
    rig.json(&[
        "csr",
        "sign",
        "a.csr",
        "b.csr",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        ".",
        "--profile",
        "tls-client",
    ])
    .ok();
    rig.json(&["crl", "create", "--ca", "customerCA.crt", "--out", "ca.crl"])
        .ok();
    let list = entries(&rig);
    let kinds: Vec<_> = list
        .iter()
        .map(|entry| {
            (
                entry["object_kind"].as_str().unwrap(),
                entry["state"].as_str().unwrap(),
            )
        })
        .collect();
    let signed = |kind| (kind, "signed");
    assert_eq!(
        kinds,
        [
            signed("certificate"),
            signed("certificate"),
            signed("certificate"),
            signed("crl")
        ]
    );
    assert_eq!(list[0]["profile"], "cloudhsm-ca", "the CA certificate's own");
    for (entry, name) in list[1..3].iter().zip(["a", "b"]) {
        let file = format!("{name}.crt");
        rig.write("request.der", request_der(&rig, &format!("{name}.csr")));
        let hash = openssl(&rig, &["dgst", "-sha256", "-r", "request.der"]);
        assert_eq!(entry["csr_sha256"], hash.split(' ').next().unwrap());
        assert_eq!(entry["profile"], "tls-client");
        let serial = openssl(&rig, &["x509", "-in", &file, "-noout", "-serial"]);
        let serial = serial.trim().trim_start_matches("serial=").to_lowercase();
        assert_eq!(entry["serial_number"], serial.as_str());
        assert_eq!(entry["sha256"], sha256(&rig, &file).as_str());
        assert_eq!(entry["pem"].as_str().unwrap().as_bytes(), rig.read(&file));
        assert_eq!(entry["signer"], "CN=Test CA,O=Test,C=US");
        let shown = rig.json(&["ledger", "show", &serial]).ok().json();
        assert_eq!(shown["entries"][0], *entry);
    }
    assert_eq!(list[3]["number"], "1");
    assert_sound(&rig, &rig.path("rig/hsm-ca.db"));
}

/// The CA certificate is in another ledger, or in none.
#[test]
fn an_adopted_ca_can_sign() {
    let rig = ready_authority().with("HSM_CA_LEDGER", "sqlite:new.db");
    rig.adopt_with_key();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    rig.json(&sign_arguments("a.csr", "a.crt")).ok();
    let list = entries(&rig);
    assert_eq!(list[0]["state"], "adopted");
    assert_eq!(list[0]["sha256"], sha256(&rig, "customerCA.crt").as_str());
    assert_eq!((list.len(), &list[1]["state"]), (2, &Value::from("signed")));
    assert_sound(&rig, &rig.path("new.db"));
}

#[test]
fn a_failing_token_stops_the_job_and_the_ledger_records_why() {
    let rig = ready_authority();
    for name in ["a", "b", "c"] {
        make_request(
            &rig,
            &format!("{name}.csr"),
            &["-newkey", "rsa:2048"],
            &["-sha256"],
        );
    }
    let sign = [
        "--format",
        "json",
        "csr",
        "sign",
        "a.csr",
        "b.csr",
        "c.csr",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        ".",
    ];
    let run = rig.command_with_rule(&sign, &[("FAIL", "C_Sign:CKR_DEVICE_ERROR@2")]);
    assert_eq!(run.code, Some(4), "{run:#?}");
    let states: Vec<_> = entries(&rig)[1..]
        .iter()
        .map(|entry| {
            (
                entry["state"].clone(),
                entry["problem"].as_str().unwrap_or("").to_owned(),
            )
        })
        .collect();
    assert_eq!(
        (&states[0].0, rig.path("a.crt").exists()),
        (&"signed".into(), true)
    );
    assert_eq!(states[1].0, "abandoned");
    assert!(states[1].1.contains("C_Sign: CKR_DEVICE_ERROR"), "{states:?}");
    assert_eq!(states[2].0, "abandoned");
    assert!(!rig.path("b.crt").exists() && !rig.path("c.crt").exists());
    assert_sound(&rig, &rig.path("rig/hsm-ca.db"));
}

#[test]
fn a_ledger_that_cannot_be_written_is_reported_before_the_login() {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    rig.write(
        "text.db",
        "this is not a database, and long enough to be read as one",
    );
    fs::create_dir(rig.path("open")).expect("a directory");
    fs::copy(rig.path("rig/hsm-ca.db"), rig.path("open.db")).expect("a copy");
    rig.tool("chmod", &["666", "open.db"]).ok();
    for (name, mode) in [("sticky", "1777"), ("group", "0775")] {
        fs::create_dir(rig.path(name)).expect("a directory");
        rig.tool("chmod", &[mode, name]).ok();
    }
    fs::create_dir(rig.path("nobodys")).expect("a directory");
    rig.tool("chown", &["65534", "nobodys"]).ok();
    rig.tool("ln", &["-s", "../sticky/x.db", "open/link.db"]).ok();
    fs::write(rig.path("sticky/x.db"), "").expect("a file");
    for (ledger, code, kind) in [
        ("sqlite:text.db", 4, "not-a-ledger"),
        ("sqlite:nowhere/x.db", 4, "no-ledger"),
        ("sqlite:open.db", 2, "ledger-mode"),
        ("sqlite:sticky/new.db", 2, "ledger-mode"),
        ("sqlite:group/new.db", 2, "ledger-mode"),
        ("sqlite:nobodys/new.db", 2, "ledger-mode"),
        ("sqlite:open/link.db", 2, "ledger-mode"),
        ("postgres://db.example/x", 2, "ledger-url"),
        ("postgres://localhost:1/x", 4, "ledger-unreachable"),
    ] {
        let arguments = [
            &["--format", "json", "--ledger", ledger][..],
            &sign_arguments("a.csr", "a.crt"),
        ]
        .concat();
        let run = rig.command_with_rule(&arguments, &[]);
        run.refused(code, kind);
        let logged_in = rig.path("calls.log").exists() && rig.calls().iter().any(|call| call == "C_Login");
        assert!(!logged_in, "{ledger}: the PIN was used");
        assert!(!rig.path("a.crt").exists());
    }
}

/// Even with `--force`.
#[test]
fn the_ledger_the_settings_and_the_pin_are_refused_as_outputs() {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    std::os::unix::fs::symlink("rig", rig.path("link")).unwrap();
    for own in [
        "rig/hsm-ca.db",
        "rig/hsm-ca.toml",
        "rig/pin",
        "rig/hsm-ca.db-wal",
        "rig/hsm-ca.db-audit",
        "rig/tokens/../hsm-ca.db-wal",
        "link/hsm-ca.db-journal",
    ] {
        let before = fs::read(rig.path(own)).ok();
        let arguments = [&sign_arguments("a.csr", own)[..], &["--force"]].concat();
        rig.json(&arguments).refused(2, "usage");
        let crl = ["crl", "create", "--ca", "customerCA.crt", "--out", own, "--force"];
        rig.json(&crl).refused(2, "usage");
        let pair = [
            "kms",
            "generate-key-pair",
            "--key-id",
            "x",
            "--spec",
            "RSA_2048",
            "--out",
            own,
            "--force",
        ];
        rig.json(&pair).refused(2, "usage");
        let recipient = ["kms", "recipient-key", "--out", own, "--force"];
        rig.json(&recipient).refused(2, "usage");
        assert_eq!(fs::read(rig.path(own)).ok(), before, "{own}");
    }
}

/// Several tokens with the same key, like the HSMs of a cluster, and one ledger.
#[test]
fn parallel_commands_never_use_a_number_twice() {
    let shared = ready_authority();
    let ledger = format!("sqlite:{}", shared.path("shared.db").display());
    let rigs: Vec<_> = (0..6)
        .map(|_| shared.copy().with("HSM_CA_LEDGER", &ledger))
        .collect();
    for rig in &rigs {
        rig.adopt_with_key();
    }
    thread::scope(|scope| {
        for (index, rig) in rigs.iter().enumerate() {
            scope.spawn(move || {
                make_request(rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
                for turn in 0..3 {
                    rig.json(&sign_arguments("a.csr", &format!("{index}-{turn}.crt")))
                        .ok();
                    let out = format!("{turn}.crl");
                    let crl = rig.json(&["crl", "create", "--ca", "customerCA.crt", "--out", &out]);
                    // A process with a lower number than one already begun is refused, and signs nothing.
                    if crl.code == Some(0) {
                        assert!(rig.path(&out).exists());
                    } else {
                        crl.refused(3, "crl-number");
                        assert!(!rig.path(&out).exists());
                    }
                }
            });
        }
    });
    let list = entries(&rigs[0]);
    let of = |kind: &str, field: &str| -> Vec<String> {
        let of_kind = list.iter().filter(|entry| entry["object_kind"] == kind);
        let text = |entry: &Value| entry[field].as_str().expect("text").to_owned();
        of_kind.map(text).collect()
    };
    let serials = of("certificate", "serial_number");
    // Three of each, and the adopted CA's own.
    assert_eq!(serials.len(), 6 * 3 + 1);
    assert_eq!(serials.iter().collect::<BTreeSet<_>>().len(), serials.len());
    let numbers: Vec<u64> = of("crl", "number")
        .iter()
        .map(|number| number.parse().unwrap())
        .collect();
    assert!(numbers.len() >= 6, "{numbers:?}");
    assert!(numbers.is_sorted_by(|a, b| a < b), "they rise: {numbers:?}");
    assert_sound(&rigs[0], &shared.path("shared.db"));
}
