//! `crl create`: revocations, list, number, signature.
//!
//! | step | the ledger |
//! |---|---|
//! | [`CrlJob::prepare`]: the CA certificate, the base, the dates, the output | |
//! | [`CrlJob::plan`]: the list, with the number that it would get now; needs no token | is read |
//! | [`PlannedCrl::sign`]: the key is found, the place held, the ledger's head and the clock compared | is read |
//! | then the number is taken | records the number |
//! | if another process took that number or changed a revocation since, the list is built again | is read |
//! | the signature | records what begins, and what was signed |
//! | the list replaces the CRL in its file, if that one is still older | is held, and records the delivery |
//!
//! So a command that cannot sign takes no number. The number is still taken before the revocations of its list were read, or none of them has
//! changed in between: a later revocation is on a CRL with a higher number.

mod draft;
mod number;
mod replaced;
mod shards;

use draft::Draft;

pub use shards::{PlannedShards, ShardRequest, plan_shards, shards_in_use};

use super::signing_key::find_signing_key;
use super::{Clock, Delivered, Delivery, Held, Named, Planned, Progress, Recorder, Step, WorkflowError};
use crate::ledger::Digest;
use crate::signer::{KeyStore, PublicKey, SignatureAlgorithm, SignatureChoice};
use crate::x509::{
    Certificate, CertificateRevocationList, CheckedCrl, CrlKind, CrlNumber, CrlScope, IssuedCrl, Period,
    Revocations, UnixTime, X509Error, rules,
};

/// A week, if nothing is requested.
const DEFAULT: Period = Period::Days(7);

/// A CRL that is requested.
#[derive(Clone, Debug)]
pub struct CrlRequest {
    /// The CA certificate.
    pub authority: Named<Certificate>,
    /// The key, if it cannot be found by the CA certificate's public key.
    pub key: Option<String>,
    /// Its number, above every earlier number; `None` for the ledger's next number.
    pub number: Option<CrlNumber>,
    /// The operator confirms that number, although it is far above the last one.
    pub number_is_right: bool,
    /// The time until the next one; `None` for a week, or less if the CA ends earlier.
    pub period: Option<Period>,
    /// Which certificates it covers.
    pub scope: CrlScope,
    /// The URL in the certificates of its scope.
    pub distribution_point: Option<String>,
    /// Whether it covers only the certificates that name this URL, as the CRL of a shard does. Otherwise it covers all in its scope.
    pub is_shard: bool,
    /// The URL of its delta CRL.
    pub freshest: Option<String>,
    /// The CRL that relying parties have. Setting it makes this one a delta CRL.
    pub base: Option<Named<CertificateRevocationList>>,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// Where it goes.
    pub delivery: Delivery,
}

/// A CRL that was issued.
#[derive(Clone, Debug)]
pub struct CrlSummary {
    /// The list, and its number of entries.
    pub issued: IssuedCrl,
    /// Where it is.
    pub delivered: Delivered,
    /// Entries with a serial number that RFC 5280 does not allow.
    pub unusual_serials: usize,
}

/// The sources of a CRL's revocations, besides the ledger.
#[derive(Debug, Default)]
pub struct CrlSources {
    /// The revocations in another program's index, instead of those in the ledger.
    pub index: Option<Revocations>,
    /// The CRL that the new one replaces.
    pub replaced: Option<CertificateRevocationList>,
}

impl CrlSources {
    /// The hash of the CRL that was compared with the new one.
    fn replaced_sha256(&self) -> Option<Digest> {
        self.replaced.as_ref().map(|list| Digest::of(list.der()))
    }
}

/// A CRL whose CA, base and output were checked.
#[derive(Debug)]
pub struct CrlJob {
    /// The requested one.
    number: Option<CrlNumber>,
    number_is_right: bool,
    this_update: UnixTime,
    next_update: UnixTime,
    scope: CrlScope,
    distribution_point: Option<String>,
    is_shard: bool,
    kind: CrlKind,
    signing: Signing,
    base: Option<CertificateRevocationList>,
}

/// The signer, and the output.
#[derive(Debug)]
struct Signing {
    authority: Certificate,
    authority_key: PublicKey,
    key: Option<String>,
    signature: SignatureAlgorithm,
    delivery: Delivery,
}

/// A CRL that was built and checked, and whose output fits in its place. Only the signature is missing.
pub struct PlannedCrl {
    job: CrlJob,
    /// Kept for the case that the list must be built again.
    sources: CrlSources,
    draft: Draft,
}

impl CrlJob {
    /// Checks the CA certificate, the base CRL, the dates and the output.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn prepare(request: CrlRequest, clock: &Clock) -> Result<Self, WorkflowError> {
        let (named, now) = (request.authority, clock.now());
        named
            .value
            .check_authority(now)
            .and_then(|()| named.value.check_self_signature())
            .map_err(|error| named.about(error))?;
        let authority = named.value;
        request.delivery.check()?;
        let authority_key = authority.public_key()?;
        let signature = authority_key.algorithm().choose(request.signature)?;
        let kind = match &request.base {
            None => CrlKind::Full {
                freshest: request.freshest,
            },
            Some(base) => {
                let refused = |error: X509Error| base.about(error);
                base.value.verify_undated(&authority).map_err(refused)?;
                let number = base.value.number().map_err(refused)?;
                let none = || refused(X509Error::broken(rules::BASE_CRL, "it has no cRLNumber"));
                CrlKind::Delta {
                    base: number.ok_or_else(none)?,
                }
            }
        };
        let latest = authority.validity().not_after;
        let next_update = match request.period {
            Some(period) => period.after(now)?,
            None => DEFAULT.after(now).map_or(latest, |next| next.min(latest)),
        };
        Ok(Self {
            number: request.number,
            number_is_right: request.number_is_right,
            this_update: now,
            next_update,
            scope: request.scope,
            distribution_point: request.distribution_point,
            is_shard: request.is_shard,
            kind,
            signing: Signing {
                authority,
                authority_key,
                key: request.key,
                signature,
                delivery: request.delivery,
            },
            base: request.base.map(|base| base.value),
        })
    }

    /// Gathers the revocations, refuses a list that says less than the previous CRL, builds the list with the number that it would get now and
    /// checks it, and checks that there is space for it. Needs no token and records nothing.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn plan(self, recorder: &mut Recorder, sources: CrlSources) -> Result<PlannedCrl, WorkflowError> {
        let number = self.foresee_number(recorder, None)?;
        let draft = self.draft(number, recorder, &sources)?;
        draft.planned.check_place(&self.signing.delivery)?;
        Ok(PlannedCrl {
            job: self,
            sources,
            draft,
        })
    }

    /// The list with this number, from what the ledger has now.
    fn draft(
        &self,
        number: CrlNumber,
        recorder: &Recorder,
        sources: &CrlSources,
    ) -> Result<Draft, WorkflowError> {
        let numbered = self.numbered(number, recorder)?;
        let in_ledger = numbered.revocations(recorder)?;
        numbered.draft(recorder, sources, in_ledger)
    }
}

impl PlannedCrl {
    /// What will be signed, unless the ledger changes first.
    #[must_use]
    pub const fn planned(&self) -> &Planned<CheckedCrl> {
        &self.draft.planned
    }

    /// The distribution point, if no certificate of the CA in the ledger names it: a verifier then ignores this CRL.
    #[must_use]
    pub fn unnamed_distribution_point(&self) -> Option<&str> {
        self.draft.unnamed_distribution_point.as_deref()
    }

    /// How many certificates are revoked in the ledger, but not in the index that this CRL is made from.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.draft.left_out
    }

    /// Finds the key, holds the place, takes the number, records what will be signed, and makes the token sign it, once. A refusal before the
    /// number is taken records nothing. A number that is not used after that leaves a gap, which RFC 5280 section 5.2.3 allows.
    ///
    /// # Errors
    /// [`WorkflowError`]; no file is left. [`WorkflowError::Overtaken`] if the file has another CRL by now, which this one must not replace.
    pub fn sign(
        self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<CrlSummary, WorkflowError> {
        let Self { job, sources, draft } = self;
        let signing = &job.signing;
        let (key, issuer) = (signing.key.as_deref(), &signing.authority_key);
        let signer = find_signing_key(store, key, issuer, signing.signature)?;
        let held = draft.planned.hold(&signing.delivery)?;
        recorder.compare_with_store(store, &signing.authority)?;
        let number = job.take_number(recorder)?;
        let is_current =
            number == draft.number && !recorder.has_revocations_after(&signing.authority, draft.since)?;
        let held = match is_current {
            true => held,
            false => {
                drop(held);
                let again = job.draft(number, recorder, &sources)?;
                again.planned.hold(&signing.delivery)?
            }
        };
        let (entries, unusual_serials) = counts(&held);
        let begun = recorder.begin_one(held, store)?;
        let replaced = sources.replaced_sha256();
        // It can be large, and it is read again.
        drop(sources);
        progress.step(&Step::SignCrl { entries });
        let finished = job.finish(recorder, begun, signer.as_ref(), replaced)?;
        Ok(CrlSummary {
            issued: finished.object,
            delivered: finished.delivered,
            unusual_serials,
        })
    }
}

/// The entries, and those with an unusual serial number.
fn counts(held: &Held<CheckedCrl>) -> (usize, usize) {
    let checked = held.planned().checked();
    (checked.entries(), checked.unusual_serials())
}
