//! An issuer that identifies itself to the server by a certificate (`sslcert`, `sslkey`), compared with `psql` and the same files.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Stdio;

use local_postgres::Cluster;

use super::count_events;
use super::server::serve_tls;
use crate::harness::{Rig, Run};
use crate::oracle::{issue, openssl};

const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";

/// A CA for clients, one below it, and an unknown CA; each with the certificates that it issued.
fn make_certificates(rig: &Rig) {
    for (name, subject) in [("clients", "/CN=Clients"), ("strangers", "/CN=Strangers")] {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        let new = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", subject,
        ];
        openssl(
            rig,
            &[&new[..], &["-keyout", &key, "-out", &certificate]].concat(),
        );
    }
    issue(rig, "middle", "clients", "/CN=Issuers", "30", AUTHORITY);
    for (name, authority, subject, days) in [
        ("issuer", "middle", "/CN=issuer", "30"),
        ("expired", "clients", "/CN=issuer", "-1"),
        ("another", "clients", "/CN=another", "30"),
        ("stranger", "strangers", "/CN=issuer", "30"),
    ] {
        issue(rig, name, authority, subject, days, "");
        set_mode(rig, &format!("{name}.key"), 0o600);
    }
    // The server has only the root: the issuer presents the intermediate certificate.
    let chain = [rig.read("issuer.crt"), rig.read("middle.crt")].concat();
    rig.write("issuer.crt", chain);
}

fn set_mode(rig: &Rig, name: &str, mode: u32) {
    fs::set_permissions(rig.path(name), fs::Permissions::from_mode(mode)).expect("a mode");
}

fn url(port: u16, client: Option<(&str, &str)>) -> String {
    let base = format!("postgres://issuer@localhost:{port}/ca?sslmode=verify-full&sslrootcert=root.pem");
    match client {
        Some((certificate, key)) => format!("{base}&sslcert={certificate}&sslkey={key}"),
        None => base,
    }
}

/// A server that accepts the issuer by this method over TLS. It knows the CA for clients.
fn with_server(method: &str) -> (Cluster, Rig) {
    let (cluster, rig) = (Cluster::start(&[]), Rig::without_token());
    make_certificates(&rig);
    cluster.write("clients.pem", &rig.read("clients.crt"));
    cluster.sql("postgres", "ALTER SYSTEM SET ssl_ca_file = 'clients.pem'");
    serve_tls(&rig, &cluster, method);
    cluster.sql(
        "postgres",
        "CREATE DATABASE ca OWNER issuer TEMPLATE template0 ENCODING 'UTF8'",
    );
    (cluster, rig)
}

/// `psql` with the same files. It does not find the files of no client.
fn psql(rig: &Rig, port: u16, client: Option<(&str, &str)>, more: &str) -> Run {
    let (certificate, key) = client.unwrap_or(("none.crt", "none.key"));
    let asked = format!(
        "host=localhost port={port} user=issuer dbname=ca sslmode=verify-full sslrootcert=root.pem sslcert={certificate} sslkey={key} {more}"
    );
    rig.tool("psql", &["-XAtqc", "SELECT 1", &asked])
}

#[test]
fn only_a_certificate_in_the_roles_name_opens_the_ledger() {
    let (cluster, rig) = with_server("cert");
    let port = cluster.port();
    let psql = |client: Option<(&str, &str)>| psql(&rig, port, client, "");
    let run = |client: Option<(&str, &str)>| rig.json(&["ledger", "new", "--ledger", &url(port, client)]);
    for (client, kind, says) in [
        (None, "ledger-server", "SQLSTATE 28000"),
        (Some("another"), "ledger-server", "SQLSTATE 28000"),
        (
            Some("expired"),
            "ledger-certificate-refused",
            "CertificateExpired",
        ),
        (Some("stranger"), "ledger-certificate-refused", "UnknownCA"),
    ] {
        let files = client.map(|name| (format!("{name}.crt"), format!("{name}.key")));
        let files = files
            .as_ref()
            .map(|(certificate, key)| (&certificate[..], &key[..]));
        assert_ne!(psql(files).code, Some(0), "{client:?}");
        let message = run(files).refused(4, kind);
        assert!(message.contains(says), "{client:?}: {message}");
    }
    assert_eq!(psql(Some(("issuer.crt", "issuer.key"))).ok().stdout, "1\n");
    run(Some(("issuer.crt", "issuer.key"))).ok();
    assert_eq!(count_events(&cluster, "ca", "created"), 1);

    // The same key in openssl's older format.
    openssl(&rig, &["ec", "-in", "issuer.key", "-out", "old.key"]);
    assert!(String::from_utf8_lossy(&rig.read("old.key")).contains("BEGIN EC PRIVATE KEY"));
    set_mode(&rig, "old.key", 0o600);
    let listed = [
        "ledger",
        "list",
        "--ledger",
        &url(port, Some(("issuer.crt", "old.key"))),
    ];
    rig.json(&listed).ok();

    // The server's log: the connection was encrypted, and the certificate's name is the role's.
    cluster.sql("postgres", "ALTER SYSTEM SET log_connections = on");
    cluster.reload();
    rig.json(&listed).ok();
    let log = fs::read_to_string(cluster.data().with_file_name("log")).expect("a log");
    assert!(log.contains("identity=\"CN=issuer\" method=cert"), "{log}");
}

#[test]
fn a_server_can_require_a_password_besides_the_certificate() {
    let (cluster, rig) = with_server("scram-sha-256 clientcert=verify-full");
    let port = cluster.port();
    for (name, password) in [("right", "correct horse"), ("wrong", "wrong battery")] {
        rig.write(name, format!("{password}\n"));
        rig.write(&format!("{name}.pgpass"), format!("*:*:*:*:{password}\n"));
        set_mode(&rig, name, 0o600);
        set_mode(&rig, &format!("{name}.pgpass"), 0o600);
    }
    let issuer = Some(("issuer.crt", "issuer.key"));
    let another = Some(("another.crt", "another.key"));
    let run = |client: Option<(&str, &str)>, password: &str| {
        let (url, source) = (url(port, client), format!("file:{password}"));
        let new = ["ledger", "new", "--ledger", &url];
        rig.json(&[&new[..], &["--ledger-password-source", &source]].concat())
    };
    for (client, password) in [(None, "right"), (another, "right"), (issuer, "wrong")] {
        let theirs = psql(&rig, port, client, &format!("passfile={password}.pgpass"));
        let (_, reason) = theirs.stderr.split_once("FATAL:  ").expect("the server's reason");
        let ours = run(client, password);
        assert!(
            !ours.stderr.contains("battery") && !ours.stderr.contains("horse"),
            "{ours:#?}"
        );
        let message = ours.refused(4, "ledger-server");
        // psql adds where it has the password from.
        let reason = reason.lines().next().unwrap_or_default();
        assert!(
            !reason.is_empty() && message.contains(reason),
            "{client:?} {password}: {message}"
        );
    }
    rig.json(&["ledger", "new", "--ledger", &url(port, issuer)])
        .refused(2, "ledger-password");
    assert_eq!(
        psql(&rig, port, issuer, "passfile=right.pgpass").ok().stdout,
        "1\n"
    );
    run(issuer, "right").ok();
    assert_eq!(count_events(&cluster, "ca", "created"), 1);
}

#[test]
fn a_key_that_others_can_read_is_refused_before_anything_is_sent() {
    let rig = Rig::without_token();
    make_certificates(&rig);
    rig.write("root.pem", rig.read("clients.crt"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("not to wait");
    let port = listener.local_addr().expect("an address").port();
    let run = |certificate: &str, key: &str| {
        rig.json(&["ledger", "list", "--ledger", &url(port, Some((certificate, key)))])
    };
    let secret: Vec<_> = rig.read("issuer.key");
    let secret = String::from_utf8(secret).expect("PEM");
    let lines: Vec<_> = secret.lines().filter(|line| !line.starts_with('-')).collect();
    let silent = |run: Run| {
        let said = lines.iter().any(|line| run.stderr.contains(line));
        assert!(!said, "the key is printed");
        run
    };
    let key = "ledger-client-key";
    for mode in [0o644, 0o640 | 0o020, 0o604, 0o660] {
        set_mode(&rig, "issuer.key", mode);
        let message = silent(run("issuer.crt", "issuer.key")).refused(2, key);
        assert!(
            message.contains(&format!("mode {mode:04o}")) || mode & 0o022 != 0,
            "{message}"
        );
    }
    // A group may read only root's file, and another user's file is never used.
    set_mode(&rig, "issuer.key", 0o600);
    chown(rig.path("issuer.key"), Some(65534), None).expect("another owner");
    silent(run("issuer.crt", "issuer.key")).refused(2, key);
    chown(rig.path("issuer.key"), Some(0), None).expect("an owner");

    let encrypt = [
        "pkcs8",
        "-topk8",
        "-in",
        "issuer.key",
        "-passout",
        "pass:x",
        "-out",
        "locked.key",
    ];
    openssl(&rig, &encrypt);
    rig.write("text.key", "not a key\n");
    for name in ["locked.key", "text.key"] {
        set_mode(&rig, name, 0o600);
        silent(run("issuer.crt", name)).refused(2, key);
    }
    silent(run("issuer.crt", "none.key")).refused(2, key);
    let certificate = "ledger-client-certificate";
    silent(run("another.crt", "issuer.key")).refused(2, certificate);
    silent(run("issuer.key", "issuer.key")).refused(2, certificate);
    silent(run("none.crt", "issuer.key")).refused(2, certificate);
    let nobody_came = || listener.accept().is_err();
    assert!(nobody_came());

    // The same files with the modes that libpq accepts: now it connects, and the server hangs up.
    for mode in [0o640, 0o600, 0o400] {
        set_mode(&rig, "issuer.key", mode);
        let mut caller = rig
            .prepare(&[
                "ledger",
                "list",
                "--ledger",
                &url(port, Some(("issuer.crt", "issuer.key"))),
            ])
            .stderr(Stdio::null())
            .spawn()
            .expect("hsm-ca");
        while nobody_came() {
            assert!(
                caller.try_wait().expect("its state").is_none(),
                "it ended first, {mode:o}"
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(caller.wait().expect("its end").code(), Some(4), "{mode:o}");
    }
}
