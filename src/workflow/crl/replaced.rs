//! The CRL that a new one replaces: relying parties have it, so the new one must not say less. It is compared twice: before the number is
//! taken, and again when the signed list gets its name. In between, another process may have put its own CRL there.

#[cfg(test)]
mod tests;

use std::cell::LazyCell;
use std::collections::HashSet;

use super::CrlJob;
use crate::ledger::{Digest, RevocationState};
use crate::signer::Signer;
use crate::workflow::{Begun, Finished, Recorder, WorkflowError, authority_of};
use crate::x509::{
    CertificateRevocationList, CheckedCrl, CrlKind, CrlNumber, CrlReason, Revocations, SerialNumber,
    X509Error, rules,
};

/// As many serial numbers as fit a message.
const SHOWN: usize = 5;

/// Why a CRL must not replace another.
enum Conflict {
    /// The number of the other one is not below its own.
    Number(CrlNumber),
    /// It lacks these entries of the other one: serial numbers for a message.
    Entries(String),
}

impl CrlJob {
    /// Refuses to replace a CRL of this CA by one with a number that is not above its own, or, if it is complete, by one that lacks any of
    /// its entries but for holds that ended. A file that is not a CRL of this CA is ignored.
    ///
    /// # Errors
    /// The rules `crl-number` and `crl-entries`
    pub(super) fn refuse_to_replace(
        &self,
        recorder: &Recorder,
        number: CrlNumber,
        existing: &CertificateRevocationList,
        revocations: &Revocations,
    ) -> Result<(), WorkflowError> {
        let lists = |serial: &SerialNumber| revocations.contains(serial);
        let (rule, found) = match self.conflict(recorder, number, existing, &lists)? {
            None => return Ok(()),
            Some(Conflict::Number(there)) => (
                rules::CRL_NUMBER,
                format!(
                    "the CRL there has number {there}, but this one would have {number}: numbers must increase. Is the ledger an older copy?"
                ),
            ),
            Some(Conflict::Entries(lost)) => (
                rules::CRL_ENTRIES,
                format!(
                    "the CRL there lists certificates that this one would not list, so they would count as valid again: {lost}"
                ),
            ),
        };
        Err(X509Error::broken(rule, found).into())
    }

    /// Has `signer` sign it, records it, and delivers it, unless the file has another CRL than `replaced` by then, which it must not replace.
    ///
    /// # Errors
    /// Those of [`Recorder::finish`]; [`WorkflowError::Overtaken`].
    pub(super) fn finish(
        &self,
        recorder: &mut Recorder,
        begun: Begun<CheckedCrl>,
        signer: &dyn Signer,
        replaced: Option<Digest>,
    ) -> Result<Finished<CheckedCrl>, WorkflowError> {
        recorder.finish_compared(begun, signer, &|recorder, entry, issued, existing| {
            let Ok(existing) = CertificateRevocationList::read(existing) else {
                return Ok(());
            };
            if replaced == Some(Digest::of(existing.der())) {
                return Ok(());
            }
            let list = issued.list();
            let number = list.number()?.unwrap_or(CrlNumber::ZERO);
            let own = LazyCell::new(|| {
                let serials = list
                    .entries()
                    .map(|entry| SerialNumber::from_octets(entry.serial));
                serials.collect::<HashSet<_>>()
            });
            let found = match self.conflict(recorder, number, &existing, &|serial| own.contains(serial))? {
                None => return Ok(()),
                Some(Conflict::Number(there)) => {
                    format!("another CRL by now, with number {there}, and this one has {number}")
                }
                Some(Conflict::Entries(lost)) => {
                    format!("another CRL by now, with certificates that this one does not list: {lost}")
                }
            };
            let path = self.signing.delivery.path().cloned().unwrap_or_default();
            Err(WorkflowError::Overtaken { entry, path, found })
        })
    }

    /// `lists`: whether the new CRL has an entry of a certificate.
    fn conflict(
        &self,
        recorder: &Recorder,
        number: CrlNumber,
        existing: &CertificateRevocationList,
        lists: &dyn Fn(&SerialNumber) -> bool,
    ) -> Result<Option<Conflict>, WorkflowError> {
        if existing.verify_undated(&self.signing.authority).is_err() {
            return Ok(None);
        }
        if let Some(there) = existing.number()?.filter(|there| *there >= number) {
            return Ok(Some(Conflict::Number(there)));
        }
        if existing.base()?.is_some() || matches!(self.kind, CrlKind::Delta { .. }) {
            return Ok(None);
        }
        let mut lost = Vec::new();
        for entry in existing.entries() {
            let serial = SerialNumber::from_octets(entry.serial);
            if !lists(&serial) && !self.may_leave(recorder, &serial, entry.reason)? {
                lost.push(serial.to_string());
            }
        }
        if lost.is_empty() {
            return Ok(None);
        }
        let more = lost.len().saturating_sub(SHOWN);
        lost.truncate(SHOWN);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        Ok(Some(Conflict::Entries(format!("{}{more}", lost.join(", ")))))
    }

    /// Whether it is a hold that ended, according to the ledger, or, on a CRL of some certificates, one of the others.
    fn may_leave(
        &self,
        recorder: &Recorder,
        serial: &SerialNumber,
        reason: CrlReason,
    ) -> Result<bool, WorkflowError> {
        let issuer = authority_of(&self.signing.authority)?;
        let entry = recorder.ledger().certificate(&issuer, serial)?;
        let last = entry.and_then(|entry| entry.revocation).map(|last| last.state);
        let was_released = reason == CrlReason::CertificateHold && last == Some(RevocationState::Released);
        Ok(was_released || !recorder.covers(&self.coverage(), &issuer, serial)?)
    }
}
