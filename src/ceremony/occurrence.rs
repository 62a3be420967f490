//! What a transcript has beside the steps of the plan: deviations, decisions, stops, notes.

use super::{Event, Record, Transcript};
use crate::values::UnixTime;

/// Something that happened beside the steps of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When, by the machine's clock.
    pub time: Option<UnixTime>,
    /// What it is.
    pub kind: OccurrenceKind,
    /// What was written down.
    pub text: String,
    /// Who said so. What the program found has its name.
    pub by: String,
}

/// What an occurrence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OccurrenceKind {
    /// Something did not go as planned.
    Deviation,
    /// People decided what the program could not know.
    Decision,
    /// A run stopped before the end.
    Stopped,
    /// The ceremony was given up.
    Aborted,
    /// A remark.
    Note,
}

impl OccurrenceKind {
    /// As the transcript calls the event.
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

    /// Whether a ceremony with it still went as planned.
    #[must_use]
    pub const fn is_as_planned(self) -> bool {
        matches!(self, Self::Note)
    }
}

impl Occurrence {
    /// All of a transcript, in its order.
    #[must_use]
    pub fn all_in(transcript: &Transcript) -> Vec<Self> {
        transcript.records().iter().filter_map(Self::of).collect()
    }

    fn of(record: &Record) -> Option<Self> {
        let (kind, text, by) = match record.event().ok()? {
            Event::Deviation { text, by } => (OccurrenceKind::Deviation, text, by),
            Event::Note { text, by } => (OccurrenceKind::Note, text, by),
            Event::Stopped { because } => {
                let by = env!("CARGO_PKG_NAME").to_owned();
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
