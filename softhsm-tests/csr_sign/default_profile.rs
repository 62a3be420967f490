//! `csr sign` without `--profile`: only the subject of an HSM's request implies a profile.

use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::{CLUSTER_SUBJECT, make_cluster_request, openssl};

const PARTITION: &str = "HSM:0123456789ABCDEF0123456789ABCD:PARTN:13, for FIPS mode";

fn request(rig: &Rig, name: &str, subject: &str) {
    let make = [
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    let files = ["-nodes", "-keyout", "k", "-utf8", "-subj", subject, "-out", name];
    openssl(rig, &[&make[..], &files].concat());
}

/// Signs behind the module that keeps a log.
fn sign(rig: &Rig, requests: &[&str], more: &[&str]) -> Run {
    let sign = ["--format", "json", "csr", "sign", "--ca", "customerCA.crt"];
    rig.command_with_rule(&[&sign[..], &["--out-dir", "out"], requests, more].concat(), &[])
}

fn desk() -> Rig {
    let rig = ready_authority();
    std::fs::create_dir(rig.path("out")).expect("a directory");
    rig
}

/// Expects a usage error before the module is loaded, with nothing written. Returns the message.
#[track_caller]
fn refuses(rig: &Rig, requests: &[&str]) -> String {
    let message = sign(rig, requests, &[]).refused(2, "no-profile");
    assert!(!rig.path("calls.log").exists(), "the token was asked");
    assert_eq!(std::fs::read_dir(rig.path("out")).expect("it").count(), 0);
    message
}

#[test]
fn the_request_of_an_hsm_becomes_a_cluster_certificate() {
    let rig = desk();
    make_cluster_request(&rig, "first.csr");
    let second = CLUSTER_SUBJECT.replace("0123456789ABCDEF0123456789ABCD", "RCN2109B00110");
    request(&rig, "second.csr", &second.replace("N3FIPS", "LS2"));
    sign(&rig, &["first.csr", "second.csr"], &[]).ok();
    let list = rig.json(&["ledger", "list"]).ok().json();
    let profiles: Vec<_> = list["entries"].as_array().expect("entries").iter().collect();
    let of_requests = profiles
        .iter()
        .filter(|entry| entry["profile"] == "cloudhsm-cluster");
    assert_eq!(of_requests.count(), 2, "{list:#}");
}

#[test]
fn any_other_request_needs_a_profile_and_the_refusal_lists_them() {
    let rig = desk();
    request(&rig, "web.csr", "/O=Example/CN=www.example.com");
    let message = refuses(&rig, &["web.csr"]);
    assert!(message.starts_with("web.csr: "), "{message}");
    // The names are those of the table in the documentation.
    let document = include_str!("../../docs/profiles.md");
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let names: Vec<_> = rows
        .filter(|row| row.contains("| leaf |") || row.contains("| intermediate |"))
        .filter_map(|row| row.split('`').nth(1))
        .collect();
    assert_eq!(names.len(), 7);
    for name in names {
        assert!(message.contains(&format!(" {name},")), "{name}: {message}");
    }
    assert!(
        !message.contains("root") && !message.contains("cloudhsm-ca"),
        "{message}"
    );
    // As text: one line and a hint.
    let text = rig.command(&[
        "csr",
        "sign",
        "web.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "web.crt",
    ]);
    assert_eq!((text.code, text.stderr.lines().count()), (Some(2), 2), "{text:?}");
    sign(&rig, &["web.csr"], &["--profile", "tls-client"]).ok();
}

#[test]
fn a_subject_that_only_looks_like_an_hsm_s_needs_a_profile() {
    let rig = desk();
    for (subject, why) in [
        (format!("/CN={PARTITION}"), "no maker"),
        (
            format!("/C=US/ST=CA/O=Cavium/OU=N3FIPS/L=SanJose/CN={PARTITION}"),
            "as AWS's page prints it",
        ),
        (
            format!("/CN={PARTITION}/C=US+ST=CA+O=Cavium"),
            "the wrong way round",
        ),
        (
            format!("/C=US+ST=CA+O=Cavium/O={PARTITION}/CN=www.example.com"),
            "in another attribute",
        ),
        (
            format!("/C=US+ST=CA+O=Cavium/CN={PARTITION}/CN=www.example.com"),
            "another name below it",
        ),
        (
            format!("/C=US+ST=CA+O=Cavium/CN={PARTITION}+OU=x"),
            "an attribute beside it",
        ),
        (format!("/C=US+ST=CA+CN={PARTITION}/CN={PARTITION}"), "twice"),
        (
            "/C=US+ST=CA+O=Cavium\\,CN=HSM:0123:PARTN:13/CN=x".to_owned(),
            "in the text of a value",
        ),
        (
            "/C=US+ST=CA+O=Cavium/CN=HSM:0123, for FIPS mode".to_owned(),
            "the card, not a partition",
        ),
        (
            "/C=US+ST=CA+O=Cavium/CN=HSM:0123:PARTN:13.example.com".to_owned(),
            "a host name",
        ),
        (
            "/C=US+ST=CA+O=Cavium/CN=HSM:0123:PARTN:13, for FIPS mode ".to_owned(),
            "a space after it",
        ),
        (
            "/C=US+ST=CA+O=Cavium/CN=НSM:0123:PARTN:13".to_owned(),
            "a Cyrillic letter",
        ),
    ] {
        request(&rig, "like.csr", &subject);
        let message = refuses(&rig, &["like.csr"]);
        assert!(message.contains("--profile is required"), "{why}: {message}");
    }
}

#[test]
fn in_a_batch_every_request_must_be_an_hsm_s() {
    let rig = desk();
    make_cluster_request(&rig, "a.csr");
    request(&rig, "b.csr", "/CN=www.example.com");
    for batch in [["a.csr", "b.csr"], ["b.csr", "a.csr"]] {
        let message = refuses(&rig, &batch);
        assert!(message.starts_with("b.csr: "), "{message}");
    }
}

#[test]
fn an_unverified_hsm_is_reported_before_the_pin_is_asked_for() {
    let rig = desk();
    make_cluster_request(&rig, "a.csr");
    let sign = ["--no-input", "--pin-source", "prompt", "csr", "sign", "a.csr"];
    let run = rig.command(&[&sign[..], &["--ca", "customerCA.crt", "--out", "a.crt"]].concat());
    let place = |text: &str| run.stderr.find(text);
    let (warning, pin) = (place("identity is not checked"), place("needs to ask for"));
    assert!(warning.is_some() && pin.is_some() && warning < pin, "{run:?}");
}
