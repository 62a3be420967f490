//! A plan for the tests of this module: people with keys, one gate, and nothing to sign.

use std::collections::BTreeMap;

use super::test_key::TestKey;
use super::{
    CeremonyKind, CeremonyPlan, Confirm, Digest, PlannedPeople, PlannedPerson, PlannedSession, PlannedStep,
    PlannedTool, Requirement, Role, SignBy, StepAction,
};

/// A person of the plan.
pub(super) fn person(name: &str, roles: &[Role], key: &TestKey, require: &[Requirement]) -> PlannedPerson {
    PlannedPerson {
        name: name.to_owned(),
        roles: roles.to_vec(),
        key: key.line(),
        require: require.to_vec(),
    }
}

/// A plan with a gate `gate` for two approvers. Witnesses attest.
pub(super) fn plan_with(persons: Vec<PlannedPerson>) -> CeremonyPlan {
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
        tokens: BTreeMap::new(),
        people: PlannedPeople {
            approve_threshold: 2,
            attend: BTreeMap::new(),
            separate: Vec::new(),
            attest: vec![Role::Witness],
            persons,
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
        steps: vec![PlannedStep {
            id: "gate".to_owned(),
            action: StepAction::Confirm(Confirm {
                sign_by: SignBy {
                    role: Role::Approver,
                    threshold: 2,
                },
            }),
        }],
        objects: Vec::new(),
        budget: Vec::new(),
        waived: Vec::new(),
    }
}
