//! What the ledger, or an earlier step, would refuse.

use std::ops::ControlFlow;

use super::{Foreseen, OwnRevocation};
use crate::ceremony::Step;
use crate::ledger::{Authority, CrlNumber, LedgerError, RevocationRecord};
use crate::signer::PublicKey;
use crate::workflow::ceremony::CeremonyError;
use crate::workflow::ceremony::objects::value;
use crate::workflow::record::{remembered_by, require_known, revocation};
use crate::workflow::{Recorder, WorkflowError};
use crate::x509::{Certificate, CrlReason, Revocation, X509Error, rules};

impl Foreseen<'_> {
    pub(super) fn refuse_destroyed(&self, step: &Step, signs: &PublicKey) -> Result<(), CeremonyError> {
        let key = self.real(signs);
        match self.destroyed.iter().find(|(_, destroyed)| *destroyed == key) {
            None => Ok(()),
            Some((before, _)) => {
                let reason = format!("step {before:?} destroys the key that would sign");
                Err(value(&step.id, "issuer", reason))
            }
        }
    }

    pub(super) fn refuse_compromised(&self, key: &PublicKey) -> Result<(), X509Error> {
        let wanted = remembered_by(key);
        if let Some(entry) = self.ledger.and_then(|today| today.compromised.get(&wanted)) {
            return Err(Recorder::compromised_by(*entry));
        }
        let is_compromise = |own: &&OwnRevocation| {
            let reason = own.revocation.reason;
            matches!(reason, CrlReason::KeyCompromise | CrlReason::CaCompromise)
                && self.key_of(&own.certificate).as_ref().map(remembered_by) == Some(wanted)
        };
        match self.revoked.iter().find(is_compromise) {
            None => Ok(()),
            Some(own) => {
                let found = format!(
                    "step {:?} revokes a certificate of this key for that reason",
                    own.step
                );
                Err(X509Error::broken(rules::COMPROMISED_KEY, found))
            }
        }
    }

    pub(super) fn refuse_unknown(&self, authority: &Certificate) -> Result<(), WorkflowError> {
        match self.ledger.filter(|_| !self.is_made(authority)) {
            Some(today) => require_known(today.recorder.ledger(), authority).map(drop),
            None => Ok(()),
        }
    }

    pub(super) fn refuse_revoked(&self, authority: &Certificate) -> Result<(), WorkflowError> {
        let is_it = |own: &&OwnRevocation| own.certificate.der() == authority.der();
        if let Some(own) = self.revoked.iter().find(is_it) {
            let found = format!("step {:?} revokes the CA certificate", own.step);
            return Err(X509Error::broken(rules::ISSUER_STATUS, found).into());
        }
        match self.ledger.filter(|_| !self.is_made(authority)) {
            Some(today) => today.recorder.refuse_revoked(authority),
            None => Ok(()),
        }
    }

    pub(super) fn refuse_used_serial(
        &self,
        issuer: &Authority,
        certificate: &Certificate,
    ) -> Result<(), WorkflowError> {
        let Some(today) = self.ledger else {
            return Ok(());
        };
        let serial = certificate.serial_number();
        match today.recorder.ledger().certificate(issuer, &serial)? {
            None => Ok(()),
            Some(entry) if today.recorded.open().contains(&entry.id) => Ok(()),
            Some(entry) => {
                let entry = entry.id;
                let found = LedgerError::SerialUsed { serial, entry }.to_string();
                Err(X509Error::broken(rules::SERIAL_UNUSED, found).into())
            }
        }
    }

    /// The ledger must assign exactly this number.
    pub(super) fn refuse_number(
        &self,
        issuer: &Authority,
        authority: &Certificate,
        number: CrlNumber,
    ) -> Result<(), WorkflowError> {
        let mut own = self.lists.iter().rev();
        if let Some((step, _, before)) = own.find(|(_, other, _)| other.is(issuer))
            && *before >= number
        {
            let found =
                format!("{number} is not above {before}, the number of step {step:?}, of the same CA");
            return Err(X509Error::broken(rules::CRL_NUMBER, found).into());
        }
        let Some(today) = self.ledger.filter(|_| !self.is_made(authority)) else {
            return Ok(());
        };
        if today.recorded.began_list(issuer, &number) {
            return Ok(());
        }
        let recorder = today.recorder;
        recorder
            .refuse_lower_crl_number(authority, number, false)
            .map_err(|error| match error {
                WorkflowError::Ledger(LedgerError::CrlNumber { .. }) => {
                    let found = format!("{number} is the number of a CRL that the ledger has already");
                    X509Error::broken(rules::CRL_NUMBER, found).into()
                }
                other => other,
            })?;
        match recorder.ledger().highest_crl_number(issuer)? {
            Some(highest) if highest >= number && !recorder.has_crl_number(authority, number)? => {
                let found = format!("{number} is not above {highest}, which the ledger has given already");
                Err(X509Error::broken(rules::CRL_NUMBER, found).into())
            }
            _ => Ok(()),
        }
    }

    /// Every certificate that is revoked in the ledger must be on the CRL.
    pub(super) fn refuse_missing(
        &self,
        issuer: &Authority,
        planned: &[Revocation],
    ) -> Result<(), WorkflowError> {
        let Some(today) = self.ledger else {
            return Ok(());
        };
        let mut missing = None;
        let mut look = |found: RevocationRecord| {
            let is_planned = planned.iter().any(|planned| planned.serial == found.serial);
            if is_planned || today.recorded.gave_up(&found.serial) || revocation(&found).is_none() {
                return ControlFlow::Continue(());
            }
            missing = Some(found.serial);
            ControlFlow::Break(())
        };
        today.recorder.ledger().revocations(issuer, None, &mut look)?;
        match missing {
            None => Ok(()),
            Some(serial) => {
                let found = format!(
                    "certificate {serial} is missing, which the ledger has as revoked: revoke it in an earlier step, or name the CRL that has it as previous"
                );
                Err(X509Error::broken(rules::CRL_ENTRIES, found).into())
            }
        }
    }
}
