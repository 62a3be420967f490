//! `crl create`. Where the revocations come from is not its business: it takes a stream of them, in the order of their serial numbers.

mod replaced;

use super::delivery::Slot;
use super::record::crl_intent;
use super::signing_key::find_signing_key;
use super::{Delivered, Delivery, Progress, Recorder, WorkflowError};
use crate::output::OutputError;
use crate::signer::{KeyStore, PublicKey, SignatureAlgorithm, SignatureChoice};
use crate::x509::{
    Certificate, CertificateRevocationList, CheckedCrl, CrlKind, CrlNumber, CrlPlan, CrlScope, CrlTbs,
    IssuedCrl, Period, Revocation, Revocations, UnixTime, X509Error,
};

/// A week, when nothing is asked for.
const DEFAULT: Period = Period::Days(7);

/// A CRL to be.
#[derive(Clone, Debug)]
pub struct CrlRequest {
    /// The CA certificate.
    pub authority: Certificate,
    /// The key, where it is not to be found by the CA certificate's public key.
    pub key: Option<String>,
    /// Its number, above every number before; the next that the ledger has when not given.
    pub number: Option<CrlNumber>,
    /// How long until the next one; when not given a week, or less if the CA ends earlier.
    pub period: Option<Period>,
    /// Which certificates it is about.
    pub scope: CrlScope,
    /// The URL in the certificates of its scope.
    pub distribution_point: Option<String>,
    /// Where its delta CRL will be.
    pub freshest: Option<String>,
    /// The CRL that relying parties have, which makes this one a delta CRL.
    pub base: Option<CertificateRevocationList>,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// Where it goes.
    pub delivery: Delivery,
}

/// A CRL that was issued.
#[derive(Clone, Debug)]
pub struct CrlSummary {
    /// The list, and how many entries it has.
    pub issued: IssuedCrl,
    /// Where it is.
    pub delivered: Delivered,
    /// Entries with a serial number that RFC 5280 does not allow.
    pub unusual_serials: usize,
}

/// A CRL whose CA, base and output were looked at.
#[derive(Debug)]
pub struct CrlJob {
    /// The one that was asked for.
    number: Option<CrlNumber>,
    this_update: UnixTime,
    next_update: UnixTime,
    scope: CrlScope,
    distribution_point: Option<String>,
    kind: CrlKind,
    authority: Certificate,
    key: Option<String>,
    base: Option<CertificateRevocationList>,
    signature: SignatureAlgorithm,
    delivery: Delivery,
}

/// A CRL with a number that no other CRL of this CA gets.
#[derive(Debug)]
pub struct NumberedCrl {
    plan: CrlPlan,
    /// How far the ledger went before its revocations were read.
    since: u64,
    authority: Certificate,
    key: Option<String>,
    base: Option<CertificateRevocationList>,
    signature: SignatureAlgorithm,
    delivery: Delivery,
}

/// A CRL that is built and checked, and whose output fits where it goes. Only the signature is missing.
pub struct PlannedCrl {
    checked: CheckedCrl,
    since: u64,
    authority: Certificate,
    authority_key: PublicKey,
    key: Option<String>,
    signature: SignatureAlgorithm,
    delivery: Delivery,
}

impl CrlJob {
    /// Checks the CA certificate, the base CRL, the dates and the output.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn prepare(request: CrlRequest, now: UnixTime) -> Result<Self, WorkflowError> {
        let authority = request.authority;
        authority.check_authority(now)?;
        authority.check_self_signature()?;
        request.delivery.check()?;
        let signature = authority.public_key()?.algorithm().choose(request.signature)?;
        let kind = match &request.base {
            None => CrlKind::Full {
                freshest: request.freshest,
            },
            Some(base) => {
                base.verify_undated(&authority)?;
                let number = base
                    .number()?
                    .ok_or_else(|| X509Error::broken("base-crl", "it has no cRLNumber"))?;
                CrlKind::Delta { base: number }
            }
        };
        let latest = authority.validity().not_after;
        let next_update = match request.period {
            Some(period) => period.after(now)?,
            None => DEFAULT.after(now).map_or(latest, |next| next.min(latest)),
        };
        Ok(Self {
            number: request.number,
            this_update: now,
            next_update,
            scope: request.scope,
            distribution_point: request.distribution_point,
            kind,
            authority,
            key: request.key,
            base: request.base,
            signature,
            delivery: request.delivery,
        })
    }

    /// Takes its number from the ledger: the one that was asked for, or the next.
    ///
    /// # Errors
    /// [`WorkflowError`]; a number that is below that of an earlier CRL is refused, and none is taken for it.
    pub fn number(self, recorder: &mut Recorder) -> Result<NumberedCrl, WorkflowError> {
        recorder.require_known(&self.authority)?;
        let asked = self.number;
        if let Some(asked) = asked {
            recorder.refuse_lower_crl_number(&self.authority, asked)?;
        }
        let base = match &self.kind {
            CrlKind::Delta { base } => Some(*base),
            CrlKind::Full { .. } => None,
        };
        // RFC 5280 section 5.2.4: the number of a delta CRL is above its base's.
        let above = base.max(asked.and_then(CrlNumber::previous));
        let reserved = match asked {
            // Of a run that came to nothing before it signed. Whether it may still be used is seen when the signature begins.
            Some(asked) if recorder.has_crl_number(&self.authority, asked)? => asked,
            _ => recorder.reserve_crl_number(&self.authority, above)?.number,
        };
        if let Some(asked) = asked.filter(|asked| *asked != reserved) {
            let found = format!("{asked} was asked for, and the ledger is at {reserved}: numbers rise");
            return Err(X509Error::broken("crl-number", found).into());
        }
        // Read after the number was taken, and before the revocations are: a CRL of a lower number is not younger, and what was
        // recorded before is on this one.
        let this_update = recorder.now().max(self.this_update);
        Ok(NumberedCrl {
            since: recorder.ledger().head()?.count,
            plan: CrlPlan {
                number: reserved,
                this_update,
                next_update: self.next_update,
                scope: self.scope,
                distribution_point: self.distribution_point,
                kind: self.kind,
            },
            authority: self.authority,
            key: self.key,
            base: self.base,
            signature: self.signature,
            delivery: self.delivery,
        })
    }
}

impl NumberedCrl {
    /// What the ledger has revoked, of this CRL's scope. It is read after the number was taken: whatever is revoked later is on a
    /// CRL of a higher one.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn revocations(&self, recorder: &Recorder) -> Result<Revocations, WorkflowError> {
        recorder.revocations(&self.authority, self.plan.scope, self.plan.this_update)
    }

    /// The distribution point, if no certificate of the CA names it: RFC 5280 section 6.3.3 (b) has a verifier pass over this CRL then.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn unnamed_distribution_point(&self, recorder: &Recorder) -> Result<Option<&str>, WorkflowError> {
        let Some(url) = self.plan.distribution_point.as_deref() else {
            return Ok(None);
        };
        Ok((!recorder.is_pointed_at(&self.authority, url)?).then_some(url))
    }

    /// Refuses a list that has less than the complete CRL before it, when it comes from the ledger alone: whoever made that one from
    /// another program's index, and forgets the index now, would take its certificates for good ones again.
    ///
    /// # Errors
    /// The rule `crl-entries`
    pub fn refuse_to_forget(
        &self,
        recorder: &Recorder,
        revocations: &Revocations,
    ) -> Result<(), WorkflowError> {
        if self.plan.scope != CrlScope::All {
            return Ok(());
        }
        let Some(last) = recorder.last_crl(&self.authority)? else {
            return Ok(());
        };
        let has = u64::try_from(revocations.len()).unwrap_or(u64::MAX);
        if has.saturating_add(last.released_since) >= last.entries {
            return Ok(());
        }
        let found = format!(
            "the CRL before, number {}, has {} entries, and the ledger has {has}: was it made from an index (--revoked)?",
            last.number, last.entries
        );
        Err(X509Error::broken("crl-entries", found).into())
    }

    /// Builds the list from the revocations of its scope, all of them, and checks it. For a delta CRL, what the base has already is
    /// left out here. Needs no token.
    ///
    /// # Errors
    /// The stream's own error, [`WorkflowError`]
    pub fn build(
        self,
        revocations: impl IntoIterator<Item = Result<Revocation, WorkflowError>>,
    ) -> Result<PlannedCrl, WorkflowError> {
        let (authority, plan) = (&self.authority, self.plan);
        let now = plan.this_update;
        let tbs = match &self.base {
            None => CrlTbs::build(plan, authority, self.signature, revocations)?,
            Some(base) => CrlTbs::build(plan, authority, self.signature, base.changes(revocations))?,
        };
        Ok(PlannedCrl {
            since: self.since,
            checked: tbs.check(authority, self.base.as_ref(), now)?,
            authority_key: authority.public_key()?,
            authority: self.authority,
            key: self.key,
            signature: self.signature,
            delivery: self.delivery,
        })
    }
}

impl PlannedCrl {
    /// The list that will be signed.
    #[must_use]
    pub const fn checked(&self) -> &CheckedCrl {
        &self.checked
    }

    /// Sees whether there is room for the signed list, and leaves nothing behind: before a PIN is asked for.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn check_room(&self) -> Result<(), OutputError> {
        self.reserve().map(drop)
    }

    fn reserve(&self) -> Result<Slot, OutputError> {
        let slot = self.delivery.reserve()?;
        slot.make_room(|encoding| self.checked.longest_file(encoding))?;
        Ok(slot)
    }

    /// Records what will be signed, and has the token sign it, once, when there is a place for it.
    ///
    /// # Errors
    /// [`WorkflowError`]; no file is left.
    pub fn sign(
        self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<CrlSummary, WorkflowError> {
        let slot = self.reserve()?;
        let signer = find_signing_key(store, self.key.as_deref(), &self.authority_key, self.signature)?;
        let unusual_serials = self.checked.unusual_serials();
        let entry = recorder.begin_one(store, &crl_intent(&self.checked, &self.authority)?)?;
        recorder.refuse_crl_in_between(&self.authority, self.since, entry)?;
        progress.step(&format!(
            "the CA's key signs a CRL, entries: {}",
            self.checked.entries()
        ));
        let checked = self.checked;
        let (issued, delivered) = recorder.sign_and_deliver(
            entry,
            slot,
            || checked.sign(signer.as_ref()),
            |issued| issued.list().der(),
        )?;
        Ok(CrlSummary {
            issued,
            delivered,
            unusual_serials,
        })
    }
}
