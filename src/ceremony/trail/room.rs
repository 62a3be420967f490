//! Runs, the clock and the attendees.

use std::collections::BTreeSet;

use super::Follower;
use crate::ceremony::author::is_author;
use crate::ceremony::{Choice, Digest, Role, StepAction, rules};
use crate::values::UnixTime;

/// An open run.
pub(super) struct Run {
    pub(super) clock: bool,
    pub(super) attending: Option<Vec<String>>,
    /// The words of the opening were typed.
    pub(super) opening: bool,
    /// The previous run was killed, so a deviation must record that.
    pub(super) after_kill: bool,
    /// A deviation was recorded in this run.
    pub(super) deviation: bool,
    /// The line where the clock went back, until people confirm the clock.
    pub(super) went_back: Option<u64>,
    /// The step whose words were typed in this run.
    pub(super) confirmed: Option<String>,
    /// A key was begun in this run and is not finished.
    pub(super) key_begun: bool,
}

impl Follower<'_> {
    pub(super) fn open(&mut self, line: u64, number: u64, session: String, tool: Digest, module: Digest) {
        let after_kill = self.run.is_some();
        if number != self.trail.runs.saturating_add(1) {
            self.find(
                line,
                rules::RUN,
                format!("run {number} follows run {}", self.trail.runs),
            );
        }
        self.trail.runs = number;
        if self.plan.session(&session).is_none() {
            self.find(
                line,
                rules::SESSION,
                format!("the plan has no session {session:?}"),
            );
        }
        if let Some(signed) = self.trail.signatures.first().map(|begun| begun.session.clone())
            && signed != session
        {
            let found = format!("session {session:?}, after a signature in session {signed:?}");
            self.find(line, rules::SESSION, found);
        }
        if self.plan.tool.sha256 != tool {
            self.find(line, rules::TOOL, "the program is not the one that made the plan");
        }
        if let Some(planned) = &self.plan.module
            && planned.sha256 != module
        {
            self.find(
                line,
                rules::MODULE,
                "the PKCS#11 module is not the one of the plan",
            );
        }
        let went_back = match (&self.last, self.trail.findings.last()) {
            // The clock went back with this line, so this run must confirm the clock.
            (Some(_), Some(last)) if last.line == Some(line) && last.rule == rules::CLOCK => {
                self.trail.findings.pop();
                Some(line)
            }
            _ => self.run.as_ref().and_then(|run| run.went_back),
        };
        self.trail.session = Some(session);
        self.run = Some(Run {
            clock: false,
            attending: None,
            opening: false,
            after_kill,
            deviation: false,
            went_back,
            confirmed: None,
            key_begun: false,
        });
    }

    /// A remark has an author.
    pub(super) fn check_author(&mut self, line: u64, by: &str) {
        if !is_author(&self.plan.people, by) {
            let found = format!("{by:?} is not a person of the plan, a login or the program");
            self.find(line, rules::AUTHOR, found);
        }
    }

    pub(super) fn clock(&mut self, line: u64) {
        match &mut self.run {
            Some(run) if !run.clock && run.attending.is_none() => run.clock = true,
            _ => self.find(
                line,
                rules::ORDER,
                "the clock is compared once in a run, at its beginning",
            ),
        }
    }

    pub(super) fn attend(&mut self, line: u64, people: Vec<String>) {
        match &self.run {
            Some(run) if run.clock && run.attending.is_none() => {}
            _ => self.find(
                line,
                rules::ORDER,
                "attendance is recorded once in a run, after the clock is compared",
            ),
        }
        let distinct: BTreeSet<_> = people.iter().collect();
        if distinct.len() != people.len() {
            self.find(line, rules::ATTENDANCE, "somebody is named twice");
        }
        for name in &distinct {
            if self.plan.people.person(name).is_none() {
                self.find(line, rules::ATTENDANCE, format!("{name:?} is not in the plan"));
            }
        }
        for (role, wanted) in &self.plan.people.attend {
            let there = self.plan.people.with(*role);
            let there = there.filter(|person| distinct.contains(&person.name)).count();
            if u64::try_from(there).unwrap_or(u64::MAX) < *wanted {
                let role = role.word();
                let found = format!("{there} of role {role} attend, and the plan asks for {wanted}");
                self.find(line, rules::ATTENDANCE, found);
            }
        }
        self.trail.attended.extend(people.iter().cloned());
        if let Some(run) = &mut self.run {
            run.attending = Some(people);
        }
    }

    pub(super) fn decide(
        &mut self,
        line: u64,
        time: UnixTime,
        step: String,
        choice: Choice,
        people: &[String],
    ) {
        let attending = self
            .run
            .as_ref()
            .and_then(|run| run.attending.clone())
            .unwrap_or_default();
        let distinct: BTreeSet<_> = people.iter().collect();
        if distinct.len() != people.len() || !people.iter().all(|name| attending.contains(name)) {
            self.find(
                line,
                rules::DECISION,
                "a person who decided does not attend, or is named twice",
            );
        }
        match choice {
            Choice::ClockIsRight => {
                if people.is_empty() {
                    self.find(line, rules::DECISION, "nobody decided");
                }
                if let Some(run) = &mut self.run {
                    run.went_back = None;
                }
            }
            _ => {
                if self.current().is_none_or(|current| current.id != step) {
                    self.find(
                        line,
                        rules::DECISION,
                        format!("step {step:?} is not the current one"),
                    );
                }
                self.check_deciders(line, &distinct);
                self.place.choice = Some(choice);
                self.place.spare |= choice == Choice::SpareSerial;
            }
        }
        if choice == Choice::SpareSerial {
            self.trail.replaced.entry(step).or_insert(time);
        }
    }

    /// Decisions are made by the people of the last gate before the step, else by the approvers required to attend, else by the administrator.
    fn check_deciders(&mut self, line: u64, people: &BTreeSet<&String>) {
        let before = self.plan.steps.iter().take(self.place.next.unwrap_or_default());
        let gate = before.rev().find_map(|step| match &step.action {
            StepAction::Confirm(confirm) => Some((confirm.sign_by.role, confirm.sign_by.threshold)),
            _ => None,
        });
        let approvers = self.plan.people.attend.get(&Role::Approver);
        let approvers = approvers
            .and_then(|count| usize::try_from(*count).ok())
            .filter(|count| *count > 0);
        let (role, wanted) = gate.unwrap_or(match approvers {
            Some(count) => (Role::Approver, count),
            None => (Role::Administrator, 1),
        });
        let there = self.plan.people.with(role);
        let there = there.filter(|person| people.contains(&person.name)).count();
        if there < wanted {
            let found = format!("{there} of those who decided may decide, and {wanted} must");
            self.find(line, rules::DECISION, found);
        }
    }
}
