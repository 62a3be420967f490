//! Records a CA that was kept elsewhere. Skips what the ledger already has.

use super::{LARGEST_CRL_KEPT, Recording};
use crate::ledger::event::What;
use crate::ledger::store::{Contradiction, Store};
use crate::ledger::value::first_element_digest;
use crate::ledger::{
    AdoptedCrl, Adoption, Authority, AuthorityCertificate, Der, Digest, LedgerError, Object, Outcome,
    PathCheck, RevocationReason, RevocationRequest, RevocationState, TakenOver, Takeover,
};

impl<S: Store> Recording<'_, S> {
    pub(in super::super) fn take_over(&mut self, takeover: &Takeover) -> Result<TakenOver, S::Error> {
        let issuer = &takeover.authority;
        let authority = self.authority(issuer)?;
        let mut new = TakenOver::default();
        if let Some(certificate) = &takeover.certificate {
            new.certificate = self.authority_certificate(authority, certificate, &takeover.waived)?;
        }
        if let Some(entry) = &takeover.entry {
            self.adopt_once(entry)?;
        }
        for certificate in &takeover.certificates {
            new.certificates += u64::from(self.adopt_once(certificate)?);
        }
        for number in &takeover.serials {
            new.serials += u64::from(self.adopt_number(authority, number)?);
        }
        for revocation in &takeover.revocations {
            new.revocations += u64::from(self.revoke_once(authority, issuer, revocation)?);
        }
        if let Some(crl) = &takeover.crl {
            self.adopt_crl(authority, crl)?;
        }
        new.crl_number = self.store.highest_crl_number(authority)?;
        Ok(new)
    }

    fn authority_certificate(
        &mut self,
        authority: u64,
        certificate: &AuthorityCertificate,
        waived: &[String],
    ) -> Result<bool, S::Error> {
        let AuthorityCertificate { der, path, .. } = certificate;
        let sha256 = Digest::of(&der.0);
        let before = match self.store.authority_certificate(authority, &sha256)? {
            None => None,
            Some(event) => match self.store.event(event)?.map(|event| event.event) {
                Some(What::AuthorityCertificate { path, .. }) => Some(path),
                _ => {
                    return Err(Contradiction(format!("event {event} is not about a CA certificate")).into());
                }
            },
        };
        // A path that is now verified is recorded. One that was verified before and is not checked now stays verified.
        if before.is_some_and(|before| before == *path || *path == PathCheck::NotChecked) {
            return Ok(false);
        }
        let (der, path) = (der.clone(), *path);
        let what = What::AuthorityCertificate {
            authority,
            sha256,
            der,
            path,
            waived: waived.to_vec(),
        };
        self.append(what).map(|_| true)
    }

    /// Returns whether it was new. Completes an entry that began with the same bytes and has no recorded end.
    fn adopt_once(&mut self, adoption: &Adoption) -> Result<bool, S::Error> {
        let Object::Certificate { serial, .. } = &adoption.object else {
            return Err(LedgerError::NotACertificate.into());
        };
        let authority = self.authority(&adoption.authority)?;
        let Some(entry) = self.store.entry_of_serial(authority, serial)? else {
            return self.append_adoption(authority, adoption).map(|_| true);
        };
        if self.is_bare_number(authority, serial)? {
            return self.append_adoption(authority, adoption).map(|_| true);
        }
        let sha256 = Digest::of(&adoption.certificate);
        let signed = |what: &What| match what {
            What::Signed { sha256, .. } => Some(*sha256),
            What::Adopted { sha256, .. } => *sha256,
            _ => None,
        };
        let used = LedgerError::SerialUsed {
            serial: serial.clone(),
            entry,
        };
        let is_begun = |what: Option<What>| {
            matches!(what, Some(What::Begun { authority: found, tbs_sha256, .. })
                if found == authority && first_element_digest(&adoption.certificate) == Some(tbs_sha256))
        };
        match self.ended(entry)? {
            Some(ending) if signed(&ending) == Some(sha256) => Ok(false),
            // It was signed although the ledger has it as abandoned.
            Some(What::Abandoned { .. }) if is_begun(self.begun(entry)?) => Ok(false),
            Some(_) => Err(used.into()),
            None if is_begun(self.begun(entry)?) => {
                let signed = &adoption.certificate;
                self.complete(&Outcome { entry, signed }).map(|()| true)
            }
            None => Err(used.into()),
        }
    }

    fn adopt_number(&mut self, authority: u64, object: &Object) -> Result<bool, S::Error> {
        let Object::SerialNumber { serial, .. } = object else {
            return Err(LedgerError::NotACertificate.into());
        };
        if self.store.entry_of_serial(authority, serial)?.is_some() {
            return Ok(false);
        }
        let what = What::Adopted {
            authority,
            sha256: None,
            object: object.clone(),
            der: None,
        };
        self.append(what).map(|_| true)
    }

    /// This ledger's record of a certificate counts as newer than the other one's, unless the other one has a reason that may follow.
    fn revoke_once(
        &mut self,
        id: u64,
        authority: &Authority,
        request: &RevocationRequest,
    ) -> Result<bool, S::Error> {
        let before = self.store.revocation(id, &request.serial)?;
        let is_news = match before {
            None => true,
            Some(RevocationState::Revoked { reason, .. }) => reason.may_become(request.reason),
            Some(RevocationState::Released) => request.reason != RevocationReason::CertificateHold,
        };
        if is_news {
            self.revoke(authority, request)?;
        }
        Ok(is_news)
    }

    fn adopt_crl(&mut self, authority: u64, crl: &AdoptedCrl) -> Result<(), S::Error> {
        let Object::Crl {
            number, base: None, ..
        } = &crl.object
        else {
            return Err(LedgerError::NotACertificate.into());
        };
        // It was adopted before, or this ledger has a later CRL.
        if self
            .store
            .highest_crl_number(authority)?
            .is_some_and(|highest| highest >= *number)
        {
            return Ok(());
        }
        self.append(What::Adopted {
            authority,
            sha256: Some(Digest::of(&crl.der)),
            object: crl.object.clone(),
            der: (crl.der.len() <= LARGEST_CRL_KEPT).then(|| Der(crl.der.clone())),
        })
        .map(drop)
    }
}
