//! A ledger on a PostgreSQL server: the commands on it, several issuers, and what happens when the server, the way to it or an issuer
//! fails.

mod client_certificate;
mod failures;
mod issuers;
mod large;
mod lost_sessions;
mod server;

use std::fs;

use local_postgres::{Cluster, new_database};
use serde_json::Value;

use crate::harness::{Rig, ready_authority};
use crate::oracle::{make_request, openssl};

fn url_of(cluster: &Cluster, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{}/{database}", cluster.port())
}

/// A rig whose CA is known to a ledger at this URL.
fn rig_at(url: &str) -> Rig {
    let rig = ready_authority().with("HSM_CA_LEDGER", url);
    rig.adopt_with_key();
    rig
}

/// So many requests in `in/`, of one key and different names.
fn make_requests(rig: &Rig, count: usize) {
    make_request(
        rig,
        "first.csr",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &[],
    );
    fs::create_dir(rig.path("in")).expect("a directory");
    for number in 0..count {
        let (subject, file) = (format!("/CN=client {number:03}"), format!("in/{number:03}.csr"));
        openssl(
            rig,
            &[
                "req",
                "-new",
                "-key",
                "request.key",
                "-subj",
                &subject,
                "-out",
                &file,
            ],
        );
    }
}

fn batch(out: &str) -> [&str; 11] {
    [
        "csr",
        "sign",
        "in",
        "--ca",
        "customerCA.crt",
        "--profile",
        "tls-client",
        "--out-dir",
        out,
        "--jobs",
        "2",
    ]
}

/// The serial number of each file in a directory.
fn serials(rig: &Rig, directory: &str) -> Vec<String> {
    let files = fs::read_dir(rig.path(directory)).expect("a directory");
    let mut found: Vec<_> = files
        .map(|file| {
            let path = file.expect("a file").path();
            openssl(
                rig,
                &["x509", "-in", &path.display().to_string(), "-noout", "-serial"],
            )
        })
        .collect();
    found.sort();
    found
}

/// Our own verifier, and one that shares nothing with it, agree that the chain is whole.
#[track_caller]
fn assert_sound(rig: &Rig, cluster: &Cluster, database: &str) -> u64 {
    let verified = rig.json(&["ledger", "verify"]).ok().json();
    assert_eq!(verified["verified"], true, "{verified}");
    let computed = cluster.query(
        database,
        "SELECT count(*), bool_and(hash = sha256(before || convert_to(body, 'UTF8'))) FROM (SELECT body, hash,
         coalesce(lag(hash) OVER (ORDER BY sequence), decode(repeat('00', 32), 'hex')) AS before FROM hsm_ca.events) AS chain",
    );
    let (count, whole) = computed.split_once('|').expect("two fields");
    assert_eq!(whole, "t");
    count.parse().expect("a number")
}

fn count_events(cluster: &Cluster, database: &str, kind: &str) -> usize {
    let sql =
        format!("SELECT count(*) FROM hsm_ca.events WHERE body::json -> 'event' ->> '{kind}' IS NOT NULL");
    cluster.query(database, &sql).parse().expect("a number")
}
#[test]
fn every_command_works_on_a_server_and_a_copy_has_the_same_head() {
    let (cluster, database) = new_database();
    let url = url_of(cluster, &database);
    let rig = rig_at(&url);
    make_requests(&rig, 2);
    rig.json(&[
        "csr",
        "sign",
        "in/000.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "tls-client",
        "--out",
        "a.crt",
    ])
    .ok();
    let again = rig.json(&[
        "csr",
        "sign",
        "in/000.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "tls-client",
        "--out",
        "b.crt",
    ]);
    assert_eq!(again.ok().json()["certificates"][0]["retried"], true);
    assert_eq!(rig.read("a.crt"), rig.read("b.crt"));
    rig.json(&[
        "cert",
        "revoke",
        "a.crt",
        "--ca",
        "customerCA.crt",
        "--reason",
        "superseded",
    ])
    .ok();
    rig.json(&["crl", "create", "--ca", "customerCA.crt", "--out", "ca.crl"])
        .ok();
    let listed = rig.json(&["ledger", "list"]).ok().json();
    assert_eq!(
        listed["entries"].as_array().expect("entries").len(),
        3,
        "{listed}"
    );
    let serial = listed["entries"][1]["serial_number"].as_str().expect("a number");
    rig.json(&["ledger", "show", serial]).ok();
    rig.json(&["ledger", "deliver", serial, "--out", "c.crt"]).ok();
    rig.json(&["ledger", "checkpoint", "--out", "now.checkpoint"])
        .ok();
    rig.json(&[
        "ledger",
        "prove",
        serial,
        "--checkpoint",
        "now.checkpoint",
        "--out",
        "a.proof",
    ])
    .ok();
    let count = assert_sound(&rig, cluster, &database);
    let exported = rig.command(&["ledger", "export"]).ok().stdout;
    assert_eq!(u64::try_from(exported.lines().count()).expect("few"), count);

    let head = rig.json(&["ledger", "verify"]).ok().json()["head"].clone();
    let head = head.as_str().expect("a head");
    // To a file, back to a server, and the exports are the same bytes.
    rig.json(&["ledger", "copy", &url, "sqlite:copy.db", "--head", head])
        .ok();
    rig.json(&["ledger", "copy", &url, "sqlite:copy.db"])
        .refused(2, "ledger-exists");
    cluster.create_database(&format!("{database}_copy"));
    let back = url_of(cluster, &format!("{database}_copy"));
    rig.json(&["ledger", "copy", "sqlite:copy.db", &back]).ok();
    rig.json(&["ledger", "copy", "sqlite:copy.db", &back])
        .refused(2, "ledger-exists");
    for copy in ["sqlite:copy.db", &back] {
        let verified = rig.json(&["ledger", "verify", "--ledger", copy]).ok().json();
        assert_eq!(
            (&verified["verified"], verified["head"].as_str()),
            (&Value::from(true), Some(head))
        );
        assert_eq!(
            rig.command(&["ledger", "export", "--ledger", copy]).ok().stdout,
            exported
        );
    }
    // One that does not verify goes nowhere.
    cluster.sql(
        &database,
        "ALTER TABLE hsm_ca.events DISABLE TRIGGER ALL; UPDATE hsm_ca.events SET body = replace(body, 'superseded', 'keyCompromise')",
    );
    rig.json(&["ledger", "copy", &url, "sqlite:second.db"])
        .refused(4, "ledger-damaged");
    assert!(!rig.path("second.db").exists());
    rig.json(&[
        "csr",
        "sign",
        "in/001.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "tls-client",
        "--out",
        "d.crt",
    ])
    .refused(4, "ledger-damaged");
}
