use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use super::*;
use crate::x509::RULES;

const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/// Runs a shell script as the linter; the file is its first argument.
fn run(script: &str) -> Result<(), WorkflowError> {
    run_within(script, Duration::from_secs(20))
}

fn run_within(script: &str, limit: Duration) -> Result<(), WorkflowError> {
    let command = ["sh", "-c", script, "linter"].map(str::to_owned).to_vec();
    lint_within(&Linter { command }, PEM, limit)
}

#[track_caller]
fn refused(script: &str) -> String {
    match run(script) {
        Err(WorkflowError::X509(X509Error::Rule {
            rule: "linter",
            found,
            ..
        })) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn exit_status_zero_is_a_pass_and_any_other_is_the_rule() {
    assert!(RULES.iter().any(|rule| rule.name == "linter"));
    assert!(run("true").is_ok());
    assert_eq!(refused("echo 'a finding'; exit 3"), "sh exited with 3: a finding");
    assert_eq!(refused("exit 255"), "sh exited with 255: it printed nothing");
    // On either stream, the first lines, without what could move a cursor.
    assert_eq!(
        refused("printf '1\\n\\n2\\n3\\n4\\n5\\n'; exit 1"),
        "sh exited with 1: 1; 2; 3; 4"
    );
    assert_eq!(
        refused("printf 'a\\033[2J' >&2; exit 1"),
        "sh exited with 1: a\u{fffd}[2J"
    );
}

#[test]
fn a_linter_sees_the_certificate_and_nothing_of_the_caller() {
    let script = "cat \"$1\"; stat -c '%a' \"$1\" \"$PWD\"; echo \"$PWD\"; env | sort | cut -d= -f1 | tr '\\n' ' '; cat; exit 1";
    let found = refused(script);
    assert!(
        found.starts_with(
            "sh exited with 1: -----BEGIN CERTIFICATE-----; AAAA; -----END CERTIFICATE-----; 600"
        ),
        "{found}"
    );
    let found = refused(&script.replace("cat \"$1\"; ", ""));
    let parts: Vec<_> = found.split("; ").collect();
    assert_eq!(&parts[..2], ["sh exited with 1: 600", "700"], "{found}");
    assert!(!fs::exists(parts[2]).unwrap(), "the directory is left");
    let mut names: Vec<_> = parts[3].split_whitespace().filter(|name| *name != "_").collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LC_ALL", "PATH", "PWD"]);
}

#[test]
fn a_missing_linter_does_not_pass() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain");
    fs::write(&plain, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&plain, Permissions::from_mode(0o644)).unwrap();
    for program in [
        "/nowhere/linter",
        "hsm-ca-no-such-linter",
        plain.to_str().unwrap(),
    ] {
        let linter = Linter {
            command: vec![program.to_owned()],
        };
        match lint_within(&linter, PEM, LONGEST_RUN) {
            Err(WorkflowError::Linter(LinterError::Missing { .. })) => {}
            other => panic!("{program}: {other:?}"),
        }
    }
}

#[test]
fn a_linter_that_hangs_is_killed_with_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let pids = directory.path().join("pids");
    let script = format!("sleep 1000 & echo $! $$ > {}; wait", pids.display());
    let begun = Instant::now();
    match run_within(&script, Duration::from_secs(3)) {
        Err(WorkflowError::Linter(LinterError::TimedOut { .. })) => {}
        other => panic!("{other:?}"),
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
    let text = fs::read_to_string(&pids).unwrap();
    for pid in text.split_whitespace() {
        let gone = (0..200).any(|_| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let is_gone = status.is_empty() || status.contains("State:\tZ");
            if !is_gone {
                thread::sleep(Duration::from_millis(10));
            }
            is_gone
        });
        assert!(gone, "process {pid} lives");
    }
}

#[test]
fn a_killed_linter_does_not_pass() {
    match run("kill -KILL $$") {
        Err(WorkflowError::Linter(LinterError::Killed { signal: 9, .. })) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn endless_output_ends() {
    // More than a pipe holds, and more than is kept.
    let found = refused("head -c 3000000 /dev/zero | tr '\\0' x; exit 1");
    assert_eq!(
        found.chars().filter(|character| *character == 'x').count(),
        SHOWN_CHARACTERS + 1
    );
    match run_within("yes", Duration::from_millis(500)) {
        Err(WorkflowError::Linter(LinterError::TimedOut { .. })) => {}
        other => panic!("{other:?}"),
    }
}

/// A child outside the process group that keeps the pipes open does not block the job.
#[test]
fn a_child_left_behind_is_not_waited_for() {
    let begun = Instant::now();
    assert!(refused("setsid sleep 30 & echo found; exit 1").contains("exited with 1"));
    assert!(begun.elapsed() < Duration::from_secs(15));
}
