//! Who may approve must be known from outside the plan, and what a security key must show.

use std::fs;

use hsm_ca::ceremony::{CeremonyDirectory, CeremonyExport, CeremonyKind, CeremonyPlan, Digest, rules};
use hsm_ca::workflow::{OpenedCeremony, count_approvals, verify_ceremony};
use serde_json::{Value, json};

use super::people::planned;
use super::second_verifier::ask;
use crate::harness::{Rig, Run, python_tool};

impl Rig {
    fn approvals_of(&self, room: &str) -> Run {
        self.json(&["ceremony", "approvals", room])
    }

    fn approve_in(&self, room: &str, key: &str) -> Run {
        self.json(&["ceremony", "approve", room, "--ssh-key", key])
    }

    fn replace_in_ceremony(&self, from: &str, to: &str) {
        let text = String::from_utf8(self.read("ceremony.toml")).expect("UTF-8");
        assert!(text.contains(from), "{from}");
        self.write("ceremony.toml", text.replacen(from, to, 1));
    }

    fn security_key(&self, arguments: &[&str]) {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/softhsm-tests/ceremony/security_key.py"
        );
        self.tool(python_tool("python3"), &[&[script], arguments].concat())
            .ok();
    }

    /// Plans the ceremony that follows the one in `room`. The export contains its people.
    fn follow_room(&self) {
        let plan = CeremonyPlan::read(&self.read("room/plan.json")).expect("a plan");
        let export = CeremonyExport {
            format: CeremonyExport::format(),
            kind: CeremonyKind::Production,
            ceremony: plan.ceremony.clone(),
            plan: plan.identity().expect("a hash").hash,
            head: format!("42:{}", Digest::of(b"the last line")),
            end: "closed".to_owned(),
            people: plan.people,
            issuers: Vec::new(),
        };
        let bytes = export.to_bytes().expect("an export");
        self.write("inputs/export.json", &bytes);
        let previous = format!(
            "previous = {{ head = \"{}\", file = \"inputs/export.json\", sha256 = \"{}\" }}",
            export.head,
            Digest::of(&bytes)
        );
        self.replace_in_ceremony("previous = { head = \"none\" }", &previous);
    }
}

#[test]
fn the_same_people_as_in_the_ceremony_before_need_no_settings() {
    let rig = planned();
    rig.follow_room();
    rig.plan("next");
    for name in ["A", "B", "C"] {
        rig.approve_in("next", name).ok();
    }
    let report = rig.approvals_of("next").ok().json();
    assert_eq!(
        (&report["anchor"], &report["may_run"]),
        (&json!("previous"), &json!(true))
    );
    // The export must be the one that the plan pins.
    let export = rig.read("next/inputs/export.json");
    let changed = String::from_utf8(export)
        .expect("UTF-8")
        .replace("closed", "aborted");
    rig.write("next/inputs/export.json", changed);
    rig.approvals_of("next").refused(3, "ceremony-previous");
    fs::remove_file(rig.path("next/inputs/export.json")).expect("removed");
    rig.approvals_of("next").refused(3, "ceremony-previous");
}

#[test]
fn a_change_of_the_people_needs_the_old_quorum_too() {
    let rig = planned();
    rig.follow_room();
    // A and B have new keys. An attacker who wants to approve alone could write the same.
    for (name, file) in [("A", "A2"), ("B", "B2")] {
        rig.keygen(&["-q", "-t", "ed25519", "-N", "", "-f", file]);
        rig.set_key(name, file);
    }
    rig.plan("next");
    for key in ["A2", "B2", "C"] {
        rig.approve_in("next", key).ok();
    }
    let report = rig.approvals_of("next");
    assert_eq!(report.code, Some(3));
    let report = report.json();
    assert_eq!(
        (&report["anchor"], &report["state"]),
        (&json!("changed"), &json!("open"))
    );
    assert_eq!(report["approvers"]["verdict"], "approved");
    // C is in both quorums.
    assert_eq!(
        (
            &report["old_approvers"]["by"],
            &report["old_approvers"]["missing"]
        ),
        (&json!(["C"]), &json!(2))
    );
    // The old approvers are needed even if the settings have the new quorum.
    rig.write(
        "hsm-ca.toml",
        format!(
            "ceremony-quorum = \"{}\"\n",
            report["quorum"].as_str().expect("text")
        ),
    );
    assert_eq!(rig.approvals_of("next").code, Some(3));
    let made = rig.approve_in("next", "A").ok().json();
    assert_eq!(made["statement"], "next/approvals/old-01-approve.json");
    let told = rig.command(&["ceremony", "approvals", "next"]);
    assert_eq!(told.code, Some(3));
    let state = ": not approved yet: 1 approver of the previous ceremony must approve\n";
    assert!(told.stdout.contains(state), "{}", told.stdout);
    // `run`, `verify` and the second verifier count alike. This ceremony has not begun.
    let wanted = "the plan changes the people: 1 more approver of the previous ceremony must approve it";
    let ceremony = OpenedCeremony::open(&rig.path("next")).expect("a ceremony");
    let refused = |ceremony: &OpenedCeremony| {
        let counted = count_approvals(ceremony, None).expect("approvals");
        counted.permit().map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(refused(&ceremony), Err(wanted.to_owned()));
    let found = || {
        let report = verify_ceremony(&CeremonyDirectory::at(&rig.path("next")), None);
        let found = report
            .findings
            .into_iter()
            .filter(|found| found.rule == rules::APPROVAL);
        found.map(|found| found.to_string()).collect::<Vec<_>>()
    };
    let [told] = found().try_into().expect("one finding");
    assert!(
        told.contains("1 more approver of the previous ceremony must approve"),
        "{told}"
    );
    let second = || ask(&[json!({ "what": "ceremony", "directory": rig.path("next") })]).remove(0);
    assert_eq!(second(), "refused: Refused too few approvals");
    rig.approve_in("next", "B").ok();
    assert_eq!((refused(&ceremony), found()), (Ok(()), Vec::new()));
    assert_eq!(second(), "refused: KeyError 'run/transcript.jsonl'");
    let report = rig.approvals_of("next").ok().json();
    assert_eq!(report["old_approvers"]["by"], json!(["A", "B", "C"]));
    // The settings name neither quorum.
    rig.write(
        "hsm-ca.toml",
        format!("ceremony-quorum = \"sha256:{}\"\n", "ab".repeat(32)),
    );
    let report = rig.approvals_of("next");
    assert_eq!(
        (report.code, &report.json()["anchor"]),
        (Some(3), &json!("other"))
    );
    fs::remove_file(rig.path("hsm-ca.toml")).expect("removed");
    // One rejection with the old key is enough.
    let reject = [
        "ceremony",
        "approve",
        "next",
        "--ssh-key",
        "A",
        "--reject",
        "--because",
        "I was not asked",
    ];
    rig.json(&reject).ok();
    assert_eq!(rig.approvals_of("next").json()["state"], "rejected");
}

#[test]
fn a_practice_needs_no_quorum_from_elsewhere_and_has_its_own_namespace() {
    let rig = planned();
    rig.replace_in_ceremony("kind = \"production\"", "kind = \"practice\"");
    rig.plan("practice");
    for name in ["A", "B", "C"] {
        let made = rig.approve_in("practice", name).ok().json();
        assert_eq!(made["namespace"], "ceremony-practice-approval@hsm-ca");
    }
    let report = rig.approvals_of("practice").ok().json();
    assert_eq!(
        (&report["anchor"], &report["may_run"]),
        (&json!("none"), &json!(true))
    );
}

#[test]
fn a_quorum_that_the_file_claims_is_that_of_its_people() {
    let rig = planned();
    let check = ["ceremony", "check", "ceremony.toml"];
    let quorum = rig.json(&check).ok().json()["quorum"]
        .as_str()
        .expect("a quorum")
        .to_owned();
    assert_eq!(rig.approvals_of("room").json()["quorum"], *quorum);
    // An independent computation: SHA-256 of the plan's people as canonical JSON.
    let script = "import hashlib, json; people = json.load(open('room/plan.json'))['people']; \
                  text = json.dumps(people, sort_keys=True, separators=(',', ':'), ensure_ascii=False) + '\\n'; \
                  print('sha256:' + hashlib.sha256(text.encode()).hexdigest())";
    let computed = rig.tool(python_tool("python3"), &["-c", script]).ok().stdout;
    assert_eq!(computed.trim(), quorum);
    let threshold = "approve-threshold = 3";
    rig.replace_in_ceremony(threshold, &format!("{threshold}\nquorum = \"{quorum}\""));
    rig.json(&check).ok();
    rig.replace_in_ceremony(threshold, "approve-threshold = 2");
    let message = rig.json(&check).refused(2, "ceremony-file");
    assert!(message.contains(&quorum), "{message}");
}

#[test]
fn touch_and_pin_are_demanded_of_security_keys() {
    for which in ["ed25519", "ecdsa"] {
        let rig = planned();
        rig.security_key(&["new", "S", which]);
        rig.set_key("A", "S");
        let text = String::from_utf8(rig.read("ceremony.toml")).expect("UTF-8");
        let at = text.find("name = \"A\"").expect("A");
        let (before, after) = text.split_at(at);
        let after = after.replacen("\nkey", "\nrequire = [\"touch\", \"pin\"]\nkey", 1);
        rig.write("ceremony.toml", format!("{before}{after}"));
        rig.plan("next");
        let write = [
            "ceremony",
            "approve",
            "next",
            "--ssh-key",
            "S.pub",
            "--write-statement",
        ];
        rig.json(&write).ok();
        let statement = "next/approvals/01-approve.json";
        let sign =
            |flags: &str| rig.security_key(&["sign", "S", "ceremony-approval@hsm-ca", statement, flags]);
        for (flags, missing) in [("0x00", "touched"), ("0x01", "PIN"), ("0x04", "touched")] {
            sign(flags);
            let message = rig.approvals_of("next").refused(3, "ceremony-statement");
            assert!(message.contains(missing), "{which} {flags}: {message}");
        }
        sign("0x05");
        let report: Value = rig.approvals_of("next").json();
        assert_eq!(report["approvers"]["by"], json!(["A"]), "{which}");
    }
}
