//! Checks a path of given certificates, link by link, under a stated policy (RFC 5280 section 6.1).
//!
//! [`verify_chain`](super::verify_chain) searches the issuers; here they are given, each in its place, and a [`PathPolicy`] decides what RFC 5280
//! leaves to the application.

#[cfg(test)]
mod tests;

use super::signed::SMALLEST_RSA;
use super::{Certificate, UnixTime, X509Error, extension, path_rules};
use crate::signer::PublicKey;

/// Decisions that RFC 5280 leaves to the application, or decides differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathPolicy {
    /// RFC 5280 section 6.1.4 (k): for a v1 certificate, which cannot say CA:TRUE, "the application MUST either verify that certificate i is a CA
    /// certificate through out-of-band means or reject the certificate". True: its place in the path counts as such means.
    pub version_1_authorities: bool,
    /// The last certificate still ends the path although it has expired.
    pub outlived: Option<Outlived>,
}

/// A root that is accepted after its end, for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlived {
    /// The last second of that time.
    pub until: UnixTime,
    /// Why it is accepted.
    pub why: &'static str,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing is wrong.
    Passed(String),
    /// Accepted by a rule that the operator should know of.
    Noted(String),
    /// Something is wrong.
    Failed(String),
}

impl Finding {
    /// True unless it failed.
    #[must_use]
    pub const fn is_fine(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }

    /// What was found, in words.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Passed(text) | Self::Noted(text) | Self::Failed(text) => text,
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStep {
    /// What was checked.
    pub what: &'static str,
    /// What was found.
    pub finding: Finding,
}

/// A certificate of the path, with every step about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathCertificate {
    /// Its subject.
    pub subject: String,
    /// SHA-256 of its DER bytes, in hex.
    pub fingerprint: String,
    /// Its last second.
    pub not_after: UnixTime,
    /// The steps.
    pub steps: Vec<PathStep>,
}

/// Checks `path`, from the certificate to be trusted up to the self-signed one. Each certificate must be issued by the next. A failure does not end
/// the checks: every step is reported.
#[must_use]
pub fn verify_path(path: &[&Certificate], policy: PathPolicy, now: UnixTime) -> Vec<PathCertificate> {
    let mut checked = Vec::with_capacity(path.len());
    for (index, certificate) in path.iter().enumerate() {
        let issuer = path.get(index + 1);
        let place = Place {
            certificate,
            above: path.get(index + 1..).unwrap_or_default(),
            now,
            policy,
        };
        let mut steps = vec![
            place.check_validity(),
            place.check_key(),
            step("version", path_rules::check_version(certificate)),
            place.check_critical(),
        ];
        steps.push(match index.checked_sub(1) {
            // Every certificate between the first and this one is a CA below it.
            Some(below) => place.check_authority(below),
            None => place.check_purpose(),
        });
        let constrained = path_rules::check_names(certificate, path.get(..index).unwrap_or_default());
        steps.extend(constrained.map(|result| {
            let inside = result.map(|()| "every name below is inside".to_owned());
            step("name constraints", inside)
        }));
        match issuer {
            Some(issuer) => steps.extend([
                check_issuer(certificate, issuer),
                check_signature(certificate, issuer),
                step(
                    "key identifiers",
                    path_rules::check_identifiers(certificate, issuer).map(str::to_owned),
                ),
            ]),
            None => steps.push(check_self_signature(certificate)),
        }
        checked.push(PathCertificate {
            subject: certificate.subject().to_string(),
            fingerprint: certificate.fingerprint(),
            not_after: certificate.validity().not_after,
            steps,
        });
    }
    checked
}

fn step(what: &'static str, result: Result<String, String>) -> PathStep {
    let finding = match result {
        Ok(found) => Finding::Passed(found),
        Err(problem) => Finding::Failed(problem),
    };
    PathStep { what, finding }
}

struct Place<'a> {
    certificate: &'a Certificate,
    /// The certificates from its issuer to the root.
    above: &'a [&'a Certificate],
    now: UnixTime,
    policy: PathPolicy,
}

impl Place<'_> {
    fn check_validity(&self) -> PathStep {
        let validity = self.certificate.validity();
        let outcome = path_rules::check_time(self.certificate, self.now);
        let outlived = self.policy.outlived.filter(|outlived| {
            self.above.is_empty() && self.now > validity.not_after && self.now <= outlived.until
        });
        let finding = match (outcome, outlived) {
            (Ok(()), _) => Finding::Passed(format!(
                "until {} ({} days left)",
                validity.not_after,
                validity.days_left(self.now)
            )),
            (Err(problem), Some(Outlived { why, .. })) => Finding::Noted(format!("{problem}; {why}")),
            (Err(problem), None) => Finding::Failed(problem),
        };
        PathStep {
            what: "validity",
            finding,
        }
    }

    /// NIST SP 800-131A: RSA keys below 2048 bits must not certify. RFC 5280 section 6.1: "A certificate MUST NOT appear more than once in a
    /// prospective certification path"; here, neither must a key. Otherwise a root and its successor with the same key would be two levels, and a
    /// certificate issued by the root could be one level too low.
    fn check_key(&self) -> PathStep {
        let outcome = match self.certificate.public_key() {
            Ok(key) => match (key.algorithm(), self.find_above(&key)) {
                (_, Some(other)) => Err(format!(
                    "it is also the key of \"{}\" above it, so it would certify itself",
                    other.subject()
                )),
                (weak, None) if weak.rsa_bits().is_some_and(|bits| bits < SMALLEST_RSA) => {
                    Err(format!("{weak}, less than RSA 2048"))
                }
                (algorithm, None) => Ok(algorithm.to_string()),
            },
            Err(error) => Err(error.to_string()),
        };
        step("key", outcome)
    }

    fn find_above(&self, key: &PublicKey) -> Option<&Certificate> {
        let has_key = |other: &&&Certificate| other.public_key().is_ok_and(|other| other.has_numbers_of(key));
        self.above.iter().find(has_key).copied()
    }

    fn check_critical(&self) -> PathStep {
        let outcome = path_rules::check_critical(self.certificate);
        step(
            "critical extensions",
            outcome.map(|()| "all supported".to_owned()),
        )
    }

    /// Neither RFC 5280 section 6.1 nor `openssl verify` restricts the use of the first certificate, so nothing that a genuine one could say is
    /// refused. What a key that signs messages and no certificates need not say is reported.
    fn check_purpose(&self) -> PathStep {
        let extensions = self.certificate.extensions();
        let finding = match (
            extension::find_basic_constraints(extensions),
            extension::find_key_usage(extensions),
        ) {
            (Err(error), _) | (_, Err(error)) => Finding::Failed(error.to_string()),
            (Ok(Some(constraints)), _) if constraints.ca => {
                Finding::Noted("CA:TRUE, although it is used as an end entity".to_owned())
            }
            (_, Ok(Some(usage))) if !usage.digital_signature() => {
                Finding::Noted("its keyUsage does not include digitalSignature".to_owned())
            }
            _ => Finding::Passed("not a CA".to_owned()),
        };
        PathStep {
            what: "purpose",
            finding,
        }
    }

    fn check_authority(&self, below: usize) -> PathStep {
        let certificate = self.certificate;
        let is_mute = certificate.version() < 3 && certificate.field_of_later_version().is_none();
        let finding = if is_mute && self.policy.version_1_authorities {
            Finding::Noted(format!(
                "X.509 v{} cannot say CA:TRUE; accepted as a CA because of its place in the path (RFC 5280 6.1.4 k)",
                certificate.version()
            ))
        } else {
            let below = u8::try_from(below).unwrap_or(u8::MAX);
            match path_rules::check_authority(certificate, below, self.now) {
                Ok(()) => Finding::Passed("CA:TRUE".to_owned()),
                Err(problem) => Finding::Failed(problem),
            }
        };
        PathStep {
            what: "CA certificate",
            finding,
        }
    }
}

/// RFC 5280 section 7.1: names are compared without case, spaces and string types; the key decides.
fn check_issuer(certificate: &Certificate, issuer: &Certificate) -> PathStep {
    let (wanted, found) = (certificate.issuer(), issuer.subject());
    let finding = if wanted == found {
        Finding::Passed(wanted.to_string())
    } else if wanted.is_like(found) {
        Finding::Noted(format!("{wanted}, which is \"{found}\" in another encoding"))
    } else {
        Finding::Failed(format!("it is issued by \"{wanted}\", which is not \"{found}\""))
    };
    PathStep {
        what: "issuer",
        finding,
    }
}

fn check_signature(certificate: &Certificate, issuer: &Certificate) -> PathStep {
    let has_name = certificate.issuer().is_like(issuer.subject());
    let outcome = issuer
        .public_key()
        .and_then(|key| certificate.verify_signature(&key));
    let outcome = match outcome {
        Ok(algorithm) => Ok(format!("{algorithm}, verifies under the issuer's key")),
        // The right name with a wrong key: someone made a certificate with that name.
        Err(X509Error::Signature { .. }) if has_name => Err(
            "it does not verify: the issuer's certificate has the right name but a different key".to_owned(),
        ),
        Err(error) => Err(error.to_string()),
    };
    step("signature", outcome)
}

fn check_self_signature(certificate: &Certificate) -> PathStep {
    let outcome = if certificate.is_self_issued() {
        path_rules::check_signature(certificate, certificate).map(|()| "it is its own issuer".to_owned())
    } else {
        Err(format!(
            "it is not a root: \"{}\" issued it",
            certificate.issuer()
        ))
    };
    step("self-signature", outcome)
}
