//! What `ceremony run` refuses before its first question, and before any use of the token except to identify it.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

use hsm_ca::ceremony::{Digest, Event, TranscriptFile};
use hsm_ca::x509::UnixTime;

use super::room::Room;
use crate::harness::softhsm;

#[test]
fn an_input_swapped_after_planning_is_refused_before_the_first_prompt() {
    let room = Room::new();
    // If all is sound, it would ask for the wall clock. If nobody can answer, it records nothing.
    let message = room.refused(&[], 1, "ceremony-stopped");
    assert!(message.contains("nobody can answer"), "{message}");
    let (run, _) = room.answer_with("--no-input", &["NOW"]);
    run.refused(1, "ceremony-stopped");
    assert!(room.events().is_empty());
    room.answer(&["NOW"]).0.refused(1, "ceremony-stopped");
    assert_eq!(room.events().len(), 3, "opened, clock, stopped");
    assert!(!room.path("room/out").exists());

    // Another module.
    let module = softhsm();
    let message = room.refused(
        &[("HSM_CA_MODULE", module.to_str().expect("UTF-8"))],
        3,
        "ceremony-swapped",
    );
    assert!(message.contains("PKCS#11 module"), "{message}");
    // A token with other firmware: the shim reports another manufacturer.
    let message = room.refused(
        &[("CLOUDHSM_SHIM_CORRUPT", "manufacturer")],
        3,
        "ceremony-swapped",
    );
    assert!(message.contains("token"), "{message}");

    // A changed input, ceremony file, plan text or approval.
    let sound = room.change("room/inputs/i1.csr", |mut bytes| {
        bytes.extend(b"\n");
        bytes
    });
    room.refused(&[], 3, "ceremony-input");
    room.restore("room/inputs/i1.csr", &sound);
    let sound = room.change("room/ceremony.toml", |mut bytes| {
        bytes.extend(b"# a word\n");
        bytes
    });
    room.refused(&[], 3, "ceremony-plan");
    room.restore("room/ceremony.toml", &sound);
    fs::remove_file(room.path("room/approvals/03-approve.json.sig")).expect("it is there");
    let message = room.refused(&[], 3, "not-approved");
    assert!(message.ends_with(": 1 more person must approve it"), "{message}");
    let shown = room.run(&["ceremony", "show", "room"], &[]).ok().stdout;
    assert!(
        shown.contains("not approved yet: 1 more person must approve\n"),
        "{shown}"
    );
}

#[test]
fn a_session_a_quorum_and_a_second_run_are_refused() {
    let room = Room::new();
    let message = room.run(
        &[
            "ceremony",
            "run",
            "room",
            "--session",
            "standby",
            "--format",
            "json",
        ],
        &[],
    );
    let message = message.refused(3, "ceremony-session");
    assert!(message.contains("standby"), "{message}");
    let other = room.run(
        &[
            "ceremony",
            "run",
            "room",
            "--session",
            "other",
            "--format",
            "json",
        ],
        &[],
    );
    other.refused(2, "no-session");

    // Another token with the same label.
    let sound = room.change("rig/softhsm2.conf", |bytes| {
        let other = room.path("other");
        fs::create_dir(&other).expect("a directory");
        let text = String::from_utf8(bytes).expect("UTF-8");
        text.replace("rig/tokens", "other").into_bytes()
    });
    let softhsm = softhsm();
    let init = [
        "--module",
        softhsm.to_str().expect("UTF-8"),
        "--slot-index",
        "0",
        "--init-token",
        "--label",
        "root",
        "--so-pin",
        "12345678",
    ];
    let mut command = Command::new("pkcs11-tool");
    room.with_settings(command.args(init), &[]).ok();
    let message = room.refused(&[], 4, "no-token");
    assert!(message.contains("serial number"), "{message}");
    let absent = room.run(&["ceremony", "run", "room"], &[]);
    assert!(absent.stderr.contains("hint: connect it"), "{}", absent.stderr);
    room.restore("rig/softhsm2.conf", &sound);

    // A quorum that the machine's settings do not name.
    let sound = room.change("rig/hsm-ca.toml", |bytes| {
        let text = String::from_utf8(bytes).expect("UTF-8");
        let lines = text.lines().filter(|line| !line.starts_with("ceremony-quorum"));
        lines
            .map(|line| format!("{line}\n"))
            .collect::<String>()
            .into_bytes()
    });
    room.refused(&[], 3, "quorum-not-anchored");
    room.restore("rig/hsm-ca.toml", &sound);

    // An open run locks the transcript.
    room.answer(&["NOW"]).0.refused(1, "ceremony-stopped");
    let file = fs::File::open(room.path("room/run/transcript.jsonl")).expect("a transcript");
    file.lock().expect("a lock");
    let message = room.refused(&[], 4, "ceremony-in-use");
    let holder = format!("in use by process {}", std::process::id());
    assert!(message.ends_with(&holder), "{message}");
    drop(file);
    room.refused(&[], 1, "ceremony-stopped");

    // One rejection is enough.
    let reject = [
        "ceremony",
        "approve",
        "room",
        "--ssh-key",
        "keys/D",
        "--reject",
        "--because",
        "not today",
    ];
    room.run(&reject, &[]).ok();
    let message = room.refused(&[], 3, "rejected");
    assert!(message.contains("not today"), "{message}");

    // Once the ceremony is aborted, no other problem matters.
    let abort = ["ceremony", "abort", "room", "--because", "the bag was open"];
    room.run(&abort, &[]).ok();
    let module = softhsm.to_str().expect("UTF-8");
    let message = room.refused(&[("HSM_CA_MODULE", module)], 3, "ceremony-aborted");
    assert!(message.contains("the bag was open"), "{message}");
}

/// An empty transcript, which a refused run leaves, is not a run.
#[test]
fn a_refused_run_does_not_count_as_the_beginning() {
    let room = Room::new();
    room.refused(&[], 1, "ceremony-stopped");
    let transcript = || fs::read(room.path("room/run/transcript.jsonl")).expect("a transcript");
    assert_eq!(transcript(), b"");
    let shown = room.run(&["ceremony", "show", "room", "--format", "json"], &[]);
    let shown = shown.ok().json();
    assert_eq!(
        shown["run"],
        serde_json::json!({ "state": "not-started", "head": null, "torn": false })
    );
    for (command, kind) in [
        (&["note", "room", "a word"][..], "ceremony-state"),
        (&["attest", "room", "--ssh-key", "keys/A"], "ceremony-state"),
    ] {
        let arguments = [&["ceremony"], command, &["--format", "json"]].concat();
        let message = room.run(&arguments, &[]).refused(3, kind);
        assert!(message.contains("has not begun"), "{message}");
    }
    let verified = room.run(&["ceremony", "verify", "room"], &[]);
    assert!(
        verified.stdout.contains("the ceremony has not begun"),
        "{}",
        verified.stdout
    );

    // Meanwhile:
    another_root(&room);
    let message = room.run(&["ceremony", "run", "room", "--format", "json"], &[]);
    let message = message.refused(3, "rule");
    assert!(message.contains("same-name-other-key"), "{message}");
    assert_eq!(transcript(), b"");
    let abort = ["ceremony", "abort", "room", "--because", "another root"];
    room.run(&abort, &[]).ok();
    assert_eq!(room.events().len(), 1);
}

/// Days can pass between two runs, and others use the same ledger. What it would refuse by now is found in every run, before anybody types a word.
#[test]
fn a_run_that_goes_on_is_compared_with_the_ledger_again() {
    let room = Room::new();
    let words = words(&room);
    let goes_on = || room.answer(&["NOW"]).0.refused(1, "ceremony-stopped");
    // It goes on after it was opened, and after it made its key.
    goes_on();
    goes_on();
    let (run, calls) = room.answer(&["NOW", "A, B, C, W", &words[0], "", "seen", "seen", &words[1]]);
    run.refused(1, "ceremony-stopped");
    assert!(calls.contains("C_GenerateKeyPair"), "{calls}");
    goes_on();
    let lines = room.events().len();
    another_root(&room);
    let message = room.refused(&[], 3, "rule");
    let told = "step \"root\", session \"main\"";
    assert!(
        message.contains("same-name-other-key") && message.contains(told),
        "{message}"
    );
    assert_eq!(room.events().len(), lines);
}

/// Another root with the name of the ceremony's root comes into the ledger.
fn another_root(room: &Room) {
    let generate = ["key", "generate", "--label", "other", "--type", "ec:p256"];
    room.run(&generate, &[]).ok();
    let root = [
        "ca",
        "create",
        "--key",
        "other",
        "--subject",
        "CN=Root R1,O=Example",
        "--out",
        "other.crt",
        "--profile",
        "root",
    ];
    room.run(&root, &[]).ok();
}

/// A ceremony with a damaged transcript never continues. One with a torn last line does.
#[test]
fn a_changed_line_of_the_transcript_halts_the_ceremony() {
    let room = Room::new();
    room.answer(&["NOW"]).0.refused(1, "ceremony-stopped");
    let path = "room/run/transcript.jsonl";
    let sound = room.change(path, |bytes| {
        let text = String::from_utf8(bytes).expect("UTF-8");
        text.replacen("\"run\":1", "\"run\":7", 1).into_bytes()
    });
    // Every command reports the same fault with the same kind.
    for command in [
        &["run"][..],
        &["show"],
        &["export", "--out", "next.json"],
        &["approve", "--ssh-key", "keys/D"],
        &["attest", "--ssh-key", "keys/A"],
        &["note", "a word"],
        &["abort", "--because", "a word"],
    ] {
        let (name, rest) = command.split_first().expect("a name");
        let arguments = [&["ceremony", name, "room"], rest, &["--format", "json"]].concat();
        room.run(&arguments, &[]).refused(3, "ceremony-transcript");
    }
    room.restore(path, &sound);
    room.change(path, |mut bytes| {
        bytes.extend(b"{\"by\":\"h");
        bytes
    });
    // A run that is refused after it cut the line off leaves the copy, and the next one records it.
    let standby = [
        "ceremony",
        "run",
        "room",
        "--session",
        "standby",
        "--format",
        "json",
    ];
    room.run(&standby, &[]).refused(3, "ceremony-session");
    assert_eq!(room.events().len(), 3, "opened, clock, stopped");
    room.refused(&[], 1, "ceremony-stopped");
    let torn = room.events().iter().any(|event| {
        event["what"] == "deviation" && event["text"].as_str().is_some_and(|text| text.contains("torn"))
    });
    assert!(torn);
}

/// The words of the script in order: those typed at the opening and at each step.
fn words(room: &Room) -> Vec<String> {
    let script = fs::read_to_string(room.path("script.html")).expect("a script");
    let typed = script.split("class=\"typed\">").skip(1);
    typed
        .map(|rest| rest.split('<').next().expect("text").trim().to_owned())
        .collect()
}

/// A wrong answer is asked for again, up to three times. Then the run stops and records that in the transcript.
#[test]
fn wrong_answers_a_wrong_pin_and_a_label_that_is_taken_stop_the_run() {
    let room = Room::new();
    let words = words(&room);
    let opening = words[0].as_str();
    for (answers, asked) in [
        (&["03:61", "2001-01-01 08:00", ""][..], "wall clock"),
        (&["NOW", "A, B", "A, B, C, D", "Z"], "who is in the room"),
        (
            &["NOW", "A, B, C, W", "yes", "", &words[1]],
            "words of the script",
        ),
    ] {
        let (run, calls) = room.answer(answers);
        assert!(run.stderr.contains("PIN tries"), "{}", run.stderr);
        let message = run.refused(1, "ceremony-stopped");
        assert!(message.contains(asked), "{message}");
        assert!(!calls.contains("C_Login"), "{calls}");
    }
    // One login, one try.
    let begin = ["NOW", "A, B, C, W", opening];
    let pin = room.change("rig/pin", |_| b"wrong-pin\n".to_vec());
    let (run, calls) = room.answer(&begin);
    assert!(
        run.stderr.contains("nothing is lost: check the PIN tries left"),
        "{}",
        run.stderr
    );
    run.refused(4, "pin-incorrect");
    assert_eq!(calls.matches("C_Login ").count(), 1, "{calls}");
    room.restore("rig/pin", &pin);
    // A key that was there before never counts as the key of the step. Its public half is visible before the login.
    let generate = ["key", "generate", "--label", "root-r1", "--type", "ec:p256"];
    room.run(&generate, &[]).ok();
    let message = room.refused(&[], 2, "label-taken");
    assert!(
        message.contains("step \"k\"") && message.contains("root-r1"),
        "{message}"
    );
    // A private half alone is found right after the login, before anyone works through the earlier steps. Also in a second run.
    room.delete_public_object("root", "root-r1");
    for _ in 0..2 {
        let (run, calls) = room.answer(&begin);
        let message = run.refused(2, "label-taken");
        assert!(message.contains("root-r1"), "{message}");
        assert!(!calls.contains("C_GenerateKeyPair"), "{calls}");
    }
    let transcript = fs::read_to_string(room.path("room/run/transcript.jsonl")).expect("a transcript");
    assert_eq!(
        transcript.matches("\"what\":\"opened\"").count(),
        6,
        "{transcript}"
    );
    assert_eq!(
        transcript.matches("\"what\":\"stopped\"").count(),
        6,
        "{transcript}"
    );
    assert!(!transcript.contains("key-begin"), "{transcript}");
}

/// The clock was set back: nothing continues until people confirm the clock, and the transcript records who did.
#[test]
fn a_clock_that_is_behind_the_transcript_is_for_people_to_judge() {
    let room = Room::new();
    room.answer(&["NOW"]).0.refused(1, "ceremony-stopped");
    let plan = Digest::of(&fs::read(room.path("room/plan.json")).expect("a plan"));
    let mut transcript =
        TranscriptFile::open(&room.path("room/run/transcript.jsonl"), plan).expect("a transcript");
    let later = UnixTime(UnixTime::from_system(SystemTime::now()).0 + 3600);
    let note = Event::Note {
        text: "written by a clock that was an hour ahead".to_owned(),
        by: "A".to_owned(),
    };
    transcript.append(later, &note).expect("a line");
    drop(transcript);
    let words = words(&room);
    let (run, _) = room.answer(&["NOW", "A, B, C, W", "stop"]);
    run.refused(1, "ceremony-stopped");
    let (run, _) = room.answer(&["NOW", "A, B, C, W", "clock-is-right", "A, C", &words[0]]);
    run.refused(1, "ceremony-stopped");
    let events = room.events();
    let decided: Vec<_> = events
        .iter()
        .filter(|event| event["what"] == "decision")
        .collect();
    let [decision] = decided.as_slice() else {
        panic!("{events:#?}")
    };
    assert_eq!(decision["choice"], "clock-is-right");
    assert_eq!(decision["people"], serde_json::json!(["A", "C"]));
    let confirmed = events.iter().filter(|event| event["what"] == "confirmed").count();
    assert_eq!(confirmed, 1, "{events:#?}");
}

/// What is needed later is tried before people type anything, and before a line is written.
#[test]
fn a_missing_pin_file_or_file_of_the_plan_is_found_before_the_first_question() {
    let room = Room::new();
    fs::rename(room.path("rig/pin"), room.path("rig/pin.x")).expect("renamed");
    let (run, _) = room.answer(&["NOW"]);
    let message = run.refused(2, "pin-source");
    assert!(message.contains("cannot be read"), "{message}");
    fs::rename(room.path("rig/pin.x"), room.path("rig/pin")).expect("renamed");
    let unset = [("HSM_CA_PIN_SOURCE", "env:NO_SUCH_PIN")];
    room.refused(&unset, 2, "pin-source");
    for name in ["plan.txt", "ceremony.toml", "inputs/i1.csr"] {
        let (path, kept) = (room.path("room").join(name), room.path("kept"));
        fs::rename(&path, &kept).expect("renamed");
        let message = room.refused(&[], 3, "ceremony-missing-file");
        assert!(message.contains(&format!("{name} is missing")), "{message}");
        let told = room.run(&["ceremony", "run", "room"], &[]).stderr;
        assert!(told.contains("hint: put it back from another copy"), "{told}");
        fs::rename(&kept, &path).expect("renamed");
    }
    assert!(!room.path("room/run").exists());
    // With the answers in a pipe and without a terminal, everything that is confirmed is shown on stderr.
    let (_, shown) = room.answer_and_show("--color never", &["NOW"]);
    for part in [
        "PRODUCTION ceremony",
        "SHA-256 of the plan:",
        "Who is in the room?",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}
