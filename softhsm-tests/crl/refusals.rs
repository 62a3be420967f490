//! Refused input for `crl create` and `crl show`.

use std::fs;

use super::create::{create, index_of_everything, revoked};
use crate::harness::{PROGRAM, Run, in_mount_namespace, ready_authority};

#[test]
fn faults_of_the_input_are_reported_before_the_token_is_asked() {
    let rig = ready_authority();
    let refused = |index: &str, more: &[&str], code: i32, kind: &str| {
        rig.write("index.txt", index);
        let fixed = [
            "crl",
            "create",
            "--ca",
            "customerCA.crt",
            "--revoked",
            "index.txt",
            "--out",
            "x.crl",
        ];
        let arguments = [&["--pin-source", "env:NOT_SET"], &fixed[..], more].concat();
        let message = rig.json(&arguments).refused(code, kind);
        assert!(!rig.path("x.crl").exists());
        message
    };
    let number = ["--number", "1"];
    let line = revoked("01", "260101000000Z");
    let twice = line.repeat(2);
    assert!(refused("nonsense\n", &number, 3, "index").contains("line 1"));
    assert!(refused(&twice, &number, 3, "index").contains("twice"));
    let future = revoked("01", "490101000000Z");
    assert!(refused(&future, &number, 3, "rule").contains("revocation-date"));
    let url = ["--number", "1", "--distribution-point", "https://crl.example/"];
    assert!(refused(&line, &url, 3, "rule").contains("distribution-point"));
    let long = ["--number", "1", "--days", "9999"];
    assert!(refused(&line, &long, 3, "rule").contains("update-nesting"));
    rig.write("x.crl.there", "mine");
    let run = rig.json(&[
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--revoked",
        "index.txt",
        "--number",
        "1",
        "--out",
        "x.crl.there",
    ]);
    run.refused(2, "output-exists");
    assert_eq!(rig.read("x.crl.there"), b"mine");
}

/// One line that says what to request instead, before the PIN prompt.
#[test]
fn a_used_number_or_a_lower_one_is_refused_in_one_line() {
    let rig = ready_authority();
    let make = |more: &[&str]| {
        let make = ["crl", "create", "--ca", "customerCA.crt"];
        rig.command(&[&make[..], more].concat())
    };
    make(&["--number", "5", "--out", "five.crl"]).ok();
    let without_pin = ["--pin-source", "env:NOT_SET", "--out", "x.crl", "--number"];
    for (number, wanted) in [
        ("4", "4 was requested, but the last CRL of this CA has 5"),
        ("0", "request 6 or more, or no number"),
        (
            "5",
            "CRL number 5: a CRL of the same kind, complete or delta, already has it",
        ),
        ("0x5", "request a higher number, or none"),
    ] {
        let run = make(&[&without_pin[..], &[number]].concat());
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(
            run.stderr.contains(wanted) && run.stderr.lines().count() == 1,
            "{run:?}"
        );
        assert!(!rig.path("x.crl").exists());
    }
    // A delta CRL may share the number of a complete CRL of the same time. This one comes later.
    let delta = ["--base", "five.crl", "--number", "5", "--out", "x.crl"];
    assert_eq!(make(&delta).code, Some(3));
    let next = make(&["--format", "json", "--out", "six.crl"]).ok().json();
    assert_eq!(next["number"], "6", "{next}");
}

#[test]
fn a_broken_crl_is_refused_with_the_reason() {
    let rig = ready_authority();
    rig.write("index.txt", index_of_everything());
    create(&rig, "1", "a.crl", &["--der"]);
    let der = rig.read("a.crl");
    let show = |content: &[u8]| {
        rig.write("b.crl", content);
        rig.json(&["crl", "show", "b.crl", "--ca", "customerCA.crt"])
    };
    let cut = show(&der[..der.len() - 1]).refused(3, "malformed");
    assert!(cut.contains("CRL"), "{cut}");
    show(&[&der[..], b"\0"].concat()).refused(3, "trailing-bytes");
    show(b"").refused(3, "empty");
    show(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n").refused(3, "malformed");
    let mut bent = der.clone();
    *bent.last_mut().expect("bytes") ^= 1;
    let run = show(&bent);
    assert_eq!(run.code, Some(3));
    assert!(
        run.json()["problem"].as_str().expect("why").contains("signature"),
        "{run:#?}"
    );
}

#[test]
fn a_full_disk_costs_no_signature() {
    let rig = ready_authority();
    // Two million bytes of entries on a disk of one million.
    let many: String = (0..40_000)
        .map(|number| revoked(&format!("70{number:038}"), "260101000000Z,keyCompromise"))
        .collect();
    rig.write("index.txt", many);
    fs::create_dir(rig.path("small")).expect("a directory");
    // In a separate mount namespace, without a PIN: no session is opened.
    let script = "mount -t tmpfs -o size=1m none small\n\
        \"$0\" --format json --pin-source env:NOT_SET crl create --ca customerCA.crt --revoked index.txt --number 1 \
        --out small/x.crl; code=$?\n\
        ls -A small > listing; exit $code";
    let mut command = in_mount_namespace(script);
    command
        .arg(PROGRAM)
        .current_dir(rig.path(""))
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("HSM_CA_CONFIG", rig.path("rig/hsm-ca.toml"));
    Run::of(&mut command).refused(1, "disk-full");
    assert_eq!(rig.read("listing"), b"");
}
