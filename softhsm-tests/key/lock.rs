//! Only the user's own processes can delay a key by holding a lock; other users cannot.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Rig, Run, shim, signal, softhsm, wait_until_stopped};

const GENERATE: [&str; 6] = ["key", "generate", "--label", "ca", "--type", "ec:p256"];

/// The lock files in the home directory.
fn lock_files(rig: &Rig) -> Vec<PathBuf> {
    let directory = rig.path(".local/state/hsm-ca");
    let entries = fs::read_dir(directory).expect("the directory");
    let files = entries.map(|entry| entry.expect("an entry").path());
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "lock"))
        .collect()
}

#[test]
fn another_user_who_locks_the_module_does_not_stop_key_generation() {
    let rig = Rig::new();
    // A module that everyone can read, like those in /usr/lib, in this test's own directory.
    let shared = tempfile::tempdir().expect("a directory");
    fs::set_permissions(shared.path(), Permissions::from_mode(0o755)).expect("permissions");
    let module = shared.path().join("module.so");
    fs::copy(softhsm(), &module).expect("a copy of the module");
    let mut attacker = Command::new("setpriv")
        .args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "flock",
            "--exclusive",
            "--no-fork",
        ])
        .arg(&module)
        .args(["sleep", "600"])
        .spawn()
        .expect("setpriv");
    let deadline = Instant::now() + Duration::from_secs(60);
    let is_locked = || {
        rig.tool("flock", &["--nonblock", module.to_str().expect("UTF-8"), "true"])
            .code
            == Some(1)
    };
    while !is_locked() {
        assert!(Instant::now() < deadline, "the attacker has no lock");
        thread::sleep(Duration::from_millis(20));
    }
    let mut generate = rig.prepare(&GENERATE);
    Run::of(generate.env("HSM_CA_MODULE", &module)).ok();
    assert!(is_locked(), "it was locked all the time");
    attacker.kill().expect("it ends");
    attacker.wait().expect("it ended");
}

#[test]
fn processes_of_one_user_take_turns_on_a_token_whichever_module_they_use() {
    let rig = Rig::new();
    let mut first = rig.prepare(&GENERATE);
    first
        .env("HSM_CA_MODULE", shim())
        .env("CLOUDHSM_SHIM_TARGET", softhsm())
        .env("CLOUDHSM_SHIM_STOP", "C_GenerateKeyPair")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut first = first.spawn().expect("it starts");
    wait_until_stopped(first.id());
    let files = lock_files(&rig);
    let [lock] = files.as_slice() else {
        panic!("one lock file: {files:?}")
    };
    assert_eq!(fs::read_to_string(lock).expect("it"), format!("{}\n", first.id()));
    assert_eq!(lock.metadata().expect("it").mode() & 0o777, 0o600);
    let directory = lock.parent().expect("a directory").metadata().expect("it");
    assert_eq!(directory.mode() & 0o777, 0o700);

    let mut second = rig.prepare(&GENERATE);
    second
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut second = second.spawn().expect("it starts");
    // It reports that it waits, and not earlier.
    let mut lines = BufReader::new(second.stderr.take().expect("a pipe"));
    let mut told = String::new();
    while !told.contains("another process is putting a key on this token; waiting for it") {
        let read = lines.read_line(&mut told).expect("what it says");
        assert_ne!(read, 0, "it does not wait: {told}");
    }
    thread::sleep(Duration::from_millis(500));
    assert!(second.try_wait().expect("it").is_none(), "it does not wait");
    signal(first.id(), Signal::CONT);
    assert!(first.wait().expect("it ends").success());
    lines.read_to_string(&mut told).expect("what it says");
    assert!(
        !second.wait().expect("it ends").success(),
        "the label is taken: {told}"
    );
    assert_eq!(rig.keys().private, 1, "{told}");
}

#[test]
fn a_home_that_others_can_write_to_gets_no_lock_file() {
    let rig = Rig::new();
    rig.give_to_ordinary_user();
    let home = rig.path("home");
    fs::create_dir(&home).expect("a directory");
    fs::set_permissions(&home, Permissions::from_mode(0o777)).expect("permissions");
    let mut generate = rig.as_ordinary_user(&GENERATE);
    let run = Run::of(generate.env("HOME", &home)).ok();
    assert!(
        run.stderr
            .contains("this user has no private directory for a lock file"),
        "{run:?}"
    );
    assert_eq!(fs::read_dir(&home).expect("it").count(), 0);
}
