//! Measures how fast a token signs, for each mechanism and number of sessions, with one login.

mod error;
mod issuing;
mod latencies;
mod measure;
mod plot;
mod requests;

use std::iter;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::signer::{KeyAlgorithm, SignError, SignatureAlgorithm, SignatureChoice, Signer};
use crate::token::{KeySelector, MechanismNumber, PrivateKey, Session, TokenError, TokenSigner};

use super::{Progress, Step, WorkflowError};
use measure::{Task, measure};

pub use error::BenchError;
pub use issuing::{IssuingPoint, IssuingRequest};
pub use latencies::Latencies;
pub use plot::BenchPlot;

/// What is measured.
#[derive(Clone, Debug)]
pub struct BenchRequest {
    /// The keys that sign.
    pub keys: BenchKeys,
    /// The most sessions that sign at once. The measurement uses 1, 2, 4 and so on, then this number; fewer if the token has fewer.
    pub sessions: usize,
    /// How long they sign before the measurement starts.
    pub warm_up: Duration,
    /// How long they sign for one measured point.
    pub length: Duration,
    /// Certificates to issue with each generated key, in as many sessions as signed at once. A key that was already on the token issues none.
    pub issuing: Option<IssuingRequest>,
}

/// The keys that sign.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BenchKeys {
    /// Pairs that the token generates as session objects, so none stays.
    Session {
        /// Their kinds.
        kinds: Vec<KeyAlgorithm>,
        /// Whether an unsupported kind is an error.
        must_have: bool,
    },
    /// A key that is already on the token. It signs only texts that cannot be mistaken for anything else; see
    /// [`MeasuredTexts`](crate::signer::MeasuredTexts).
    Existing(KeySelector),
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct BenchSummary {
    /// The points, by key, then signature, then number of sessions.
    pub points: Vec<BenchPoint>,
    /// The issuing results, by key.
    pub issuing: Vec<IssuingPoint>,
    /// What the token does not support.
    pub unmeasured: Vec<Unmeasured>,
    /// Why fewer sessions signed than were requested.
    pub fewer_sessions: Option<String>,
}

/// One point: this number of sessions, signing with one mechanism.
#[derive(Clone, Debug)]
pub struct BenchPoint {
    /// The kind of key.
    pub key: KeyAlgorithm,
    /// The signature algorithm.
    pub algorithm: SignatureAlgorithm,
    /// The mechanism of the token.
    pub mechanism: MechanismNumber,
    /// The number of sessions that signed at once.
    pub sessions: usize,
    /// The number of signatures. Each was verified in software.
    pub signatures: usize,
    /// How often the token was busy and did not sign.
    pub busy: usize,
    /// The time from the start of the first session to the end of the last.
    pub elapsed: Duration,
    /// The time for one signature: `C_SignInit` and `C_Sign`, and the digest of a short text.
    pub latencies: Latencies,
}

/// A key or a signature that could not be measured.
#[derive(Clone, Debug)]
pub struct Unmeasured {
    /// The kind of key.
    pub key: KeyAlgorithm,
    /// The signature algorithm; `None` for every algorithm of the key.
    pub algorithm: Option<SignatureAlgorithm>,
    /// Why.
    pub reason: String,
}

impl BenchPoint {
    /// Signatures per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        rate(self.signatures, self.elapsed)
    }
}

fn rate(count: usize, elapsed: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// Runs the measurement. It creates session objects only (`CKA_TOKEN` false), and destroys each before it creates the next.
///
/// # Errors
/// Errors of the token; [`BenchError`] in [`WorkflowError::Bench`].
pub fn bench_token(
    session: &Session,
    request: &BenchRequest,
    progress: &dyn Progress,
) -> Result<BenchSummary, WorkflowError> {
    let mut bench = Bench {
        session,
        request,
        progress,
        summary: BenchSummary {
            points: Vec::new(),
            issuing: Vec::new(),
            unmeasured: Vec::new(),
            fewer_sessions: None,
        },
    };
    match &request.keys {
        BenchKeys::Session { kinds, must_have } => {
            for kind in kinds {
                bench.measure_session_key(*kind, *must_have)?;
            }
        }
        BenchKeys::Existing(selector) => {
            let key = session.private_key(selector)?;
            if key.description.attributes.always_authenticate == Some(true) {
                return Err(BenchError::WantsPin { key: key.description }.into());
            }
            bench.measure_key(&key)?;
        }
    }
    match (&*bench.summary.points, &*bench.summary.unmeasured) {
        ([], [first, ..]) => Err(BenchError::NothingMeasured {
            reason: first.reason.clone(),
        }
        .into()),
        _ => Ok(bench.summary),
    }
}

struct Bench<'a> {
    session: &'a Session,
    request: &'a BenchRequest,
    progress: &'a dyn Progress,
    summary: BenchSummary,
}

impl Bench<'_> {
    fn measure_session_key(&mut self, kind: KeyAlgorithm, must_have: bool) -> Result<(), WorkflowError> {
        self.progress.step(&Step::GenerateKey { algorithm: kind });
        match self.session.generate_session_key(kind) {
            Ok(made) => {
                let measured = self.measure_made(made.private_key());
                let destroyed = made.destroy();
                measured?;
                Ok(destroyed?)
            }
            Err(error) if !must_have && is_refusal(&error) => {
                self.summary.unmeasured.push(Unmeasured {
                    key: kind,
                    algorithm: None,
                    reason: error.to_string(),
                });
                Ok(())
            }
            Err(error) if is_refused_template(&error) => Err(BenchError::NothingMeasured {
                reason: error.to_string(),
            }
            .into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Measures a generated key. It may issue certificates, because nothing that it signed outlives it.
    fn measure_made(&mut self, key: &PrivateKey) -> Result<(), WorkflowError> {
        let sessions = self.measure_key(key)?;
        let Some(request) = &self.request.issuing else {
            return Ok(());
        };
        let kind = key.public_key.algorithm();
        self.progress.step(&Step::MeasureIssuing {
            key: kind,
            count: request.certificates.get(),
        });
        match issuing::issue(self.session, key, sessions, request) {
            Ok(point) => self.summary.issuing.push(point),
            Err(error) if issuing::is_refused(&error) => self.summary.unmeasured.push(Unmeasured {
                key: kind,
                algorithm: None,
                reason: format!("no certificates are issued with it: {error}"),
            }),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Measures one key. Returns the most sessions that signed at once.
    fn measure_key(&mut self, key: &PrivateKey) -> Result<NonZeroUsize, WorkflowError> {
        let kind = key.public_key.algorithm();
        // The session that logged in signs too, and counts as one.
        let signer = || TokenSigner::new(self.session, key.clone());
        let (first, mut signers) = (signer(), Vec::<Box<dyn Signer + '_>>::new());
        signers.push(Box::new(signer()));
        while signers.len() < self.request.sessions {
            match first.open_another() {
                Ok(Some(another)) => signers.push(another),
                Ok(None) => break,
                Err(error) if is_limit(&error) => {
                    self.summary.fewer_sessions = Some(error.to_string());
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        for algorithm in signatures_of(kind)? {
            let mechanism = match self.session.token().signing_mechanism(algorithm) {
                Ok(mechanism) => mechanism,
                Err(error @ TokenError::NoMechanism { .. }) => {
                    self.summary.unmeasured.push(Unmeasured {
                        key: kind,
                        algorithm: Some(algorithm),
                        reason: error.to_string(),
                    });
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            for sessions in levels(signers.len()) {
                let (signers, _) = signers.split_at_mut(sessions);
                self.measure_point(signers, kind, algorithm, mechanism)?;
            }
        }
        Ok(NonZeroUsize::new(signers.len()).unwrap_or(NonZeroUsize::MIN))
    }

    fn measure_point(
        &mut self,
        signers: &mut [Box<dyn Signer + '_>],
        key: KeyAlgorithm,
        algorithm: SignatureAlgorithm,
        mechanism: MechanismNumber,
    ) -> Result<(), WorkflowError> {
        let sessions = signers.len();
        self.progress.step(&Step::Measure { algorithm, sessions });
        let task = |length| Task { algorithm, length };
        measure(signers, task(self.request.warm_up))?;
        let measured = measure(signers, task(self.request.length))?;
        self.summary.points.push(BenchPoint {
            key,
            algorithm,
            mechanism,
            sessions,
            signatures: measured.signatures,
            busy: measured.busy,
            elapsed: measured.elapsed,
            latencies: measured.latencies,
        });
        Ok(())
    }
}

/// Whether the token does not support such keys, by its mechanism list or by its answer to the template. Any other error is a failure.
fn is_refusal(error: &TokenError) -> bool {
    matches!(error, TokenError::CannotGenerate { .. }) || is_refused_template(error)
}

/// tpm2-pkcs11 1.9 returns the first of these for `CKA_TOKEN` false. Other tokens return the others, also for an unsupported curve or size.
fn is_refused_template(error: &TokenError) -> bool {
    const WORDS: [&str; 9] = [
        "CKR_ATTRIBUTE_VALUE_INVALID",
        "CKR_ATTRIBUTE_TYPE_INVALID",
        "CKR_TEMPLATE_INCONSISTENT",
        "CKR_TEMPLATE_INCOMPLETE",
        "CKR_MECHANISM_INVALID",
        "CKR_MECHANISM_PARAM_INVALID",
        "CKR_KEY_SIZE_RANGE",
        "CKR_DOMAIN_PARAMS_INVALID",
        "CKR_CURVE_NOT_SUPPORTED",
    ];
    match error {
        TokenError::Call { function, value, .. } => {
            function == "C_GenerateKeyPair" && WORDS.contains(&value.as_str())
        }
        _ => false,
    }
}

fn is_limit(error: &SignError) -> bool {
    matches!(
        error.cause::<TokenError>(),
        Some(TokenError::SessionLimit { .. } | TokenError::NoLocks { .. })
    )
}

/// The algorithms that a key of this kind signs with. RSA: PKCS #1 v1.5 and PSS.
fn signatures_of(kind: KeyAlgorithm) -> Result<Vec<SignatureAlgorithm>, WorkflowError> {
    let usual = kind.choose(SignatureChoice::default())?;
    let pss = SignatureChoice {
        hash: None,
        pss: true,
    };
    let also = kind.choose(pss).ok().filter(|also| *also != usual);
    Ok(iter::once(usual).chain(also).collect())
}

/// 1, 2, 4 and so on, and `most`.
fn levels(most: usize) -> impl Iterator<Item = usize> {
    let powers = iter::successors(Some(1_usize), |level| level.checked_mul(2));
    powers.take_while(move |level| *level < most).chain([most])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_double_up_to_the_last_one() {
        let upto = |most| levels(most).collect::<Vec<_>>();
        assert_eq!(upto(1), [1]);
        assert_eq!(upto(2), [1, 2]);
        assert_eq!(upto(15), [1, 2, 4, 8, 15]);
        assert_eq!(upto(16), [1, 2, 4, 8, 16]);
    }

    #[test]
    fn an_rsa_key_is_measured_in_both_ways_and_another_in_its_own() {
        let of = |kind: &str| signatures_of(kind.parse().unwrap()).unwrap();
        assert_eq!(of("rsa:3072").len(), 2);
        for kind in ["ec:p256", "ed25519", "ml-dsa-65"] {
            assert_eq!(of(kind).len(), 1, "{kind}");
        }
    }
}
