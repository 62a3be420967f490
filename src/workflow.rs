//! The jobs: a request type in, a summary type out. They connect the other rooms, which do not know each other.

mod adopt;
mod authority;
mod batch;
mod bench;
mod ceremony;
mod checkpoint;
mod clock;
mod crl;
mod cross;
mod delete;
mod delivery;
mod doctor;
mod error;
mod fetch;
mod generate;
mod identity;
mod import;
mod initialize;
mod issue;
mod kept_head;
mod key_lock;
mod lint;
mod named;
mod ocsp;
mod ordered;
mod pipeline;
mod poll;
mod program;
mod proof;
mod prove_import;
mod recipient;
mod record;
mod recorded;
mod request;
mod revocation_status;
mod revoke;
mod rig;
mod signing_key;
mod step;
mod tls_check;

pub use adopt::{AdoptionRequest, AdoptionSummary, PlannedAdoption};
pub use authority::{AuthorityRequest, PlannedAuthority};
pub use bench::{
    BenchError, BenchKeys, BenchPlot, BenchPoint, BenchRequest, BenchSummary, IssuingPoint, IssuingRequest,
    Latencies, Unmeasured, bench_token,
};
pub use ceremony::{
    ApprovalFile, Approvals, Attested, CeremonyDecryptors, CeremonyDraft, CeremonyError, CeremonyInputs,
    CeremonyPair, CeremonyProfile, CeremonyReport, CeremonyRoom, CeremonyRun, CeremonySource,
    CompletedObject, CountedSignatures, DraftObject, DraftedSession, ExportedCeremony, LongCrl,
    LostStatement, Machine, MadeObject, OpenedCeremony, Opening, PeopleError, PlanCircumstances,
    PreparedStatement, PreviousError, Question, RefusedKeys, RehearsalError, RehearsalRequest, Remark,
    RunError, RunRequest, RunSummary, Saying, SerialCount, SessionComparison, SignedFiles, SshKeygen,
    SshKeygenError, Told, WaitingApproval, abort_ceremony, check_plan, check_previous, check_tokens,
    compare_session, count_approvals, count_gate, digest_of_file, draft_ceremony, export_ceremony,
    find_lost_statement, long_crls, next_state, note_in_transcript, plan_ceremony, prepare_statement,
    rehearse_imports, rehearse_session, reported_objects, see_token, verify_ceremony, write_plan,
};
pub use checkpoint::{CheckpointSource, make_checkpoint, prove_event, prove_extension};
pub use clock::Clock;
pub use crl::{
    CrlJob, CrlRequest, CrlSources, CrlSummary, PlannedCrl, PlannedShards, ShardRequest, plan_shards,
    shards_in_use,
};
pub use cross::{CrossJob, CrossRequest, CrossSummary};
pub use delete::{DeleteSummary, delete_key};
pub use delivery::{Delivered, Delivery, deliver};
pub use doctor::{
    CLUSTER_AUTHORITY, Check, CheckState, Client, advise, check_authority_key, check_client,
    check_import_routes, check_kept_heads, check_key_use, check_left_key_probes, check_login, check_new_key,
    check_session, check_signing, check_slots, check_token, note_no_authority,
};
pub use error::{LeftBehind, WorkflowError};
pub use fetch::{CLUSTER_FILE_SUFFIX, FetchSummary, fetch_certificates};
pub use generate::{GenerateError, GenerateRequest, GenerateSummary, generate_key};
pub use identity::{
    IdentityEvidence, IdentityPart, IdentityPartKind, IdentityReport, IdentityRoots, IdentitySubject,
    UnknownRoot, VerifiedIdentity, verify_identity,
};
pub use import::{ImportOutcome, ImportRequest, ImportSummary, MemoryLocking, import_key_pair};
pub use initialize::{
    ClusterCertificates, InitializeClusterError, InitializeSummary, WaitLimits, WhichCertificate,
    initialize_cluster,
};
pub use issue::{
    BatchOptions, GivenRequest, IssueSummary, LookedBack, RecordedJob, Refusals, RequestOutcome,
    RequestSource, SigningJob, SigningRequest,
};
pub use kept_head::{
    HeadPlace, KeptHeadError, find_kept_head, forget_kept_head, heads_on_token, keeps_head_of,
    refuse_without_ledger, require_head,
};
pub use key_lock::KeyLockError;
pub use lint::{LinterError, LinterFiles};
pub use named::Named;
pub use ocsp::{
    AnswerReason, AnswerSummary, DuePublication, OcspJob, OcspQuestion, OcspResponseRequest, OcspSummary,
    OcspTerms, PublicationError, PublicationJob, PublicationRequest, PublishedOutcome,
};
pub use pipeline::{
    Begun, Certified, Completed, Finished, Held, NotSigned, Planned, PlannedFileError, Signable, Signed,
    StoredPlan,
};
pub use proof::{KeyProof, ProofKind, Unproven, UnprovenReason, prove_key, prove_named_key, prove_signer};
pub use recipient::{RecipientSummary, delete_recipient, prepare_recipient};
pub use record::{Guards, KeyLog, KnownAs, Recorder, Renewed, UnknownAuthority, Waivers, authority_of};
pub use recorded::{DeliveryRequest, DeliverySummary, NotDeliverable, deliver_recorded};
pub use request::{CsrRequest, CsrSummary, create_request};
pub use revocation_status::{RecordedStatus, recorded_status};
pub use revoke::{RevocationSummary, RevokeRequest, Revoked, revoke_certificate};
pub use rig::{Rig, RigRequest, create_rig, rig_files};
pub use signing_key::find_token_key;
pub use step::{Linted, Step};
pub use tls_check::{
    AuthorityFile, ClientEvidence, Expiry, Missing, ServerEvidence, SourcedCertificate, StepState,
    TlsCertificate, TlsEvidence, TlsReport, TlsRole, TlsStep, TrustStore, check_tls,
};

use crate::ledger::Unfinished;

/// Receives what is being done; the command line shows it, a test may record it.
pub trait Progress {
    /// One step begins.
    fn step(&self, step: &Step<'_>);

    /// Before a signature: what the ledger has open or undelivered for the authority.
    fn unfinished(&self, found: &Unfinished);

    /// Whether a batch is to stop. It then begins nothing more, records and delivers what is signed, and ends with
    /// [`WorkflowError::Interrupted`]. It asks after each signature.
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// Ignores everything.
impl Progress for () {
    fn step(&self, _: &Step<'_>) {}

    fn unfinished(&self, _: &Unfinished) {}
}
