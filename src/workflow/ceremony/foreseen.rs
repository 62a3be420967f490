//! Finds at planning time, and at the beginning of each run, what the ledger would refuse at a step. It looks at the current content of the ledger, and
//! at what earlier steps of the session will have recorded by then.
//!
//! None of this goes into the plan: a machine with another ledger, or with none, makes the same plan.

mod recorded;
mod refusals;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use recorded::Recorded;
pub(super) use recorded::hashes_of;

use super::objects::{issuer_of, value};
use super::stand_in::StandIn;
use crate::ceremony::{CeremonyPlan, Course, Session, Step};
use crate::ledger::{Authority, CrlNumber, Digest, EntryId, LedgerError, RevocationState};
use crate::signer::PublicKey;
use crate::workflow::pipeline::Signable;
use crate::workflow::record::{Namesake, NewAuthority, authority_with, revocation_request};
use crate::workflow::{Recorder, Waivers, WorkflowError};
use crate::x509::{Certificate, Checked, CheckedCrl, Issuer, Name, Revocation, X509Error, rules};

/// The current ledger.
pub(super) struct LedgerToday<'a> {
    recorder: &'a Recorder,
    compromised: HashMap<Digest, EntryId>,
    /// What the ceremony has recorded itself.
    recorded: Recorded,
}

impl<'a> LedgerToday<'a> {
    /// For a ceremony that has not begun.
    pub(super) fn read(recorder: &'a Recorder) -> Result<Self, WorkflowError> {
        Ok(Self {
            recorder,
            compromised: recorder.compromised_keys()?,
            recorded: Recorded::default(),
        })
    }

    /// For the rest of a ceremony that has come so far.
    pub(super) fn after(
        recorder: &'a Recorder,
        plan: &CeremonyPlan,
        course: &Course,
    ) -> Result<Self, WorkflowError> {
        Ok(Self {
            recorded: Recorded::of(plan, course, recorder)?,
            ..Self::read(recorder)?
        })
    }
}

/// The content of the ledger during a session, step by step.
pub(super) struct Foreseen<'a> {
    /// `None` if the machine has no ledger, and at a step that is recorded already.
    ledger: Option<&'a LedgerToday<'a>>,
    recorded: Option<&'a Recorded>,
    stand_ins: &'a BTreeMap<String, StandIn>,
    session: &'a Session,
    /// CA certificates that the ledger will contain.
    authorities: Vec<OwnAuthority>,
    /// Certificates made in this session.
    made: Vec<Vec<u8>>,
    revoked: Vec<OwnRevocation>,
    /// CRL numbers, with the step.
    lists: Vec<(String, Authority, CrlNumber)>,
    /// Destroyed keys, with the step.
    destroyed: Vec<(String, PublicKey)>,
}

struct OwnAuthority {
    subject: Name,
    namesake: Namesake,
}

struct OwnRevocation {
    step: String,
    issuer: Authority,
    certificate: Certificate,
    revocation: Revocation,
}

impl<'a> Foreseen<'a> {
    /// The state at the start of the session. The ledger must contain every CA that signs in the ceremony and is older than it.
    pub(super) fn begin(
        ledger: Option<&'a LedgerToday<'a>>,
        stand_ins: &'a BTreeMap<String, StandIn>,
        session: &'a Session,
        older: &BTreeMap<&str, Certificate>,
    ) -> Self {
        let mut foreseen = Self {
            ledger: ledger.filter(|today| today.recorded.permits(session)),
            recorded: ledger.map(|today| &today.recorded),
            stand_ins,
            session,
            authorities: Vec::new(),
            made: Vec::new(),
            revoked: Vec::new(),
            lists: Vec::new(),
            destroyed: Vec::new(),
        };
        for (name, certificate) in older {
            foreseen.add_authority(format!("input {name:?}"), certificate);
        }
        foreseen
    }

    /// Looks at a step. What the ceremony has recorded for it already is not compared with the ledger.
    pub(super) fn at<T>(&mut self, step: &Step, look: impl FnOnce(&mut Self) -> T) -> T {
        let ledger = self.ledger;
        self.ledger = ledger.filter(|today| !today.recorded.has(&step.id));
        let found = look(self);
        self.ledger = ledger;
        found
    }

    /// The real key if it is known or made, otherwise the stand-in. No ledger contains a stand-in.
    fn real(&self, key: &PublicKey) -> PublicKey {
        let mut stand_ins = self.stand_ins.iter();
        let stand_in = stand_ins.find(|(_, stand_in)| stand_in.public_key == *key);
        let known = stand_in.and_then(|(name, stand_in)| {
            let made = self.recorded.and_then(|recorded| recorded.key(name));
            stand_in.known.as_ref().or(made)
        });
        known.unwrap_or(key).clone()
    }

    fn key_of(&self, certificate: &Certificate) -> Option<PublicKey> {
        certificate.public_key().ok().map(|key| self.real(&key))
    }

    fn authority_of(&self, certificate: &Certificate) -> Result<Authority, WorkflowError> {
        let key = self.real(&certificate.public_key()?);
        Ok(authority_with(certificate.subject(), &key))
    }

    fn add_authority(&mut self, place: String, certificate: &Certificate) {
        let namesake = Namesake {
            place,
            key: self.key_of(certificate).map(|key| Digest::of(key.der())),
            issuer: certificate.issuer().clone(),
            not_after: certificate.validity().not_after,
            is_signed: true,
        };
        let subject = certificate.subject().clone();
        self.authorities.push(OwnAuthority { subject, namesake });
    }

    /// Applies the rules for recording a certificate. `certificate` stands for the final one, and `waivers` are those of the step.
    pub(super) fn certificate(
        &mut self,
        step: &Step,
        checked: &Checked,
        certificate: &Certificate,
        waivers: Waivers,
    ) -> Result<(), WorkflowError> {
        self.refuse_destroyed(step, checked.issuer_key())?;
        let Some(certified) = checked.certified()? else {
            return Ok(());
        };
        let key = self.real(&certified.key);
        self.refuse_compromised(&key)?;
        if let Issuer::Authority(authority) = issuer_of(checked) {
            self.refuse_unknown(authority)?;
            self.refuse_revoked(authority)?;
        }
        let issuer = authority_with(certificate.issuer(), &self.real(checked.issuer_key()));
        self.refuse_used_serial(&issuer, certificate)?;
        if certified.is_authority {
            let new = NewAuthority {
                subject: &certified.subject,
                authority: authority_with(&certified.subject, &key),
                cross_issuer: certified.cross_issuer.as_ref(),
                itself: None,
                entry: None,
            };
            let now = self.session.begins;
            if let Some(today) = self.ledger {
                let ledger = today.recorder.ledger();
                new.check_besides(ledger, today.recorded.open(), waivers, now)?;
            }
            let own = self.authorities.iter();
            let alike = own.filter(|own| own.subject.is_like(&certified.subject));
            new.check_against(alike.map(|own| own.namesake.clone()), waivers, now)?;
            self.add_authority(format!("that of step {:?}", step.id), certificate);
        } else if waivers != Waivers::default() {
            let reason = "it waives a rule about CA certificates, and the step makes another one".to_owned();
            return Err(value(&step.id, "waive", reason).into());
        }
        self.made.push(certificate.der().to_vec());
        Ok(())
    }

    /// Applies the rules for recording a CRL. `planned` are its entries.
    pub(super) fn crl(
        &mut self,
        step: &Step,
        checked: &CheckedCrl,
        planned: &[Revocation],
    ) -> Result<(), WorkflowError> {
        let (authority, number) = (checked.authority(), checked.plan().number);
        self.refuse_destroyed(step, &authority.public_key()?)?;
        self.refuse_unknown(authority)?;
        let issuer = self.authority_of(authority)?;
        self.refuse_number(&issuer, authority, number)?;
        let is_planned = |revoked: &Certificate| {
            planned
                .iter()
                .any(|planned| planned.serial == revoked.serial_number())
        };
        let own = self.revoked.iter().filter(|own| own.issuer.is(&issuer));
        if let Some(missing) = own.into_iter().find(|own| !is_planned(&own.certificate)) {
            let found = format!(
                "certificate {} is missing, which step {:?} revokes under the same name and key",
                missing.revocation.serial, missing.step
            );
            return Err(X509Error::broken(rules::CRL_ENTRIES, found).into());
        }
        self.refuse_missing(&issuer, planned)?;
        self.lists.push((step.id.clone(), issuer, number));
        Ok(())
    }

    /// Applies the ledger's rules for a revocation.
    pub(super) fn revocation(
        &mut self,
        step: &Step,
        authority: &Certificate,
        certificate: &Certificate,
        revoked: &Revocation,
    ) -> Result<(), WorkflowError> {
        self.refuse_unknown(authority)?;
        let issuer = self.authority_of(authority)?;
        let wanted = revocation_request(revoked)?.reason;
        let mut own = self.revoked.iter();
        if let Some(other) = own.find(|own| own.certificate.der() == certificate.der()) {
            let reason = format!("step {:?} revokes it already", other.step);
            return Err(value(&step.id, "certificate", reason).into());
        }
        if let Some(today) = self.ledger.filter(|_| !self.is_made(certificate)) {
            let ledger = today.recorder.ledger();
            if let Some(entry) = ledger.certificate(&issuer, &revoked.serial)? {
                let serial = revoked.serial.clone();
                if entry.state.der().is_some_and(|der| der.0 != certificate.der()) {
                    let entry = entry.id;
                    return Err(LedgerError::SerialUsed { serial, entry }.into());
                }
                if let Some(RevocationState::Revoked { reason, .. }) = entry.revocation.map(|last| last.state)
                    && reason != wanted
                    && !reason.may_become(wanted)
                {
                    return Err(LedgerError::AlreadyRevoked { serial, reason }.into());
                }
            }
        }
        self.revoked.push(OwnRevocation {
            step: step.id.clone(),
            issuer,
            certificate: certificate.clone(),
            revocation: revoked.clone(),
        });
        Ok(())
    }

    /// Marks a key as destroyed for later steps, whichever name they use for it.
    pub(super) fn destroyed(&mut self, step: &Step, key: &str) {
        if let Some(stand_in) = self.stand_ins.get(key) {
            let key = self.real(&stand_in.public_key);
            self.destroyed.push((step.id.clone(), key));
        }
    }

    fn is_made(&self, certificate: &Certificate) -> bool {
        self.made.iter().any(|made| made == certificate.der())
    }
}
