//! Remarks that people type at a question: notes and deviations.

use super::answers::TRIES;
use super::{CeremonyRun, Question, Told};
use crate::ceremony::{Event, Record, is_plain_line, login_author};
use crate::workflow::WorkflowError;

impl CeremonyRun<'_> {
    /// Asks a question. A line that begins with `note:` or `deviation:` is recorded and confirmed, and the question is asked again.
    pub(super) fn ask(&self, question: &Question<'_>) -> Result<String, WorkflowError> {
        loop {
            let answer = self.room.ask(question)?;
            let Some((is_deviation, text)) = remark_in(&answer) else {
                return Ok(answer);
            };
            if !is_plain_line(text) {
                let reason = "type the text after the colon, in one line".to_owned();
                self.room.tell(&Told::Refused { reason });
                continue;
            }
            let author = self.ask_author();
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
            author?;
        }
    }

    /// Asks whose remark it is. `None` before the attendance of this run is known, and after too many wrong answers.
    fn ask_author(&self) -> Result<Option<String>, WorkflowError> {
        let people = self.course.borrow().attending.clone();
        if people.is_empty() {
            return Ok(None);
        }
        for _ in 0..TRIES {
            let answer = self.room.ask(&Question::SaidBy { people: &people })?;
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
}

/// The remark in an answer, if there is one, and whether it is a deviation.
fn remark_in(answer: &str) -> Option<(bool, &str)> {
    let (kind, text) = answer.split_once(':')?;
    let is = |word: &str| kind.trim().eq_ignore_ascii_case(word);
    match (is("deviation"), is("note")) {
        (false, false) => None,
        (is_deviation, _) => Some((is_deviation, text.trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_told_from_an_answer() {
        for (typed, expected) in [
            ("note: the door was open", Some((false, "the door was open"))),
            ("Deviation:the bag is torn ", Some((true, "the bag is torn"))),
            ("deviation:", Some((true, ""))),
            ("", None),
            ("A, B", None),
            ("bag 7: no note", None),
            ("2026-12-01 09:05", None),
        ] {
            assert_eq!(remark_in(typed), expected, "{typed}");
        }
    }
}
