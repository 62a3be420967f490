//! The PIN file and other users: `nobody` can neither replace the PIN file nor make the program block.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use crate::harness::{PROGRAM, Rig, Run};

const NOBODY: u32 = 65534;

fn give(rig: &Rig, name: &str, user: u32) {
    chown(rig.path(name), Some(user), None).expect("the tests run as root");
}

fn mode(rig: &Rig, name: &str, mode: u32) {
    fs::set_permissions(rig.path(name), Permissions::from_mode(mode)).expect("a mode");
}

/// The PIN in `above/here/pin`.
fn rig() -> Rig {
    let rig = Rig::new();
    fs::create_dir_all(rig.path("above/here")).expect("directories");
    rig.write("above/here/pin", rig.pin());
    for (name, permissions) in [("above", 0o755), ("above/here", 0o755), ("above/here/pin", 0o600)] {
        mode(&rig, name, permissions);
    }
    rig
}

/// Runs `key list` with this PIN file, and counts the logins.
fn list(rig: &Rig, file: &str) -> (Run, usize) {
    let source = format!("file:{file}");
    let run = rig.command_with_rule(&["--format", "json", "--pin-source", &source, "key", "list"], &[]);
    let calls = rig.path("calls.log").exists().then(|| rig.calls());
    let logins = calls.into_iter().flatten().filter(|call| call == "C_Login");
    (run, logins.count())
}

#[track_caller]
fn refused(rig: &Rig, file: &str, kind: &str) -> String {
    let (run, logins) = list(rig, file);
    let message = run.refused(2, kind);
    assert_eq!(logins, 0, "no try is spent: {message}");
    message
}

#[test]
fn a_pin_file_that_another_user_could_read_or_replace_is_refused() {
    let rig = rig();
    list(&rig, "above/here/pin").0.ok();
    for name in ["above", "above/here"] {
        for open in [0o020, 0o002] {
            mode(&rig, name, 0o755 | open);
            refused(&rig, "above/here/pin", "untrusted-file");
        }
        mode(&rig, name, 0o755);
        give(&rig, name, NOBODY);
        let message = refused(&rig, "above/here/pin", "untrusted-file");
        assert!(message.contains("belongs to nobody"), "{message}");
        give(&rig, name, 0);
    }
    for open in [0o040, 0o020, 0o004, 0o002] {
        mode(&rig, "above/here/pin", 0o600 | open);
        let (run, logins) = list(&rig, "above/here/pin");
        assert_eq!((run.code, logins), (Some(2), 0), "{open:o}: {run:?}");
    }
    mode(&rig, "above/here/pin", 0o600);

    // A link in another user's directory could point to another file a moment later.
    fs::create_dir(rig.path("theirs")).expect("a directory");
    symlink("../above/here/pin", rig.path("theirs/pin")).expect("a link");
    list(&rig, "theirs/pin").0.ok();
    give(&rig, "theirs", NOBODY);
    refused(&rig, "theirs/pin", "untrusted-file");
}

/// Root may name another user's PIN file, as long as no third user could have written it.
#[test]
fn a_pin_file_of_another_user_is_used_where_it_was_named() {
    let rig = rig();
    for name in ["above/here", "above/here/pin"] {
        give(&rig, name, NOBODY);
    }
    list(&rig, "above/here/pin").0.ok();
    give(&rig, "above", 1);
    let message = refused(&rig, "above/here/pin", "untrusted-file");
    assert!(message.contains("above"), "{message}");
}

#[test]
fn a_pipe_instead_of_a_pin_file_does_not_block() {
    let rig = rig();
    fs::remove_file(rig.path("above/here/pin")).expect("removed");
    rig.tool("mkfifo", &["-m", "600", "above/here/pin"]).ok();
    let message = refused(&rig, "above/here/pin", "untrusted-file");
    assert!(message.contains("not a regular file"), "{message}");
    let credential = rig.path("above/here");
    let rig = rig.with("CREDENTIALS_DIRECTORY", credential);
    rig.json(&["--pin-source", "credential:pin", "key", "list"])
        .refused(2, "untrusted-file");
}

#[test]
fn characters_that_an_editor_adds_to_a_pin_cost_no_attempt() {
    let rig = rig();
    let pin = rig.pin();
    for (before, after) in [
        ("", "\n\n"),
        ("", "\r\n"),
        ("", "\r\n\r\n\n"),
        ("\u{feff}", ""),
        ("\u{feff}", "\r\n"),
    ] {
        rig.write("above/here/pin", format!("{before}{pin}{after}"));
        let (run, logins) = list(&rig, "above/here/pin");
        assert_eq!((run.code, logins), (Some(0), 1), "{before:?} {after:?}: {run:?}");
    }
    for text in [
        format!("{pin}\nold-pin\n"),
        format!("# the PIN\n{pin}\n"),
        format!("\n{pin}\n"),
        format!("{pin}\n\u{feff}\n"),
        "\u{feff}\n".to_owned(),
    ] {
        rig.write("above/here/pin", &text);
        let message = refused(&rig, "above/here/pin", "pin-source");
        assert!(!message.contains("old-pin"), "{message}");
    }
    // As PowerShell's `>` writes it.
    let utf16: Vec<u8> = format!("\u{feff}{pin}\r\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    rig.write("above/here/pin", utf16);
    let message = refused(&rig, "above/here/pin", "pin-source");
    assert!(message.contains("UTF-16"), "{message}");
}

/// The descriptor is checked and read without `/proc`, which may be missing, and which older kernels close to this process.
#[test]
fn a_descriptor_is_read_without_proc() {
    let rig = rig();
    let script =
        ". rig/env.sh && mount -t tmpfs none /proc && exec 7<rig/pin && exec \"$0\" --format json \"$@\"";
    let listed = rig.tool_in_mount_namespace(script, &[PROGRAM, "--pin-source", "fd:7", "key", "list"]);
    assert_eq!(listed.ok().json()["keys"], serde_json::json!([]));
    rig.tool_in_mount_namespace(script, &[PROGRAM, "--pin-source", "fd:8", "key", "list"])
        .refused(2, "pin-source");
}
