//! How stock `ssh-keygen` is run: its input, its prompts, and what remains if it fails or this program is killed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::json;

use super::people::planned;
use crate::harness::{PROGRAM, Run};

#[test]
fn a_passphrase_is_for_ssh_keygen_to_ask_and_a_wrong_one_leaves_nothing() {
    let rig = planned();
    rig.keygen(&["-q", "-p", "-N", "a passphrase", "-P", "", "-f", "A"]);
    let approve = ["ceremony", "approve", "room", "--ssh-key", "A"];
    // It has no terminal, so it fails, and the error contains the output of ssh-keygen.
    let message = rig
        .json(&[&["--no-input"][..], &approve].concat())
        .refused(1, "ssh-keygen-failed");
    assert!(message.contains("exited with 255"), "{message}");
    assert_eq!(rig.list("room/approvals"), [""; 0]);
}

/// The passphrase window kills this program before it answers.
#[test]
fn killed_while_ssh_keygen_asks_nothing_is_half_written() {
    let rig = planned();
    rig.keygen(&["-q", "-p", "-N", "a passphrase", "-P", "", "-f", "A"]);
    let script = "#!/bin/sh\nkill -9 $(cut -d' ' -f4 /proc/$PPID/stat)\necho 'a passphrase'\n";
    let askpass = rig.write_program("askpass", script);
    let approve = || {
        let mut command = rig.prepare(&[
            "--format",
            "json",
            "ceremony",
            "approve",
            "room",
            "--ssh-key",
            "A",
        ]);
        command
            .env("SSH_ASKPASS", &askpass)
            .env("SSH_ASKPASS_REQUIRE", "force");
        Run::of(&mut command)
    };
    assert_eq!(approve().code, None);
    let names = rig.list("room/approvals");
    assert!(names.iter().all(|name| name.starts_with(".hsm-ca-")), "{names:?}");
    let report = rig.approvals().json();
    assert_eq!(
        (&report["statements"], &report["waiting"]),
        (&json!([]), &json!([]))
    );
    rig.write_program("askpass", "#!/bin/sh\necho 'a passphrase'\n");
    approve().ok();
    let expected = ["01-approve.json", "01-approve.json.sig"];
    assert_eq!(rig.list("room/approvals"), expected);
}

/// Someone who can rename the statement's directory could have another statement signed.
#[test]
fn a_statement_does_not_pass_through_a_directory_of_others() {
    let rig = planned();
    fs::create_dir(rig.path("shared")).expect("a directory");
    let set = |mode| {
        fs::set_permissions(rig.path("shared"), fs::Permissions::from_mode(mode)).expect("a mode");
    };
    let approve = || {
        let mut command = rig.prepare(&[
            "--format",
            "json",
            "ceremony",
            "approve",
            "room",
            "--ssh-key",
            "A",
        ]);
        Run::of(command.env("TMPDIR", rig.path("shared")))
    };
    set(0o777);
    let message = approve().refused(2, "untrusted-file");
    assert!(message.contains("nothing was signed"), "{message}");
    assert_eq!(rig.list("room/approvals"), [""; 0]);
    // The mode of /tmp.
    set(0o1777);
    approve().ok();
    assert_eq!(rig.list("shared"), [""; 0]);
}

/// The check comes before anyone touches a security key in vain.
#[test]
fn a_full_disk_is_found_before_anything_is_signed() {
    let rig = planned();
    rig.keygen(&["-q", "-p", "-N", "a passphrase", "-P", "", "-f", "A"]);
    let script = "mount -t tmpfs -o size=64k,mode=700 none room/approvals && export SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force\n\
                  \"$0\" --format json ceremony approve room --ssh-key A; code=$?; ls -A room/approvals >&2; exit $code";
    rig.write_program(
        "askpass",
        "#!/bin/sh\ntouch \"$HOME/asked\"\necho 'a passphrase'\n",
    );
    rig.tool_in_mount_namespace(script, &[PROGRAM])
        .refused(1, "disk-full");
    assert!(!rig.path("asked").exists());
}

/// The passphrase window is a program that prints the passphrase. The child gets only the listed variables, because the environment may contain the
/// token's PIN.
#[test]
fn ssh_keygen_sees_neither_our_environment_nor_our_input() {
    let rig = planned();
    rig.keygen(&["-q", "-p", "-N", "a passphrase", "-P", "", "-f", "A"]);
    let script = "#!/bin/sh\nenv > \"$HOME/askpass.env\"\necho 'a passphrase'\n";
    let askpass = rig.write_program("askpass", script);
    let approve = ["ceremony", "approve", "room", "--ssh-key", "A"];
    let mut command: Command = rig.prepare(&approve);
    command
        .env("SSH_ASKPASS", &askpass)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .env("TOKEN_PIN", "a secret of this program")
        .stdin(Stdio::null());
    Run::of(&mut command).ok();
    let seen = String::from_utf8(rig.read("askpass.env")).expect("UTF-8");
    assert!(
        seen.contains("SSH_ASKPASS=") && !seen.contains("TOKEN_PIN"),
        "{seen}"
    );
}

/// The private key is only in an agent; the public key is in a file.
#[test]
fn a_key_in_the_agent_signs() {
    let rig = planned();
    let script = format!(
        "ssh-add -q A && rm A && {} --format json ceremony approve room --ssh-key A.pub",
        PROGRAM
    );
    let made = rig.tool("ssh-agent", &["sh", "-c", &script]).ok().json();
    assert_eq!(made["person"], "A");
    assert_eq!(rig.approvals().json()["approvers"]["by"], json!(["A"]));
}
