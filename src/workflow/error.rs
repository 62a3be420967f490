//! Why a job was not done.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::cloudhsm::CloudHsmError;
use crate::kms::KmsError;
use crate::ledger::{EntryId, LedgerError};
use crate::output::OutputError;
use crate::secret::{Ed25519KeyError, MemoryError, PrivateKeyError};
use crate::signer::{SignError, UnfitChoice};
use crate::token::{ImportRoute, KeyDescription, TokenError};
use crate::transparency::TransparencyError;
use crate::x509::{UnixTime, X509Error};

use super::{
    BenchError, CeremonyError, GenerateError, InitializeClusterError, KeptHeadError, KeyLockError,
    LinterError, NotDeliverable, PlannedFileError, PublicationError, UnknownAuthority, Unproven,
};

/// Why a job was not done.
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
    /// The clock is behind the last event of the ledger.
    ClockBehind {
        /// What the clock says.
        now: UnixTime,
        /// When the last event was recorded, by the clock of then.
        last: UnixTime,
    },
    /// A signature was made and verified, and the ledger could not record it: nothing was delivered.
    Unrecorded {
        /// The entry that began, and did not end.
        entry: EntryId,
        /// Why.
        cause: LedgerError,
    },
    /// What was signed is recorded, and could not be delivered.
    Undelivered {
        /// The entry that has it.
        entry: EntryId,
        /// Why.
        cause: OutputError,
    },
    /// A key was made and proven, and the ledger could not record it.
    UnrecordedKey {
        /// Its label.
        label: String,
        /// Why.
        cause: LedgerError,
        /// What became of the key.
        left: LeftBehind,
    },
    /// A key was deleted, and the ledger could not record that.
    UnrecordedDeletion {
        /// Why.
        cause: LedgerError,
    },
    /// What the ledger has of an entry cannot be delivered.
    NotDeliverable(Box<NotDeliverable>),
    /// A file that is not taken for a planned object.
    PlannedFile(Box<PlannedFileError>),
    /// A CA certificate that the ledger does not have.
    UnknownAuthority(Box<UnknownAuthority>),
    /// A checkpoint or a proof about the ledger.
    Transparency(Box<TransparencyError>),
    /// The key that was to sign a checkpoint is a CA's.
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
    /// The decrypted bytes are not a key of the promised kind; nothing reached the token.
    PrivateKey(PrivateKeyError),
    /// Another key has the label.
    LabelTaken {
        /// The label.
        label: String,
        /// The key that has it.
        found: KeyDescription,
    },
    /// The key is on the token under another label.
    OtherLabel {
        /// The label that was requested.
        label: String,
        /// The key as it is.
        found: KeyDescription,
    },
    /// A proof was not given.
    Unproven {
        /// Which one, and why.
        unproven: Unproven,
        /// What became of the objects on the token.
        left: LeftBehind,
    },
    /// The same pair was imported by someone else at the same time.
    ImportedTwice {
        /// The label.
        label: String,
        /// What became of the objects of this import.
        left: LeftBehind,
    },
    /// No new key.
    Generate(Box<GenerateError>),
    /// A token was not measured.
    Bench(Box<BenchError>),
    /// A ceremony cannot be held as it is written.
    Ceremony(Box<CeremonyError>),
    /// A refusal that is about one input of a job.
    InInput {
        /// What the input is called: its file.
        name: String,
        /// Why it is refused.
        cause: Box<Self>,
    },
    /// A cluster that is not initialised.
    Initialize(Box<InitializeClusterError>),
    /// A certificate in an answer of AWS's cannot be read.
    InAnswer {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        cause: X509Error,
    },
    /// The HSM's identity is not verified, so nothing is signed for it.
    IdentityNotVerified {
        /// The first step that failed: which certificate, which step, what was found.
        first: String,
        /// How many failed.
        failed: usize,
    },
    /// The request is not that of the HSM whose identity was verified.
    OtherHsm,
    /// Some requests of a job were signed before one failed.
    Partly {
        /// The files that are there.
        done: Vec<PathBuf>,
        /// Why the rest is not.
        cause: Box<Self>,
    },
    /// The key does not sign as it was asked to.
    Choice(UnfitChoice),
    /// The sealed route without an attestation document.
    NoAttestation,
    /// An attestation document for a route that has no use for it.
    UselessAttestation {
        /// The route that was named.
        route: ImportRoute,
    },
    /// The sealed route, and no recipient key on the token.
    NoRecipientKey,
    /// The key is imported and proven, and then the recipient key could not be destroyed.
    RecipientLeft {
        /// What the token said.
        cause: TokenError,
        /// The imported key.
        imported: Box<KeyDescription>,
    },
    /// The token failed, and the key is there all the same, not proven yet.
    LeftOnToken {
        /// What the token said.
        cause: TokenError,
        /// The key.
        found: Box<KeyDescription>,
    },
    /// The token failed, and then could not say whether the key is there.
    MayBeOnToken {
        /// What the token said first.
        cause: TokenError,
        /// The label it would have.
        label: String,
    },
    /// The token could not be locked against this user's other processes.
    KeyLock(KeyLockError),
    /// The profile's linter gave no verdict.
    Linter(LinterError),
    /// An input that is read twice was another one the second time.
    InputChanged {
        /// What the input is called: its file.
        name: String,
    },
    /// Two inputs would be written to one file.
    SameOutput {
        /// The file.
        path: PathBuf,
    },
    /// A test rig could not be made.
    Rig {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The directory for a test rig is in use.
    RigExists {
        /// The directory.
        path: PathBuf,
    },
    /// The path of a test rig cannot stand in SoftHSM's configuration.
    RigPath {
        /// The directory.
        path: PathBuf,
    },
    /// The token of the test rig could not be initialised.
    RigToken {
        /// What the process that tried said.
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
        /// What the token said.
        reason: String,
    },
    /// The key had been there before, and was left as it was.
    Untouched,
}

impl fmt::Display for LeftBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingImported => f.write_str("nothing was put on the token"),
            Self::Destroyed => f.write_str("the new objects were destroyed"),
            Self::StillThere { reason } => write!(f, "{reason}"),
            Self::Untouched => f.write_str("the key was left on the token"),
        }
    }
}

impl fmt::Display for WorkflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kms(error) => error.fmt(f),
            Self::CloudHsm(error) => error.fmt(f),
            Self::Transparency(error) => error.fmt(f),
            Self::CheckpointKey { subject } => write!(
                f,
                "the checkpoint is not signed: this key is that of the CA \"{subject}\", which signs only what the ledger records"
            ),
            Self::Ed25519Key(error) => error.fmt(f),
            Self::Initialize(error) => error.fmt(f),
            Self::Ledger(error) => error.fmt(f),
            Self::Unrecorded { entry, cause } => write!(
                f,
                "entry {entry} was signed, but the ledger could not record that, so nothing was written: {cause}"
            ),
            Self::Undelivered { entry, cause } => {
                write!(
                    f,
                    "it was signed and recorded as entry {entry}, but not written: {cause}"
                )
            }
            Self::NotDeliverable(error) => error.fmt(f),
            Self::UnrecordedKey { label, cause, left } => write!(
                f,
                "the key \"{label}\" was made, but the ledger could not record it: {cause}; {left}"
            ),
            Self::UnrecordedDeletion { cause } => write!(
                f,
                "the key was deleted, but the ledger could not record that; its entry stays open: {cause}"
            ),
            Self::Generate(error) => error.fmt(f),
            Self::KeyLock(error) => error.fmt(f),
            Self::InAnswer { field, cause } => write!(f, "CloudHSM DescribeClusters: {field}: {cause}"),
            Self::IdentityNotVerified { first, failed: 1 } => {
                write!(f, "the HSM's identity is not verified: {first}")
            }
            Self::IdentityNotVerified { first, failed } => {
                write!(
                    f,
                    "the HSM's identity is not verified: {first} ({failed} steps failed)"
                )
            }
            Self::OtherHsm => f.write_str(
                "the request is not that of the HSM whose identity was verified: it has a different key",
            ),
            Self::Token(error) => error.fmt(f),
            Self::PlannedFile(error) => error.fmt(f),
            Self::Publication(error) => error.fmt(f),
            Self::Bench(error) => error.fmt(f),
            Self::Ceremony(error) => error.fmt(f),
            Self::UnknownAuthority(unknown) => unknown.fmt(f),
            Self::X509(error) => error.fmt(f),
            Self::Output(error) => error.fmt(f),
            Self::Memory(error) => error.fmt(f),
            Self::PrivateKey(error) => write!(f, "{error}; nothing was put on the token"),
            Self::LabelTaken { label, found } => {
                write!(
                    f,
                    "the label \"{label}\" belongs to another key on the token: {found}"
                )
            }
            Self::OtherLabel { label, found } => {
                write!(
                    f,
                    "the key for \"{label}\" is already on the token, under another label: {found}"
                )
            }
            Self::Unproven { unproven, left } => write!(f, "{unproven}; {left}"),
            Self::ImportedTwice { label, left } => write!(
                f,
                "the key \"{label}\" was imported by another process at the same time; {left}"
            ),
            Self::InputChanged { name } => write!(
                f,
                "{name} changed while the job ran: what was checked first is not what would be signed"
            ),
            Self::InInput { name, cause } => write!(f, "{name}: {cause}"),
            Self::Partly { done, cause } => {
                let done: Vec<_> = done.iter().map(|path| path.display().to_string()).collect();
                write!(f, "{cause} (delivered before that: {})", done.join(", "))
            }
            Self::Choice(unfit) => unfit.fmt(f),
            Self::NoAttestation => f.write_str("the sealed route needs an attestation document"),
            Self::UselessAttestation { route } => {
                write!(
                    f,
                    "an attestation document is for the sealed route; {route} does not use it"
                )
            }
            Self::NoRecipientKey => f.write_str("there is no recipient key on the token"),
            Self::RecipientLeft { cause, imported } => {
                write!(
                    f,
                    "{cause}; the imported key is on the token and proven: {imported}"
                )
            }
            Self::LeftOnToken { cause, found } => {
                write!(f, "{cause}; the key is on the token anyway, not proven: {found}")
            }
            Self::MayBeOnToken { cause, label } => {
                write!(
                    f,
                    "{cause}; whether a key \"{label}\" is on the token now is not known"
                )
            }
            Self::Linter(error) => error.fmt(f),
            Self::KeptHead(error) => error.fmt(f),
            Self::ClockBehind { now, last } => write!(
                f,
                "the clock says {now}, but the ledger's last event is dated {last}: the clock was set back, \
                 or was ahead when that event was recorded"
            ),
            Self::SameOutput { path } => write!(f, "two inputs would both be written to {}", path.display()),
            Self::Rig { doing, path, cause } => write!(f, "cannot {doing} {}: {cause}", path.display()),
            Self::RigExists { path } => write!(f, "{} already exists and was not changed", path.display()),
            Self::RigPath { path } => {
                write!(
                    f,
                    "{path:?} cannot be used in a token's configuration: use a path of at most 480 bytes without '#', '=', quotes and control characters"
                )
            }
            Self::RigToken { reason } => write!(f, "the token could not be initialised: {reason}"),
        }
    }
}

impl std::error::Error for WorkflowError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Kms(error) => error.source(),
            Self::CloudHsm(error) => error.source(),
            Self::Transparency(error) => error.source(),
            Self::Ed25519Key(error) => error.source(),
            Self::Initialize(error) => error.source(),
            Self::InAnswer { cause, .. } => cause.source(),
            Self::Token(error) => error.source(),
            Self::Ledger(error)
            | Self::Unrecorded { cause: error, .. }
            | Self::UnrecordedKey { cause: error, .. }
            | Self::UnrecordedDeletion { cause: error } => error.source(),
            Self::Undelivered { cause, .. } => cause.source(),
            Self::NotDeliverable(error) => error.source(),
            Self::Generate(error) => error.source(),
            Self::RecipientLeft { cause, .. }
            | Self::LeftOnToken { cause, .. }
            | Self::MayBeOnToken { cause, .. } => cause.source(),
            Self::Unproven { unproven, .. } => unproven.source(),
            Self::X509(error) => error.source(),
            Self::Output(error) => error.source(),
            Self::Memory(error) => error.source(),
            Self::PrivateKey(error) => error.source(),
            Self::InInput { cause, .. } | Self::Partly { cause, .. } => cause.source(),
            Self::Rig { cause, .. } => cause.source(),
            Self::Linter(error) => error.source(),
            Self::Bench(error) => error.source(),
            Self::Publication(error) => error.source(),
            Self::Ceremony(error) => error.source(),
            Self::KeyLock(error) => error.source(),
            Self::KeptHead(error) => error.source(),
            _ => None,
        }
    }
}

impl From<KmsError> for WorkflowError {
    fn from(error: KmsError) -> Self {
        Self::Kms(error)
    }
}

impl From<CloudHsmError> for WorkflowError {
    fn from(error: CloudHsmError) -> Self {
        Self::CloudHsm(error)
    }
}

impl From<InitializeClusterError> for WorkflowError {
    fn from(error: InitializeClusterError) -> Self {
        Self::Initialize(Box::new(error))
    }
}

impl From<GenerateError> for WorkflowError {
    fn from(error: GenerateError) -> Self {
        Self::Generate(Box::new(error))
    }
}

impl From<KeyLockError> for WorkflowError {
    fn from(error: KeyLockError) -> Self {
        Self::KeyLock(error)
    }
}

impl From<KeptHeadError> for WorkflowError {
    fn from(error: KeptHeadError) -> Self {
        Self::KeptHead(Box::new(error))
    }
}

impl From<LinterError> for WorkflowError {
    fn from(error: LinterError) -> Self {
        Self::Linter(error)
    }
}

impl From<TokenError> for WorkflowError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<LedgerError> for WorkflowError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<UnknownAuthority> for WorkflowError {
    fn from(unknown: UnknownAuthority) -> Self {
        Self::UnknownAuthority(Box::new(unknown))
    }
}

impl From<X509Error> for WorkflowError {
    fn from(error: X509Error) -> Self {
        Self::X509(error)
    }
}

impl From<MemoryError> for WorkflowError {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
    }
}

impl From<OutputError> for WorkflowError {
    fn from(error: OutputError) -> Self {
        Self::Output(error)
    }
}

impl From<TransparencyError> for WorkflowError {
    fn from(error: TransparencyError) -> Self {
        Self::Transparency(Box::new(error))
    }
}

impl From<Ed25519KeyError> for WorkflowError {
    fn from(error: Ed25519KeyError) -> Self {
        Self::Ed25519Key(error)
    }
}

impl From<UnfitChoice> for WorkflowError {
    fn from(unfit: UnfitChoice) -> Self {
        Self::Choice(unfit)
    }
}

impl From<BenchError> for WorkflowError {
    fn from(error: BenchError) -> Self {
        Self::Bench(Box::new(error))
    }
}

impl From<SignError> for WorkflowError {
    fn from(error: SignError) -> Self {
        Self::X509(X509Error::Signer(error))
    }
}
