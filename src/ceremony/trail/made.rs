//! Checks keys, signatures and gates against the plan's objects, keys and hours.

use std::collections::{BTreeMap, BTreeSet};

use super::in_step::Stage;
use super::{Follower, TrailGate, TrailKey, TrailSignature};
use crate::ceremony::{
    Choice, ClaimedTime, Digest, Event, GenerateKey, ImportKey, KeyOrigin, PlannedStep, StepAction, rules,
};
use crate::signer::PublicKey;
use crate::values::UnixTime;

impl Follower<'_> {
    pub(super) fn key_begin(&mut self, line: u64, step: &PlannedStep, token: &str, label: &str) {
        self.check_confirmed(line, step);
        let planned = match &step.action {
            StepAction::GenerateKey(GenerateKey { token, label, .. })
            | StepAction::ImportKey(ImportKey { token, label, .. }) => (token.as_str(), label.as_str()),
            _ => ("", ""),
        };
        if (token, label) != planned {
            let found = format!("label {label:?} on token {token:?}, and the plan has {planned:?}");
            self.find(line, rules::KEY, found);
        }
        let is_again = self.run.as_ref().is_some_and(|run| run.key_begun);
        if is_again && self.place.choice != Some(Choice::DestroyKey) {
            self.find(
                line,
                rules::KEY,
                "a second key was made in one run, without a decision",
            );
        }
        self.place.choice = None;
        self.place.stage = Stage::Begun;
        if let Some(run) = &mut self.run {
            run.key_begun = true;
        }
    }

    pub(super) fn key_end(
        &mut self,
        line: u64,
        time: UnixTime,
        step: &PlannedStep,
        how: KeyOrigin,
        public_key: Vec<u8>,
    ) {
        let here = self.run.as_ref().is_some_and(|run| run.key_begun);
        let is_expected = match (&step.action, how) {
            (StepAction::GenerateKey(_), KeyOrigin::Generated)
            | (StepAction::ImportKey(_), KeyOrigin::Imported) => here,
            (_, KeyOrigin::Adopted) => {
                self.place.stage == Stage::Begun && self.place.choice == Some(Choice::AdoptKey)
            }
            _ => false,
        };
        if !is_expected {
            self.find(
                line,
                rules::KEY,
                "how the key was made does not agree with its step, its key-begin and the decisions",
            );
        }
        match PublicKey::from_der(&public_key) {
            Err(error) => self.find(line, rules::KEY, format!("its public key: {error}")),
            Ok(key) if key.der() != public_key => self.find(line, rules::KEY, "its public key is not DER"),
            Ok(key) => {
                if let StepAction::GenerateKey(GenerateKey { key_type, .. }) = &step.action
                    && key_type.parse() != Ok(key.algorithm())
                {
                    let found = format!(
                        "it is a key of type {}, and the plan has {key_type}",
                        key.algorithm()
                    );
                    self.find(line, rules::KEY, found);
                }
            }
        }
        if let StepAction::ImportKey(ImportKey { pair, .. }) = &step.action
            && self.plan.inputs.get(pair).and_then(|input| input.key) != Some(Digest::of(&public_key))
        {
            self.find(
                line,
                rules::KEY,
                format!("its public key is not that of input {pair:?}"),
            );
        }
        if let Some(run) = &mut self.run {
            run.key_begun = false;
        }
        let made = TrailKey {
            line,
            time,
            how,
            public_key,
        };
        self.trail.keys.insert(step.id.clone(), made);
        self.place.advance();
    }

    /// A gate must list the SHA-256 of every later object that is complete, and nothing else.
    pub(super) fn check_gate(&mut self, line: u64, gate: &str, objects: &BTreeMap<String, Digest>) {
        let session = self.trail.session.clone().unwrap_or_default();
        let after = self.plan.steps.iter().skip_while(|step| step.id != gate);
        let later: BTreeSet<_> = after.map(|step| &step.id).collect();
        let planned = self.plan.objects_of(&session);
        let complete = planned
            .filter(|object| later.contains(&object.step))
            .filter_map(|object| {
                let bytes = self.trail.completed(object, false)?;
                Some((object.step.clone(), Digest::of(&bytes)))
            });
        let complete: BTreeMap<_, _> = complete.collect();
        let opened = self.trail.opened_gates.entry((gate.to_owned(), session));
        opened.or_default().objects.clone_from(objects);
        if complete != *objects {
            let found = "the hashes at the gate are not those of the objects that can be completed there";
            self.find(line, rules::GATE, found);
        }
    }

    pub(super) fn gate_passed(
        &mut self,
        line: u64,
        step: &PlannedStep,
        objects: BTreeMap<String, Digest>,
        people: BTreeMap<String, ClaimedTime>,
    ) {
        let attending = self
            .run
            .as_ref()
            .and_then(|run| run.attending.clone())
            .unwrap_or_default();
        if let StepAction::Confirm(confirm) = &step.action {
            let may = self.plan.people.with(confirm.sign_by.role);
            let may: BTreeSet<_> = may
                .map(|person| &person.name)
                .filter(|name| attending.contains(name))
                .collect();
            let signed: BTreeSet<_> = people.keys().collect();
            if !signed.is_subset(&may) || signed.len() < confirm.sign_by.threshold {
                let found =
                    "too few of those who signed were in the room and have the role that the plan requires";
                self.find(line, rules::GATE, found);
            }
        }
        let passed = TrailGate {
            line,
            session: self.trail.session.clone().unwrap_or_default(),
            objects,
            people,
            attending,
        };
        let opened = self
            .trail
            .opened_gates
            .entry((step.id.clone(), passed.session.clone()));
        opened.or_default().passed = Some(passed.clone());
        self.trail.gates.insert(step.id.clone(), passed);
    }

    /// Whether a gate that was passed in one session is being passed again in another. Its objects have other bytes there.
    pub(super) fn is_repeated_gate(&mut self, line: u64, index: usize, event: &Event) -> bool {
        let step = &self.plan.steps[index];
        match event {
            Event::GateOpen { objects, .. } => {
                let passed = self.trail.gates.get(&step.id);
                let is_other =
                    passed.is_some_and(|passed| Some(&passed.session) != self.trail.session.as_ref());
                if is_other && self.place.next > Some(index) {
                    self.check_gate(line, &step.id, objects);
                    self.place.repeated = Some((index, objects.clone()));
                    return true;
                }
            }
            Event::GatePassed { people, .. } => {
                if self
                    .place
                    .repeated
                    .as_ref()
                    .is_some_and(|(open, _)| *open == index)
                    && let Some((_, objects)) = self.place.repeated.take()
                {
                    self.gate_passed(line, step, objects, people.clone());
                    return true;
                }
            }
            _ => {}
        }
        false
    }

    pub(super) fn sign_begin(&mut self, line: u64, time: UnixTime, step: &PlannedStep, event: Event) {
        let Event::SignBegin {
            key,
            sha256,
            entry,
            spare,
            ..
        } = event
        else {
            return;
        };
        self.check_confirmed(line, step);
        let session = self.trail.session.clone().unwrap_or_default();
        let Some(object) = self.plan.object(&session, &step.id) else {
            return self.find(
                line,
                rules::OBJECT,
                format!("the plan signs nothing in step {:?}", step.id),
            );
        };
        if let Some(planned) = self.plan.session(&session)
            && !planned
                .hours()
                .is_ok_and(|(begins, ends)| begins <= time && time <= ends)
        {
            let found = format!(
                "signed at {time}, and session {session:?} is {} to {}",
                planned.begins, planned.ends
            );
            self.find(line, rules::HOURS, found);
        }
        let is_again = match self.place.stage {
            Stage::Fresh => false,
            Stage::Begun => true,
            _ => {
                self.find(line, rules::BUDGET, "the step is already signed");
                true
            }
        };
        if is_again && !object.deterministic && self.place.choice.is_none() {
            let found = "a second signature for the step, without a decision";
            self.find(line, rules::BUDGET, found);
        }
        if spare != self.place.spare {
            self.find(
                line,
                rules::SPARE,
                "the spare serial number must be used if people decided so, and only then",
            );
        }
        if key != object.key {
            self.find(
                line,
                rules::KEY,
                format!("key {key:?} signs, and the plan has {:?}", object.key),
            );
        }
        match self.trail.completed(object, spare) {
            None => self.find(
                line,
                rules::OBJECT,
                "its bytes cannot be completed: a key is missing, or does not fit",
            ),
            Some(bytes) if Digest::of(&bytes) != sha256 => {
                self.find(
                    line,
                    rules::OBJECT,
                    "what is signed is not the bytes of the plan, completed with the keys",
                );
            }
            Some(_) => {}
        }
        self.check_gates_before(line, step, sha256, spare);
        self.place.choice = None;
        self.place.stage = Stage::Begun;
        self.trail.signatures.push(TrailSignature {
            line,
            time,
            session,
            step: step.id.clone(),
            key,
            sha256,
            entry,
            spare,
            signature: None,
        });
    }

    /// Checks that people signed these bytes at every earlier gate at which they could be completed.
    fn check_gates_before(&mut self, line: u64, step: &PlannedStep, sha256: Digest, spare: bool) {
        let before = self.plan.steps.iter().take_while(|other| other.id != step.id);
        let gates = before.filter(|other| matches!(other.action, StepAction::Confirm(_)));
        let mut wrong = Vec::new();
        for gate in gates {
            match self.trail.gates.get(&gate.id) {
                None => wrong.push(format!("the gate {:?} before it was not passed", gate.id)),
                Some(_) if spare => {}
                Some(passed) => {
                    let other = passed
                        .objects
                        .get(&step.id)
                        .is_some_and(|signed| *signed != sha256);
                    let is_late = passed.session != self.trail.session.clone().unwrap_or_default();
                    if other || is_late {
                        wrong.push(format!("people signed other bytes at the gate {:?}", gate.id));
                    }
                }
            }
        }
        for found in wrong {
            self.find(line, rules::GATE, found);
        }
    }

    pub(super) fn sign_end(&mut self, line: u64, step: &PlannedStep, signature: Vec<u8>) {
        if self.place.stage != Stage::Begun {
            self.find(line, rules::ORDER, "a signature ended, but it was not begun");
        }
        self.place.stage = Stage::Signed;
        let begun = self
            .trail
            .signatures
            .last_mut()
            .filter(|begun| begun.step == step.id);
        match begun {
            Some(begun) => begun.signature = Some((line, signature)),
            None => self.find(line, rules::ORDER, "a signature ended, but it was not begun"),
        }
    }
}
