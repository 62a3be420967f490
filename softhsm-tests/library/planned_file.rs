//! From a plan in a file to a certificate: two processes, a token, a ledger, and openssl.

use std::fs;

use crate::harness::{Rig, Run, TokenKind, example, shim};

fn rig() -> Rig {
    let rig = Rig::new();
    rig.command(&["key", "generate", "--label", "root", "--type", "ec:p384"])
        .ok();
    rig.command(&["key", "export-public", "root", "--out", "public.pem"])
        .ok();
    rig
}

fn sign(rig: &Rig) -> Run {
    let module = shim();
    let module = module.to_str().expect("UTF-8");
    let label = TokenKind::SoftHsm.label();
    let arguments = ["sign", module, label, "rig/pin", "planned", "ca.crt"];
    let mut command = rig.prepare_tool(example("planned-ca"), &arguments);
    command
        .env("CLOUDHSM_SHIM_TARGET", rig.oracle_module())
        .env("CLOUDHSM_SHIM_LOG", rig.path("calls.log"));
    rig.without_secrets(Run::of(&mut command))
}

#[test]
fn the_token_signs_the_planned_bytes_and_no_others() {
    let rig = rig();
    let planned = rig
        .tool(example("planned-ca"), &["plan", "public.pem", "planned"])
        .ok();
    let sha256 = planned.stdout.trim();
    let entry = sign(&rig).ok().stdout.trim().to_owned();
    assert_eq!(rig.calls().iter().filter(|call| *call == "C_Sign").count(), 1);

    let verify = [
        "verify",
        "-x509_strict",
        "-check_ss_sig",
        "-CAfile",
        "ca.crt",
        "ca.crt",
    ];
    rig.tool("openssl", &verify).ok();
    // According to openssl, the signed bytes are the planned ones.
    let parsed = rig.tool(
        "openssl",
        &[
            "asn1parse",
            "-in",
            "ca.crt",
            "-strparse",
            "4",
            "-out",
            "tbs.der",
            "-noout",
        ],
    );
    parsed.ok();
    let sum = rig.tool("sha256sum", &["tbs.der"]).ok().stdout;
    assert!(sum.starts_with(sha256), "{sum} {sha256}");

    let ledger = ["--ledger", "sqlite:planned.db", "ledger"];
    rig.command(&[&ledger[..], &["verify"]].concat()).ok();
    let shown = rig
        .command(&[&["--format", "json"], &ledger[..], &["show", &entry]].concat())
        .ok()
        .stdout;
    assert!(shown.contains(sha256), "{shown}");
}

#[test]
fn a_changed_plan_is_not_signed() {
    let rig = rig();
    rig.tool(example("planned-ca"), &["plan", "public.pem", "planned"])
        .ok();
    let plan = rig.read("planned");
    let length = plan.len();
    for place in [2, length / 3, length / 2, length - 3] {
        let mut changed = plan.clone();
        changed[place] ^= 1;
        fs::write(rig.path("planned"), changed).expect("the plan");
        let run = sign(&rig);
        assert_eq!(run.code, Some(1), "{place}: {run:#?}");
        // The module is not even loaded.
        assert!(!rig.path("calls.log").exists(), "{place}");
        assert!(
            !rig.path("planned.db").exists() && !rig.path("ca.crt").exists(),
            "{place}"
        );
    }
}
