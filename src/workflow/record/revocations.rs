//! The ledger's revocations, for a CRL.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use super::{Recorder, SKEW, authority_of};
use crate::ledger::{self, LedgerError, RevocationState};
use crate::workflow::WorkflowError;
use crate::x509::{
    Certificate, CertificateRevocationList, CrlReason, CrlScope, Revocation, Revocations, RevocationsError,
    SerialNumber, UnixTime, X509Error, rules,
};

impl Recorder {
    /// The certificates in `scope` that are revoked at `this_update`. A later revocation goes to the next CRL. An expired certificate stays on
    /// the list, as with `openssl ca`.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub(in super::super) fn revocations(
        &self,
        authority: &Certificate,
        coverage: &Coverage,
        this_update: UnixTime,
    ) -> Result<Revocations, WorkflowError> {
        let found = self.all_revocations(authority, this_update)?;
        if *coverage == Coverage::All {
            return Ok(found);
        }
        let issuer = authority_of(authority)?;
        let mut covered = Revocations::default();
        for revoked in found.iter() {
            if self.covers(coverage, &issuer, &revoked.serial)? {
                covered.push(&revoked).map_err(contradiction)?;
            }
        }
        covered.sorted().map_err(contradiction)
    }

    fn all_revocations(
        &self,
        authority: &Certificate,
        this_update: UnixTime,
    ) -> Result<Revocations, WorkflowError> {
        let mut all = Revocations::default();
        for issuer in self.spellings_of(&authority_of(authority)?)? {
            let found = self.revocations_of(&issuer, this_update)?;
            if all.is_empty() {
                all = found;
                continue;
            }
            let new: Vec<_> = found.iter().filter(|one| !all.contains(&one.serial)).collect();
            for revoked in &new {
                all.push(revoked).map_err(contradiction)?;
            }
            all = all.sorted().map_err(contradiction)?;
        }
        Ok(all)
    }

    /// The revocations under one spelling of the name.
    fn revocations_of(
        &self,
        issuer: &ledger::Authority,
        this_update: UnixTime,
    ) -> Result<Revocations, WorkflowError> {
        let (mut found, mut problem, mut future) = (Revocations::default(), None, None);
        self.ledger().revocations(issuer, None, &mut |entry| {
            let revoked = revocation(&entry);
            future = future.or(revoked
                .as_ref()
                .map(|revoked| revoked.revoked_at)
                .filter(|time| *time > UnixTime(this_update.0.saturating_add(SKEW))));
            let revoked = revoked.filter(|revoked| revoked.revoked_at <= this_update);
            match revoked.map_or(Ok(()), |revoked| found.push(&revoked)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    problem = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(error) = problem {
            return Err(contradiction(error));
        }
        if let Some(time) = future {
            let found =
                format!("the ledger has one dated {time}, but it is only {this_update}: check the clock");
            return Err(X509Error::broken(rules::REVOCATION_DATE, found).into());
        }
        found.sorted().map_err(contradiction)
    }

    /// Whether a certificate of this CA was revoked, put on hold or released after event `since`.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub(in super::super) fn has_revocations_after(
        &self,
        authority: &Certificate,
        since: u64,
    ) -> Result<bool, WorkflowError> {
        let mut found = false;
        for spelling in self.spellings_of(&authority_of(authority)?)? {
            self.ledger().revocations(&spelling, Some(since), &mut |_| {
                found = true;
                ControlFlow::Break(())
            })?;
        }
        Ok(found)
    }

    /// The [`revocations`](Self::revocations) of each of these shards, from one pass over the ledger.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub(in super::super) fn revocations_of_shards(
        &self,
        authority: &Certificate,
        urls: &[&str],
        this_update: UnixTime,
    ) -> Result<Vec<Revocations>, WorkflowError> {
        let issuer = authority_of(authority)?;
        let places: HashMap<_, _> = urls.iter().enumerate().map(|(at, url)| (*url, at)).collect();
        let mut shards: Vec<_> = urls.iter().map(|_| Revocations::default()).collect();
        for revoked in self.all_revocations(authority, this_update)?.iter() {
            match self.certificate(&issuer, &revoked.serial)? {
                None => {
                    for shard in &mut shards {
                        shard.push(&revoked).map_err(contradiction)?;
                    }
                }
                Some(certificate) => {
                    let named = certificate.distribution_point_urls()?;
                    let named: BTreeSet<_> = named
                        .iter()
                        .filter_map(|url| places.get(url.as_str()).copied())
                        .collect();
                    for (_, shard) in shards.iter_mut().enumerate().filter(|(at, _)| named.contains(at)) {
                        shard.push(&revoked).map_err(contradiction)?;
                    }
                }
            }
        }
        let sorted = shards.into_iter().map(Revocations::sorted);
        sorted.map(|shard| shard.map_err(contradiction)).collect()
    }

    /// These revocations, and removeFromCRL for each hold that ended after the base of a delta CRL. RFC 5280 section 5.2.4: if a CRL in between
    /// had the hold, this one "MUST" say so; it may if none had. The ledger keeps no date of a hold that ended, so the entry has the base's.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub(in super::super) fn with_releases(
        &self,
        mut revocations: Revocations,
        authority: &Certificate,
        coverage: &Coverage,
        base: &CertificateRevocationList,
    ) -> Result<Revocations, WorkflowError> {
        let issuer = authority_of(authority)?;
        let spellings = self.spellings_of(&issuer)?;
        let mut since = 0;
        if let Some(number) = base.number()? {
            for spelling in &spellings {
                let reserved = self.ledger().crl_number(spelling, number)?;
                since = reserved.map_or(since, |reserved| reserved.event);
            }
        }
        let mut released = HashSet::new();
        for spelling in &spellings {
            self.ledger().revocations(spelling, Some(since), &mut |entry| {
                if entry.state == RevocationState::Released && !revocations.contains(&entry.serial) {
                    released.insert(entry.serial);
                }
                ControlFlow::Continue(())
            })?;
        }
        for serial in released {
            if self.covers(coverage, &issuer, &serial)? {
                let ended = Revocation {
                    serial,
                    revoked_at: base.this_update(),
                    reason: CrlReason::RemoveFromCrl,
                    invalid_since: None,
                };
                revocations.push(&ended).map_err(contradiction)?;
            }
        }
        revocations.sorted().map_err(contradiction)
    }

    /// Whether a CRL covers this certificate. One that began and whose bytes are unknown is on every CRL.
    pub(in super::super) fn covers(
        &self,
        coverage: &Coverage,
        issuer: &ledger::Authority,
        serial: &SerialNumber,
    ) -> Result<bool, WorkflowError> {
        if *coverage == Coverage::All {
            return Ok(true);
        }
        let Some(certificate) = self.certificate(issuer, serial)? else {
            return Ok(true);
        };
        Ok(match coverage {
            Coverage::All => true,
            Coverage::UserCertificates => !certificate.is_authority(),
            Coverage::AuthorityCertificates => certificate.is_authority(),
            Coverage::Shard(url) => certificate.names_distribution_point(url)?,
        })
    }

    /// The certificate, if the ledger has its bytes.
    fn certificate(
        &self,
        issuer: &ledger::Authority,
        serial: &SerialNumber,
    ) -> Result<Option<Certificate>, WorkflowError> {
        let entry = self.ledger().certificate(issuer, serial)?;
        let der = entry.as_ref().and_then(|entry| entry.state.der());
        Ok(der.map(|der| Certificate::from_der(&der.0)).transpose()?)
    }
}

/// The certificates that a CRL covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Coverage {
    All,
    UserCertificates,
    AuthorityCertificates,
    /// Those that name this URL in cRLDistributionPoints.
    Shard(String),
}

impl Coverage {
    pub(in super::super) const fn of(scope: CrlScope) -> Self {
        match scope {
            CrlScope::All => Self::All,
            CrlScope::UserCertificates => Self::UserCertificates,
            CrlScope::AuthorityCertificates => Self::AuthorityCertificates,
        }
    }
}

/// The CRL entry of a revocation; `None` after a release.
pub(in super::super) fn revocation(entry: &ledger::RevocationRecord) -> Option<Revocation> {
    let RevocationState::Revoked {
        reason,
        revoked,
        invalidity_date,
    } = entry.state
    else {
        return None;
    };
    Some(Revocation {
        serial: entry.serial.clone(),
        revoked_at: revoked,
        reason: reason.into(),
        invalid_since: invalidity_date,
    })
}

/// Should not happen: a ledger has each certificate once, and takes serial numbers from certificates.
fn contradiction(error: RevocationsError) -> WorkflowError {
    match error {
        RevocationsError::LongSerial => LedgerError::Range.into(),
        RevocationsError::Twice(serial) => X509Error::Malformed {
            what: "list of revocations",
            reason: format!("{serial} is in the ledger twice"),
        }
        .into(),
    }
}
