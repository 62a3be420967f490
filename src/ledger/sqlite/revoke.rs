//! Recording revocations and the ends of holds.

use super::super::event::What;
use super::super::{
    Authority, LedgerError, RevocationReason, RevocationRequest, RevocationState, SerialNumber,
};
use super::append::Writer;
use super::failure::Failure;
use super::read;

impl Writer<'_> {
    pub(super) fn revoke(
        &mut self,
        authority: &Authority,
        request: &RevocationRequest,
    ) -> Result<(), Failure> {
        let serial = &request.serial;
        let authority = self.authority_of(authority, serial)?;
        let mut what = (request.revoked, request.invalidity_date);
        let before = read::revocation(&self.db, authority, serial)?;
        if let Some(RevocationState::Revoked {
            reason,
            revoked,
            invalidity_date,
        }) = before.map(|found| found.state)
        {
            if !reason.may_become(request.reason) {
                return Err(LedgerError::AlreadyRevoked {
                    serial: serial.clone(),
                    reason,
                }
                .into());
            }
            // It has not been valid since then, whatever the reason is called now.
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

    pub(super) fn release(&mut self, authority: &Authority, serial: &SerialNumber) -> Result<(), Failure> {
        let authority = self.authority_of(authority, serial)?;
        let before = read::revocation(&self.db, authority, serial)?;
        match before.map(|found| found.state) {
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
    fn authority_of(&self, authority: &Authority, serial: &SerialNumber) -> Result<u64, Failure> {
        let unknown = || LedgerError::UnknownCertificate {
            serial: serial.clone(),
        };
        let id = read::authority_id(&self.db, authority)?.ok_or_else(unknown)?;
        let entry = read::entry_of_serial(&self.db, id, serial)?.ok_or_else(unknown)?;
        match read::begun(&self.db, entry)? {
            // Another key of the same name may have issued it: it is on that one's CRLs.
            Some(What::Begun { authority, .. } | What::Adopted { authority, .. }) if authority == id => {
                Ok(id)
            }
            _ => Err(unknown().into()),
        }
    }
}
