//! Every answer of KMS to `GetPublicKey` and `Sign`, and missing answers: a signature is requested only once, a wrong one is never written,
//! and the ledger and the error report an unknown outcome.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{KmsAuthority, kms, make_kms_key};
use crate::oracle::openssl;

use super::bad_answers::{UNCERTAIN, assert_bad, public_keys, signatures};

/// The number of attempts of a repeatable call.
pub(crate) const ATTEMPTS: usize = 5;

fn strike(authority: &KmsAuthority, operation: &str, fault: &Value) {
    let mut fault = fault.clone();
    fault["operation"] = operation.into();
    fault["times"] = 0.into();
    authority.rig.kms_faults(&json!([fault]));
}

/// Works through a list with several threads, because most of the time is spent waiting.
fn try_all<T: Sync>(all: &[T], name: &str, check: impl Fn(&KmsAuthority, &T) + Sync) {
    const THREADS: usize = 4;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let check = &check;
            scope.spawn(move || {
                let authority = KmsAuthority::new("RSA_2048", &format!("AKIA{name}{thread}"));
                for one in all.iter().skip(thread).step_by(THREADS) {
                    check(&authority, one);
                }
            });
        }
    });
}

#[test]
fn a_signature_is_requested_only_once() {
    try_all(&signatures(), "BADSIGN", |authority, bad| {
        let case = bad.fault.to_string();
        let rig = &authority.rig;
        strike(authority, "Sign", &bad.fault);
        assert_bad(authority.sign("out.crt", &[]), bad);
        assert_eq!(authority.signatures().len(), 1, "{case}");
        assert!(!rig.path("out.crt").exists(), "{case}");
        // The ledger has the entry as abandoned, with the reason.
        let listed = rig.json(&["ledger", "list"]).ok().json();
        let entry = listed["entries"]
            .as_array()
            .and_then(|entries| entries.last())
            .cloned();
        let entry = entry.expect("an entry");
        assert_eq!(entry["state"], "abandoned", "{case}: {entry}");
        assert!(entry.to_string().contains(bad.said), "{case}: {entry}");

        rig.kms_faults(&json!([]));
        authority.sign("out.crt", &["--force"]).ok();
        assert_eq!(authority.signatures().len(), 1, "{case}");
        std::fs::remove_file(rig.path("out.crt")).expect("it was written");
    });
}

#[test]
fn a_wrong_answer_about_the_key_signs_nothing() {
    try_all(&public_keys(), "BADPUBLIC", |authority, (bad, asked)| {
        let case = bad.fault.to_string();
        strike(authority, "GetPublicKey", &bad.fault);
        assert_bad(authority.create("out.crt", &[]), bad);
        let operations: Vec<_> = authority
            .rig
            .kms_requests()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(operations, vec!["GetPublicKey"; *asked], "{case}");
        assert!(!authority.rig.path("out.crt").exists(), "{case}");
        authority.rig.kms_faults(&json!([]));
    });
}

#[test]
fn a_public_key_that_is_not_the_one_that_signs_makes_no_ca() {
    let authority = KmsAuthority::with_key("ECC_NIST_P256", "AKIASWAPPED");
    let rig = &authority.rig;
    let other = make_kms_key("ECC_NIST_P256", "SIGN_VERIFY");
    let told = kms("GetPublicKey", &json!({ "KeyId": other }));
    strike(
        &authority,
        "GetPublicKey",
        &json!({ "kind": "replace", "field": "PublicKey", "value": told["PublicKey"] }),
    );
    let message = authority.create("ca.crt", &[]).refused(1, "token-signature");
    assert!(message.contains("nothing was written"), "{message}");
    rig.json(&["key", "verify", &authority.name])
        .refused(3, "proof-failed");
    assert!(!rig.path("ca.crt").exists());
}

#[test]
fn a_query_about_the_key_is_repeated_but_a_signature_is_not() {
    let authority = KmsAuthority::new("ECC_NIST_P256", "AKIATWICE");
    let fault = json!({ "operation": "GetPublicKey", "kind": "ThrottlingException", "times": 2 });
    authority.rig.kms_faults(&json!([fault]));
    authority.sign("out.crt", &[]).ok();
    let operations: Vec<_> = authority
        .rig
        .kms_requests()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        operations,
        ["GetPublicKey", "GetPublicKey", "GetPublicKey", "Sign"]
    );
}

#[test]
fn a_signature_without_an_answer_is_reported_as_possible() {
    let authority = KmsAuthority::new("ECC_NIST_P256", "AKIASIGNHANGS");
    strike(&authority, "Sign", &json!({ "kind": "hang", "seconds": 70 }));
    let start = Instant::now();
    let message = authority.sign("out.crt", &[]).refused(4, "maybe-signed");
    let took = start.elapsed();
    assert!(
        message.contains("timeout") && message.contains(UNCERTAIN),
        "{message}"
    );
    assert!(took < Duration::from_secs(65), "{took:?}");
    assert_eq!(authority.signatures().len(), 1);
    assert!(!authority.rig.path("out.crt").exists());
}

#[test]
fn of_several_certificates_those_before_a_lost_answer_stay() {
    let authority = KmsAuthority::new("ECC_NIST_P256", "AKIASEVERAL");
    let rig = &authority.rig;
    for name in ["a.csr", "b.csr", "c.csr"] {
        rig.write(name, rig.read("request.csr"));
    }
    rig.kms_faults(&json!([{ "operation": "Sign", "kind": "lost", "skip": 1, "times": 1 }]));
    let sign = [
        "csr",
        "sign",
        "a.csr",
        "b.csr",
        "c.csr",
        "--again",
        "--ca",
        "customerCA.crt",
    ];
    let more = [
        "--key",
        authority.name.as_str(),
        "--out-dir",
        ".",
        "--profile",
        "cloudhsm-cluster",
    ];
    let mut run = rig.json(&[&sign[..], &more].concat());
    // Delivered certificates were reported at once.
    let told = std::mem::take(&mut run.stdout);
    assert_eq!(told.matches("\"result\":\"issued\"").count(), 1, "{told}");
    let message = run.refused(4, "maybe-signed");
    assert!(
        message.contains("a.crt") && message.contains(UNCERTAIN),
        "{message}"
    );
    assert_eq!(authority.signatures().len(), 2);
    let there = ["a.crt", "b.crt", "c.crt"].map(|name| rig.path(name).exists());
    assert_eq!(there, [true, false, false]);

    // The possible certificate can be revoked with the ledger's serial number.
    let listed = rig.json(&["ledger", "list"]).ok().json();
    let entries = listed["entries"].as_array().expect("entries");
    let lost = entries.iter().find(|entry| entry.to_string().contains(UNCERTAIN));
    let serial = lost.expect("an entry")["serial_number"]
        .as_str()
        .expect("a number");
    let revoke = ["cert", "revoke", serial, "--ca", "customerCA.crt"];
    rig.json(&[&revoke[..], &["--reason", "superseded"]].concat())
        .ok();
    let create = ["crl", "create", "--ca", "customerCA.crt", "--out", "ca.crl"];
    rig.json(&[&create[..], &["--key", authority.name.as_str()]].concat())
        .ok();
    let crl = openssl(rig, &["crl", "-in", "ca.crl", "-noout", "-text"]);
    assert!(crl.contains(&serial.to_uppercase()), "{crl}");
    rig.json(&["ledger", "verify"]).ok();
}
