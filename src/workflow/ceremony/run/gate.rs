//! A gate: people sign the completed bytes before a key does.

use std::collections::BTreeMap;

use super::{CeremonyRun, Question, RunError, Told};
use crate::ceremony::{Confirm, Digest, Event, GateBytes, Trail, read_statements};
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::gates::{GATES, check_gates};
use crate::workflow::ceremony::people::count_gate;
use crate::workflow::ceremony::{CompletedObject, PeopleError};

impl CeremonyRun<'_> {
    pub(super) fn gate(&self, step: &str, confirm: &Confirm) -> Result<(), WorkflowError> {
        let course = self.course.borrow().step(step);
        if course.gate_passed {
            return Ok(());
        }
        let completed = self.completed_after(step)?;
        let objects = completed
            .iter()
            .map(|object| (object.step.clone(), object.sha256));
        let objects: BTreeMap<_, _> = objects.collect();
        // After an interruption, the same bytes are shown again.
        if course.gate.as_ref() != Some(&objects) {
            self.record(Event::GateOpen {
                step: step.to_owned(),
                objects: objects.clone(),
            })?;
        }
        self.room.tell(&Told::Gate {
            objects: &completed,
            sign_by: &confirm.sign_by,
        });
        let bytes = GateBytes {
            session: self.session.name.clone(),
            step: step.to_owned(),
            objects,
        };
        let attending = self.course.borrow().attending.clone();
        loop {
            let count = count_gate(&self.request.ceremony, &attending, bytes.clone());
            match count {
                Ok(count) if count.missing() == 0 => {
                    let people = count.people();
                    self.room.tell(&Told::GatePassed { people: &people });
                    let step = step.to_owned();
                    let people = count.statements();
                    return self.record(Event::GatePassed { step, people });
                }
                Ok(count) => {
                    let missing = count.missing();
                    self.ask(&Question::GateSigned { step, missing })?;
                }
                // A file is incomplete or for other bytes. People see the reason and can correct it.
                Err(error) => {
                    self.room.tell(&Told::Refused {
                        reason: error.to_string(),
                    });
                    self.ask(&Question::GateSigned { step, missing: 1 })?;
                }
            }
        }
    }

    /// Counts the signatures at every gate again. A statement may have been removed, changed or added since its gate was passed, and nobody could
    /// verify the closed ceremony. The checksums then cover exactly these files.
    pub(super) fn count_gates_again(&mut self) -> Result<(), WorkflowError> {
        let statements = read_statements(&self.request.ceremony.directory.gates());
        let mut files = Vec::new();
        for file in statements.map_err(PeopleError::from)? {
            let name = file.path.file_name().unwrap_or_default();
            let name = format!("{GATES}/{}", name.to_string_lossy());
            self.files.insert(name.clone(), Digest::of(&file.statement));
            if let Some(signature) = &file.signature {
                self.files.insert(format!("{name}.sig"), Digest::of(signature));
            }
            files.push((name, file));
        }
        let findings = {
            let transcript = self.transcript.borrow();
            let trail = Trail::follow(self.plan, transcript.transcript());
            check_gates(self.plan, &trail, &files)
        };
        match findings.into_iter().next() {
            Some(found) => Err(RunError::OtherSignatures { found }.into()),
            None => Ok(()),
        }
    }

    /// The later objects of the session whose holes can all be filled, in the order of the steps.
    fn completed_after(&self, step: &str) -> Result<Vec<CompletedObject>, WorkflowError> {
        let keys = self.key_octets();
        let later = self.plan.steps.iter().skip_while(|planned| planned.id != step);
        let mut objects = Vec::new();
        for planned in later {
            if let Some(object) = self.plan.object(&self.session.name, &planned.id)
                && let Ok(bytes) = object.completed(&keys)
            {
                objects.push(CompletedObject::read(object, &bytes)?);
            }
        }
        Ok(objects)
    }
}
