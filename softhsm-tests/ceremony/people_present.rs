//! What people say during and after a ceremony: at a gate, in notes, in attestations, and in an abort.

use std::collections::BTreeMap;
use std::fs;

use hsm_ca::ceremony::{CeremonyPlan, Digest, Event, TranscriptFile};
use hsm_ca::values::UnixTime;
use serde_json::{Value, json};

use super::people::planned;
use crate::harness::{PROGRAM, Rig};

impl Rig {
    /// Writes a transcript with these events, as `run` would.
    pub(super) fn transcript(&self, events: &[Event]) {
        let plan = CeremonyPlan::read(&self.read("room/plan.json")).expect("a plan");
        fs::create_dir(self.path("room/run")).expect("a directory");
        let path = self.path("room/run/transcript.jsonl");
        let hash = plan.identity().expect("a hash").hash;
        let mut file = TranscriptFile::create(&path, hash).expect("a transcript");
        for event in events {
            file.append(UnixTime(1_780_000_000), event).expect("a line");
        }
    }

    fn events(&self) -> Vec<Value> {
        let text = String::from_utf8(self.read("room/run/transcript.jsonl")).expect("UTF-8");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

pub(super) fn opened() -> Event {
    Event::Opened {
        run: 1,
        session: "main".to_owned(),
        tool: Digest::of(b"tool"),
        module: Digest::of(b"module"),
        boot: "boot".to_owned(),
        host: "host".to_owned(),
        network: Vec::new(),
        by: "root".to_owned(),
    }
}

pub(super) fn attending(people: &[&str]) -> Event {
    Event::Attending {
        people: people.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn closed() -> Event {
    Event::Closed { out: BTreeMap::new() }
}

#[test]
fn those_who_were_there_attest_the_head_when_it_is_over() {
    let rig = planned();
    let attest = |person: &str, more: &[&str]| {
        rig.json(&[&["ceremony", "attest", "room", "--ssh-key", person], more].concat())
    };
    attest("W", &[]).refused(3, "ceremony-state");
    rig.transcript(&[attending(&["A", "W"])]);
    attest("W", &[]).refused(3, "ceremony-state");
    fs::remove_dir_all(rig.path("room/run")).expect("removed");
    rig.transcript(&[attending(&["A", "W"]), closed()]);
    let lines = rig.read("room/run/transcript.jsonl");
    let last = lines
        .split_inclusive(|byte| *byte == b'\n')
        .next_back()
        .expect("a line");
    let head = format!("2:{}", Digest::of(last));
    let remarks = [
        "--part",
        "--not-as-planned",
        "--remarks",
        "the second bag was opened early",
    ];
    attest("W", &remarks).ok();
    let statement: Value = serde_json::from_slice(&rig.read("room/attest/06.json")).expect("a statement");
    assert_eq!(statement["head"], head);
    assert_eq!(
        (&statement["present"], &statement["as-planned"]),
        (&json!("part"), &json!("no"))
    );
    assert_eq!(statement["remarks"], "the second bag was opened early");
    attest("W", &[]).refused(3, "already-signed");
    attest("B", &[]).refused(3, "ceremony-key");
    attest("A", &["--remarks", "two\nlines"]).refused(2, "ceremony-text");
    let report = attest("A", &["--write-statement"]).ok().json();
    rig.tool("sh", &["-c", report["command"].as_str().expect("a command")])
        .ok();
    assert_eq!(
        rig.list("room/attest"),
        ["01.json", "01.json.sig", "06.json", "06.json.sig"]
    );
    // The ceremony has ended, so nothing is added.
    rig.json(&["ceremony", "note", "room", "x"])
        .refused(3, "ceremony-state");
    rig.json(&["ceremony", "abort", "room", "--because", "x"])
        .refused(3, "ceremony-state");
    rig.approve("A").refused(3, "ceremony-state");
    assert_eq!(rig.read("room/run/transcript.jsonl"), lines);
}

/// Without an option, the statement would say more than the person did. A script has decided; a person at a terminal is asked.
#[test]
fn at_a_terminal_a_person_confirms_that_they_saw_everything() {
    let rig = planned();
    let deviation = Event::Deviation {
        text: "the second bag was opened early, before the administrator had read its number aloud"
            .to_owned(),
        by: "W".to_owned(),
    };
    rig.transcript(&[attending(&["A", "W"]), deviation, closed()]);
    let made = || rig.path("room/attest/01.json").exists();
    let attest = |options: &str, answer: &str| {
        let line = format!("stty cols 60; {PROGRAM} {options} ceremony attest room --ssh-key A");
        rig.type_on_a_terminal(&line, answer)
    };
    for (options, answer, reason) in [
        ("", "no", "the typed text does not match"),
        ("--no-input", "", "--all or --part was not given"),
    ] {
        let run = attest(options, answer);
        assert_eq!(run.code, Some(2), "{run:#?}");
        let told = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains(reason) && told.contains("nothing was signed"),
            "{run:#?}"
        );
        assert!(!made());
    }
    let run = attest("", "yes");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stdout
            .contains("A was there from beginning to end, and it did NOT"),
        "{run:#?}"
    );
    // The question is wrapped to the terminal, and so is the statement above it.
    let (_, question) = run.stdout.split_once("\nA was there").expect("a question");
    let (question, _) = question.split_once("Type yes").expect("a question");
    assert!(
        question.contains("1 entry that says so.") && question.lines().count() > 1,
        "{run:#?}"
    );
    assert!(
        question.lines().all(|line| line.trim_end().len() <= 60),
        "{run:#?}"
    );
    assert!(made());
    let deviation = "  2026-05-28T20:26:40Z deviation: ";
    let wrapped = |text: &str| {
        let mut lines = text.lines().skip_while(|line| !line.starts_with(deviation));
        lines
            .nth(1)
            .is_some_and(|line| line.starts_with(&" ".repeat(deviation.len())))
    };
    assert!(wrapped(&run.stdout), "{run:#?}");
    fs::remove_dir_all(rig.path("room/attest")).expect("removed");
    // An option answers. In a pipe, no line is wrapped.
    let run = rig
        .command(&["ceremony", "attest", "room", "--ssh-key", "A", "--all"])
        .ok();
    assert!(
        run.stderr.contains("had read its number aloud\n") && !wrapped(&run.stderr),
        "{}",
        run.stderr
    );
    let statement: Value = serde_json::from_slice(&rig.read("room/attest/01.json")).expect("a statement");
    assert_eq!(statement["present"], "all");
    rig.json(&["ceremony", "attest", "room", "--ssh-key", "W", "--all", "--part"])
        .refused(2, "usage");
}

/// A deviation goes into the statement, and is shown before it is signed. A note changes nothing.
#[test]
fn what_did_not_go_as_planned_is_not_attested_as_planned() {
    let rig = planned();
    let by = "login root".to_owned();
    let deviation = Event::Deviation {
        text: "the second bag was opened early".to_owned(),
        by: by.clone(),
    };
    let note = Event::Note {
        text: "lunch".to_owned(),
        by,
    };
    let room = Event::Said {
        step: "room".to_owned(),
        record: BTreeMap::new(),
    };
    let attest = ["ceremony", "attest", "room", "--ssh-key", "A"];
    for (event, as_planned, said) in [
        (note, true, "and it went as planned"),
        (
            deviation,
            false,
            "it did NOT go as planned: the transcript has 1 entry that says so",
        ),
    ] {
        rig.transcript(&[attending(&["A", "W"]), room.clone(), event, closed()]);
        let run = rig.command(&attest).ok();
        for text in [
            said,
            "1 room, done: a step by hand",
            "2 k, NOT done: generate the key",
            if as_planned {
                "  2026-05-28T20:26:40Z note: login root: lunch"
            } else {
                "  2026-05-28T20:26:40Z deviation: login root: the second bag"
            },
            "Head of the transcript:\n  4:",
        ] {
            assert!(run.stderr.contains(text), "{text}: {}", run.stderr);
        }
        let statement: Value = serde_json::from_slice(&rig.read("room/attest/01.json")).expect("a statement");
        assert_eq!(statement["as-planned"], if as_planned { "yes" } else { "no" });
        fs::remove_dir_all(rig.path("room/attest")).expect("removed");
        let report = rig.json(&attest).ok().json();
        assert_eq!(report["as_planned"], as_planned);
        assert_eq!(report["steps"][0], json!({ "step": "room", "done": true }));
        let occurrence = &report["occurrences"][0];
        assert_eq!(occurrence["what"], if as_planned { "note" } else { "deviation" });
        assert_eq!(occurrence["time"], "2026-05-28T20:26:40Z");
        assert_eq!(report["head"], statement["head"]);
        for made in ["room/attest", "room/run"] {
            fs::remove_dir_all(rig.path(made)).expect("removed");
        }
    }
}

#[test]
fn notes_and_deviations_go_into_the_transcript() {
    let rig = planned();
    let note = |more: &[&str]| rig.json(&[&["ceremony", "note", "room"], more].concat());
    note(&["too early"]).refused(3, "ceremony-state");
    rig.transcript(&[attending(&["A", "W"])]);
    let first = note(&["the door was open", "--by", "W"]).ok().json();
    note(&["the bag number is 7, not 8", "--deviation"]).ok();
    let events = rig.events();
    assert_eq!(events[1]["what"], "note");
    assert_eq!(
        (&events[1]["by"], &events[1]["text"]),
        (&json!("W"), &json!("the door was open"))
    );
    assert_eq!(
        (&events[2]["what"], &events[2]["by"]),
        (&json!("deviation"), &json!("login root"))
    );
    let head = first["head"].as_str().expect("a head");
    assert_eq!(head, format!("2:{}", events[2]["prev"].as_str().expect("a hash")));
    note(&["x", "--by", "w"]).refused(2, "ceremony-name");
    for text in ["", " ", "a\nb", "a\u{202e}b"] {
        note(&[text]).refused(2, "ceremony-text");
    }
    // While `run` has the transcript open, nothing else writes to it.
    let lines = rig.read("room/run/transcript.jsonl");
    let lock = fs::File::open(rig.path("room/run/transcript.jsonl")).expect("the transcript");
    lock.lock().expect("a lock");
    note(&["x"]).refused(4, "ceremony-in-use");
    drop(lock);
    assert_eq!(rig.read("room/run/transcript.jsonl"), lines);
    // A changed line stops everything.
    let changed = String::from_utf8(lines)
        .expect("UTF-8")
        .replacen("the door", "teh door", 1);
    rig.write("room/run/transcript.jsonl", changed);
    note(&["x"]).refused(3, "ceremony-transcript");
}

#[test]
fn a_clock_that_went_back_is_accepted_or_set() {
    let rig = planned();
    rig.transcript(&[]);
    let plan = CeremonyPlan::read(&rig.read("room/plan.json")).expect("a plan");
    let hash = plan.identity().expect("a hash").hash;
    let path = rig.path("room/run/transcript.jsonl");
    let mut file = TranscriptFile::open(&path, hash).expect("a transcript");
    file.append(UnixTime(4_000_000_000), &attending(&["A"]))
        .expect("a line");
    drop(file);
    rig.json(&["ceremony", "note", "room", "x"]).refused(3, "clock");
    rig.json(&["--clock-is-right", "ceremony", "note", "room", "x"])
        .ok();
    let events = rig.events();
    assert_eq!(
        (&events[1]["what"], &events[1]["by"]),
        (&json!("deviation"), &json!("hsm-ca"))
    );
    assert_eq!(events[2]["what"], "note");
}

#[test]
fn an_aborted_ceremony_says_so_and_nothing_is_deleted() {
    let rig = planned();
    rig.approve("A").ok();
    let abort = |more: &[&str]| {
        let abort = ["ceremony", "abort", "room", "--because", "the safe does not open"];
        rig.json(&[&abort[..], more].concat())
    };
    abort(&["--by", "X"]).refused(2, "ceremony-name");
    // A ceremony that never began.
    abort(&["--by", "A"]).ok();
    let events = rig.events();
    assert_eq!(
        (events.len(), &events[0]["what"], &events[0]["by"]),
        (1, &json!("aborted"), &json!("A"))
    );
    let notice = String::from_utf8(rig.read("room/ABORTED.txt")).expect("UTF-8");
    assert!(
        notice.contains("the safe does not open") && notice.contains("root-r1-2031"),
        "{notice}"
    );
    assert_eq!(rig.list("room/approvals").len(), 2);
    abort(&[]).refused(3, "ceremony-state");
    rig.approve("B").refused(3, "ceremony-state");
    let report = rig.approvals();
    assert_eq!((report.code, &report.json()["may_run"]), (Some(3), &json!(false)));
    // Killed between the transcript and the notice: the same command writes the missing notice, and no second line.
    fs::remove_file(rig.path("room/ABORTED.txt")).expect("removed");
    abort(&[]).ok();
    assert_eq!(
        String::from_utf8(rig.read("room/ABORTED.txt")).expect("UTF-8"),
        notice
    );
    assert_eq!(rig.events().len(), 1);
}

#[test]
fn a_torn_last_line_is_kept_and_said() {
    let rig = planned();
    rig.transcript(&[attending(&["A", "W"])]);
    let whole = rig.read("room/run/transcript.jsonl");
    let torn = [&whole[..], b"{\"n\":2,\"prev\":\"ab"].concat();
    rig.write("room/run/transcript.jsonl", torn);
    rig.json(&["ceremony", "abort", "room", "--because", "the power failed"])
        .ok();
    let events = rig.events();
    assert_eq!(
        (&events[1]["what"], &events[2]["what"]),
        (&json!("deviation"), &json!("aborted"))
    );
    let names = rig.list("room/run");
    let kept = format!("torn-{}", whole.len());
    assert!(names.contains(&kept), "{names:?}");
    assert_eq!(rig.read(&format!("room/run/{kept}")), b"{\"n\":2,\"prev\":\"ab");
    assert!(
        events[1]["text"]
            .as_str()
            .expect("a text")
            .contains(kept.as_str())
    );
}

/// A pair of files that does not verify is not taken for a signature, and the person learns how to sign again.
#[test]
fn a_damaged_attestation_is_moved_aside_and_signed_again() {
    let rig = planned();
    rig.transcript(&[attending(&["A", "W"]), closed()]);
    let attest = |options: &[&str]| {
        let attest = ["ceremony", "attest", "room", "--ssh-key", "A", "--all"];
        rig.json(&[&attest[..], options].concat())
    };
    attest(&[]).ok();
    attest(&[]).refused(3, "already-signed");
    let (statement, signature) = ("room/attest/01.json", "room/attest/01.json.sig");
    let sound = rig.read(signature);
    rig.write(signature, [&sound[..], b"x"].concat());
    let message = attest(&[]).refused(3, "ceremony-statement");
    assert!(
        message.contains("does not count, and nothing was signed"),
        "{message}"
    );
    let told = rig.command(&["ceremony", "verify", "room"]).stdout;
    assert!(told.contains("\"A\" must sign"), "{told}");
    rig.write(signature, sound);
    fs::rename(rig.path(statement), rig.path("01.json")).expect("renamed");
    let message = attest(&[]).refused(3, "ceremony-statement");
    assert!(message.contains("its statement is missing"), "{message}");
    let attested = ["ceremony", "attest", "room", "--ssh-key", "A", "--all"];
    let told = rig.command(&attested).stderr;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("hint: keep a copy, move the statement and its signature"),
        "{told}"
    );
    fs::remove_file(rig.path(signature)).expect("removed");
    attest(&[]).ok();
}
