//! From `cert revoke` through the ledger to the verdicts of openssl and GnuTLS.

use serde_json::{Value, json};

use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::{make_request, openssl};

const CA: [&str; 2] = ["--ca", "customerCA.crt"];

/// A certificate of the rig's CA in `{name}.crt`.
fn issue(rig: &Rig, name: &str, profile: &str) -> Value {
    let (request, out) = (format!("{name}.csr"), format!("{name}.crt"));
    let subject = format!("/CN={name}");
    make_request(
        rig,
        &request,
        &["-newkey", "rsa:2048"],
        &["-sha256", "-subj", &subject],
    );
    let sign = ["csr", "sign", &request, "--out", &out, "--profile", profile];
    rig.json(&[&sign[..], &CA].concat()).ok().json()["certificates"][0].clone()
}

fn revoke(rig: &Rig, which: &str, reason: &str, more: &[&str]) -> Run {
    let arguments = ["cert", "revoke", which, "--reason", reason];
    rig.json(&[&arguments[..], &CA, more].concat())
}

#[track_caller]
fn crl(rig: &Rig, out: &str, more: &[&str]) -> Value {
    rig.json(&[&["crl", "create", "--out", out][..], &CA, more].concat())
        .ok()
        .json()
}

/// Whether openssl and GnuTLS accept a certificate with that CRL. They must agree.
#[track_caller]
fn is_taken(rig: &Rig, certificate: &str, crl: &str) -> bool {
    let verify = [
        "verify",
        "-crl_check",
        "-x509_strict",
        "-CAfile",
        "customerCA.crt",
    ];
    let theirs = rig.tool(
        "openssl",
        &[&verify[..], &["-CRLfile", crl, certificate]].concat(),
    );
    let verify = ["--verify", "--load-ca-certificate", "customerCA.crt"];
    let gnutls = rig.tool(
        "certtool",
        &[&verify[..], &["--load-crl", crl, "--infile", certificate]].concat(),
    );
    assert_eq!(
        theirs.code == Some(0),
        gnutls.code == Some(0),
        "{theirs:#?} {gnutls:#?}"
    );
    theirs.code == Some(0)
}

#[test]
fn revoked_certificates_are_on_the_next_crl_and_released_ones_are_not() {
    let rig = ready_authority();
    for name in ["good", "bad", "held"] {
        issue(&rig, name, "tls-client");
    }
    let first = crl(&rig, "first.crl", &["--freshest", "http://crl.example/delta.crl"]);
    assert_eq!((&first["number"], &first["entries"]), (&json!("1"), &json!(0)));
    let done = revoke(
        &rig,
        "bad.crt",
        "keyCompromise",
        &["--invalid-since", "2026-11-01"],
    );
    let done = done.ok().json();
    assert_eq!(done["revocation"]["reason"], "keyCompromise");
    assert_eq!(done["revocation"]["invalid_since"], "2026-11-01T00:00:00Z");
    let held = issue(&rig, "other", "tls-client");
    let serial = held["serial_number"].as_str().expect("a number");
    revoke(&rig, serial, "certificateHold", &[]).ok();
    revoke(&rig, "held.crt", "certificateHold", &[]).ok();
    crl(&rig, "second.crl", &[]);
    let taken =
        |crl: &str| ["good", "bad", "held", "other"].map(|name| is_taken(&rig, &format!("{name}.crt"), crl));
    assert_eq!(taken("first.crl"), [true; 4]);
    assert_eq!(taken("second.crl"), [true, false, false, false]);
    // A hold ends, or becomes a revocation.
    revoke(&rig, "held.crt", "removeFromCRL", &[]).ok();
    revoke(&rig, serial, "superseded", &[]).ok();
    let third = crl(&rig, "third.crl", &[]);
    assert_eq!(taken("third.crl"), [true, false, true, false]);
    assert_eq!(third["reasons"], json!({ "keyCompromise": 1, "superseded": 1 }));
    // Based on the first CRL: two entries are new, and the hold that the second CRL had is removed (RFC 5280 section 5.2.4).
    let delta = crl(&rig, "delta.crl", &["--base", "first.crl"]);
    let reasons = json!({ "keyCompromise": 1, "removeFromCRL": 1, "superseded": 1 });
    assert_eq!(delta["reasons"], reasons);
    // Based on the second CRL: the released one is removed.
    let delta = crl(&rig, "delta2.crl", &["--base", "second.crl"]);
    assert_eq!(delta["reasons"], json!({ "removeFromCRL": 1, "superseded": 1 }));
    assert_eq!(delta["number"], "5");
    rig.write(
        "both.crl",
        [rig.read("first.crl"), rig.read("delta.crl")].concat(),
    );
    let verify = [
        "verify",
        "-crl_check",
        "-use_deltas",
        "-extended_crl",
        "-CAfile",
        "customerCA.crt",
    ];
    for (name, code) in [
        ("good", Some(0)),
        ("bad", Some(2)),
        ("held", Some(0)),
        ("other", Some(2)),
    ] {
        let file = format!("{name}.crt");
        let run = rig.tool(
            "openssl",
            &[&verify[..], &["-CRLfile", "both.crl", &file]].concat(),
        );
        assert_eq!(run.code, code, "{name}: {run:#?}");
    }
    assert_eq!(rig.json(&["ledger", "verify"]).ok().json()["verified"], true);
}

/// A root in `customerCA.crt` and a CA below it in `sub.crt`, both with keys on the token.
fn two_authorities() -> Rig {
    let rig = Rig::new();
    for label in ["root", "sub"] {
        rig.json(&["key", "generate", "--label", label, "--type", "ec:p256"])
            .ok();
    }
    let root = [
        "ca",
        "create",
        "--key",
        "root",
        "--subject",
        "CN=Root",
        "--profile",
        "root",
    ];
    rig.json(&[&root[..], &["--out", "customerCA.crt"]].concat()).ok();
    rig.json(&[
        "csr",
        "create",
        "--key",
        "sub",
        "--subject",
        "CN=Sub",
        "--out",
        "sub.csr",
    ])
    .ok();
    let sign = [
        "csr",
        "sign",
        "sub.csr",
        "--profile",
        "intermediate",
        "--out",
        "sub.crt",
    ];
    rig.json(&[&sign[..], &CA].concat()).ok();
    rig
}

#[test]
fn each_kind_of_certificate_has_its_crl() {
    let rig = two_authorities();
    issue(&rig, "user", "tls-client");
    revoke(&rig, "user.crt", "superseded", &[]).ok();
    let count = |out: &str, only: &str| crl(&rig, out, &["--only", only])["entries"].clone();
    assert_eq!(
        (count("u.crl", "user"), count("c.crl", "ca")),
        (json!(1), json!(0))
    );
    revoke(&rig, "sub.crt", "cessationOfOperation", &[]).ok();
    assert_eq!(
        (count("u2.crl", "user"), count("c2.crl", "ca")),
        (json!(1), json!(1))
    );
}

#[test]
fn a_revoked_ca_issues_no_more_certificates() {
    let rig = two_authorities();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    let under_sub = |out: &str| {
        let sign = [
            "csr",
            "sign",
            "a.csr",
            "--ca",
            "sub.crt",
            "--profile",
            "tls-client",
        ];
        rig.json(&[&sign[..], &["--out", out]].concat())
    };
    under_sub("before.crt").ok();
    revoke(&rig, "sub.crt", "certificateHold", &[]).ok();
    let message = under_sub("after.crt").refused(3, "rule");
    assert!(message.contains("issuer-status"), "{message}");
    assert!(!rig.path("after.crt").exists());
    revoke(&rig, "sub.crt", "removeFromCRL", &[]).ok();
    under_sub("again.crt").ok();
}

/// If the user of an index forgot it once, all its revoked certificates would become good.
#[test]
fn a_crl_must_have_the_entries_of_the_previous_one() {
    let rig = ready_authority();
    let line =
        |serial: &str, why: &str| format!("R\t350101000000Z\t260101000000Z{why}\t{serial}\tunknown\t/CN=x\n");
    rig.write("index.txt", line("1001", ",keyCompromise") + &line("1002", ""));
    crl(&rig, "moved.crl", &["--revoked", "index.txt", "--number", "4097"]);
    let forgetful = ["crl", "create", "--out", "next.crl"];
    let message = rig.json(&[&forgetful[..], &CA].concat()).refused(3, "rule");
    assert!(
        message.contains("crl-entries") && message.contains("4097"),
        "{message}"
    );
    crl(&rig, "next.crl", &["--revoked", "index.txt"]);
}

#[test]
fn a_revocation_does_not_create_a_ledger() {
    let rig = ready_authority();
    issue(&rig, "a", "tls-client");
    let rig = rig.with("HSM_CA_LEDGER", "sqlite:elsewhere.db");
    revoke(&rig, "a.crt", "superseded", &[]).refused(4, "no-ledger");
    assert!(!rig.path("elsewhere.db").exists());
}

#[test]
fn a_certificate_from_before_the_ledger_can_be_revoked_by_its_file() {
    let rig = ready_authority();
    let before = issue(&rig, "old", "tls-client");
    let serial = before["serial_number"].as_str().expect("a number");
    let rig = rig.with("HSM_CA_LEDGER", "sqlite:new.db");
    rig.adopt_with_key();
    crl(&rig, "first.crl", &[]);
    revoke(&rig, serial, "superseded", &[]).refused(4, "unknown-certificate");
    revoke(&rig, "old.crt", "certificateHold", &[]).ok();
    revoke(&rig, "old.crt", "removeFromCRL", &[]).ok();
    revoke(&rig, serial, "superseded", &[]).ok();
    let shown = rig.json(&["ledger", "show", serial]).ok().json();
    assert_eq!(shown["entries"][0]["state"], "adopted");
    let made = crl(&rig, "ca.crl", &["--number", "4097"]);
    assert_eq!((&made["number"], &made["entries"]), (&json!("4097"), &json!(1)));
    assert!(!is_taken(&rig, "old.crt", "ca.crl"));
    // The numbers continue from there.
    assert_eq!(crl(&rig, "next.crl", &[])["number"], "4098");
}

#[test]
fn invalid_revocations_are_refused_and_change_nothing() {
    let rig = ready_authority();
    issue(&rig, "a", "tls-client");
    revoke(&rig, "a.crt", "superseded", &[]).ok();
    let head = || rig.json(&["ledger", "verify"]).ok().json()["head"].clone();
    let before = head();
    revoke(&rig, "a.crt", "superseded", &[]).refused(3, "already-revoked");
    revoke(&rig, "a.crt", "removeFromCRL", &[]).refused(3, "not-on-hold");
    let future = ["--invalid-since", "2999-01-01"];
    revoke(&rig, "a.crt", "keyCompromise", &future).refused(3, "rule");
    revoke(&rig, "00ff", "superseded", &[]).refused(4, "unknown-certificate");
    revoke(&rig, "customerCA.crt", "superseded", &[]).refused(3, "rule");
    revoke(&rig, "nowhere.crt", "superseded", &[]).refused(2, "unreadable-file");
    revoke(&rig, "a.csr", "superseded", &[]).refused(3, "malformed");
    openssl(
        &rig,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "o.key",
            "-subj",
            "/CN=Other",
            "-out",
            "o.crt",
        ],
    );
    revoke(&rig, "o.crt", "superseded", &[]).refused(3, "rule");
    openssl(
        &rig,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "o.key",
            "-subj",
            "/C=US/O=Test/CN=Test CA",
            "-out",
            "forged.crt",
        ],
    );
    revoke(&rig, "forged.crt", "superseded", &[]).refused(3, "bad-signature");
    let of_a_leaf = [
        "cert",
        "revoke",
        "a.crt",
        "--ca",
        "a.crt",
        "--reason",
        "superseded",
    ];
    rig.json(&of_a_leaf).refused(3, "not-a-ca");
    assert_eq!(head(), before);
    let unknown = rig.command(&[
        "cert",
        "revoke",
        "a.crt",
        "--ca",
        "customerCA.crt",
        "--reason",
        "bored",
    ]);
    assert_eq!(unknown.code, Some(2), "{unknown:#?}");
}

/// With openssl's index, a warning reports the ledger's additional revocations.
#[test]
fn a_crl_from_an_index_reports_what_it_leaves_out() {
    let rig = ready_authority();
    issue(&rig, "a", "tls-client");
    revoke(&rig, "a.crt", "superseded", &[]).ok();
    rig.write("index.txt", "");
    let arguments = ["crl", "create", "--revoked", "index.txt", "--out", "a.crl"];
    let made = rig.json(&[&arguments[..], &CA].concat()).ok().json();
    let warning = made["warnings"][0].as_str().expect("a warning");
    assert!(warning.ends_with("not on this CRL: 1"), "{made}");
    let passed = ["crl", "create", "--number", "1", "--out", "b.crl"];
    rig.json(&[&passed[..], &CA].concat()).refused(3, "crl-number");
    // One that was skipped is refused as well.
    let skip = ["crl", "create", "--number", "9", "--out", "c.crl"];
    rig.json(&[&skip[..], &CA].concat()).ok();
    let passed = ["crl", "create", "--number", "5", "--out", "b.crl"];
    let message = rig.json(&[&passed[..], &CA].concat()).refused(3, "rule");
    assert!(
        message.contains("crl-number")
            && message.contains("5 was requested, but the last CRL of this CA has 9"),
        "{message}"
    );
    // A used number is refused for the same reason, and not as a race with another process.
    let run = rig.command(&[&passed[..2], &["--number", "1", "--out", "b.crl"], &CA].concat());
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stderr.contains("the last CRL of this CA has 9"), "{run:?}");
    assert!(!run.stderr.contains("process"), "{run:?}");
    // The refused commands used no number.
    let next = ["crl", "create", "--out", "d.crl"];
    let next = rig.json(&[&next[..], &CA].concat()).ok().json();
    assert_eq!(next["number"], "10", "{next}");
}
