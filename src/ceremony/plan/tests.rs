//! Inconsistent plans, and holes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::*;
use crate::ceremony::test_key::TestKey;
use crate::ceremony::{Manual, Octets, SshKeyKind};

fn object() -> PlannedObject {
    let tbs = vec![0x30, 7, 2, 1, 5, 0, 0, 0, 0, 9];
    PlannedObject {
        session: "main".to_owned(),
        step: "root".to_owned(),
        is: ObjectKind::Certificate,
        out: "root.crt".to_owned(),
        key: "k".to_owned(),
        algorithm: Octets(vec![0x30, 0]),
        deterministic: false,
        sha256: Digest::of(&tbs),
        tbs: Octets(tbs),
        holes: vec![
            Hole {
                at: 5,
                len: 1,
                is: HoleContent::Key,
                key: "k".to_owned(),
            },
            Hole {
                at: 6,
                len: 3,
                is: HoleContent::KeyIdentifier,
                key: "k".to_owned(),
            },
        ],
        serial: Some("05".to_owned()),
        spare: Some(Spare {
            serial: "06".to_owned(),
            at: 4,
        }),
        shown: vec!["a certificate".to_owned()],
        verdicts: BTreeMap::from([("version".to_owned(), RuleVerdict::Passed)]),
    }
}

fn plan() -> CeremonyPlan {
    static LINES: OnceLock<[String; 2]> = OnceLock::new();
    let lines = LINES.get_or_init(|| [(); 2].map(|()| TestKey::new(SshKeyKind::Ed25519).line()));
    let person = |name: &str, line: &str| PlannedPerson {
        name: name.to_owned(),
        roles: vec![Role::Approver],
        key: line.to_owned(),
        require: Vec::new(),
    };
    let step = |id: &str| PlannedStep {
        id: id.to_owned(),
        action: StepAction::Manual(Manual {
            say: "it is quiet".to_owned(),
            record: Vec::new(),
        }),
    };
    CeremonyPlan {
        format: CeremonyPlan::format(),
        kind: CeremonyKind::Production,
        ceremony: "r1".to_owned(),
        file: Digest::of(b"file"),
        policy: None,
        previous: None,
        time: "2026-11-01T08:00:00Z".to_owned(),
        tool: PlannedTool {
            name: "hsm-ca".to_owned(),
            version: "1".to_owned(),
            sha256: Digest::of(b"tool"),
        },
        module: None,
        tokens: BTreeMap::from([(
            "root".to_owned(),
            PlannedToken {
                serial: "1".to_owned(),
                seen: None,
            },
        )]),
        people: PlannedPeople {
            approve_threshold: 2,
            attend: BTreeMap::from([(Role::Approver, 1)]),
            separate: Vec::new(),
            attest: vec![Role::Approver],
            persons: vec![person("A", &lines[0]), person("B", &lines[1])],
        },
        inputs: BTreeMap::new(),
        profiles: BTreeMap::new(),
        linters: BTreeMap::new(),
        refused_keys: None,
        sessions: vec![PlannedSession {
            name: "main".to_owned(),
            begins: "2026-12-01T08:00:00Z".to_owned(),
            ends: "2026-12-01T17:59:59Z".to_owned(),
        }],
        steps: vec![step("k"), step("root")],
        objects: vec![object()],
        budget: vec![KeyBudget {
            key: "k".to_owned(),
            token: "root".to_owned(),
            signatures: 1,
            proofs: 1,
        }],
        waived: Vec::new(),
    }
}

#[test]
fn a_plan_is_read_back_and_each_changed_byte_is_refused_or_changes_the_hash() {
    let bytes = plan().to_bytes().unwrap();
    let read = CeremonyPlan::read(&bytes).unwrap();
    assert_eq!(read, plan());
    let hash = read.identity().unwrap().hash;
    assert_eq!(hash, Digest::of(&bytes));
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        if let Ok(read) = CeremonyPlan::read(&other) {
            assert_ne!(read.identity().unwrap().hash, hash, "byte {at}");
        }
    }
}

#[test]
fn a_plan_that_does_not_agree_with_itself_is_refused() {
    let refused = |change: &dyn Fn(&mut CeremonyPlan), expected: &str| {
        let mut other = plan();
        change(&mut other);
        let error = CeremonyPlan::read(&other.to_bytes().unwrap()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    refused(
        &|plan| plan.format = "hsm-ca ceremony plan 2".to_owned(),
        "format",
    );
    refused(&|plan| plan.time = "2026-11-01T09:00:00+01:00".to_owned(), "time");
    refused(&|plan| plan.sessions[0].ends = "soon".to_owned(), "ends");
    refused(&|plan| plan.people.approve_threshold = 3, "2 approvers");
    refused(&|plan| plan.people.approve_threshold = 0, "0 people");
    refused(
        &|plan| plan.people.persons[1].key = plan.people.persons[0].key.clone(),
        "the same key",
    );
    refused(
        &|plan| plan.people.persons[1].key.push_str(" comment"),
        "written differently",
    );
    refused(&|plan| plan.objects[0].tbs.0[0] = 0x31, "another SHA-256");
    refused(
        &|plan| plan.objects[0].session = "other".to_owned(),
        "does not exist",
    );
    refused(&|plan| plan.objects[0].holes[1].at = 5, "overlap");
    refused(&|plan| plan.objects[0].holes[1].at = 7, "not empty");
    refused(&|plan| plan.objects[0].holes[1].len = 9, "outside");
    refused(
        &|plan| plan.objects[0].spare.as_mut().unwrap().at = 3,
        "spare serial",
    );
    refused(
        &|plan| plan.objects[0].spare.as_mut().unwrap().serial = "05".to_owned(),
        "spare serial",
    );
    refused(&|plan| plan.budget[0].signatures = 2, "budget");
    refused(&|plan| plan.budget.clear(), "budget");
}

#[test]
fn holes_take_octets_of_their_length_only() {
    let object = object();
    let keys = |key: &[u8], identifier: &[u8]| {
        let octets = KeyOctets {
            key: key.to_vec(),
            identifier: identifier.to_vec(),
        };
        Keys(BTreeMap::from([("k".to_owned(), octets)]))
    };
    let completed = object.completed(&keys(&[7], &[1, 2, 3])).unwrap();
    assert_eq!(completed, [0x30, 7, 2, 1, 5, 7, 1, 2, 3, 9]);
    assert!(object.completed(&keys(&[7, 7], &[1, 2, 3])).is_err());
    assert!(object.completed(&Keys::default()).is_err());
    let spare = object.with_spare().unwrap();
    assert_eq!(spare.tbs.0[4], 6);
    assert_eq!(spare.sha256, Digest::of(&spare.tbs.0));
}

#[test]
fn words_of_the_script_differ_by_step_and_by_plan() {
    let one = script_words(&Digest::of(b"1"), "root");
    assert_eq!(one.split(' ').count(), SCRIPT_WORDS);
    assert_ne!(one, script_words(&Digest::of(b"1"), "i1"));
    assert_ne!(one, script_words(&Digest::of(b"2"), "root"));
}

#[test]
fn waivers_and_verdicts_say_the_same() {
    let waiver = |rule: &str, step: &str| PlannedWaiver {
        rule: rule.to_owned(),
        step: step.to_owned(),
        because: "the agreed reason".to_owned(),
    };
    let read = |change: &dyn Fn(&mut CeremonyPlan)| {
        let mut changed = plan();
        change(&mut changed);
        CeremonyPlan::read(&changed.to_bytes().unwrap()).map(drop)
    };
    let tell = |plan: &mut CeremonyPlan, rule: &str| {
        let verdicts = &mut plan.objects[0].verdicts;
        verdicts.insert(rule.to_owned(), RuleVerdict::Waived);
    };
    // Waivers of a profile concern other rules.
    read(&|plan| tell(plan, "explicit-text")).unwrap();
    for rule in ["explicit-text", "second-certificate", "same-name-other-key"] {
        read(&|plan| {
            tell(plan, rule);
            plan.waived = vec![waiver(rule, "root")];
        })
        .unwrap();
        for step in ["root", "k", "nothing"] {
            let refused = read(&|plan| plan.waived = vec![waiver(rule, step)]).unwrap_err();
            assert!(matches!(refused, PlanError::Waiver { .. }), "{refused}");
        }
    }
    for rule in ["second-certificate", "same-name-other-key"] {
        let refused = read(&|plan| tell(plan, rule)).unwrap_err().to_string();
        assert!(refused.contains("the plan has no waiver of it"), "{refused}");
    }
}
