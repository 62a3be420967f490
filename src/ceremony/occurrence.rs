//! The entries of a transcript besides the plan's steps: deviations, decisions, stops and notes.

use super::{Event, PROGRAM, Record, Transcript};
use crate::values::UnixTime;

/// An entry of the transcript besides the plan's steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The time, by the machine's clock.
    pub time: Option<UnixTime>,
    /// The kind of entry.
    pub kind: OccurrenceKind,
    /// The text.
    pub text: String,
    /// Who said so. If the program found it, this is the program's name.
    pub by: String,
}

/// The kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OccurrenceKind {
    /// Something did not go as planned.
    Deviation,
    /// People decided a question that the program could not answer.
    Decision,
    /// A run stopped before the end.
    Stopped,
    /// The ceremony was aborted.
    Aborted,
    /// A remark.
    Note,
}

impl OccurrenceKind {
    /// The name of the event in the transcript.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deviation => "deviation",
            Self::Decision => "decision",
            Self::Stopped => "stopped",
            Self::Aborted => "aborted",
            Self::Note => "note",
        }
    }

    /// Whether a ceremony with this entry still went as planned.
    #[must_use]
    pub const fn is_as_planned(self) -> bool {
        matches!(self, Self::Note)
    }
}

impl Occurrence {
    /// All entries of a transcript, in order.
    #[must_use]
    pub fn all_in(transcript: &Transcript) -> Vec<Self> {
        transcript.records().iter().filter_map(Self::of).collect()
    }

    fn of(record: &Record) -> Option<Self> {
        let (kind, text, by) = match record.event().ok()? {
            Event::Deviation { text, by } => (OccurrenceKind::Deviation, text, by),
            Event::Note { text, by } => (OccurrenceKind::Note, text, by),
            Event::Stopped { because } => {
                let by = PROGRAM.to_owned();
                (OccurrenceKind::Stopped, because, by)
            }
            Event::Decision { step, choice, people } => {
                let text = format!("step {step}: {}", choice.word());
                (OccurrenceKind::Decision, text, people.join(", "))
            }
            Event::Aborted { because, by } => (OccurrenceKind::Aborted, because, by),
            _ => return None,
        };
        Some(Self {
            time: record.time(),
            kind,
            text,
            by,
        })
    }
}
