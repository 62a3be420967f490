//! Why a job failed.

mod display;
mod from;

use std::io;
use std::path::PathBuf;

use crate::cloudhsm::CloudHsmError;
use crate::kms::KmsError;
use crate::ledger::{EntryId, LedgerError};
use crate::output::OutputError;
use crate::secret::{Ed25519KeyError, MemoryError, PrivateKeyError};
use crate::signer::UnfitChoice;
use crate::token::{ImportRoute, KeyDescription, TokenError};
use crate::transparency::TransparencyError;
use crate::x509::{UnixTime, X509Error};

use super::{
    BenchError, CeremonyError, GenerateError, InitializeClusterError, KeptHeadError, KeyLockError,
    LinterError, NotDeliverable, PlannedFileError, PublicationError, UnknownAuthority, Unproven,
};

/// Why a job failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum WorkflowError {
    /// KMS.
    Kms(KmsError),
    /// CloudHSM.
    CloudHsm(CloudHsmError),
    /// The token.
    Token(TokenError),
    /// The ledger.
    Ledger(LedgerError),
    /// The head of the ledger that was kept elsewhere.
    KeptHead(Box<KeptHeadError>),
    /// The clock is behind the newest event of the ledger.
    ClockBehind {
        /// The clock's time.
        now: UnixTime,
        /// The newest time of an event, by the clock at that time.
        newest: UnixTime,
    },
    /// A signature was made and verified, but the ledger could not record it. Nothing was delivered.
    Unrecorded {
        /// The entry that began but did not end.
        entry: EntryId,
        /// How many others of the same batch there are.
        others: usize,
        /// Why.
        cause: LedgerError,
    },
    /// The caller stopped a batch: [`Progress::is_interrupted`](super::Progress::is_interrupted). What was signed is recorded and delivered.
    Interrupted,
    /// A signed object is recorded, but could not be delivered.
    Undelivered {
        /// Its entry.
        entry: EntryId,
        /// Why.
        cause: Box<Self>,
    },
    /// The same request occurs earlier in the batch, where it was refused.
    RepeatsRefused,
    /// Some signed objects of a batch are recorded, but could not be delivered.
    SomeUndelivered {
        /// The entry of the first.
        entry: EntryId,
        /// How many.
        count: usize,
        /// Why, for the first.
        cause: Box<Self>,
    },
    /// A signed CRL or OCSP response is recorded, but not delivered: while it was signed, another process put one there that it must not
    /// replace.
    ///
    /// It is a refusal, although nothing is lost if the other one is newer. The caller asked for this one at that place, and it is not there;
    /// the other CRL can have another scope, another base or an earlier nextUpdate.
    Overtaken {
        /// Its entry.
        entry: EntryId,
        /// The place.
        path: PathBuf,
        /// What is there, and why it stays.
        found: String,
    },
    /// A key was made and proven, but the ledger could not record it.
    UnrecordedKey {
        /// Its label.
        label: String,
        /// Why.
        cause: LedgerError,
        /// What happened to the key.
        left: LeftBehind,
    },
    /// A key was deleted, but the ledger could not record that.
    UnrecordedDeletion {
        /// Why.
        cause: LedgerError,
    },
    /// The object of an entry cannot be delivered.
    NotDeliverable(Box<NotDeliverable>),
    /// A file was refused as a planned object.
    PlannedFile(Box<PlannedFileError>),
    /// A CA certificate that the ledger does not have.
    UnknownAuthority(Box<UnknownAuthority>),
    /// A checkpoint or a proof about the ledger.
    Transparency(Box<TransparencyError>),
    /// The key for the checkpoint is a CA's.
    CheckpointKey {
        /// The CA.
        subject: String,
    },
    /// A file is not an Ed25519 private key.
    Ed25519Key(Ed25519KeyError),
    /// The publication of OCSP answers.
    Publication(Box<PublicationError>),
    /// A certificate or a request.
    X509(X509Error),
    /// A file.
    Output(OutputError),
    /// Memory could not be protected, so nothing was decrypted.
    Memory(MemoryError),
    /// The decrypted bytes are not a key of the expected kind. Nothing reached the token.
    PrivateKey(PrivateKeyError),
    /// Another key has the label.
    LabelTaken {
        /// The label.
        label: String,
        /// The key that has it.
        found: KeyDescription,
    },
    /// The key is on the token under a different label.
    OtherLabel {
        /// The label that was requested.
        label: String,
        /// The key on the token.
        found: KeyDescription,
    },
    /// A proof failed.
    Unproven {
        /// Which one, and why.
        unproven: Unproven,
        /// What happened to the objects on the token.
        left: LeftBehind,
    },
    /// Another process imported the same pair at the same time.
    ImportedTwice {
        /// The label.
        label: String,
        /// What happened to the objects of this import.
        left: LeftBehind,
    },
    /// No new key.
    Generate(Box<GenerateError>),
    /// A token was not measured.
    Bench(Box<BenchError>),
    /// A ceremony cannot be held as its file says.
    Ceremony(Box<CeremonyError>),
    /// A refusal of one input of a job.
    InInput {
        /// The input's name: its file.
        name: String,
        /// Why it is refused.
        cause: Box<Self>,
    },
    /// A cluster that is not initialised.
    Initialize(Box<InitializeClusterError>),
    /// A certificate in an answer of AWS cannot be read.
    InAnswer {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        cause: X509Error,
    },
    /// The HSM's identity is not verified. Nothing is signed for it.
    IdentityNotVerified {
        /// The first step that failed: which certificate, which step, what was found.
        first: String,
        /// How many failed.
        failed: usize,
    },
    /// The request is not from the HSM whose identity was verified.
    OtherHsm,
    /// Some requests of a job were signed before one failed.
    Partly {
        /// The files that were delivered.
        done: Vec<PathBuf>,
        /// Why the others were not.
        cause: Box<Self>,
    },
    /// The key cannot sign as requested.
    Choice(UnfitChoice),
    /// The sealed route without an attestation document.
    NoAttestation,
    /// An attestation document for a route that does not use it.
    UselessAttestation {
        /// The route that was named.
        route: ImportRoute,
    },
    /// The sealed route, but no recipient key on the token.
    NoRecipientKey,
    /// The key is imported and proven, but the recipient key could not be destroyed.
    RecipientLeft {
        /// The token's error.
        cause: TokenError,
        /// The imported key.
        imported: Box<KeyDescription>,
    },
    /// The token failed, but the key is on it, not yet proven.
    LeftOnToken {
        /// The token's error.
        cause: TokenError,
        /// The key.
        found: Box<KeyDescription>,
    },
    /// The token failed, and then could not report whether the key is on it.
    MayBeOnToken {
        /// The token's first error.
        cause: TokenError,
        /// The label it would have.
        label: String,
    },
    /// The token could not be locked against this user's other processes.
    KeyLock(KeyLockError),
    /// The profile's linter gave no verdict.
    Linter(LinterError),
    /// An input is read twice and changed in between.
    InputChanged {
        /// The input's name: its file.
        name: String,
    },
    /// Two inputs would be written to one file.
    SameOutput {
        /// The file.
        path: PathBuf,
        /// The name of the first of the two inputs.
        first: String,
    },
    /// A test rig could not be made.
    Rig {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The directory for a test rig is in use.
    RigExists {
        /// The directory.
        path: PathBuf,
    },
    /// The path of a test rig cannot be written in SoftHSM's configuration.
    RigPath {
        /// The directory.
        path: PathBuf,
    },
    /// The token of the test rig could not be initialised.
    RigToken {
        /// The message of the initialising process.
        reason: String,
    },
}

/// What is on the token after a failed import or generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftBehind {
    /// Nothing was put there.
    NothingImported,
    /// The new objects were destroyed again.
    Destroyed,
    /// They could not be destroyed.
    StillThere {
        /// The token's error.
        reason: String,
    },
    /// The key existed before, and was not changed.
    Untouched,
}
