//! The end of a ceremony.

use std::collections::BTreeMap;

use super::{Follower, Trail, TrailEnd};
use crate::ceremony::{Digest, rules};

impl Follower<'_> {
    pub(super) fn close(&mut self, line: u64, out: BTreeMap<String, Digest>) {
        if self.run.is_none() {
            self.find(line, rules::RUN, "no run is open");
        }
        match self.place.next {
            Some(next) if next >= self.plan.steps.len() => {}
            next => {
                let step = self.plan.steps.get(next.unwrap_or_default());
                let id = step.map_or("", |step| &step.id);
                self.find(line, rules::ORDER, format!("closed before step {id:?}"));
            }
        }
        if !self.place.closing {
            self.find(line, rules::CONFIRMED, "the words for the closing were not typed");
        }
        self.check_budget(line);
        self.trail.end = TrailEnd::Closed { line, out };
    }

    /// Checks that each object of the session has one signature, by its key. Any other signature that was begun must follow from a decision or be
    /// deterministic.
    fn check_budget(&mut self, line: u64) {
        let session = self.trail.session.clone().unwrap_or_default();
        let mut wrong = Vec::new();
        for budget in &self.plan.budget {
            let planned = self
                .plan
                .objects_of(&session)
                .filter(|object| object.key == budget.key);
            let ended = planned.filter(|object| self.trail.signature_of(&object.step).is_some());
            let ended = u64::try_from(ended.count()).unwrap_or(u64::MAX);
            if ended != budget.signatures {
                let (key, planned) = (&budget.key, budget.signatures);
                wrong.push(format!(
                    "key {key:?} signed {ended} objects, and the plan has {planned}"
                ));
            }
        }
        for found in wrong {
            self.find(line, rules::BUDGET, found);
        }
    }

    pub(super) fn finish(mut self) -> Trail {
        self.trail.done = self.place.next.unwrap_or_default();
        self.trail
    }
}
