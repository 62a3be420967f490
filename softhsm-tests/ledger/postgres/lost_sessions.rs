//! An issuer whose session ends while its token signs: other issuers do not see it then, and both sign the same request.

use std::process::{Child, Stdio};

use local_postgres::{Cluster, new_database};
use rustix::process::Signal;
use serde_json::Value;

use super::{assert_sound, count_events, make_requests, rig_at, url_of};
use crate::harness::{Rig, Run, shim, signal, softhsm, wait_until_stopped};
use crate::oracle::openssl;

fn sign(out: &str) -> [&str; 11] {
    [
        "--format",
        "json",
        "csr",
        "sign",
        "in/000.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "tls-client",
        "--out",
        out,
    ]
}

/// An issuer that has begun a certificate, and stops while the token signs.
fn stopped_at_its_signature(rig: &Rig, out: &str) -> Child {
    let mut command = rig.prepare(&sign(out));
    command
        .env("HSM_CA_MODULE", shim())
        .env("CLOUDHSM_SHIM_TARGET", softhsm())
        .env("CLOUDHSM_SHIM_STOP", "C_Sign")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let issuer = command.spawn().expect("an issuer");
    wait_until_stopped(issuer.id());
    issuer
}

/// Ends every session of the ledger, as a failover does.
fn end_sessions(cluster: &Cluster, database: &str) {
    let ended = cluster.query(
        database,
        "WITH sessions AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE datname = current_database()
         AND backend_type = 'client backend' AND pid <> pg_backend_pid())
         SELECT count(*) FROM sessions WHERE pg_terminate_backend(pid, 10000)",
    );
    assert_eq!(ended, "1", "the issuer's session");
}

fn go_on(issuer: Child) -> Run {
    signal(issuer.id(), Signal::CONT);
    Run::from(issuer.wait_with_output().expect("its end")).ok()
}

/// The warnings about a second certificate.
fn warnings(run: &Run) -> Vec<String> {
    let all = run.json()["warnings"].as_array().cloned().unwrap_or_default();
    let texts = all.iter().filter_map(Value::as_str).map(str::to_owned);
    texts.filter(|text| text.contains("two certificates")).collect()
}

fn serial(rig: &Rig, certificate: &str) -> String {
    let shown = openssl(rig, &["x509", "-in", certificate, "-noout", "-serial"]);
    shown.trim().trim_start_matches("serial=").to_lowercase()
}

#[track_caller]
fn assert_both_are_named(rig: &Rig, run: &Run, delivered: &str) {
    let warned = warnings(run);
    let [warning] = warned.as_slice() else {
        panic!("one warning: {warned:?}")
    };
    for certificate in ["first.crt", "second.crt"] {
        assert!(warning.contains(&serial(rig, certificate)), "{warning}");
    }
    assert!(warning.contains(&format!(", {delivered}) by ")), "{warning}");
    assert!(
        warning.ends_with("Use one of them, and revoke the other with the reason superseded"),
        "{warning}"
    );
}

#[test]
fn an_issuer_that_lost_its_session_warns_of_the_certificate_that_another_one_signed() {
    let (cluster, database) = new_database();
    let rig = rig_at(&url_of(cluster, &database));
    make_requests(&rig, 1);
    let first = stopped_at_its_signature(&rig, "first.crt");
    end_sessions(cluster, &database);
    let second = rig.command(&sign("second.crt")).ok();
    assert_eq!(warnings(&second), Vec::<String>::new());
    assert_both_are_named(&rig, &go_on(first), "delivered");
    assert_eq!(count_events(cluster, &database, "signed"), 2);

    // As the warning says. The same command then delivers the other one.
    let revoke = ["cert", "revoke", "first.crt", "--ca", "customerCA.crt"];
    rig.json(&[&revoke[..], &["--reason", "superseded"]].concat())
        .ok();
    let again = rig.command(&sign("again.crt")).ok();
    assert_eq!(warnings(&again), Vec::<String>::new());
    assert_eq!(serial(&rig, "again.crt"), serial(&rig, "second.crt"));
    assert_sound(&rig, cluster, &database);
}

/// The issuer that was there all the time is the last one to record its certificate.
#[test]
fn an_issuer_warns_of_the_certificate_of_another_one_that_came_back() {
    let (cluster, database) = new_database();
    let rig = rig_at(&url_of(cluster, &database));
    make_requests(&rig, 1);
    let first = stopped_at_its_signature(&rig, "first.crt");
    end_sessions(cluster, &database);
    let second = stopped_at_its_signature(&rig, "second.crt");
    assert_eq!(warnings(&go_on(first)), Vec::<String>::new());
    assert_both_are_named(&rig, &go_on(second), "delivered");
    assert_eq!(count_events(cluster, &database, "signed"), 2);
    assert_sound(&rig, cluster, &database);
}
