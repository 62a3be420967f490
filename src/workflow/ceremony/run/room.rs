//! The people in the room: what they are asked, and what they are told. The program that talks to them implements it.

use crate::ceremony::{Choice, Digest, Event, PlannedPeople, PlannedStep, SignBy};
use crate::values::UnixTime;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::CompletedObject;

/// The people in the room.
pub trait CeremonyRoom {
    /// Asks a question, and waits for one line.
    ///
    /// # Errors
    /// [`RunError::NoAnswer`](super::RunError::NoAnswer): nobody can answer.
    fn ask(&self, question: &Question<'_>) -> Result<String, WorkflowError>;

    /// Tells what happens.
    fn tell(&self, told: &Told<'_>);
}

/// What is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Question<'a> {
    /// Date and time by the wall clock, in UTC: `YYYY-MM-DD HH:MM`. A clock that is a day off would date certificates wrongly.
    WallClock {
        /// The machine's.
        machine: UnixTime,
    },
    /// Who is in the room: names of the plan with commas between them.
    Attending {
        /// Who may be.
        people: &'a PlannedPeople,
    },
    /// The words that the script has for this step.
    Words {
        /// `opening`, `closing`, or the step.
        step: &'a str,
    },
    /// Whether a manual step is done: Enter.
    Done {
        /// What has to be done.
        say: &'a str,
    },
    /// What is written down at a manual step.
    Record {
        /// Its name.
        name: &'a str,
    },
    /// Whether the people at the gate have signed: Enter.
    GateSigned {
        /// The step.
        step: &'a str,
        /// How many signatures are missing.
        missing: usize,
    },
    /// What people choose: one of the words.
    Decide {
        /// The step.
        step: &'a str,
        /// The choices. To stop is always one.
        choices: &'a [Choice],
    },
    /// Who made a decision: names of the plan with commas between them.
    DecidedBy {
        /// How many of which role.
        sign_by: SignBy,
    },
}

/// What people are told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Told<'a> {
    /// The ceremony is opened.
    Opened {
        /// Its id.
        ceremony: &'a str,
        /// The plan's hash.
        plan: Digest,
        /// The session.
        session: &'a str,
        /// How often it was opened, this time included.
        run: u64,
        /// Who approved the plan.
        approved_by: &'a [String],
    },
    /// The run before this one did not end by itself.
    Interrupted,
    /// An answer is not accepted.
    Refused {
        /// Why.
        reason: String,
    },
    /// A note or a deviation that was typed at a question is in the transcript.
    Recorded {
        /// The line of the transcript, from 1.
        line: u64,
        /// Its time.
        time: UnixTime,
        /// The note or the deviation.
        event: &'a Event,
    },
    /// A step begins.
    Step {
        /// Its place, from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// The step.
        step: &'a PlannedStep,
    },
    /// A step was done in an earlier run.
    AlreadyDone {
        /// Its place, from 1.
        number: usize,
        /// The step.
        step: &'a PlannedStep,
    },
    /// A key is there.
    Key {
        /// The step.
        step: &'a str,
        /// SHA-256 of its `subjectPublicKeyInfo`.
        sha256: Digest,
    },
    /// What a key is about to sign.
    ToSign {
        /// The object, with the octets of its keys.
        object: &'a CompletedObject,
    },
    /// The completed bytes that people sign at a gate.
    Gate {
        /// Each object, in the order of the steps.
        objects: &'a [CompletedObject],
        /// Who signs.
        sign_by: &'a SignBy,
    },
    /// Enough people have signed.
    GatePassed {
        /// Who.
        people: &'a [String],
    },
    /// A key signed, and the signature verifies; the ledger and the disk have it.
    Signed {
        /// The step.
        step: &'a str,
        /// SHA-256 of the object's DER.
        sha256: Digest,
    },
    /// One signature may exist that nobody has.
    LostSignature {
        /// The step.
        step: &'a str,
    },
    /// KMS would not decrypt a key now. The step has begun: if its key is on the token, KMS is not needed.
    NoKms {
        /// The step.
        step: &'a str,
        /// What KMS said.
        reason: &'a str,
    },
    /// A key that an interrupted run may have made is on the token.
    FoundKey {
        /// The step.
        step: &'a str,
        /// The key, as the token shows it.
        key: String,
        /// What is known of it.
        attributes: String,
    },
}
