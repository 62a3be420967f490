//! A ceremony directory from an attacker: nothing in it blocks a command, and no link reveals files elsewhere.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;

use hsm_ca::ceremony::{CeremonyDirectory, Event};
use hsm_ca::workflow::verify_ceremony;

use serde_json::json;

use super::proof::{Planned, files_of};
use super::second_verifier::ask;
use crate::harness::{PROGRAM, Rig, Run};

/// Runs a command. If it blocks on a pipe, it is killed with exit code 124.
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
    // A link to an endless file.
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

/// A copy on another medium can have other modes, and files that share their content.
#[test]
fn modes_and_hard_links_do_not_matter_to_a_verifier() {
    let planned = Planned::new();
    planned.hold("held", "", "");
    let held = planned.0.path("held");
    let statement = held.join("approvals/01-approve.json");
    fs::hard_link(&statement, held.join("copy-of-an-approval")).expect("a link");
    for (path, mode) in [
        (&statement, 0o666),
        (&held.join("approvals"), 0o777),
        (&held, 0o777),
    ] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    }
    assert_eq!(verify_ceremony(&CeremonyDirectory::at(&held), None).findings, []);
    let answer = ask(&[json!({ "what": "ceremony", "directory": held })]).remove(0);
    assert!(answer.starts_with("ok "), "{answer}");
    // Who takes part in it reads only what others cannot change.
    let approvals = planned.0.json(&["ceremony", "approvals", "held"]);
    assert_eq!(approvals.code, Some(2), "{approvals:#?}");
}

/// A sparse file of a terabyte is refused by its length.
#[test]
fn a_huge_file_in_the_place_of_any_other_is_refused_at_once() {
    let planned = Planned::new();
    planned.hold("held", "", "");
    let rig = &planned.0;
    let held = rig.path("held");
    let swap = |file: &str, look: &dyn Fn()| {
        let (path, kept) = (held.join(file), rig.path("kept"));
        fs::rename(&path, &kept).expect("a file");
        File::create(&path)
            .and_then(|huge| huge.set_len(1 << 40))
            .expect("a sparse file");
        look();
        fs::rename(&kept, &path).expect("back");
    };
    for file in files_of(&held).keys() {
        swap(file, &|| {
            let found = verify_ceremony(&CeremonyDirectory::at(&held), None).findings;
            let mut found = found.iter().map(ToString::to_string);
            assert!(
                found.any(
                    |found| found.contains("larger than") || found.contains("exceeds the 1024 KiB limit")
                ),
                "{file}"
            );
        });
    }
    for (file, command) in [
        ("ceremony.toml", "check held/ceremony.toml"),
        ("inputs/legacy.crt", "plan --check held"),
        ("plan.json", "approvals held"),
        ("plan.json", "show held"),
        ("approvals/01-approve.json", "approvals held"),
        ("run/transcript.jsonl", "show held"),
        ("run/transcript.jsonl", "note held something --by A"),
        ("run/transcript.jsonl", "export held --out next.json"),
    ] {
        swap(file, &|| {
            let refused = run(rig, command);
            assert!(
                refused.code.is_some_and(|code| (1..=4).contains(&code)),
                "{file}: {command}: {refused:#?}"
            );
            let errors = refused.stderr.lines().filter(|line| line.starts_with("error: "));
            assert_eq!(errors.count(), 1, "{command}: {refused:#?}");
        });
    }
}

#[test]
fn a_directory_of_very_many_files_is_one_finding() {
    let planned = Planned::new();
    // The same decision many times: what follows from it is said once.
    let decided = "at = find('confirmed', 'i1')\nfor _ in range(500): say('decision', step='i1', choice='spare-serial', people=['A', 'B'])\nevents[at:at] = events[-500:]\ndel events[-500:]\ntimes = [begin + index for index in range(700)]";
    planned.hold_each(&[("held", "", ""), ("decided", decided, "")]);
    let rig = &planned.0;
    let report = verify_ceremony(&CeremonyDirectory::at(&rig.path("decided")), None);
    let [unlisted] = report.unlisted.as_slice() else {
        panic!("{:#?}", report.unlisted)
    };
    let transcript = report.transcript.expect("a chain");
    let mut records = transcript.records().iter();
    let first = records.find(|record| matches!(record.event(), Ok(Event::Decision { .. })));
    assert_eq!(unlisted.decided_at, first.expect("a decision").time());
    for number in 0..2_001 {
        rig.write(&format!("held/approvals/{number:05}.json"), "{}");
    }
    let refused = rig.command(&["ceremony", "approvals", "held"]);
    assert!(refused.stderr.contains("more than 2000 files"), "{refused:#?}");
    for number in 0..20_000 {
        rig.write(&format!("held/inputs/{number:05}"), "");
    }
    let refused = rig.json(&["ceremony", "verify", "held"]);
    assert_eq!(refused.code, Some(3), "{refused:#?}");
    let found = refused.json()["findings"].to_string();
    assert!(
        found.contains("the directory has more than 20000 files"),
        "{found}"
    );
    assert!(found.len() < 20_000, "{found}");
}
