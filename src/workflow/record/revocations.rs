//! What a ledger has revoked, for a CRL.

use std::ops::ControlFlow;

use super::{Recorder, authority_of};
use crate::ledger::{self, LedgerError, RevocationState};
use crate::workflow::WorkflowError;
use crate::x509::{
    Certificate, CrlScope, Revocation, Revocations, RevocationsError, SerialNumber, UnixTime, X509Error,
    rules,
};

/// Seconds that the clocks of two who use one ledger may differ.
const SKEW: u64 = 300;

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
        let (mut found, mut problem, mut future) = (Revocations::default(), None, None);
        self.ledger().revocations(&issuer, None, &mut |entry| {
            let revoked = revocation(&entry);
            future = future.or(revoked
                .as_ref()
                .map(|revoked| revoked.revoked_at)
                .filter(|time| *time > UnixTime(this_update.0.saturating_add(SKEW))));
            let revoked = revoked.filter(|revoked| revoked.revoked_at <= this_update);
            match revoked.map_or(Ok(()), |revoked| found.push(&revoked)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    problem = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(error) = problem {
            return Err(contradiction(error));
        }
        if let Some(time) = future {
            let found =
                format!("the ledger has one dated {time}, but it is only {this_update}: check the clock");
            return Err(X509Error::broken(rules::REVOCATION_DATE, found).into());
        }
        let found = found.sorted().map_err(contradiction)?;
        if scope == CrlScope::All {
            return Ok(found);
        }
        let mut of_scope = Revocations::default();
        for revoked in found.iter() {
            if self.is_of(&issuer, &revoked.serial, scope)? {
                of_scope.push(&revoked).map_err(contradiction)?;
            }
        }
        of_scope.sorted().map_err(contradiction)
    }

    /// Whether a CRL of that scope is about this certificate. One that was begun, and whose bytes nobody has, is on both.
    pub(in super::super) fn is_of(
        &self,
        issuer: &ledger::Authority,
        serial: &SerialNumber,
        scope: CrlScope,
    ) -> Result<bool, WorkflowError> {
        let entry = self.ledger().certificate(issuer, serial)?;
        let Some(der) = entry.as_ref().and_then(|entry| entry.state.der()) else {
            return Ok(true);
        };
        let says_ca = Certificate::from_der(&der.0)?.is_authority();
        Ok(says_ca == (scope == CrlScope::AuthorityCertificates))
    }
}

/// What a CRL says of it; nothing of what was released.
pub(in super::super) fn revocation(entry: &ledger::Revocation) -> Option<Revocation> {
    let RevocationState::Revoked {
        reason,
        revoked,
        invalidity_date,
    } = entry.state
    else {
        return None;
    };
    Some(Revocation {
        serial: entry.serial.clone(),
        revoked_at: revoked,
        reason: reason.into(),
        invalid_since: invalidity_date,
    })
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
