//! The certificates of a ceremony.

use std::sync::Arc;

use super::terms::End;
use super::{Made, ObjectBuilder, value};
use crate::ceremony::{CreateCa, CrossSign, NotAfter, Session, SignCsr, Step};
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::CeremonyError;
use crate::x509::{Checked, Issuer, Name, Original, Tbs};

impl ObjectBuilder<'_> {
    pub(super) fn create_ca(
        &self,
        step: &Step,
        create: &CreateCa,
        session: &Session,
    ) -> Result<Checked, WorkflowError> {
        let key = self.keys.get(&create.key);
        let key = key.ok_or_else(|| value(&step.id, "key", "it does not exist".to_owned()))?;
        let profile = self.profile(step, &create.profile)?;
        let end = End {
            days: create.days,
            not_after: create.not_after.as_ref(),
        };
        if end.not_after == Some(&NotAfter::Issuer) {
            let reason = "a self-signed certificate has no other issuer that it could end with".to_owned();
            return Err(value(&step.id, "not-after", reason).into());
        }
        let validity = self.validity(step, &create.not_before, &end, &profile, &[], session)?;
        let subject = Name::from_rfc4514(&create.subject)?;
        let signature = self.signature(step, create.hash.as_deref(), key)?;
        let serial = self.serials.serial(&session.name, &step.id)?;
        let tbs = Tbs::self_signed(Arc::clone(&profile), key, &subject, &serial, validity, signature)?;
        Ok(tbs.check(Issuer::Itself, session.begins)?)
    }

    pub(super) fn sign_csr(
        &self,
        step: &Step,
        sign: &SignCsr,
        session: &Session,
        made: &Made,
    ) -> Result<Checked, WorkflowError> {
        let authority = self.authority(&sign.issuer, session, made)?;
        let request = self.inputs.request(&sign.csr)?;
        if let Some((name, _)) = self.known.iter().find(|(_, key)| **key == *request.public_key()) {
            let reason = format!("it is for the key {name:?}, which signs in this ceremony");
            let name = sign.csr.clone();
            return Err(CeremonyError::InputContent { name, reason }.into());
        }
        let profile = self.profile(step, &sign.profile)?;
        let end = End {
            days: sign.days,
            not_after: sign.not_after.as_ref(),
        };
        let ends = [authority.certificate.validity().not_after];
        let validity = self.validity(step, &sign.not_before, &end, &profile, &ends, session)?;
        let signature = self.signature(step, sign.hash.as_deref(), &authority.key)?;
        let serial = self.serials.serial(&session.name, &step.id)?;
        let issuer = &authority.certificate;
        let tbs = Tbs::for_request(
            Arc::clone(&profile),
            &request,
            issuer,
            &serial,
            validity,
            signature,
        )?;
        Ok(tbs.check(Issuer::Authority(issuer), session.begins)?)
    }

    pub(super) fn cross_sign(
        &self,
        step: &Step,
        cross: &CrossSign,
        session: &Session,
        made: &Made,
    ) -> Result<Checked, WorkflowError> {
        let authority = self.authority(&cross.issuer, session, made)?;
        let original = self.certificate(&cross.subject_of, made)?;
        let signed_by = cross
            .signed_by
            .as_ref()
            .map(|name| self.certificate(name, made))
            .transpose()?;
        let original = Original::verify(original, signed_by.as_ref(), session.begins)?;
        let profile = Arc::new(self.cross_profile(step, cross, &original)?);
        let end = End {
            days: cross.days,
            not_after: cross.not_after.as_ref(),
        };
        let ends = [&authority.certificate, original.certificate()].map(|one| one.validity().not_after);
        let validity = self.validity(step, &cross.not_before, &end, &profile, &ends, session)?;
        let signature = self.signature(step, cross.hash.as_deref(), &authority.key)?;
        let serial = self.serials.serial(&session.name, &step.id)?;
        let issuer = &authority.certificate;
        let tbs = Tbs::cross(
            Arc::clone(&profile),
            &original,
            issuer,
            &serial,
            validity,
            signature,
        )?;
        Ok(tbs.check(Issuer::Authority(issuer), session.begins)?)
    }
}
