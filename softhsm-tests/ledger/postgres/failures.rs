//! The way to the server is cut, the server restarts, or a standby takes over.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use local_postgres::{Cluster, Stop, new_database};
use serde_json::Value;

use super::{assert_sound, batch, count_events, make_requests, rig_at, serials};

/// A way to the server that is cut when so many bytes have gone through it, in both directions together.
pub(super) struct CutWay {
    pub(super) port: u16,
    left: Arc<AtomicUsize>,
    was_cut: Arc<AtomicBool>,
    passed: Arc<AtomicUsize>,
}

impl CutWay {
    pub(super) fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let (left, was_cut) = (
            Arc::new(AtomicUsize::new(usize::MAX)),
            Arc::new(AtomicBool::new(false)),
        );
        let passed = Arc::new(AtomicUsize::new(0));
        let way = Self {
            port,
            left: Arc::clone(&left),
            was_cut: Arc::clone(&was_cut),
            passed: Arc::clone(&passed),
        };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                let pairs = [
                    (
                        client.try_clone().expect("a handle"),
                        server.try_clone().expect("a handle"),
                    ),
                    (server, client),
                ];
                for (from, to) in pairs {
                    let (left, was_cut) = (Arc::clone(&left), Arc::clone(&was_cut));
                    let passed = Arc::clone(&passed);
                    thread::spawn(move || pass(from, to, &left, &was_cut, &passed));
                }
            }
        });
        way
    }

    /// How many bytes have come this way since it was last asked.
    pub(super) fn passed(&self) -> usize {
        self.passed.swap(0, Ordering::SeqCst)
    }

    fn cut_after(&self, bytes: usize) {
        self.was_cut.store(false, Ordering::SeqCst);
        self.left.store(bytes, Ordering::SeqCst);
    }
}

fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    left: &AtomicUsize,
    was_cut: &AtomicBool,
    passed: &AtomicUsize,
) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        passed.fetch_add(count, Ordering::SeqCst);
        let before = left.load(Ordering::SeqCst);
        if before != usize::MAX {
            let fits = count.min(before);
            left.store(before - fits, Ordering::SeqCst);
            let _ = to.write_all(&buffer[..fits]);
            if fits < count {
                was_cut.store(true, Ordering::SeqCst);
                // Once: the next connection lasts.
                left.store(usize::MAX, Ordering::SeqCst);
                break;
            }
        } else if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// Wherever the connection is cut, before the commit arrives or before its answer does: the certificate is there once.
#[test]
fn a_connection_that_is_cut_anywhere_loses_nothing_and_doubles_nothing() {
    let (cluster, database) = new_database();
    let way = CutWay::to(cluster.port());
    let rig = rig_at(&format!("postgres://postgres@127.0.0.1:{}/{database}", way.port));
    make_requests(&rig, 1);
    let (mut signed, mut cut) = (0, 0);
    for bytes in (600..14_000).step_by(1100) {
        way.cut_after(bytes);
        let out = format!("{bytes}.crt");
        let run = rig.json(&[
            "csr",
            "sign",
            "in/000.csr",
            "--again",
            "--ca",
            "customerCA.crt",
            "--profile",
            "tls-client",
            "--out",
            &out,
        ]);
        match run.code {
            Some(0) => signed += 1,
            // The very first answer was incomplete: a server that was never reached is not waited for.
            _ => drop(run.refused(4, "ledger-unreachable")),
        }
        cut += usize::from(way.was_cut.load(Ordering::SeqCst));
        for kind in ["begun", "signed", "delivered"] {
            assert_eq!(
                count_events(cluster, &database, kind),
                signed,
                "{kind}, cut after {bytes} bytes"
            );
        }
    }
    assert!(signed > 9, "{signed}");
    assert!(cut > 8, "{cut} were cut, and {signed} signed");
    assert_sound(&rig, cluster, &database);
}

#[test]
fn a_server_that_restarts_and_a_standby_that_takes_over_lose_nothing() {
    let mut primary = Cluster::start(&["wal_keep_size=64MB"]);
    let mut standby = primary.standby("second");
    primary.create_database("ca");
    // What the server is set to does not make a commit wait for the standby; the issuer's sessions do.
    primary.sql("postgres", "ALTER SYSTEM SET synchronous_commit = local");
    primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.reload();
    let url = format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/ca",
        primary.port(),
        standby.port()
    );
    let rig = rig_at(&url);
    make_requests(&rig, 60);
    fs::create_dir(rig.path("out")).expect("a directory");
    thread::scope(|scope| {
        let issuer = scope.spawn(|| {
            let single = |out: &str| {
                rig.json(&[
                    "csr",
                    "sign",
                    "in/000.csr",
                    "--again",
                    "--ca",
                    "customerCA.crt",
                    "--profile",
                    "tls-client",
                    "--out",
                    out,
                ])
            };
            // One that starts while the server is away gets an error that says so, and has recorded nothing.
            let until_done = |number: usize| loop {
                let run = single(&format!("{number}.crt"));
                if run.code == Some(0) {
                    return;
                }
                run.refused(4, "ledger-unreachable");
            };
            (0..6).for_each(until_done);
        });
        thread::sleep(Duration::from_millis(600));
        primary.stop(Stop::Immediate);
        primary.resume();
        issuer.join().expect("an issuer");
    });
    assert_eq!(count_events(&primary, "ca", "delivered"), 6);
    let head = rig.json(&["ledger", "verify"]).ok().json()["head"].clone();
    // The primary is gone for good. The standby has everything that was answered.
    primary.stop(Stop::Immediate);
    rig.json(&["ledger", "list"]).refused(4, "ledger-unreachable");
    standby.promote();
    let verified = rig
        .json(&["ledger", "verify", "--head", head.as_str().expect("a head")])
        .ok()
        .json();
    assert_eq!(
        (&verified["verified"], &verified["head"]),
        (&Value::from(true), &head)
    );
    standby.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''");
    standby.reload();
    rig.json(&batch("out")).ok();
    assert_eq!(serials(&rig, "out").len(), 60);
    assert_sound(&rig, &standby, "ca");
    standby.stop(Stop::Fast);
}
