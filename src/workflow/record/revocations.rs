//! What a ledger has revoked, for a CRL.

use std::ops::ControlFlow;

use super::{Recorder, authority_of, time};
use crate::ledger::{self, LedgerError, RevocationState};
use crate::workflow::WorkflowError;
use crate::x509::{
    Certificate, CrlScope, Revocation, RevocationReason, Revocations, RevocationsError, SerialNumber,
    UnixTime, X509Error,
};

impl Recorder {
    /// What is revoked at `this_update`, of the certificates that a CRL of `scope` is about. What was revoked in the moments since is
    /// for the next CRL; an expired certificate stays, as with `openssl ca`.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub(in super::super) fn revocations(
        &self,
        authority: &Certificate,
        scope: CrlScope,
        this_update: UnixTime,
    ) -> Result<Revocations, WorkflowError> {
        let issuer = authority_of(authority)?;
        let mut found = Revocations::default();
        let mut problem = None;
        self.ledger().revocations(&issuer, None, &mut |entry| {
            let taken = self.take(&issuer, &entry, scope, this_update);
            match taken.and_then(|taken| push(&mut found, taken)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    problem = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        match problem {
            Some(error) => Err(error),
            None => found.sorted().map_err(contradiction),
        }
    }

    fn take(
        &self,
        issuer: &ledger::Authority,
        entry: &ledger::Revocation,
        scope: CrlScope,
        this_update: UnixTime,
    ) -> Result<Option<Revocation>, WorkflowError> {
        let RevocationState::Revoked {
            reason,
            revoked,
            invalidity_date,
        } = entry.state
        else {
            return Ok(None);
        };
        if revoked > time(this_update) || !self.is_of(issuer, &entry.serial, scope)? {
            return Ok(None);
        }
        Ok(Some(Revocation {
            serial: SerialNumber::from_octets(entry.serial.der_octets()),
            revoked_at: UnixTime(revoked.0),
            reason: RevocationReason::from_code(reason.code()).unwrap_or(RevocationReason::Unspecified),
            invalid_since: invalidity_date.map(|time| UnixTime(time.0)),
        }))
    }

    /// Whether a CRL of that scope is about this certificate. One that was begun, and whose bytes nobody has, is on both.
    fn is_of(
        &self,
        issuer: &ledger::Authority,
        serial: &ledger::Serial,
        scope: CrlScope,
    ) -> Result<bool, WorkflowError> {
        if scope == CrlScope::All {
            return Ok(true);
        }
        let entry = self.ledger().certificate(issuer, serial)?;
        let Some(der) = entry.as_ref().and_then(|entry| entry.state.der()) else {
            return Ok(true);
        };
        let says_ca = Certificate::from_der(&der.0)?.is_authority();
        Ok(says_ca == (scope == CrlScope::AuthorityCertificates))
    }
}

fn push(found: &mut Revocations, taken: Option<Revocation>) -> Result<(), WorkflowError> {
    match taken {
        Some(revocation) => found.push(&revocation).map_err(contradiction),
        None => Ok(()),
    }
}

/// A ledger has a certificate once, and takes serial numbers from certificates.
fn contradiction(error: RevocationsError) -> WorkflowError {
    match error {
        RevocationsError::LongSerial => LedgerError::Range.into(),
        RevocationsError::Twice(serial) => X509Error::Malformed {
            what: "list of revocations",
            reason: format!("{serial} is in the ledger twice"),
        }
        .into(),
    }
}
