//! A signing ceremony: its plan, the approvals, and what happens in front of witnesses. This module knows bytes, hashes and people, but no PKCS#11
//! and no X.509. `workflow` checks the plan against the rules.

mod abort_notice;
mod approval;
mod attestation;
mod author;
mod canonical;
mod claimed_time;
mod course;
mod directory;
mod event;
mod export;
mod file;
mod finding;
mod gate;
mod kind;
mod look_alike;
mod occurrence;
mod octets;
mod paper;
mod plan;
mod practice_file;
mod quorum;
mod rehearsed;
mod remark;
pub mod rules;
mod ssh_key;
mod ssh_wire;
mod sshsig;
mod stand_in_signer;
mod statement;
mod template;
#[cfg(test)]
mod test_key;
#[cfg(test)]
mod test_plan;
mod trail;
mod transcript;
mod unlisted;
mod words;

pub use abort_notice::AbortNotice;
pub use approval::{Approval, ApprovalCount, ApprovalStatement, Decision, Rejection, Verdict};
pub use attestation::{Attestation, AttestationCount, AttestationStatement, Presence, Remarks};
pub(crate) use author::{PROGRAM, login_author};
pub use canonical::{CanonicalError, DEEPEST_NESTING, LARGEST_INTEGER, from_canonical, to_canonical};
pub use claimed_time::ClaimedTime;
pub use course::{BegunSignature, Course, Ending, MadeKey, StepCourse};
pub use directory::CeremonyDirectory;
pub use event::{Choice, Event, KeyOrigin};
pub use export::{CeremonyExport, ExportError, ExportedIssuer, ExportedRevocation};
pub use file::{
    CeremonyFile, CeremonyFileError, CloseSection, Confirm, CreateCa, Crl, CrossSign, DestroyKey,
    GenerateKey, ImportKey, Input, Manual, NotAfter, NotBefore, Person, PreviousCeremony, Quorum, Revoke,
    Role, Session, SignBy, SignCsr, Step, StepAction, TokenBinding, Waiver,
};
pub use finding::Finding;
pub use gate::{Gate, GateBytes, GateCount, GateStatement};
pub use kind::{CeremonyKind, Requirement};
pub use occurrence::{Occurrence, OccurrenceKind};
pub use octets::{NotBase64, Octets};
pub use paper::{
    CeremonyPage, PaperSize, ReportContent, ReportedAttestation, ReportedObject, ScriptState, plan_text,
    record_text, report_page, script_page,
};
#[cfg(test)]
pub(crate) use plan::RULES_OF_THE_LEDGER;
pub use plan::{
    CeremonyPlan, Hole, HoleContent, KeyBudget, KeyOctets, Keys, ObjectKind, PlanError, PlannedInput,
    PlannedLinter, PlannedModule, PlannedObject, PlannedPeople, PlannedPerson, PlannedPrevious,
    PlannedSession, PlannedStep, PlannedToken, PlannedTool, PlannedWaiver, RuleVerdict, SCRIPT_WORDS,
    SPARE_SERIAL, SeenToken, Spare, script_words,
};
pub use practice_file::{PracticeChanges, PracticeFileError};
pub use quorum::QuorumAnchor;
pub use rehearsed::{ComparedObject, Difference};
pub(crate) use remark::remark_in;
pub use rules::CeremonyRule;
pub use ssh_key::{LEAST_RSA_BITS, SshKey, SshKeyError, SshKeyKind};
pub use sshsig::{SshSignature, SshSignatureError};
pub use stand_in_signer::{StandInSigner, StandInSignerError};
pub(crate) use statement::pair_statements;
pub use statement::{
    PlanIdentity, QuorumError, Signatories, Signatory, SignatoryKey, SignatureFile, SignedStatement,
    Statement, StatementError, StatementFile, StatementFileError, StatementFrame, StatementKind,
    UnsignedStatement, is_plain_line, read_statements,
};
pub use template::CeremonyTemplate;
pub use trail::{OpenedGate, Trail, TrailEnd, TrailGate, TrailKey, TrailSignature};
pub use transcript::{
    Following, NotAHead, Record, TornLine, Transcript, TranscriptError, TranscriptFile, TranscriptHead,
};
pub use unlisted::UnlistedRevocation;
pub use words::{SPOKEN_OCTETS, WordsError, hash_words, octets_of_words, words};

pub use crate::values::{Digest, NotADigest};
