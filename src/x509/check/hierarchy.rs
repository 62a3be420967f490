//! A planned certificate against the CA certificate above it.

use super::{Plan, broken};
use crate::x509::profile::Purpose;
use crate::x509::{AlternativeName, Certificate, Name, X509Error, extension};

impl Plan<'_> {
    pub(super) fn check_hierarchy(&self, authority: &Certificate) -> Result<(), X509Error> {
        self.check_path_length(authority)?;
        self.check_purposes(authority)?;
        let subject = Name::from_any(&self.tbs.subject, "subject")?;
        let (names, _) = extension::find_alternative_names(self.extensions())?;
        if let Some(constraints) = extension::find_name_constraints(authority.extensions())?
            && let Err(found) = constraints.check(&subject, &names)
        {
            return broken("name-constraints", found);
        }
        self.check_common_name(&subject, &names)
    }

    /// RFC 5280 section 4.2.1.9: the constraint is the number of CA certificates that may follow.
    fn check_path_length(&self, authority: &Certificate) -> Result<(), X509Error> {
        let planned = extension::find_basic_constraints(self.extensions())?.filter(|planned| planned.ca);
        let Some(planned) = planned else {
            return Ok(());
        };
        let room = extension::find_basic_constraints(authority.extensions())?
            .and_then(|constraints| constraints.path_len_constraint);
        match (room, planned.path_len_constraint) {
            (Some(0), _) => broken("path-length", "the CA certificate allows no CA below it"),
            (Some(room), None) => broken(
                "path-length",
                format!("the CA certificate allows {room} below it, this one as many as it likes"),
            ),
            (Some(room), Some(planned)) if planned >= room => broken(
                "path-length",
                format!("{planned} below it where the CA certificate leaves {}", room - 1),
            ),
            _ => Ok(()),
        }
    }

    /// RFC 5280 section 4.2.1.12 leaves open what the purposes of a CA certificate mean; verifiers (and CA/B BR 7.1.2.2) take them as
    /// bounds of what is below.
    fn check_purposes(&self, authority: &Certificate) -> Result<(), X509Error> {
        const RULE: &str = "extended-key-usage-nesting";
        if self.of.profile.waives(RULE) {
            return Ok(());
        }
        let Some(bounds) = extension::find_purposes(authority.extensions())? else {
            return Ok(());
        };
        if bounds.contains(&super::ANY_PURPOSE) {
            return Ok(());
        }
        match extension::find_purposes(self.extensions())? {
            None => broken(RULE, "the CA certificate has purposes, this one none"),
            Some(purposes) => match purposes.iter().find(|purpose| !bounds.contains(purpose)) {
                Some(outside) => broken(RULE, format!("{outside} is no purpose of the CA certificate")),
                None => Ok(()),
            },
        }
    }

    /// CA/B BR 7.1.4.3: "If present, this field MUST contain exactly one entry that is one of the values contained in the
    /// Certificate's subjectAltName extension": old clients look at it.
    fn check_common_name(&self, subject: &Name, names: &[AlternativeName]) -> Result<(), X509Error> {
        const RULE: &str = "common-name";
        let purposes = extension::find_purposes(self.extensions())?.unwrap_or_default();
        if !purposes.contains(&Purpose::SERVER_AUTH.0) || self.of.profile.waives(RULE) {
            return Ok(());
        }
        for common_name in subject.common_names() {
            let is_named = names.iter().any(|name| match name {
                AlternativeName::Dns(name) => name.eq_ignore_ascii_case(&common_name),
                AlternativeName::Ip(address) => address.to_string() == common_name,
                _ => false,
            });
            // Words with blanks are no host name to anybody.
            let is_host = !common_name.contains(' ') && common_name.contains('.');
            if is_host && !is_named {
                return broken(
                    RULE,
                    format!("\"{common_name}\" is none of the names in subjectAltName"),
                );
            }
        }
        Ok(())
    }
}
