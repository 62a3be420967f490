//! Records what a CA key signs: before the signature, so that every signature leaves a trace, and after it was verified. This module only
//! records; building, checking, signing and delivering are separate calls. It converts structures to the ledger's plain values, because the
//! ledger does not know the structures.

mod compromised;
mod crls;
mod delivered;
mod guards;
mod heads;
mod identifier;
mod keys;
mod known;
mod left_keys;
mod object;
mod placed;
mod renewal;
mod revocations;
mod second;
#[cfg(test)]
mod tests;
mod twice;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub(super) use compromised::{find_compromised, remembered_by};
pub use guards::Guards;
pub(super) use guards::{CLOCK, SKEW};
pub use keys::KeyLog;
pub use known::{KnownAs, UnknownAuthority};
pub(super) use known::{
    NamedAuthority, authority_certificates, authority_certificates_in_any_spelling, require_known,
};
pub(super) use left_keys::LeftKey;
pub use object::authority_of;
pub(super) use object::{
    adopted, adopted_crl, adopted_number, authority_with, certificate_intent, crl_intent, ocsp_intent,
    request_intent, revocation_request,
};
pub use renewal::Renewed;
pub(super) use revocations::{Coverage, revocation};
pub use second::Waivers;
pub(super) use second::{Namesake, NewAuthority};

use super::{Clock, WorkflowError};
use crate::ledger::{
    Adoption, Authority, CrlNumber, EntryId, EntryState, Ledger, LedgerError, LedgerUrl, Outcome, PathCheck,
    ReservedCrlNumber, RevocationRequest, SerialNumber, Stamp, TakenOver, Takeover,
};
use crate::x509::{Certificate, UnixTime, X509Error, rules};

/// A ledger that is open for writing, with the writer's name and clock.
pub struct Recorder {
    ledger: Box<dyn Ledger>,
    by: String,
    clock: Clock,
    /// Entries that were passed to the caller, who has not confirmed the delivery yet.
    handed_over: Vec<EntryId>,
    guards: Guards,
    /// Notices for the result of the command.
    notices: Vec<String>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

/// The program's name and version, for every event.
const TOOL: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

impl Recorder {
    /// Records in `ledger` in the name of `by`, as the caller names people, for example `user@host`.
    #[must_use]
    pub fn new(ledger: Box<dyn Ledger>, by: String, clock: Clock) -> Self {
        Self {
            ledger,
            by,
            clock,
            handed_over: Vec::new(),
            guards: Guards::default(),
            notices: Vec::new(),
        }
    }

    /// Creates a new ledger at `place`, where none may exist, and records in it.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub fn make(place: &LedgerUrl, by: String, clock: Clock) -> Result<Self, LedgerError> {
        let ledger = place.create(&stamp(&by, clock.now()))?;
        Ok(Self::new(ledger, by, clock))
    }

    /// From now on, waits for other processes or for the ledger's server end soon after this flag is set.
    pub fn end_waits_when(&mut self, interrupted: Arc<AtomicBool>) {
        self.ledger.end_waits_when(interrupted);
    }

    /// The ledger.
    #[must_use]
    pub fn ledger(&self) -> &dyn Ledger {
        self.ledger.as_ref()
    }

    fn stamp(&self) -> Stamp {
        stamp(&self.by, self.now())
    }

    /// The stamp of an event that decides something: the clock must not be behind the ledger.
    fn checked_stamp(&self) -> Result<Stamp, WorkflowError> {
        Ok(Stamp {
            waived: self.waived_now()?,
            ..self.stamp()
        })
    }

    /// Records what was signed.
    pub(super) fn complete_many(&mut self, outcomes: &[Outcome<'_>]) -> Result<(), LedgerError> {
        let stamp = self.stamp();
        self.ledger.complete_many(outcomes, &stamp)
    }

    /// Records that these entries will not be signed. If that fails, they stay open, and the error to report is the one that stopped the job.
    pub fn abandon(&mut self, entries: &[EntryId], reason: &str) {
        let _ = self.record_abandoned(entries, reason);
    }

    /// The same, for a caller that must not continue unless it is recorded.
    ///
    /// # Errors
    /// Errors of the ledger; the entries stay open.
    pub(super) fn record_abandoned(&mut self, entries: &[EntryId], reason: &str) -> Result<(), LedgerError> {
        if entries.is_empty() {
            return Ok(());
        }
        let stamp = self.stamp();
        self.ledger.abandon_many(entries, reason, &stamp)
    }

    /// Refuses a CA certificate that is not in the ledger byte for byte, and returns where the ledger has it. If the path above it was never
    /// checked, the result of the command says so.
    ///
    /// # Errors
    /// [`WorkflowError::UnknownAuthority`]
    pub fn require_known(&mut self, authority: &Certificate) -> Result<KnownAs, WorkflowError> {
        let known = require_known(self.ledger(), authority)?;
        if let KnownAs::Event {
            path: PathCheck::NotChecked,
            ..
        } = known
        {
            let notice = format!(
                "the path above the CA certificate of \"{}\" was NOT checked: it was adopted without its issuers. Adopt it again, \
                 with their certificates",
                authority.subject()
            );
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
        Ok(known)
    }

    /// Whether a CA certificate was signed without this ledger.
    pub(super) fn is_adopted(&self, known: KnownAs) -> Result<bool, LedgerError> {
        let KnownAs::Entry(entry) = known else {
            return Ok(true);
        };
        let found = self.ledger.entry(entry)?;
        Ok(found.is_some_and(|found| matches!(found.state, EntryState::Adopted { .. })))
    }

    /// Whether the ledger has seen this name and key together.
    pub(super) fn knows_name_and_key(&self, authority: &Authority) -> Result<bool, LedgerError> {
        let alike = self.ledger.authorities_like(authority)?;
        Ok(alike.iter().any(|found| found.is(authority)))
    }

    /// This authority in every spelling of its name that the ledger has. RFC 5280 section 7.1 makes them one CA, with one sequence of CRL
    /// numbers and one set of revocations, although each spelling has its own rows.
    pub(super) fn spellings_of(&self, authority: &Authority) -> Result<Vec<Authority>, LedgerError> {
        let name = &authority.subject.name;
        let mut alike = self.ledger.authorities_like(authority)?;
        alike.retain(|found| found.key_sha256 == authority.key_sha256 && found.subject.name.is_like(name));
        Ok(alike)
    }

    /// The highest CRL number of this CA, whatever the spelling of its name.
    pub(super) fn highest_crl_number(
        &self,
        authority: &Certificate,
    ) -> Result<Option<CrlNumber>, WorkflowError> {
        let mut highest = None;
        for spelling in self.spellings_of(&authority_of(authority)?)? {
            highest = self.ledger.highest_crl_number(&spelling)?.max(highest);
        }
        Ok(highest)
    }

    /// Records a CA that was run without this ledger.
    pub(super) fn take_over(&mut self, takeover: &Takeover) -> Result<TakenOver, WorkflowError> {
        let stamp = self.checked_stamp()?;
        let taken_over = self.ledger.take_over(takeover, &stamp)?;
        self.raise_head_in_file();
        Ok(taken_over)
    }

    /// Records a certificate of `authority` that was signed without this ledger, if the ledger does not have it.
    ///
    /// # Errors
    /// [`LedgerError::SerialUsed`] if another certificate has its number.
    pub(super) fn adopt(
        &mut self,
        authority: &Certificate,
        certificate: &Certificate,
    ) -> Result<(), WorkflowError> {
        let adoption = adopted(authority, certificate)?;
        if self.has(&adoption)? {
            return Ok(());
        }
        let stamp = self.checked_stamp()?;
        match self.ledger.adopt(&adoption, &stamp) {
            Ok(_) => Ok(()),
            // Another process was faster, perhaps with the same certificate.
            Err(LedgerError::SerialUsed { .. }) if self.has(&adoption)? => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the ledger has it. A begun entry without bytes counts as the same certificate.
    fn has(&self, adoption: &Adoption) -> Result<bool, LedgerError> {
        let Some(serial) = adoption.object.serial() else {
            return Err(LedgerError::NotACertificate);
        };
        match self.ledger.certificate(&adoption.authority, serial)? {
            None => Ok(false),
            Some(entry) => match entry.state.der() {
                Some(der) if der.0 != adoption.certificate => Err(LedgerError::SerialUsed {
                    serial: serial.clone(),
                    entry: entry.id,
                }),
                _ => Ok(true),
            },
        }
    }

    /// Reserves a CRL number for `authority`, above every earlier number and above `above`. The caller has compared the ledger with the
    /// signer's store before ([`compare_with_store`](Self::compare_with_store)): a number is never given back.
    pub(super) fn reserve_crl_number(
        &mut self,
        authority: &Certificate,
        above: Option<CrlNumber>,
    ) -> Result<ReservedCrlNumber, WorkflowError> {
        let above = self.highest_crl_number(authority)?.max(above);
        let (authority, stamp) = (authority_of(authority)?, self.checked_stamp()?);
        Ok(self.ledger.reserve_crl_number(&authority, above, &stamp)?)
    }

    /// The time now.
    pub(super) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Whether that number was reserved.
    pub(super) fn has_crl_number(
        &self,
        authority: &Certificate,
        number: CrlNumber,
    ) -> Result<bool, WorkflowError> {
        let found = self.ledger.crl_number(&authority_of(authority)?, number)?;
        Ok(found.is_some())
    }

    /// Records revocations. Returns whether the head was raised in a file.
    pub(super) fn revoke(
        &mut self,
        authority: &Certificate,
        requests: &[RevocationRequest],
    ) -> Result<bool, WorkflowError> {
        let (authority, stamp) = (authority_of(authority)?, self.checked_stamp()?);
        self.ledger.revoke_many(&authority, requests, &stamp)?;
        Ok(self.raise_head_in_file())
    }

    /// Records the end of a hold. Returns whether the head was raised in a file.
    pub(super) fn release(
        &mut self,
        authority: &Certificate,
        serial: &SerialNumber,
    ) -> Result<bool, WorkflowError> {
        let (authority, stamp) = (authority_of(authority)?, self.checked_stamp()?);
        self.ledger.release(&authority, serial, &stamp)?;
        Ok(self.raise_head_in_file())
    }
}

fn stamp(by: &str, now: UnixTime) -> Stamp {
    Stamp {
        time: now,
        by: by.to_owned(),
        tool: TOOL.to_owned(),
        waived: Vec::new(),
    }
}

/// Turns a reused serial number into the refusal of its rule; only the ledger can detect it.
fn refused(error: LedgerError) -> WorkflowError {
    match error {
        LedgerError::SerialUsed { .. } => X509Error::broken(rules::SERIAL_UNUSED, error.to_string()).into(),
        other => other.into(),
    }
}
