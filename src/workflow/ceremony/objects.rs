//! Builds the objects of a ceremony from its file. The same code builds them for a draft, for a plan, and on the day.
//!
//! Only the sources of the keys, the serial numbers and the issuers' certificates differ.

mod certificates;
mod crls;
mod terms;

use std::collections::BTreeMap;

use super::{CeremonyError, CeremonyInputs, CeremonyProfile, RefusedKeys};
use crate::ceremony::{CeremonyFile, CeremonyKind, Session, Step, StepAction};
use crate::signer::PublicKey;
use crate::workflow::WorkflowError;
use crate::workflow::lint::Rehearsals;
use crate::workflow::{Linted, Progress};
use crate::x509::{Certificate, Checked, CheckedCrl, Issuer, Revocation, SerialNumber, UnixTime};

/// Provides the serial numbers of certificates.
pub(super) trait SerialSource {
    /// The serial number of the certificate that `step` signs in `session`.
    fn serial(&self, session: &str, step: &str) -> Result<SerialNumber, WorkflowError>;
}

/// Builds and checks the objects that the steps of a ceremony sign.
pub(super) struct ObjectBuilder<'a> {
    pub(super) file: &'a CeremonyFile,
    pub(super) inputs: &'a CeremonyInputs,
    pub(super) profiles: &'a BTreeMap<String, CeremonyProfile>,
    pub(super) refused_keys: Option<&'a RefusedKeys>,
    pub(super) serials: &'a dyn SerialSource,
    /// Keyed by the step that makes the key, or by the input with its public key.
    pub(super) keys: BTreeMap<String, PublicKey>,
    /// The keys of the ceremony that are real, not stand-ins.
    pub(super) known: BTreeMap<String, PublicKey>,
}

/// What the session has made so far.
#[derive(Default)]
pub(super) struct Made {
    /// Keyed by step.
    pub(super) certificates: BTreeMap<String, Certificate>,
    /// Keyed by the name of the issuer.
    pub(super) revocations: BTreeMap<String, Vec<Revocation>>,
}

/// The result of a step.
pub(super) enum Built {
    /// A certificate that passed every rule.
    Certificate(Box<Checked>),
    /// A CRL that passed every rule.
    Crl(Box<CheckedCrl>),
    /// A revocation: the last one of its issuer in [`Made`]. The issuer's next CRL lists it.
    Revocation,
}

/// The signing CA.
struct Authority {
    certificate: Certificate,
    key: PublicKey,
    /// Whether it is older than this ceremony.
    is_input: bool,
}

impl ObjectBuilder<'_> {
    /// Builds the object that the step signs, or its revocation, in this session. `None` if the step does neither.
    pub(super) fn build(
        &self,
        step: &Step,
        session: &Session,
        made: &mut Made,
    ) -> Result<Option<Built>, WorkflowError> {
        Ok(Some(match &step.action {
            StepAction::CreateCa(create) => {
                Built::Certificate(Box::new(self.create_ca(step, create, session)?))
            }
            StepAction::SignCsr(sign) => {
                Built::Certificate(Box::new(self.sign_csr(step, sign, session, made)?))
            }
            StepAction::CrossSign(cross) => {
                Built::Certificate(Box::new(self.cross_sign(step, cross, session, made)?))
            }
            StepAction::Revoke(revoke) => {
                self.revoke(step, revoke, session, made)?;
                Built::Revocation
            }
            StepAction::Crl(crl) => Built::Crl(Box::new(self.crl(step, crl, session, made)?)),
            _ => return Ok(None),
        }))
    }

    fn authority(&self, name: &str, session: &Session, made: &Made) -> Result<Authority, WorkflowError> {
        let certificate = self.certificate(name, made)?;
        for time in [session.begins, session.ends] {
            certificate.check_authority(time)?;
        }
        certificate.check_self_signature()?;
        Ok(Authority {
            key: certificate.public_key()?,
            is_input: !made.certificates.contains_key(name),
            certificate,
        })
    }

    pub(super) fn certificate(&self, name: &str, made: &Made) -> Result<Certificate, CeremonyError> {
        match made.certificates.get(name) {
            Some(certificate) => Ok(certificate.clone()),
            None => self.inputs.certificate(name),
        }
    }
}

/// The key of the issuer: the step that makes it, or the input itself if the CA is older than the ceremony.
pub(super) fn key_of<'a>(file: &'a CeremonyFile, issuer: &'a str) -> &'a str {
    match file.step(issuer).map(|step| &step.action) {
        Some(StepAction::CreateCa(create)) => &create.key,
        _ => issuer,
    }
}

/// The name of the key that the step signs with.
pub(super) fn signing_key<'a>(file: &'a CeremonyFile, step: &'a Step) -> Option<&'a str> {
    match &step.action {
        StepAction::CreateCa(create) => Some(&create.key),
        StepAction::SignCsr(sign) => Some(key_of(file, &sign.issuer)),
        StepAction::CrossSign(cross) => Some(key_of(file, &cross.issuer)),
        StepAction::Crl(crl) => Some(key_of(file, &crl.issuer)),
        _ => None,
    }
}

/// The issuer of a checked certificate.
pub(super) fn issuer_of(checked: &Checked) -> Issuer<'_> {
    match checked.authority() {
        Some(authority) => Issuer::Authority(authority),
        None => Issuer::Itself,
    }
}

/// Reads the certificate back at both ends of the session, and runs the profile's linter on it.
pub(super) fn lint(
    checked: &Checked,
    session: &Session,
    progress: &dyn Progress,
) -> Result<(), WorkflowError> {
    let issuer = issuer_of(checked);
    let rehearsals = Rehearsals::of(checked.profile(), checked.issuer_key())?;
    rehearsals.lint(checked, issuer, session.begins, Linted::Draft, progress)?;
    Ok(checked.read_back(issuer, session.ends)?)
}

pub(super) fn time(step: &Step, field: &'static str, text: &str) -> Result<UnixTime, CeremonyError> {
    text.parse()
        .map_err(|error| value(&step.id, field, format!("{error}")))
}

pub(super) fn value(step: &str, field: &'static str, reason: String) -> CeremonyError {
    CeremonyError::Value {
        step: step.to_owned(),
        field,
        reason,
    }
}

/// Adds the session to an error if a step breaks a rule. An error that applies to every session stays without one.
pub(super) fn in_step(
    kind: CeremonyKind,
    step: &Step,
    session: &Session,
    error: WorkflowError,
) -> WorkflowError {
    match error {
        WorkflowError::Ceremony(_) | WorkflowError::Linter(_) => error,
        cause => CeremonyError::Step {
            kind,
            step: step.id.clone(),
            session: session.name.clone(),
            cause: Box::new(cause),
        }
        .into(),
    }
}
