//! `cert verify --crl`, `--host` and `--purpose`, and revocations in the ledger: our verdict compared with openssl's.

use serde_json::Value;

use crate::harness::{Rig, python_tool, ready_authority};
use crate::oracle::make_request;

/// Certificates and CRLs of every relevant kind, made with Python's cryptography, which refuses few of them.
const MAKER: &str = include_str!("verify.py");

fn made() -> Rig {
    let rig = Rig::without_token();
    rig.tool(python_tool("python3"), &["-c", MAKER]).ok();
    rig
}

struct Verdict {
    passed: bool,
    json: Value,
}

/// Our verdict, with the files of `crls`.
#[track_caller]
fn ours(rig: &Rig, certificate: &str, crls: &[&str], more: &[&str]) -> Verdict {
    let mut arguments = vec![
        "cert",
        "verify",
        certificate,
        "--ca",
        "root.crt",
        "--ca",
        "sub.crt",
        "--ca",
        "mute.crt",
    ];
    crls.iter().for_each(|crl| arguments.extend(["--crl", crl]));
    arguments.extend(more);
    let run = rig.json(&arguments);
    let json = run.json();
    let passed = run.code == Some(0);
    assert!(passed || run.code == Some(3), "{run:#?}");
    assert_eq!(json["verified"], passed, "{run:#?}");
    Verdict { passed, json }
}

fn theirs(rig: &Rig, certificate: &str, crls: &[&str], more: &[&str]) -> bool {
    let mut arguments = vec!["verify", "-CAfile", "anchors.pem", "-untrusted", "sub.crt"];
    if !crls.is_empty() {
        arguments.extend(["-crl_check", "-use_deltas"]);
    }
    crls.iter().for_each(|crl| arguments.extend(["-CRLfile", crl]));
    arguments.extend(more);
    arguments.push(certificate);
    rig.tool("openssl", &arguments).code == Some(0)
}

fn problem(verdict: &Verdict, step: &str) -> String {
    let steps = verdict.json["checks"].as_array().expect("steps");
    let failed = steps
        .iter()
        .find(|one| one["state"] == "failed" && one["check"] == step);
    failed.map_or_else(String::new, |step| {
        step["found"].as_str().unwrap_or_default().to_owned()
    })
}

#[test]
fn crls_decide_as_with_openssl() {
    let rig = made();
    // The certificate, the CRLs, whether it passes, and a word of the refusal.
    let cases: &[(&str, &[&str], bool, &str)] = &[
        ("leaf.crt", &["empty.crl"], true, ""),
        ("leaf.crt", &["revoked.crl"], false, "revoked on"),
        ("leaf.crt", &["held.crl"], false, "certificateHold"),
        ("leaf.crt", &["other.crl"], true, ""),
        ("leaf.crt", &["expired.crl"], false, "the next one was due"),
        ("leaf.crt", &["future.crl"], false, "in the future"),
        ("leaf.crt", &["forged.crl"], false, "signature"),
        ("leaf.crt", &["critical.crl"], false, "not supported"),
        ("leaf.crt", &["entry-critical.crl"], false, "not supported"),
        (
            "leaf.crt",
            &["stranger.crl"],
            false,
            "no --crl is from its issuer",
        ),
        ("muted.crt", &["mute.crl"], false, "cRLSign"),
        // A root by itself.
        ("root.crt", &["empty.crl"], true, ""),
        ("root.crt", &["expired.crl"], false, "the next one was due"),
        (
            "root.crt",
            &["stranger.crl"],
            false,
            "no --crl is from its issuer",
        ),
        // Scope.
        ("leaf.crt", &["users.crl"], true, ""),
        ("leaf.crt", &["authorities.crl"], false, "only CA certificates"),
        ("leaf.crt", &["attributes.crl"], false, "attribute certificates"),
        ("leaf.crt", &["indirect.crl"], false, "indirect"),
        ("leaf.crt", &["point.crl"], false, "names none"),
        ("pointing.crt", &["point.crl"], true, ""),
        (
            "pointing.crt",
            &["elsewhere.crl"],
            false,
            "a distribution point that the certificate does not name",
        ),
        ("pointing.crt", &["empty.crl"], true, ""),
        // The newest counts, in any order.
        ("leaf.crt", &["held.crl", "released.crl"], true, ""),
        ("leaf.crt", &["released.crl", "held.crl"], true, ""),
        ("leaf.crt", &["expired.crl", "empty.crl"], true, ""),
        // Delta CRLs.
        (
            "leaf.crt",
            &["empty.crl", "delta-revoked.crl"],
            false,
            "revoked on",
        ),
        ("leaf.crt", &["held.crl", "delta-released.crl"], true, ""),
        // One level below: the CRL of its own issuer is required, and that of the root is not enough.
        ("below.crt", &["empty.crl"], false, "no --crl is from its issuer"),
        ("below.crt", &["sub.crl", "empty.crl"], true, ""),
    ];
    for (certificate, crls, expected, says) in cases {
        let verdict = ours(&rig, certificate, crls, &[]);
        let problem = problem(&verdict, "revocation");
        assert_eq!(
            verdict.passed, *expected,
            "{certificate} {crls:?}: {}",
            verdict.json
        );
        assert!(problem.contains(says), "{certificate} {crls:?}: {problem}");
        assert_eq!(
            theirs(&rig, certificate, crls, &[]),
            *expected,
            "openssl: {certificate} {crls:?}"
        );
        if *expected {
            assert_eq!(verdict.json["revocation"]["certificates"][0]["status"], "good");
        }
    }
    // Section 6.3.3 (c): a delta CRL has no meaning without its base, or with an earlier one. OpenSSL 3.0 treats both as complete CRLs.
    for (crls, says) in [
        (&["held.crl", "delta-of-later.crl"][..], "certificateHold"),
        (&["delta-released.crl"], "its base is not available"),
        // Section 5.3.1
        (&["removed.crl"], "removeFromCRL, which only a delta CRL may have"),
    ] {
        let verdict = ours(&rig, "leaf.crt", crls, &[]);
        assert!(
            problem(&verdict, "revocation").contains(says),
            "{crls:?}: {}",
            verdict.json
        );
    }
}

#[test]
fn a_revoked_ca_on_the_path_is_found_and_a_gap_is_reported() {
    let rig = made();
    let verdict = ours(&rig, "below.crt", &["sub.crl", "sub-revoked.crl"], &[]);
    assert!(!verdict.passed, "{}", verdict.json);
    assert!(problem(&verdict, "revocation").contains("cACompromise"));
    let theirs = theirs(
        &rig,
        "below.crt",
        &["sub.crl", "sub-revoked.crl"],
        &["-crl_check_all"],
    );
    assert!(!theirs);
    let verdict = ours(&rig, "below.crt", &["sub.crl"], &[]);
    assert_eq!(verdict.json["revocation"]["checked"], false);
    assert_eq!(verdict.json["revocation"]["certificates"][1]["status"], "unknown");
    let text = rig
        .command(&["cert", "verify", "leaf.crt", "--ca", "root.crt"])
        .ok()
        .stdout;
    assert!(!text.contains("Verified.\n"), "{text}");
    assert!(
        text.ends_with("Verified; revocation was NOT checked for \"CN=Leaf\": no ledger was found, and no --crl of its issuer was given.\n"),
        "{text}"
    );
    let checked = ["cert", "verify", "leaf.crt", "--ca", "root.crt", "--crl"];
    let text = rig.command(&[&checked[..], &["empty.crl"]].concat()).ok().stdout;
    assert!(text.ends_with("\nVerified.\n"), "{text}");
    // An unrelated CRL is named in a warning.
    let both = rig
        .command(&[&checked[..], &["empty.crl", "--crl", "stranger.crl"]].concat())
        .ok();
    assert!(
        both.stderr
            .contains("stranger.crl: the issuer of this CRL, \"CN=Stranger\""),
        "{both:#?}"
    );
    let no_crl = rig.json(&[&checked[..], &["leaf.crt"]].concat());
    no_crl.refused(3, "malformed");
}

#[test]
fn hosts_are_matched_by_name_or_address_and_never_by_the_common_name() {
    let rig = made();
    // The host, whether it is one of names.crt, and whether openssl says the same.
    for (host, expected, alike) in [
        ("a.example.com", true, true),
        ("A.EXAMPLE.com", true, true),
        ("x.wild.example.com", true, true),
        ("wild.example.com", false, true),
        ("x.y.wild.example.com", false, true),
        ("cn.example.com", false, true),
        ("192.0.2.7", true, true),
        ("192.0.2.8", false, true),
        ("2001:db8::7", true, true),
        ("2001:DB8:0:0::7", true, true),
        // A dNSName that spells an address does not match.
        ("192.0.2.99", false, true),
        // RFC 9525 section 6.3 has no wildcard in a part of a label; openssl has.
        ("xpart.example.com", false, false),
    ] {
        let verdict = ours(&rig, "names.crt", &[], &["--host", host]);
        assert_eq!(verdict.passed, expected, "{host}: {}", verdict.json);
        assert_eq!(problem(&verdict, "host").is_empty(), expected, "{host}");
        let option = if host.parse::<std::net::IpAddr>().is_ok() {
            "-verify_ip"
        } else {
            "-verify_hostname"
        };
        assert_eq!(
            theirs(&rig, "names.crt", &[], &[option, host]) == expected,
            alike,
            "openssl: {host}"
        );
    }
    // Without any dNSName openssl falls back to the common name, which RFC 9525 section 2 forbids.
    let verdict = ours(&rig, "common-name.crt", &[], &["--host", "cn.example.com"]);
    assert!(!verdict.passed && problem(&verdict, "host").contains("the CN in its subject does not count"));
    for host in [
        "*.example.com",
        "a.example.com.",
        "b\u{fc}cher.example",
        "",
        "192.0.2",
        "https://a.example.com",
    ] {
        rig.json(&["cert", "verify", "names.crt", "--ca", "root.crt", "--host", host])
            .refused(2, "usage");
    }
}

#[test]
fn purposes_hold_along_the_path_as_with_openssl() {
    let rig = made();
    let purposes = [
        ("serverAuth", "sslserver"),
        ("clientAuth", "sslclient"),
        ("timeStamping", "timestampsign"),
    ];
    // The certificate, and the purposes for which it is valid.
    for (certificate, expected) in [
        ("leaf.crt", [true, true, false]),
        ("names.crt", [true, false, false]),
        ("client.crt", [false, true, false]),
        ("any.crt", [false, false, false]),
        ("certifying.crt", [false, false, false]),
        ("stamping.crt", [false, false, true]),
        ("stamping-loose.crt", [false, false, false]),
        // Its CA is only for clients.
        ("below.crt", [false, true, false]),
    ] {
        for ((purpose, name), expected) in purposes.into_iter().zip(expected) {
            let verdict = ours(&rig, certificate, &[], &["--purpose", purpose]);
            assert_eq!(
                verdict.passed, expected,
                "{certificate} {purpose}: {}",
                verdict.json
            );
            assert_eq!(
                theirs(&rig, certificate, &[], &["-purpose", name]),
                expected,
                "openssl: {certificate} {name}"
            );
            assert_eq!(
                ours(&rig, certificate, &[], &["--purpose", name]).passed,
                expected
            );
        }
    }
    assert!(!ours(&rig, "leaf.crt", &[], &["--purpose", "codeSigning"]).passed);
    assert!(ours(&rig, "leaf.crt", &[], &["--purpose", "1.3.6.1.4.1.55555.1"]).passed);
    assert!(!ours(&rig, "names.crt", &[], &["--purpose", "1.3.6.1.4.1.55555.1"]).passed);
    let unknown = [
        "cert",
        "verify",
        "leaf.crt",
        "--ca",
        "root.crt",
        "--purpose",
        "sslsrever",
    ];
    rig.json(&unknown).refused(2, "usage");
}

#[test]
fn a_certificate_revoked_in_the_ledger_fails() {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &[]);
    rig.sign("a.csr").ok();
    let verify = ["cert", "verify", "out.crt", "--ca", "customerCA.crt"];
    let good = rig.json(&verify).ok().json();
    assert_eq!(good["revocation"]["checked"], true, "{good}");
    assert_eq!(
        good["revocation"]["certificates"][0]["sources"][0], "ledger",
        "{good}"
    );
    let text = rig.command(&verify).ok().stdout;
    assert!(text.ends_with("\nVerified.\n"), "{text}");
    rig.command(&["crl", "create", "--ca", "customerCA.crt", "--out", "old.crl"])
        .ok();
    let revoke = |reason: &str| {
        rig.command(&[
            "cert",
            "revoke",
            "out.crt",
            "--ca",
            "customerCA.crt",
            "--reason",
            reason,
        ])
        .ok();
    };
    revoke("certificateHold");
    let held = rig.command(&verify);
    assert!(
        held.code == Some(3) && held.stdout.ends_with("NOT verified.\n"),
        "{held:#?}"
    );
    // An older CRL without it changes nothing.
    let with_old = rig.json(&[&verify[..], &["--crl", "old.crl"]].concat());
    assert_eq!(with_old.code, Some(3), "{with_old:#?}");
    revoke("removeFromCRL");
    rig.command(&verify).ok();
    revoke("keyCompromise");
    assert_eq!(rig.command(&verify).code, Some(3));
    // Another certificate for the same key, by a CA that is in no ledger.
    rig.tool(
        "openssl",
        &[
            "req",
            "-x509",
            "-key",
            "request.key",
            "-subj",
            "/CN=Same key",
            "-out",
            "same.crt",
        ],
    )
    .ok();
    let same = rig.json(&["cert", "verify", "same.crt", "--ca", "same.crt"]);
    assert_eq!(same.code, Some(3), "{same:#?}");
    assert!(same.stdout.contains("recorded as compromised"), "{same:#?}");
    // A named ledger must exist.
    rig.json(&[&["--ledger", "sqlite:nowhere.db"], &verify[..]].concat())
        .refused(4, "no-ledger");
}
