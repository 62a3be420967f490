//! The whole issuing path, measured: requests become certificates by a CA whose key is measured, in a ledger and a directory that are
//! removed afterwards.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Latencies;
use super::requests::MadeRequests;
use crate::ledger::LedgerUrl;
use crate::output::Encoding;
use crate::signer::{
    KeyAlgorithm, KeyStore, PublicKey, RandomSource, SignError, SignatureAlgorithm, SignatureChoice, Signer,
};
use crate::token::{PrivateKey, Session, TokenSigner};
use crate::workflow::named::Named;
use crate::workflow::{
    AuthorityRequest, BatchOptions, Clock, Delivery, Recorder, RequestOutcome, SigningJob, SigningRequest,
    Waivers, WorkflowError,
};
use crate::x509::{AskedValidity, Certificate, Name, Profile, UnixTime, ValidityEnd, X509Error};

/// Who begins every event of the ledger.
const BY: &str = "token bench";
/// Seconds that the CA and its certificates are valid: nobody keeps them.
const VALID: u64 = 24 * 60 * 60;

/// Certificates that are issued to be measured.
#[derive(Clone, Debug)]
pub struct IssuingRequest {
    /// How many, with each kind of key.
    pub certificates: NonZeroUsize,
    /// Where a directory is made for the ledger and the certificates (mode 0700). It is removed afterwards.
    pub directory: PathBuf,
}

/// Certificates that were issued with one kind of key: each request was read and verified, its certificate checked, recorded, signed,
/// verified, and written to a file.
#[derive(Clone, Debug)]
pub struct IssuingPoint {
    /// The key's kind.
    pub key: KeyAlgorithm,
    /// The signatures' kind.
    pub algorithm: SignatureAlgorithm,
    /// How many sessions signed at once.
    pub sessions: usize,
    /// How many were issued.
    pub certificates: usize,
    /// From the first request to the last file.
    pub elapsed: Duration,
    /// The time for one certificate: from reading its request until its file was reported. A batch records and writes certificates in groups, so
    /// this includes the wait for the others of a group.
    pub latencies: Latencies,
}

impl IssuingPoint {
    /// Certificates per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        super::rate(self.certificates, self.elapsed)
    }
}

/// A key that exists for the measurement, as the store that holds it.
struct MeasuredKey<'a> {
    session: &'a Session,
    key: &'a PrivateKey,
}

impl KeyStore for MeasuredKey<'_> {
    fn random_source(&self) -> &dyn RandomSource {
        self.session.random_source()
    }

    fn signer_for(&self, _: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError> {
        Ok(Box::new(TokenSigner::new(self.session, self.key.clone())))
    }

    fn signer_named(&self, _: &str) -> Result<Box<dyn Signer + '_>, SignError> {
        Ok(Box::new(TokenSigner::new(self.session, self.key.clone())))
    }
}

/// Issues the certificates. The requests are made before the time runs.
pub(super) fn issue(
    session: &Session,
    key: &PrivateKey,
    sessions: NonZeroUsize,
    request: &IssuingRequest,
) -> Result<IssuingPoint, WorkflowError> {
    let store = MeasuredKey { session, key };
    let clock = Clock::system();
    let directory = tempfile::Builder::new()
        .prefix(".hsm-ca-bench-")
        .tempdir_in(&request.directory)
        .map_err(|cause| super::BenchError::Directory {
            directory: request.directory.clone(),
            cause,
        })?;
    let ledger = LedgerUrl::Sqlite(directory.path().join("ledger.db"));
    let mut recorder = Recorder::make(&ledger, BY.to_owned(), clock.clone())?;
    let authority = make_authority(&store, &mut recorder, &clock)?;
    let algorithm = key.public_key.algorithm().choose(SignatureChoice::default())?;
    let requests = MadeRequests::make(request.certificates.get(), directory.path())?;
    let read = requests.read_times();

    let start = Instant::now();
    let terms = SigningRequest {
        authority: Named::new("the CA of the measurement", authority),
        key: None,
        profile: Arc::new(Profile::tls_client()),
        identity: None,
        validity: AskedValidity::default(),
        signature: SignatureChoice::default(),
        again: true,
        waivers: Waivers::default(),
    };
    let options = BatchOptions {
        jobs: Some(sessions),
        ..BatchOptions::default()
    };
    let mut took = Vec::with_capacity(request.certificates.get());
    SigningJob::prepare(terms, requests, options, &clock)?.run(
        &store,
        &mut recorder,
        &(),
        &mut |outcome| {
            // The results come in the order of the requests.
            if matches!(outcome, RequestOutcome::Issued(_)) {
                took.extend(read.since(took.len()));
            }
        },
    )?;
    Ok(IssuingPoint {
        key: key.public_key.algorithm(),
        algorithm,
        sessions: sessions.get(),
        certificates: took.len(),
        elapsed: start.elapsed(),
        latencies: Latencies::of(took).ok_or(super::BenchError::NoSession)?,
    })
}

fn make_authority(
    store: &MeasuredKey<'_>,
    recorder: &mut Recorder,
    clock: &Clock,
) -> Result<Certificate, WorkflowError> {
    let end = clock.now().0.checked_add(VALID).map(UnixTime);
    let request = AuthorityRequest {
        key: String::new(),
        subject: Name::from_rfc4514("CN=hsm-ca token bench")?,
        profile: Arc::new(Profile::root()),
        validity: AskedValidity {
            not_before: None,
            end: end.map(ValidityEnd::At),
        },
        signature: SignatureChoice::default(),
        waivers: Waivers::default(),
        delivery: Delivery::Caller(Encoding::Der),
    };
    let planned = request.prepare(store, clock, &())?;
    Ok(planned.sign(recorder, &())?.certificate)
}

/// Whether the rules of the profiles refuse this kind of key.
pub(super) fn is_refused(error: &WorkflowError) -> bool {
    matches!(error, WorkflowError::X509(X509Error::Rule { .. }))
}
