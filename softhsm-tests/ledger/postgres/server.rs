//! How a server identifies itself, and what it must promise.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use local_postgres::{Cluster, new_database};

use super::{count_events, url_of};
use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::openssl;

/// Makes a key and a certificate for the server, and their CA. `issuer` is the authentication method of that role over TLS.
pub(super) fn serve_tls(rig: &Rig, cluster: &Cluster, issuer: &str) {
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
    let access = format!("local all postgres trust\nhostssl all issuer 127.0.0.1/32 {issuer}\n");
    cluster.write("pg_hba.conf", access.as_bytes());
    cluster.sql("postgres", "ALTER SYSTEM SET ssl = on");
    cluster.reload();
}

#[test]
fn a_server_that_is_not_verified_gets_nothing_and_a_password_shows_nowhere() {
    let cluster = Cluster::start(&[]);
    let rig = ready_authority();
    serve_tls(&rig, &cluster, "scram-sha-256");
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
            "ledger-server-certificate",
        ),
        (
            by_name.replace("root.pem", "customerCA.crt"),
            "file:password",
            4,
            "ledger-server-certificate",
        ),
        (
            by_name.replace("root.pem", "nothing.pem"),
            "file:password",
            2,
            "ledger-root-certificates",
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
fn a_file_of_roots_that_cannot_be_used_is_named() {
    let rig = Rig::without_token();
    rig.write("text.pem", "no certificate\n");
    rig.write("open.pem", "no certificate\n");
    fs::set_permissions(rig.path("open.pem"), fs::Permissions::from_mode(0o666)).expect("a mode");
    fs::create_dir(rig.path("directory")).expect("a directory");
    rig.tool("mkfifo", &["pipe"]).ok();
    for (name, says) in [
        ("nothing.pem", "No such file or directory"),
        ("directory", "is not a regular file"),
        ("pipe", "is not a regular file"),
        ("text.pem", "it has no PEM certificate"),
        ("open.pem", "can be written by users other than its owner"),
    ] {
        let url = format!("postgres://issuer@localhost:1/ca?sslmode=verify-full&sslrootcert={name}");
        let run = rig.json(&["ledger", "list", "--ledger", &url]);
        let message = run.refused(2, "ledger-root-certificates");
        assert!(message.contains(name) && message.contains(says), "{message}");
    }
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
