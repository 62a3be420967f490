//! A power failure in the middle of a batch: any subset of the writes since the last sync may be lost, but nothing that was promised.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::batch::{batch, lines, rig_with};
use super::delivery::{assert_sound, entries};
use crate::harness::{PROGRAM, Rig};
use crate::oracle::openssl;

const MANY: usize = 70;

/// How many moments are tried, four states of the disk at each.
const CUTS: &str = "12";

/// Runs power_cut.py on a trace and returns its output.
fn cut(rig: &Rig, trace: &str, keep: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/power_cut.py");
    let place = |name: &str| rig.path(name).to_str().expect("UTF-8").to_owned();
    let arguments = [
        script.to_str().expect("UTF-8").to_owned(),
        place(trace),
        place("before"),
        place("rig/hsm-ca.db"),
        place("out"),
        CUTS.to_owned(),
        place(keep),
    ];
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    rig.tool("python3", &arguments).ok().stdout
}

#[test]
fn a_power_cut_loses_nothing_that_was_recorded_or_reported() {
    let rig = rig_with(MANY);
    fs::create_dir(rig.path("before")).expect("a directory");
    for name in ["hsm-ca.db", "hsm-ca.db-wal"] {
        let ledger = rig.path(&format!("rig/{name}"));
        if ledger.exists() {
            fs::copy(ledger, rig.path(&format!("before/{name}"))).expect("a copy");
        }
    }
    let calls = "trace=openat,lseek,write,writev,pwrite64,pwritev,pwritev2,ftruncate,fallocate,fsync,fdatasync,syncfs,rename,renameat,\
        renameat2,link,linkat,unlink,unlinkat,copy_file_range,sendfile";
    let strace = ["-f", "-y", "-xx", "-s", "1000000", "-e", calls, "-o", "trace"];
    let sign = batch(&["in"], &["--jobs", "3"]);
    let arguments = [&strace[..], &[PROGRAM, "--format", "json"], &sign].concat();
    let run = rig.without_secrets(rig.tool("strace", &arguments)).ok();
    let (told, _) = lines(&run);
    assert_eq!(told.len(), MANY);

    let found = cut(&rig, "trace", "kept");
    assert!(found.starts_with("48 states, "), "{found}");
    assert!(found.ends_with(&format!(" {MANY} reported\n")), "{found}");

    // For a program that does not sync its writes, the model must report losses.
    let trace = fs::read_to_string(rig.path("trace")).expect("the trace");
    for (left_out, fault) in [
        ("syncfs", " octets of "),
        ("fsync", "was reported as issued, but does not exist"),
    ] {
        let lacks = |line: &&str| {
            !line.contains(&format!("{left_out}(")) && !line.contains(&format!("{left_out} resumed"))
        };
        let lines: Vec<_> = trace.lines().filter(lacks).collect();
        fs::write(rig.path("altered"), lines.join("\n") + "\n").expect("a file");
        let found = cut(&rig, "altered", &format!("kept-{left_out}"));
        assert!(found.contains(fault), "without {left_out}: {found}");
    }

    // After one of the cuts, the same command continues.
    for name in ["hsm-ca.db-wal", "hsm-ca.db-shm"] {
        let _ = fs::remove_file(rig.path(&format!("rig/{name}")));
    }
    fs::remove_dir_all(rig.path("out")).expect("the files are removed");
    fs::rename(rig.path("kept/out"), rig.path("out")).expect("a directory");
    for name in ["hsm-ca.db", "hsm-ca.db-wal"] {
        if rig.path(&format!("kept/{name}")).exists() {
            fs::rename(
                rig.path(&format!("kept/{name}")),
                rig.path(&format!("rig/{name}")),
            )
            .expect("a file");
        }
    }
    let (again, _) = lines(&rig.json(&batch(&["in"], &["--jobs", "3"])).ok());
    assert_eq!(again.len(), MANY);
    for line in &again {
        let file = line["file"].as_str().expect("a path");
        openssl(&rig, &["verify", "-CAfile", "customerCA.crt", file]);
    }
    assert_sound(&rig);
    let listed = entries(&rig, &[]);
    let signed = |entry: &&Value| entry["state"] == "signed" && entry["profile"] == "tls-client";
    assert_eq!(listed.iter().filter(signed).count(), MANY, "none is signed twice");
}
