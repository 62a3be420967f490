//! Recording revocations and the ends of holds.

use super::Recording;
use crate::ledger::event::What;
use crate::ledger::store::Store;
use crate::ledger::{
    Authority, LedgerError, RevocationReason, RevocationRequest, RevocationState, SerialNumber,
};

impl<S: Store> Recording<'_, S> {
    pub(in super::super) fn revoke(
        &mut self,
        authority: &Authority,
        request: &RevocationRequest,
    ) -> Result<(), S::Error> {
        let serial = &request.serial;
        let authority = self.authority_of(authority, serial)?;
        let mut what = (request.revoked, request.invalidity_date);
        let before = self.store.revocation(authority, serial)?;
        if let Some(RevocationState::Revoked {
            reason,
            revoked,
            invalidity_date,
        }) = before
        {
            if !reason.may_become(request.reason) {
                return Err(LedgerError::AlreadyRevoked {
                    serial: serial.clone(),
                    reason,
                }
                .into());
            }
            // The certificate has not been valid since the first revocation; only the reason changes.
            what = (revoked, request.invalidity_date.or(invalidity_date));
        }
        let (revoked, invalidity_date) = what;
        let serial = serial.clone();
        let reason = request.reason;
        self.append(What::Revoked {
            authority,
            serial,
            reason,
            revoked,
            invalidity_date,
            key_sha256: request.key_sha256,
        })
        .map(drop)
    }

    pub(in super::super) fn release(
        &mut self,
        authority: &Authority,
        serial: &SerialNumber,
    ) -> Result<(), S::Error> {
        let authority = self.authority_of(authority, serial)?;
        let before = self.store.revocation(authority, serial)?;
        match before {
            Some(RevocationState::Revoked {
                reason: RevocationReason::CertificateHold,
                ..
            }) => self
                .append(What::Released {
                    authority,
                    serial: serial.clone(),
                })
                .map(drop),
            _ => Err(LedgerError::NotOnHold {
                serial: serial.clone(),
            }
            .into()),
        }
    }

    /// The authority, if it issued that certificate.
    fn authority_of(&self, authority: &Authority, serial: &SerialNumber) -> Result<u64, S::Error> {
        let unknown = || LedgerError::UnknownCertificate {
            serial: serial.clone(),
        };
        let id = self.store.authority(authority)?.ok_or_else(unknown)?;
        let entry = self.store.entry_of_serial(id, serial)?.ok_or_else(unknown)?;
        match self.begun(entry)? {
            // Another key with the same name may have issued it. Such a certificate is on that key's CRLs.
            Some(What::Begun { authority, .. } | What::Adopted { authority, .. }) if authority == id => {
                Ok(id)
            }
            _ => Err(unknown().into()),
        }
    }
}
