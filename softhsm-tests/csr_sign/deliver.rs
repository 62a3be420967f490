//! `ledger deliver` writes recorded objects again, and nothing else.

use std::fs;

use serde_json::Value;

use super::delivery::{CRL, assert_sound, last, rig_with_request, sign, with};
use crate::oracle::openssl;

#[test]
fn deliver_writes_only_recorded_objects() {
    let rig = rig_with_request();
    rig.json(&sign("a.csr", "a.crt")).ok();
    let certificate = last(&rig);
    rig.json(&CRL).ok();
    let crl = last(&rig);
    let own = [
        "csr",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=Own",
        "--out",
        "own.csr",
    ];
    rig.json(&own).ok();
    let request = last(&rig);
    let number = |entry: &Value| format!("#{}", entry["entry"]);
    let deliver = |wanted: &str, out: &str, more: &[&str]| {
        rig.json(&with(&["ledger", "deliver", wanted, "--out", out], more))
    };
    let serial = certificate["serial_number"].as_str().expect("a number");
    // Without a token.
    fs::remove_file(rig.path("rig/pin")).expect("the PIN");
    for (wanted, file) in [
        (serial.to_owned(), "a.crt"),
        (number(&certificate), "a.crt"),
        (number(&crl), "ca.crl"),
        (number(&request), "own.csr"),
    ] {
        let out = format!("copy-of-{wanted}");
        let json = deliver(&wanted, &out, &[]).ok().json();
        assert_eq!(json["file"], out.as_str());
        assert_eq!(rig.read(&out), rig.read(file), "{wanted}");
    }
    let before = rig.json(&["ledger", "verify"]).ok().json()["events"].clone();
    deliver(serial, "a.crt", &[]).refused(2, "output-exists");
    assert_eq!(
        rig.json(&["ledger", "verify"]).ok().json()["events"],
        before,
        "nothing happened"
    );
    deliver(serial, "a.crt", &["--force"]).ok();
    deliver(serial, "a.der", &["--der"]).ok();
    openssl(
        &rig,
        &["x509", "-in", "a.crt", "-outform", "DER", "-out", "expected.der"],
    );
    assert_eq!(rig.read("a.der"), rig.read("expected.der"));
    let printed = rig.command(&["ledger", "deliver", serial, "--out", "-"]).ok();
    assert_eq!(printed.stdout.as_bytes(), rig.read("a.crt"));
    deliver("#999", "x", &[]).refused(4, "no-entry");
    deliver("abcdef", "x", &[]).refused(4, "no-entry");
    deliver("#1", "x", &[]).refused(4, "no-entry");
    deliver(serial, "rig/hsm-ca.db", &["--force"]).refused(2, "usage");
    // The CA's own certificate, another CA's, and one that is not a CA's.
    deliver(serial, "with-ca.crt", &["--ca", "customerCA.crt"]).ok();
    deliver(serial, "x", &["--ca", "a.crt"]).refused(3, "other-authority");
    assert!(!rig.path("x").exists());
    assert_sound(&rig);
}

#[test]
fn unkept_and_unsigned_objects_are_not_delivered() {
    let rig = rig_with_request();
    let fails = rig.command_with_rule(&sign("a.csr", "out.crt"), &[("FAIL", "C_Sign:CKR_DEVICE_ERROR")]);
    assert_eq!(fails.code, Some(4), "{fails:#?}");
    let abandoned = format!("#{}", last(&rig)["entry"]);
    let message = rig
        .json(&["ledger", "deliver", &abandoned, "--out", "x"])
        .refused(3, "entry-abandoned");
    assert!(message.contains("C_Sign: CKR_DEVICE_ERROR"), "{message}");

    rig.json(&sign("a.csr", "a.crt")).ok();
    let ask = [
        "ocsp",
        "-issuer",
        "customerCA.crt",
        "-cert",
        "a.crt",
        "-reqout",
        "ask.der",
    ];
    openssl(&rig, &ask);
    let respond = [
        "ocsp",
        "respond",
        "--ca",
        "customerCA.crt",
        "--request",
        "ask.der",
        "--out",
        "answer.der",
    ];
    rig.json(&respond).ok();
    let answer = last(&rig);
    assert_eq!(answer["delivered"], Value::Null);
    let number = format!("#{}", answer["entry"]);
    rig.json(&["ledger", "deliver", &number, "--out", "x"])
        .refused(3, "entry-not-kept");
    assert!(!rig.path("x").exists());
}

#[test]
fn the_certificate_of_an_intermediate_is_found_and_a_key_is_not_an_object() {
    let rig = rig_with_request();
    for label in ["root", "between"] {
        rig.json(&["key", "generate", "--label", label, "--type", "ec:p256"])
            .ok();
    }
    let key = rig.json(&["ledger", "list"]).ok().json()["keys"][0]["entry"].clone();
    let key = format!("#{key}");
    for command in ["deliver", "prove"] {
        let message = rig
            .json(&["ledger", command, &key, "--out", "x"])
            .refused(3, "nothing-to-prove");
        assert!(
            message.starts_with(&format!("entry {key} records "))
                && message.ends_with(&format!("key, and has no signed object to {command}")),
            "{message}"
        );
    }
    let run = |line: &str| rig.json(&line.split(' ').collect::<Vec<_>>()).ok();
    run("ca create --key root --subject CN=Root --profile root --out root.crt");
    run("csr create --key between --subject CN=Between --out between.csr");
    run("csr sign between.csr --ca root.crt --profile intermediate --out between.crt");
    run("csr sign a.csr --ca between.crt --profile ocsp-signer --out leaf.crt");
    let leaf = last(&rig)["serial_number"].as_str().expect("a number").to_owned();
    run(&format!("ledger deliver {leaf} --out copy.crt"));
    assert_eq!(rig.read("copy.crt"), rig.read("leaf.crt"));
}

/// An attacker who can write the ledger changes a certificate in it, and computes every hash again.
#[test]
fn a_certificate_changed_in_the_ledger_is_not_delivered() {
    let rig = rig_with_request();
    rig.json(&sign("a.csr", "a.crt")).ok();
    let entry = last(&rig);
    let script = "
import base64, hashlib, json, sqlite3, sys
path, how = sys.argv[1:]
db = sqlite3.connect(path)
made = db.execute(\"SELECT sql FROM sqlite_master WHERE name = 'events_are_not_changed'\").fetchone()[0]
sequence, body = db.execute(\"SELECT sequence, body FROM events WHERE body LIKE '%\\\"signed\\\"%' ORDER BY 1 DESC\").fetchone()
event = json.loads(body)
der = bytearray(base64.b64decode(event['event']['signed']['der']))
der[-1] ^= 1
event['event']['signed']['der'] = base64.b64encode(der).decode()
if how == 'with-hash':
    event['event']['signed']['sha256'] = hashlib.sha256(der).hexdigest()
db.execute('DROP TRIGGER events_are_not_changed')
db.execute('UPDATE events SET body = ? WHERE sequence = ?', (json.dumps(event, separators=(',', ':')), sequence))
head = bytes(32)
for number, body in db.execute('SELECT sequence, body FROM events ORDER BY sequence').fetchall():
    head = hashlib.sha256(head + body.encode()).digest()
    db.execute('UPDATE events SET hash = ? WHERE sequence = ?', (head, number))
db.execute(made)
db.commit()
";
    for (how, found) in [("with-hash", "signature"), ("plain", "SHA-256")] {
        let copy = rig.copy();
        copy.tool("python3", &["-c", script, "rig/hsm-ca.db", how]).ok();
        let number = format!("#{}", entry["entry"]);
        let message = copy
            .json(&["ledger", "deliver", &number, "--out", "x.crt"])
            .refused(4, "ledger-damaged");
        assert!(message.contains(found), "{message}");
        // Not for the same request either.
        copy.json(&sign("a.csr", "y.crt")).refused(4, "ledger-damaged");
        assert!(!copy.path("x.crt").exists() && !copy.path("y.crt").exists());
    }
}
