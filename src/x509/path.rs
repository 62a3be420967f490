//! A path of given certificates, judged link by link under a policy that is stated (RFC 5280 section 6.1).
//!
//! [`verify_chain`](super::verify_chain) looks for the issuers; here they are named, each in its place, and what RFC 5280 leaves
//! to the application is decided by a [`PathPolicy`].

use super::{Certificate, UnixTime, X509Error, judge};

/// What is decided where RFC 5280 leaves it open, or where its answer is not the one that is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathPolicy {
    /// RFC 5280 section 6.1.4 (k): of a v1 certificate, which cannot say CA:TRUE, "the application MUST either verify that
    /// certificate i is a CA certificate through out-of-band means or reject the certificate". True: the place in the path is
    /// that means.
    pub version_1_authorities: bool,
    /// Why the last certificate, expired, still ends the path.
    pub outlived_by: Option<&'static str>,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As it should be.
    Passed(String),
    /// Taken by a rule that is worth knowing of.
    Noted(String),
    /// Not as it should be.
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

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStep {
    /// What was looked at.
    pub what: &'static str,
    /// What was found.
    pub finding: Finding,
}

/// A certificate of the path, and every step about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedCertificate {
    /// Its subject.
    pub subject: String,
    /// SHA-256 of its DER bytes, in hex.
    pub fingerprint: String,
    /// Its last second.
    pub not_after: UnixTime,
    /// The steps.
    pub steps: Vec<PathStep>,
}

/// Judges `path`, from the certificate that is to be trusted to the self-signed one that it is trusted for. Each certificate must be
/// issued by the next. Nothing is left out after a failure: every step is told.
#[must_use]
pub fn verify_path(path: &[&Certificate], policy: PathPolicy, now: UnixTime) -> Vec<JudgedCertificate> {
    let mut judged = Vec::with_capacity(path.len());
    for (index, certificate) in path.iter().enumerate() {
        let issuer = path.get(index + 1);
        let place = Place {
            certificate,
            now,
            policy,
            is_root: issuer.is_none(),
        };
        let mut steps = vec![place.judge_validity(), place.judge_key(), place.judge_critical()];
        if index > 0 {
            // Every certificate between the first and this one is a CA below it.
            steps.push(place.judge_authority(index - 1));
            let constrained = judge::check_names(certificate, &path[..index]);
            let step_of = |result: Result<(), String>| {
                step(
                    "name constraints",
                    result.map(|()| "every name below is inside".to_owned()),
                )
            };
            steps.extend(constrained.map(step_of));
        }
        match issuer {
            Some(issuer) => steps.extend([
                judge_issuer(certificate, issuer),
                judge_signature(certificate, issuer),
                step(
                    "key identifiers",
                    judge::check_identifiers(certificate, issuer).map(str::to_owned),
                ),
            ]),
            None => steps.push(judge_self_signature(certificate)),
        }
        judged.push(JudgedCertificate {
            subject: certificate.subject().to_string(),
            fingerprint: certificate.fingerprint(),
            not_after: certificate.validity().not_after,
            steps,
        });
    }
    judged
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
    now: UnixTime,
    policy: PathPolicy,
    is_root: bool,
}

impl Place<'_> {
    fn judge_validity(&self) -> PathStep {
        let validity = self.certificate.validity();
        let outcome = judge::check_time(self.certificate, self.now);
        let finding = match (outcome, self.policy.outlived_by) {
            (Ok(()), _) => Finding::Passed(format!(
                "until {} ({} days left)",
                validity.not_after,
                self.now.days_until(validity.not_after)
            )),
            (Err(problem), Some(why)) if self.is_root && self.now > validity.not_after => {
                Finding::Noted(format!("{problem}; {why}"))
            }
            (Err(problem), _) => Finding::Failed(problem),
        };
        PathStep {
            what: "validity",
            finding,
        }
    }

    /// NIST SP 800-131A: RSA keys below 2048 bits vouch for nothing.
    fn judge_key(&self) -> PathStep {
        let outcome = match self.certificate.public_key().map(|key| key.algorithm()) {
            Ok(weak) if weak.rsa_bits().is_some_and(|bits| bits < 2048) => {
                Err(format!("{weak}, less than RSA 2048"))
            }
            Ok(algorithm) => Ok(algorithm.to_string()),
            Err(error) => Err(error.to_string()),
        };
        step("key", outcome)
    }

    fn judge_critical(&self) -> PathStep {
        let outcome = judge::check_critical(self.certificate);
        step(
            "critical extensions",
            outcome.map(|()| "none that is not understood".to_owned()),
        )
    }

    fn judge_authority(&self, below: usize) -> PathStep {
        let certificate = self.certificate;
        let is_mute = certificate.version() < 3 && certificate.extensions().is_empty();
        let finding = if is_mute && self.policy.version_1_authorities {
            Finding::Noted(format!(
                "X.509 v{} cannot say CA:TRUE; taken as a CA for its place (RFC 5280 6.1.4 k)",
                certificate.version()
            ))
        } else {
            let below = u8::try_from(below).unwrap_or(u8::MAX);
            match judge::check_authority(certificate, below, self.now) {
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

fn judge_issuer(certificate: &Certificate, issuer: &Certificate) -> PathStep {
    let outcome = if certificate.issuer() == issuer.subject() {
        Ok(certificate.issuer().to_string())
    } else {
        Err(format!(
            "it is issued by \"{}\", which is not \"{}\"",
            certificate.issuer(),
            issuer.subject()
        ))
    };
    step("issuer", outcome)
}

fn judge_signature(certificate: &Certificate, issuer: &Certificate) -> PathStep {
    let has_name = certificate.issuer() == issuer.subject();
    let outcome = issuer
        .public_key()
        .and_then(|key| certificate.verify_signature(&key));
    let outcome = match outcome {
        Ok(algorithm) => Ok(format!("{algorithm}, verifies under the issuer's key")),
        // The name is right and the key is not: somebody made a certificate of that name.
        Err(X509Error::Signature { .. }) if has_name => {
            Err("it does not verify: the issuer's certificate has the right name and another key".to_owned())
        }
        Err(error) => Err(error.to_string()),
    };
    step("signature", outcome)
}

fn judge_self_signature(certificate: &Certificate) -> PathStep {
    let outcome = if certificate.is_self_issued() {
        judge::check_signature(certificate, certificate).map(|()| "it is its own issuer".to_owned())
    } else {
        Err(format!("it is no root: \"{}\" issued it", certificate.issuer()))
    };
    step("self-signature", outcome)
}
