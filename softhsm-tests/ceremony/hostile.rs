//! A directory of a ceremony that somebody else made: nothing in it makes a command wait, and no link shows what is elsewhere.

use std::fs;

use super::proof::Planned;
use crate::harness::{PROGRAM, Rig, Run};

/// A command that waits for a pipe is ended, and its exit code is 124.
fn run(rig: &Rig, command: &str) -> Run {
    let words: Vec<&str> = command.split(' ').collect();
    let arguments = [&["20", PROGRAM, "ceremony"][..], &words].concat();
    rig.tool("timeout", &arguments)
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_by_every_command_that_reads_it() {
    let planned = Planned::new();
    planned.hold("held", "", "");
    let rig = &planned.0;
    let readers: [(&str, &[&str]); 8] = [
        ("plan.json", &["show held", "approvals held"]),
        ("plan.txt", &["plan --check held"]),
        ("ceremony.toml", &["check held/ceremony.toml"]),
        (
            "inputs/legacy.crt",
            &["check held/ceremony.toml", "plan --check held", "verify held"],
        ),
        (
            "run/transcript.jsonl",
            &[
                "show held",
                "approvals held",
                "export held --out next.json",
                "verify held",
            ],
        ),
        ("approvals/01-approve.json", &["approvals held"]),
        ("attest/01.json.sig", &["verify held"]),
        ("SHA256SUMS", &["verify held"]),
    ];
    for (file, commands) in readers {
        let (path, kept) = (rig.path("held").join(file), rig.path("kept"));
        fs::rename(&path, &kept).expect("a file");
        rig.tool("mkfifo", &[path.to_str().expect("UTF-8")]).ok();
        for command in commands {
            let refused = run(rig, command);
            assert!(
                refused.code.is_some_and(|code| (1..=4).contains(&code)),
                "{file}: {command}: {refused:#?}"
            );
        }
        fs::remove_file(&path).expect("the pipe");
        fs::rename(&kept, &path).expect("back");
    }
    // A link to something without an end.
    let path = rig.path("held/inputs/legacy.crt");
    fs::remove_file(&path).expect("a file");
    std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
    for command in ["check held/ceremony.toml", "verify held"] {
        let refused = run(rig, command);
        assert!(
            refused.code.is_some_and(|code| (1..=4).contains(&code)),
            "{refused:#?}"
        );
    }
}
