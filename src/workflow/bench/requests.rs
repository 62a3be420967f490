//! Requests for the certificates that are issued to be measured, each with a P-256 key and a name of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use crate::output::Destination;
use crate::signer::{Curve, PublicKey, SignError, SignatureAlgorithm, SignatureChoice, Signer};
use crate::workflow::{Delivery, GivenRequest, RequestSource, WorkflowError};
use crate::x509::{AlternativeName, CertificationRequest, Name, Profile, RequestTbs, X509Error};

/// In DER, as files have them: reading one is part of what is measured.
pub(super) struct MadeRequests {
    requests: Vec<Vec<u8>>,
    directory: PathBuf,
    read: Arc<ReadTimes>,
}

/// When each request was last read. The first reading of all of them, before the first signature, is thus not counted.
#[derive(Debug)]
pub(super) struct ReadTimes(Mutex<Vec<Option<Instant>>>);

impl ReadTimes {
    fn note(&self, index: usize) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(time) = times.get_mut(index) {
            *time = Some(Instant::now());
        }
    }

    /// The time since this request was last read.
    pub(super) fn since(&self, index: usize) -> Option<Duration> {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.get(index).copied().flatten().map(|time| time.elapsed())
    }
}

/// A key in this process. It signs one request, and no certificate: those are the token's.
struct RequestKey {
    pair: EcdsaKeyPair,
    public_key: PublicKey,
}

impl Signer for RequestKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, _: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signed = self.pair.sign(&SystemRandom::new(), message);
        let signature = signed.map_err(|_| SignError::new(X509Error::Throwaway))?;
        Ok(signature.as_ref().to_vec())
    }
}

impl MadeRequests {
    /// The certificates go into `directory`.
    pub(super) fn make(count: usize, directory: &Path) -> Result<Self, WorkflowError> {
        let profile = Profile::tls_client();
        let requests = (0..count).map(|number| make_request(number, &profile));
        Ok(Self {
            requests: requests.collect::<Result<_, _>>()?,
            directory: directory.to_owned(),
            read: Arc::new(ReadTimes(Mutex::new(vec![None; count]))),
        })
    }

    pub(super) fn read_times(&self) -> Arc<ReadTimes> {
        Arc::clone(&self.read)
    }
}

fn make_request(number: usize, profile: &Profile) -> Result<Vec<u8>, WorkflowError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| X509Error::Throwaway)?;
    let public_key = PublicKey::from_ec_point(Curve::P256, pair.public_key().as_ref())
        .map_err(|_| X509Error::Throwaway)?;
    let name = format!("client-{number}.example");
    let signature = public_key.algorithm().choose(SignatureChoice::default())?;
    let tbs = RequestTbs::build(
        &public_key,
        &Name::from_rfc4514(&format!("CN={name}"))?,
        &[AlternativeName::Dns(name)],
        Some(profile),
        signature,
    )?;
    let issued = tbs.check()?.sign(&RequestKey { pair, public_key })?;
    Ok(issued.request().der().to_vec())
}

impl RequestSource for MadeRequests {
    type Error = WorkflowError;

    fn count(&self) -> usize {
        self.requests.len()
    }

    fn name(&self, index: usize) -> String {
        format!("request {index}")
    }

    fn read(&self, index: usize) -> Result<GivenRequest, WorkflowError> {
        let Some(der) = self.requests.get(index) else {
            return Err(WorkflowError::InputChanged {
                name: self.name(index),
            });
        };
        self.read.note(index);
        let path = self.directory.join(format!("{index}.crt"));
        Ok(GivenRequest {
            request: CertificationRequest::read(der)?,
            delivery: Delivery::File(Destination::new(path)),
        })
    }
}
