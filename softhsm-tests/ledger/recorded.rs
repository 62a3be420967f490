//! What the ledger has of what the token signed: everything, whatever happens to the process, and with whom it shares the ledger.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use serde_json::Value;

use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::{make_request, openssl, request_der};

fn sign_arguments<'a>(request: &'a str, out: &'a str) -> [&'a str; 8] {
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

fn entries(rig: &Rig) -> Vec<Value> {
    let list = rig.json(&["ledger", "list", "--last", "1000"]).ok().json();
    list["entries"].as_array().expect("entries").clone()
}

/// The chain and the tables, by our own verifier and by one that shares nothing with it.
#[track_caller]
fn assert_sound(rig: &Rig, ledger: &Path) {
    let verified = rig.json(&["ledger", "verify"]).ok().json();
    assert_eq!(verified["verified"], true, "{verified}");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/verify_ledger.py");
    Run::of(Command::new("python3").arg(script).arg(ledger)).ok();
}

fn sha256(rig: &Rig, file: &str) -> String {
    let printed = openssl(
        rig,
        &["x509", "-in", file, "-outform", "DER", "-out", "for-hash.der"],
    );
    assert_eq!(printed, "");
    let printed = openssl(rig, &["dgst", "-sha256", "-r", "for-hash.der"]);
    printed.split(' ').next().expect("a hash").to_owned()
}

/// A file that is there is in the ledger, signed, byte for byte.
#[track_caller]
fn assert_recorded(rig: &Rig, file: &str, case: &str) {
    let wanted = sha256(rig, file);
    let found = entries(rig)
        .into_iter()
        .any(|entry| entry["state"] == "signed" && entry["sha256"] == wanted.as_str());
    assert!(found, "{case}: {file} is not in the ledger");
}

#[test]
fn what_for_whom_the_request_the_profile_the_number_and_the_certificate() {
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

/// A CA whose certificate another ledger, or none, has.
#[test]
fn a_ca_that_comes_from_elsewhere_is_taken_in() {
    let rig = ready_authority().with("HSM_CA_LEDGER", "sqlite:new.db");
    rig.adopt("customerCA.crt");
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    rig.json(&sign_arguments("a.csr", "a.crt")).ok();
    let list = entries(&rig);
    assert_eq!(list[0]["state"], "adopted");
    assert_eq!(list[0]["sha256"], sha256(&rig, "customerCA.crt").as_str());
    assert_eq!((list.len(), &list[1]["state"]), (2, &Value::from("signed")));
    assert_sound(&rig, &rig.path("new.db"));
}

#[test]
fn a_token_that_fails_stops_the_job_and_leaves_its_words() {
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
                entry["reason"].as_str().unwrap_or("").to_owned(),
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
fn a_ledger_that_cannot_be_written_is_reported_before_the_token_is_asked() {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    rig.write(
        "text.db",
        "this is no database, and long enough to be looked at as one",
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
        ("sqlite:nowhere/x.db", 2, "no-directory"),
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

/// `--force` is for old outputs.
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

/// Before and after every call that has to do with the signature, for certificates, a CRL and a request.
#[test]
fn killed_at_the_token() {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    let crl = ["crl", "create", "--ca", "customerCA.crt", "--out", "out"];
    let ca = [
        "ca",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=Again",
        "--second-certificate",
        "--out",
        "out",
    ];
    let csr = [
        "csr",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=Asks",
        "--out",
        "out",
    ];
    for arguments in [&sign_arguments("a.csr", "out")[..], &crl, &ca, &csr] {
        for point in ["C_Login", "C_SignInit", "C_Sign", "C_Sign!", "C_Finalize"] {
            let case = format!("{arguments:?} killed at {point}");
            let before = entries(&rig).len();
            let run = rig.command_with_rule(arguments, &[("KILL", point)]);
            assert_eq!(run.code, None, "{case}: {run:?}");
            let added = entries(&rig).split_off(before);
            let states: Vec<_> = added
                .iter()
                .map(|entry| entry["state"].as_str().unwrap())
                .collect();
            match point {
                "C_Login" => assert_eq!(
                    (states.as_slice(), rig.path("out").exists()),
                    (&[][..], false),
                    "{case}"
                ),
                "C_Finalize" => {
                    assert_eq!(
                        (states.as_slice(), rig.path("out").exists()),
                        (&["signed"][..], true),
                        "{case}"
                    );
                }
                _ => assert_eq!(
                    (states.as_slice(), rig.path("out").exists()),
                    (&["begun"][..], false),
                    "{case}"
                ),
            }
            let _ = fs::remove_file(rig.path("out"));
        }
        rig.json(arguments).ok();
        fs::remove_file(rig.path("out")).expect("the output");
    }
    assert_sound(&rig, &rig.path("rig/hsm-ca.db"));
}

/// At moments spread over the whole life of the process. Each has a token of its own: SoftHSM rewrites the token file at every login,
/// and one that is killed in it leaves no token.
#[test]
fn killed_at_any_moment() {
    let shared = ready_authority();
    let ledger = format!("sqlite:{}", shared.path("shared.db").display());
    let rig = shared.copy().with("HSM_CA_LEDGER", ledger);
    rig.adopt("customerCA.crt");
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    let start = Instant::now();
    rig.json(&sign_arguments("a.csr", "first.crt")).ok();
    let whole = start.elapsed();
    let mut ends = BTreeSet::new();
    for turn in 0..40_u32 {
        let before = entries(&rig).len();
        let rig = rig.copy();
        let mut command = rig.prepare(&sign_arguments("a.csr", "out.crt"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut victim = command.spawn().expect("the program");
        thread::sleep(whole * turn / 16);
        let _ = victim.kill();
        victim.wait().expect("its end");
        let added = entries(&rig).split_off(before);
        let state = match &added[..] {
            [] => "nothing",
            [one] => one["state"].as_str().expect("a state"),
            more => panic!("{more:?}"),
        };
        let delivered = rig.path("out.crt").exists();
        if delivered {
            assert_recorded(&rig, "out.crt", &format!("killed after {turn}/16"));
        }
        ends.insert((state.to_owned(), delivered));
    }
    for (state, delivered) in &ends {
        let possible = [
            ("nothing", false),
            ("begun", false),
            ("signed", false),
            ("signed", true),
        ];
        assert!(possible.contains(&(state.as_str(), *delivered)), "{ends:?}");
    }
    assert!(ends.len() > 1, "it was always killed at the same place: {ends:?}");
    assert_sound(&rig, &shared.path("shared.db"));
    rig.json(&sign_arguments("a.csr", "last.crt")).ok();
}

/// Tokens with the same key, as HSMs of a cluster, and one ledger.
#[test]
fn many_at_once_never_use_one_number_twice() {
    let shared = ready_authority();
    let ledger = format!("sqlite:{}", shared.path("shared.db").display());
    let rigs: Vec<_> = (0..6)
        .map(|_| shared.copy().with("HSM_CA_LEDGER", &ledger))
        .collect();
    rigs[0].adopt("customerCA.crt");
    thread::scope(|scope| {
        for (index, rig) in rigs.iter().enumerate() {
            scope.spawn(move || {
                make_request(rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
                for turn in 0..3 {
                    rig.json(&sign_arguments("a.csr", &format!("{index}-{turn}.crt")))
                        .ok();
                    let out = format!("{turn}.crl");
                    let crl = rig.json(&["crl", "create", "--ca", "customerCA.crt", "--out", &out]);
                    // Whoever comes late with a lower number is refused, and signs nothing.
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
    // Three of each, and the CA's own, which was taken in once.
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
