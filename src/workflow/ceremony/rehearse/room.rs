//! The room of a rehearsal. The program gives the answers that people will give.

use super::people::PracticePeople;
use crate::ceremony::{StepAction, script_words};
use crate::workflow::ceremony::{CeremonyRoom, OpenedCeremony, Question, RunError, Saying, Told};
use crate::workflow::{Clock, WorkflowError};

/// The record for every manual step.
const RECORDED: &str = "rehearsal";

/// Everyone is present and follows the script.
pub(super) struct PracticeRoom<'a> {
    ceremony: &'a OpenedCeremony,
    people: &'a PracticePeople,
    clock: Clock,
}

impl<'a> PracticeRoom<'a> {
    pub(super) const fn new(ceremony: &'a OpenedCeremony, people: &'a PracticePeople, clock: Clock) -> Self {
        Self {
            ceremony,
            people,
            clock,
        }
    }

    /// The signers still missing at the gate sign its objects.
    fn sign_gate(&self, step: &str, missing: usize) -> Result<(), WorkflowError> {
        let course = self.ceremony.course().map_err(WorkflowError::from)?;
        let role = self
            .ceremony
            .plan
            .step(step)
            .and_then(|planned| match &planned.action {
                StepAction::Confirm(confirm) => Some(confirm.sign_by.role),
                _ => None,
            });
        let (Some(bytes), Some(role)) = (course.waiting_gate(), role) else {
            return Err(RunError::CannotDo {
                step: step.to_owned(),
                reason: "no gate waits there".to_owned(),
            }
            .into());
        };
        let saying = Saying::Gate(bytes);
        let now = self.clock.now();
        self.people.say_with(self.ceremony, role, missing, &saying, now)
    }
}

impl CeremonyRoom for PracticeRoom<'_> {
    fn ask(&self, question: &Question<'_>) -> Result<String, WorkflowError> {
        match question {
            // 2026-12-01T08:00:00Z without its seconds.
            Question::WallClock { machine } => {
                let shown = machine.to_string().replace('T', " ");
                Ok(shown.get(..16).unwrap_or_default().to_owned())
            }
            Question::Attending { people } => {
                let names: Vec<_> = people.persons.iter().map(|person| person.name.as_str()).collect();
                Ok(names.join(", "))
            }
            Question::Words { step } => Ok(script_words(&self.ceremony.identity.hash, step)),
            Question::Done { .. } => Ok(String::new()),
            Question::Record { .. } => Ok(RECORDED.to_owned()),
            Question::GateSigned { step, missing } => {
                self.sign_gate(step, *missing)?;
                Ok(String::new())
            }
            // A rehearsal stops at any problem that people would need to decide.
            Question::Decide { .. } | Question::DecidedBy { .. } | Question::SaidBy { .. } => {
                Err(RunError::NoAnswer { asked: "a decision" }.into())
            }
        }
    }

    fn tell(&self, _: &Told<'_>) {}
}
