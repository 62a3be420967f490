//! What a transcript says about people: who is in the room, which gate waits for them, and whether it is over.

use super::{CanonicalError, Event, GateBytes, Transcript};

/// What a transcript says about people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attendance {
    /// Who is in the room in the run that goes on; nobody between runs.
    pub now: Vec<String>,
    /// Who was there in any run, in the order of their coming.
    pub ever: Vec<String>,
    /// The gate that was opened and is not passed. After an interruption the next run goes on with it.
    gate: Option<GateBytes>,
    /// How the ceremony ended, if it did.
    pub ending: Option<Ending>,
}

/// How a ceremony ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It is complete.
    Closed,
    /// It was given up.
    Aborted {
        /// Why.
        because: String,
        /// Who said so.
        by: String,
    },
}

impl Attendance {
    /// From the events of a transcript. Whether they are in the order that they have to be in is not judged here.
    ///
    /// # Errors
    /// [`CanonicalError`]: a line that is not an event.
    pub fn of(transcript: &Transcript) -> Result<Self, CanonicalError> {
        let mut found = Self::default();
        for record in transcript.records() {
            found.follow(record.event()?);
        }
        Ok(found)
    }

    fn follow(&mut self, event: Event) {
        match event {
            Event::Opened { .. } | Event::Stopped { .. } => self.now.clear(),
            Event::Attending { people } => {
                for person in &people {
                    if !self.ever.contains(person) {
                        self.ever.push(person.clone());
                    }
                }
                self.now = people;
            }
            Event::GateOpen { step, objects } => self.gate = Some(GateBytes { step, objects }),
            Event::GatePassed { .. } => self.gate = None,
            Event::Closed { .. } => {
                self.now.clear();
                self.ending = Some(Ending::Closed);
            }
            Event::Aborted { because, by } => {
                self.now.clear();
                self.ending = Some(Ending::Aborted { because, by });
            }
            _ => {}
        }
    }

    /// The gate that waits for signatures of those in the room.
    #[must_use]
    pub fn waiting_gate(&self) -> Option<&GateBytes> {
        self.gate.as_ref().filter(|_| !self.now.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ceremony::{Digest, TranscriptFile};
    use crate::values::UnixTime;

    fn attendance(events: &[Event]) -> Attendance {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("transcript.jsonl");
        let mut file = TranscriptFile::create(&path, Digest::of(b"plan")).unwrap();
        for event in events {
            file.append(UnixTime(1_800_000_000), event).unwrap();
        }
        Attendance::of(file.transcript()).unwrap()
    }

    fn attending(people: &[&str]) -> Event {
        Event::Attending {
            people: people.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn a_gate_waits_until_it_is_passed_or_the_run_stops() {
        let objects = BTreeMap::from([("root".to_owned(), Digest::of(b"root"))]);
        let step = "gate".to_owned();
        let open = Event::GateOpen {
            step: step.clone(),
            objects: objects.clone(),
        };
        let passed = Event::GatePassed {
            step: step.clone(),
            people: Vec::new(),
        };
        let stopped = Event::Stopped {
            because: "Ctrl-C".to_owned(),
        };
        let begin = [attending(&["A", "B"]), open];
        let found = attendance(&begin);
        let waiting = GateBytes { step, objects };
        assert_eq!(found.waiting_gate(), Some(&waiting));
        assert_eq!(found.now, ["A", "B"]);
        let found = attendance(&[&begin[..], &[passed]].concat());
        assert_eq!(found.waiting_gate(), None);
        let found = attendance(&[&begin[..], std::slice::from_ref(&stopped)].concat());
        assert_eq!(found.waiting_gate(), None);
        // The next run goes on with it, once it is known who is there.
        let found = attendance(&[&begin[..], &[stopped, attending(&["C", "A"])]].concat());
        assert_eq!((found.waiting_gate(), &found.ending), (Some(&waiting), &None));
        assert_eq!(found.now, ["C", "A"]);
        assert_eq!(found.ever, ["A", "B", "C"]);
    }

    #[test]
    fn a_ceremony_ends_closed_or_aborted() {
        let closed = Event::Closed { out: BTreeMap::new() };
        let found = attendance(&[attending(&["A"]), closed]);
        assert_eq!((found.ending, found.ever.len()), (Some(Ending::Closed), 1));
        let aborted = Event::Aborted {
            because: "the bag was open".to_owned(),
            by: "A".to_owned(),
        };
        let found = attendance(&[aborted]);
        assert!(matches!(found.ending, Some(Ending::Aborted { .. })));
        assert!(found.ever.is_empty() && found.now.is_empty());
    }
}
