//! A signing command that is killed: what it signed is in the ledger, as begun or as signed, and every delivered file is recorded.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use super::recorded::{assert_sound, entries, sha256, sign_arguments};
use crate::harness::{Rig, ready_authority};
use crate::oracle::make_request;

/// The ledger has this file as signed, byte for byte.
#[track_caller]
fn assert_recorded(rig: &Rig, file: &str, case: &str) {
    let wanted = sha256(rig, file);
    let found = entries(rig)
        .into_iter()
        .any(|entry| entry["state"] == "signed" && entry["sha256"] == wanted.as_str());
    assert!(found, "{case}: {file} is not in the ledger");
}

/// Before and after every PKCS#11 call of a signature, for certificates, a CRL and a request.
#[test]
fn in_a_call_to_the_token() {
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

/// At moments spread over the whole run of the process. Each process has its own token, because SoftHSM rewrites the token file at every
/// login, and a kill at that moment destroys the token.
#[test]
fn at_any_moment() {
    let shared = ready_authority();
    let ledger = format!("sqlite:{}", shared.path("shared.db").display());
    let rig = shared.copy().with("HSM_CA_LEDGER", ledger);
    rig.adopt_with_key();
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
