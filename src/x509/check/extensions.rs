//! Checks the encoded extensions of a planned certificate against the profile.

use std::collections::HashSet;

use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;

use super::{Plan, broken};
use crate::signer::{Hex, PublicKey};
use crate::x509::extension::{self, Context};
use crate::x509::object_identifier::{self, Within};
use crate::x509::profile::AlternativeNames;
use crate::x509::requested::check_count;
use crate::x509::{
    AlternativeName, Certificate, Issuer, Name, ProfileExtension, Rule, SerialNumber, X509Error, rules,
};

impl Plan<'_> {
    /// X.690 section 8.19.2, also in the values of extensions.
    pub(super) fn check_object_identifiers(&self) -> Result<(), X509Error> {
        let extensions = self.tbs.extensions.iter().flatten();
        let mut values = extensions.map(|extension| extension.extn_value.as_bytes());
        let found = object_identifier::find_fault(&self.of.der, Within::Structure)
            .or_else(|| values.find_map(|value| object_identifier::find_fault(value, Within::Extension)));
        match found {
            None => Ok(()),
            Some(found) => broken(rules::OBJECT_IDENTIFIERS, found),
        }
    }

    /// Exactly the profile's extensions, each once and in order, each critical or not as RFC 5280 section 4.2.1 requires.
    pub(super) fn check_extension_list(&self) -> Result<(), X509Error> {
        let subject_is_empty = Name::from_any(&self.tbs.subject, "subject")?.is_empty();
        let found = self.extensions();
        let has_names = found.iter().any(|one| one.extn_id == ID_CE_SUBJECT_ALT_NAME);
        let wanted = self.of.profile.extensions.iter();
        let wanted = wanted
            .filter(|wanted| match wanted {
                ProfileExtension::SubjectAlternativeName(names) => names.required || has_names,
                _ => true,
            })
            .map(|wanted| {
                (
                    extension::kind(wanted),
                    extension::is_critical(wanted, subject_is_empty),
                )
            });
        if found.iter().map(|one| (one.extn_id, one.critical)).eq(wanted) {
            return Ok(());
        }
        let no_names = self.of.profile.extensions.iter().any(
            |wanted| matches!(wanted, ProfileExtension::SubjectAlternativeName(names) if names.required && !has_names),
        );
        if no_names {
            let found = "the request asks for no name that the profile accepts";
            return broken(rules::SUBJECT_ALTERNATIVE_NAME, found);
        }
        broken(
            rules::EXTENSIONS,
            format!("not those of profile {}", self.of.profile.name),
        )
    }

    /// Each value is exactly the profile's. Names are checked one by one.
    pub(super) fn check_extension_values(&self) -> Result<(), X509Error> {
        let key = self.subject_key()?;
        let serial = SerialNumber::from_int(&self.tbs.serial_number);
        let (names, others) = extension::find_alternative_names(self.extensions())?;
        for (wanted, found) in self.pairs() {
            let rule = match wanted {
                ProfileExtension::SubjectAlternativeName(taken) => {
                    check_names(taken, &names, &others)?;
                    continue;
                }
                // They have separate rules.
                ProfileExtension::SubjectKeyIdentifier | ProfileExtension::AuthorityKeyIdentifier => continue,
                ProfileExtension::BasicConstraints { .. } => rules::BASIC_CONSTRAINTS,
                ProfileExtension::KeyUsage(_) => rules::KEY_USAGE,
                ProfileExtension::ExtendedKeyUsage(_) => rules::EXTENDED_KEY_USAGE,
                ProfileExtension::NameConstraints(_)
                | ProfileExtension::CertificatePolicies(_)
                | ProfileExtension::CrlDistributionPoints(_)
                | ProfileExtension::CrlShards(_)
                | ProfileExtension::AuthorityInformationAccess { .. }
                | ProfileExtension::OcspNoCheck => rules::EXTENSIONS,
                ProfileExtension::Carried(_) => rules::CROSS_EXTENSIONS,
            };
            let context = Context {
                key: &key,
                key_identifier: None,
                subject_is_empty: false,
                authority_key_identifier: &[],
                serial: Some(&serial),
                names: &[],
            };
            let same = extension::build(wanted, context)?
                .is_some_and(|wanted| wanted.extn_value == found.extn_value);
            if !same {
                let name = extension::extension_name(found.extn_id);
                return broken(
                    rule,
                    format!("{name} is not what profile {} says", self.of.profile.name),
                );
            }
        }
        Ok(())
    }

    /// RFC 5280 section 4.2.1: each value has the form of its clause, whether a profile or another CA wrote it.
    pub(super) fn check_extension_forms(&self) -> Result<(), X509Error> {
        match self.extensions().iter().find_map(extension::find_breach) {
            None => Ok(()),
            Some(breach) => Err(X509Error::broken_clause(rules::EXTENSION_FORM, breach)),
        }
    }

    /// Pairs the profile's extensions with those of the certificate. The list has already been checked.
    fn pairs(&self) -> impl Iterator<Item = (&ProfileExtension, &x509_cert::ext::Extension)> {
        let found = self.extensions();
        self.of.profile.extensions.iter().filter_map(move |wanted| {
            let kind = extension::kind(wanted);
            let found = found.iter().find(|found| found.extn_id == kind);
            found.map(|found| (wanted, found))
        })
    }

    /// The key identifiers must be those of the key and of the issuer's certificate.
    pub(super) fn check_identifiers(&self) -> Result<(), X509Error> {
        let identifier = extension::find_subject_key_identifier(self.extensions())?;
        let key = self.subject_key()?;
        // A cross-certificate repeats the original's identifier, whatever method made it.
        let is_own = self.of.original.is_none();
        let wanted = self.of.key_identifier.clone();
        let wanted = wanted.unwrap_or_else(|| key.key_identifier());
        if is_own && identifier.as_ref().is_some_and(|found| *found != wanted) {
            return broken(rules::SUBJECT_KEY_IDENTIFIER, "it is not the key's");
        }
        // These two do not follow from the key.
        let chosen = match is_own {
            true => self.of.key_identifier.as_ref(),
            false => identifier.as_ref(),
        };
        if let (Some(chosen), Issuer::Authority(authority)) = (chosen, self.issuer) {
            check_chosen_identifier(chosen, &key, authority)?;
        }
        let found = extension::find_authority_key_identifier(self.extensions())?;
        if let (Some(found), Issuer::Authority(authority)) = (found, self.issuer) {
            let wanted = authority
                .subject_key_identifier()?
                .unwrap_or_else(|| self.of.issuer_key.key_identifier());
            if found != wanted {
                return broken(rules::AUTHORITY_KEY_IDENTIFIER, "it is not the CA certificate's");
            }
        }
        Ok(())
    }
}

/// Checks an identifier that does not follow from the key. Other programs must be able to read its length. It must not be the issuer's: the
/// certificate would then look like its own issuer.
fn check_chosen_identifier(chosen: &[u8], key: &PublicKey, authority: &Certificate) -> Result<(), X509Error> {
    const RULE: &Rule = rules::SUBJECT_KEY_IDENTIFIER;
    extension::check_identifier_length(chosen).or_else(|found| broken(RULE, found))?;
    let of_issuer = authority
        .subject_key_identifier()?
        .unwrap_or(authority.public_key()?.key_identifier());
    if chosen == of_issuer && *key != authority.public_key()? {
        return broken(
            RULE,
            format!(
                "the identifier {} is the issuer's own, but the key is different",
                Hex(chosen)
            ),
        );
    }
    Ok(())
}

/// RFC 5280 section 4.2.1.6. [`AlternativeName`] has the rules for each kind of name.
fn check_names(
    taken: &AlternativeNames,
    names: &[AlternativeName],
    others: &[String],
) -> Result<(), X509Error> {
    const RULE: &Rule = rules::SUBJECT_ALTERNATIVE_NAME;
    if let Some(other) = others.first() {
        return broken(RULE, format!("{other} is of a kind that is not issued"));
    }
    check_count(names.len())?;
    let mut seen = HashSet::new();
    for name in names {
        if !taken.kinds.contains(&name.kind()) {
            return broken(RULE, format!("the profile does not accept {name}"));
        }
        if name.is_wildcard() && !taken.wildcards {
            return broken(RULE, format!("the profile does not accept wildcards: {name}"));
        }
        if !seen.insert(name) {
            return broken(RULE, format!("{name} occurs twice"));
        }
    }
    Ok(())
}
