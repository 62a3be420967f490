//! A CRL for each shard of a CA's certificates: those that changed, and those that expire soon.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::draft::Draft;
use super::{CrlJob, CrlRequest, CrlSources, CrlSummary, PlannedCrl, counts};
use crate::signer::KeyStore;
use crate::workflow::record::{Coverage, SKEW};
use crate::workflow::signing_key::find_signing_key;
use crate::workflow::{Clock, Progress, Recorder, Step, WorkflowError};
use crate::x509::{
    Certificate, CertificateRevocationList, CrlNumber, CrlShards, Revocation, Revocations, UnixTime,
    X509Error,
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

/// Chooses the shards whose CRL must be signed, and builds and checks each, with the number that it would get now. The others keep the CRL
/// that they have. Needs no token and records nothing.
///
/// # Errors
/// [`WorkflowError`]
pub fn plan_shards(
    requests: Vec<ShardRequest>,
    recorder: &mut Recorder,
    clock: &Clock,
) -> Result<PlannedShards, WorkflowError> {
    let (mut chosen, mut left) = (BTreeSet::new(), Vec::new());
    let now = recorder.now();
    let urls: Vec<_> = requests
        .iter()
        .map(|request| url_of(&request.crl.distribution_point))
        .collect();
    let revoked = match requests.first() {
        Some(first) => recorder.revocations_of_shards(&first.crl.authority.value, &urls, now)?,
        None => Vec::new(),
    };
    for (request, revoked) in requests.iter().zip(revoked) {
        let revoked = match &request.crl.base {
            Some(base) => {
                let coverage = Coverage::Shard(url_of(&request.crl.distribution_point).to_owned());
                let authority = &request.crl.authority.value;
                recorder.with_releases(revoked, authority, &coverage, &base.value)?
            }
            None => revoked,
        };
        match request.is_still_good(&revoked, now)? {
            true => left.push(request.shard),
            false => drop(chosen.insert(request.shard)),
        }
    }
    let (mut shards, mut jobs, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for request in requests
        .into_iter()
        .filter(|request| chosen.contains(&request.shard))
    {
        let job = CrlJob::prepare(request.crl, clock)?;
        numbers.push(job.foresee_number(recorder, numbers.last().copied())?);
        let replaced = request.existing;
        shards.push(request.shard);
        jobs.push((
            job,
            CrlSources {
                index: None,
                replaced,
            },
        ));
    }
    let drafts = draft_all(&jobs, &numbers, recorder)?;
    let planned = shards.into_iter().zip(jobs.into_iter().zip(drafts));
    let planned = planned.map(|(shard, ((job, sources), draft))| {
        draft.planned.check_place(&job.signing.delivery)?;
        Ok((shard, PlannedCrl { job, sources, draft }))
    });
    let planned = planned.collect::<Result<_, WorkflowError>>()?;
    Ok(PlannedShards { planned, left })
}

/// The CRLs of several shards of one CA, with these numbers and one thisUpdate. The revocations are read once, for all.
fn draft_all(
    jobs: &[(CrlJob, CrlSources)],
    numbers: &[CrlNumber],
    recorder: &Recorder,
) -> Result<Vec<Draft>, WorkflowError> {
    let mut numbered = Vec::with_capacity(jobs.len());
    for ((job, sources), number) in jobs.iter().zip(numbers) {
        numbered.push((job.numbered(*number, recorder)?, sources));
    }
    let last = numbered.iter().map(|(one, _)| one.content.this_update).max();
    let (Some((first, _)), Some(this_update)) = (jobs.first(), last) else {
        return Ok(Vec::new());
    };
    let urls: Vec<_> = jobs
        .iter()
        .map(|(job, _)| url_of(&job.distribution_point))
        .collect();
    let revoked = recorder.revocations_of_shards(&first.signing.authority, &urls, this_update)?;
    let drafts = numbered
        .into_iter()
        .zip(revoked)
        .map(|((mut one, sources), revoked)| {
            one.content.this_update = this_update;
            one.draft(recorder, sources, revoked)
        });
    drafts.collect()
}

fn url_of(distribution_point: &Option<String>) -> &str {
    distribution_point.as_deref().unwrap_or_default()
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

    /// Finds the key, holds the places, takes a number for each, records what will be signed, all in one transaction, and has the token sign
    /// each, once.
    ///
    /// # Errors
    /// [`WorkflowError`]. The CRLs that were delivered before it stay; those that were not signed are recorded as abandoned.
    pub fn sign(
        self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<Vec<(u16, CrlSummary)>, WorkflowError> {
        let (mut shards, mut jobs, mut foreseen, mut held) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut since = u64::MAX;
        for (shard, PlannedCrl { job, sources, draft }) in self.planned {
            since = since.min(draft.since);
            held.push(draft.planned.hold(&job.signing.delivery)?);
            shards.push(shard);
            foreseen.push(draft.number);
            jobs.push((job, sources));
        }
        let Some((first, _)) = jobs.first() else {
            return Ok(Vec::new());
        };
        let signing = &first.signing;
        let (key, issuer) = (signing.key.as_deref(), &signing.authority_key);
        let signer = find_signing_key(store, key, issuer, signing.signature)?;
        recorder.compare_with_store(store, &signing.authority)?;
        let mut numbers = Vec::with_capacity(jobs.len());
        for (job, _) in &jobs {
            numbers.push(job.take_number(recorder)?);
        }
        if numbers != foreseen || recorder.has_revocations_after(&signing.authority, since)? {
            held.clear();
            for (draft, (job, _)) in draft_all(&jobs, &numbers, recorder)?.into_iter().zip(&jobs) {
                held.push(draft.planned.hold(&job.signing.delivery)?);
            }
        }
        let about: Vec<_> = shards.into_iter().zip(held.iter().map(counts)).collect();
        let mut begun = recorder.begin(held, store)?.into_iter();
        let mut summaries = Vec::new();
        for ((shard, (entries, unusual_serials)), (job, sources)) in about.into_iter().zip(&jobs) {
            let Some(next) = begun.next() else { break };
            progress.step(&Step::SignCrl { entries });
            let finished = job.finish(recorder, next, signer.as_ref(), sources.replaced_sha256());
            let finished = finished.inspect_err(|error| {
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
