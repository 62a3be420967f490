//! Programs that this one starts do not get the PIN: a profile's linter, and the `credential_process` of an AWS profile.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::make_request;

/// Records everything that it can read: its environment, its descriptors, and those of its ancestors. Then it answers like a
/// `credential_process`.
const SPY: &str = r#"#!/bin/sh
cd "${0%/*}" || exit 1
{
    echo a spy was here
    env
    cat
    cat <&7
    cat /proc/self/fd/7
    ls -l /proc/self/fd
    parent=$PPID
    while [ "${parent:-0}" -gt 1 ]; do
        tr '\0' '\n' </proc/$parent/environ
        cat /proc/$parent/fd/0 /proc/$parent/fd/7
        parent=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$parent/status)
    done
} >>seen 2>/dev/null
echo '{"Version": 1, "AccessKeyId": "test", "SecretAccessKey": "test"}'
"#;

/// As root, the shell opens a file that an ordinary user could not, and then becomes that user.
const BECOME_ORDINARY: &str = "exec setpriv --reuid=65534 --regid=65534 --clear-groups -- \"$0\" \"$@\"";

/// The sources of the PIN, with the shell's preparation for each.
const WAYS: [(&str, &str); 8] = [
    ("env:THE_PIN", "export THE_PIN=$(cat secret)"),
    ("fd:7", "exec 7<secret"),
    ("fd:0", "exec <secret"),
    ("file:/dev/fd/7", "exec 7<secret"),
    ("file:/dev/stdin", "exec <secret"),
    // Other spellings of the same.
    ("file:/dev/./fd/7", "exec 7<secret"),
    ("file:/proc/thread-self/fd/7", "exec 7<secret"),
    ("file:link", "ln -sf /dev/fd/7 link; exec 7<secret"),
];

/// A CA, a profile with the spy as its linter, and AWS settings with the spy as their `credential_process`.
fn rig() -> Rig {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-subj", "/CN=a"]);
    let spy = rig.write_program("spy.sh", SPY);
    rig.write(
        "mine.toml",
        format!(
            "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"rsa:2048\"]\nkey-usage = [\"digitalSignature\"]\n\
             extended-key-usage = [\"clientAuth\"]\nlinter = [{spy:?}]\n"
        ),
    );
    rig.write(
        "aws.conf",
        format!("[default]\ncredential_process = {}\n", spy.display()),
    );
    rig.give_to_ordinary_user();
    // Only root may read it, so a descriptor is the only way to it.
    let secret = rig.write("secret", rig.pin());
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).expect("permissions");
    let config = rig.path("aws.conf");
    rig.with("AWS_CONFIG_FILE", config)
}

/// A program with these arguments, after what the shell does first, as an ordinary user.
fn after(rig: &Rig, first: &str, program: &str, arguments: &[&str]) -> Command {
    // 8 stands for any other descriptor that a shell leaves open.
    let script = format!("{first}; exec 8<secret; {BECOME_ORDINARY}");
    let mut command = rig.prepare_tool("bash", &["-c", &script, program]);
    command
        .args(arguments)
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    command
}

/// The spy's new records.
fn seen(rig: &Rig) -> String {
    let seen = String::from_utf8_lossy(&rig.read("seen")).into_owned();
    fs::remove_file(rig.path("seen")).expect("the file");
    assert!(seen.contains("a spy was here"), "it was not started");
    seen
}

#[test]
fn neither_a_linter_nor_a_credential_process_gets_the_pin() {
    let rig = rig();
    let program = rig.path("hsm-ca");
    let program = program.to_str().expect("UTF-8");
    let pin = rig.pin();
    for (source, first) in WAYS {
        // Started by the shell directly, it finds the PIN, so it looks in the right places.
        Run::of(&mut after(&rig, first, "./spy.sh", &[])).ok();
        let direct = seen(&rig);
        let sees = direct.contains(&pin) && direct.contains("/secret\n");
        assert!(sees, "{source}: the spy is blind: {direct}");

        // The PIN is needed, and was read before the linter runs.
        let sign = [
            "--pin-source",
            source,
            "csr",
            "sign",
            "a.csr",
            "--ca",
            "customerCA.crt",
            "--profile",
            "./mine.toml",
            "--out",
            "a.crt",
            "--force",
            "--again",
        ];
        rig.without_secrets(Run::of(&mut after(&rig, first, program, &sign)))
            .ok();
        let linter = seen(&rig);
        assert!(!linter.contains(&pin), "{source}: the linter has the PIN");
        assert!(
            !linter.contains("/secret\n"),
            "{source}: the linter has a descriptor"
        );

        // No PIN is needed, so it was not read.
        let create = ["--pin-source", source, "kms", "create-key", "--description", "x"];
        rig.without_secrets(Run::of(&mut after(&rig, first, program, &create)))
            .ok();
        let process = seen(&rig);
        assert!(
            !process.contains(&pin) && !process.contains("/secret\n"),
            "{source}: the credential_process has the PIN"
        );
    }
}

#[test]
fn an_overridden_pin_source_is_kept_from_children_too() {
    let rig = rig();
    let program = rig.path("hsm-ca");
    let pin = rig.pin();
    let first = "export THE_PIN=$(cat secret) HSM_CA_PIN_SOURCE=env:THE_PIN; exec 7<secret";
    let create = ["--pin-source", "fd:7", "kms", "create-key", "--description", "x"];
    Run::of(&mut after(&rig, first, program.to_str().expect("UTF-8"), &create)).ok();
    assert!(!seen(&rig).contains(&pin));
}

#[test]
fn a_descriptor_is_read_from_its_position_and_a_missing_one_is_refused() {
    let rig = rig();
    let program = rig.path("hsm-ca");
    let program = program.to_str().expect("UTF-8");
    // A socket cannot be opened by its name in /proc.
    rig.write(
        "hand_over.py",
        "import os, socket, sys\n\
         ours, theirs = socket.socketpair()\n\
         ours.send(open('secret', 'rb').read())\n\
         os.dup2(theirs.fileno(), 7)\n\
         os.execv(sys.argv[1], sys.argv[1:])\n",
    );
    let list = ["--format", "json", "--pin-source", "fd:7", "key", "list"];
    let mut socket = rig.prepare_tool("python3", &["hand_over.py", program]);
    rig.without_secrets(Run::of(socket.args(list))).ok();
    // Read from its current position to its end.
    let half = "exec 7< <(echo no PIN; cat secret); read -r _ <&7";
    rig.without_secrets(Run::of(&mut after(&rig, half, program, &list)))
        .ok();

    let refused = |first: &str, source: &str| {
        let list = ["--format", "json", "--pin-source", source, "key", "list"];
        Run::of(&mut after(&rig, first, program, &list)).refused(2, "pin-source")
    };
    let message = refused(":", "fd:7");
    assert!(message.contains("descriptor 7 was not open"), "{message}");
    let message = refused("exec 7</dev/null", "fd:7");
    assert!(message.contains("descriptor 7 has no PIN"), "{message}");
    for wrong in ["fd:1", "fd:2", "fd:-1", "env:A=B"] {
        refused(":", wrong);
    }
    let others = "chmod 644 secret; exec 7<secret";
    let list = [
        "--format",
        "json",
        "--pin-source",
        "file:/dev/fd/7",
        "key",
        "list",
    ];
    Run::of(&mut after(&rig, others, program, &list)).refused(2, "pin-file-mode");
}
