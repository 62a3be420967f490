//! The answers of the people: opening, manual steps, words of the script, names.

use std::collections::BTreeMap;

use super::{CeremonyRun, Question, RunError, Told};
use crate::ceremony::{Choice, Event, Manual, PlannedPerson, Role, SignBy, StepAction, script_words};
use crate::values::UnixTime;
use crate::workflow::WorkflowError;

/// How many tries people get.
pub(super) const TRIES: usize = 3;

/// The largest permitted difference between the wall clock and the machine's clock, in seconds. A wall clock shows minutes.
const CLOCK_TOLERANCE: u64 = 150;

/// The words at the start and the end of the ceremony.
pub(super) const OPENING: &str = "opening";
pub(super) const CLOSING: &str = "closing";

impl CeremonyRun<'_> {
    /// Starts a run: the event, the clock, the attendees, the words.
    pub(super) fn begin(&mut self, approved_by: &[String], torn: Vec<Event>) -> Result<(), WorkflowError> {
        let (was_interrupted, run) = {
            let course = self.course.borrow();
            (course.runs > 0 && !course.stopped, course.runs + 1)
        };
        let machine = &self.request.machine;
        let last = self.course.borrow().latest.filter(|last| *last > self.now());
        self.may_go_back.set(last.is_some());
        self.record(Event::Opened {
            run,
            session: self.session.name.clone(),
            tool: self.request.tool,
            module: self.request.module.sha256,
            boot: machine.boot.clone(),
            host: machine.host.clone(),
            network: machine.network.clone(),
            by: machine.by.clone(),
        })?;
        let mut steps = self.plan.steps.iter();
        let imported = steps.find(|step| matches!(step.action, StepAction::ImportKey(_)));
        self.room.tell(&Told::Opened {
            ceremony: &self.plan.ceremony,
            kind: self.plan.kind,
            plan: self.hash,
            session: &self.session.name,
            run,
            approved_by,
            network: &machine.network,
            needs_network: imported.map(|step| step.id.as_str()),
        });
        for deviation in torn {
            self.record(deviation)?;
        }
        if was_interrupted {
            self.room.tell(&Told::Interrupted);
            self.deviation("the run before this one was interrupted")?;
        }
        self.compare_clocks()?;
        self.attend()?;
        if let Some(last) = last {
            let reason =
                format!("the last event of the transcript was at {last}, later than the clock says now");
            self.room.tell(&Told::Refused { reason });
            self.decide(OPENING, &[Choice::ClockIsRight])?;
            self.may_go_back.set(false);
        }
        self.type_words(OPENING)
    }

    fn compare_clocks(&self) -> Result<(), WorkflowError> {
        self.retry("the time of the wall clock", |run| {
            let machine = run.now();
            let wall = run.ask(&Question::WallClock { machine })?;
            // The machine may have waited a long time for the answer.
            let shown = run.now();
            match read_wall_clock(&wall) {
                Some(time) if time.0.abs_diff(shown.0) <= CLOCK_TOLERANCE => {
                    run.record(Event::Clock { wall })?;
                    Ok(Ok(()))
                }
                Some(_) => Ok(Err(format!(
                    "the machine's clock says {shown}: if it is wrong, stop, set it, and begin again"
                ))),
                None => Ok(Err("write it as YYYY-MM-DD HH:MM, in UTC".to_owned())),
            }
        })
    }

    fn attend(&self) -> Result<(), WorkflowError> {
        self.retry("who is in the room", |run| {
            let people = &run.plan.people;
            let answer = run.ask(&Question::Attending { people })?;
            let names = match run.names_in(&answer) {
                Ok(names) => names,
                Err(reason) => return Ok(Err(reason)),
            };
            for (role, wanted) in &people.attend {
                let there = names.iter().filter(|person| person.roles.contains(role));
                let there = u64::try_from(there.count()).unwrap_or(u64::MAX);
                if there < *wanted {
                    return Ok(Err(format!(
                        "at least {wanted} with the role {} must attend, and {there} are there",
                        role.word()
                    )));
                }
            }
            let people = names.iter().map(|person| person.name.clone()).collect();
            run.record(Event::Attending { people })?;
            Ok(Ok(()))
        })
    }

    /// Asks for the words of the script, and records that they were typed.
    pub(super) fn type_words(&self, step: &str) -> Result<(), WorkflowError> {
        let expected = script_words(&self.hash, step);
        self.retry("the words of the script", |run| {
            let answer = run.ask(&Question::Words { step })?;
            let typed: Vec<_> = answer.split_whitespace().map(str::to_lowercase).collect();
            if typed.join(" ") != expected.to_lowercase() {
                return Ok(Err(
                    "these are not the words in the approved script for this step".to_owned(),
                ));
            }
            run.record(Event::Confirmed {
                step: step.to_owned(),
            })?;
            Ok(Ok(()))
        })
    }

    pub(super) fn manual(&self, step: &str, manual: &Manual) -> Result<(), WorkflowError> {
        if self.course.borrow().step(step).said {
            return Ok(());
        }
        self.ask(&Question::Done { say: &manual.say })?;
        let mut record = BTreeMap::new();
        for name in &manual.record {
            self.retry("what is to be written down", |run| {
                let answer = run.ask(&Question::Record { name })?;
                let is_visible = answer.chars().any(|character| !character.is_whitespace());
                if !is_visible || answer.chars().any(char::is_control) {
                    return Ok(Err("an answer is needed".to_owned()));
                }
                record.insert(name.clone(), answer.trim().to_owned());
                Ok(Ok(()))
            })?;
        }
        self.record(Event::Said {
            step: step.to_owned(),
            record,
        })
    }

    /// Asks who made a decision: as many people of the role as the previous gate requires.
    pub(super) fn ask_who_decided(&self, sign_by: &SignBy) -> Result<Vec<String>, WorkflowError> {
        let mut decided = Vec::new();
        self.retry("who decided", |run| {
            let sign_by = sign_by.clone();
            let (role, threshold) = (sign_by.role, sign_by.threshold);
            let answer = run.ask(&Question::DecidedBy { sign_by })?;
            let names = match run.names_in(&answer) {
                Ok(names) => names,
                Err(reason) => return Ok(Err(reason)),
            };
            let attending = &run.course.borrow().attending;
            if let Some(away) = names.iter().find(|person| !attending.contains(&person.name)) {
                return Ok(Err(format!("{:?} is not in the room", away.name)));
            }
            if let Some(other) = names.iter().find(|person| !person.roles.contains(&role)) {
                return Ok(Err(format!(
                    "{:?} does not have the role {}",
                    other.name,
                    role.word()
                )));
            }
            if names.len() < threshold {
                return Ok(Err(format!(
                    "at least {threshold} with the role {} must decide",
                    role.word()
                )));
            }
            decided = names.iter().map(|person| person.name.clone()).collect();
            Ok(Ok(()))
        })?;
        Ok(decided)
    }

    /// Who decides what the program cannot know: the people of the last gate before the step, the approvers required to attend, or the administrator.
    pub(super) fn deciders(&self, step: &str) -> SignBy {
        let before = self.plan.steps.iter().take_while(|planned| planned.id != step);
        let gate = before.filter_map(|planned| match &planned.action {
            StepAction::Confirm(confirm) => Some(confirm.sign_by.clone()),
            _ => None,
        });
        let approvers = self.plan.people.attend.get(&Role::Approver);
        let approvers = approvers.and_then(|count| usize::try_from(*count).ok());
        gate.last().unwrap_or(match approvers {
            Some(threshold) if threshold > 0 => SignBy {
                role: Role::Approver,
                threshold,
            },
            _ => SignBy {
                role: Role::Administrator,
                threshold: 1,
            },
        })
    }

    pub(super) fn names_in(&self, answer: &str) -> Result<Vec<&PlannedPerson>, String> {
        let mut found: Vec<&PlannedPerson> = Vec::new();
        for name in answer.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let people = &self.plan.people.persons;
            let person = people
                .iter()
                .find(|person| person.name.eq_ignore_ascii_case(name));
            let person = person.ok_or_else(|| format!("nobody in the plan is called {name:?}"))?;
            if found.iter().any(|other| other.name == person.name) {
                return Err(format!("{:?} is named twice", person.name));
            }
            found.push(person);
        }
        Ok(found)
    }

    /// Asks until an answer is accepted, up to the limit. People see why an answer was refused.
    pub(super) fn retry(
        &self,
        asked: &'static str,
        mut ask: impl FnMut(&Self) -> Result<Result<(), String>, WorkflowError>,
    ) -> Result<(), WorkflowError> {
        for _ in 0..TRIES {
            match ask(self)? {
                Ok(()) => return Ok(()),
                Err(reason) => self.room.tell(&Told::Refused { reason }),
            }
        }
        Err(RunError::WrongAnswer { asked }.into())
    }
}

/// Reads a date and time in UTC, to the minute.
fn read_wall_clock(wall: &str) -> Option<UnixTime> {
    let (date, time) = wall.trim().trim_end_matches(['Z', 'z']).split_once([' ', 'T'])?;
    format!("{date}T{}:00Z", time.trim_start()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_has_a_date_and_minutes() {
        let at = |text: &str| Some(text.parse::<UnixTime>().unwrap());
        let expected = at("2026-12-01T09:05:00Z");
        for wall in ["2026-12-01 09:05", " 2026-12-01  09:05Z ", "2026-12-01T09:05"] {
            assert_eq!(read_wall_clock(wall), expected, "{wall}");
        }
        for wrong in [
            "",
            "09:05",
            "2026-12-01",
            "2026-12-01 24:00",
            "2026-13-01 09:05",
            "2026-12-01 09:05:01",
        ] {
            assert_eq!(read_wall_clock(wrong), None, "{wrong}");
        }
    }
}
