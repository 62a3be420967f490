//! `ceremony`: checks what a ceremony file asks for against every rule, long before the ceremony.

mod completed;
mod draft;
mod error;
mod export;
mod foreseen;
mod gates;
mod imports;
mod inputs;
mod long_crls;
mod objects;
mod people;
mod plan;
mod plan_directory;
mod previous;
mod refused_keys;
mod regular_file;
mod rehearse;
mod report;
mod run;
mod stand_in;
mod tokens;
mod unlisted;
mod verify;
mod waivers;

pub use completed::CompletedObject;
pub use draft::{CeremonyDraft, DraftObject, DraftedSession, draft_ceremony};
pub use error::CeremonyError;
pub use export::{ExportedCeremony, SerialCount, export_ceremony, next_state};
pub use imports::{CeremonyDecryptors, CeremonyPair, rehearse_imports};
pub use inputs::CeremonyInputs;
pub use long_crls::{LongCrl, long_crls};
pub use people::{
    ApprovalFile, Approvals, LostStatement, OpenedCeremony, PeopleError, PreparedStatement, Remark, Saying,
    SignedFiles, SshKeygen, SshKeygenError, WaitingApproval, abort_ceremony, count_approvals, count_gate,
    find_lost_statement, note_in_transcript, prepare_statement,
};
pub use plan::{
    CeremonyProfile, CeremonySource, PlanCircumstances, check_plan, digest_of_file, plan_ceremony, see_token,
};
pub use plan_directory::write_plan;
pub use previous::{PreviousError, check_previous};
pub use refused_keys::RefusedKeys;
pub use rehearse::{
    CountedSignatures, RehearsalError, RehearsalRequest, SessionComparison, compare_session, rehearse_session,
};
pub use report::reported_objects;
pub use run::{
    CeremonyRoom, CeremonyRun, Machine, Opening, Question, RunError, RunRequest, RunSummary, Told,
};
pub use tokens::check_tokens;
pub use verify::{Attested, CeremonyReport, MadeObject, verify_ceremony};
