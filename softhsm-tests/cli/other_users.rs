//! Files that another user of this machine can write affect nothing. The tests run as root; the other user is `nobody`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::process::Command;

use crate::harness::{PROGRAM, Rig, Run, ready_authority, softhsm};
use crate::oracle::make_request;

const NOBODY: u32 = 65534;

/// Changes the owner of a file or directory.
fn give(rig: &Rig, name: &str) {
    chown(rig.path(name), Some(NOBODY), None).expect("the tests run as root");
}

fn mode(rig: &Rig, name: &str, mode: u32) {
    fs::set_permissions(rig.path(name), Permissions::from_mode(mode)).expect("a mode");
}

/// The program in this directory, without the rig's `HSM_CA_CONFIG`, killed after some seconds if it blocks.
fn in_directory(rig: &Rig, directory: &str, arguments: &[&str]) -> Run {
    let mut command = Command::new("timeout");
    command
        .arg("20")
        .arg(PROGRAM)
        .args(["--format", "json"])
        .args(arguments);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir(rig.path(directory));
    rig.without_secrets(Run::of(&mut command))
}

/// A CA whose settings are in `here`, with a request to sign beside them.
fn desk() -> Rig {
    let rig = ready_authority();
    fs::create_dir(rig.path("above")).expect("a directory");
    fs::create_dir(rig.path("above/here")).expect("a directory");
    fs::copy(rig.path("rig/hsm-ca.toml"), rig.path("above/here/hsm-ca.toml")).expect("the settings");
    rig
}

const LIST: [&str; 2] = ["key", "list"];

#[test]
fn found_settings_are_used_where_no_other_user_can_write() {
    let rig = desk();
    let ours = in_directory(&rig, "above/here", &LIST).ok().json();
    assert_eq!(ours["keys"].as_array().map(Vec::len), Some(2), "{ours}");
    for name in ["above", "above/here", "above/here/hsm-ca.toml"] {
        let (whole, last) = (rig.path(name), name.rsplit('/').next().expect("a name"));
        give(&rig, name);
        let run = in_directory(&rig, "above/here", &LIST);
        let error: serde_json::Value = serde_json::from_str(&run.stderr).expect("JSON");
        let hint = error["error"]["hint"].as_str().expect("a hint");
        // In a directory of theirs, the file is refused even if it is named.
        let wanted = if last == "hsm-ca.toml" {
            "--config ./hsm-ca.toml"
        } else {
            "or copy it"
        };
        assert!(hint.contains(wanted), "{hint}");
        let message = run.refused(2, "untrusted-file");
        assert!(
            message.contains(&format!("{last} belongs to nobody")),
            "{message}"
        );
        chown(&whole, Some(0), None).expect("root");
        let was = whole.metadata().expect("it is there").mode();
        for open in [0o020, 0o002] {
            mode(&rig, name, was | open);
            let message = in_directory(&rig, "above/here", &LIST).refused(2, "untrusted-file");
            assert!(
                message.contains(last) && message.contains("can be written by users other than its owner"),
                "{message}"
            );
        }
        mode(&rig, name, was);
    }
    in_directory(&rig, "above/here", &LIST).ok();
    // In a sticky directory above, others cannot swap root's files. As the settings' own directory, it lets others put files beside them.
    mode(&rig, "above", 0o1777);
    in_directory(&rig, "above/here", &LIST).ok();
    mode(&rig, "above/here", 0o1777);
    in_directory(&rig, "above/here", &LIST).refused(2, "untrusted-file");
}

#[test]
fn a_pipe_instead_of_settings_does_not_block() {
    let rig = desk();
    fs::remove_file(rig.path("above/here/hsm-ca.toml")).expect("removed");
    rig.tool("mkfifo", &["above/here/hsm-ca.toml"]).ok();
    let message = in_directory(&rig, "above/here", &LIST).refused(2, "untrusted-file");
    assert!(message.contains("not a regular file"), "{message}");
    in_directory(&rig, "above/here", &["--config", "hsm-ca.toml", "key", "list"])
        .refused(2, "untrusted-file");
    // Both the target of a link and the directory of the link count.
    fs::remove_file(rig.path("above/here/hsm-ca.toml")).expect("removed");
    symlink("../../rig/hsm-ca.toml", rig.path("above/here/hsm-ca.toml")).expect("a link");
    in_directory(&rig, "above/here", &LIST).ok();
    give(&rig, "rig/hsm-ca.toml");
    in_directory(&rig, "above/here", &LIST).refused(2, "untrusted-file");
}

/// Root can name another user's settings explicitly. Files that a third user could write are refused even then.
#[test]
fn settings_of_another_user_are_used_where_they_were_named() {
    let rig = desk();
    for name in ["above/here", "above/here/hsm-ca.toml"] {
        give(&rig, name);
    }
    let named = ["--config", "./hsm-ca.toml", "key", "list"];
    in_directory(&rig, "above/here", &named).ok();
    for open in [0o020, 0o002] {
        mode(&rig, "above/here/hsm-ca.toml", 0o644 | open);
        in_directory(&rig, "above/here", &named).refused(2, "untrusted-file");
    }
    mode(&rig, "above/here/hsm-ca.toml", 0o644);
    mode(&rig, "above", 0o777);
    in_directory(&rig, "above/here", &named).refused(2, "untrusted-file");
}

/// Found settings prove nothing about what they name: it must belong to this user or root, as they must.
#[test]
fn what_found_settings_name_must_be_ours_too() {
    let rig = desk();
    fs::create_dir(rig.path("lib")).expect("a directory");
    fs::copy(softhsm(), rig.path("lib/module.so")).expect("a copy");
    let settings = String::from_utf8(rig.read("above/here/hsm-ca.toml")).expect("UTF-8");
    let module = settings
        .lines()
        .find(|line| line.starts_with("module = "))
        .expect("a module");
    let named = format!("module = {:?}", rig.path("lib/module.so"));
    rig.write("above/here/hsm-ca.toml", settings.replace(module, &named));
    in_directory(&rig, "above/here", &LIST).ok();
    for (name, theirs) in [
        ("lib/module.so", "module.so"),
        ("lib", "lib"),
        ("rig/pin", "pin"),
        ("rig/softhsm2.conf", "softhsm2.conf"),
    ] {
        give(&rig, name);
        let message = in_directory(&rig, "above/here", &LIST).refused(2, "untrusted-file");
        let owner = format!("{theirs} belongs to nobody");
        assert!(
            message.contains(&owner) && message.contains("./hsm-ca.toml names it"),
            "{message}"
        );
        // A file of one other user may be named on purpose; the module's directory has a third owner then.
        if name != "lib" {
            in_directory(&rig, "above/here", &["--config", "./hsm-ca.toml", "key", "list"]).ok();
        }
        chown(rig.path(name), Some(0), None).expect("root");
    }
    in_directory(&rig, "above/here", &LIST).ok();
}

#[test]
fn what_is_exported_wins_over_the_settings() {
    let (rig, other) = (Rig::new(), Rig::new());
    let configuration = other.path("rig/softhsm2.conf");
    let mut list = rig.prepare(&["--format", "json", "token", "list"]);
    list.env("SOFTHSM2_CONF", &configuration);
    let exported = Run::of(&mut list).ok().json().to_string();
    let theirs = other.json(&["token", "list"]).ok().json().to_string();
    let ours = rig.json(&["token", "list"]).ok().json().to_string();
    assert_ne!(ours, theirs);
    assert_eq!(exported, theirs);
    // The module's configuration decides which token there is, even if it is exported.
    let list_exported = || {
        let mut list = rig.prepare(&["--format", "json", "token", "list"]);
        Run::of(list.env("SOFTHSM2_CONF", &configuration))
    };
    mode(&other, "rig/softhsm2.conf", 0o666);
    let message = list_exported().refused(2, "untrusted-file");
    assert!(message.contains("softhsm2.conf is not used"), "{message}");
    // A command that loads no module does not need it.
    let mut profiles = rig.prepare(&["profile", "list"]);
    Run::of(profiles.env("SOFTHSM2_CONF", &configuration)).ok();
    mode(&other, "rig/softhsm2.conf", 0o644);
    give(&other, "rig");
    list_exported().refused(2, "untrusted-file");
    give(&other, "rig/softhsm2.conf");
    list_exported().ok();
    mode(&rig, "rig/softhsm2.conf", 0o666);
    let message = rig.json(&["token", "list"]).refused(2, "untrusted-file");
    assert!(message.contains("softhsm2.conf"), "{message}");
}

#[test]
fn a_module_that_others_could_change_is_not_loaded() {
    let rig = ready_authority();
    fs::create_dir(rig.path("lib")).expect("a directory");
    fs::copy(softhsm(), rig.path("lib/module.so")).expect("a copy");
    let list = ["--module", "lib/module.so", "key", "list"];
    rig.json(&list).ok();
    for name in ["lib", "lib/module.so"] {
        mode(&rig, name, 0o777);
        let message = rig.json(&list).refused(2, "untrusted-file");
        assert!(message.contains("lib/module.so is not used"), "{message}");
        mode(&rig, name, 0o755);
    }
    // A directory of a third user, also named by a URI.
    give(&rig, "lib");
    rig.json(&list).refused(2, "untrusted-file");
    let uri = format!(
        "pkcs11:token=ca?module-path={}",
        rig.path("lib/module.so").display()
    );
    rig.json(&["--token", &uri, "--module", "lib/module.so", "key", "list"])
        .refused(2, "untrusted-file");
    chown(rig.path("lib"), Some(0), None).expect("root");
    rig.json(&list).ok();
}

#[test]
fn a_store_of_the_module_that_others_could_change_is_not_used() {
    let rig = ready_authority();
    fs::create_dir(rig.path("store")).expect("a directory");
    let settings = String::from_utf8(rig.read("rig/hsm-ca.toml")).expect("UTF-8");
    rig.write(
        "rig/more.toml",
        format!("{settings}TPM2_PKCS11_STORE = {:?}\n", rig.path("store")),
    );
    let list = ["--config", "rig/more.toml", "key", "list"];
    rig.json(&list).ok();
    mode(&rig, "store", 0o777);
    let message = rig.json(&list).refused(2, "untrusted-file");
    assert!(message.contains("store is not used"), "{message}");
}

#[test]
fn a_profile_and_its_linter_that_others_could_change_are_not_used() {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-subj", "/CN=a"]);
    fs::create_dir(rig.path("tools")).expect("a directory");
    rig.write_program("tools/linter", "#!/bin/sh\nid -u > /proc/$PPID/cwd/ran\n");
    let linter = rig.path("tools/linter");
    rig.write(
        "mine.toml",
        format!(
            "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nlongest-days = 60\nkeys = [\"rsa:2048\"]\n\
             key-usage = [\"digitalSignature\"]\nextended-key-usage = [\"clientAuth\"]\nlinter = [{linter:?}]\n"
        ),
    );
    let sign = [
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "a.crt",
        "--profile",
        "./mine.toml",
    ];
    // No PIN is read either: this source does not exist.
    let refused = [&["--pin-source", "env:NOTHING"][..], &sign].concat();
    for (name, was) in [("mine.toml", 0o644), ("tools/linter", 0o755), ("tools", 0o755)] {
        for open in [0o020, 0o002] {
            mode(&rig, name, was | open);
            let message = rig.json(&refused).refused(2, "untrusted-file");
            assert!(message.contains(name), "{message}");
        }
        mode(&rig, name, was);
    }
    give(&rig, "tools");
    rig.json(&refused).refused(2, "untrusted-file");
    assert!(!rig.path("ran").exists() && !rig.path("a.crt").exists());
    chown(rig.path("tools"), Some(0), None).expect("root");
    rig.json(&sign).ok();
    assert!(rig.path("ran").exists(), "the linter ran");
}

/// The mode of `/tmp` is right: the hint must not say to change it.
#[test]
fn no_hint_changes_a_directory_that_is_meant_for_everyone() {
    let rig = desk();
    fs::create_dir(rig.path("shared")).expect("a directory");
    mode(&rig, "shared", 0o1777);
    let hint = |directory: &str, arguments: &[&str]| {
        let run = in_directory(&rig, directory, arguments);
        let error: serde_json::Value = serde_json::from_str(&run.stderr).expect("JSON");
        let hint = error["error"]["hint"].as_str().expect("a hint").to_owned();
        assert!(!hint.contains("chmod"), "{hint}");
        (run.refused(2, "untrusted-file"), hint)
    };
    symlink("../above/here/hsm-ca.toml", rig.path("shared/theirs.toml")).expect("a link");
    lchown(rig.path("shared/theirs.toml"), Some(NOBODY), None).expect("the tests run as root");
    let named = ["--config", "../shared/theirs.toml", "key", "list"];
    let (message, told) = hint("above", &named);
    assert!(
        message.contains("theirs.toml is a link that belongs to nobody"),
        "{message}"
    );
    assert!(told.contains("by its own path"), "{told}");
    // Settings that are found there: others can put files beside them.
    fs::copy(rig.path("rig/hsm-ca.toml"), rig.path("shared/hsm-ca.toml")).expect("a copy");
    let (message, told) = hint("shared", &LIST);
    assert!(
        message.contains("mode 1777") && told.contains("move it out of"),
        "{message}: {told}"
    );
}

/// The program of a linter may be an interpreter: what it runs is in its arguments, or in a script's first line.
#[test]
fn the_files_that_a_linter_names_are_checked_and_never_replaced() {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-subj", "/CN=a"]);
    rig.write_program("interpreter", "#!/bin/sh\nexit 0\n");
    let interpreter = rig.path("interpreter");
    rig.write_program("lint.sh", &format!("#!{}\n", interpreter.display()));
    rig.write("lint.cfg", "rules");
    let (script, rules) = (rig.path("lint.sh"), rig.path("lint.cfg"));
    rig.write(
        "mine.toml",
        format!(
            "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nlongest-days = 60\nkeys = [\"rsa:2048\"]\n\
             key-usage = [\"digitalSignature\"]\nextended-key-usage = [\"clientAuth\"]\n\
             linter = [\"timeout\", \"50\", {script:?}, {rules:?}]\n"
        ),
    );
    let sign = |out: &str| {
        let sign = ["csr", "sign", "a.csr", "--ca", "customerCA.crt", "--out", out];
        rig.json(&[&sign[..], &["--profile", "./mine.toml", "--force"]].concat())
    };
    for (name, was) in [("interpreter", 0o755), ("lint.sh", 0o755), ("lint.cfg", 0o644)] {
        mode(&rig, name, 0o666);
        let message = sign("a.crt").refused(2, "untrusted-file");
        assert!(message.contains(name), "{message}");
        mode(&rig, name, was);
        let before = rig.read(name);
        let message = sign(name).refused(2, "usage");
        assert!(message.contains("an input of this command"), "{message}");
        assert_eq!(rig.read(name), before);
    }
    assert!(!rig.path("a.crt").exists());
    sign("a.crt").ok();
}

#[test]
fn a_ledger_that_others_could_swap_is_not_recorded_in() {
    let rig = ready_authority();
    fs::create_dir_all(rig.path("above/below")).expect("directories");
    for name in ["hsm-ca.db", "hsm-ca.db-wal"] {
        if rig.path("rig").join(name).exists() {
            fs::copy(rig.path("rig").join(name), rig.path("above/below").join(name)).expect("a copy");
        }
    }
    let url = format!("sqlite:{}", rig.path("above/below/hsm-ca.db").display());
    let create = |out: &str| {
        rig.json(&[
            "--ledger",
            &url,
            "crl",
            "create",
            "--ca",
            "customerCA.crt",
            "--out",
            out,
        ])
    };
    create("1.crl").ok();
    for (name, was) in [
        ("above", 0o755),
        ("above/below", 0o755),
        ("above/below/hsm-ca.db", 0o600),
    ] {
        mode(&rig, name, was | 0o022);
        create("2.crl").refused(2, "ledger-mode");
        mode(&rig, name, was);
        give(&rig, name);
        let message = create("2.crl").refused(2, "ledger-mode");
        assert!(message.contains("belongs to nobody"), "{message}");
        chown(rig.path(name), Some(0), None).expect("root");
    }
    assert!(!rig.path("2.crl").exists());
    create("2.crl").ok();
}

/// The other user can put links and files there, but affects only that directory.
#[test]
fn an_output_in_a_directory_of_others_changes_nothing_elsewhere() {
    let rig = ready_authority();
    fs::create_dir(rig.path("theirs")).expect("a directory");
    rig.write("precious", "mine");
    symlink("../precious", rig.path("theirs/a.crl")).expect("a link");
    symlink("/dev/null", rig.path("theirs/b.crl")).expect("a link");
    give(&rig, "theirs");
    let create = |out: &str, more: &[&str]| {
        let create = ["crl", "create", "--ca", "customerCA.crt", "--out", out];
        rig.json(&[&create[..], more].concat())
    };
    create("theirs/a.crl", &[]).refused(2, "output-exists");
    create("theirs/a.crl", &["--force"]).ok();
    assert_eq!(rig.read("precious"), b"mine");
    create("theirs/b.crl", &["--force"]).refused(2, "output-exists");
    for device in ["/dev/stdout", "/dev/null"] {
        create(device, &["--force"]).refused(2, "output-exists");
        assert!(fs::symlink_metadata(device).is_ok_and(|found| !found.is_file()));
    }
}
