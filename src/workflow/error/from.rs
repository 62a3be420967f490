//! Where an error of another room becomes one of a job.

use super::WorkflowError;
use crate::cloudhsm::CloudHsmError;
use crate::kms::KmsError;
use crate::ledger::LedgerError;
use crate::output::OutputError;
use crate::secret::{Ed25519KeyError, MemoryError};
use crate::signer::{SignError, UnfitChoice};
use crate::token::TokenError;
use crate::transparency::TransparencyError;
use crate::workflow::{
    BenchError, GenerateError, InitializeClusterError, KeptHeadError, KeyLockError, LinterError,
    UnknownAuthority,
};
use crate::x509::X509Error;

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
