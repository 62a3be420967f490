mod statement;

use super::*;
use crate::ceremony::test_key::TestKey;
use crate::ceremony::{
    CeremonyKind, Digest, QuorumError, Requirement, Signatory, SignatoryKey, SshKeyKind, SshSignatureError,
    to_canonical,
};
use crate::signer::Curve;

const APPROVAL: &str = "ceremony-approval@hsm-ca";
const NOW: UnixTime = UnixTime(1_796_114_400);

fn plan() -> PlanIdentity {
    PlanIdentity {
        kind: CeremonyKind::Production,
        ceremony: "root-r1-2026".to_owned(),
        hash: Digest::of(b"{\"plan\":1}\n"),
    }
}

fn approver(name: &str, keys: &[&TestKey]) -> Signatory {
    let keys = keys.iter().map(|key| SignatoryKey {
        key: key.key(),
        require: Vec::new(),
    });
    Signatory {
        name: name.to_owned(),
        keys: keys.collect(),
    }
}

fn demanding(name: &str, key: &TestKey, require: &[Requirement]) -> Signatory {
    let mut approver = approver(name, &[key]);
    approver.keys[0].require = require.to_vec();
    approver
}

fn statement(person: &str, key: &TestKey, decision: &Decision) -> Vec<u8> {
    let statement = ApprovalStatement::new(&plan(), person, &key.key(), NOW, decision).unwrap();
    to_canonical(&statement).unwrap()
}

fn reject(because: &str) -> Decision {
    Decision::Reject {
        because: because.to_owned(),
    }
}

fn add(count: &mut ApprovalCount, person: &str, key: &TestKey) -> Result<(), StatementError> {
    let bytes = statement(person, key, &Decision::Approve);
    count
        .add(&bytes, key.sign(APPROVAL, &bytes).as_bytes())
        .map(|_| ())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn five() -> (Vec<TestKey>, ApprovalCount) {
    let kinds = [
        SshKeyKind::Ed25519,
        SshKeyKind::SkEd25519,
        SshKeyKind::SkEcdsaP256,
        SshKeyKind::Ecdsa(Curve::P384),
        SshKeyKind::Ed25519,
    ];
    let keys: Vec<TestKey> = kinds.into_iter().map(TestKey::new).collect();
    let approvers = ["A", "B", "C", "D", "E"].iter().zip(&keys);
    let approvers = approvers.map(|(name, key)| approver(name, &[key])).collect();
    let count = ApprovalCount::new(plan(), approvers, 3).unwrap();
    (keys, count)
}

#[test]
fn three_of_five_distinct_people_approve() {
    let (keys, mut count) = five();
    assert_eq!(
        count.verdict(),
        Verdict::Open {
            by: vec![],
            missing: 3
        }
    );
    add(&mut count, "D", &keys[3]).unwrap();
    add(&mut count, "B", &keys[1]).unwrap();
    // The same statement with another signature: ECDSA signatures differ each time.
    add(&mut count, "D", &keys[3]).unwrap();
    assert_eq!(
        count.verdict(),
        Verdict::Open {
            by: names(&["B", "D"]),
            missing: 1
        }
    );
    add(&mut count, "A", &keys[0]).unwrap();
    assert_eq!(
        count.verdict(),
        Verdict::Approved {
            by: names(&["A", "B", "D"])
        }
    );
    add(&mut count, "E", &keys[4]).unwrap();
    assert_eq!(
        count.verdict(),
        Verdict::Approved {
            by: names(&["A", "B", "D", "E"])
        }
    );
    assert_eq!(count.approvals().len(), 5);
    assert_eq!(count.approvals()[1].claimed_time(), NOW);
    assert_eq!(*count.approvals()[1].key(), keys[1].key());
}

#[test]
fn one_person_with_two_keys_counts_once() {
    let (one, two, other) = (
        TestKey::new(SshKeyKind::Ed25519),
        TestKey::new(SshKeyKind::SkEd25519),
        TestKey::new(SshKeyKind::Ed25519),
    );
    let approvers = vec![approver("A", &[&one, &two]), approver("B", &[&other])];
    let mut count = ApprovalCount::new(plan(), approvers, 2).unwrap();
    add(&mut count, "A", &one).unwrap();
    add(&mut count, "A", &two).unwrap();
    assert_eq!(
        count.verdict(),
        Verdict::Open {
            by: names(&["A"]),
            missing: 1
        }
    );
    add(&mut count, "B", &other).unwrap();
    assert_eq!(
        count.verdict(),
        Verdict::Approved {
            by: names(&["A", "B"])
        }
    );
}

#[test]
fn any_rejection_stops() {
    let (keys, mut count) = five();
    let bytes = statement("C", &keys[2], &reject("the path length is wrong"));
    count
        .add(&bytes, keys[2].sign(APPROVAL, &bytes).as_bytes())
        .unwrap();
    for (name, key) in ["A", "B", "C", "D", "E"].iter().zip(&keys) {
        add(&mut count, name, key).unwrap();
    }
    let rejections = vec![Rejection {
        person: "C".to_owned(),
        because: "the path length is wrong".to_owned(),
    }];
    assert_eq!(count.verdict(), Verdict::Rejected { rejections });
}

#[test]
fn a_quorum_is_of_distinct_people_and_keys() {
    let (one, two) = (
        TestKey::new(SshKeyKind::SkEcdsaP256),
        TestKey::new(SshKeyKind::Ed25519),
    );
    let new = |approvers, threshold| {
        ApprovalCount::new(plan(), approvers, threshold)
            .map(|_| ())
            .unwrap_err()
    };
    // The same public key under the plain key type.
    let plain = SshKey::from_blob(&one.blob_as(SshKeyKind::Ecdsa(Curve::P256), "")).unwrap();
    let mut alias = approver("B", &[&two]);
    alias.keys[0].key = plain;
    let error = new(vec![approver("A", &[&one]), alias.clone()], 1);
    assert!(
        matches!(&error, QuorumError::SameKey { person, other, .. } if person == "B" && other == "A"),
        "{error}"
    );
    let mut twice = approver("A", &[&one]);
    twice.keys.extend(alias.keys);
    assert!(matches!(new(vec![twice], 1), QuorumError::SameKey { .. }));
    let error = new(vec![approver("Anna", &[&one]), approver("ANNA", &[&two])], 1);
    assert!(matches!(error, QuorumError::SameName { .. }), "{error}");
    for threshold in [0, 3] {
        let error = new(vec![approver("A", &[&one]), approver("B", &[&two])], threshold);
        assert_eq!(error, QuorumError::Threshold { threshold, people: 2 });
    }
    let error = new(vec![demanding("B", &two, &[Requirement::Touch])], 1);
    assert!(matches!(error, QuorumError::CannotShow { .. }), "{error}");
}

#[test]
fn touch_and_pin_are_demanded_as_the_person_s_require_says() {
    let key = TestKey::new(SshKeyKind::SkEd25519);
    let bytes = statement("A", &key, &Decision::Approve);
    let cases: [(&[Requirement], u8, Option<Requirement>); 7] = [
        (&[Requirement::Touch, Requirement::Pin], 0x05, None),
        (
            &[Requirement::Touch, Requirement::Pin],
            0x01,
            Some(Requirement::Pin),
        ),
        (
            &[Requirement::Touch, Requirement::Pin],
            0x04,
            Some(Requirement::Touch),
        ),
        (&[Requirement::Touch], 0x01, None),
        (&[Requirement::Touch], 0x00, Some(Requirement::Touch)),
        (&[Requirement::Pin], 0x01, Some(Requirement::Pin)),
        (&[], 0x00, None),
    ];
    for (require, flags, missing) in cases {
        let mut count = ApprovalCount::new(plan(), vec![demanding("A", &key, require)], 1).unwrap();
        let added = count
            .add(&bytes, key.fields(APPROVAL, &bytes, flags).armour().as_bytes())
            .map(|_| ());
        match (added, missing) {
            (Ok(()), None) => {}
            (Err(StatementError::NotShown { requirement, .. }), Some(missing)) if requirement == missing => {}
            (added, _) => panic!("{require:?} {flags:#x}: {added:?}"),
        }
    }
}

#[test]
fn an_approval_of_something_else_is_refused() {
    let (keys, mut count) = five();
    let key = &keys[0];
    type Change = fn(&mut PlanIdentity);
    let changes: [(&str, Change); 3] = [
        ("plan", |plan| plan.hash = Digest::of(b"{\"plan\":2}\n")),
        ("ceremony", |plan| plan.ceremony = "root-r2-2026".to_owned()),
        ("kind", |plan| plan.kind = CeremonyKind::Practice),
    ];
    for (name, change) in changes {
        let mut other = plan();
        change(&mut other);
        let statement = ApprovalStatement::new(&other, "A", &key.key(), NOW, &Decision::Approve).unwrap();
        let bytes = to_canonical(&statement).unwrap();
        for namespace in [APPROVAL, "ceremony-practice-approval@hsm-ca"] {
            let error = count
                .add(&bytes, key.sign(namespace, &bytes).as_bytes())
                .unwrap_err();
            assert!(
                matches!(error, StatementError::OtherPlan { what, .. } if what == name),
                "{error}"
            );
        }
    }
    // The real statement, but signed in the practice namespace or in the namespace for files.
    let bytes = statement("A", key, &Decision::Approve);
    for namespace in ["ceremony-practice-approval@hsm-ca", "file", "git"] {
        let error = count
            .add(&bytes, key.sign(namespace, &bytes).as_bytes())
            .unwrap_err();
        assert!(
            matches!(
                error,
                StatementError::Signature(SshSignatureError::Namespace { .. })
            ),
            "{error}"
        );
    }
    assert_eq!(
        count.verdict(),
        Verdict::Open {
            by: vec![],
            missing: 3
        }
    );
}

#[test]
fn a_person_cannot_approve_for_another() {
    let (keys, mut count) = five();
    let error = add(&mut count, "B", &keys[0]).unwrap_err();
    assert!(matches!(error, StatementError::NotTheirKey { .. }), "{error}");
    let error = add(&mut count, "F", &keys[0]).unwrap_err();
    assert!(matches!(error, StatementError::UnknownPerson { .. }), "{error}");
    let error = add(&mut count, "a", &keys[0]).unwrap_err();
    assert!(matches!(error, StatementError::UnknownPerson { .. }), "{error}");
    let error = add(&mut count, "A", &TestKey::new(SshKeyKind::Ed25519)).unwrap_err();
    assert!(matches!(error, StatementError::NotTheirKey { .. }), "{error}");
    // The statement names one key, but another key signs it.
    let bytes = statement("A", &keys[4], &Decision::Approve);
    let error = count
        .add(&bytes, keys[0].sign(APPROVAL, &bytes).as_bytes())
        .unwrap_err();
    assert!(matches!(error, StatementError::OtherKeyStated { .. }), "{error}");
    assert!(count.approvals().is_empty());
}
