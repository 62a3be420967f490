//! The events allowed in a step, and their order.

use std::collections::BTreeMap;

use super::Follower;
use crate::ceremony::{Choice, Digest, Event, PlannedStep, StepAction, rules};
use crate::values::UnixTime;

/// The words typed before the first step and after the last.
pub(super) const OPENING: &str = "opening";
pub(super) const CLOSING: &str = "closing";

/// The current place in the ceremony.
#[derive(Default)]
pub(super) struct Place {
    /// The index of the next step in the plan; `None` until `opening` is confirmed.
    pub(super) next: Option<usize>,
    /// How far the step has come.
    pub(super) stage: Stage,
    /// A decision about the step, until it is carried out.
    pub(super) choice: Option<Choice>,
    /// The step continues with its spare serial number.
    pub(super) spare: bool,
    /// `closing` was confirmed.
    pub(super) closing: bool,
    /// A gate that was passed in another session is open again, for these bytes.
    pub(super) repeated: Option<(usize, BTreeMap<String, Digest>)>,
}

impl Place {
    /// Moves to this step.
    pub(super) fn go_to(&mut self, next: usize) {
        self.next = Some(next);
        self.stage = Stage::Fresh;
        self.choice = None;
        self.spare = false;
    }

    pub(super) fn advance(&mut self) {
        self.go_to(self.next.map_or(0, |next| next + 1));
    }
}

/// How far a step has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was done.
    #[default]
    Fresh,
    /// Something was begun.
    Begun,
    /// The signature exists, but the object is not written.
    Signed,
    /// The gate is open for these bytes.
    Gate(BTreeMap<String, Digest>),
}

impl Follower<'_> {
    pub(super) fn step(&mut self, line: u64, time: UnixTime, event: Event) {
        let Some(id) = event.step().map(str::to_owned) else {
            return self.find(line, rules::EVENT, "it is not known here");
        };
        let is_opening = matches!(event, Event::Confirmed { .. }) && id == OPENING;
        self.check_room(line, is_opening);
        if is_opening {
            self.place.next.get_or_insert(0);
            return;
        }
        if let Event::Confirmed { .. } = event {
            return self.confirm(line, &id);
        }
        let Some(index) = self.plan.steps.iter().position(|step| step.id == id) else {
            return self.find(line, rules::ORDER, format!("the plan has no step {id:?}"));
        };
        if self.is_repeated_gate(line, index, &event) {
            return;
        }
        if self.place.next != Some(index) {
            let expected = match self.current() {
                Some(step) => format!("step {:?} is next", step.id),
                None => "only the closing is left".to_owned(),
            };
            self.find(line, rules::ORDER, format!("step {id:?}, and {expected}"));
            self.place.go_to(index);
        }
        let step = &self.plan.steps[index];
        self.carry_out(line, time, step, event);
    }

    /// Nothing may be done in a run until people have compared the clock, recorded who attends, and typed the opening words.
    fn check_room(&mut self, line: u64, is_opening: bool) {
        let Some(run) = &mut self.run else {
            return self.find(line, rules::RUN, "no run is open");
        };
        let (killed, went_back) = (run.after_kill && !run.deviation, run.went_back.take());
        let is_ready = run.clock && run.attending.is_some() && run.opening != is_opening;
        run.after_kill = false;
        run.opening |= is_opening;
        if !is_ready {
            let found = "a run begins with the clock, who attends, and the words of the opening, once each";
            self.find(line, rules::ORDER, found);
        }
        if killed {
            let found = "the run before it was interrupted, and no deviation says so";
            self.find(line, rules::RUN, found);
        }
        if let Some(back) = went_back {
            let found = format!("the clock went back in line {back}, without a decision that it is right");
            self.find(line, rules::CLOCK, found);
        }
    }

    fn confirm(&mut self, line: u64, id: &str) {
        let current = self.current();
        let expected = current.map_or(CLOSING, |step| &step.id);
        if id != expected {
            return self.find(
                line,
                rules::ORDER,
                format!("confirmed for {id:?}, and {expected:?} is next"),
            );
        }
        match current {
            None => self.place.closing = true,
            Some(step) if !step.action.needs_words() => {
                self.find(line, rules::ORDER, format!("step {id:?} has no words to confirm"));
            }
            Some(_) => {}
        }
        if let Some(run) = &mut self.run {
            run.confirmed = Some(id.to_owned());
        }
    }

    pub(super) fn check_confirmed(&mut self, line: u64, step: &PlannedStep) {
        let confirmed = self.run.as_ref().and_then(|run| run.confirmed.as_ref());
        if confirmed != Some(&step.id) {
            let found = format!("the words for step {:?} were not typed in this run", step.id);
            self.find(line, rules::CONFIRMED, found);
        }
    }

    fn carry_out(&mut self, line: u64, time: UnixTime, step: &PlannedStep, event: Event) {
        match (&step.action, event) {
            (StepAction::Manual(manual), Event::Said { record, .. }) => {
                let mut wanted: Vec<_> = manual.record.iter().collect();
                wanted.sort();
                if !wanted.into_iter().eq(record.keys()) {
                    self.find(
                        line,
                        rules::RECORD,
                        "it does not record exactly what the plan asks for",
                    );
                }
                self.place.advance();
            }
            (StepAction::GenerateKey(_) | StepAction::ImportKey(_), Event::KeyBegin { token, label, .. }) => {
                self.key_begin(line, step, &token, &label);
            }
            (
                StepAction::GenerateKey(_) | StepAction::ImportKey(_),
                Event::KeyEnd { how, public_key, .. },
            ) => {
                self.key_end(line, time, step, how, public_key.0);
            }
            (StepAction::Confirm(_), Event::GateOpen { objects, .. }) => {
                self.check_gate(line, &step.id, &objects);
                self.place.stage = Stage::Gate(objects);
            }
            (StepAction::Confirm(_), Event::GatePassed { people, .. }) => {
                match std::mem::take(&mut self.place.stage) {
                    Stage::Gate(objects) => self.gate_passed(line, step, objects, people),
                    _ => self.find(line, rules::ORDER, "a gate was passed that was not open"),
                }
                self.place.advance();
            }
            (action, event @ Event::SignBegin { .. }) if action.out().is_some() => {
                self.sign_begin(line, time, step, event);
            }
            (action, Event::SignEnd { signature, .. }) if action.out().is_some() => {
                self.sign_end(line, step, signature.0);
            }
            (action, Event::Written { sha256, .. }) if action.out().is_some() => {
                if self.place.stage != Stage::Signed {
                    self.find(line, rules::ORDER, "an object was written that was not signed");
                }
                self.trail.written.insert(step.id.clone(), (line, sha256));
                self.place.advance();
            }
            (StepAction::Revoke(_), Event::Revoked { serial, .. }) => {
                self.check_confirmed(line, step);
                self.trail.revoked.insert(step.id.clone(), (line, serial));
                self.place.advance();
            }
            (StepAction::DestroyKey(destroy), Event::DestroyBegin { key, .. }) => {
                self.check_confirmed(line, step);
                if key != destroy.key {
                    self.find(
                        line,
                        rules::KEY,
                        format!("key {key:?} is destroyed, and the plan has {:?}", destroy.key),
                    );
                }
                self.place.stage = Stage::Begun;
            }
            (StepAction::DestroyKey(_), Event::DestroyEnd { .. }) => {
                if self.place.stage != Stage::Begun {
                    self.find(
                        line,
                        rules::ORDER,
                        "the destruction of a key ended, but it was not begun",
                    );
                }
                self.place.advance();
            }
            (action, _) => {
                let found = format!(
                    "step {:?} is {}, where this does not happen",
                    step.id,
                    action.word()
                );
                self.find(line, rules::ORDER, found);
            }
        }
    }
}
