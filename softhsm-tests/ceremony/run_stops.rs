//! `ceremony run` is killed inside a write to its transcript, meets a full disk, loses its token, or runs on the wrong day, and continues.

use serde_json::{Value, json};

use super::run::{assert_sound, hold, room};

fn of<'a>(held: &'a [Value], point: &str) -> &'a Value {
    held.iter().find(|held| held["point"] == point).expect("held")
}

/// Killed before the write, in its middle, before the newline, and before the sync: for each event of a ceremony in turn, one run after another.
/// Which of these lines is on disk decides what people are asked, and how many times the token signs.
#[test]
fn a_ceremony_is_killed_inside_each_line_of_its_transcript_and_goes_on() {
    let adopted_and_again = json!(["k: adopt-key", "root: sign-again"]);
    let spare = json!(["i1: spare-serial"]);
    let cases = [
        ("writes 30", &adopted_and_again, 6),
        ("writes -1", &adopted_and_again, 6),
        ("writes 1000000", &json!(["root: sign-again"]), 5),
        ("write sign-end -1 4=sign-again", &json!(["crl1: sign-again"]), 6),
        // Also killed when the ledger has the revocation, but the transcript does not say yet what is left to do.
        (
            "write sign-end 60 2 & write deviation 0 4=spare-serial",
            &spare,
            6,
        ),
        ("write sign-end 1000000 2", &json!([]), 5),
        ("write sign-begin 1000000 2=spare-serial", &spare, 5),
    ];
    for held in assert_killed_in_lines(&[], &cases) {
        let is_replaced = held["decided"] == spare;
        assert_eq!(held["due"].is_object(), is_replaced, "{held:#}");
        // The transcript says this once, wherever it was interrupted.
        let owed = held["owed"].as_array().expect("a list");
        assert_eq!(owed.len(), usize::from(is_replaced), "{held:#}");
        if is_replaced {
            assert_another_crl_is_due(&held["due"]);
        }
    }
}

/// The plan fixed the CRL before people replaced a serial number, so it does not list the first one. Everyone learns this, from the choice to the report,
/// and the command that they read makes a CRL that lists it.
#[track_caller]
fn assert_another_crl_is_due(due: &Value) {
    let text = |name: &str| due[name].as_str().expect("text");
    let serial = text("serial");
    let told = |place: &str, part: &str| assert!(text(place).contains(part), "{place}: {part}: {due:#}");
    told(
        "prompt",
        "sign-again: the same certificate, with the same serial number. Nothing is revoked.",
    );
    told(
        "prompt",
        &format!(
            "spare-serial: another serial number. The first, {serial}, is revoked in the ledger, but r1.crl does not list it: you must \
             issue another CRL."
        ),
    );
    told("screen", "spare serial number of the plan: ");
    let revoked =
        format!("certificate {serial} of step \"i1\" is revoked in the ledger, but r1.crl does not list it");
    // Without a terminal a sentence is one line, so a terminal wraps it only once.
    told(
        "closing",
        "The hashes on the screen before, and in the report, are of the same objects in DER, as `openssl x509",
    );
    told("closing", "`openssl crl -fingerprint -sha256` for a CRL");
    told("closing", &format!("STILL TO DO: {revoked}.\n"));
    let warned = json!(format!("{revoked}: another CRL of its issuer must list it"));
    assert!(
        due["warnings"].as_array().expect("a list").contains(&warned),
        "{due:#}"
    );
    told(
        "deadlines",
        "issue another CRL of CN=Root R1,O=Example that lists certificate ",
    );
    told("deadlines", serial);
    assert_eq!(due["listed"], true, "{due:#}");
}

/// On CloudHSM an adopted key proves itself once more.
#[test]
fn a_ceremony_on_cloudhsm_is_killed_inside_lines_of_its_transcript_and_goes_on() {
    let cases = [
        ("writes 30", &json!(["k: adopt-key", "root: sign-again"]), 7),
        (
            "write sign-end 60 2=spare-serial",
            &json!(["i1: spare-serial"]),
            6,
        ),
        (
            "write sign-begin 1000000 2=sign-again",
            &json!(["i1: sign-again"]),
            5,
        ),
    ];
    assert_killed_in_lines(&["cloudhsm"], &cases);
}

#[track_caller]
fn assert_killed_in_lines(words: &[&str], cases: &[(&str, &Value, u64)]) -> Vec<Value> {
    let points: Vec<_> = cases.iter().map(|(point, ..)| *point).collect();
    let held = hold(&room("ec:p256", words), &points);
    for (held, (_, decided, signatures)) in held.iter().zip(cases) {
        assert_sound(held);
        let is_killed = match &held["killed"] {
            Value::Array(runs) => runs.iter().all(|run| *run == -9),
            run => *run == -9,
        };
        assert!(is_killed, "{held:#}");
        assert_eq!(&held["decided"], *decided, "{held:#}");
        assert_eq!(held["signatures"], *signatures, "{held:#}");
    }
    held
}

/// From a certain write on, the disk is full, wherever that is: in the transcript, in the ledger, in the objects or in the results. The run reports
/// it in one line, and the same command continues once there is space.
#[test]
fn on_a_disk_that_fills_at_some_write_nothing_is_lost() {
    let points: Vec<_> = (1..=220)
        .step_by(20)
        .map(|write| format!("full {write}"))
        .collect();
    let points: Vec<_> = points.iter().map(String::as_str).collect();
    for held in hold(&room("ec:p256", &[]), &points) {
        assert_sound(&held);
        assert!(held["stopped"] == 1 || held["stopped"] == 4, "{held:#}");
        let line = held["line"].as_str().expect("text");
        assert!(line.lines().count() <= 2, "{held:#}");
        assert!(
            !line.contains("discarded") && !line.contains("ledger deliver"),
            "{held:#}"
        );
    }
}

/// Each file that is written at the end, in turn: the ledger's events, the last line of the transcript, a result, the export, the checkpoint and the
/// list of hashes. The run reports that it stops, and the same command finishes.
#[test]
fn on_a_disk_that_fills_while_a_ceremony_is_closed_nothing_is_lost() {
    let points = [
        "fills \"event\":",
        "fills \"what\":\"closed\"",
        "fills END X509 CRL",
        "fills hsm-ca ceremony export 1",
        "fills ceremony/root-r1/",
        "fills   checkpoint\n",
    ];
    for held in hold(&room("ec:p256", &[]), &points) {
        assert_sound(&held);
        assert_eq!(held["stopped"], 1, "{held:#}");
        let line = held["line"].as_str().expect("text");
        assert!(
            line.contains("No space left on device")
                && line.contains("run the same command again to continue"),
            "{held:#}"
        );
        assert_eq!(held["signatures"], 5, "{held:#}");
    }
}

/// The token is removed: the same run repeats nothing, and the next run continues.
#[test]
fn a_token_that_is_pulled_stops_the_run_and_a_second_run_waits_outside() {
    let points = [
        "fail C_Login:CKR_TOKEN_NOT_PRESENT@1",
        "fail C_GenerateKeyPair:CKR_DEVICE_REMOVED@1",
        "fail C_GenerateKeyPair!:CKR_DEVICE_REMOVED@1=destroy-key",
        "fail C_SignInit:CKR_DEVICE_REMOVED@3",
        "fail C_Sign:CKR_TOKEN_NOT_PRESENT@4",
        "fail C_Sign!:CKR_DEVICE_REMOVED@3",
        "fail C_FindObjectsInit:CKR_DEVICE_REMOVED@9",
        "twice",
    ];
    let held = hold(&room("ec:p384", &[]), &points);
    for held in &held {
        assert_sound(held);
        if held["point"] != "twice" {
            assert_eq!(held["stopped"], 4, "{held:#}");
            let line = held["line"].as_str().expect("text");
            assert!(line.contains("CKR_") && line.contains("C_"), "{held:#}");
        }
    }
    let decided = |point: &str| of(&held, point)["decided"].clone();
    // Whatever the token answered, it is unknown whether it signed.
    assert_eq!(decided(points[3]), json!(["i1: sign-again"]));
    // The older root has an RSA key.
    assert_eq!(decided(points[4]), json!([]));
    assert_eq!(decided(points[5]), json!(["i1: sign-again"]));
    let twice = of(&held, "twice");
    assert_eq!((&twice["stopped"], &twice["second run"]), (&json!(1), &json!(4)));
    let line = twice["line"].as_str().expect("text");
    assert!(line.contains("in use by process "), "{line}");
    assert!(line.contains("running in another terminal"), "{line}");
}

/// The first session is killed after the ledger records what it would sign, but before the transcript does. Nothing was signed, so the standby
/// session is held, and the entry that was begun ends. A CRL number is used only once: if one was begun, the standby session is refused before anyone
/// types.
#[test]
fn what_a_session_that_was_given_up_had_begun_is_ended_or_refused_at_the_opening() {
    let [held] = hold(
        &room("ec:p256", &["yesterday", "certificate"]),
        &["standby begun"],
    )
    .try_into()
    .expect("one");
    assert_sound(&held);
    assert_eq!(
        (&held["stopped"], &held["sessions"]),
        (&json!(-9), &json!(["main", "standby"]))
    );
    assert_eq!(held["begun"][0], "c0", "{held:#}");

    let [held] = hold(&room("ec:p256", &["yesterday"]), &["standby begun"])
        .try_into()
        .expect("one");
    assert_eq!(held["finished"], 3, "{held:#}");
    let said = held["said"].as_str().expect("text");
    assert!(
        said.starts_with("error: ") && said.contains("CRL number 1 was begun"),
        "{held:#}"
    );
}

/// The main session is abandoned at a gate before any key is made, and the standby session is held the next day. Signatures from the first session do
/// not count in the second, because its gate has other bytes.
#[test]
fn a_standby_session_passes_its_gates_by_itself() {
    let rig = room("ec:p256", &["yesterday"]);
    for (point, signed) in [
        ("standby half-signed", &["01"][..]),
        ("standby passed", &["01", "03"]),
    ] {
        let [held] = hold(&rig, &[point]).try_into().expect("one");
        assert_sound(&held);
        assert_eq!(held["sessions"], json!(["main", "standby"]), "{held:#}");
        let gates = held["gates"].as_array().expect("a list");
        let of_main: Vec<_> = signed
            .iter()
            .map(|place| format!("early@main-{place}.json"))
            .collect();
        let found: Vec<_> = gates
            .iter()
            .filter_map(Value::as_str)
            .filter(|name| name.contains("@main-") && name.ends_with(".json"))
            .collect();
        assert_eq!(found, of_main, "{held:#}");
        for place in ["01", "03"] {
            for gate in ["early", "gate"] {
                assert!(
                    gates.contains(&json!(format!("{gate}@standby-{place}.json.sig"))),
                    "{held:#}"
                );
            }
        }
    }
}

/// People see that a remark was recorded, and what Ctrl-C did. At the gate they see what they sign; `openssl` finds the same in the results.
#[test]
fn what_is_typed_beside_an_answer_gets_one() {
    let [held] = hold(&room("ec:p256", &[]), &["talks"]).try_into().expect("one");
    assert_sound(&held);
    assert_eq!((&held["killed"], &held["deviations"]), (&json!(-2), &json!(3)));
    let talked = held["talked"].as_str().expect("text");
    let remarks = held["remarks"].as_array().expect("a list");
    let told: Vec<_> = remarks
        .iter()
        .map(|remark| {
            let field = |name: &str| remark[name].as_str().expect("text").to_owned();
            let (what, time) = (field("what"), field("t"));
            format!(
                "Recorded in line {} of the transcript: a {what} at {time} by {}: {}",
                remark["n"],
                field("by"),
                field("text")
            )
        })
        .collect();
    assert_eq!(told.len(), 5, "{held:#}");
    // Each remark has an author: a person in the room. Before it is known who is there, and if nobody says whose it is, the login.
    let login = format!("login {}", held["login"].as_str().expect("text"));
    let by: Vec<_> = remarks
        .iter()
        .map(|remark| remark["by"].as_str().expect("text"))
        .collect();
    assert_eq!(by, [&login, &login, "W", "A", &login]);
    for refused in [
        "nobody in the plan is called \"X\"",
        "type one name",
        "\"E\" is not in the room",
    ] {
        assert!(talked.contains(refused), "{refused}: {talked}");
    }
    // Lines are wrapped at 80 columns.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in &told {
        assert!(words(talked).contains(&words(told)), "{told}: {talked}");
    }
    assert!(talked.contains("Write down and type \""), "{talked}");
    // The opening says what kind of ceremony it is, and whether the machine has a network.
    assert!(talked.starts_with("PRODUCTION ceremony root-r1\n"), "{talked}");
    let network = held["network"].as_array().expect("a list");
    let up: Vec<_> = network.iter().filter_map(Value::as_str).collect();
    let network = match up.is_empty() {
        true => "No network interface is up.\n".to_owned(),
        false => format!(
            "Network interfaces that are up: {}. An offline root must have none.\n",
            up.join(", ")
        ),
    };
    assert!(talked.contains(&network), "{network}: {talked}");
    for told in [
        "Not accepted: type the text after the colon",
        "This is recorded next.",
    ] {
        assert!(talked.contains(told), "{told}: {talked}");
    }
    let (_, after) = talked.split_once("Ctrl-C ended this run.").expect("an answer");
    assert!(
        after.contains("\n  hsm-ca --color never ceremony run room\n"),
        "{after}"
    );
    let (_, gate) = talked.split_once("compare this with the script").expect("a gate");
    let (gate, _) = gate.split_once("Signatures still missing").expect("a question");
    let at = |text: &str| gate.find(text).unwrap_or_else(|| panic!("{text}: {gate}"));
    // The objects are in the order of the steps, and a key that two objects certify appears once.
    assert!(at("root: certificate r1.crt") < at("i1: certificate i1.crt"));
    assert!(at("i1: certificate") < at("x1: certificate r1-x.crt, which key \"legacy-root\" signs"));
    assert!(at("SHA-256 of the key in it: as in root") < at("crl1: CRL r1.crl"));
    assert!(gate.lines().all(|line| line.len() <= 80), "{gate}");
}
