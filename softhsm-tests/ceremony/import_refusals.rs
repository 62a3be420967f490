//! What a ceremony with a key import refuses: at planning, before anyone types a word, and at the step.

use std::fs;

use hsm_ca::ceremony::{CeremonyFile, Digest};
use hsm_ca::signer::SystemRandom;
use hsm_ca::workflow::{
    CeremonyError, CeremonyInputs, CeremonySource, PlanCircumstances, WorkflowError, plan_ceremony,
};
use serde_json::{Value, json};

use super::import_key::{PAIR, importing, room};
use super::room::Room;
use super::run::{hold, room_of};
use crate::harness::{Rig, Run, Weather};

const OFFLINE: [&str; 6] = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
const ONLINE: [&str; 7] = [
    "ceremony",
    "plan",
    "ceremony.toml",
    "--out",
    "again",
    "--format",
    "json",
];

/// These are refused without a token and without KMS.
#[test]
fn a_pair_file_that_is_wrong_in_itself_is_refused_by_check_and_plan() {
    type Spoil = fn(&Rig);
    let cases: [(&str, &str, Spoil, i32, &str, &str); 6] = [
        (
            "another public key than the one that was noted",
            PAIR,
            |rig| {
                rig.edit(
                    "pair = \"pair\"",
                    &format!("pair = \"pair\"\nexpect = \"{}\"", "ab".repeat(32)),
                )
            },
            3,
            "other-fingerprint",
            "step \"k\"",
        ),
        (
            "a fingerprint that is none",
            PAIR,
            |rig| rig.edit("pair = \"pair\"", "pair = \"pair\"\nexpect = \"abab\""),
            2,
            "ceremony-file",
            "step \"k\": a SHA-256 has 64",
        ),
        (
            "a key id without a region",
            &PAIR.replace("kms:eu-west-1:", "kms::"),
            |_| {},
            3,
            "ceremony-input",
            "input \"pair\"",
        ),
        (
            "an alias",
            &PAIR.replace(
                "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                "alias/ca",
            ),
            |_| {},
            3,
            "ceremony-input",
            "KeyId is not the ARN",
        ),
        (
            "a public key of another kind than it says",
            &PAIR.replace("ECC_NIST_P256", "ECC_NIST_P384"),
            |_| {},
            3,
            "ceremony-input",
            "KeyPairSpec",
        ),
        (
            "a file that was changed after it was pinned",
            PAIR,
            |rig| drop(rig.write("inputs/pair.json", PAIR.replace("AQID", "AQIE"))),
            3,
            "ceremony-input",
            "not the file that was pinned",
        ),
    ];
    for (case, pair, spoil, code, kind, told) in cases {
        let rig = importing(pair);
        spoil(&rig);
        for command in [&["ceremony", "check", "ceremony.toml"][..], &OFFLINE] {
            let message = rig.json(command).refused(code, kind);
            assert!(message.contains(told), "{case}: {message}");
        }
        assert!(!rig.path("room").exists(), "{case}");
    }
}

/// A build without the feature `aws` cannot use KMS, and the plan pins the program that will carry it out.
#[test]
fn a_program_without_network_code_does_not_plan_it() {
    let rig = importing(PAIR);
    let text = String::from_utf8(rig.read("ceremony.toml")).expect("UTF-8");
    let file = CeremonyFile::read(&text).expect("a ceremony");
    let inputs = CeremonyInputs::read(&file, |name| Ok::<_, CeremonyError>(rig.read(name))).expect("inputs");
    let source = CeremonySource {
        sha256: Digest::of(text.as_bytes()),
        file,
        previous: None,
        inputs,
        profiles: Default::default(),
        refused_keys: None,
    };
    let circumstances = PlanCircumstances {
        tool: hsm_ca::ceremony::PlannedTool {
            name: "hsm-ca".to_owned(),
            version: "0".to_owned(),
            sha256: Digest::of(b"a program"),
        },
        module: None,
        tokens: Default::default(),
        has_kms: false,
        time: hsm_ca::x509::UnixTime(0),
    };
    let refused = plan_ceremony(&source, &circumstances, &SystemRandom, None, &()).expect_err("no KMS");
    let WorkflowError::Ceremony(error) = &refused else {
        panic!("{refused}")
    };
    assert!(
        matches!(error.as_ref(), CeremonyError::NoKms { step } if step == "k"),
        "{refused}"
    );
    assert!(refused.to_string().contains("feature aws"), "{refused}");
}

/// A room with a pair from KMS, and control over the faults of KMS.
fn room_with(access_key: &str) -> (Room, Weather) {
    let rig = Rig::without_token()
        .with_key()
        .with("AWS_ACCESS_KEY_ID", access_key);
    (
        Room {
            rig: room_of(rig, "import:ECC_NIST_P384", &[]),
        },
        Weather::of(access_key),
    )
}

impl Room {
    /// Plans again, with tokens and KMS.
    fn plan(&self, environment: &[(&str, &str)]) -> Run {
        self.run(&ONLINE, environment)
    }

    /// Replaces the pair file, and pins the new one.
    fn replace_pair(&self, change: impl FnOnce(&mut Value)) {
        let sound = fs::read(self.path("inputs/pair.json")).expect("a pair");
        let mut pair: Value = serde_json::from_slice(&sound).expect("JSON");
        change(&mut pair);
        let changed = pair.to_string().into_bytes();
        self.change("ceremony.toml", |text| {
            let text = String::from_utf8(text).expect("UTF-8");
            let old = Digest::of(&sound).to_string();
            assert!(text.contains(&old));
            text.replace(&old, &Digest::of(&changed).to_string()).into_bytes()
        });
        self.restore("inputs/pair.json", &changed);
    }
}

/// `plan` refuses what the token or KMS would refuse in the room. With `--offline` it uses neither.
#[test]
fn what_token_and_kms_do_not_do_is_refused_when_it_is_planned() {
    let (room, weather) = room_with("ceremony-import-plan");
    let sound = fs::read(room.path("inputs/pair.json")).expect("a pair");
    let file = fs::read(room.path("ceremony.toml")).expect("a file");
    let denied =
        json!({ "operation": "Decrypt", "kind": "error", "type": "AccessDeniedException", "message": "no" });
    weather.set(&[denied]);
    let message = room.plan(&[]).refused(4, "access-denied");
    assert!(message.contains("step \"k\""), "{message}");
    weather.set(&[]);
    room.plan(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")])
        .refused(4, "kms-unreachable");
    room.plan(&[("AWS_REGION", "eu-west-1")])
        .refused(2, "wrong-region");

    // A ciphertext under another KMS key, and one that cannot be decrypted.
    let made = room
        .run(&["kms", "create-key", "--format", "json"], &[])
        .ok()
        .json();
    let other = made["kms_key_arn"].as_str().expect("an ARN").to_owned();
    room.replace_pair(|pair| pair["KeyId"] = json!(other));
    room.plan(&[]).refused(3, "incorrect-key");
    room.restore("inputs/pair.json", &sound);
    room.restore("ceremony.toml", &file);
    room.replace_pair(|pair| pair["PrivateKeyCiphertextBlob"] = json!("AQID"));
    room.plan(&[]).refused(3, "invalid-ciphertext");
    room.restore("inputs/pair.json", &sound);
    room.restore("ceremony.toml", &file);

    // The token lacks every mechanism, is write-protected, or has the label already.
    for (name, fault, code, kind) in [
        ("CLOUDHSM_SHIM_TELL", "C_GetMechanismList!:0x1", 3, "no-route"),
        ("CLOUDHSM_SHIM_TOKEN_FLAGS", "0x2", 4, "write-protected"),
    ] {
        let message = room.plan(&[(name, fault)]).refused(code, kind);
        assert!(message.contains("step \"k\""), "{message}");
    }
    let generate = ["key", "generate", "--label", "root-r1", "--type", "ec:p256"];
    room.run(&generate, &[]).ok();
    let message = room.plan(&[]).refused(2, "label-taken");
    assert!(
        message.contains("step \"k\"") && message.contains("root-r1"),
        "{message}"
    );
    room.run(&["key", "delete", "root-r1", "--yes"], &[]).ok();
    assert!(!room.path("again").exists());
    weather.forget_calls();
    room.plan(&[]).ok();
    assert_eq!(weather.calls(), ["Decrypt"]);
}

/// `run` tries KMS before its first question, and again before the step's words.
#[test]
fn without_kms_the_run_stops_before_the_first_prompt() {
    let (room, weather) = room_with("ceremony-import-run");
    let denied =
        json!({ "operation": "Decrypt", "kind": "error", "type": "AccessDeniedException", "message": "no" });
    weather.set(&[denied]);
    let message = room.refused(&[], 4, "access-denied");
    assert!(message.contains("step \"k\""), "{message}");
    weather.set(&[]);
    room.refused(
        &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")],
        4,
        "kms-unreachable",
    );
    assert!(!room.path("room/run/transcript.jsonl").exists() || room.events().is_empty());
    // If all is sound, it asks for the wall clock, and nobody answers.
    room.refused(&[], 1, "ceremony-stopped");

    // The pair's key under another label is found right after the login.
    let import = ["kms", "import", "inputs/pair.json", "--label", "elsewhere"];
    room.run(&import, &[]).ok();
    let script = fs::read_to_string(room.path("script.html")).expect("a script");
    let (_, opening) = script.split_once("class=\"typed\">").expect("words");
    let opening = opening.split('<').next().expect("words").trim();
    let (run, calls) = room.answer(&["NOW", "A, B, C, W", opening]);
    let message = run.refused(3, "ceremony-step");
    assert!(message.contains("elsewhere"), "{message}");
    assert!(!calls.contains("C_UnwrapKey"), "{calls}");
    let begun = room.events().iter().any(|event| event["what"] == "key-begin");
    assert!(!begun);
}

/// KMS accepts the ciphertext of another pair under the same KMS key. Only decryption shows that it is another key. Then nothing reaches the token.
#[test]
fn another_keys_ciphertext_never_reaches_the_token() {
    let rig = room("ECC_NIST_P256:swapped");
    let held = hold(&rig, &["none"]);
    let [held] = held.as_slice() else {
        panic!("{held:#?}")
    };
    assert_eq!(held["finished"], 3, "{held:#}");
    let said = held["said"].as_str().expect("text");
    assert!(said.contains("private key"), "{said}");
    let place = rig.path("held-none");
    let transcript = fs::read_to_string(place.join("room/run/transcript.jsonl")).expect("a transcript");
    assert!(
        transcript.contains("key-begin") && !transcript.contains("key-end"),
        "{transcript}"
    );
    assert!(
        transcript
            .lines()
            .last()
            .is_some_and(|line| line.contains("stopped")),
        "{transcript}"
    );
    // The AES key that would have wrapped it, which ends with the session, but never the private key.
    let calls = fs::read_to_string(rig.path("held-none.logs/run-01")).expect("calls");
    assert_eq!(calls.matches("C_UnwrapKey ").count(), 1, "{calls}");
}
