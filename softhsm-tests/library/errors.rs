//! A report that prints an error and all its sources, as many programs do, prints nothing twice and loses nothing.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use hsm_ca::aws::AwsError;
use hsm_ca::cloudhsm::{CloudHsmError, ClusterId, ClusterState};
use hsm_ca::file_trust::TrustError;
use hsm_ca::kms::{AttestationError, KmsError};
use hsm_ca::ledger::LedgerError;
use hsm_ca::output::OutputError;
use hsm_ca::secret::MemoryError;
use hsm_ca::signer::{BadSignature, PublicKeyError, SignError};
use hsm_ca::token::{InitTokenError, TokenError};
use hsm_ca::workflow::{
    GenerateError, InitializeClusterError, KeyLockError, LeftBehind, LinterError, ProofKind, Unproven,
    UnprovenReason, WorkflowError,
};
use hsm_ca::x509::X509Error;

/// An error of another program's key store, with its own cause.
#[derive(Debug)]
struct Outer(Inner);

#[derive(Debug)]
struct Inner;

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the drawer is locked")
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody has the little key")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl Error for Inner {}

fn system() -> io::Error {
    io::Error::other(Outer(Inner))
}

fn path() -> PathBuf {
    PathBuf::from("/var/lib/ca")
}

fn sign() -> SignError {
    SignError::new(Outer(Inner))
}

fn aws() -> AwsError {
    AwsError::Credentials {
        reason: "the drawer is locked".to_owned(),
    }
}

fn cloudhsm() -> Box<CloudHsmError> {
    Box::new(CloudHsmError::Aws(aws()))
}

fn trust() -> TrustError {
    TrustError::Io {
        path: path(),
        cause: system(),
    }
}

fn memory() -> MemoryError {
    MemoryError {
        call: "setrlimit",
        cause: system(),
    }
}

fn output() -> OutputError {
    OutputError::Io {
        path: path(),
        action: "write",
        cause: system(),
    }
}

fn ledger() -> LedgerError {
    LedgerError::Export { cause: system() }
}

fn unproven() -> Unproven {
    Unproven {
        proof: ProofKind::Signature,
        reason: UnprovenReason::Token(sign()),
    }
}

/// The message and all its sources.
fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut told = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        told.push(cause.to_string());
        next = cause.source();
    }
    told
}

/// Errors with a foreign or system cause, through every layer up to the workflow's.
fn with_foreign_cause() -> Vec<Box<dyn Error>> {
    let doing = "make";
    vec![
        Box::new(sign()),
        Box::new(memory()),
        Box::new(trust()),
        Box::new(output()),
        Box::new(OutputError::NotSynced {
            path: path(),
            cause: system(),
        }),
        Box::new(ledger()),
        Box::new(KmsError::Memory(memory())),
        Box::new(X509Error::Signer(sign())),
        Box::new(KeyLockError::File {
            path: path(),
            cause: system(),
        }),
        Box::new(LinterError::System { cause: system() }),
        Box::new(LinterError::Untrusted { cause: trust() }),
        Box::new(WorkflowError::X509(X509Error::Signer(sign()))),
        Box::new(WorkflowError::Kms(KmsError::Memory(memory()))),
        Box::new(WorkflowError::Ledger(ledger())),
        Box::new(WorkflowError::Memory(memory())),
        Box::new(WorkflowError::Output(output())),
        Box::new(WorkflowError::Linter(LinterError::Untrusted { cause: trust() })),
        Box::new(WorkflowError::KeyLock(KeyLockError::File {
            path: path(),
            cause: system(),
        })),
        Box::new(WorkflowError::Rig {
            doing,
            path: path(),
            cause: system(),
        }),
        Box::new(WorkflowError::InInput {
            name: "a.csr".to_owned(),
            cause: Box::new(WorkflowError::X509(X509Error::Signer(sign()))),
        }),
        Box::new(unproven()),
        Box::new(WorkflowError::Unproven {
            unproven: unproven(),
            left: LeftBehind::Destroyed,
        }),
        Box::new(GenerateError::Unproven {
            unproven: unproven(),
            left: LeftBehind::Destroyed,
        }),
        Box::new(WorkflowError::Generate(Box::new(GenerateError::Unproven {
            unproven: unproven(),
            left: LeftBehind::Destroyed,
        }))),
        Box::new(WorkflowError::Partly {
            done: vec![path()],
            cause: Box::new(WorkflowError::Output(output())),
        }),
    ]
}

#[test]
fn the_cause_is_in_the_message_and_what_is_below_it_in_the_sources() {
    for error in with_foreign_cause() {
        let told = chain(error.as_ref());
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0].matches("the drawer is locked").count(), 1, "{told:?}");
        assert_eq!(told[1], "nobody has the little key");
    }
}

#[test]
fn an_error_around_one_of_ours_has_no_source_that_repeats_it() {
    let cluster: ClusterId = "cluster-igklspoyj5v".parse().expect("an id");
    let state = ClusterState::Uninitialized;
    let malformed = || PublicKeyError::Malformed { what: "no INTEGER" };
    let token = || TokenError::NoToken {
        wanted: "ca".to_owned(),
        found: Vec::new(),
        uninitialised: Vec::new(),
        skipped: Vec::new(),
    };
    let all: Vec<Box<dyn Error>> = vec![
        cloudhsm(),
        Box::new(KmsError::Aws(aws())),
        Box::new(KmsError::PublicKey(malformed())),
        Box::new(KmsError::MayBeSigned {
            key: "k".to_owned(),
            cause: Box::new(KmsError::Aws(aws())),
        }),
        Box::new(KmsError::AliasNotMade {
            key: "k".to_owned(),
            cause: Box::new(KmsError::Aws(aws())),
        }),
        Box::new(KmsError::Attestation(AttestationError::Base64)),
        Box::new(X509Error::Key(malformed())),
        Box::new(X509Error::Signature {
            what: "request",
            cause: BadSignature,
        }),
        Box::new(InitTokenError::Token(token())),
        Box::new(WorkflowError::Token(token())),
        Box::new(WorkflowError::CloudHsm(*cloudhsm())),
        Box::new(InitializeClusterError::Refused {
            cause: cloudhsm(),
            state: state.clone(),
        }),
        Box::new(InitializeClusterError::NotDone {
            cause: cloudhsm(),
            state: state.clone(),
        }),
        Box::new(InitializeClusterError::Unknown {
            cluster: cluster.clone(),
            cause: cloudhsm(),
            second: cloudhsm(),
        }),
        Box::new(InitializeClusterError::OutOfSight {
            cluster,
            state,
            cause: cloudhsm(),
        }),
        Box::new(WorkflowError::MayBeOnToken {
            cause: token(),
            label: "ca".to_owned(),
        }),
    ];
    for error in all {
        let told = chain(error.as_ref());
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
