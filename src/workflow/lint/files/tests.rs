//! These tests run as root, which can give files to other users.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// A file that only root can change.
    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.mode(name, 0o755);
        self.path(name)
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    /// The command is accepted, and refused as soon as everyone can write to this file or directory.
    #[track_caller]
    fn depends_on(&self, command: &[&str], name: &str) {
        find(command).unwrap();
        self.mode(name, 0o777);
        match find(command) {
            Err(LinterError::Untrusted { cause }) => assert!(cause.path().ends_with(name), "{cause}"),
            other => panic!("{command:?}: {other:?}"),
        }
        self.mode(name, 0o755);
    }
}

fn find(command: &[&str]) -> Result<LinterFiles, LinterError> {
    let command = command.iter().map(|word| (*word).to_owned()).collect();
    LinterFiles::find(&Linter { command })
}

#[test]
fn a_file_among_the_arguments_counts_like_the_program() {
    let place = Place::new();
    let [script, rules] = ["lint.py", "lint.cfg"].map(|name| place.write(name, "x"));
    let command = ["sh", &script, &rules];
    place.depends_on(&command, "lint.py");
    place.depends_on(&command, "lint.cfg");
    place.depends_on(&["sh", &format!("--rules={rules}")], "lint.cfg");
    place.depends_on(&["sh", &format!("-c{rules}")], "lint.cfg");
    let relative = Path::new(&rules).strip_prefix(tempfile::env::temp_dir()).unwrap();
    place.depends_on(&["sh", &format!("../{}", relative.display())], "lint.cfg");
    let found = find(&command).unwrap();
    let (program, all) = (found.program.unwrap(), found.all);
    assert_eq!(program.file_name().unwrap(), "sh");
    assert_eq!(all, BTreeSet::from([program, script.into(), rules.into()]));
}

#[test]
fn a_directory_among_the_arguments_must_be_ours() {
    let place = Place::new();
    fs::create_dir(place.path("rules")).unwrap();
    place.depends_on(&["sh", &place.path("rules")], "rules");
}

#[test]
fn words_and_devices_are_not_files() {
    for word in [
        "lint",
        "-s",
        "ERROR",
        "/nowhere/at/all",
        "/dev/null",
        "a=b",
        "-",
        "",
        "é",
    ] {
        let found = find(&["sh", word]).unwrap();
        assert_eq!(found.all.len(), 1, "{word}: {found:?}");
    }
    let missing = LinterFiles {
        program: None,
        all: BTreeSet::new(),
    };
    assert_eq!(find(&["/nowhere/linter"]).unwrap(), missing);
}

#[test]
fn the_interpreter_of_a_script_counts_too() {
    let place = Place::new();
    let interpreter = place.write("interpreter", "#!/bin/sh\n");
    let script = place.write("lint.sh", &format!("#! {interpreter} -x\nexit 0\n"));
    place.depends_on(&[&script], "interpreter");
    // A program among the arguments may be started: `timeout 50 SCRIPT`.
    place.depends_on(&["timeout", "50", &script], "interpreter");
    // A script may be the interpreter of another.
    let outer = place.write("outer", &format!("#!{script}"));
    place.depends_on(&[&outer], "interpreter");
    for line in ["#!/usr/bin/env", "#!/usr/bin/env -S", "#!/usr/bin/env -S A=b"] {
        let script = place.write("by-env", &format!("{line} {interpreter} -x\n"));
        place.depends_on(&[&script], "interpreter");
    }
    let script = place.write("by-name", "#!/usr/bin/env sh\n");
    let names: Vec<_> = find(&[&script])
        .unwrap()
        .all
        .iter()
        .filter_map(|file| file.file_name()?.to_str().map(str::to_owned))
        .collect();
    assert!(
        names.contains(&"sh".to_owned()) && names.contains(&"env".to_owned()),
        "{names:?}"
    );
    // A circle ends.
    let circle = place.path("circle");
    place.write("circle", &format!("#!{circle}\n"));
    assert_eq!(find(&[&circle]).unwrap().all.len(), 1);
}
