//! Checks a planned cross-certificate against the certificate that it repeats.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_CE_KEY_USAGE;
use der::Encode;
use x509_cert::ext::Extension;

use super::{Plan, broken};
use crate::x509::cross::{ADDED, CARRIED, OF_THE_ISSUER, carried};
use crate::x509::extension::{self, extension_name};
use crate::x509::{Certificate, Name, Rule, UnixTime, X509Error, rules};

impl Plan<'_> {
    /// The CA's certificates are verified under either certificate, so everything that path building and validation use must be equal.
    pub(super) fn check_cross(&self, original: &Certificate) -> Result<(), X509Error> {
        original.check_authority_flags()?;
        self.check_cross_subject(original)?;
        self.check_cross_identifier(original)?;
        self.check_cross_extensions(original.extensions())?;
        self.check_cross_validity(original)
    }

    /// RFC 5280 section 6.1.4 (a) and (d): the next certificate of a path is checked against the CA's name and key.
    fn check_cross_subject(&self, original: &Certificate) -> Result<(), X509Error> {
        if Name::from_any(&self.tbs.subject, "subject")? != *original.subject() {
            return broken(rules::CROSS_SUBJECT, "it is not the original's");
        }
        if self.tbs.subject_public_key_info.to_der().ok() != original.key_info().to_der().ok() {
            return broken(rules::CROSS_KEY, "it is not the original's");
        }
        Ok(())
    }

    /// RFC 5280 section 4.2.1.1: it is the authorityKeyIdentifier in everything that the CA issued. If the original has none, which section
    /// 4.2.1.2 does not allow, it is the key's own, as other programs compute it.
    fn check_cross_identifier(&self, original: &Certificate) -> Result<(), X509Error> {
        let found = extension::find_subject_key_identifier(self.extensions())?;
        let wanted = match original.subject_key_identifier()? {
            Some(wanted) => wanted,
            None => self.subject_key()?.key_identifier(),
        };
        if found != Some(wanted) {
            return broken(rules::CROSS_SKI, "it is not the original's");
        }
        Ok(())
    }

    fn check_cross_extensions(&self, original: &[Extension]) -> Result<(), X509Error> {
        const RULE: &Rule = rules::CROSS_EXTENSIONS;
        let find = |list: &[Extension], kind: ObjectIdentifier| {
            list.iter().find(|extension| extension.extn_id == kind).cloned()
        };
        let lost = original
            .iter()
            .filter(|extension| CARRIED.contains(&extension.extn_id))
            .find(|wanted| find(self.extensions(), wanted.extn_id) != Some(carried(wanted)));
        if let Some(lost) = lost {
            let name = extension_name(lost.extn_id);
            return broken(RULE, format!("{name} differs from the original"));
        }
        // Exactly keyCertSign and cRLSign.
        let is_usage_of_a_ca = |found: &Extension| {
            let usage = found.extn_value.as_bytes() == b"\x03\x02\x01\x06";
            found.extn_id == ID_CE_KEY_USAGE && usage && found.critical
        };
        let may_stand = |found: &Extension| {
            let kind = found.extn_id;
            let is_carried = CARRIED.contains(&kind) && find(original, kind).is_some();
            is_carried
                || is_usage_of_a_ca(found)
                || OF_THE_ISSUER.contains(&kind)
                || ADDED.contains(&kind)
                || extension::is_subject_key_identifier(kind)
        };
        let states_usage = original.iter().any(|found| found.extn_id == ID_CE_KEY_USAGE);
        if !states_usage && !self.extensions().iter().any(is_usage_of_a_ca) {
            return broken(RULE, "it has no keyUsage with keyCertSign and cRLSign");
        }
        let added = self.extensions().iter().find(|found| !may_stand(found));
        if let Some(added) = added {
            let name = extension_name(added.extn_id);
            return broken(RULE, format!("{name} must not be repeated"));
        }
        Ok(())
    }

    fn check_cross_validity(&self, original: &Certificate) -> Result<(), X509Error> {
        const RULE: &Rule = rules::CROSS_VALIDITY;
        let validity = &self.tbs.validity;
        let [begins, ends] = [&validity.not_before, &validity.not_after].map(UnixTime::from_time);
        let bounds = original.validity();
        if begins < bounds.not_before {
            let found = format!("it starts {begins}, the original {}", bounds.not_before);
            return broken(RULE, found);
        }
        if ends > bounds.not_after {
            return broken(RULE, format!("it ends {ends}, the original {}", bounds.not_after));
        }
        Ok(())
    }
}
