//! Counts the signatures at the gates of a transcript: for `run` before it closes the ceremony, and for a verifier.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ceremony::{CeremonyPlan, Finding, GateBytes, GateCount, StatementFile, Trail, rules};

/// The directory of the statements at gates, relative to the ceremony's.
pub(super) const GATES: &str = "run/gates";

/// At each gate that was passed, the people named in the transcript must have signed its hashes, in its session. Signatures at a gate that was opened
/// but not passed must be over its hashes too. `files` are all statements, with their paths relative to the ceremony's directory; their names have no
/// meaning.
pub(super) fn check_gates(
    plan: &CeremonyPlan,
    trail: &Trail,
    files: &[(String, StatementFile)],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut counts = BTreeMap::new();
    let persons = plan.people.persons.iter();
    let everybody: Vec<_> = persons.map(|person| person.name.clone()).collect();
    for ((step, session), gate) in trail.opened_gates.clone() {
        let bytes = GateBytes {
            session: session.clone(),
            step: step.clone(),
            objects: gate.objects,
        };
        let attending = gate
            .passed
            .as_ref()
            .map_or(&everybody, |passed| &passed.attending);
        match (GateCount::of(plan, attending, bytes), gate.passed) {
            (Ok(count), passed) => {
                counts.insert((step, session), (count, passed.map(|passed| passed.people)));
            }
            (Err(error), Some(passed)) => {
                findings.push(Finding::in_line(passed.line, rules::GATE, error.to_string()));
            }
            (Err(error), None) => findings.push(Finding::in_file(GATES, rules::GATE, error.to_string())),
        }
    }
    for (name, file) in files {
        // A statement without a signature does not count.
        let Some(signature) = &file.signature else {
            continue;
        };
        let said = serde_json::from_slice::<Value>(&file.statement).unwrap_or_default();
        let text = |name: &str| {
            let text = said.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let outcome = match counts.get_mut(&(text("step"), text("session"))) {
            Some((count, _)) => count
                .add(&file.statement, signature)
                .map(drop)
                .map_err(|error| error.to_string()),
            None => Err("no gate of this step was opened in this session".to_owned()),
        };
        if let Err(reason) = outcome {
            findings.push(Finding::in_file(name, rules::GATE, reason));
        }
    }
    for ((step, _), (count, named)) in counts {
        let Some(named) = named else { continue };
        let people: Vec<_> = named.keys().cloned().collect();
        let other = named.iter().find(|(person, time)| !count.has(person, **time));
        let found = if count.people() != people || count.missing() > 0 {
            format!(
                "step {step:?}: {:?} signed, and the transcript names {people:?}",
                count.people()
            )
        } else if let Some((person, time)) = other {
            format!(
                "step {step:?}: the statement of {person:?} is not the one from {time}, with which the gate was passed"
            )
        } else {
            continue;
        };
        findings.push(Finding::in_file(GATES, rules::GATE, found));
    }
    findings
}
