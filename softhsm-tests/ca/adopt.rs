//! `ca adopt`: a CA that `openssl ca` has run is adopted with everything that it has issued and revoked.

use std::fs;

use serde_json::Value;

use crate::harness::Run;
use crate::oracle::openssl;

use super::old_authority::{adopt, is_revoked, next_crl, openssl_authority, serial};

#[test]
fn an_adopted_ca_keeps_its_certificates_and_revocations() {
    let rig = openssl_authority();
    let adopted = adopt(
        &rig,
        &[
            "--key",
            "ca",
            "--revoked",
            "old/index.txt",
            "--certificates",
            "old/newcerts",
            "--crl",
            "old/ca.crl",
        ],
    )
    .ok()
    .json();
    assert_eq!(adopted["path"], "self-signed");
    assert_eq!(adopted["key_proven"], true);
    assert_eq!(adopted["new"]["certificates"], 4);
    assert_eq!(adopted["new"]["serial_numbers"], 0, "each has its certificate");
    assert_eq!(adopted["new"]["revocations"], 3);
    assert_eq!(adopted["highest_crl_number"], "4097");
    let made = next_crl(&rig, "next.crl");
    assert_eq!(
        (&made["number"], &made["entries"]),
        (&Value::from("4098"), &Value::from(3))
    );
    // The CRL has exactly openssl's entries, with reasons and dates, and openssl agrees.
    let entries = |file: &str| rig.json(&["crl", "show", file, "--entries"]).ok().json()["revoked"].clone();
    assert_eq!(entries("next.crl"), entries("old/ca.crl"));
    for (name, revoked) in [("good", false), ("bad", true), ("held", true), ("gone", true)] {
        assert_eq!(
            is_revoked(&rig, &format!("{name}.crt"), "next.crl"),
            revoked,
            "{name}"
        );
    }
    // A certificate that was not revoked there can be revoked here, and its number is not used again.
    let number = serial(&rig, "good.crt");
    let revoke = [
        "cert",
        "revoke",
        &number,
        "--ca",
        "old/ca.crt",
        "--reason",
        "superseded",
    ];
    rig.json(&revoke).ok();
    next_crl(&rig, "last.crl");
    assert!(is_revoked(&rig, "good.crt", "last.crl"));
    rig.command(&["ledger", "verify"]).ok();
}

#[test]
fn an_index_and_a_crl_are_enough_to_revoke_what_was_issued() {
    let rig = openssl_authority().with("HSM_CA_LEDGER", "sqlite:new.db");
    let adopted = adopt(&rig, &["--revoked", "old/index.txt"]).ok().json();
    assert!(rig.path("new.db").exists(), "it makes the ledger");
    assert_eq!(adopted["new"]["serial_numbers"], 4);
    assert_eq!(adopted["new"]["revocations"], 3);
    let number = serial(&rig, "good.crt");
    let shown = rig.json(&["ledger", "show", &number]).ok().json();
    assert_eq!(shown["entries"][0]["state"], "adopted");
    assert_eq!(shown["entries"][0]["subject"], "/CN=good");
    assert_eq!(shown["entries"][0]["pem"], Value::Null);
    let revoke = [
        "cert",
        "revoke",
        &number,
        "--ca",
        "old/ca.crt",
        "--reason",
        "superseded",
    ];
    rig.json(&revoke).ok();
    let made = next_crl(&rig, "next.crl");
    assert_eq!(made["entries"], 4);
    assert!(is_revoked(&rig, "good.crt", "next.crl"));
    // Later the certificates and the last CRL are found: only what is new is added.
    let more = [
        "--revoked",
        "old/index.txt",
        "--certificates",
        "old/newcerts",
        "--crl",
        "old/ca.crl",
    ];
    let again = adopt(&rig, &more).ok().json();
    assert_eq!(again["new"]["authority_certificate"], false);
    assert_eq!(again["new"]["certificates"], 4);
    assert_eq!(again["new"]["revocations"], 0);
    let head = again["ledger_head"].clone();
    assert_eq!(
        adopt(&rig, &more).ok().json()["ledger_head"],
        head,
        "nothing is new"
    );
    assert_eq!(next_crl(&rig, "after.crl")["number"], "4098");
    rig.command(&["ledger", "verify"]).ok();
}

#[test]
fn everything_or_nothing_is_adopted() {
    let rig = openssl_authority().with("HSM_CA_LEDGER", "sqlite:new.db");
    let index = ["--revoked", "old/index.txt"];
    let refused = |more: &[&str], code: i32, kind: &str, word: &str| {
        let message = adopt(&rig, &[&index, more].concat()).refused(code, kind);
        assert!(message.contains(word), "{message}");
        assert!(!rig.path("new.db").exists(), "{more:?}");
    };
    let others = |name: &str, extensions: &str| {
        let key = format!("{name}.key");
        let make = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-subj",
        ];
        let subject = format!("/O=Old/CN={name}");
        let crt = format!("{name}.crt");
        openssl(
            &rig,
            &[&make[..], &[&subject, "-addext", extensions, "-out", &crt]].concat(),
        );
    };
    // A certificate of another CA, and one that falsely names this CA as its issuer.
    others("stranger", "keyUsage=digitalSignature");
    for (file, kind) in [("stranger.crt", "rule"), ("index", "malformed")] {
        fs::create_dir_all(rig.path("mixed")).expect("a directory");
        fs::copy(rig.path("good.crt"), rig.path("mixed/a.crt")).expect("a copy");
        let content = if file == "index" {
            rig.read("old/index.txt")
        } else {
            rig.read(file)
        };
        rig.write("mixed/b.crt", content);
        refused(&["--certificates", "mixed"], 3, kind, "mixed/b.crt");
    }
    let forged = [
        "x509",
        "-req",
        "-in",
        "good.csr",
        "-CA",
        "forger.crt",
        "-CAkey",
        "forger.key",
        "-set_serial",
        "77",
        "-out",
        "mixed/b.crt",
    ];
    openssl(
        &rig,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "forger.key",
            "-subj",
            "/O=Old/CN=Old CA",
            "-out",
            "forger.crt",
        ],
    );
    openssl(&rig, &forged);
    refused(&["--certificates", "mixed"], 3, "bad-signature", "mixed/b.crt");
    refused(&["--certificates", "nowhere"], 2, "unreadable-file", "nowhere");
    // A forged CRL with this CA's name, and a database that cannot be read.
    openssl(
        &rig,
        &[
            "ca",
            "-config",
            "old/openssl.cnf",
            "-gencrl",
            "-cert",
            "forger.crt",
            "-keyfile",
            "forger.key",
            "-out",
            "forged.crl",
        ],
    );
    let crl = adopt(&rig, &["--crl", "forged.crl"]);
    assert_eq!(crl.code, Some(3), "{crl:#?}");
    assert!(crl.stderr.contains("\"forged.crl: "), "{crl:#?}");
    rig.write("broken.txt", "R\twhen\n");
    adopt(&rig, &["--revoked", "broken.txt"]).refused(3, "index");
    let future = "R\t350101000000Z\t491231000000Z,superseded\t77\tunknown\t/CN=x\n";
    rig.write("future.txt", future);
    let message = adopt(&rig, &["--revoked", "future.txt"]).refused(3, "rule");
    assert!(
        message.starts_with("future.txt: line 1: revocation-date"),
        "{message}"
    );
    // A key that is not the CA's.
    // Recorded in the rig's own ledger, because the new one does not exist yet.
    let generate = ["key", "generate", "--label", "other", "--type", "rsa:2048"];
    Run::of(rig.prepare(&generate).env_remove("HSM_CA_LEDGER")).ok();
    adopt(&rig, &["--key", "other"]).refused(3, "rule");
    adopt(&rig, &["--key", "nobody"]).refused(4, "no-key");
    // Certificates that are not CAs'.
    rig.json(&["ca", "adopt", "good.crt"]).refused(3, "not-a-ca");
    assert!(!rig.path("new.db").exists());
    adopt(&rig, &[]).ok();
}

#[test]
fn an_unknown_ca_is_refused_with_the_command_that_adopts_it() {
    let rig = openssl_authority();
    fs::copy(rig.path("old/ca.crt"), rig.path("my ca.crt")).expect("a copy");
    openssl(
        &rig,
        &[
            "ocsp",
            "-issuer",
            "old/ca.crt",
            "-cert",
            "good.crt",
            "-reqout",
            "r.ocsp",
        ],
    );
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
            "-days",
            "30",
            "-addext",
            "keyUsage=critical,keyCertSign",
            "-out",
            "other.crt",
        ],
    );
    let commands: [&[&str]; 6] = [
        &[
            "csr",
            "sign",
            "good.csr",
            "--profile",
            "tls-client",
            "--out",
            "new",
        ],
        &["crl", "create", "--out", "new"],
        &["crl", "create", "--revoked", "old/index.txt", "--out", "new"],
        &["cert", "revoke", "good.crt", "--reason", "superseded"],
        &["cert", "cross-sign", "other.crt", "--out", "new"],
        &["ocsp", "respond", "--request", "r.ocsp", "--out", "new"],
    ];
    let head = rig.json(&["ledger", "verify"]).ok().json()["head"].clone();
    for command in commands {
        let run = rig.json(&[command, &["--ca", "my ca.crt"]].concat());
        let error: Value = serde_json::from_str(&run.stderr).expect("an error");
        let hint = error["error"]["hint"].as_str().expect("a hint");
        assert!(hint.ends_with("hsm-ca ca adopt 'my ca.crt'"), "{hint}");
        run.refused(3, "unknown-ca");
        assert!(!rig.path("new").exists());
    }
    let verified = rig.json(&["ledger", "verify"]).ok().json();
    assert_eq!(verified["head"], head, "nothing was recorded");
    rig.adopt("old/ca.crt");
    for command in commands {
        let _ = fs::remove_file(rig.path("new"));
        rig.json(&[command, &["--ca", "my ca.crt"]].concat()).ok();
    }
}

/// RFC 5280 section 5.2.3: CRL numbers have up to 20 octets, and programs that take them from the clock or at random use all of them.
#[test]
fn crl_numbers_continue_up_to_20_octets() {
    let rig = openssl_authority();
    let next = "80000000000000000000000000000000000001";
    rig.write("old/crlnumber", format!("{next}\n"));
    let generate = [
        "ca",
        "-batch",
        "-config",
        "old/openssl.cnf",
        "-gencrl",
        "-out",
        "old/large.crl",
    ];
    openssl(&rig, &generate);
    let index = ["--revoked", "old/index.txt", "--certificates", "old/newcerts"];
    let adopted = adopt(&rig, &[&index[..], &["--crl", "old/large.crl"]].concat())
        .ok()
        .json();
    let decimal = |hex: &str| {
        let print = format!("print(int('{hex}', 16))");
        rig.tool("python3", &["-c", &print]).ok().stdout.trim().to_owned()
    };
    assert_eq!(adopted["highest_crl_number"], decimal(next));
    let number_of = |crl: &str| {
        let shown = openssl(&rig, &["crl", "-in", crl, "-noout", "-crlnumber"]);
        shown
            .trim()
            .trim_start_matches("crlNumber=")
            .trim_start_matches("0x")
            .to_owned()
    };
    let made = next_crl(&rig, "next.crl");
    let following = "80000000000000000000000000000000000002";
    assert_eq!(
        (made["number"].as_str(), number_of("next.crl").as_str()),
        (Some(&*decimal(following)), following)
    );
    let create = ["crl", "create", "--ca", "old/ca.crt", "--out"];
    rig.json(&[&create[..], &["delta.crl", "--base", "next.crl"]].concat())
        .ok();
    assert_eq!(number_of("delta.crl"), "80000000000000000000000000000000000003");
    // A lower one is refused, as with small numbers, and no number can follow the largest.
    rig.json(&[&create[..], &["low.crl", "--number", "18446744073709551616"]].concat())
        .refused(3, "rule");
    let largest = format!("0x7f{}", "f".repeat(38));
    rig.json(
        &[
            &create[..],
            &["last.crl", "--number", &largest, "--number-is-right"],
        ]
        .concat(),
    )
    .ok();
    assert_eq!(number_of("last.crl").to_lowercase(), largest[2..]);
    rig.json(&[&create[..], &["over.crl"]].concat())
        .refused(3, "crl-number");
    rig.json(
        &[
            &create[..],
            &["over.crl", "--number", &format!("0x80{}", "0".repeat(38))],
        ]
        .concat(),
    )
    .refused(2, "usage");
    let list = rig.json(&["ledger", "list"]).ok().stdout;
    assert!(
        list.contains(&format!("\"number\": \"{}\"", decimal(following))),
        "{list}"
    );
    let verified = rig.json(&["ledger", "verify"]).ok().json();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/softhsm-tests/programs/verify_ledger.py"
    );
    let theirs = rig.tool("python3", &[script, "rig/hsm-ca.db"]).ok().stdout;
    assert_eq!(theirs.trim(), verified["head"].as_str().expect("a head"));
}
