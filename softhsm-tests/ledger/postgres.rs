//! A ledger on a PostgreSQL server: the commands on it, two issuers at once, and what happens when the server, the way to it or an issuer
//! fails.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use local_postgres::{Cluster, Stop, new_database};
use serde_json::Value;

use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::{make_request, openssl};

fn url_of(cluster: &Cluster, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{}/{database}", cluster.port())
}

/// A rig whose CA is known to a ledger at this URL.
fn rig_at(url: &str) -> Rig {
    let rig = ready_authority().with("HSM_CA_LEDGER", url);
    rig.adopt("customerCA.crt");
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
    assert_eq!(verified["sound"], true, "{verified}");
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
            (&verified["sound"], verified["head"].as_str()),
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

/// Whoever began second stops, and delivers what the other one signed when it runs again.
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
                run => assert!(run.stderr.contains("\"request-taken\""), "{run:#?}"),
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

/// A way to the server that is cut when so many bytes have gone through it, in both directions together.
struct CutWay {
    port: u16,
    left: Arc<AtomicUsize>,
    was_cut: Arc<AtomicBool>,
}

impl CutWay {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let (left, was_cut) = (
            Arc::new(AtomicUsize::new(usize::MAX)),
            Arc::new(AtomicBool::new(false)),
        );
        let way = Self {
            port,
            left: Arc::clone(&left),
            was_cut: Arc::clone(&was_cut),
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
                    thread::spawn(move || pass(from, to, &left, &was_cut));
                }
            }
        });
        way
    }

    fn cut_after(&self, bytes: usize) {
        self.was_cut.store(false, Ordering::SeqCst);
        self.left.store(bytes, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, left: &AtomicUsize, was_cut: &AtomicBool) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
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
            // The very first answer was cut off: a server that was never reached is not waited for.
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
            // One that starts while the server is away is told so, and has recorded nothing.
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
        (&verified["sound"], &verified["head"]),
        (&Value::from(true), &head)
    );
    standby.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''");
    standby.reload();
    rig.json(&batch("out")).ok();
    assert_eq!(serials(&rig, "out").len(), 60);
    assert_sound(&rig, &standby, "ca");
    standby.stop(Stop::Fast);
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

/// A key and a certificate for the server, and the CA that issued it.
fn with_tls(rig: &Rig, cluster: &Cluster) {
    openssl(
        rig,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
            "-subj",
            "/CN=Database CA",
            "-days",
            "30",
        ],
    );
    openssl(
        rig,
        &[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
            "-subj",
            "/CN=db",
        ],
    );
    rig.write("server.ext", "subjectAltName=DNS:localhost\n");
    openssl(
        rig,
        &[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-days",
            "30",
            "-extfile",
            "server.ext",
            "-out",
            "server.pem",
        ],
    );
    cluster.write("server.key", &rig.read("server.key"));
    cluster.write("server.crt", &rig.read("server.pem"));
    cluster.sql("postgres", "CREATE ROLE issuer LOGIN PASSWORD 'correct horse'");
    cluster.write(
        "pg_hba.conf",
        b"local all postgres trust\nhostssl all issuer 127.0.0.1/32 scram-sha-256\n",
    );
    cluster.sql("postgres", "ALTER SYSTEM SET ssl = on");
    cluster.reload();
}

#[test]
fn a_server_that_is_not_verified_gets_nothing_and_a_password_shows_nowhere() {
    let cluster = Cluster::start(&[]);
    let rig = ready_authority();
    with_tls(&rig, &cluster);
    cluster.sql(
        "postgres",
        "CREATE DATABASE ca OWNER issuer TEMPLATE template0 ENCODING 'UTF8'",
    );
    rig.write("password", "correct horse\n");
    fs::set_permissions(rig.path("password"), fs::Permissions::from_mode(0o600)).expect("a mode");
    let port = cluster.port();
    let by_name = format!("postgres://issuer@localhost:{port}/ca?sslmode=verify-full&sslrootcert=root.pem");
    let run = |url: &str, source: &str| {
        rig.json(&[
            "ledger",
            "new",
            "--ledger",
            url,
            "--ledger-password-source",
            source,
        ])
    };
    let refusals = [
        (
            format!("postgres://issuer@127.0.0.1:{port}/ca?sslmode=verify-full&sslrootcert=root.pem"),
            "file:password",
            4,
            "ledger-unreachable",
        ),
        (
            by_name.replace("root.pem", "customerCA.crt"),
            "file:password",
            4,
            "ledger-unreachable",
        ),
        (
            by_name.replace("root.pem", "nothing.pem"),
            "file:password",
            2,
            "ledger-mode",
        ),
        // Without TLS the server does not know this user.
        (
            format!("postgres://issuer@localhost:{port}/ca"),
            "file:password",
            4,
            "ledger-server",
        ),
        (by_name.clone(), "env:WRONG_PASSWORD", 4, "ledger-server"),
        (by_name.clone(), "prompt", 2, "usage"),
        (by_name.clone(), "correct horse", 2, "usage"),
        (
            by_name.replace("issuer@", "issuer:correct%20horse@"),
            "file:password",
            2,
            "ledger-url",
        ),
    ];
    for (url, source, code, kind) in refusals {
        let mut command = rig.prepare(&[
            "ledger",
            "new",
            "--format",
            "json",
            "--ledger",
            &url,
            "--ledger-password-source",
            source,
        ]);
        let run = Run::of(command.env("WRONG_PASSWORD", "wrong battery"));
        for secret in ["correct horse", "correct%20horse", "wrong battery"] {
            assert!(!run.stderr.contains(secret), "{run:#?}");
        }
        run.refused(code, kind);
    }
    run(&by_name, "file:password").ok();
    assert_eq!(count_events(&cluster, "ca", "created"), 1);
}

#[test]
fn a_server_that_could_lose_what_it_confirmed_is_refused() {
    let cluster = Cluster::start(&["fsync=off", "full_page_writes=off"]);
    let rig = Rig::without_token();
    let url = |database: &str| url_of(&cluster, database);
    rig.json(&["ledger", "new", "--ledger", &url("postgres")])
        .refused(4, "ledger-not-durable");
    cluster.sql("postgres", "ALTER SYSTEM SET fsync = on");
    // The command line of the server outranks its file, so this one stays as it is.
    rig.json(&["ledger", "list", "--ledger", &url("postgres")])
        .refused(4, "ledger-not-durable");
    let (sound, database) = new_database();
    sound.sql(
        &database,
        "CREATE DATABASE latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    rig.json(&["ledger", "new", "--ledger", &url_of(sound, "latin1")])
        .refused(4, "ledger-not-durable");
    // What the role or the database is set to does not count.
    sound.sql(
        &database,
        &format!("ALTER DATABASE {database} SET synchronous_commit = off"),
    );
    rig.json(&["ledger", "new", "--ledger", &url_of(sound, &database)])
        .ok();
}
