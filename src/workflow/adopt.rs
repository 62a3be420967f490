//! `ca adopt`: records an existing CA in the ledger, with everything that it has issued and revoked, so that nothing is lost. Everything is
//! verified first, and recorded in one transaction.

mod contradiction;

use std::sync::Arc;

use self::contradiction::InLedger;
use super::named::in_input;
use super::record::{
    KnownAs, NewAuthority, SKEW, Waivers, adopted, adopted_crl, adopted_number, authority_of, require_known,
    revocation_request,
};
use super::revoke::check_issued_by;
use super::signing_key::find_signing_key;
use super::{Named, Recorder, WorkflowError, prove_signer};
use crate::ledger::{
    AuthorityCertificate, Der, Digest, LedgerError, PathCheck, RevocationReason, RevocationRequest,
    TakenOver, Takeover,
};
use crate::signer::{KeyList, KeyStore};
use crate::x509::{
    Certificate, CertificateRevocationList, IndexedCertificate, Revocation, SerialNumber, UnixTime,
    X509Error, check_existing_key, rules, verify_chain,
};

/// A CA from outside this ledger. Each input has the name of its file, for errors.
#[derive(Clone, Debug)]
pub struct AdoptionRequest {
    /// Its certificate.
    pub authority: Named<Certificate>,
    /// The certificates above it, its issuer's first; empty if it is self-signed.
    pub issuers: Vec<Certificate>,
    /// Certificates that it has issued.
    pub certificates: Vec<Named<Certificate>>,
    /// Its database.
    pub index: Option<Named<Vec<IndexedCertificate>>>,
    /// Its last CRL.
    pub crl: Option<Named<CertificateRevocationList>>,
    /// Keys whose private keys others know. A CA with one of them is refused.
    pub refused_keys: Option<Arc<KeyList>>,
    /// The rules that the operator waives.
    pub waivers: Waivers,
}

/// A CA and everything known about it, verified as far as possible. It is not recorded yet.
#[derive(Debug)]
pub struct PlannedAdoption {
    request: AdoptionRequest,
    path: PathCheck,
}

/// What was added to the ledger.
#[derive(Clone, Debug)]
pub struct AdoptionSummary {
    /// The CA's certificate.
    pub authority: Certificate,
    /// What was checked of its path.
    pub path: PathCheck,
    /// What was new.
    pub new: TakenOver,
    /// The rules that were waived.
    pub waived: Vec<String>,
    /// How many certificates are revoked because their keys are compromised, and are not in the ledger, so that it does not know these keys.
    pub unknown_keys: usize,
}

impl AdoptionRequest {
    /// Verifies the CA's certificate and the path above it, then every certificate and the CRL under the CA's key.
    ///
    /// # Errors
    /// [`WorkflowError::InInput`]: the first fault found, with the name of the file that has it, and the line of an index. After an error,
    /// nothing may be recorded.
    pub fn check(self, now: UnixTime) -> Result<PlannedAdoption, WorkflowError> {
        let authority = &self.authority.value;
        let path = self
            .check_itself(now)
            .map_err(|error| self.authority.about(error))?;
        for certificate in &self.certificates {
            check_issued_by(&certificate.value, authority)
                .and_then(|()| check_length(&certificate.value.serial_number()))
                .map_err(|error| certificate.about(error))?;
        }
        if let Some(crl) = &self.crl {
            check_crl(&crl.value, authority, now).map_err(|error| crl.about(error))?;
        }
        if let Some(index) = &self.index {
            for certificate in &index.value {
                check_indexed(certificate, now).map_err(|error| {
                    let line = certificate.line.map(|line| format!(": line {line}"));
                    in_input(&format!("{}{}", index.name, line.unwrap_or_default()), error)
                })?;
            }
        }
        Ok(PlannedAdoption { request: self, path })
    }

    /// Checks the CA's own certificate.
    fn check_itself(&self, now: UnixTime) -> Result<PathCheck, WorkflowError> {
        let authority = &self.authority.value;
        if !authority.is_authority() {
            return Err(X509Error::NotAnAuthority {
                subject: authority.subject().clone(),
                reason: "basicConstraints does not say CA:TRUE",
            }
            .into());
        }
        check_existing_key(&authority.public_key()?, self.refused_keys.as_deref())?;
        self.check_path(now)
    }

    fn check_path(&self, now: UnixTime) -> Result<PathCheck, WorkflowError> {
        let authority = &self.authority.value;
        if authority.is_self_issued() {
            authority.check_self_signature()?;
            return Ok(PathCheck::SelfSigned);
        }
        let Some(first) = self.issuers.first() else {
            return Ok(PathCheck::NotChecked);
        };
        let issued_by = |issuer| check_issued_by(authority, issuer);
        if !self.issuers.iter().any(|issuer| issued_by(issuer).is_ok()) {
            issued_by(first)?;
        }
        self.check_path_through(&self.issuers, now)
    }

    fn check_path_through(&self, issuers: &[Certificate], now: UnixTime) -> Result<PathCheck, WorkflowError> {
        let report = verify_chain(&self.authority.value, issuers, now);
        match report.steps.into_iter().find(|step| step.problem.is_some()) {
            None => Ok(PathCheck::Verified),
            Some(step) => {
                let problem = step.problem.unwrap_or_default();
                let found = format!("\"{}\", {}: {problem}", step.subject, step.what.name());
                Err(X509Error::broken(rules::ADOPTED_PATH, found).into())
            }
        }
    }
}

/// Refuses a CRL that is not a complete one of this CA, and one that the ledger cannot take.
fn check_crl(
    crl: &CertificateRevocationList,
    authority: &Certificate,
    now: UnixTime,
) -> Result<(), X509Error> {
    crl.verify_undated(authority)?;
    crl.number()?;
    let partial = match crl.base()? {
        Some(_) => Some("it is a delta CRL"),
        None => crl.restriction()?,
    };
    if let Some(found) = partial {
        let found = format!("{found}: give the last complete one");
        return Err(X509Error::broken(rules::ADOPTED_CRL, found));
    }
    crl.entries()
        .try_for_each(|entry| check_revocation(&entry.to_revocation(), now))
}

fn check_indexed(certificate: &IndexedCertificate, now: UnixTime) -> Result<(), X509Error> {
    check_length(&certificate.serial)?;
    match &certificate.revocation {
        Some(revoked) => check_revocation(revoked, now),
        None => Ok(()),
    }
}

/// A CRL cannot hold a longer serial number.
fn check_length(serial: &SerialNumber) -> Result<(), X509Error> {
    const LONGEST: usize = 22;
    if serial.octets().len() <= LONGEST {
        return Ok(());
    }
    let found = format!("{serial} has more than {LONGEST} octets, too many for a CRL of hsm-ca");
    Err(X509Error::broken(rules::SERIAL_NUMBER, found))
}

fn check_revocation(revocation: &Revocation, now: UnixTime) -> Result<(), X509Error> {
    let Revocation {
        serial, revoked_at, ..
    } = revocation;
    check_length(serial)?;
    if revoked_at.0 > now.0.saturating_add(SKEW) {
        let found = format!("{serial} is revoked on {revoked_at}, but it is only {now}");
        return Err(X509Error::broken(rules::REVOCATION_DATE, found));
    }
    revocation_request(revocation).map(drop)
}

impl PlannedAdoption {
    /// Checks that the store has the CA's key, and that the key signs.
    ///
    /// # Errors
    /// The rule `signing-key`, the missing proof, or the store's error.
    pub fn prove_key(&self, store: &dyn KeyStore, key: &str) -> Result<(), WorkflowError> {
        let public_key = self.request.authority.value.public_key()?;
        let signature = public_key.algorithm().default_signature();
        let signer = find_signing_key(store, Some(key), &public_key, signature)?;
        prove_signer(signer.as_ref(), &public_key).map_err(|unproven| WorkflowError::Unproven {
            unproven,
            left: super::LeftBehind::Untouched,
        })
    }

    /// Records everything, or nothing. What the ledger already has is skipped.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn record(self, recorder: &mut Recorder) -> Result<AdoptionSummary, WorkflowError> {
        let Self { request, path } = self;
        let (named, own) = (&request.authority, &request.authority.value);
        let authority = authority_of(own)?;
        let InLedger {
            path,
            issuer: found,
            waived: for_others,
        } = InLedger::compare(&request, path, recorder).map_err(|error| about_rule(named, error))?;
        let itself = Digest::of(own.der());
        let rules = NewAuthority {
            subject: own.subject(),
            authority: authority.clone(),
            cross_issuer: None,
            itself: Some(itself),
            entry: None,
        };
        let mut waived = rules
            .check(recorder.ledger(), request.waivers, recorder.now())
            .map_err(|error| about_rule(named, error))?;
        for rule in for_others {
            if !waived.contains(&rule) {
                waived.push(rule);
            }
        }
        // An entry already says more about the certificate. So without a path check, no adoption event is added.
        let has_entry = matches!(require_known(recorder.ledger(), own), Ok(KnownAs::Entry(_)));
        let certificate = (!has_entry || path != PathCheck::NotChecked).then(|| AuthorityCertificate {
            authority: authority.clone(),
            der: Der(own.der().to_vec()),
            path,
        });
        let issuer = match request.issuers.first() {
            _ if path == PathCheck::SelfSigned => Some(own),
            _ if found.is_some() => found.as_ref(),
            Some(issuer) if recorder.knows_name_and_key(&authority_of(issuer)?)? => Some(issuer),
            _ => None,
        };
        let entry = issuer.map(|issuer| adopted(issuer, own)).transpose()?;
        let others = request.certificates.iter().map(|certificate| &certificate.value);
        let others = others.filter(|certificate| certificate.der() != own.der());
        let mut revocations: Vec<RevocationRequest> = Vec::new();
        let mut serials = Vec::new();
        for certificate in request.index.iter().flat_map(|index| &index.value) {
            serials.push(adopted_number(certificate));
            revocations.extend(
                certificate
                    .revocation
                    .as_ref()
                    .map(revocation_request)
                    .transpose()?,
            );
        }
        if let Some(crl) = &request.crl {
            for entry in crl.value.entries() {
                let revoked = entry.to_revocation();
                serials.push(adopted_number(&IndexedCertificate::of_crl(&revoked)));
                revocations.push(revocation_request(&revoked)?);
            }
        }
        let takeover = Takeover {
            authority,
            certificate,
            waived: waived.clone(),
            entry,
            certificates: others
                .map(|certificate| adopted(own, certificate))
                .collect::<Result<_, _>>()?,
            serials,
            revocations,
            crl: match &request.crl {
                Some(crl) => adopted_crl(&crl.value)?,
                None => None,
            },
        };
        let new = recorder.take_over(&takeover).map_err(name_file(&request))?;
        Ok(AdoptionSummary {
            unknown_keys: count_unknown_keys(recorder, &takeover)?,
            authority: request.authority.value,
            path,
            new,
            waived,
        })
    }
}

/// Counts the revocations for a compromise whose certificate the ledger does not have.
fn count_unknown_keys(recorder: &Recorder, takeover: &Takeover) -> Result<usize, LedgerError> {
    let mut count = 0;
    for revocation in &takeover.revocations {
        let is_compromise = matches!(
            revocation.reason,
            RevocationReason::KeyCompromise | RevocationReason::CaCompromise
        );
        if is_compromise {
            let entry = recorder
                .ledger()
                .certificate(&takeover.authority, &revocation.serial)?;
            count += usize::from(entry.is_none_or(|entry| entry.state.der().is_none()));
        }
    }
    Ok(count)
}

/// Names the CA's certificate in a broken rule. A failure of the ledger is not about the certificate.
fn about_rule(named: &Named<Certificate>, error: WorkflowError) -> WorkflowError {
    match error {
        WorkflowError::X509(error) => named.about(error),
        other => other,
    }
}

/// Names the file of the certificate whose serial number is already used.
fn name_file(request: &AdoptionRequest) -> impl Fn(WorkflowError) -> WorkflowError + '_ {
    move |error| {
        let WorkflowError::Ledger(LedgerError::SerialUsed { serial, .. }) = &error else {
            return error;
        };
        let mut files = request.certificates.iter().chain([&request.authority]);
        match files.find(|certificate| certificate.value.serial_number() == *serial) {
            Some(certificate) => certificate.about(error),
            None => error,
        }
    }
}
