//! Checks a planned certificate against the CA certificate above it.

use std::net::IpAddr;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ANY_EXTENDED_KEY_USAGE;
use x509_cert::ext::pkix::name::GeneralName;

use super::{Plan, broken};
use crate::x509::name::describe_oid;
use crate::x509::profile::Purpose;
use crate::x509::{AlternativeName, Certificate, Name, Rule, X509Error, extension, rules};

impl Plan<'_> {
    pub(super) fn check_hierarchy(&self, authority: &Certificate) -> Result<(), X509Error> {
        self.check_path_length(authority)?;
        self.check_purposes(authority)?;
        let subject = Name::from_any(&self.tbs.subject, "subject")?;
        self.check_name_constraints(authority, &subject)?;
        self.check_nesting(authority)?;
        self.check_common_name(&subject)
    }

    /// RFC 5280 section 4.2.1.10. Without DNS names, OpenSSL treats a common name that looks like a host as one.
    fn check_name_constraints(&self, authority: &Certificate, subject: &Name) -> Result<(), X509Error> {
        const RULE: &Rule = rules::NAME_CONSTRAINTS;
        let Some(constraints) = extension::find_name_constraints(authority.extensions())? else {
            return Ok(());
        };
        let names = extension::find_general_names(self.extensions())?;
        if let Err(found) = constraints.check(subject, &names) {
            return broken(RULE, found);
        }
        if names.iter().any(|name| matches!(name, GeneralName::DnsName(_))) {
            return Ok(());
        }
        let mut hosts = subject
            .common_names()
            .into_iter()
            .filter(|name| looks_like_host(name));
        match hosts.try_for_each(|host| constraints.check_host(&host)) {
            Ok(()) => Ok(()),
            Err(found) => broken(RULE, format!("the common name: {found}")),
        }
    }

    /// RFC 5280 section 6.1.4 (g): the constraints along a path add up. But an issuer below this CA sees only this CA's certificate.
    fn check_nesting(&self, authority: &Certificate) -> Result<(), X509Error> {
        let constraints = extension::find_basic_constraints(self.extensions())?;
        let Some(above) = extension::find_name_constraints(authority.extensions())? else {
            return Ok(());
        };
        if !constraints.is_some_and(|constraints| constraints.ca) {
            return Ok(());
        }
        let own = extension::find_name_constraints(self.extensions())?.unwrap_or_default();
        match own.check_nesting(&above) {
            Ok(()) => Ok(()),
            Err(found) => broken(rules::NAME_CONSTRAINTS_NESTING, found),
        }
    }

    /// RFC 5280 section 4.2.1.9: the constraint limits the number of CA certificates that may follow.
    fn check_path_length(&self, authority: &Certificate) -> Result<(), X509Error> {
        let planned = extension::find_basic_constraints(self.extensions())?.filter(|planned| planned.ca);
        let Some(planned) = planned else {
            return Ok(());
        };
        let room = extension::find_basic_constraints(authority.extensions())?
            .and_then(|constraints| constraints.path_len_constraint);
        match (room, planned.path_len_constraint) {
            (Some(0), _) => broken(rules::PATH_LENGTH, "the CA certificate allows no CA below it"),
            (Some(room), None) => broken(
                rules::PATH_LENGTH,
                format!("the CA certificate allows {room} below it; this one sets no limit"),
            ),
            (Some(room), Some(planned)) if planned >= room => broken(
                rules::PATH_LENGTH,
                format!(
                    "{planned} below it; the CA certificate leaves room for {}",
                    room - 1
                ),
            ),
            _ => Ok(()),
        }
    }

    /// RFC 5280 section 4.2.1.12 does not define the purposes of a CA certificate. Verifiers, and CA/B BR 7.1.2.10.6, treat them as limits for
    /// the certificates below. An OCSP signer acts for the CA itself (RFC 6960 section 4.2.2.2).
    fn check_purposes(&self, authority: &Certificate) -> Result<(), X509Error> {
        const RULE: &Rule = rules::EXTENDED_KEY_USAGE_NESTING;
        let own = extension::find_purposes(self.extensions())?;
        let is_authority =
            extension::find_basic_constraints(self.extensions())?.is_some_and(|found| found.ca);
        if is_authority && own.is_some_and(|own| own.contains(&Purpose::OCSP_SIGNING.0)) {
            return broken(
                rules::OCSP_SIGNING_CA,
                "it could answer for every certificate of the CA above it: OCSPSigning is only for certificates that issue nothing",
            );
        }
        if self.of.profile.waives(RULE.name) {
            return Ok(());
        }
        let Some(bounds) = extension::find_purposes(authority.extensions())? else {
            return Ok(());
        };
        if bounds.contains(&ANY_EXTENDED_KEY_USAGE) {
            return Ok(());
        }
        let Some(purposes) = extension::find_purposes(self.extensions())? else {
            return broken(RULE, "the CA certificate has purposes, but this one has none");
        };
        let is_outside =
            |purpose: &&ObjectIdentifier| **purpose != Purpose::OCSP_SIGNING.0 && !bounds.contains(*purpose);
        match purposes.iter().find(is_outside) {
            Some(outside) => broken(
                RULE,
                format!(
                    "{} is not a purpose of the CA certificate",
                    describe_oid(*outside)
                ),
            ),
            None => Ok(()),
        }
    }

    /// CA/B BR 7.1.4.3: "If present, this field MUST contain exactly one entry that is one of the values contained in the Certificate's
    /// subjectAltName extension". Old clients read it. Checked here for common names that could be taken for a host.
    fn check_common_name(&self, subject: &Name) -> Result<(), X509Error> {
        const RULE: &Rule = rules::COMMON_NAME;
        let purposes = extension::find_purposes(self.extensions())?.unwrap_or_default();
        if !purposes.contains(&Purpose::SERVER_AUTH.0) || self.of.profile.waives(RULE.name) {
            return Ok(());
        }
        let (names, _) = extension::find_alternative_names(self.extensions())?;
        let is_named = |common_name: &str| {
            names.iter().any(|name| match name {
                AlternativeName::Dns(name) => name.eq_ignore_ascii_case(common_name),
                AlternativeName::Ip(address) => common_name.parse() == Ok(*address),
                _ => false,
            })
        };
        let common_names = subject.common_names();
        match common_names
            .iter()
            .find(|name| looks_like_host(name) && !is_named(name))
        {
            Some(other) => broken(
                RULE,
                format!("\"{other}\" is not among the names in subjectAltName"),
            ),
            None => Ok(()),
        }
    }
}

/// An address, or a domain name of two or more labels.
fn looks_like_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || (text.contains('.') && !text.contains(' '))
}
