use super::*;
use crate::ceremony::test_key::TestKey;
use crate::ceremony::test_plan::{person, plan_with};
use crate::ceremony::{Digest, Role, SshKeyKind, SshSignatureError, to_canonical};

const ATTESTATION: &str = "ceremony-attestation@hsm-ca";
const NOW: UnixTime = UnixTime(1_796_114_400);
const NAMES: [&str; 4] = ["A", "B", "V", "W"];

struct Room {
    plan: CeremonyPlan,
    keys: Vec<TestKey>,
}

/// A and B are approvers; V and W are witnesses.
fn room() -> Room {
    let keys: Vec<TestKey> = NAMES.iter().map(|_| TestKey::new(SshKeyKind::Ed25519)).collect();
    let roles = [Role::Approver, Role::Approver, Role::Witness, Role::Witness];
    let people = NAMES.iter().zip(&keys).zip(roles);
    let people = people.map(|((name, key), role)| person(name, &[role], key, &[]));
    Room {
        plan: plan_with(people.collect()),
        keys,
    }
}

fn head() -> TranscriptHead {
    TranscriptHead {
        n: 42,
        hash: Digest::of(b"the last line"),
    }
}

fn all_well() -> Remarks {
    Remarks {
        present: Presence::All,
        as_planned: true,
        remarks: None,
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Room {
    fn count(&self, attended: &[&str]) -> AttestationCount {
        AttestationCount::of(&self.plan, &names(attended), head()).unwrap()
    }

    fn statement(&self, who: usize, head: TranscriptHead, remarks: &Remarks) -> Vec<u8> {
        let plan = self.plan.identity().unwrap();
        let key = self.keys[who].key();
        let statement = AttestationStatement::new(&plan, NAMES[who], &key, NOW, head, remarks);
        to_canonical(&statement.unwrap()).unwrap()
    }

    fn add(
        &self,
        count: &mut AttestationCount,
        who: usize,
        head: TranscriptHead,
    ) -> Result<(), StatementError> {
        let statement = self.statement(who, head, &all_well());
        let signature = self.keys[who].sign(ATTESTATION, &statement);
        count.add(&statement, signature.as_bytes()).map(|_| ())
    }
}

#[test]
fn each_witness_who_attended_has_to_attest_and_others_who_attended_may() {
    let room = room();
    let mut count = room.count(&["A", "W"]);
    assert_eq!(count.required(), names(&["W"]));
    room.add(&mut count, 0, head()).unwrap();
    assert_eq!(count.missing(), names(&["W"]));
    let error = room.add(&mut count, 2, head()).unwrap_err();
    assert!(
        matches!(&error, StatementError::UnknownPerson { person, .. } if person == "V"),
        "{error}"
    );
    room.add(&mut count, 3, head()).unwrap();
    assert!(count.missing().is_empty());
    let (found, remarks) = count.attestations()[1].content();
    assert_eq!((*found, remarks.clone()), (head(), all_well()));
}

#[test]
fn an_attestation_of_another_head_or_namespace_does_not_count() {
    let room = room();
    let mut count = room.count(&NAMES);
    let others = [
        TranscriptHead { n: 41, ..head() },
        TranscriptHead {
            hash: Digest::of(b"another line"),
            ..head()
        },
    ];
    for other in others {
        let error = room.add(&mut count, 3, other).unwrap_err();
        assert!(matches!(error, StatementError::OtherHead { .. }), "{error}");
    }
    let statement = room.statement(3, head(), &all_well());
    for namespace in [
        "ceremony-practice-attestation@hsm-ca",
        "ceremony-approval@hsm-ca",
        "ceremony-gate@hsm-ca",
    ] {
        let signature = room.keys[3].sign(namespace, &statement);
        let error = count.add(&statement, signature.as_bytes()).unwrap_err();
        assert!(
            matches!(
                error,
                StatementError::Signature(SshSignatureError::Namespace { .. })
            ),
            "{error}"
        );
    }
    assert_eq!(count.missing(), names(&["V", "W"]));
}

#[test]
fn each_attestation_says_exactly_one_thing() {
    let room = room();
    let mut count = room.count(&NAMES);
    let remarks = Remarks {
        present: Presence::Part,
        as_planned: false,
        remarks: Some("the second bag was opened early".to_owned()),
    };
    let good = String::from_utf8(room.statement(3, head(), &remarks)).unwrap();
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{good}");
        good.replacen(from, to, 1)
    };
    for text in [
        with("\"part\"", "\"most\""),
        with("\"no\"", "\"No\""),
        with("the second bag was opened early", ""),
        with("the second bag was opened early", "a\\u001b[2K"),
        with("42:", "042:"),
        with("{", "{\"also\":\"this\","),
        with("\"as-planned\":\"no\",", ""),
        with("attestation 1", "attestation 2"),
    ] {
        let signature = room.keys[3].sign(ATTESTATION, text.as_bytes());
        let added = count.add(text.as_bytes(), signature.as_bytes());
        assert!(added.is_err(), "{text}");
    }
    let signature = room.keys[3].sign(ATTESTATION, good.as_bytes());
    let added = count.add(good.as_bytes(), signature.as_bytes()).unwrap();
    assert_eq!(added.content().1, remarks);
}

#[test]
fn every_changed_byte_of_an_attestation_is_found() {
    let room = room();
    let mut count = room.count(&NAMES);
    let remarks = Remarks {
        remarks: Some("é, 1:2".to_owned()),
        ..all_well()
    };
    let good = room.statement(3, head(), &remarks);
    let signature = room.keys[3].sign(ATTESTATION, &good).into_bytes();
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
    for place in 0..signature.len() {
        let mut bytes = signature.clone();
        bytes[place] ^= 1;
        assert!(count.add(&good, &bytes).is_err(), "signature, byte {place}");
    }
    assert!(count.add(&good, &signature).is_ok());
}

#[test]
fn the_statement_is_the_documented_one() {
    let room = room();
    let remarks = Remarks {
        remarks: Some("none".to_owned()),
        ..all_well()
    };
    let text = String::from_utf8(room.statement(3, head(), &remarks)).unwrap();
    let expected = format!(
        "{{\"as-planned\":\"yes\",\"ceremony\":\"r1\",\"format\":\"hsm-ca ceremony attestation 1\",\"head\":\"{}\",\
         \"key\":\"{}\",\"kind\":\"production\",\"person\":\"W\",\"plan\":\"{}\",\"present\":\"all\",\
         \"remarks\":\"none\",\"time\":\"2026-12-01T08:40:00Z\"}}\n",
        head(),
        room.keys[3].key().fingerprint(),
        room.plan.identity().unwrap().hash
    );
    assert_eq!(text, expected);
}
