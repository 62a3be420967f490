//! CRL numbers (RFC 5280 sections 5.2.3 and 5.2.4).

use super::Recording;
use crate::ledger::event::What;
use crate::ledger::store::Store;
use crate::ledger::{
    Authority, CrlNumber, CrlNumberProblem, EntryId, LedgerError, Object, ReservedCrlNumber, UnixTime,
};

impl<S: Store> Recording<'_, S> {
    pub(in super::super) fn reserve_crl_number(
        &mut self,
        authority: &Authority,
        above: Option<CrlNumber>,
    ) -> Result<ReservedCrlNumber, S::Error> {
        let authority = self.authority(authority)?;
        let highest = self.store.highest_crl_number(authority)?.max(above);
        let highest = highest.unwrap_or(CrlNumber::ZERO);
        let number = highest.next().ok_or(LedgerError::CrlNumber {
            number: highest,
            problem: CrlNumberProblem::Last,
        })?;
        let event = self.append(What::CrlNumber { authority, number })?;
        Ok(ReservedCrlNumber { number, event })
    }

    /// RFC 5280 section 5.2.3: one sequence for complete and delta CRLs, and one of each may share a number if they are issued at
    /// the same time.
    pub(super) fn check_crl_number(
        &self,
        authority: u64,
        number: CrlNumber,
        base: Option<CrlNumber>,
        this_update: UnixTime,
    ) -> Result<(), S::Error> {
        let refuse = |problem| Err(LedgerError::CrlNumber { number, problem }.into());
        let numbers = self.store.crl_numbers(authority, number, base)?;
        let reserved = |wanted| numbers.iter().find(|found| found.number == wanted);
        let Some(found) = reserved(number) else {
            return refuse(CrlNumberProblem::NotReserved);
        };
        let (own, other) = if base.is_some() {
            (found.delta, found.complete)
        } else {
            (found.complete, found.delta)
        };
        if own.is_some() {
            return refuse(CrlNumberProblem::Used);
        }
        if let Some(other) = other
            && !self.is_of(other, this_update)?
        {
            return refuse(CrlNumberProblem::OtherTime);
        }
        if numbers
            .iter()
            .any(|later| later.number > number && later.is_used())
        {
            return refuse(CrlNumberProblem::Passed);
        }
        let Some(base) = base else { return Ok(()) };
        // RFC 5280 section 5.2.4: the base is a complete CRL that was issued. A number that was not reserved here belongs to a CRL from
        // before this ledger, which the caller has verified.
        let signed = match reserved(base).map(|base| base.complete) {
            None => true,
            Some(None) => false,
            Some(Some(entry)) => {
                let ended = self.ended(entry)?;
                ended.is_some_and(|how| !matches!(how, What::Abandoned { .. }))
            }
        };
        if base >= number || !signed {
            return refuse(CrlNumberProblem::Base);
        }
        Ok(())
    }

    /// Whether the entry is a CRL with this `thisUpdate`.
    fn is_of(&self, entry: EntryId, this_update: UnixTime) -> Result<bool, S::Error> {
        let begun = self.store.event(entry.0)?.map(|event| event.event);
        Ok(matches!(
            begun,
            Some(What::Begun { object: Object::Crl { this_update: found, .. }, .. }) if found == this_update
        ))
    }
}
