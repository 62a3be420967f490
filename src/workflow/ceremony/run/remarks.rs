//! Remarks that people type at a question: notes and deviations.

use std::collections::VecDeque;

use super::answers::TRIES;
use super::{CeremonyRun, Question, Told};
use crate::ceremony::{Event, Record, is_plain_line, login_author, remark_in};
use crate::workflow::WorkflowError;

impl CeremonyRun<'_> {
    /// Asks a question. A line that begins with `note:` or `deviation:` is recorded and confirmed, and the question is asked again.
    pub(super) fn ask(&self, question: &Question<'_>) -> Result<String, WorkflowError> {
        loop {
            let answer = self.room.ask(question)?;
            if remark_in(&answer).is_none() {
                return Ok(answer);
            }
            self.take_remarks(answer)?;
        }
    }

    /// Records a remark, and after it those that were typed before somebody said whose it is. If nobody answers any more, it records them nevertheless.
    fn take_remarks(&self, typed: String) -> Result<(), WorkflowError> {
        let mut waiting = VecDeque::from([typed]);
        let mut outcome = Ok(());
        while let Some(typed) = waiting.pop_front() {
            if let Some((is_deviation, text)) = remark_in(&typed)
                && self.has_text(text)
            {
                let taken = self.take_remark(is_deviation, text, &mut waiting);
                outcome = outcome.and(taken);
            }
        }
        outcome
    }

    fn take_remark(
        &self,
        is_deviation: bool,
        text: &str,
        waiting: &mut VecDeque<String>,
    ) -> Result<(), WorkflowError> {
        let author = self.ask_author(waiting);
        // A remark is recorded even if nobody said whose it is.
        let by = author.as_ref().ok().cloned().flatten();
        let by = by.unwrap_or_else(|| login_author(&self.request.machine.by));
        let text = text.to_owned();
        let event = match is_deviation {
            true => Event::Deviation { text, by },
            false => Event::Note { text, by },
        };
        self.record(event.clone())?;
        let (line, time) = {
            let transcript = self.transcript.borrow();
            let last = transcript.transcript().records().last();
            (transcript.transcript().head().n, last.and_then(Record::time))
        };
        self.room.tell(&Told::Recorded {
            line,
            time: time.unwrap_or_else(|| self.now()),
            event: &event,
        });
        author.map(drop)
    }

    /// Asks whose remark it is. `None` before the attendance of this run is known, and after too many wrong answers. Another remark is not an answer: it
    /// is added to those that wait.
    fn ask_author(&self, waiting: &mut VecDeque<String>) -> Result<Option<String>, WorkflowError> {
        let people = self.course.borrow().attending.clone();
        if people.is_empty() {
            return Ok(None);
        }
        let mut tries = 0;
        while tries < TRIES {
            let answer = self.room.ask(&Question::SaidBy { people: &people })?;
            if let Some((_, text)) = remark_in(&answer) {
                if self.has_text(text) {
                    self.room.tell(&Told::RecordedNext);
                    waiting.push_back(answer);
                }
                continue;
            }
            tries += 1;
            let reason = match self.names_in(&answer) {
                Ok(names) => match names.as_slice() {
                    [person] if people.contains(&person.name) => return Ok(Some(person.name.clone())),
                    [person] => format!("{:?} is not in the room", person.name),
                    _ => "type one name".to_owned(),
                },
                Err(reason) => reason,
            };
            self.room.tell(&Told::Refused { reason });
        }
        Ok(None)
    }

    /// Whether a remark has a text that can be recorded. If not, people see that.
    fn has_text(&self, text: &str) -> bool {
        let is_plain = is_plain_line(text);
        if !is_plain {
            let reason = "type the text after the colon, in one line".to_owned();
            self.room.tell(&Told::Refused { reason });
        }
        is_plain
    }
}
