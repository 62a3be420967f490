//! Checks a list against the certificate of its issuer: RFC 5280 section 6.3.3, the steps about the list itself.

use super::{CertificateRevocationList, WHAT, extension};
use crate::x509::extension as certificate_extension;
use crate::x509::name::describe_oid;
use crate::x509::rule::rule;
use crate::x509::{Certificate, Rule, UnixTime, X509Error, rules};

/// For lists that are read: planned lists have no such extension.
const CRITICAL_EXTENSION: &Rule = &rule(
    "critical-extension",
    "RFC 5280 5.2",
    "every critical extension is supported",
);

/// Refuses with the clause about reading a list, if it differs from the one about making a list.
fn refuse<T>(rule: &Rule, source: &'static str, found: impl Into<String>) -> Result<T, X509Error> {
    Err(X509Error::Rule {
        rule: rule.name,
        source,
        found: found.into(),
    })
}

impl CertificateRevocationList {
    /// Makes sure that `authority`, which the caller trusts, issued the list, that it is current at `now`, and that it has no unknown critical
    /// extension.
    ///
    /// # Errors
    /// [`X509Error`]: the first rule that is broken.
    pub fn verify(&self, authority: &Certificate, now: UnixTime) -> Result<(), X509Error> {
        self.verify_issuer(authority)?;
        self.verify_critical()?;
        self.verify_scope()?;
        self.verify_dates(now)
    }

    /// As [`verify`](Self::verify), for a list that need not be current: the base of a delta CRL.
    ///
    /// # Errors
    /// [`X509Error`]: the first rule that is broken.
    pub fn verify_undated(&self, authority: &Certificate) -> Result<(), X509Error> {
        self.verify_issuer(authority)?;
        self.verify_critical()?;
        self.verify_scope()
    }

    fn verify_issuer(&self, authority: &Certificate) -> Result<(), X509Error> {
        if !self.issuer().is_like(authority.subject()) {
            return refuse(
                rules::CRL_ISSUER,
                "RFC 5280 6.3.3 (b)",
                format!("it is a CRL of \"{}\"", self.issuer()),
            );
        }
        let named = certificate_extension::find_authority_key_identifier(self.extensions())?;
        if let (Some(named), Some(has)) = (named, authority.subject_key_identifier()?)
            && named != has
        {
            return refuse(
                rules::CRL_AUTHORITY_KEY_IDENTIFIER,
                "RFC 5280 5.2.1",
                "it names a different key of the CA",
            );
        }
        // 6.3.3 (f): "If a key usage extension is present"
        let usage = certificate_extension::find_key_usage(authority.extensions())?;
        if usage.is_some_and(|usage| !usage.crl_sign()) {
            return refuse(
                rules::CRL_SIGN,
                "RFC 5280 6.3.3 (f)",
                "the CA certificate's keyUsage does not include cRLSign",
            );
        }
        self.verify_signature(&authority.public_key()?).map(drop)
    }

    /// Sections 5.2 and 5.3: with an unrecognised critical extension, the application "MUST NOT use that CRL".
    fn verify_critical(&self) -> Result<(), X509Error> {
        let unknown = self
            .extensions()
            .iter()
            .find(|found| found.critical && !extension::PROCESSED.contains(&found.extn_id));
        if let Some(unknown) = unknown {
            let name = describe_oid(unknown.extn_id);
            return refuse(
                CRITICAL_EXTENSION,
                "RFC 5280 5.2",
                format!("{name} is not supported"),
            );
        }
        let unknown = self.entries().find_map(|entry| entry.unprocessed_critical);
        if let Some(unknown) = unknown {
            let found = format!("{} of an entry is not supported", describe_oid(unknown));
            return refuse(CRITICAL_EXTENSION, "RFC 5280 5.3", found);
        }
        Ok(())
    }

    /// Section 5.2.5, and the kinds of list that are not supported: a list of other issuers' certificates, or for some reasons only, covers less
    /// than it seems to.
    fn verify_scope(&self) -> Result<(), X509Error> {
        const RULE: &Rule = rules::ISSUING_DISTRIBUTION_POINT;
        const SOURCE: &str = "RFC 5280 5.2.5";
        // Both were read, or refused, together with the list.
        self.number()?;
        self.base()?;
        let Some(point) = extension::find_distribution(self.extensions())? else {
            return Ok(());
        };
        let only = [
            point.only_contains_user_certs,
            point.only_contains_ca_certs,
            point.only_contains_attribute_certs,
        ];
        if only.iter().filter(|only| **only).count() > 1 {
            return refuse(
                RULE,
                SOURCE,
                "it is limited to user certificates and to CA certificates, so it covers nothing",
            );
        }
        if point.indirect_crl {
            return refuse(RULE, SOURCE, "an indirect CRL, which is not supported");
        }
        if point.only_some_reasons.is_some() {
            return refuse(
                RULE,
                SOURCE,
                "a CRL limited to some reasons, which is not supported",
            );
        }
        if point.only_contains_attribute_certs {
            return refuse(RULE, SOURCE, "a CRL of attribute certificates");
        }
        Ok(())
    }

    fn verify_dates(&self, now: UnixTime) -> Result<(), X509Error> {
        if self.this_update() > now {
            let found = format!("it is from {}, which is in the future", self.this_update());
            return refuse(rules::THIS_UPDATE, "RFC 5280 5.1.2.4", found);
        }
        match self.next_update() {
            None => refuse(
                rules::NEXT_UPDATE,
                "RFC 5280 5.1.2.5",
                format!("the {WHAT} has none"),
            ),
            Some(next) if next < now => refuse(
                rules::NEXT_UPDATE,
                "RFC 5280 6.3.3 (a)",
                format!("the next one was due {next}"),
            ),
            Some(_) => Ok(()),
        }
    }
}
