//! Several issuers with one ledger.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use local_postgres::new_database;

use super::{assert_sound, batch, count_events, make_requests, rig_at, serials, url_of};
use crate::csr_sign::batch::assert_taken_while_it_is_signed;
use crate::harness::Run;

#[test]
fn two_issuers_sign_from_one_ledger_and_no_serial_number_is_there_twice() {
    const EACH: usize = 70;
    let (cluster, database) = new_database();
    let rig = rig_at(&url_of(cluster, &database));
    make_requests(&rig, EACH);
    fs::create_dir(rig.path("mine")).expect("a directory");
    fs::create_dir(rig.path("theirs")).expect("a directory");
    let runs: Vec<Run> = thread::scope(|scope| {
        let issuers = ["mine", "theirs"].map(|out| {
            let rig = &rig;
            // The same requests, each signed by each: two certificates for everyone.
            scope.spawn(move || rig.json(&[&batch(out)[..], &["--again"]].concat()))
        });
        issuers.map(|issuer| issuer.join().expect("an issuer")).into()
    });
    runs.into_iter().for_each(|run| drop(run.ok()));
    let all: BTreeSet<_> = [serials(&rig, "mine"), serials(&rig, "theirs")]
        .concat()
        .into_iter()
        .collect();
    assert_eq!(all.len(), 2 * EACH);
    assert_sound(&rig, cluster, &database);
    for kind in ["begun", "signed", "delivered"] {
        assert_eq!(count_events(cluster, &database, kind), 2 * EACH, "{kind}");
    }
}

/// The one that began second stops, and delivers what the other one signed when it runs again.
#[test]
fn two_issuers_with_the_same_requests_sign_one_certificate_for_each() {
    const REQUESTS: usize = 70;
    let (cluster, database) = new_database();
    let rig = rig_at(&url_of(cluster, &database));
    make_requests(&rig, REQUESTS);
    for out in ["mine", "theirs"] {
        fs::create_dir(rig.path(out)).expect("a directory");
    }
    let until_done = |out: &str| {
        for _ in 0..200 {
            match rig.json(&batch(out)) {
                run if run.code == Some(0) => return,
                run => {
                    let kinds = ["\"request-taken\"", "\"request-open\""];
                    assert!(kinds.iter().any(|kind| run.stderr.contains(kind)), "{run:#?}");
                }
            }
        }
        panic!("{out} does not come to an end");
    };
    thread::scope(|scope| {
        for out in ["mine", "theirs"] {
            scope.spawn(move || until_done(out));
        }
    });
    let (mine, theirs) = (serials(&rig, "mine"), serials(&rig, "theirs"));
    assert_eq!((mine.len(), &mine), (REQUESTS, &theirs));
    assert_eq!(count_events(cluster, &database, "signed"), REQUESTS);
    assert_sound(&rig, cluster, &database);
}

#[test]
fn a_request_is_refused_while_another_issuer_signs_it() {
    let (cluster, database) = new_database();
    let rig = rig_at(&url_of(cluster, &database));
    make_requests(&rig, 1);
    assert_taken_while_it_is_signed(&rig);
    assert_eq!(count_events(cluster, &database, "signed"), 1);
}

#[test]
fn an_issuer_that_is_killed_leaves_what_the_next_one_continues() {
    let (cluster, database) = new_database();
    let rig = rig_at(&url_of(cluster, &database));
    make_requests(&rig, 70);
    fs::create_dir(rig.path("out")).expect("a directory");
    let mut issuer = rig
        .prepare(&batch("out"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("an issuer");
    while count_events(cluster, &database, "begun") == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    issuer.kill().expect("killed");
    issuer.wait().expect("gone");
    rig.json(&batch("out")).ok();
    assert_eq!(serials(&rig, "out").len(), 70);
    assert_sound(&rig, cluster, &database);
    assert_eq!(count_events(cluster, &database, "signed"), 70);
}
