use super::*;
use crate::ceremony::test_key::TestKey;
use crate::ceremony::test_plan::{person, plan_with};
use crate::ceremony::{CeremonyKind, Requirement, Role, SshKeyKind, SshSignatureError, to_canonical};

const GATE: &str = "ceremony-gate@hsm-ca";
const NOW: UnixTime = UnixTime(1_796_114_400);

struct Room {
    plan: CeremonyPlan,
    keys: Vec<TestKey>,
}

const NAMES: [&str; 4] = ["A", "B", "C", "W"];

/// A, B and C are approvers, and C must show touch and PIN. W is a witness.
fn room() -> Room {
    let kinds = [
        SshKeyKind::Ed25519,
        SshKeyKind::Ecdsa(crate::signer::Curve::P256),
        SshKeyKind::SkEd25519,
        SshKeyKind::Ed25519,
    ];
    let keys: Vec<TestKey> = kinds.into_iter().map(TestKey::new).collect();
    let approver = [Role::Approver];
    let plan = plan_with(vec![
        person("A", &approver, &keys[0], &[]),
        person("B", &approver, &keys[1], &[]),
        person("C", &approver, &keys[2], &[Requirement::Touch, Requirement::Pin]),
        person("W", &[Role::Witness], &keys[3], &[]),
    ]);
    Room { plan, keys }
}

fn bytes() -> GateBytes {
    GateBytes {
        session: "main".to_owned(),
        step: "gate".to_owned(),
        objects: BTreeMap::from([
            ("i1".to_owned(), Digest::of(b"i1")),
            ("root".to_owned(), Digest::of(b"root")),
        ]),
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Room {
    fn count(&self, attending: &[&str]) -> GateCount {
        GateCount::of(&self.plan, &names(attending), bytes()).unwrap()
    }

    fn statement(&self, who: usize, bytes: &GateBytes) -> Vec<u8> {
        let plan = self.plan.identity().unwrap();
        let key = self.keys[who].key();
        to_canonical(&GateStatement::new(&plan, NAMES[who], &key, NOW, bytes)).unwrap()
    }

    fn sign(&self, who: usize, bytes: &GateBytes) -> (Vec<u8>, Vec<u8>) {
        let statement = self.statement(who, bytes);
        let signature = self.keys[who].sign(GATE, &statement).into_bytes();
        (statement, signature)
    }

    fn add(&self, count: &mut GateCount, who: usize) -> Result<(), StatementError> {
        let (statement, signature) = self.sign(who, &bytes());
        count.add(&statement, &signature).map(|_| ())
    }
}

#[test]
fn two_distinct_approvers_who_attend_pass_the_gate() {
    let room = room();
    let mut count = room.count(&["A", "C", "W"]);
    assert_eq!(count.missing(), 2);
    room.add(&mut count, 0).unwrap();
    room.add(&mut count, 0).unwrap();
    assert_eq!((count.missing(), count.people()), (1, names(&["A"])));
    // A witness does not have the role of the gate.
    let error = room.add(&mut count, 3).unwrap_err();
    assert!(matches!(error, StatementError::UnknownPerson { .. }), "{error}");
    // This person has left the room: the signature is verified but not counted.
    room.add(&mut count, 1).unwrap();
    assert_eq!((count.missing(), count.people()), (1, names(&["A"])));
    room.add(&mut count, 2).unwrap();
    assert_eq!((count.missing(), count.people()), (0, names(&["A", "C"])));
}

#[test]
fn a_gate_that_those_present_cannot_pass_is_refused() {
    let room = room();
    let error = GateCount::of(&room.plan, &names(&["A", "W"]), bytes()).unwrap_err();
    let expected = QuorumError::Threshold {
        threshold: 2,
        people: 1,
    };
    assert!(
        matches!(&error, PlanError::Quorum(found) if *found == expected),
        "{error}"
    );
    let mut other = bytes();
    other.step = "root".to_owned();
    let error = GateCount::of(&room.plan, &names(&["A", "B"]), other).unwrap_err();
    assert!(matches!(error, PlanError::NotAGate { .. }), "{error}");
}

#[test]
fn a_signature_for_another_step_session_or_other_bytes_does_not_count() {
    let room = room();
    let mut count = room.count(&NAMES);
    type Change = fn(&mut GateBytes);
    let changes: [Change; 5] = [
        |bytes| bytes.step = "gate2".to_owned(),
        |bytes| bytes.session = "standby".to_owned(),
        |bytes| {
            bytes.objects.insert("root".to_owned(), Digest::of(b"r00t"));
        },
        |bytes| {
            bytes.objects.remove("i1");
        },
        |bytes| {
            bytes.objects.insert("x1".to_owned(), Digest::of(b"x1"));
        },
    ];
    for change in changes {
        let mut other = bytes();
        change(&mut other);
        let (statement, signature) = room.sign(0, &other);
        let error = count.add(&statement, &signature).unwrap_err();
        assert!(matches!(error, StatementError::OtherGate { .. }), "{error}");
    }
    assert_eq!(count.missing(), 2);
}

#[test]
fn namespaces_and_plans_do_not_mix() {
    let room = room();
    let mut count = room.count(&NAMES);
    let statement = room.statement(0, &bytes());
    for namespace in [
        "ceremony-approval@hsm-ca",
        "ceremony-practice-gate@hsm-ca",
        "file",
    ] {
        let signature = room.keys[0].sign(namespace, &statement);
        let error = count.add(&statement, signature.as_bytes()).unwrap_err();
        assert!(
            matches!(
                error,
                StatementError::Signature(SshSignatureError::Namespace { .. })
            ),
            "{error}"
        );
    }
    let mut practice = Room {
        plan: room.plan.clone(),
        keys: Vec::new(),
    };
    practice.plan.kind = CeremonyKind::Practice;
    practice.keys = room.keys;
    let (statement, signature) = practice.sign(0, &bytes());
    let error = count.add(&statement, &signature).unwrap_err();
    assert!(
        matches!(error, StatementError::OtherPlan { what: "kind", .. }),
        "{error}"
    );
}

#[test]
fn touch_and_pin_are_demanded_at_gates_too() {
    let room = room();
    let mut count = room.count(&NAMES);
    let statement = room.statement(2, &bytes());
    for (flags, missing) in [(0x01, Requirement::Pin), (0x04, Requirement::Touch)] {
        let signature = room.keys[2].fields(GATE, &statement, flags).armour();
        let error = count.add(&statement, signature.as_bytes()).unwrap_err();
        assert!(
            matches!(error, StatementError::NotShown { requirement, .. } if requirement == missing),
            "{error}"
        );
    }
}

#[test]
fn every_changed_byte_of_a_statement_is_found() {
    let room = room();
    let mut count = room.count(&NAMES);
    let (good, signature) = room.sign(0, &bytes());
    for place in 0..good.len() {
        for change in [0x01, 0x20, 0x80] {
            let mut bytes = good.clone();
            bytes[place] ^= change;
            assert!(
                count.add(&bytes, &signature).is_err(),
                "byte {place} ^ {change:#x}"
            );
        }
    }
    assert!(count.add(&good, &signature).is_ok());
}

#[test]
fn the_statement_is_the_documented_one() {
    let room = room();
    let text = String::from_utf8(room.statement(0, &bytes())).unwrap();
    let expected = format!(
        "{{\"ceremony\":\"r1\",\"format\":\"hsm-ca ceremony gate 1\",\"key\":\"{}\",\"kind\":\"production\",\
         \"objects\":{{\"i1\":\"{}\",\"root\":\"{}\"}},\"person\":\"A\",\"plan\":\"{}\",\"session\":\"main\",\"step\":\"gate\",\
         \"time\":\"2026-12-01T08:40:00Z\"}}\n",
        room.keys[0].key().fingerprint(),
        Digest::of(b"i1"),
        Digest::of(b"root"),
        room.plan.identity().unwrap().hash
    );
    assert_eq!(text, expected);
}
