//! A ledger on a full disk, on a read-only disk, and in another user's files.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::{PROGRAM, Run, example, in_mount_namespace};
use crate::ledger::desk::{LedgerDesk, Said};

/// Runs a script in a mount namespace of its own.
fn in_namespace(desk: &LedgerDesk, script: &str) -> Run {
    let mut command = in_mount_namespace(script);
    command
        .args([Path::new(PROGRAM), &example("ledger-writer")])
        .current_dir(desk.path(""));
    Run::of(&mut command)
}

#[test]
fn a_full_disk_loses_nothing_and_recording_continues_once_there_is_room() {
    for kilobytes in (120..480).step_by(40) {
        let desk = LedgerDesk::new();
        let script = format!(
            "mkdir small && mount -t tmpfs -o size={kilobytes}k,mode=755 none small && cd small
             $1 write l.db a 1000 > ../said 2> ../error; echo $? > ../code
             cp l.db* ..; mount -o remount,size=9m .; $1 write l.db b 2 > ../more && rm ../l.db* && cp l.db* .."
        );
        in_namespace(&desk, &script).ok();
        let read = |name: &str| fs::read_to_string(desk.path(name)).expect("a file");
        assert_eq!(read("code"), "1\n");
        assert!(read("error").contains("Full"), "{kilobytes}: {}", read("error"));
        let ledger = desk.open();
        Said::of(read("said").as_bytes()).assert_recorded(&ledger, "full");
        Said::of(read("more").as_bytes()).assert_recorded(&ledger, "room again");
        drop(ledger);
        assert!(desk.verdict("after a full disk"));
    }
}

#[test]
fn a_ledger_on_a_read_only_disk_can_be_read_but_not_written() {
    let desk = LedgerDesk::filled();
    let script = "mkdir small && mount -t tmpfs -o mode=755 none small && cp l.db small && mount -o remount,ro small && cd small
        export HSM_CA_LEDGER=sqlite:l.db
        \"$0\" --format json ledger verify > ../verified && ! $1 write l.db b 1 2> ../error && ls -A > ../listing";
    in_namespace(&desk, script).ok();
    let read = |name: &str| fs::read_to_string(desk.path(name)).expect("a file");
    assert!(
        read("verified").contains("\"verified\": true"),
        "{}",
        read("verified")
    );
    assert!(read("error").contains("Denied"), "{}", read("error"));
    assert_eq!(read("listing"), "l.db\n");
}

#[test]
fn a_ledger_of_another_user_is_not_opened() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let desk = LedgerDesk::filled();
    fs::set_permissions(desk.path(""), fs::Permissions::from_mode(0o755)).expect("a mode");
    // `cp` makes the copy that the other user can execute. If this process wrote it, a parallel test could fork meanwhile, and a file
    // that any process has open for writing cannot be executed.
    let copied = Command::new("cp").arg(PROGRAM).arg(desk.path("hsm-ca")).status();
    assert!(copied.expect("cp").success());
    let mut command = Command::new(desk.path("hsm-ca"));
    command
        .args(["--format", "json", "ledger", "verify"])
        .env_clear()
        .current_dir(desk.path(""));
    command.env("HSM_CA_LEDGER", "sqlite:l.db").uid(65534).gid(65534);
    let message = Run::of(&mut command).refused(4, "ledger-denied");
    assert!(message.contains("l.db: Permission denied"), "{message}");
    // Where this user cannot look, nothing is said to exist.
    fs::create_dir(desk.path("locked")).expect("a directory");
    fs::set_permissions(desk.path("locked"), fs::Permissions::from_mode(0o700)).expect("a mode");
    for (arguments, code, kind) in [
        ("ledger new --ledger sqlite:locked/l.db", 4, "ledger-denied"),
        ("rig new locked/rig", 1, "rig"),
    ] {
        let mut command = Command::new(desk.path("hsm-ca"));
        command
            .args(["--format", "json"])
            .args(arguments.split(' '))
            .env_clear();
        command.current_dir(desk.path("")).uid(65534).gid(65534);
        let message = Run::of(&mut command).refused(code, kind);
        assert!(message.contains("Permission denied"), "{message}");
    }
}
