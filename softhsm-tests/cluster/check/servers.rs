//! `cluster check --connect`: servers that show no certificate, each with its own error, without long waits.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::{SERVER_SUBJECT, check, desk, self_signed, state};
use crate::harness::TlsServer;

/// Answers every connection in this way. Returns its address.
fn answer(how: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            how(stream.expect("a connection"));
        }
    });
    address
}

/// A ClientHello is longer than this.
fn listen(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 64]);
}

#[test]
fn each_server_without_a_certificate_has_its_own_error_in_time() {
    let refusing = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").to_string()
    };
    let silent = answer(|stream| {
        drop(thread::spawn(move || {
            thread::sleep(Duration::from_secs(60));
            drop(stream);
        }))
    });
    // A record of a handshake that never ends, byte by byte.
    let trickling = answer(|mut stream| {
        drop(thread::spawn(move || {
            let header = [0x16, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc];
            for byte in header.iter().chain([&0; 600]) {
                if stream.write_all(&[*byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(100));
            }
        }))
    });
    let talking = answer(|mut stream| {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
        listen(&mut stream);
    });
    let http = answer(|mut stream| {
        listen(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let flooding = answer(|mut stream| {
        listen(&mut stream);
        // Empty handshake records are TLS, and lead nowhere.
        while stream.write_all(&[0x16, 3, 3, 0, 1, 0].repeat(1000)).is_ok() {}
    });
    let closing = answer(|mut stream| listen(&mut stream));
    // TLS with only an alert: handshake_failure.
    let alerting = answer(|mut stream| {
        listen(&mut stream);
        let _ = stream.write_all(&[0x15, 3, 3, 0, 2, 2, 40]);
    });
    let rig = desk();
    let servers = [
        (&refusing, "server-refused"),
        (&silent, "server-timeout"),
        (&trickling, "server-timeout"),
        (&talking, "server-not-tls"),
        (&http, "server-not-tls"),
        (&closing, "server-closed"),
        (&alerting, "server-handshake"),
    ];
    let mut arguments: Vec<_> = servers
        .iter()
        .flat_map(|(address, _)| ["--connect", address])
        .collect();
    arguments.extend(["--connect", &flooding, "--connect", "nosuch.invalid"]);
    let begin = Instant::now();
    let run = check(&rig, &arguments);
    // Ten seconds, and all at once.
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_eq!(run.code, Some(4), "{run:#?}");
    let report = run.json();
    let unreachable = report["unreachable"].as_array().expect("a list");
    assert_eq!(unreachable.len(), servers.len() + 2, "{report:#}");
    for (address, kind) in servers {
        let told = unreachable
            .iter()
            .find(|one| one["server"] == address.as_str())
            .expect("the server");
        assert_eq!(told["error"]["kind"], kind, "{told:#}");
    }
    assert_eq!(report["verified"], serde_json::Value::Null);
    assert_eq!(state(&report, "server-certificate", "certificate"), "not-checked");
    assert_eq!(
        state(&report, "cluster-certificate", "issued-by-customer-ca"),
        "ok",
        "the rest is looked at"
    );
}

#[test]
fn of_several_servers_each_is_judged_and_a_misfit_comes_before_a_silence() {
    let rig = desk();
    let good = TlsServer::start(&rig, "server", None, &[]);
    self_signed(&rig, "other", SERVER_SUBJECT);
    let other = TlsServer::start(&rig, "other", None, &[]);
    let report = check(&rig, &["--connect", good.address(), "--connect", good.address()])
        .ok()
        .json();
    let expiries = report["expiries"].as_array().expect("expiries");
    let told = expiries
        .iter()
        .filter(|one| one["component"] == "server-certificate");
    assert_eq!(told.count(), 1, "one certificate ends once");
    let run = check(
        &rig,
        &[
            "--connect",
            good.address(),
            "--connect",
            other.address(),
            "--connect",
            "127.0.0.1:1",
        ],
    );
    assert_eq!(run.code, Some(3), "{run:#?}");
    let report = run.json();
    let steps = report["checks"].as_array().expect("steps");
    let known = steps.iter().filter(|step| step["check"] == "known-to-the-client");
    let known: Vec<_> = known
        .map(|step| (step["source"].as_str(), step["state"].as_str()))
        .collect();
    assert_eq!(
        known,
        [
            (Some(good.address()), Some("ok")),
            (Some(other.address()), Some("failed")),
        ]
    );
    // AWS's servers show self-signed certificates, not ones issued by a CA.
    rig.write("hsm.key", rig.read("hsm.key"));
    let issued = TlsServer::start(&rig, "hsm", None, &[]);
    let run = check(&rig, &["--connect", issued.address()]);
    assert_eq!(run.code, Some(3));
    assert_eq!(state(&run.json(), "server-certificate", "self-signed"), "failed");
}

#[test]
fn a_bad_or_missing_address_is_refused_before_any_connection() {
    let rig = desk();
    check(&rig, &["--connect", "a b"]).refused(2, "server-address");
    check(&rig, &["--connect", "127.0.0.1:0"]).refused(2, "server-address");
    assert!(
        check(&rig, &["--connect"])
            .refused(2, "usage")
            .contains("CLUSTER")
    );
    check(&rig, &["--connect", "cluster-igklspoyj5v"]).refused(2, "usage");
    check(&rig, &["--connect", "127.0.0.1:1", "--server-cert", "server.crt"]).refused(2, "usage");
    rig.json(&["cluster", "check", "cluster-igklspoyj5v", "--dir", "dir"])
        .refused(2, "usage");
    rig.json(&["cluster", "check"]).refused(2, "usage");
}
