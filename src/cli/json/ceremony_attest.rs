//! What people sign at the end of a ceremony.

use hsm_ca::ceremony::{Course, Occurrence, Remarks, TranscriptHead, hash_words};
use hsm_ca::workflow::OpenedCeremony;
use serde::Serialize;

use super::Output;
use super::ceremony_people::SignedStatement;
use super::ceremony_verify::Presence;
use super::common::Time;

/// `ceremony attest`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyAttest {
    #[serde(flatten)]
    pub(in crate::cli) statement: SignedStatement,
    #[serde(flatten)]
    pub(in crate::cli) attested: Attested,
}

impl Output for CeremonyAttest {
    const NAME: &'static str = "ceremony-attest";
}

/// What is attested, and what the transcript says of it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Attested {
    present: Presence,
    /// False with --not-as-planned, and where an occurrence is not a note.
    as_planned: bool,
    remarks: Option<String>,
    /// The head of the transcript.
    head: String,
    /// Its hash in the words of the PGP word list.
    head_words: String,
    /// The steps of the plan, in its order.
    steps: Vec<AttestedStep>,
    /// What the transcript has beside the steps.
    occurrences: Vec<AttestedOccurrence>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AttestedStep {
    step: String,
    done: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AttestedOccurrence {
    time: Option<Time>,
    /// `deviation`, `decision`, `stopped`, `aborted` or `note`.
    what: &'static str,
    text: String,
    by: String,
}

impl Attested {
    pub(in crate::cli) fn of(
        ceremony: &OpenedCeremony,
        course: &Course,
        head: TranscriptHead,
        occurrences: &[Occurrence],
        remarks: &Remarks,
    ) -> Self {
        let steps = ceremony.plan.steps.iter().map(|step| AttestedStep {
            step: step.id.clone(),
            done: course.step(&step.id).is_done(&step.action),
        });
        let occurrences = occurrences.iter().map(|found| AttestedOccurrence {
            time: found.time.map(Time::of),
            what: found.kind.word(),
            text: found.text.clone(),
            by: found.by.clone(),
        });
        Self {
            present: Presence::of(remarks.present),
            as_planned: remarks.as_planned,
            remarks: remarks.remarks.clone(),
            head: head.to_string(),
            head_words: hash_words(&head.hash.0),
            steps: steps.collect(),
            occurrences: occurrences.collect(),
        }
    }
}
