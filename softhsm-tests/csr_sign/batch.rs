//! Many requests: from directories and lists, in several sessions at once, interrupted and continued.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::delivery::{assert_sound, count, entries};
use crate::harness::{Rig, Run, TokenKind, authority, signal, wait_until_stopped};
use crate::oracle::{make_request, openssl};

const MANY: usize = 150;

pub(crate) fn batch<'a>(inputs: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let sign = ["csr", "sign"];
    let rest = [
        "--ca",
        "customerCA.crt",
        "--out-dir",
        "out",
        "--profile",
        "tls-client",
    ];
    [&sign[..], inputs, &rest, more].concat()
}

/// A rig with this many requests in `in/`, with one key and different names.
pub(crate) fn rig_with(requests: usize) -> Rig {
    rig_on(TokenKind::SoftHsm, requests)
}

pub(super) fn rig_on(kind: TokenKind, requests: usize) -> Rig {
    let rig = authority(kind, "RSA_2048");
    make_request(
        &rig,
        "first.csr",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &[],
    );
    for directory in ["in", "out"] {
        fs::create_dir(rig.path(directory)).expect("a directory");
    }
    for number in 0..requests {
        let (subject, file) = (format!("/CN=client {number:03}"), format!("in/{number:03}.csr"));
        let arguments = [
            "req",
            "-new",
            "-key",
            "request.key",
            "-subj",
            &subject,
            "-out",
            &file,
        ];
        openssl(&rig, &arguments);
    }
    rig
}

/// One JSON object a line; the last one is the summary.
pub(crate) fn lines(run: &Run) -> (Vec<Value>, Value) {
    let mut lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let summary = lines.pop().expect("a summary");
    assert_eq!(summary["result"], "summary", "{summary}");
    (lines, summary)
}

pub(crate) fn results(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["result"].as_str().expect("a word"))
        .collect()
}

/// Every file in `out/` is a certificate of the CA with a unique serial number.
#[track_caller]
pub(super) fn assert_certificates(rig: &Rig, wanted: usize) {
    let files: Vec<_> = fs::read_dir(rig.path("out"))
        .expect("a directory")
        .map(|entry| entry.expect("a file").path())
        .collect();
    assert_eq!(files.len(), wanted, "{files:?}");
    let paths: Vec<_> = files.iter().map(|path| path.to_str().expect("UTF-8")).collect();
    let verify = [&["verify", "-CAfile", "customerCA.crt"][..], &paths].concat();
    assert_eq!(openssl(rig, &verify).matches(": OK").count(), wanted);
    let listed = entries(rig, &[]);
    let serials: BTreeSet<_> = listed
        .iter()
        .map(|entry| entry["serial_number"].to_string())
        .collect();
    assert_eq!(serials.len(), listed.len());
}

/// How often this function of the module was called.
pub(crate) fn calls(rig: &Rig, function: &str) -> usize {
    let log = fs::read_to_string(rig.path("calls.log")).expect("the log");
    log.lines()
        .filter(|line| line.starts_with(&format!("{function} rv=0x0")))
        .count()
}

#[test]
fn a_directory_is_signed_in_several_sessions_once_each_and_reported_in_order() {
    let rig = rig_with(MANY);
    fs::write(rig.path("in/readme.txt"), "no request").expect("a file");
    fs::write(rig.path("in/.hidden.csr"), "no request").expect("a file");
    let before = count(&rig);
    let arguments = ["--format", "json"];
    let run = rig.command_with_rule(&[&arguments[..], &batch(&["in"], &["--jobs", "4"])].concat(), &[]);
    let (told, summary) = lines(&run.ok());
    assert_eq!(results(&told), ["issued"; MANY]);
    for (number, line) in told.iter().enumerate() {
        assert_eq!(line["request"], format!("in/{number:03}.csr"));
        assert_eq!(line["subject"], format!("CN=client {number:03}"));
        assert_eq!(line["file"], format!("out/{number:03}.crt"));
    }
    assert_eq!(
        (&summary["issued"], &summary["refused"]),
        (&MANY.into(), &0.into())
    );
    assert_certificates(&rig, MANY);
    assert_eq!(count(&rig), before + MANY);
    assert_eq!(entries(&rig, &["--open"]), Vec::<Value>::new());
    // One login, one session for each signer and one for the rest, and no extra signatures.
    assert_eq!(calls(&rig, "C_Login"), 1);
    assert_eq!(calls(&rig, "C_OpenSession"), 5);
    assert_eq!(calls(&rig, "C_SignInit"), MANY);
    assert_sound(&rig);

    // The same command again: everything exists, and the token is not used.
    let run = rig.json(&batch(&["in"], &[])).ok();
    let (told, summary) = lines(&run);
    assert_eq!(results(&told), ["delivered-again"; MANY]);
    assert_eq!(
        (&summary["issued"], &summary["delivered_again"]),
        (&0.into(), &MANY.into())
    );
    assert_eq!(count(&rig), before + MANY);
}

#[test]
fn a_list_on_stdin_names_requests_by_lines_or_by_nul() {
    let rig = rig_with(3);
    let strange = "in/two\nlines.csr";
    fs::rename(rig.path("in/002.csr"), rig.path(strange)).expect("a rename");
    let listed = |list: &[u8], more: &[&str]| -> Run {
        let mut command =
            rig.prepare(&[&["--format", "json"][..], &batch(&[], &["--from-stdin"]), more].concat());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        child
            .stdin
            .take()
            .expect("stdin")
            .write_all(list)
            .expect("a list");
        Run::from(child.wait_with_output().expect("an end"))
    };
    let (told, _) = lines(&listed(b"in/000.csr\r\nin/001.csr\r\n\r\n", &[]).ok());
    assert_eq!(results(&told), ["issued"; 2]);
    // Not UTF-8.
    let [request, certificate] = [&b"in/caf\xe9.csr"[..], b"out/caf\xe9.crt"].map(OsStr::from_bytes);
    fs::copy(rig.path("in/000.csr"), rig.path(".").join(request)).expect("a copy");
    let (told, _) = lines(&listed(b"in/caf\xe9.csr\n", &[]).ok());
    assert_eq!(results(&told), ["delivered-again"]);
    fs::remove_file(rig.path(".").join(certificate)).expect("the certificate");
    let list = format!("in/001.csr\0{strange}\0");
    let (told, _) = lines(&listed(list.as_bytes(), &[]).ok());
    assert_eq!(results(&told), ["delivered-again", "issued"]);
    assert_certificates(&rig, 3);
    // A list that is empty, or that names stdin itself or a missing file.
    for (list, code, words) in [
        (&b""[..], 2, "is empty"),
        (b"in/000.csr\n-\n", 2, "stdin itself"),
        (b"in/999.csr\n", 2, "in/999.csr"),
    ] {
        let run = listed(list, &[]);
        assert_eq!(run.code, Some(code), "{run:?}");
        assert!(run.stderr.contains(words), "{run:?}");
    }
    fs::create_dir(rig.path("empty")).expect("a directory");
    let message = rig.json(&batch(&["empty"], &[])).refused(2, "usage");
    assert!(
        message.contains("empty has no files that end in .csr"),
        "{message}"
    );
}

#[test]
fn a_bad_request_stops_the_batch_before_it_begins_or_is_reported_and_passed_over() {
    let rig = rig_with(30);
    let mut broken = fs::read(rig.path("in/007.csr")).expect("a request");
    let at = broken.len() / 2;
    broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
    fs::write(rig.path("in/007.csr"), broken).expect("a write");
    make_request(&rig, "in/011.csr", &["-newkey", "rsa:1024"], &["-sha256"]);
    fs::remove_file(rig.path("in/029.csr")).expect("a file");
    std::os::unix::fs::symlink("nowhere", rig.path("in/029.csr")).expect("a link");
    fs::write(rig.path("out/005.crt"), "not ours").expect("a write");
    let before = count(&rig);
    let message = rig.json(&batch(&["in"], &[])).refused(3, "bad-signature");
    assert!(
        message.contains("at least 3 of 30 requests were refused, and none was signed: in/007.csr"),
        "{message}"
    );
    // What only the ledger shows is counted in the same way: 005 is not this CA's.
    let good: Vec<_> = (1..7).map(|number| format!("in/{number:03}.csr")).collect();
    let good: Vec<_> = good.iter().map(String::as_str).collect();
    let message = rig.json(&batch(&good, &[])).refused(2, "output-exists");
    assert!(
        message.contains("1 of 6 requests was refused, and none was signed: out/005.crt already exists"),
        "{message}"
    );
    assert_eq!(count(&rig), before, "nothing is signed if one is refused");

    let run = rig.json(&batch(&["in"], &["--keep-going"]));
    assert_eq!(run.code, Some(3), "{run:?}");
    let (told, summary) = lines(&run);
    assert_eq!((&summary["issued"], &summary["refused"]), (&26.into(), &4.into()));
    for (number, line) in told.iter().enumerate() {
        assert_eq!(line["request"], format!("in/{number:03}.csr"));
        let kind = match number {
            5 => "output-exists",
            11 => "weak-key",
            29 => "unreadable-file",
            7 => {
                assert_eq!(line["result"], "refused");
                continue;
            }
            _ => {
                assert_eq!(line["result"], "issued", "{line}");
                continue;
            }
        };
        assert_eq!(line["error"]["kind"], kind, "{line}");
    }
    assert_eq!(
        fs::read_to_string(rig.path("out/005.crt")).expect("the file"),
        "not ours"
    );
    fs::remove_file(rig.path("out/005.crt")).expect("the file");
    assert_certificates(&rig, 26);
    // The text has the same.
    let run = rig.command(&batch(&["in"], &["--keep-going"]));
    assert_eq!(run.code, Some(3));
    assert!(run.stdout.contains("\nREFUSED  in/011.csr"), "{}", run.stdout);
    assert!(
        run.stdout
            .contains("\n1 signed, 26 delivered again without signing, 3 refused in "),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 120),
        "{}",
        run.stdout
    );
    assert_sound(&rig);
}

/// While another process signs a request, it is refused. Afterwards, what was signed is delivered.
#[track_caller]
pub(crate) fn assert_taken_while_it_is_signed(rig: &Rig) {
    let sign = |out| {
        let of = ["--ca", "customerCA.crt", "--profile", "tls-client", "--out", out];
        [&["--format", "json", "csr", "sign", "in/000.csr"][..], &of].concat()
    };
    let open = || {
        let listed = entries(rig, &["--open"]);
        listed.iter().any(|entry| entry["state"] == "begun")
    };
    thread::scope(|scope| {
        let slow = [("LATENCY_MS", "4000"), ("LATENCY_CALLS", "C_Sign")];
        let first = scope.spawn(move || rig.command_with_rule(&sign("first.crt"), &slow));
        let start = Instant::now();
        while !open() {
            assert!(start.elapsed() < Duration::from_secs(30), "nothing has begun");
        }
        let refused = rig.command(&sign("second.crt"));
        assert!(!first.is_finished(), "the first signature was made too early");
        let told = refused.refused(3, "request-open");
        assert!(
            told.contains("in/000.csr: a certificate for the same request was begun"),
            "{told}"
        );
        assert!(!rig.path("second.crt").exists());
        first.join().expect("the first process").ok();
    });
    rig.command(&sign("second.crt")).ok();
    let serial = |file| openssl(rig, &["x509", "-in", file, "-noout", "-serial"]);
    assert_eq!(serial("first.crt"), serial("second.crt"));
}

#[test]
fn a_request_is_refused_while_another_process_signs_it() {
    assert_taken_while_it_is_signed(&rig_with(1));
}

/// Ctrl-C after the twentieth signature: what is signed is delivered, and nothing else is left.
#[test]
fn an_interrupted_batch_delivers_what_is_signed_and_the_same_command_continues() {
    let rig = rig_with(MANY);
    let arguments = [&["--format", "json"][..], &batch(&["in"], &["--jobs", "3"])].concat();
    let mut command = rig.prepare(&arguments);
    command
        .env("HSM_CA_MODULE", crate::harness::shim())
        .env("CLOUDHSM_SHIM_TARGET", crate::harness::softhsm())
        .env("CLOUDHSM_SHIM_STOP", "C_Sign!@20")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let process = command.spawn().expect("the program");
    let id = process.id();
    wait_until_stopped(id);
    signal(id, Signal::INT);
    signal(id, Signal::CONT);
    let ended = process.wait_with_output().expect("its end");
    assert_eq!(ended.status.signal(), Some(2), "{ended:?}");
    let stderr: Value = serde_json::from_slice(&ended.stderr).expect("JSON");
    assert_eq!(stderr["error"]["kind"], "interrupted", "{stderr}");
    let issued = String::from_utf8_lossy(&ended.stdout).lines().count();
    let files = fs::read_dir(rig.path("out")).expect("a directory");
    assert_eq!(files.count(), issued, "{ended:?}");
    assert!((15..MANY).contains(&issued), "{issued}");
    let open = entries(&rig, &["--open"]);
    assert!(open.is_empty(), "{open:?}");
    rig.json(&batch(&["in"], &["--jobs", "3"])).ok();
    assert_certificates(&rig, MANY);
    assert_sound(&rig);
}

#[test]
fn killed_at_any_moment_the_same_command_continues() {
    let rig = rig_with(MANY);
    let mut begun = 0;
    let arguments = [&["--format", "json"][..], &batch(&["in"], &["--jobs", "3"])].concat();
    // Before a signature, after it, and during writes to the ledger and the files.
    for (turn, rule) in ["C_Sign@30", "C_Sign!@90", "C_SignInit@50", "C_Sign!@9"]
        .into_iter()
        .enumerate()
    {
        let killed = rig.command_with_rule(&arguments, &[("KILL", rule)]);
        assert_eq!(killed.code, None, "{killed:?}");
        begun += calls(&rig, "C_SignInit");
        let there = fs::read_dir(rig.path("out")).expect("a directory");
        for file in there.map(|entry| entry.expect("a file").path()) {
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            // Whole, and in the ledger.
            openssl(
                &rig,
                &[
                    "verify",
                    "-CAfile",
                    "customerCA.crt",
                    file.to_str().expect("UTF-8"),
                ],
            );
        }
        assert!(turn > 0 || begun >= 15, "{begun}");
    }
    let (told, _) = lines(&rig.json(&batch(&["in"], &["--jobs", "3"])).ok());
    assert_eq!(told.len(), MANY);
    assert_certificates(&rig, MANY);
    assert_sound(&rig);
    // Every certificate that the ledger has was delivered, and none was signed twice.
    let listed = entries(&rig, &[]);
    let signed = |entry: &&Value| entry["state"] == "signed" && entry["profile"] == "tls-client";
    assert_eq!(listed.iter().filter(signed).count(), MANY);
}
