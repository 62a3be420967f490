//! `cluster check` searches the client's directory like OpenSSL: it reports the server's certificate as found exactly if `openssl verify
//! -CApath` finds it. If builds of OpenSSL differ, it reports neither.

use std::fs;
use std::os::unix::fs::symlink;

use super::{SERVER_HASH, SERVER_SUBJECT, check, desk, self_signed, state};
use crate::harness::Rig;
use crate::oracle::openssl;

/// The contents of the directory, by name: `server`, `other` (the same subject, another key), `stranger`, or text.
type Files = &'static [(&'static str, Content)];

enum Content {
    Pem(&'static [&'static str]),
    Der(&'static str),
    Text(&'static str),
    Link(&'static str),
}
use Content::{Der, Link, Pem, Text};

const SERVER: Content = Pem(&["server"]);
const OTHER: Content = Pem(&["other"]);

/// The expected result for a directory: the state of the step, and words of the finding.
const CASES: [(&str, Files, &str, &str); 24] = [
    ("as it should be", &[("21a10654.0", SERVER)], "ok", "21a10654.0"),
    ("nothing", &[], "failed", "OpenSSL looks for 21a10654.0"),
    (
        "a name for people",
        &[("server.crt", SERVER)],
        "failed",
        "rename it to 21a10654.0",
    ),
    (
        "another hash",
        &[("712ff948.0", SERVER)],
        "failed",
        "712ff948.0 has it",
    ),
    (
        "only the second",
        &[("21a10654.1", SERVER)],
        "failed",
        "rename 21a10654.1 to 21a10654.0",
    ),
    (
        "behind another",
        &[("21a10654.0", OTHER), ("21a10654.1", SERVER)],
        "ok",
        "21a10654.1",
    ),
    (
        "behind a gap",
        &[("21a10654.0", OTHER), ("21a10654.2", SERVER)],
        "failed",
        "ends at 21a10654.1",
    ),
    (
        "another alone",
        &[("21a10654.0", OTHER)],
        "failed",
        "a different certificate",
    ),
    (
        "two in a file",
        &[("21a10654.0", Pem(&["other", "server"]))],
        "ok",
        "21a10654.0",
    ),
    (
        "after a stranger",
        &[("21a10654.0", Pem(&["stranger", "server"]))],
        "ok",
        "21a10654.0",
    ),
    ("no digits", &[("21a10654", SERVER)], "failed", "under a name"),
    ("two digits", &[("21a10654.00", SERVER)], "failed", "under a name"),
    ("capitals", &[("21A10654.0", SERVER)], "failed", "under a name"),
    ("for a CRL", &[("21a10654.r0", SERVER)], "failed", "under a name"),
    (
        "in DER",
        &[("21a10654.0", Der("server"))],
        "failed",
        "-out 21a10654.0",
    ),
    (
        "in DER elsewhere",
        &[("server.der", Der("server"))],
        "failed",
        "has it as DER",
    ),
    (
        "behind DER",
        &[("21a10654.0", Der("other")), ("21a10654.1", SERVER)],
        "not-checked",
        "before it 21a10654.0 does not load (DER",
    ),
    (
        "behind a text",
        &[("21a10654.0", Text("hello\n")), ("21a10654.1", SERVER)],
        "not-checked",
        "does not load (neither a PEM block",
    ),
    (
        "behind an empty file",
        &[("21a10654.0", Text("")), ("21a10654.1", SERVER)],
        "not-checked",
        "empty",
    ),
    (
        "a text alone",
        &[("21a10654.0", Text("hello\n"))],
        "not-checked",
        "OpenSSL reaches",
    ),
    (
        "a broken link alone",
        &[("21a10654.0", Link("nosuch"))],
        "failed",
        "no file that OpenSSL finds",
    ),
    (
        "a link",
        &[("server.pem", SERVER), ("21a10654.0", Link("server.pem"))],
        "ok",
        "21a10654.0",
    ),
    (
        "a broken link",
        &[("21a10654.0", Link("nosuch")), ("21a10654.1", SERVER)],
        "not-checked",
        "before it 21a10654.0",
    ),
    (
        "with a README",
        &[("README", Text("AWS's certificates\n")), ("21a10654.0", SERVER)],
        "ok",
        "21a10654.0",
    ),
];

fn fill(rig: &Rig, files: Files) {
    let directory = rig.path("client/certs");
    fs::remove_dir_all(&directory).expect("removed");
    fs::create_dir(&directory).expect("a directory");
    for (name, content) in files {
        let path = format!("client/certs/{name}");
        match content {
            Pem(names) => {
                let all = names.iter().map(|name| rig.read(&format!("{name}.crt")));
                rig.write(&path, all.collect::<Vec<_>>().concat());
            }
            Der(name) => {
                let certificate = format!("{name}.crt");
                openssl(
                    rig,
                    &["x509", "-in", &certificate, "-outform", "DER", "-out", &path],
                );
            }
            Text(text) => drop(rig.write(&path, text)),
            Link(target) => symlink(target, rig.path(&path)).expect("a link"),
        }
    }
}

fn desk_with_others() -> Rig {
    let rig = desk();
    self_signed(&rig, "other", SERVER_SUBJECT);
    self_signed(&rig, "stranger", "/CN=stranger");
    rig
}

fn found_by_openssl(rig: &Rig) -> bool {
    let verify = [
        "verify",
        "-purpose",
        "sslserver",
        "-CApath",
        "client/certs",
        "server.crt",
    ];
    rig.tool("openssl", &verify).code == Some(0)
}

#[test]
fn found_means_that_openssl_finds_it() {
    let rig = desk_with_others();
    let hash = openssl(&rig, &["x509", "-in", "server.crt", "-noout", "-hash"]);
    assert_eq!(hash.trim(), SERVER_HASH, "AWS's own name for it");
    for (case, files, expected, words) in CASES {
        fill(&rig, files);
        let run = check(&rig, &["--server-cert", "server.crt"]);
        let report = run.json();
        let found = state(&report, "server-certificate", "known-to-the-client");
        assert_eq!(found, expected, "{case}: {report:#}");
        let steps = report["checks"].as_array().expect("steps");
        let step = steps
            .iter()
            .find(|step| step["check"] == "known-to-the-client")
            .expect("the step");
        assert!(
            step["found"].as_str().is_some_and(|text| text.contains(words)),
            "{case}: {step:#}"
        );
        match expected {
            "ok" => assert!(found_by_openssl(&rig), "{case}"),
            "failed" => {
                assert!(!found_by_openssl(&rig), "{case}");
                assert_eq!(run.code, Some(3), "{case}");
            }
            _ => assert_eq!(report["verified"], serde_json::Value::Null, "{case}: {report:#}"),
        }
    }
}

#[test]
fn a_directory_by_openssl_rehash_is_accepted_and_the_advice_works() {
    let rig = desk_with_others();
    fill(
        &rig,
        &[("a.pem", OTHER), ("b.pem", SERVER), ("c.pem", Pem(&["stranger"]))],
    );
    openssl(&rig, &["rehash", "client/certs"]);
    check(&rig, &["--server-cert", "server.crt"]).ok();
    assert!(found_by_openssl(&rig));

    fill(&rig, &[("21a10654.0", OTHER), ("server.crt", SERVER)]);
    let run = check(&rig, &["--server-cert", "server.crt"]);
    assert!(
        run.stdout.contains("server.crt has it") && run.stdout.contains("rename it to 21a10654.1"),
        "{run:#?}"
    );
    fs::rename(
        rig.path("client/certs/server.crt"),
        rig.path("client/certs/21a10654.1"),
    )
    .expect("renamed");
    check(&rig, &["--server-cert", "server.crt"]).ok();
    assert!(found_by_openssl(&rig));
}

#[test]
fn without_a_server_the_directory_is_read_and_its_dates_are_reported() {
    let rig = desk_with_others();
    fill(
        &rig,
        &[
            ("21a10654.0", SERVER),
            ("stranger.pem", Pem(&["stranger"])),
            ("README", Text("hello")),
        ],
    );
    let report = check(&rig, &[]).ok().json();
    assert_eq!(state(&report, "client-directory", "certificates"), "ok");
    assert_eq!(state(&report, "client-directory", "file-name"), "warning");
    let expiries = report["expiries"].as_array().expect("expiries");
    assert!(
        expiries.iter().any(|one| one["component"] == "client-directory"),
        "{report:#}"
    );
    fill(&rig, &[]);
    let run = check(&rig, &[]);
    assert_eq!(run.code, Some(3));
    assert_eq!(state(&run.json(), "client-directory", "certificates"), "failed");
}
