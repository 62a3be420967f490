//! The certificates of a draft.

use std::sync::Arc;

use super::terms::End;
use super::{Authority, Draft, Made, value};
use crate::ceremony::{CreateCa, CrossSign, NotAfter, Session, SignCsr, Step};
use crate::signer::PublicKey;
use crate::workflow::ceremony::CeremonyError;
use crate::workflow::ceremony::stand_in::StandIn;
use crate::workflow::lint::Rehearsals;
use crate::workflow::{Linted, WorkflowError};
use crate::x509::{Checked, Issuer, Name, Original, Profile, SerialNumber, Tbs, ThrowawayKey};

impl Draft<'_> {
    pub(super) fn create_ca(
        &self,
        step: &Step,
        create: &CreateCa,
        session: &Session,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        let stand_in = self.keys.get(&create.key);
        let stand_in = stand_in.ok_or_else(|| value(&step.id, "key", "it does not exist".to_owned()))?;
        let key = &stand_in.public_key;
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
        let serial = SerialNumber::random(self.random)?;
        let tbs = Tbs::self_signed(Arc::clone(&profile), key, &subject, &serial, validity, signature)?;
        let checked = tbs.check(Issuer::Itself, session.begins)?;
        let issuer = Issuer::Itself;
        self.judge(&checked, issuer, &profile, key, session)?;
        let certificate = checked
            .rehearse(&stand_in.key, issuer, session.begins)?
            .certificate()
            .clone();
        made.take(step, &create.out, certificate, signature)
    }

    pub(super) fn sign_csr(
        &self,
        step: &Step,
        sign: &SignCsr,
        session: &Session,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        let authority = self.authority(&sign.issuer, session, made)?;
        let request = self.inputs.request(&sign.csr)?;
        let is_of_ceremony = |stand_in: &StandIn| stand_in.known.as_ref() == Some(request.public_key());
        if let Some((name, _)) = self.keys.iter().find(|(_, stand_in)| is_of_ceremony(stand_in)) {
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
        let serial = SerialNumber::random(self.random)?;
        let issuer = &authority.certificate;
        let tbs = Tbs::for_request(
            Arc::clone(&profile),
            &request,
            issuer,
            &serial,
            validity,
            signature,
        )?;
        self.issue(step, &sign.out, tbs, &authority, &profile, session, made)
    }

    pub(super) fn cross_sign(
        &self,
        step: &Step,
        cross: &CrossSign,
        session: &Session,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
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
        let serial = SerialNumber::random(self.random)?;
        let issuer = &authority.certificate;
        let tbs = Tbs::cross(
            Arc::clone(&profile),
            &original,
            issuer,
            &serial,
            validity,
            signature,
        )?;
        self.issue(step, &cross.out, tbs, &authority, &profile, session, made)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one certificate")]
    pub(super) fn issue(
        &self,
        step: &Step,
        out: &str,
        tbs: Tbs,
        authority: &Authority<'_>,
        profile: &Profile,
        session: &Session,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        let issuer = Issuer::Authority(&authority.certificate);
        let checked = tbs.check(issuer, session.begins)?;
        self.judge(&checked, issuer, profile, &authority.key, session)?;
        let signature = checked.signature();
        let own;
        let key = match authority.stand_in {
            Some(key) => key,
            None => {
                own = ThrowawayKey::like(&authority.key)?;
                &own
            }
        };
        let rehearsal = checked.rehearse(key, issuer, session.begins)?;
        made.take(step, out, rehearsal.certificate().clone(), signature)
    }

    /// Reads the certificate back at both ends of the session, and has the profile's linter look at it.
    pub(super) fn judge(
        &self,
        checked: &Checked,
        issuer: Issuer<'_>,
        profile: &Profile,
        issuer_key: &PublicKey,
        session: &Session,
    ) -> Result<(), WorkflowError> {
        let rehearsals = Rehearsals::of(profile, issuer_key)?;
        rehearsals.judge(checked, issuer, session.begins, Linted::Draft, self.progress)?;
        Ok(checked.read_back(issuer, session.ends)?)
    }
}
