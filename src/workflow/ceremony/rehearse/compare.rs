//! Compares the result of a rehearsal with the real plan.

use std::collections::BTreeMap;

use crate::ceremony::{
    CeremonyPlan, ComparedObject, Digest, Finding, ImportKey, PlannedObject, PlannedStep, StepAction,
    TranscriptHead, rules,
};
use crate::signer::PublicKey;
use crate::workflow::ceremony::{CeremonyInputs, CeremonyReport, CeremonySource};
use crate::x509::signed_content;

/// One session of a rehearsal, compared with the real plan.
#[derive(Clone, Debug)]
pub struct SessionComparison {
    /// The session.
    pub session: String,
    /// The head of its transcript.
    pub head: Option<TranscriptHead>,
    /// Each object that was made.
    pub objects: Vec<ComparedObject>,
    /// Steps of the plan whose object was not made.
    pub missing: Vec<String>,
    /// How often each key signed.
    pub signatures: Vec<CountedSignatures>,
    /// The findings of the practice's verification, and the differences between its plan and the real one.
    pub findings: Vec<Finding>,
}

/// How often a key signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedSignatures {
    /// The key, as the plan calls it.
    pub key: String,
    /// The planned number.
    pub planned: u64,
    /// The actual number.
    pub made: u64,
}

impl SessionComparison {
    /// Whether the practice verifies, every planned object was made and matches outside the holes, and each key signed as often as planned.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
            && self.missing.is_empty()
            && self.objects.iter().all(ComparedObject::is_equal)
            && self
                .signatures
                .iter()
                .all(|counted| counted.planned == counted.made)
    }
}

/// Compares the verified practice of a session with the plan of the real ceremony.
#[must_use]
pub fn compare_session(
    plan: &CeremonyPlan,
    source: &CeremonySource,
    practice: &CeremonyReport,
    practice_source: &CeremonySource,
    session: &str,
) -> SessionComparison {
    let stand_ins = stand_ins(source, practice_source);
    let keys = stand_in_octets(&stand_ins);
    let mut comparison = SessionComparison {
        session: session.to_owned(),
        head: practice.transcript.as_ref().map(|transcript| transcript.head()),
        objects: Vec::new(),
        missing: Vec::new(),
        signatures: count(plan, practice),
        findings: practice.findings.clone(),
    };
    if let Some(made) = &practice.content {
        comparison.findings.extend(compare_plans(plan, made, &stand_ins));
    }
    if practice.trail.session.as_deref() != Some(session) {
        let found = format!("the rehearsal did not hold session {session:?}");
        comparison
            .findings
            .push(Finding::in_file("run/transcript.jsonl", rules::REHEARSAL, found));
    }
    for planned in plan.objects_of(session) {
        let made = practice.made.iter().find(|made| made.step == planned.step);
        match made.and_then(|made| signed_content(&made.der).ok()) {
            Some(signed) => {
                let signed = with_real_keys(signed, &keys);
                comparison.objects.push(ComparedObject::of(planned, &signed));
            }
            None => comparison.missing.push(planned.step.clone()),
        }
    }
    comparison
}

/// Finds other differences between the plans. Values that a practice replaces are left out; so are the bytes, which are compared as signed.
fn compare_plans(plan: &CeremonyPlan, practice: &CeremonyPlan, stand_ins: &[StandInFor]) -> Vec<Finding> {
    let parts = [
        ("the id", plan.ceremony == practice.ceremony),
        ("the sessions", plan.sessions == practice.sessions),
        (
            "the steps",
            plan.steps == with_real_pins(&practice.steps, stand_ins),
        ),
        ("the profiles", plan.profiles == practice.profiles),
        ("the linters", plan.linters == practice.linters),
        ("the budget of signatures", plan.budget == practice.budget),
        ("the waivers", plan.waived == practice.waived),
        ("the objects", plan.objects.len() == practice.objects.len()),
    ];
    let parts = parts.into_iter().filter(|(_, is_same)| !is_same);
    let mut differing: Vec<_> = parts.map(|(what, _)| what.to_owned()).collect();
    for (planned, made) in plan.objects.iter().zip(&practice.objects) {
        let with_bytes_of_plan = PlannedObject {
            tbs: planned.tbs.clone(),
            sha256: planned.sha256,
            // The description contains keys, which differ in a practice.
            shown: planned.shown.clone(),
            ..made.clone()
        };
        if with_bytes_of_plan != *planned {
            let (step, session) = (&planned.step, &planned.session);
            differing.push(format!("what it says about step {step:?}, session {session:?}"));
        }
    }
    let finding = |what: String| {
        let found = format!("{what} differs from what the files of the ceremony make");
        Finding::in_file("the real plan.json", rules::REHEARSAL, found)
    };
    differing.into_iter().map(finding).collect()
}

fn count(plan: &CeremonyPlan, practice: &CeremonyReport) -> Vec<CountedSignatures> {
    let mut made: BTreeMap<&str, u64> = BTreeMap::new();
    for signature in &practice.trail.signatures {
        *made.entry(&signature.key).or_default() += 1;
    }
    let planned = plan.budget.iter();
    let planned = planned.map(|budget| (budget.key.as_str(), budget.signatures));
    let mut counted: Vec<_> = planned
        .map(|(key, planned)| CountedSignatures {
            key: key.to_owned(),
            planned,
            made: made.remove(key).unwrap_or_default(),
        })
        .collect();
    counted.extend(made.into_iter().map(|(key, made)| CountedSignatures {
        key: key.to_owned(),
        planned: 0,
        made,
    }));
    counted
}

/// A key of a practice, and the real key that it replaces.
struct StandInFor {
    stand_in: PublicKey,
    real: PublicKey,
}

/// Each input that contains another key in the practice: a certificate, a public key, or the pair file of a key to import.
fn stand_ins(source: &CeremonySource, practice: &CeremonySource) -> Vec<StandInFor> {
    let key_of = |inputs: &CeremonyInputs, name: &str| match inputs.pair(name) {
        Ok(pair) => Ok(pair.public_key),
        Err(_) => inputs.public_key(name),
    };
    let mut found = Vec::new();
    for name in source.file.inputs.keys() {
        if let (Ok(real), Ok(stand_in)) = (key_of(&source.inputs, name), key_of(&practice.inputs, name))
            && real != stand_in
        {
            found.push(StandInFor { stand_in, real });
        }
    }
    found
}

/// The octets of stand-in keys and of the real keys: numbers and identifiers.
fn stand_in_octets(stand_ins: &[StandInFor]) -> Vec<[Vec<u8>; 2]> {
    let mut pairs = Vec::new();
    for StandInFor { stand_in, real } in stand_ins {
        let octets = |key: &PublicKey| key.own_octets().to_vec();
        pairs.push([octets(stand_in), octets(real)]);
        pairs.push([stand_in.key_identifier(), real.key_identifier()]);
    }
    pairs
}

/// The steps of a practice, with the public keys that the real steps expect of their pairs.
fn with_real_pins(steps: &[PlannedStep], stand_ins: &[StandInFor]) -> Vec<PlannedStep> {
    let mut steps = steps.to_vec();
    for step in &mut steps {
        if let StepAction::ImportKey(ImportKey {
            expect: Some(pin), ..
        }) = &mut step.action
        {
            let mut pinned = stand_ins.iter();
            if let Some(pinned) = pinned.find(|pinned| *pin == Digest::of(pinned.stand_in.der())) {
                *pin = Digest::of(pinned.real.der());
            }
        }
    }
    steps
}

/// The signed bytes, with the octets of the real keys in place of the stand-ins. Only octets of the same length can be compared.
fn with_real_keys(mut signed: Vec<u8>, keys: &[[Vec<u8>; 2]]) -> Vec<u8> {
    for [stand_in, real] in keys {
        if stand_in.len() != real.len() || stand_in.is_empty() {
            continue;
        }
        let mut at = 0;
        while let Some(window) = signed.get_mut(at..at + stand_in.len()) {
            if window == stand_in.as_slice() {
                window.copy_from_slice(real);
            }
            at += 1;
        }
    }
    signed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::Difference;

    #[test]
    fn the_octets_of_real_keys_are_put_back_in_every_place() {
        let keys = [
            [vec![7, 8], vec![1, 2]],
            // Another length must show as a difference.
            [vec![9], vec![3, 4]],
            [Vec::new(), Vec::new()],
        ];
        let signed = vec![7, 8, 0, 7, 7, 8, 9, 7];
        assert_eq!(with_real_keys(signed, &keys), [1, 2, 0, 7, 1, 2, 9, 7]);
        assert_eq!(with_real_keys(vec![7], &keys), [7]);
        assert!(with_real_keys(Vec::new(), &keys).is_empty());
    }

    fn sound() -> SessionComparison {
        SessionComparison {
            session: "main".to_owned(),
            head: None,
            objects: vec![ComparedObject {
                session: "main".to_owned(),
                step: "root".to_owned(),
                in_holes: 20,
                compared: 200,
                difference: None,
            }],
            missing: Vec::new(),
            signatures: vec![CountedSignatures {
                key: "k".to_owned(),
                planned: 1,
                made: 1,
            }],
            findings: Vec::new(),
        }
    }

    #[test]
    fn each_part_of_a_comparison_counts() {
        assert!(sound().is_sound());
        let mut other = sound();
        other.objects[0].difference = Some(Difference::Length { planned: 2, found: 3 });
        assert!(!other.is_sound());
        let mut other = sound();
        other.objects[0].compared = 0;
        assert!(!other.is_sound());
        let mut other = sound();
        other.missing.push("i1".to_owned());
        assert!(!other.is_sound());
        for made in [0, 2] {
            let mut other = sound();
            other.signatures[0].made = made;
            assert!(!other.is_sound(), "{made}");
        }
        let mut other = sound();
        other
            .findings
            .push(Finding::in_file("plan.json", rules::REHEARSAL, "x"));
        assert!(!other.is_sound());
    }
}
