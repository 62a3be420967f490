//! CRL shards when a process is killed between two of them, and when two processes publish at once.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::thread;

use rustix::process::Signal;

use super::shards::{issued, openssl_says, publish, revoke, shards_in};
use crate::csr_sign::delivery::{assert_sound, entries};
use crate::harness::{Rig, ready_authority, shim, signal, softhsm, wait_until_stopped};
use crate::oracle::openssl;

fn create(out: &str) -> [&str; 11] {
    [
        "--format",
        "json",
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--profile",
        "./web.toml",
        "--all-shards",
        "--out-dir",
        out,
    ]
}

/// The numbers of the shards' CRLs that are in a directory, by shard.
fn numbers(rig: &Rig, directory: &str) -> Vec<Option<String>> {
    let number = |shard| {
        let file = format!("{directory}/{shard}.crl");
        let is_there = rig.path(&file).exists();
        is_there.then(|| openssl(rig, &["crl", "-in", &file, "-noout", "-crlnumber"]))
    };
    (1..=3).map(number).collect()
}

#[test]
fn killed_between_two_shards_the_same_command_signs_only_the_rest() {
    let rig = ready_authority();
    let all = issued(&rig);
    let mut signed = 0;
    for (case, (rule, done)) in [("C_SignInit@1", 0), ("C_SignInit@2", 1), ("C_Sign!@3", 2)]
        .into_iter()
        .enumerate()
    {
        let out = format!("out-{case}");
        fs::create_dir(rig.path(&out)).expect("a directory");
        let open = entries(&rig, &["--open"]).len();
        let killed = rig.command_with_rule(&create(&out), &[("KILL", rule)]);
        assert_eq!(killed.code, None, "{killed:?}");
        let there = numbers(&rig, &out);
        assert_eq!(there.iter().flatten().count(), done, "{rule}");
        // All were begun in one transaction. The unsigned ones stay open.
        assert_eq!(entries(&rig, &["--open"]).len(), open + 3 - done, "{rule}");
        let before: Vec<_> = (1..=done)
            .map(|shard| rig.read(&format!("{out}/{shard}.crl")))
            .collect();
        let again = publish(&rig, &["--out-dir", &out]);
        let of_now: Vec<_> = (u64::try_from(done).expect("few") + 1..=3).collect();
        assert_eq!(shards_in(&again["signed"]), of_now, "{rule}");
        signed += of_now.len();
        // Unchanged, including the nextUpdate.
        for (shard, before) in (1..).zip(before) {
            assert_eq!(rig.read(&format!("{out}/{shard}.crl")), before, "{rule}");
        }
        let numbers: BTreeSet<_> = numbers(&rig, &out).into_iter().flatten().collect();
        assert_eq!(numbers.len(), 3, "{rule}: {numbers:?}");
        for (name, _, shard) in &all {
            let (good, said) = openssl_says(&rig, name, &[&format!("{out}/{shard}.crl")]);
            assert!(good, "{rule}: {said}");
        }
    }
    assert!(signed > 5);
    // A revocation changes only its own shard.
    let (_, serial, shard) = &all[0];
    revoke(&rig, serial);
    let files = |rig: &Rig| -> Vec<_> {
        (1..=3)
            .map(|shard| rig.read(&format!("out-0/{shard}.crl")))
            .collect()
    };
    let before = files(&rig);
    publish(&rig, &["--out-dir", "out-0", "--force"]);
    for (other, (before, after)) in (1..).zip(before.iter().zip(files(&rig))) {
        assert_eq!(*before == after, other != *shard, "shard {other}");
    }
    assert_sound(&rig);
}

#[test]
fn two_simultaneous_publications_never_use_a_number_twice() {
    let rig = ready_authority();
    let all = issued(&rig);
    let until_done = |out: &str| {
        for _ in 0..20 {
            match rig.command(&create(out)) {
                run if run.code == Some(0) => return,
                // The other process began a CRL after this one reserved its number.
                run => drop(run.refused(3, "crl-number")),
            }
        }
        panic!("{out} does not come to an end");
    };
    for out in ["mine", "theirs"] {
        fs::create_dir(rig.path(out)).expect("a directory");
    }
    thread::scope(|scope| {
        for out in ["mine", "theirs"] {
            scope.spawn(move || until_done(out));
        }
    });
    let of = |out: &str| -> BTreeSet<_> { numbers(&rig, out).into_iter().flatten().collect() };
    let (mine, theirs) = (of("mine"), of("theirs"));
    assert!(
        !mine.is_empty() && mine.is_disjoint(&theirs),
        "{mine:?} {theirs:?}"
    );
    for (name, _, shard) in &all {
        for out in ["mine", "theirs"] {
            let (good, said) = openssl_says(&rig, name, &[&format!("{out}/{shard}.crl")]);
            assert!(good, "{said}");
        }
    }
    assert_sound(&rig);
}

#[test]
fn a_second_publication_into_the_same_directory_is_refused() {
    let rig = ready_authority();
    issued(&rig);
    fs::create_dir(rig.path("out")).expect("a directory");
    let mut first = rig.prepare(&create("out"));
    first
        .env("HSM_CA_MODULE", shim())
        .env("CLOUDHSM_SHIM_TARGET", softhsm())
        .env("CLOUDHSM_SHIM_STOP", "C_Sign@2")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut first = first.spawn().expect("it starts");
    wait_until_stopped(first.id());
    let recorded = entries(&rig, &[]).len();
    let message = rig.command(&create("out")).refused(4, "output-in-use");
    assert_eq!(
        message,
        format!("process {} is writing to the directory out", first.id())
    );
    assert_eq!(entries(&rig, &[]).len(), recorded);
    signal(first.id(), Signal::CONT);
    assert!(first.wait().expect("it ends").success());
    assert_eq!(numbers(&rig, "out").iter().flatten().count(), 3);
    assert_eq!(fs::read_dir(rig.path("out")).expect("it").count(), 3);
    assert_sound(&rig);
}
