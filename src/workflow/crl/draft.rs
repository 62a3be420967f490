//! The list itself: built from the revocations, compared with the CRLs before it, and checked.

use std::borrow::Cow;

use super::{CrlJob, CrlSources};
use crate::workflow::record::Coverage;
use crate::workflow::{Planned, Recorder, WorkflowError};
use crate::x509::{CheckedCrl, CrlContent, CrlNumber, CrlTbs, Revocations, X509Error, rules};

/// A list that passed every rule, with the number that it has if nothing changes before the signature.
pub(super) struct Draft {
    pub(super) planned: Planned<CheckedCrl>,
    pub(super) number: CrlNumber,
    /// The end of the ledger before its revocations were read.
    pub(super) since: u64,
    /// The distribution point, if no certificate of the CA names it.
    pub(super) unnamed_distribution_point: Option<String>,
    /// How many certificates are revoked in the ledger and not in the index.
    pub(super) left_out: usize,
}

/// A CRL with its number and its thisUpdate.
#[derive(Debug)]
pub(super) struct NumberedCrl<'a> {
    pub(super) job: &'a CrlJob,
    pub(super) content: CrlContent,
    pub(super) coverage: Coverage,
    since: u64,
}

impl CrlJob {
    /// The certificates that it covers.
    pub(super) fn coverage(&self) -> Coverage {
        match &self.distribution_point {
            Some(url) if self.is_shard => Coverage::Shard(url.clone()),
            _ => Coverage::of(self.scope),
        }
    }

    /// This CRL with this number, now. Call it before the revocations are read: the CRL then has every revocation that was recorded before its
    /// thisUpdate.
    pub(super) fn numbered(
        &self,
        number: CrlNumber,
        recorder: &Recorder,
    ) -> Result<NumberedCrl<'_>, WorkflowError> {
        Ok(NumberedCrl {
            since: recorder.ledger().head()?.count,
            coverage: self.coverage(),
            content: CrlContent {
                number,
                this_update: recorder.now().max(self.this_update),
                next_update: self.next_update,
                scope: self.scope,
                distribution_point: self.distribution_point.clone(),
                kind: self.kind.clone(),
            },
            job: self,
        })
    }
}

impl NumberedCrl<'_> {
    /// Refuses a list that says less than the previous CRL, builds it and checks it.
    pub(super) fn draft(
        self,
        recorder: &Recorder,
        sources: &CrlSources,
        in_ledger: Revocations,
    ) -> Result<Draft, WorkflowError> {
        let unnamed_distribution_point = self.unnamed_distribution_point(recorder)?;
        let mut left_out = 0;
        let revocations = match &sources.index {
            None => {
                self.refuse_to_forget(recorder, &in_ledger)?;
                Cow::Owned(in_ledger)
            }
            Some(index) => {
                let missing = in_ledger.iter().filter(|one| !index.contains(&one.serial));
                left_out = missing.count();
                Cow::Borrowed(index)
            }
        };
        if let Some(existing) = &sources.replaced {
            let (job, number) = (self.job, self.content.number);
            job.refuse_to_replace(recorder, number, existing, &revocations)?;
        }
        let revocations = match &self.job.base {
            Some(base) => {
                let (authority, all) = (&self.job.signing.authority, revocations.into_owned());
                Cow::Owned(recorder.with_releases(all, authority, &self.coverage, base)?)
            }
            None => revocations,
        };
        Ok(Draft {
            number: self.content.number,
            since: self.since,
            planned: self.build(&revocations)?,
            unnamed_distribution_point,
            left_out,
        })
    }

    /// The ledger's revocations in this CRL's scope.
    pub(super) fn revocations(&self, recorder: &Recorder) -> Result<Revocations, WorkflowError> {
        let authority = &self.job.signing.authority;
        recorder.revocations(authority, &self.coverage, self.content.this_update)
    }

    /// The distribution point, if no certificate of the CA names it: by RFC 5280 section 6.3.3 (b) a verifier then ignores this CRL.
    fn unnamed_distribution_point(&self, recorder: &Recorder) -> Result<Option<String>, WorkflowError> {
        let Some(url) = self.content.distribution_point.as_deref() else {
            return Ok(None);
        };
        let is_named = recorder.is_pointed_at(&self.job.signing.authority, url)?;
        Ok((!is_named).then(|| url.to_owned()))
    }

    /// Refuses a list from the ledger alone that has fewer entries than the previous complete CRL: if that CRL was made from another program's
    /// index, and the index is missing now, its certificates would count as valid again.
    fn refuse_to_forget(&self, recorder: &Recorder, revocations: &Revocations) -> Result<(), WorkflowError> {
        // The recorded number of entries can be of any scope; an index is refused for a shard.
        if self.coverage != Coverage::All {
            return Ok(());
        }
        let Some(last) = recorder.last_crl(&self.job.signing.authority)? else {
            return Ok(());
        };
        let has = u64::try_from(revocations.len()).unwrap_or(u64::MAX);
        if has.saturating_add(last.released_since) >= last.entries {
            return Ok(());
        }
        let found = format!(
            "the last CRL, number {}, has {} entries, but the ledger has {has}: was it made from an index of another program? \
             Then that index is needed again",
            last.number, last.entries
        );
        Err(X509Error::broken(rules::CRL_ENTRIES, found).into())
    }

    /// Builds the list from all revocations in its scope, and checks it. A delta CRL leaves out the entries that are in its base.
    fn build(self, revocations: &Revocations) -> Result<Planned<CheckedCrl>, WorkflowError> {
        let now = self.content.this_update;
        let signing = &self.job.signing;
        let (authority, signature, base) = (&signing.authority, signing.signature, self.job.base.as_ref());
        let revocations = revocations.iter().map(Ok::<_, WorkflowError>);
        let tbs = match base {
            None => CrlTbs::build(self.content, authority, signature, revocations)?,
            Some(base) => CrlTbs::build(self.content, authority, signature, base.changes(revocations))?,
        };
        Ok(Planned::new(tbs.check(authority, base, now)?)?.read_at(self.since))
    }
}
