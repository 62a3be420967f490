//! `crl create`: number, revocations, list, signature.

mod replaced;
mod shards;

pub use shards::{PlannedShards, ShardRequest, plan_shards, shards_in_use};

use super::record::Coverage;
use super::signing_key::find_signing_key;
use super::{Clock, Delivered, Delivery, Named, Planned, Progress, Recorder, Step, WorkflowError};
use crate::signer::{KeyStore, PublicKey, SignatureAlgorithm, SignatureChoice};
use crate::x509::{
    Certificate, CertificateRevocationList, CheckedCrl, CrlContent, CrlKind, CrlNumber, CrlScope, CrlTbs,
    IssuedCrl, Period, Revocations, UnixTime, X509Error, rules,
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

/// A CRL whose CA, base and output were checked.
#[derive(Debug)]
pub struct CrlJob {
    /// The requested one.
    number: Option<CrlNumber>,
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

/// A CRL with a reserved number: no other CRL of this CA gets it.
#[derive(Debug)]
struct NumberedCrl {
    content: CrlContent,
    coverage: Coverage,
    /// The end of the ledger before its revocations were read.
    since: u64,
    signing: Signing,
    base: Option<CertificateRevocationList>,
}

/// A CRL that was built and checked, and whose output fits in its place. Only the signature is missing.
pub struct PlannedCrl {
    planned: Planned<CheckedCrl>,
    signing: Signing,
    unnamed_distribution_point: Option<String>,
    left_out: usize,
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

    /// Takes a number from the ledger, gathers the revocations, refuses a list that says less than the previous CRL, builds the list and checks it,
    /// and checks that there is space for it. Needs no token. A number that is not used leaves a gap, which is allowed.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn plan(self, recorder: &mut Recorder, sources: CrlSources) -> Result<PlannedCrl, WorkflowError> {
        let numbered = self.number(recorder)?;
        let in_ledger = numbered.revocations(recorder)?;
        numbered.plan(recorder, sources, in_ledger)
    }

    /// Takes its number from the ledger: the requested one, or the next. If the number is below that of an earlier CRL, this fails and takes
    /// none.
    fn number(self, recorder: &mut Recorder) -> Result<NumberedCrl, WorkflowError> {
        let authority = &self.signing.authority;
        let known = recorder.require_known(authority)?;
        let asked = self.number;
        let is_first = recorder.highest_crl_number(authority)?.is_none();
        if let Some(asked) = asked {
            let is_delta = matches!(self.kind, CrlKind::Delta { .. });
            recorder.refuse_lower_crl_number(authority, asked, is_delta)?;
        }
        let base = match &self.kind {
            CrlKind::Delta { base } => Some(*base),
            CrlKind::Full { .. } => None,
        };
        // RFC 5280 section 5.2.4: the number of a delta CRL is above its base's.
        let above = base.max(asked.and_then(CrlNumber::previous));
        let reserved = match asked {
            // An earlier run reserved it and failed before the signature. Whether it may still be used is checked when the signature begins.
            Some(asked) if recorder.has_crl_number(authority, asked)? => asked,
            _ => recorder.reserve_crl_number(authority, above)?.number,
        };
        if let Some(asked) = asked.filter(|asked| *asked != reserved) {
            let found =
                format!("{asked} was requested, but the ledger is at {reserved}: numbers must increase");
            return Err(X509Error::broken(rules::CRL_NUMBER, found).into());
        }
        if asked.is_none() && is_first && recorder.is_adopted(known)? {
            recorder.notice(format!(
                "this is the first CRL that the ledger has of an adopted CA. If the CA has issued others, the number {reserved} may be \
                 too low, and what they revoked may be missing: adopt the CA again with its last CRL, or give a number above the last one's"
            ));
        }
        // Read after the number was taken and before the revocations. So a CRL with a lower number is never newer, and this one has every
        // revocation recorded before this time.
        let this_update = recorder.now().max(self.this_update);
        Ok(NumberedCrl {
            since: recorder.ledger().head()?.count,
            coverage: match &self.distribution_point {
                Some(url) if self.is_shard => Coverage::Shard(url.clone()),
                _ => Coverage::of(self.scope),
            },
            content: CrlContent {
                number: reserved,
                this_update,
                next_update: self.next_update,
                scope: self.scope,
                distribution_point: self.distribution_point,
                kind: self.kind,
            },
            signing: self.signing,
            base: self.base,
        })
    }
}

impl NumberedCrl {
    /// Refuses a list that says less than the previous CRL, builds it and checks it.
    fn plan(
        self,
        recorder: &Recorder,
        sources: CrlSources,
        in_ledger: Revocations,
    ) -> Result<PlannedCrl, WorkflowError> {
        let unnamed_distribution_point = self.unnamed_distribution_point(recorder)?;
        let mut left_out = 0;
        let revocations = match sources.index {
            None => {
                self.refuse_to_forget(recorder, &in_ledger)?;
                in_ledger
            }
            Some(index) => {
                let missing = in_ledger.iter().filter(|one| !index.contains(&one.serial));
                left_out = missing.count();
                index
            }
        };
        if let Some(existing) = sources.replaced {
            self.refuse_to_replace(recorder, &existing, &revocations)?;
        }
        let revocations = match &self.base {
            Some(base) => {
                let authority = &self.signing.authority;
                recorder.with_releases(revocations, authority, &self.coverage, base)?
            }
            None => revocations,
        };
        let (planned, signing) = self.build(&revocations)?;
        planned.check_place(&signing.delivery)?;
        Ok(PlannedCrl {
            planned,
            signing,
            unnamed_distribution_point,
            left_out,
        })
    }

    /// The ledger's revocations in this CRL's scope. They are read after the number was taken: a later revocation is on a CRL with a higher number.
    fn revocations(&self, recorder: &Recorder) -> Result<Revocations, WorkflowError> {
        recorder.revocations(&self.signing.authority, &self.coverage, self.content.this_update)
    }

    /// The distribution point, if no certificate of the CA names it: by RFC 5280 section 6.3.3 (b) a verifier then ignores this CRL.
    fn unnamed_distribution_point(&self, recorder: &Recorder) -> Result<Option<String>, WorkflowError> {
        let Some(url) = self.content.distribution_point.as_deref() else {
            return Ok(None);
        };
        let is_named = recorder.is_pointed_at(&self.signing.authority, url)?;
        Ok((!is_named).then(|| url.to_owned()))
    }

    /// Refuses a list from the ledger alone that has fewer entries than the previous complete CRL: if that CRL was made from another program's
    /// index, and the index is missing now, its certificates would count as valid again.
    fn refuse_to_forget(&self, recorder: &Recorder, revocations: &Revocations) -> Result<(), WorkflowError> {
        // The recorded number of entries can be of any scope; an index is refused for a shard.
        if self.coverage != Coverage::All {
            return Ok(());
        }
        let Some(last) = recorder.last_crl(&self.signing.authority)? else {
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
    fn build(self, revocations: &Revocations) -> Result<(Planned<CheckedCrl>, Signing), WorkflowError> {
        let (content, now) = (self.content.clone(), self.content.this_update);
        let (authority, signature) = (&self.signing.authority, self.signing.signature);
        let revocations = revocations.iter().map(Ok::<_, WorkflowError>);
        let tbs = match &self.base {
            None => CrlTbs::build(content, authority, signature, revocations)?,
            Some(base) => CrlTbs::build(content, authority, signature, base.changes(revocations))?,
        };
        let checked = tbs.check(authority, self.base.as_ref(), now)?;
        Ok((Planned::new(checked)?.read_at(self.since), self.signing))
    }
}

impl PlannedCrl {
    /// What will be signed.
    #[must_use]
    pub const fn planned(&self) -> &Planned<CheckedCrl> {
        &self.planned
    }

    /// The distribution point, if no certificate of the CA in the ledger names it: a verifier then ignores this CRL.
    #[must_use]
    pub fn unnamed_distribution_point(&self) -> Option<&str> {
        self.unnamed_distribution_point.as_deref()
    }

    /// How many certificates are revoked in the ledger, but not in the index that this CRL is made from.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Holds the place, records what will be signed, and makes the token sign it, once.
    ///
    /// # Errors
    /// [`WorkflowError`]; no file is left.
    pub fn sign(
        self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<CrlSummary, WorkflowError> {
        let Self { planned, signing, .. } = self;
        let (key, issuer) = (signing.key.as_deref(), &signing.authority_key);
        let signer = find_signing_key(store, key, issuer, signing.signature)?;
        let (entries, unusual_serials) = {
            let checked = planned.checked();
            (checked.entries(), checked.unusual_serials())
        };
        let begun = recorder.begin_one(planned.hold(&signing.delivery)?, store)?;
        progress.step(&Step::SignCrl { entries });
        let finished = recorder.finish(begun, signer.as_ref())?;
        Ok(CrlSummary {
            issued: finished.object,
            delivered: finished.delivered,
            unusual_serials,
        })
    }
}
