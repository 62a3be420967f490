//! A CRL for each shard of a CA's certificates: those that changed, and those that expire soon.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::{CrlJob, CrlRequest, CrlSources, CrlSummary, PlannedCrl};
use crate::signer::KeyStore;
use crate::workflow::record::{Coverage, SKEW};
use crate::workflow::signing_key::find_signing_key;
use crate::workflow::{Clock, Progress, Recorder, Step, WorkflowError};
use crate::x509::{
    Certificate, CertificateRevocationList, CrlShards, Revocation, Revocations, UnixTime, X509Error,
};

/// A shard whose CRL may be needed.
#[derive(Clone, Debug)]
pub struct ShardRequest {
    /// Its number.
    pub shard: u16,
    /// The CRL, [`is_shard`](CrlRequest::is_shard), with the shard's URL.
    pub crl: CrlRequest,
    /// The CRL that the new one replaces.
    pub existing: Option<CertificateRevocationList>,
}

/// The CRLs of several shards, built and checked. Only the signatures are missing.
pub struct PlannedShards {
    planned: Vec<(u16, PlannedCrl)>,
    left: Vec<u16>,
}

/// The shards that need CRLs: those of the profile, and those that an unexpired certificate of the CA names. The profile may have had more shards
/// in the past.
///
/// # Errors
/// [`WorkflowError`]
pub fn shards_in_use(
    recorder: &Recorder,
    authority: &Certificate,
    shards: &CrlShards,
) -> Result<BTreeSet<u16>, WorkflowError> {
    let mut all: BTreeSet<u16> = (1..=shards.count()).collect();
    recorder.each_named_point(authority, &mut |url| {
        all.extend(shards.shard_at(url));
    })?;
    Ok(all)
}

/// Chooses the shards whose CRL must be signed, takes a number for each, in their order, and builds and checks it. The others keep
/// the CRL that they have. Needs no token.
///
/// The numbers are taken first and the revocations are read after that, once for all: a revocation in between is on these CRLs or on later ones.
///
/// # Errors
/// [`WorkflowError`]
pub fn plan_shards(
    requests: Vec<ShardRequest>,
    recorder: &mut Recorder,
    clock: &Clock,
) -> Result<PlannedShards, WorkflowError> {
    let (mut chosen, mut left) = (Vec::new(), Vec::new());
    let now = recorder.now();
    for (request, revoked) in with_revocations(recorder, requests, |request| &request.crl, now)? {
        let revoked = match &request.crl.base {
            Some(base) => {
                let url = request.crl.distribution_point.clone().unwrap_or_default();
                let authority = &request.crl.authority.value;
                recorder.with_releases(revoked, authority, &Coverage::Shard(url), &base.value)?
            }
            None => revoked,
        };
        match request.is_still_good(&revoked, now)? {
            true => left.push(request.shard),
            false => chosen.push(request),
        }
    }
    let mut numbered = Vec::new();
    for request in chosen {
        let of_request = request.crl.clone();
        let job = CrlJob::prepare(of_request, clock)?;
        numbered.push((request, job));
    }
    let mut jobs = Vec::new();
    for (request, job) in numbered {
        jobs.push((request, job.number(recorder)?));
    }
    // The last number was taken at the latest of these times.
    let Some(this_update) = jobs.iter().map(|(_, job)| job.content.this_update).max() else {
        return Ok(PlannedShards {
            planned: Vec::new(),
            left,
        });
    };
    let mut planned = Vec::new();
    let jobs = with_revocations(recorder, jobs, |(request, _)| &request.crl, this_update)?;
    for ((request, mut job), revoked) in jobs {
        job.content.this_update = this_update;
        let sources = CrlSources {
            index: None,
            replaced: request.existing,
        };
        planned.push((request.shard, job.plan(recorder, sources, revoked)?));
    }
    Ok(PlannedShards { planned, left })
}

/// Each with what the ledger has revoked in its shard. All are of one CA.
fn with_revocations<T>(
    recorder: &Recorder,
    shards: Vec<T>,
    request: impl Fn(&T) -> &CrlRequest,
    this_update: UnixTime,
) -> Result<Vec<(T, Revocations)>, WorkflowError> {
    let Some(first) = shards.first() else {
        return Ok(Vec::new());
    };
    let urls: Vec<_> = shards
        .iter()
        .map(|shard| request(shard).distribution_point.as_deref().unwrap_or_default())
        .collect();
    let authority = &request(first).authority.value;
    let revoked = recorder.revocations_of_shards(authority, &urls, this_update)?;
    Ok(shards.into_iter().zip(revoked).collect())
}

impl ShardRequest {
    /// Whether the existing CRL can stay: the CA signed it for this shard, with this signature algorithm, it says exactly what a new one would say,
    /// it lasts as long as requested, and at least half of the time to its nextUpdate is left.
    fn is_still_good(&self, revoked: &Revocations, now: UnixTime) -> Result<bool, WorkflowError> {
        let Some(existing) = &self.existing else {
            return Ok(false);
        };
        if existing.verify(&self.crl.authority.value, now).is_err() {
            return Ok(false);
        }
        let Some(end) = existing.next_update() else {
            return Ok(false);
        };
        let begin = existing.this_update();
        let lasts = match self.crl.period {
            Some(period) => period.after(begin)?.0.abs_diff(end.0) <= SKEW,
            None => true,
        };
        let key = self.crl.authority.value.public_key()?;
        let algorithm = key.algorithm().choose(self.crl.signature)?;
        let is_signed_alike = existing.verify_signature(&key)? == algorithm;
        let is_young = now.0.saturating_sub(begin.0) <= end.0.saturating_sub(now.0);
        let base = self.crl.base.as_ref().map(|base| &base.value);
        let base_number = base.map(CertificateRevocationList::number).transpose()?.flatten();
        let is_alike = existing.base()? == base_number
            && existing.distribution_point_url()? == self.crl.distribution_point
            && existing.freshest_url()? == self.crl.freshest;
        let revoked = revoked.iter().map(Ok::<_, X509Error>);
        Ok(is_young
            && is_alike
            && lasts
            && is_signed_alike
            && match base {
                None => has_just(existing, revoked)?,
                Some(base) => has_just(existing, base.changes(revoked))?,
            })
    }
}

/// Whether these are its entries, in their order.
fn has_just(
    list: &CertificateRevocationList,
    wanted: impl Iterator<Item = Result<Revocation, X509Error>>,
) -> Result<bool, X509Error> {
    let mut entries = list.entries();
    for wanted in wanted {
        let wanted = wanted?;
        if entries.next().map(|entry| entry.to_revocation()) != Some(wanted) {
            return Ok(false);
        }
    }
    Ok(entries.next().is_none())
}

impl PlannedShards {
    /// The shards whose CRLs will be signed.
    pub fn to_sign(&self) -> impl Iterator<Item = u16> {
        self.planned.iter().map(|(shard, _)| *shard)
    }

    /// The shards whose CRLs stay unchanged.
    #[must_use]
    pub fn left(&self) -> &[u16] {
        &self.left
    }

    /// Keeps the places, records what will be signed, all in one transaction, and has the token sign each, once.
    ///
    /// # Errors
    /// [`WorkflowError`]. The CRLs that were delivered before it stay; those that were not signed are recorded as abandoned.
    pub fn sign(
        self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<Vec<(u16, CrlSummary)>, WorkflowError> {
        let Some((_, first)) = self.planned.first() else {
            return Ok(Vec::new());
        };
        let signing = &first.signing;
        let (key, issuer) = (signing.key.as_deref(), &signing.authority_key);
        let signer = find_signing_key(store, key, issuer, signing.signature)?;
        let (mut about, mut held) = (Vec::new(), Vec::new());
        for (shard, planned) in self.planned {
            let PlannedCrl { planned, signing, .. } = planned;
            about.push((
                shard,
                planned.checked().entries(),
                planned.checked().unusual_serials(),
            ));
            held.push(planned.hold(&signing.delivery)?);
        }
        let mut begun = recorder.begin(held, store)?.into_iter();
        let mut summaries = Vec::new();
        for (shard, entries, unusual_serials) in about {
            let Some(next) = begun.next() else { break };
            progress.step(&Step::SignCrl { entries });
            let finished = recorder.finish(next, signer.as_ref()).inspect_err(|error| {
                let rest: Vec<_> = begun.by_ref().map(|begun| begun.entry()).collect();
                recorder.abandon(&rest, &format!("shard {shard} failed: {error}"));
            })?;
            let summary = CrlSummary {
                issued: finished.object,
                delivered: finished.delivered,
                unusual_serials,
            };
            summaries.push((shard, summary));
        }
        Ok(summaries)
    }
}
