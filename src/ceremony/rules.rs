//! The rules of docs/ceremony-format.md that a verifier can find broken.

use std::fmt;

/// A rule, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CeremonyRule(&'static str);

impl CeremonyRule {
    /// Its name, as results show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for CeremonyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! rules {
    ($($name:ident = $text:literal: $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: CeremonyRule = CeremonyRule($text);)*
    };
}

rules! {
    ABORTED = "aborted": "The ceremony was not aborted.";
    APPROVAL = "approval": "Enough people approved the plan, and nobody rejected it.";
    ATTENDANCE = "attendance": "Those who attend are people of the plan, each named once, and enough of them.";
    ATTESTATION = "attestation": "Everybody who was present at the end signed the transcript's head.";
    AUTHOR = "author": "Who ran a command or made a remark is named as the plan names people.";
    BUDGET = "budget": "A key makes the signatures of the plan, and no more.";
    CHAIN = "chain": "Each line of the transcript has the hash of the line before it.";
    CHECKPOINT = "checkpoint": "The checkpoint is that of the transcript.";
    CHECKSUMS = "checksums": "SHA256SUMS has the hashes of the files.";
    CLOCK = "clock": "Times do not go back.";
    CONFIRMED = "confirmed": "The words of the printed script were typed.";
    DECISION = "decision": "People made the decision that the situation left to them.";
    END = "end": "Nothing follows the end of a ceremony.";
    EVENT = "event": "A line is one of the format's events, with its fields.";
    EXPORT = "export": "The export says what the ceremony recorded.";
    FILE = "file": "The directory has the files of the format, and no others.";
    GATE = "gate": "A gate was passed with statements of enough people about the completed bytes.";
    HEAD = "head": "The transcript has the head that was kept elsewhere.";
    HOURS = "hours": "Signatures are made within the session's hours.";
    KEY = "key": "A key is the one of the plan.";
    LEDGER = "ledger": "The ledger has an event for each signature.";
    MODULE = "module": "The PKCS#11 module is the one of the plan.";
    NOT_CLOSED = "not-closed": "The ceremony was closed.";
    OBJECT = "object": "What was signed is what was planned.";
    ORDER = "order": "Events have the order of the plan's steps.";
    OUT = "out": "The results are the completed objects.";
    PATH = "path": "Each certificate has a valid path.";
    PINNED = "pinned": "The inputs are those of the plan.";
    PLAN = "plan": "The plan can be read, and is complete.";
    PLAN_AGAIN = "plan-again": "The same file and inputs give the same plan.";
    PLAN_TEXT = "plan-text": "The plan in words is that of the plan.";
    PREVIOUS = "previous": "The plan agrees with the ceremony before it.";
    RECORD = "record": "What was written down is what the step asks for.";
    REHEARSAL = "rehearsal": "A rehearsal made the objects of the plan, octet for octet outside the holes.";
    RUN = "run": "A run was opened before its events, and one at a time.";
    SESSION = "session": "The session is one of the plan, and continues the one that was begun.";
    SIGNATURE = "signature": "Each signature verifies.";
    SPARE = "spare": "A spare serial number was used after a decision only.";
    TOOL = "tool": "The program is the one that made the plan.";
    TORN = "torn": "The last line of the transcript is complete.";
}
