//! The CRL that a new one replaces: relying parties have it, so the new one must not say less.

use super::draft::NumberedCrl;
use crate::ledger::RevocationState;
use crate::workflow::{Recorder, WorkflowError, authority_of};
use crate::x509::{
    CertificateRevocationList, CrlKind, CrlReason, Revocations, SerialNumber, X509Error, rules,
};

/// As many serial numbers as fit a message.
const SHOWN: usize = 5;

impl NumberedCrl<'_> {
    /// Refuses to replace a CRL of this CA by one with a number that is not above its own, or, if it is complete, by one that lacks any of
    /// its entries but for holds that ended. A file that is not a CRL of this CA is ignored.
    ///
    /// # Errors
    /// The rules `crl-number` and `crl-entries`
    pub(super) fn refuse_to_replace(
        &self,
        recorder: &Recorder,
        existing: &CertificateRevocationList,
        revocations: &Revocations,
    ) -> Result<(), WorkflowError> {
        if existing.verify_undated(&self.job.signing.authority).is_err() {
            return Ok(());
        }
        if let Some(number) = existing.number()?.filter(|number| *number >= self.content.number) {
            let found = format!(
                "the CRL there has number {number}, but this one would have {}: numbers must increase. Is the ledger an older copy?",
                self.content.number
            );
            return Err(X509Error::broken(rules::CRL_NUMBER, found).into());
        }
        if existing.base()?.is_some() || matches!(self.content.kind, CrlKind::Delta { .. }) {
            return Ok(());
        }
        let mut lost = Vec::new();
        for entry in existing.entries() {
            let serial = SerialNumber::from_octets(entry.serial);
            if !revocations.contains(&serial) && !self.may_leave(recorder, &serial, entry.reason)? {
                lost.push(serial.to_string());
            }
        }
        if lost.is_empty() {
            return Ok(());
        }
        let more = lost.len().saturating_sub(SHOWN);
        lost.truncate(SHOWN);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let found = format!(
            "the CRL there lists certificates that this one would not list, so they would count as valid again: {}{more}",
            lost.join(", ")
        );
        Err(X509Error::broken(rules::CRL_ENTRIES, found).into())
    }

    /// Whether it is a hold that ended, according to the ledger, or, on a CRL of some certificates, one of the others.
    fn may_leave(
        &self,
        recorder: &Recorder,
        serial: &SerialNumber,
        reason: CrlReason,
    ) -> Result<bool, WorkflowError> {
        let issuer = authority_of(&self.job.signing.authority)?;
        let entry = recorder.ledger().certificate(&issuer, serial)?;
        let last = entry.and_then(|entry| entry.revocation).map(|last| last.state);
        let was_released = reason == CrlReason::CertificateHold && last == Some(RevocationState::Released);
        Ok(was_released || !recorder.covers(&self.coverage, &issuer, serial)?)
    }
}
