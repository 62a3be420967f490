//! The interface to the people in the room. The program that talks to them implements it.

use crate::ceremony::{
    CeremonyKind, Choice, Digest, Event, ObjectKind, PlannedPeople, PlannedStep, SignBy, UnlistedRevocation,
};
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

    /// Called once before the first line of a run is recorded.
    ///
    /// # Errors
    /// [`RunError::NoPeople`](super::RunError::NoPeople): it is already known that nobody will answer.
    fn expect_answers(&self) -> Result<(), WorkflowError> {
        Ok(())
    }

    /// Informs the people.
    fn tell(&self, told: &Told<'_>);
}

/// A question.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Question<'a> {
    /// Date and time on the wall clock, in UTC: `YYYY-MM-DD HH:MM`. A clock that is a day off would give certificates wrong dates.
    WallClock {
        /// The time of the machine's clock.
        machine: UnixTime,
    },
    /// Who attends: names from the plan, separated by commas.
    Attending {
        /// The people who may attend.
        people: &'a PlannedPeople,
    },
    /// The script's words for this step.
    Words {
        /// `opening`, `closing`, or the step.
        step: &'a str,
    },
    /// Whether a manual step is done: Enter confirms it.
    Done {
        /// What must be done.
        say: &'a str,
    },
    /// The value to write down at a manual step.
    Record {
        /// Its name.
        name: &'a str,
    },
    /// Whether the people at the gate have signed: Enter checks it.
    GateSigned {
        /// The step.
        step: &'a str,
        /// How many signatures are missing.
        missing: usize,
    },
    /// Whose remark it is: one name of those in the room.
    SaidBy {
        /// The people in the room.
        people: &'a [String],
    },
    /// A choice: one of these words.
    Decide {
        /// The step.
        step: &'a str,
        /// The choices. Stopping is always one of them.
        choices: &'a [Choice],
    },
    /// Who made a decision: names from the plan, separated by commas.
    DecidedBy {
        /// The role, and how many people.
        sign_by: SignBy,
    },
}

/// Information for the people.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Told<'a> {
    /// The ceremony is opened.
    Opened {
        /// Its id.
        ceremony: &'a str,
        /// Production or practice.
        kind: CeremonyKind,
        /// The plan's hash.
        plan: Digest,
        /// The session.
        session: &'a str,
        /// How many times it was opened, including this time.
        run: u64,
        /// Who approved the plan.
        approved_by: &'a [String],
        /// The network interfaces that are up, without loopback.
        network: &'a [String],
        /// The first step that needs the network, because KMS decrypts its key.
        needs_network: Option<&'a str>,
    },
    /// The previous run was interrupted.
    Interrupted,
    /// An answer was refused.
    Refused {
        /// The reason.
        reason: String,
    },
    /// A note or a deviation typed at a question was recorded.
    Recorded {
        /// The line of the transcript, from 1.
        line: u64,
        /// Its time.
        time: UnixTime,
        /// The note or the deviation.
        event: &'a Event,
    },
    /// A note or a deviation was typed before somebody said whose the one before it is. It is recorded after that one.
    RecordedNext,
    /// A step begins.
    Step {
        /// Its place among the steps, from 1.
        number: usize,
        /// The number of steps.
        of: usize,
        /// The step.
        step: &'a PlannedStep,
    },
    /// A step was done in an earlier run.
    AlreadyDone {
        /// Its place among the steps, from 1.
        number: usize,
        /// The step.
        step: &'a PlannedStep,
    },
    /// A key is on its token.
    Key {
        /// The step.
        step: &'a str,
        /// SHA-256 of its `subjectPublicKeyInfo`.
        sha256: Digest,
    },
    /// The object that a key is about to sign.
    ToSign {
        /// The object, with the octets of its keys.
        object: &'a CompletedObject,
    },
    /// The completed bytes to sign at a gate.
    Gate {
        /// Each object, in the order of the steps.
        objects: &'a [CompletedObject],
        /// Who must sign.
        sign_by: &'a SignBy,
    },
    /// Enough people have signed at the gate.
    GatePassed {
        /// Who signed.
        people: &'a [String],
    },
    /// A key signed, the signature was verified, and the object is on disk and in the ledger.
    Signed {
        /// The step.
        step: &'a str,
        /// SHA-256 of the object's DER.
        sha256: Digest,
    },
    /// A signature may exist that was not kept.
    LostSignature {
        /// The step.
        step: &'a str,
        /// What it signs.
        is: ObjectKind,
        /// What people can choose.
        choices: &'a [Choice],
        /// What the choice of the spare serial number leaves to be done. `None` for a self-signed certificate, which no CRL can revoke.
        unlisted: Option<&'a UnlistedRevocation>,
    },
    /// KMS would not decrypt a key now. The step was begun: if its key is on the token, KMS is not needed.
    NoKms {
        /// The step.
        step: &'a str,
        /// What KMS reported.
        reason: &'a str,
    },
    /// A key that may come from an interrupted run is on the token.
    FoundKey {
        /// The step.
        step: &'a str,
        /// The key, as the token shows it.
        key: String,
        /// What is known about it.
        attributes: String,
    },
}
