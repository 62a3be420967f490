//! A ledger of some thousand events on a server: read and verified once, and then only what is new, whatever happens to the copy.

use std::fs;
use std::path::PathBuf;

use local_postgres::{Cluster, new_database};

use super::failures::CutWay;
use super::{assert_sound, count_events, url_of};
use crate::harness::{PROGRAM, Rig, Run, example, ready_authority};
use crate::ledger::edited::LEDGER;
use crate::oracle::make_request;

const SIGN: [&str; 11] = [
    "--format",
    "json",
    "csr",
    "sign",
    "a.csr",
    "--again",
    "--ca",
    "customerCA.crt",
    "--profile",
    "cloudhsm-cluster",
    "--out=-",
];

/// Less than what is sent of a whole ledger here.
const WHOLE: usize = 1_000_000;
/// More than one signature costs.
const LITTLE: usize = 100_000;

/// A rig whose CA has issued 1,500 certificates, in a ledger on a server that is reached by a way that counts.
fn large_authority(cluster: &Cluster, database: &str) -> (Rig, CutWay) {
    let rig = ready_authority();
    let bulk = example("ledger-bulk");
    rig.tool(bulk.to_str().expect("UTF-8"), &[LEDGER, "1500"]).ok();
    let from = format!("sqlite:{}", rig.path(LEDGER).display());
    rig.json(&["ledger", "copy", &from, &url_of(cluster, database)])
        .ok();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    let way = CutWay::to(cluster.port());
    let url = format!("postgres://postgres@127.0.0.1:{}/{database}", way.port);
    (rig.with("HSM_CA_LEDGER", &url), way)
}

/// Signs, and tells how many bytes came and went.
fn sign(rig: &Rig, way: &CutWay) -> usize {
    way.passed();
    rig.command(&SIGN).ok();
    way.passed()
}

fn copies(rig: &Rig) -> PathBuf {
    rig.path(".local/state/hsm-ca")
}

fn copy(rig: &Rig) -> PathBuf {
    let files = fs::read_dir(copies(rig)).expect("the directory");
    let mut names = files.map(|file| file.expect("a file").path());
    names
        .find(|path| path.extension().is_some_and(|found| found == "db"))
        .expect("the copy")
}

#[test]
fn it_is_read_once_and_then_only_what_is_new() {
    let (cluster, database) = new_database();
    let (rig, way) = large_authority(cluster, &database);
    let first = sign(&rig, &way);
    assert!(first > WHOLE, "{first}");
    for _ in 0..2 {
        let again = sign(&rig, &way);
        assert!(again < LITTLE, "{again}");
    }
    // An issuer on another machine, which has verified nothing yet.
    let elsewhere = rig.path("elsewhere");
    fs::create_dir(&elsewhere).expect("a directory");
    let mut other = rig.prepare(&SIGN);
    way.passed();
    Run::of(other.env("HOME", &elsewhere)).ok();
    assert!(way.passed() > WHOLE);
    let after = sign(&rig, &way);
    assert!(after < LITTLE, "{after}");
    // Looking at it costs no more; verifying it reads everything, from the server.
    way.passed();
    rig.json(&["ledger", "list", "--last", "3"]).ok();
    assert!(way.passed() < LITTLE);
    rig.json(&["ledger", "verify"]).ok();
    assert!(way.passed() > WHOLE);
    // A copy that was changed is not used.
    let copy = rusqlite::Connection::open(copy(&rig)).expect("the copy");
    copy.execute_batch("DELETE FROM revocations").expect("a change");
    drop(copy);
    assert!(sign(&rig, &way) > WHOLE);
    assert!(sign(&rig, &way) < LITTLE);
    assert_sound(&rig, cluster, &database);
}

#[test]
fn killed_while_it_writes_the_copy_or_its_stamp_it_loses_nothing() {
    let (cluster, database) = new_database();
    let (rig, way) = large_authority(cluster, &database);
    sign(&rig, &way);
    let copy = copy(&rig);
    let stamp = copy.with_extension("db-audit");
    let mut signed = count_events(cluster, &database, "signed");
    for (file, calls, times) in [
        (&copy, "pwrite64", 1),
        (&copy, "pwrite64", 3),
        (&copy, "fsync,fdatasync", 1),
        (&stamp, "rename,renameat,renameat2", 1),
    ] {
        let case = format!("{calls}, {times}");
        let inject = format!("inject={calls}:signal=SIGKILL:when={times}");
        let path = file.to_str().expect("UTF-8");
        let strace = ["-f", "-o", "/dev/null", "-P", path, "-e", &inject, PROGRAM];
        let killed = rig.tool("strace", &[&strace[..], &SIGN].concat());
        assert_eq!(killed.code, None, "{case}: {killed:?}");
        let after = count_events(cluster, &database, "signed");
        assert!(
            after == signed || after == signed + 1,
            "{case}: {signed}, {after}"
        );
        // Whatever the file is worth now, the next one knows all that the server has.
        sign(&rig, &way);
        assert!(sign(&rig, &way) < LITTLE, "{case}");
        signed = after + 2;
        assert_eq!(count_events(cluster, &database, "signed"), signed, "{case}");
    }
    assert_sound(&rig, cluster, &database);
}
