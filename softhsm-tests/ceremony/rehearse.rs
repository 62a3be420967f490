//! `ceremony rehearse`: every session on throwaway tokens, compared with the plan octet by octet.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding};
use hsm_ca::ceremony::to_canonical;
use serde_json::{Value, json};

use super::check::ceremony;
use super::proof::Planned;
use super::second_verifier::ask;
use crate::harness::{Rig, Run, python_tool};

pub(super) const REHEARSE: [&str; 5] = ["--format", "json", "ceremony", "rehearse", "room"];

/// Rehearses the planned ceremony in `room`, with its temporary files in `tmp`.
pub(super) fn rehearse(rig: &Rig) -> Run {
    let mut command = rig.prepare(&REHEARSE);
    command.env("TMPDIR", temporary(rig));
    Run::of(&mut command)
}

pub(super) fn temporary(rig: &Rig) -> PathBuf {
    let path = rig.path("tmp");
    fs::create_dir_all(&path).expect("a directory");
    path
}

/// Leaves only the main session.
pub(super) fn one_session(rig: &Rig) {
    rig.edit(
        "[[session]]\nname = \"standby\"\ndate = 2031-06-02\nhours = [\"08:00Z\", \"18:00Z\"]\n",
        "",
    );
}

/// Every file below a directory, with its bytes. A running process may remove files meanwhile; those are left out.
pub(super) fn files_below(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for path in unless_gone(fs::read_dir(path)).into_iter().flatten() {
        let path = path.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if let Some(bytes) = unless_gone(fs::read(&path)) {
            files.push((path, bytes));
        }
    }
    files.sort();
    files
}

fn unless_gone<T>(read: io::Result<T>) -> Option<T> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        other => Some(other.expect("a file or a directory")),
    }
}

pub(super) fn is_empty(path: &Path) -> bool {
    fs::read_dir(path).expect("a directory").next().is_none()
}

#[test]
fn both_sessions_are_held_as_planned_and_nothing_else_changes() {
    let planned = Planned::new();
    let rig = &planned.0;
    let before = files_below(&rig.path("room"));
    let report = rehearse(rig).ok().json();
    assert_eq!(
        (&report["verified"], &report["plan_made_again"]),
        (&json!(true), &json!(true)),
        "{report:#}"
    );
    let sessions = report["sessions"].as_array().expect("sessions");
    let names: Vec<_> = sessions.iter().map(|session| &session["session"]).collect();
    assert_eq!(names, ["main", "standby"]);

    // Every octet of the plan is compared or is in a hole.
    let plan: Value = serde_json::from_slice(&rig.read("room/plan.json")).expect("JSON");
    for session in sessions {
        let planned = plan["objects"].as_array().expect("objects").iter();
        let planned: Vec<_> = planned
            .filter(|object| object["session"] == session["session"])
            .collect();
        let compared = session["objects"].as_array().expect("objects");
        assert_eq!((compared.len(), planned.len()), (4, 4));
        for (compared, planned) in compared.iter().zip(planned) {
            assert_eq!(compared["step"], planned["step"]);
            let tbs = Base64::decode_vec(planned["tbs"].as_str().expect("base64")).expect("base64");
            let holes = planned["holes"].as_array().expect("holes").iter();
            let in_holes: u64 = holes.map(|hole| hole["len"].as_u64().expect("a length")).sum();
            let length = u64::try_from(tbs.len()).expect("small");
            assert_eq!(compared["in_holes"], json!(in_holes));
            assert_eq!(compared["compared"], json!(length - in_holes));
        }
        let signatures = json!([
            { "key": "k", "planned": 3, "made": 3 },
            { "key": "legacy-root", "planned": 1, "made": 1 },
        ]);
        assert_eq!(session["signatures"], signatures);
        assert_practice(rig, session["session"].as_str().expect("a name"));
    }
    // The rig and its tokens are gone. No file of the real ceremony has changed.
    assert!(is_empty(&temporary(rig)));
    let after = files_below(&rig.path("room"));
    let rehearsal = rig.path("room/rehearsal");
    let (made, after): (Vec<_>, Vec<_>) = after
        .into_iter()
        .partition(|(path, _)| path.starts_with(&rehearsal));
    assert_eq!(after, before);
    let mode = fs::metadata(&rehearsal)
        .expect("a directory")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    for (path, bytes) in &made {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("PRIVATE KEY"), "{}", path.display());
    }

    // A second rehearsal is refused.
    let again = rehearse(rig);
    assert!(again.stderr.contains("remove that directory"), "{}", again.stderr);
    again.refused(2, "output-exists");
    assert_eq!(files_below(&rig.path("room")).len(), before.len() + made.len());

    // A real ceremony that was rehearsed is verified, and the rehearsal contributes nothing to that.
    let head = planned.hold("held", "", "");
    rig.write("held/rehearsal/main/plan.json", b"changed");
    rig.json(&["ceremony", "verify", "held", "--head", &head]).ok();
    let case = json!({ "what": "ceremony", "directory": rig.path("held") });
    assert_eq!(ask(&[case]), [format!("ok {head}")]);
}

/// The plan, the pages and each signature are marked as a practice. Both verifiers and stock programs verify it.
fn assert_practice(rig: &Rig, session: &str) {
    let path = format!("room/rehearsal/{session}");
    let verified = rig.json(&["ceremony", "verify", &path]).ok().json();
    assert_eq!(
        (&verified["ceremony_kind"], &verified["session"]),
        (&json!("practice"), &json!(session))
    );
    let case = json!({ "what": "ceremony", "directory": rig.path(&path) });
    let head = verified["head"].as_str().expect("a head");
    assert_eq!(ask(&[case]), [format!("ok {head}")]);
    for name in ["script.html", "report.html", "plan.txt"] {
        let page = String::from_utf8(rig.read(&format!("{path}/{name}"))).expect("text");
        let mark = match name {
            "plan.txt" => "practice",
            _ => "PRACTICE. This ceremony is an exercise",
        };
        assert!(page.contains(mark), "{page}");
    }
    let people = people(rig, &format!("{path}/plan.json"));
    rig.write("signers", people);
    let gate = format!("run/gates/gate@{session}-01");
    for (statement, namespace) in [
        ("approvals/01-approve", "ceremony-practice-approval@hsm-ca"),
        (gate.as_str(), "ceremony-practice-gate@hsm-ca"),
        ("attest/06", "ceremony-practice-attestation@hsm-ca"),
    ] {
        let person = if statement.ends_with("06") { "W" } else { "A" };
        let script = format!(
            "ssh-keygen -Y verify -f signers -I {person} -n {namespace} -s {path}/{statement}.json.sig < {path}/{statement}.json"
        );
        rig.tool("sh", &["-c", &script]).ok();
        let real = script.replace("practice-", "");
        assert_ne!(rig.tool("sh", &["-c", &real]).code, Some(0));
    }
    let out = |name: &str| format!("{path}/out/{name}");
    rig.tool(
        "openssl",
        &[
            "verify",
            "-no_check_time",
            "-CAfile",
            &out("r1.crt"),
            &out("i1.crt"),
        ],
    )
    .ok();
    let legacy = format!("{path}/inputs/legacy.crt");
    rig.tool(
        "openssl",
        &["verify", "-no_check_time", "-CAfile", &legacy, &out("r1-x.crt")],
    )
    .ok();
    // The real older root did not sign.
    let refused = rig.tool(
        "openssl",
        &[
            "verify",
            "-no_check_time",
            "-CAfile",
            "inputs/legacy.crt",
            &out("r1-x.crt"),
        ],
    );
    assert_ne!(refused.code, Some(0));
    rig.tool(
        "sh",
        &["-c", &format!("cd {path} && sha256sum --quiet -c SHA256SUMS")],
    )
    .ok();
}

/// The `allowed_signers` file for the people of a plan.
fn people(rig: &Rig, plan: &str) -> String {
    let plan: Value = serde_json::from_slice(&rig.read(plan)).expect("JSON");
    let people = plan["people"]["persons"].as_array().expect("people").iter();
    people
        .map(|person| {
            let text = |name: &str| person[name].as_str().expect("text").to_owned();
            format!("{} {}\n", text("name"), text("key"))
        })
        .collect()
}

/// The plan has a changed octet in one object and a wider hole in another. Every hash is repaired, so only the ceremony's files reveal it.
#[test]
fn a_plan_that_says_something_else_than_its_files_is_found() {
    let rig = ceremony();
    one_session(&rig);
    let plan = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
    rig.json(&plan).ok();
    let mut plan: Value = serde_json::from_slice(&rig.read("room/plan.json")).expect("JSON");
    let object = |plan: &Value, step: &str| {
        let objects = plan["objects"].as_array().expect("objects");
        let at = objects.iter().position(|object| object["step"] == step);
        at.expect("an object")
    };
    let (changed, widened) = (object(&plan, "i1"), object(&plan, "root"));
    let at = change(&mut plan["objects"][changed], |tbs, _| {
        // A letter of the subject.
        let at = tbs
            .windows(7)
            .position(|found| found == b"Issuing")
            .expect("a name");
        tbs[at] = b'i';
        at
    });
    change(&mut plan["objects"][widened], |tbs, holes| {
        let (from, len) = (number(&holes[0]["at"]), number(&holes[0]["len"]));
        tbs[from - 1] = 0;
        holes[0]["at"] = json!(from - 1);
        holes[0]["len"] = json!(len + 1);
        0
    });
    rig.write("room/plan.json", to_canonical(&plan).expect("canonical"));

    let run = rehearse(&rig);
    assert_eq!(run.code, Some(3), "{run:#?}");
    let report = run.json();
    assert_eq!(report["verified"], json!(false));
    let plan = report["plan_difference"].as_str().expect("a difference");
    assert!(plan.contains("step \"root\""), "{plan}");
    let session = &report["sessions"][0];
    let difference = |step: &str| {
        let objects = session["objects"].as_array().expect("objects").iter();
        let mut objects = objects.filter(|object| object["step"] == step);
        objects.next().expect("an object")["difference"].clone()
    };
    let expected = json!({ "octet": { "at": at, "planned": u64::from(b'i'), "found": u64::from(b'I') } });
    assert_eq!(difference("i1"), expected);
    // A hole that is one octet wider hides that octet from the comparison, but people can see it.
    assert_eq!(difference("root"), Value::Null);
    let findings = session["findings"].as_array().expect("findings");
    let found: Vec<_> = findings
        .iter()
        .filter_map(|finding| finding["found"].as_str())
        .collect();
    assert_eq!(found.len(), 1, "{findings:#?}");
    assert!(found[0].contains("step \"root\""), "{found:?}");
    // The rehearsal is kept for inspection.
    assert!(rig.path("room/rehearsal/main/plan.json").is_file());
    assert!(is_empty(&temporary(&rig)));

    let text = rig
        .command(&["ceremony", "show", "room/rehearsal/main"])
        .ok()
        .stdout;
    assert!(text.contains("practice"), "{text}");
}

pub(super) fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a number")).expect("small")
}

/// Changes the bytes of an object, and repairs its hash.
pub(super) fn change(object: &mut Value, edit: impl FnOnce(&mut Vec<u8>, &mut Value) -> usize) -> usize {
    let mut tbs = Base64::decode_vec(object["tbs"].as_str().expect("base64")).expect("base64");
    let mut holes = object["holes"].take();
    let at = edit(&mut tbs, &mut holes);
    object["holes"] = holes;
    object["sha256"] = json!(hsm_ca::ceremony::Digest::of(&tbs).to_string());
    object["tbs"] = json!(Base64::encode_string(&tbs));
    at
}

/// Keys of older CAs are in a safe: a CA under another CA, a CA that is renewed and whose key is destroyed, and a CA that only signed a certificate.
/// The previous ceremony had other people.
#[test]
fn stand_ins_take_the_places_of_older_cas_and_of_the_people_before() {
    let rig = Rig::without_token();
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/ceremony");
    rig.tool(python_tool("python3"), &["-c", include_str!("older.py"), scripts])
        .ok();
    rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"])
        .ok();
    let report = rehearse(&rig).ok().json();
    let session = &report["sessions"][0];
    assert_eq!(
        (&report["verified"], &session["verified"]),
        (&json!(true), &json!(true))
    );
    let objects = session["objects"].as_array().expect("objects").iter();
    assert!(
        objects.clone().all(|object| object["in_holes"] == 0),
        "{session:#}"
    );
    assert_eq!(objects.count(), 4);
    let signatures = json!([
        { "key": "renewed", "planned": 1, "made": 1 },
        { "key": "old", "planned": 1, "made": 1 },
        { "key": "policy", "planned": 2, "made": 2 },
    ]);
    assert_eq!(session["signatures"], signatures);

    let path = "room/rehearsal/main";
    let verified = rig.json(&["ceremony", "verify", path]).ok().json();
    let case = json!({ "what": "ceremony", "directory": rig.path(path) });
    let head = verified["head"].as_str().expect("a head");
    assert_eq!(ask(&[case]), [format!("ok {head}")]);
    // Two approvers of the previous ceremony must agree to the new ones: A and B. Only F is not in the new plan.
    assert!(
        rig.path(&format!("{path}/approvals/old-03-approve.json.sig"))
            .is_file()
    );
    let text = String::from_utf8(rig.read(&format!("{path}/ceremony.toml"))).expect("text");
    assert!(!text.contains("touch") && !text.contains("sk-ssh"), "{text}");

    // The stand-in of its issuer signed each stand-in, not the real issuer.
    let verify = |authority: &str, certificate: &str| {
        let arguments = [
            "verify",
            "-no_check_time",
            "-partial_chain",
            "-CAfile",
            authority,
            certificate,
        ];
        rig.tool("openssl", &arguments).code == Some(0)
    };
    let of = |name: &str| format!("{path}/{name}");
    for (authority, certificate) in [
        ("inputs/other.crt", "inputs/policy.crt"),
        ("inputs/policy.crt", "inputs/i0.crt"),
        ("inputs/policy.crt", "out/i1.crt"),
        ("inputs/old.crt", "out/policy-x.crt"),
    ] {
        assert!(verify(&of(authority), &of(certificate)), "{certificate}");
        assert!(!verify(authority, &of(certificate)), "{certificate}");
    }
    let crl = [
        "crl",
        "-noout",
        "-verify",
        "-in",
        &of("inputs/policy.crl"),
        "-CAfile",
        &of("inputs/policy.crt"),
    ]
    .map(str::to_owned);
    let crl: Vec<_> = crl.iter().map(String::as_str).collect();
    let run = rig.tool("openssl", &crl).ok();
    assert!(run.stderr.contains("verify OK"), "{run:#?}");
}
