//! The status of a certificate by CRLs: RFC 5280 section 6.3.3, for lists that the certificate's own issuer signed.

use const_oid::db::rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};

use super::{CertificateRevocationList, extension};
use crate::x509::extension as certificate_extension;
use crate::x509::{Certificate, CrlNumber, CrlReason, UnixTime, X509Error, rules};

/// What the given lists say about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedStatus {
    /// None of them is from its issuer.
    NoList,
    /// The lists of its issuer do not cover it: why, for each.
    OutOfScope(Vec<String>),
    /// The lists of its issuer cannot be used: why, for each.
    Unusable(Vec<String>),
    /// It is on a list.
    Revoked {
        /// The revocation date.
        revoked_at: UnixTime,
        /// The reason.
        reason: CrlReason,
    },
    /// It is on none, and the next list is due at this time.
    NotListed {
        /// nextUpdate of the list that ends first.
        until: UnixTime,
    },
}

/// Looks for `certificate` on the lists of `issuer`, at `now`. Of the complete lists with one scope the newest counts, with the newest delta CRL
/// that fits it; a certificate that one scope revokes is revoked.
///
/// # Errors
/// [`X509Error`]: the distribution points of the certificate cannot be read.
pub fn listed_status<'a>(
    certificate: &Certificate,
    issuer: &Certificate,
    lists: impl IntoIterator<Item = &'a CertificateRevocationList>,
    now: UnixTime,
) -> Result<ListedStatus, X509Error> {
    let points = distribution_points(certificate)?;
    let (mut problems, mut others) = (Vec::new(), Vec::new());
    let (mut complete, mut deltas): (Vec<&CertificateRevocationList>, Vec<_>) = (Vec::new(), Vec::new());
    for list in lists {
        if !list.issuer().is_like(certificate.issuer()) {
            continue;
        }
        let tell = |error: X509Error| format!("the CRL of {}: {error}", list.this_update());
        match list.verify(issuer, now).and_then(|()| list.base()) {
            Err(error) => problems.push(tell(error)),
            Ok(base) => match list.covers(certificate, &points) {
                Err(error) => others.push(tell(error)),
                Ok(()) if base.is_none() => complete.push(list),
                Ok(()) => deltas.push(list),
            },
        }
    }
    let newest = complete.iter().filter(|list| {
        let is_newer = |other: &&&CertificateRevocationList| other.is_newer_in_scope(list);
        !complete.iter().any(|other| is_newer(&other))
    });
    let mut until: Option<UnixTime> = None;
    for list in newest {
        let delta = deltas
            .iter()
            .filter(|delta| delta.continues(list).unwrap_or(false))
            .max_by_key(|delta| (delta.this_update(), delta.number().ok().flatten()));
        let entry = delta.and_then(|delta| delta.find_certificate(certificate));
        let listed = list.find_certificate(certificate);
        if entry.is_none() && listed.is_some_and(|(reason, _)| reason == CrlReason::RemoveFromCrl) {
            problems.push(format!(
                "the CRL of {}: removeFromCRL, which only a delta CRL may have (RFC 5280 section 5.3.1)",
                list.this_update()
            ));
            continue;
        }
        let entry = entry.or(listed);
        if let Some(entry) = entry.filter(|(reason, _)| *reason != CrlReason::RemoveFromCrl) {
            let (reason, revoked_at) = entry;
            return Ok(ListedStatus::Revoked { revoked_at, reason });
        }
        for next in [Some(*list), delta.copied()].into_iter().flatten() {
            let next = next.next_update();
            until = until.map_or(next, |until| next.map(|next| until.min(next)));
        }
    }
    // A delta CRL without its base is enough if it has the certificate.
    for delta in &deltas {
        let is_based = complete.iter().any(|list| delta.continues(list).unwrap_or(false));
        match delta.find_certificate(certificate) {
            Some((reason, revoked_at)) if !is_based && reason != CrlReason::RemoveFromCrl => {
                return Ok(ListedStatus::Revoked { revoked_at, reason });
            }
            _ if !is_based => problems.push(format!(
                "the CRL of {}: a delta CRL, and its base is not available",
                delta.this_update()
            )),
            _ => {}
        }
    }
    Ok(match until {
        Some(until) => ListedStatus::NotListed { until },
        None if problems.is_empty() && others.is_empty() => ListedStatus::NoList,
        None if problems.is_empty() => ListedStatus::OutOfScope(others),
        None => ListedStatus::Unusable(problems),
    })
}

/// The full names of the certificate's distribution points. Those for lists of other issuers (cRLIssuer) are left out, because indirect CRLs are
/// not supported.
fn distribution_points(certificate: &Certificate) -> Result<Vec<GeneralName>, X509Error> {
    let points: Option<Vec<DistributionPoint>> =
        certificate_extension::find(certificate.extensions(), ID_CE_CRL_DISTRIBUTION_POINTS)?;
    let direct = points
        .unwrap_or_default()
        .into_iter()
        .filter(|point| point.crl_issuer.is_none());
    let names = direct.filter_map(|point| match point.distribution_point {
        Some(DistributionPointName::FullName(names)) => Some(names),
        _ => None,
    });
    Ok(names.flatten().collect())
}

impl Certificate {
    /// The URLs of its cRLDistributionPoints.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn distribution_point_urls(&self) -> Result<Vec<String>, X509Error> {
        let names = distribution_points(self)?.into_iter();
        Ok(names
            .filter_map(|name| match name {
                GeneralName::UniformResourceIdentifier(url) => Some(url.as_str().to_owned()),
                _ => None,
            })
            .collect())
    }

    /// Whether `url` is one of its cRLDistributionPoints.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn names_distribution_point(&self, url: &str) -> Result<bool, X509Error> {
        let is_it = |name: &GeneralName| matches!(name, GeneralName::UniformResourceIdentifier(found) if found.as_str() == url);
        Ok(distribution_points(self)?.iter().any(is_it))
    }
}

impl CertificateRevocationList {
    /// Section 6.3.3 (b) (2): whether the list's issuingDistributionPoint covers this certificate.
    fn covers(&self, certificate: &Certificate, points: &[GeneralName]) -> Result<(), X509Error> {
        let Some(scope) = extension::find_distribution(self.extensions())? else {
            return Ok(());
        };
        let refuse = |found: &str| {
            Err(X509Error::Rule {
                rule: rules::ISSUING_DISTRIBUTION_POINT.name,
                source: "RFC 5280 6.3.3 (b)",
                found: found.to_owned(),
            })
        };
        let is_authority = certificate.is_authority();
        if scope.only_contains_user_certs && is_authority {
            return refuse("it covers only user certificates, and this is a CA certificate");
        }
        if scope.only_contains_ca_certs && !is_authority {
            return refuse("it covers only CA certificates, and this is not one");
        }
        match &scope.distribution_point {
            None => Ok(()),
            Some(DistributionPointName::FullName(names))
                if names.iter().any(|name| points.contains(name)) =>
            {
                Ok(())
            }
            Some(_) if points.is_empty() => {
                refuse("it is for one distribution point, but the certificate names none")
            }
            Some(_) => refuse("it is for a distribution point that the certificate does not name"),
        }
    }

    /// Whether this list of the same scope replaces `other`.
    fn is_newer_in_scope(&self, other: &Self) -> bool {
        let age = |list: &Self| (list.this_update(), list.number().ok().flatten());
        self.has_scope_of(other) && age(self) > age(other)
    }

    fn has_scope_of(&self, other: &Self) -> bool {
        let scope = |list: &Self| extension::find_distribution(list.extensions()).ok().flatten();
        scope(self) == scope(other)
    }

    /// Section 5.2.4: whether this delta CRL may be combined with `complete`.
    fn continues(&self, complete: &Self) -> Result<bool, X509Error> {
        let (base, own): (Option<CrlNumber>, _) = (self.base()?, self.number()?);
        Ok(match complete.number()? {
            Some(number) => {
                self.has_scope_of(complete)
                    && base.is_some_and(|base| base <= number)
                    && own.is_some_and(|own| own > number)
            }
            None => false,
        })
    }

    /// Reason and date of the certificate. If a list has it twice, which is not allowed, the entry that revokes it counts.
    fn find_certificate(&self, certificate: &Certificate) -> Option<(CrlReason, UnixTime)> {
        let serial = certificate.serial_number();
        let entries = self.entries().filter(|entry| entry.serial == serial.octets());
        entries
            .map(|entry| (entry.reason, entry.revoked_at))
            .min_by_key(|(reason, _)| *reason == CrlReason::RemoveFromCrl)
    }
}
