//! Signed, and then? What was signed reaches its file, or somebody is told; and one request has one certificate.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Rig, Run, ready_authority, signal, wait_until_stopped};
use crate::oracle::{make_request, openssl};

const CRL: [&str; 6] = ["crl", "create", "--ca", "customerCA.crt", "--out", "ca.crl"];

fn sign<'a>(request: &'a str, out: &'a str) -> Vec<&'a str> {
    let profile = ["--profile", "tls-client"];
    [
        &["csr", "sign", request, "--ca", "customerCA.crt", "--out", out][..],
        &profile,
    ]
    .concat()
}

fn with<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

fn rig_with_request() -> Rig {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    rig
}

fn entries(rig: &Rig, more: &[&str]) -> Vec<Value> {
    let list = [&["ledger", "list", "--last", "1000"], more].concat();
    rig.json(&list).ok().json()["entries"]
        .as_array()
        .expect("entries")
        .clone()
}

fn last(rig: &Rig) -> Value {
    entries(rig, &[]).pop().expect("an entry")
}

fn count(rig: &Rig) -> usize {
    entries(rig, &[]).len()
}

#[track_caller]
fn assert_sound(rig: &Rig) {
    let verified = rig.json(&["ledger", "verify"]).ok().json();
    assert_eq!(verified["sound"], true, "{verified}");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/verify_ledger.py");
    let ledger = rig.path("rig/hsm-ca.db");
    Run::of(Command::new("python3").arg(script).arg(ledger)).ok();
}

/// The temporary file of an output, once there is something in it.
fn wait_for_content(rig: &Rig) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        for name in fs::read_dir(rig.path(".")).expect("the directory").flatten() {
            let is_ours = name.file_name().to_string_lossy().starts_with(".hsm-ca-");
            if is_ours && name.metadata().is_ok_and(|found| found.len() > 0) {
                return true;
            }
        }
        if rig.path("out.crt").exists() {
            return false;
        }
    }
    panic!("nothing was written");
}

/// Killed when the signature is recorded and its file has no name yet. The process is stopped at the signature, so that the wait
/// for its file is short.
fn kill_before_the_file(rig: &Rig) {
    for _ in 0..30 {
        let mut command = rig.prepare(&with(&sign("a.csr", "out.crt"), &["--again"]));
        command
            .env("HSM_CA_MODULE", crate::harness::shim())
            .env("CLOUDHSM_SHIM_TARGET", crate::harness::softhsm())
            .env("CLOUDHSM_SHIM_STOP", "C_Sign!")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut victim = command.spawn().expect("the program");
        wait_until_stopped(victim.id());
        signal(victim.id(), Signal::CONT);
        let killed = wait_for_content(rig) && victim.kill().is_ok();
        victim.wait().expect("its end");
        if killed && !rig.path("out.crt").exists() {
            assert_eq!(last(rig)["state"], "signed", "what is written is recorded");
            return;
        }
        let _ = fs::remove_file(rig.path("out.crt"));
    }
    panic!("it was always too fast");
}

#[test]
fn killed_between_signature_and_file_the_next_command_says_so_and_delivers_the_same() {
    let rig = rig_with_request();
    kill_before_the_file(&rig);
    let lost = last(&rig);
    let number = format!("#{}", lost["entry"]);
    assert_eq!(lost["delivered"], false);
    assert_eq!(entries(&rig, &["--open"]).last(), Some(&lost));

    // Every signing command says so, before anything else, with the command that helps.
    let command = format!("hsm-ca ledger deliver '{number}' --out FILE");
    let told = rig.command(&CRL).ok().stderr;
    let line = told.lines().next().expect("a line");
    assert!(line.contains(&command) && line.starts_with("warning: "), "{told}");
    let own = [
        "csr",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=Test CA,O=Test,C=US",
        "--out",
        "own.csr",
    ];
    let refused = [
        "cert",
        "cross-sign",
        "customerCA.crt",
        "--ca",
        "customerCA.crt",
        "--out",
        "x.crt",
    ];
    make_request(&rig, "b.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    for arguments in [&with(&CRL, &["--force"])[..], &own, &sign("b.csr", "b.crt")] {
        let warnings = rig.json(arguments).ok().json()["warnings"].to_string();
        assert!(warnings.contains(&command), "{arguments:?}: {warnings}");
    }
    // Also where it is refused later.
    let _ = rig.json(&refused);

    // The same request again: the module is loaded while the ledger is read, and the token is not asked.
    let again = rig.command_with_rule(&with(&["--format", "json"], &sign("a.csr", "out.crt")), &[]);
    let again = again.ok().json();
    let certificate = &again["certificates"][0];
    assert_eq!(
        (&certificate["retried"], &certificate["entry"]),
        (&true.into(), &lost["entry"])
    );
    assert_eq!(
        again["warnings"][0].as_str().map(|line| line.contains(&command)),
        Some(true)
    );
    let log = fs::read_to_string(rig.path("calls.log")).unwrap_or_default();
    let of_the_module = |call: &str| call.starts_with("C_Initialize ") || call.starts_with("C_Finalize ");
    assert!(log.lines().all(of_the_module), "the token was asked: {log}");
    assert_eq!(rig.read("out.crt"), lost["pem"].as_str().expect("PEM").as_bytes());
    assert_eq!(last_of(&rig, &lost)["delivered"], true);
    let quiet = rig.json(&with(&CRL, &["--force"])).ok().json();
    assert_eq!(quiet["warnings"], Value::Null);
    assert_sound(&rig);
}

fn last_of(rig: &Rig, entry: &Value) -> Value {
    let shown = rig
        .json(&["ledger", "show", &format!("#{}", entry["entry"])])
        .ok()
        .json();
    shown["entries"][0].clone()
}

/// Killed at moments spread over the whole life of the process, again and again for one request.
#[test]
fn however_often_it_is_killed_one_request_is_signed_once() {
    let rig = rig_with_request();
    let start = Instant::now();
    rig.json(&with(&sign("a.csr", "first.crt"), &["--days", "7"]))
        .ok();
    let whole = start.elapsed();
    let before = count(&rig);
    for turn in 0..24_u32 {
        let mut command = rig.prepare(&sign("a.csr", "out.crt"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut victim = command.spawn().expect("the program");
        thread::sleep(whole * turn / 16);
        let _ = victim.kill();
        victim.wait().expect("its end");
        if rig.path("out.crt").exists() {
            let signed: Vec<_> = signed_since(&rig, before);
            assert_eq!(signed.len(), 1, "turn {turn}");
            assert_eq!(
                rig.read("out.crt"),
                signed[0]["pem"].as_str().expect("PEM").as_bytes()
            );
            fs::remove_file(rig.path("out.crt")).expect("the output");
        }
        // SoftHSM rewrites the token file at every login, and one that is killed in it leaves no token.
        if rig.json(&["key", "show", "customer-ca"]).code != Some(0) {
            break;
        }
    }
    let signed = signed_since(&rig, before);
    assert!(signed.len() <= 1, "{signed:#?}");
    assert_sound(&rig);
}

fn signed_since(rig: &Rig, before: usize) -> Vec<Value> {
    let added = entries(rig, &[]).split_off(before);
    added
        .into_iter()
        .filter(|entry| entry["state"] == "signed")
        .collect()
}

#[test]
fn an_entry_that_is_open_is_named_and_its_request_is_signed() {
    let rig = rig_with_request();
    let killed = rig.command_with_rule(&sign("a.csr", "out.crt"), &[("KILL", "C_Sign!")]);
    assert_eq!(killed.code, None);
    let open = last(&rig);
    let number = format!("#{}", open["entry"]);
    let run = rig.command(&sign("a.csr", "out.crt")).ok();
    let line = run.stderr.lines().next().expect("a line");
    assert!(
        line.contains(&format!("{number} (certificate) begun, and not ended")),
        "{line}"
    );
    assert!(line.contains(&format!("hsm-ca ledger show '{number}'")), "{line}");
    assert_ne!(last(&rig)["entry"], open["entry"]);

    // Nobody knows whether there is such a certificate: it is not delivered, and can be revoked; then it is settled.
    let message = rig
        .json(&["ledger", "deliver", &number, "--out", "x.crt"])
        .refused(3, "entry-open");
    assert!(message.contains("not known"), "{message}");
    let serial = open["serial_number"].as_str().expect("a number");
    rig.json(&[
        "cert",
        "revoke",
        serial,
        "--ca",
        "customerCA.crt",
        "--reason",
        "superseded",
    ])
    .ok();
    assert_eq!(rig.json(&CRL).ok().json()["warnings"], Value::Null);
    assert!(!rig.path("x.crt").exists());
}

#[test]
fn the_same_request_is_a_retry_only_where_the_same_would_be_signed() {
    let rig = rig_with_request();
    let first = rig.json(&sign("a.csr", "1.crt")).ok().json();
    assert_eq!(first["certificates"][0]["retried"], false);
    let retried = |arguments: &[&str]| -> bool {
        let before = count(&rig);
        let json = rig.json(arguments).ok().json();
        let retried = json["certificates"][0]["retried"] == true;
        assert_eq!(count(&rig), before + usize::from(!retried), "{arguments:?}");
        retried
    };
    assert!(retried(&sign("a.csr", "2.crt")));
    assert_eq!(rig.read("1.crt"), rig.read("2.crt"));
    // In other clothes.
    openssl(&rig, &["req", "-in", "a.csr", "-outform", "DER", "-out", "a.der"]);
    assert!(retried(&with(&sign("a.der", "3.crt"), &["--der"])));
    // Somebody wants another one.
    assert!(!retried(&with(&sign("a.csr", "4.crt"), &["--again"])));
    // The newest is delivered.
    assert!(retried(&sign("a.csr", "5.crt")));
    assert_eq!(rig.read("4.crt"), rig.read("5.crt"));
    // Another validity, hash or profile makes another certificate.
    for more in [&["--days", "7"][..], &["--hash", "sha384"]] {
        let out = format!("with-{}.crt", more[1]);
        assert!(!retried(&with(&sign("a.csr", &out), more)), "{more:?}");
        assert!(
            retried(&with(&sign("a.csr", &format!("again-{out}")), more)),
            "{more:?}"
        );
    }
    let server = [
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "ocsp-signer",
        "--out",
        "6.crt",
    ];
    assert!(!retried(&server));
    // Another request with the same subject and key.
    let arguments = [
        "req",
        "-new",
        "-key",
        "request.key",
        "-subj",
        "/CN=other",
        "-sha512",
        "-out",
        "b.csr",
    ];
    openssl(&rig, &arguments);
    assert!(!retried(&sign("b.csr", "7.crt")));
    // A revoked certificate is delivered to nobody.
    let serial = last(&rig)["serial_number"].as_str().expect("a number").to_owned();
    rig.json(&[
        "cert",
        "revoke",
        &serial,
        "--ca",
        "customerCA.crt",
        "--reason",
        "superseded",
    ])
    .ok();
    assert!(!retried(&sign("b.csr", "8.crt")));
    assert_sound(&rig);
}

/// It is not the name of a profile that counts.
#[test]
fn a_profile_that_was_changed_is_another_profile() {
    let rig = rig_with_request();
    let arguments = [
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "./own.toml",
        "--force",
        "--out",
        "a.crt",
    ];
    let sound = "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nlongest-days = 60\nkeys = [\"rsa:2048\"]\n\
        key-usage = [\"digitalSignature\"]\nextended-key-usage = [\"clientAuth\"]\n";
    for (text, retried) in [
        (sound.to_owned(), false),
        (sound.to_owned(), true),
        (sound.replace("clientAuth", "serverAuth"), false),
        // Another name, and the same content.
        (
            sound.replace("mine", "yours").replace("clientAuth", "serverAuth"),
            true,
        ),
        (sound.replace("days = 30", "days = 31"), false),
        (sound.to_owned(), true),
    ] {
        rig.write("own.toml", &text);
        let json = rig.json(&arguments).ok().json();
        assert_eq!(json["certificates"][0]["retried"], retried, "{text}");
    }
}

#[test]
fn a_batch_delivers_what_was_signed_and_signs_the_rest() {
    let rig = rig_with_request();
    make_request(&rig, "b.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    fs::copy(rig.path("b.csr"), rig.path("c.csr")).expect("a copy");
    rig.json(&sign("a.csr", "first.crt")).ok();
    let before = count(&rig);
    let batch = [
        "csr",
        "sign",
        "a.csr",
        "b.csr",
        "c.csr",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        ".",
        "--profile",
        "tls-client",
    ];
    let json = rig.json(&batch).ok().json();
    let retried: Vec<_> = json["certificates"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["retried"].as_bool().expect("a word"))
        .collect();
    assert_eq!(retried, [true, false, true]);
    assert_eq!(count(&rig), before + 1);
    assert_eq!(rig.read("a.crt"), rig.read("first.crt"));
    // One request, given twice.
    assert_eq!(rig.read("b.crt"), rig.read("c.crt"));
    let again = rig.json(&with(&batch, &["--again", "--force"])).ok().json();
    assert_eq!(again["certificates"][2]["retried"], false);
    assert_ne!(rig.read("b.crt"), rig.read("c.crt"));
    assert_eq!(entries(&rig, &["--open"]), Vec::<Value>::new());
}

#[test]
fn deliver_writes_what_is_recorded_and_nothing_else() {
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
    // No token is there.
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
    deliver("#999", "x", &[]).refused(3, "no-entry");
    deliver("abcdef", "x", &[]).refused(3, "no-entry");
    deliver("#2", "x", &[]).refused(3, "no-entry");
    deliver(serial, "rig/hsm-ca.db", &["--force"]).refused(2, "usage");
    // The CA's own, that of another CA, and no CA at all.
    deliver(serial, "with-ca.crt", &["--ca", "customerCA.crt"]).ok();
    deliver(serial, "x", &["--ca", "a.crt"]).refused(3, "other-authority");
    assert!(!rig.path("x").exists());
    assert_sound(&rig);
}

#[test]
fn what_is_not_kept_or_not_signed_is_not_delivered() {
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

/// Somebody who can write the ledger changes a certificate in it, and computes every hash again.
#[test]
fn what_was_changed_in_the_ledger_is_not_delivered() {
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
        // Nor by the same request.
        copy.json(&sign("a.csr", "y.crt")).refused(4, "ledger-damaged");
        assert!(!copy.path("x.crt").exists() && !copy.path("y.crt").exists());
    }
}

#[test]
fn stdout_counts_when_it_was_written() {
    let rig = rig_with_request();
    for arguments in [&sign("a.csr", "-")[..], &with(&CRL[..4], &["--out", "-"])] {
        for json in [false, true] {
            let arguments = with(arguments, if json { &["--format", "json"] } else { &[] });
            let run = rig.command(&arguments).ok();
            assert!(
                run.stdout.contains("-----BEGIN "),
                "{arguments:?}: {}",
                run.stdout
            );
            assert_eq!(last(&rig)["delivered"], true, "{arguments:?}");
        }
    }
    // The reader has gone away.
    let arguments = with(&sign("a.csr", "-"), &["--again"]);
    let mut command = rig.prepare(&arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    drop(child.stdout.take());
    let mut told = String::new();
    child
        .stderr
        .take()
        .expect("stderr")
        .read_to_string(&mut told)
        .expect("text");
    assert_eq!(child.wait().expect("its end").code(), Some(1), "{told}");
    let lost = last(&rig);
    assert_eq!(
        (&lost["state"], &lost["delivered"]),
        (&"signed".into(), &false.into())
    );
    let told = rig.command(&CRL).ok().stderr;
    assert!(
        told.contains(&format!("hsm-ca ledger deliver '#{}'", lost["entry"])),
        "{told}"
    );
}
