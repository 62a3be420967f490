//! A ledger that is edited with SQLite between two commands: no signature depends on it.

use std::fs;
use std::path::Path;

use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::{make_request, openssl};

/// Runs SQL without the triggers, and restores them, as an attacker would.
const EDIT: &str = r"
import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
triggers = d.execute('SELECT name, sql FROM sqlite_master WHERE type = ?', ('trigger',)).fetchall()
for name, _ in triggers:
    d.execute('DROP TRIGGER ' + name)
d.executescript(sys.argv[2])
for _, sql in triggers:
    d.execute(sql)
d.commit()
d.execute('PRAGMA wal_checkpoint(TRUNCATE)')
";

pub(crate) const LEDGER: &str = "rig/hsm-ca.db";

pub(crate) fn edit(rig: &Rig, sql: &str) {
    rig.tool("python3", &["-c", EDIT, LEDGER, sql]).ok();
}

/// A CA with a revoked certificate, a good one, CRL number 1, and the inputs of the signing commands.
pub(crate) fn busy_authority() -> Rig {
    let rig = ready_authority();
    for name in ["bad", "good", "next"] {
        let request = format!("{name}.csr");
        make_request(
            &rig,
            &request,
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            &["-sha256", "-subj", &format!("/CN={name}")],
        );
    }
    for name in ["bad", "good"] {
        sign(&rig, name).ok();
    }
    revoke(&rig, "bad.crt").ok();
    crl(&rig, "first.crl").ok();
    for name in ["bad", "good"] {
        let certificate = format!("{name}.crt");
        let request = format!("{name}.q");
        openssl(
            &rig,
            &[
                "ocsp",
                "-issuer",
                "customerCA.crt",
                "-cert",
                &certificate,
                "-reqout",
                &request,
            ],
        );
    }
    let other = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "other.key",
        "-out",
        "other.crt",
    ];
    let subject = [
        "-subj",
        "/CN=Other CA",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    ];
    openssl(&rig, &[&other[..], &subject].concat());
    rig
}

fn sign(rig: &Rig, name: &str) -> Run {
    let (request, out) = (format!("{name}.csr"), format!("{name}.crt"));
    let sign = ["csr", "sign", &request, "--ca", "customerCA.crt", "--out", &out];
    rig.json(&[&sign[..], &["--profile", "tls-client"]].concat())
}

fn revoke(rig: &Rig, certificate: &str) -> Run {
    rig.json(&[
        "cert",
        "revoke",
        certificate,
        "--ca",
        "customerCA.crt",
        "--reason",
        "keyCompromise",
    ])
}

pub(crate) fn crl(rig: &Rig, out: &str) -> Run {
    rig.json(&["crl", "create", "--ca", "customerCA.crt", "--out", out, "--force"])
}

/// Every command that signs or decides, by its output.
pub(crate) const DECIDE: [(&str, &[&str]); 8] = [
    (
        "next.crt",
        &[
            "csr",
            "sign",
            "next.csr",
            "--ca",
            "customerCA.crt",
            "--profile",
            "tls-client",
            "--out",
            "next.crt",
        ],
    ),
    (
        "second.crt",
        &[
            "ca",
            "create",
            "--key",
            "customer-ca",
            "--subject",
            "CN=Second",
            "--out",
            "second.crt",
        ],
    ),
    (
        "own.csr",
        &[
            "csr",
            "create",
            "--key",
            "customer-ca",
            "--subject",
            "CN=Own",
            "--out",
            "own.csr",
        ],
    ),
    (
        "cross.crt",
        &[
            "cert",
            "cross-sign",
            "other.crt",
            "--ca",
            "customerCA.crt",
            "--out",
            "cross.crt",
        ],
    ),
    (
        "second.crl",
        &["crl", "create", "--ca", "customerCA.crt", "--out", "second.crl"],
    ),
    (
        "bad.r",
        &[
            "ocsp",
            "respond",
            "--ca",
            "customerCA.crt",
            "--request",
            "bad.q",
            "--out",
            "bad.r",
        ],
    ),
    (
        "good.r",
        &[
            "ocsp",
            "respond",
            "--ca",
            "customerCA.crt",
            "--request",
            "good.q",
            "--out",
            "good.r",
        ],
    ),
    (
        "",
        &[
            "cert",
            "revoke",
            "good.crt",
            "--ca",
            "customerCA.crt",
            "--reason",
            "superseded",
        ],
    ),
];

fn ledger_bytes(rig: &Rig) -> Vec<u8> {
    fs::read(rig.path(LEDGER)).expect("the ledger")
}

#[test]
fn no_command_uses_an_edited_ledger_for_a_decision() {
    let rig = busy_authority();
    // Closed, so that one file has everything.
    edit(&rig, "");
    let sound = ledger_bytes(&rig);
    for sql in [
        "DELETE FROM revocations",
        "DELETE FROM crl_numbers",
        "UPDATE serials SET entry = (SELECT max(entry) FROM serials)",
        "UPDATE revocations SET reason = NULL, revoked = NULL",
        "UPDATE events SET body = replace(body, '\"reason\":1', '\"reason\":6') WHERE body LIKE '%\"revoked\":{%'",
        "DELETE FROM events WHERE body LIKE '%\"revoked\":{%'; DELETE FROM revocations",
        "DELETE FROM events WHERE sequence > (SELECT max(sequence) - 2 FROM events)",
    ] {
        edit(&rig, sql);
        let edited = ledger_bytes(&rig);
        for (out, arguments) in DECIDE {
            let message = rig.json(arguments).refused(4, "ledger-damaged");
            assert!(message.contains(LEDGER), "{sql}: {message}");
            assert!(
                out.is_empty() || !Path::new(&rig.path(out)).exists(),
                "{sql}: {arguments:?}"
            );
        }
        assert!(ledger_bytes(&rig) == edited, "{sql}: something was recorded");
        assert_eq!(rig.json(&["ledger", "verify"]).code, Some(3), "{sql}");
        rig.write(LEDGER, &sound);
    }
    for (_, arguments) in DECIDE {
        rig.json(arguments).ok();
    }
}
