//! The content, validity and signature algorithm of a certificate, from the fields of its step.

use std::sync::Arc;

use const_oid::db::rfc5280::ID_CE_EXT_KEY_USAGE;

use super::{ObjectBuilder, time, value};
use crate::ceremony::{CrossSign, NotAfter, NotBefore, Session, Step};
use crate::signer::{Hash, PublicKey, SignatureAlgorithm, SignatureChoice};
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::waivers::waived_in_profile;
use crate::workflow::ceremony::{CeremonyError, RefusedKeys};
use crate::x509::{
    AskedValidity, Original, Period, Profile, ProfileExtension, Purpose, UnixTime, Validity, ValidityEnd,
};

/// The end of validity, and the limits that it must not exceed.
pub(super) struct End<'a> {
    pub(super) days: Option<u32>,
    pub(super) not_after: Option<&'a NotAfter>,
}

impl ObjectBuilder<'_> {
    pub(super) fn profile(&self, step: &Step, name: &str) -> Result<Arc<Profile>, CeremonyError> {
        let found = self.profiles.get(name);
        let found = found.ok_or_else(|| {
            value(
                &step.id,
                "profile",
                format!("the profile {name:?} does not exist"),
            )
        })?;
        Ok(Arc::new(self.waived(step, found.profile.as_ref().clone())))
    }

    /// The profile, with the waivers that the file has for this step and with the machine's refused keys.
    pub(super) fn waived(&self, step: &Step, mut profile: Profile) -> Profile {
        profile.refused_keys = self.refused_keys.and_then(RefusedKeys::list);
        let waived = waived_in_profile(self.file, &step.id);
        profile.waived.extend(waived.into_iter().map(Into::into));
        profile
    }

    /// The content of the cross-certificate: from the original, the issuer's profile, and the extended key usages that the step adds.
    pub(super) fn cross_profile(
        &self,
        step: &Step,
        cross: &CrossSign,
        original: &Original,
    ) -> Result<Profile, WorkflowError> {
        const FIELD: &str = "extended-key-usage";
        let own = cross
            .profile
            .as_ref()
            .map(|name| self.profile(step, name))
            .transpose()?;
        let mut profile = Profile::cross(original, own.as_deref())?;
        let mut purposes = Vec::new();
        for word in &cross.extended_key_usage {
            let purpose = Purpose::parse(word).map_err(|reason| value(&step.id, FIELD, reason))?;
            if purposes.contains(&purpose) {
                return Err(value(&step.id, FIELD, format!("{word} is listed twice")).into());
            }
            purposes.push(purpose);
        }
        if !purposes.is_empty() {
            let is_said = |found: &ProfileExtension| match found {
                ProfileExtension::ExtendedKeyUsage(_) => true,
                ProfileExtension::Carried(carried) => carried.identifier == ID_CE_EXT_KEY_USAGE,
                _ => false,
            };
            if profile.extensions.iter().any(is_said) {
                let reason =
                    "the original or the profile has purposes already, and those are kept".to_owned();
                return Err(value(&step.id, FIELD, reason).into());
            }
            let purposes = ProfileExtension::ExtendedKeyUsage(purposes.into());
            profile.extensions.insert(0, purposes);
        }
        Ok(self.waived(step, profile))
    }

    pub(super) fn validity(
        &self,
        step: &Step,
        not_before: &NotBefore,
        end: &End<'_>,
        profile: &Profile,
        ends: &[UnixTime],
        session: &Session,
    ) -> Result<Validity, WorkflowError> {
        let not_before = match not_before {
            NotBefore::Session => session.begins,
            NotBefore::At(text) => time(step, "not-before", text)?,
        };
        let end = match (end.days, end.not_after) {
            (Some(_), Some(_)) => {
                return Err(value(&step.id, "days", "give days or not-after, not both".to_owned()).into());
            }
            (Some(days), None) => Some(ValidityEnd::After(Period::Days(days))),
            (None, Some(NotAfter::At(text))) => {
                let last = UnixTime::parse_last_second(text);
                let last = last.map_err(|error| value(&step.id, "not-after", error.to_string()))?;
                Some(ValidityEnd::At(last))
            }
            // The first entry is the end of the signing certificate. The end of the original follows it.
            (None, Some(NotAfter::Issuer)) => ends.first().map(|end| ValidityEnd::At(*end)),
            (None, None) => {
                let reason = "days or not-after is missing: a plan leaves no date open".to_owned();
                return Err(value(&step.id, "days", reason).into());
            }
        };
        let asked = AskedValidity {
            not_before: Some(not_before),
            end,
        };
        Ok(asked.choose(profile.default_days, ends, session.begins)?)
    }

    pub(super) fn signature(
        &self,
        step: &Step,
        hash: Option<&str>,
        key: &PublicKey,
    ) -> Result<SignatureAlgorithm, WorkflowError> {
        let hash = match hash {
            None => None,
            Some("sha256") => Some(Hash::Sha256),
            Some("sha384") => Some(Hash::Sha384),
            Some("sha512") => Some(Hash::Sha512),
            Some(other) => {
                let reason = format!("{other:?} must be sha256, sha384 or sha512");
                return Err(value(&step.id, "hash", reason).into());
            }
        };
        let choice = SignatureChoice { hash, pss: false };
        Ok(key.algorithm().choose(choice)?)
    }
}
