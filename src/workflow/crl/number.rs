//! The number of a CRL (RFC 5280 section 5.2.3): the one that it would get, and the one that it gets.

use super::CrlJob;
use crate::ledger::{CrlNumberProblem, LedgerError};
use crate::workflow::{Recorder, WorkflowError};
use crate::x509::{CrlKind, CrlNumber, X509Error, rules};

/// A requested number that is further above the last one needs a confirmation. A CA that signs a CRL each second uses fewer numbers in a
/// century, and one digit too many in a large number can leave no number for later CRLs.
const LARGEST_STEP: u64 = 1 << 32;

impl CrlJob {
    /// The number that this CRL would get now: the requested one, or the next after all that were taken and after `taken`. Records nothing.
    ///
    /// # Errors
    /// [`WorkflowError`] for a CA that the ledger does not know, a clock behind the ledger, or a requested number that this CRL cannot have.
    pub(super) fn foresee_number(
        &self,
        recorder: &mut Recorder,
        taken: Option<CrlNumber>,
    ) -> Result<CrlNumber, WorkflowError> {
        let authority = &self.signing.authority;
        recorder.require_known(authority)?;
        recorder.refuse_clock_behind()?;
        let last = recorder.highest_crl_number(authority)?.max(taken);
        // RFC 5280 section 5.2.4: the number of a delta CRL is above its base's.
        let last = last.max(self.base_number()).unwrap_or(CrlNumber::ZERO);
        let Some(asked) = self.number else {
            let problem = CrlNumberProblem::Last;
            let number = last;
            return Ok(last.next().ok_or(LedgerError::CrlNumber { number, problem })?);
        };
        recorder.refuse_lower_crl_number(authority, asked, self.base_number().is_some())?;
        // An earlier run reserved it and failed before the signature. Whether it may still be used is checked when the signature begins.
        if recorder.has_crl_number(authority, asked)? {
            return Ok(asked);
        }
        if asked <= last {
            return Err(passed(asked, last));
        }
        if !self.number_is_right && asked.is_beyond(last, LARGEST_STEP) {
            let (number, problem) = (asked, CrlNumberProblem::FarAbove);
            return Err(LedgerError::CrlNumber { number, problem }.into());
        }
        Ok(asked)
    }

    /// Takes the number from the ledger, right before the signature: the requested one, or the next. No other CRL of this CA gets it.
    ///
    /// # Errors
    /// Those of [`foresee_number`](Self::foresee_number), with which nothing is taken.
    pub(super) fn take_number(&self, recorder: &mut Recorder) -> Result<CrlNumber, WorkflowError> {
        let authority = &self.signing.authority;
        self.foresee_number(recorder, None)?;
        let known = recorder.require_known(authority)?;
        let is_first = recorder.highest_crl_number(authority)?.is_none();
        let number = match self.number {
            Some(asked) if recorder.has_crl_number(authority, asked)? => asked,
            asked => {
                let above = self.base_number().max(asked.and_then(CrlNumber::previous));
                recorder.reserve_crl_number(authority, above)?.number
            }
        };
        if let Some(asked) = self.number.filter(|asked| *asked != number) {
            // Another process took it in this moment.
            return Err(passed(asked, number));
        }
        if self.number.is_none() && is_first && recorder.is_adopted(known)? {
            recorder.notice(format!(
                "this is the first CRL that the ledger has of an adopted CA. If the CA has issued others, the number {number} may be \
                 too low, and what they revoked may be missing: adopt the CA again with its last CRL, or give a number above the last one's"
            ));
        }
        Ok(number)
    }

    /// The number of the base of a delta CRL.
    const fn base_number(&self) -> Option<CrlNumber> {
        match &self.kind {
            CrlKind::Delta { base } => Some(*base),
            CrlKind::Full { .. } => None,
        }
    }
}

fn passed(asked: CrlNumber, last: CrlNumber) -> WorkflowError {
    let found = format!("{asked} was requested, but the ledger is at {last}: numbers must increase");
    X509Error::broken(rules::CRL_NUMBER, found).into()
}
