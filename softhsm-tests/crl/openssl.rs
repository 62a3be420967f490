//! `openssl ca` and this program read the same index, and openssl uses the resulting CRL.

use serde_json::Value;

use super::create::{
    URL, assert_read_alike, create, index_of_everything, issue, openssl_ca, revoked, valid, verify,
};
use crate::harness::ready_authority;
use crate::oracle::{make_request, openssl};

#[test]
fn openssl_accepts_a_certificate_until_it_is_on_the_crl() {
    let rig = ready_authority();
    let [good, bad, held] = ["good", "bad", "held"].map(|name| issue(&rig, name));
    let now = "261120000000Z";
    let hold = format!("{now},certificateHold");
    rig.write(
        "index.txt",
        [valid(&good), valid(&bad), revoked(&held, &hold)].concat(),
    );
    create(&rig, "1", "base.crl", &["--freshest", URL]);
    assert!(verify(&rig, "good.crt", "base.crl", &[]).0);
    assert!(verify(&rig, "bad.crt", "base.crl", &[]).0);
    let (accepted, why) = verify(&rig, "held.crt", "base.crl", &[]);
    assert!(!accepted && why.contains("certificate revoked"), "{why}");

    // `bad` is revoked and `held` released: both in the next full CRL and in the delta based on the first.
    let compromised = format!("{now},keyTime,20261101000000Z");
    rig.write(
        "index.txt",
        [valid(&good), revoked(&bad, &compromised), valid(&held)].concat(),
    );
    let full = create(&rig, "2", "full.crl", &[]);
    assert_eq!(full["reasons"], serde_json::json!({ "keyCompromise": 1 }));
    let delta = create(&rig, "3", "delta.crl", &["--base", "base.crl"]);
    assert_eq!(
        delta["reasons"],
        serde_json::json!({ "keyCompromise": 1, "removeFromCRL": 1 })
    );
    let both = [rig.read("base.crl"), rig.read("delta.crl")].concat();
    rig.write("both.crl", both);
    for (crls, more) in [
        ("full.crl", &[][..]),
        ("both.crl", &["-use_deltas", "-extended_crl"]),
    ] {
        assert!(verify(&rig, "good.crt", crls, more).0, "{crls}");
        assert!(verify(&rig, "held.crt", crls, more).0, "{crls}");
        let (accepted, why) = verify(&rig, "bad.crt", crls, more);
        assert!(!accepted && why.contains("certificate revoked"), "{crls}: {why}");
    }
    // GnuTLS supports only full CRLs.
    for (name, code) in [("good", Some(0)), ("bad", Some(1))] {
        let file = format!("{name}.crt");
        let arguments = [
            "--verify",
            "--load-ca-certificate",
            "customerCA.crt",
            "--load-crl",
            "full.crl",
        ];
        let run = rig.tool("certtool", &[&arguments[..], &["--infile", &file]].concat());
        assert_eq!(run.code, code, "{run:#?}");
    }
    let shown = rig
        .json(&["crl", "show", "full.crl", "--serial", &bad])
        .ok()
        .json();
    assert_eq!(shown["entry"]["reason"], "keyCompromise");
    let shown = rig
        .json(&["crl", "show", "full.crl", "--serial", &good])
        .ok()
        .json();
    assert_eq!(shown["entry"], Value::Null);
}

#[test]
fn openssl_ca_makes_the_same_entries_from_the_same_index() {
    let rig = ready_authority();
    rig.write("index.txt", index_of_everything());
    create(&rig, "1", "ours.crl", &[]);
    openssl_ca(&rig);
    let theirs = ["-gencrl", "-crldays", "7", "-out", "theirs.crl"];
    openssl(&rig, &[&["ca", "-config", "ca.conf"], &theirs[..]].concat());
    let sorted = |crl: &str| {
        let mut list = assert_read_alike(&rig, crl);
        list.sort_by_key(|entry| entry["serial_number"].to_string());
        list
    };
    assert_eq!(sorted("ours.crl"), sorted("theirs.crl"));
    // Another CA's CRL is shown, but not accepted as this CA's.
    let refused = rig.json(&["crl", "show", "theirs.crl", "--ca", "customerCA.crt"]);
    assert_eq!(refused.code, Some(3));
    assert_eq!(refused.json()["verified"], false);
    // A CA that moves to a token: its last CRL is the base of the first delta.
    let base = [
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--revoked",
        "index.txt",
        "--number",
        "2",
    ];
    let run = rig.json(&[&base[..], &["--base", "theirs.crl", "--out", "d.crl"]].concat());
    run.refused(3, "rule");
}

/// `openssl ca -gencrl` and this program accept and refuse the same indexes.
#[test]
fn an_index_is_read_as_openssl_reads_it() {
    let rig = ready_authority();
    let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout o.key -subj /CN=o -days 9 -out o.crt";
    openssl(&rig, &make.split(' ').collect::<Vec<_>>());
    let settings = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=n\ncertificate=o.crt\nprivate_key=o.key\n\
        default_md=sha256\ndefault_crl_days=7\n";
    rig.write("o.cnf", settings);
    let good = "R\t350101000000Z\t261120000000Z\t0A\tunknown\t/CN=a\n";
    // The index, whether it is accepted, and the time on our CRL if its form differs from openssl's, which copies it.
    for (number, (index, is_read, time)) in [
        (good.to_owned(), true, None),
        (good.replace("/CN=a", ""), true, None),
        (good.replace("/CN=a", "/CN=a\t"), true, None),
        (good.replace("/CN=a", "/CN=a\\\tb"), true, None),
        (good.replace("\t/CN=a", ""), false, None),
        (good.replace("/CN=a", "/CN=a\tmore"), false, None),
        (good.replace("350101000000Z", "500101000000Z"), true, None),
        (
            good.replace("261120000000Z", "2611200000Z"),
            true,
            Some("2026-11-20T00:00:00Z"),
        ),
        (good.replace("261120000000Z", "19491231235959Z"), false, None),
        (
            good.replace("261120000000Z", "500101000000Z"),
            true,
            Some("1970-01-01T00:00:00Z"),
        ),
        (
            good.replace("261120000000Z", "691231235959Z"),
            true,
            Some("1970-01-01T00:00:00Z"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        rig.write("index.txt", &index);
        rig.write("n", "01\n");
        let theirs = rig.tool(
            "openssl",
            &[
                "ca",
                "-batch",
                "-config",
                "o.cnf",
                "-gencrl",
                "-out",
                "theirs.crl",
            ],
        );
        let number = (number + 1).to_string();
        let create = [
            "crl",
            "create",
            "--ca",
            "customerCA.crt",
            "--revoked",
            "index.txt",
            "--number",
            &number,
            "--force",
        ];
        let ours = rig.json(&[&create[..], &["--out", "ours.crl"]].concat());
        assert_eq!(
            (theirs.code == Some(0), ours.code == Some(0)),
            (is_read, is_read),
            "{index:?} {ours:#?}"
        );
        let entries = |crl: &str| {
            let mut shown = rig.json(&["crl", "show", crl, "--entries"]).ok().json();
            shown["revoked"].take()
        };
        match time {
            Some(time) => assert_eq!(entries("ours.crl")[0]["revoked_at"], time, "{index:?}"),
            None if is_read => assert_eq!(entries("ours.crl"), entries("theirs.crl"), "{index:?}"),
            None => {}
        }
    }
}

/// RFC 5280 section 5.2.4: a client may have the delta CRL in between.
#[test]
fn a_hold_that_began_and_ended_after_the_base_is_removed_by_the_next_delta() {
    let rig = ready_authority();
    make_request(&rig, "held.csr", &["-newkey", "rsa:2048"], &[]);
    let sign = [
        "csr",
        "sign",
        "held.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "held.crt",
    ];
    rig.json(&[&sign[..], &["--profile", "tls-client"]].concat()).ok();
    let make = |out: &str, more: &[&str]| {
        let create = ["crl", "create", "--ca", "customerCA.crt", "--out", out];
        rig.json(&[&create[..], more].concat()).ok().json()["reasons"].clone()
    };
    let revoke = |reason: &str| {
        let revoke = [
            "cert",
            "revoke",
            "held.crt",
            "--ca",
            "customerCA.crt",
            "--reason",
            reason,
        ];
        rig.json(&revoke).ok();
    };
    let says = |delta: &str| {
        rig.write("both.crl", [rig.read("base.crl"), rig.read(delta)].concat());
        verify(&rig, "held.crt", "both.crl", &["-use_deltas", "-extended_crl"])
    };
    make("base.crl", &["--freshest", URL]);
    revoke("certificateHold");
    let held = make("held.crl", &["--base", "base.crl"]);
    assert_eq!(held, serde_json::json!({ "certificateHold": 1 }));
    let (accepted, why) = says("held.crl");
    assert!(!accepted && why.contains("certificate revoked"), "{why}");
    revoke("removeFromCRL");
    let ended = make("ended.crl", &["--base", "base.crl"]);
    assert_eq!(ended, serde_json::json!({ "removeFromCRL": 1 }));
    assert!(says("ended.crl").0);
    // Held again, and for a base that is newer than the hold's end.
    make("full.crl", &["--freshest", URL]);
    assert_eq!(make("none.crl", &["--base", "full.crl"]), serde_json::json!({}));
    revoke("superseded");
    let revoked = make("revoked.crl", &["--base", "base.crl"]);
    assert_eq!(revoked, serde_json::json!({ "superseded": 1 }));
}
