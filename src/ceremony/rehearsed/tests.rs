//! Changes each octet in turn, and tries other lengths.

use std::collections::BTreeMap;

use super::*;
use crate::ceremony::{Digest, Hole, HoleContent, ObjectKind, Octets};

const TBS: [u8; 10] = [0x30, 8, 2, 1, 5, 0, 0, 0, 0, 9];

fn planned() -> PlannedObject {
    let hole = |at, len, is| Hole {
        at,
        len,
        is,
        key: "k".to_owned(),
    };
    PlannedObject {
        session: "standby".to_owned(),
        step: "root".to_owned(),
        is: ObjectKind::Certificate,
        out: "root.crt".to_owned(),
        key: "k".to_owned(),
        algorithm: Octets(vec![0x30, 0]),
        deterministic: false,
        sha256: Digest::of(&TBS),
        tbs: Octets(TBS.to_vec()),
        holes: vec![
            hole(5, 1, HoleContent::Key),
            hole(6, 3, HoleContent::KeyIdentifier),
        ],
        serial: None,
        spare: None,
        shown: Vec::new(),
        verdicts: BTreeMap::new(),
    }
}

#[test]
fn each_octet_outside_the_holes_counts_and_none_inside() {
    let mut signed = TBS;
    signed[5..9].copy_from_slice(&[7, 1, 2, 3]);
    let equal = ComparedObject::of(&planned(), &signed);
    assert!(equal.is_equal());
    assert_eq!((equal.in_holes, equal.compared), (4, 6));
    assert_eq!((equal.session.as_str(), equal.step.as_str()), ("standby", "root"));
    for at in 0..signed.len() {
        let mut other = signed;
        other[at] ^= 0x80;
        let compared = ComparedObject::of(&planned(), &other);
        let expected = (!(5..9).contains(&at)).then(|| Difference::Octet {
            at,
            planned: TBS[at],
            found: other[at],
        });
        assert_eq!(compared.difference, expected, "octet {at}");
        assert_eq!(compared.is_equal(), expected.is_none());
    }
}

#[test]
fn a_shorter_or_longer_object_is_another_one() {
    for found in [0, 9, 11] {
        let compared = ComparedObject::of(&planned(), &vec![0x30; found]);
        let expected = Difference::Length { planned: 10, found };
        assert_eq!(compared.difference, Some(expected));
        assert_eq!(compared.compared, 0);
        assert!(!compared.is_equal());
    }
}

#[test]
fn a_plan_of_holes_alone_proves_nothing() {
    let mut planned = planned();
    planned.holes = vec![Hole {
        at: 0,
        len: 10,
        is: HoleContent::Key,
        key: "k".to_owned(),
    }];
    assert!(!ComparedObject::of(&planned, &TBS).is_equal());
}
