//! The identity of a CloudHSM cluster's HSM, before anything is signed for it (AWS CloudHSM User Guide, "Verify the identity and
//! authenticity of your cluster's HSM").
//!
//! Two independent chains, AWS's and the manufacturer's, must end in the same HSM certificate, and the CSR must carry that certificate's key. The
//! guide's `openssl verify` cannot check hardware of the first generation: its certificates are X.509 v1, which OpenSSL 3 refuses (error 79), and
//! the manufacturer's root of that time has expired. Both are accepted here, by rules that the result names.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::cloudhsm::{CertificateKind, KnownRoot, RootSide};
use crate::signer::PublicKey;
use crate::x509::{
    Certificate, CertificationRequest, Finding, Outlived, PathCertificate, PathPolicy, PathStep, UnixTime,
    verify_path,
};

/// What AWS returns about the first HSM of a cluster.
#[derive(Clone, Debug)]
pub struct IdentityEvidence {
    /// `ClusterCsr`
    pub request: CertificationRequest,
    /// `HsmCertificate`
    pub hsm: Certificate,
    /// `AwsHardwareCertificate`
    pub aws_hardware: Certificate,
    /// `ManufacturerHardwareCertificate`
    pub manufacturer_hardware: Certificate,
}

/// The step in which a root is recognised.
const ROOT: &str = "root";

/// The roots that are trusted.
#[derive(Clone, Debug)]
pub struct IdentityRoots {
    /// AWS's.
    pub aws: Certificate,
    /// The manufacturer's.
    pub manufacturer: Certificate,
    /// SHA-256 of AWS's root in lower-case hex, as the operator compared it. The root must match it; it need not be one of the [`KnownRoot`]s.
    /// The result names it.
    pub aws_sha256: Option<String>,
    /// The same for the manufacturer's.
    pub manufacturer_sha256: Option<String>,
}

/// A certificate, or the CSR, and every step about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySubject {
    /// What it is, for example "AWS hardware certificate".
    pub role: &'static str,
    /// Its subject.
    pub subject: String,
    /// SHA-256 of its DER bytes, in hex.
    pub fingerprint: String,
    /// The steps.
    pub steps: Vec<PathStep>,
}

/// One of the chains, or the CSR, with every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityPart {
    /// Which of them it is.
    pub kind: IdentityPartKind,
    /// Certificates and CSR, from the HSM up.
    pub subjects: Vec<IdentitySubject>,
}

/// The parts of an HSM's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityPartKind {
    /// From the HSM to AWS's root.
    AwsChain,
    /// From the HSM to its manufacturer's root.
    ManufacturerChain,
    /// The request that the HSM made for the cluster.
    Csr,
}

impl IdentityPartKind {
    /// For people, for example "AWS's chain".
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::AwsChain => "AWS's chain",
            Self::ManufacturerChain => "The manufacturer's chain",
            Self::Csr => "The CSR",
        }
    }
}

/// A root, as people compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRoot {
    /// Its name.
    pub subject: String,
    /// SHA-256 of its DER bytes, in hex.
    pub fingerprint: String,
}

impl fmt::Display for UnknownRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SHA-256 {})", self.subject, self.fingerprint)
    }
}

/// Every step, passed or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityReport {
    // Private: callers must not change them. They decide whether a VerifiedIdentity exists.
    parts: Vec<IdentityPart>,
    key: Option<PublicKey>,
}

/// The key of an HSM whose identity was verified. Comes only from an [`IdentityReport`] without a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedIdentity {
    key: PublicKey,
}

impl VerifiedIdentity {
    /// The HSM's key, which its CSR must carry.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl IdentityReport {
    /// AWS's chain, the manufacturer's chain, and the CSR.
    #[must_use]
    pub fn parts(&self) -> &[IdentityPart] {
        &self.parts
    }

    /// The accepted roots that are not known ones.
    #[must_use]
    pub fn unknown_roots(&self) -> Vec<UnknownRoot> {
        let is_unknown = |step: &PathStep| step.what == ROOT && matches!(step.finding, Finding::Noted(_));
        let subjects = self.parts.iter().flat_map(|part| &part.subjects);
        subjects
            .filter(|subject| subject.steps.iter().any(is_unknown))
            .map(|root| UnknownRoot {
                subject: root.subject.clone(),
                fingerprint: root.fingerprint.clone(),
            })
            .collect()
    }

    /// Every failed step: its part, its subject, and what was found.
    pub fn failures(&self) -> impl Iterator<Item = (&IdentityPart, &IdentitySubject, &PathStep)> {
        let subjects = self
            .parts
            .iter()
            .flat_map(|part| part.subjects.iter().map(move |subject| (part, subject)));
        subjects.flat_map(|(part, subject)| {
            let failed = subject.steps.iter().filter(|step| !step.finding.is_fine());
            failed.map(move |step| (part, subject, step))
        })
    }

    /// The identity, if no step failed.
    #[must_use]
    pub fn verified(&self) -> Option<VerifiedIdentity> {
        match (self.failures().next(), &self.key) {
            (None, Some(key)) => Some(VerifiedIdentity { key: key.clone() }),
            _ => None,
        }
    }
}

/// Runs every check, also after a failure.
#[must_use]
pub fn verify_identity(evidence: &IdentityEvidence, roots: &IdentityRoots, now: UnixTime) -> IdentityReport {
    let chain = |side, hardware, root: &Certificate, other| {
        let known = KnownRoot::recognise(&root.fingerprint());
        let path = [&evidence.hsm, hardware, root];
        check_chain(side, path, check_root(side, root, known, other, roots), now)
    };
    let (aws, manufacturer) = (&roots.aws, &roots.manufacturer);
    let parts = vec![
        chain(RootSide::Aws, &evidence.aws_hardware, aws, manufacturer),
        chain(
            RootSide::Manufacturer,
            &evidence.manufacturer_hardware,
            manufacturer,
            aws,
        ),
        check_request(evidence),
    ];
    IdentityReport {
        parts,
        key: evidence.hsm.public_key().ok(),
    }
}

/// A root, and the result of its check.
struct CheckedRoot {
    known: Option<KnownRoot>,
    finding: Finding,
}

fn check_chain(side: RootSide, path: [&Certificate; 3], root: CheckedRoot, now: UnixTime) -> IdentityPart {
    let successor = root.known.and_then(|known| known.successor);
    let policy = PathPolicy {
        version_1_authorities: true,
        outlived: successor.map(|successor| Outlived {
            until: UnixTime(successor.ends),
            why: successor.what,
        }),
    };
    let mut subjects = name_roles(side, verify_path(&path, policy, now));
    if let Some(last) = subjects.last_mut() {
        let step = PathStep {
            what: ROOT,
            finding: root.finding,
        };
        last.steps.insert(0, step);
    }
    let kind = match side {
        RootSide::Aws => IdentityPartKind::AwsChain,
        RootSide::Manufacturer => IdentityPartKind::ManufacturerChain,
    };
    IdentityPart { kind, subjects }
}

fn name_roles(side: RootSide, checked: Vec<PathCertificate>) -> Vec<IdentitySubject> {
    let roles = match side {
        RootSide::Aws => ["HSM certificate", "AWS hardware certificate", "AWS root"],
        RootSide::Manufacturer => [
            "HSM certificate",
            "manufacturer hardware certificate",
            "manufacturer root",
        ],
    };
    let named = roles.into_iter().zip(checked);
    named
        .map(|(role, checked)| IdentitySubject {
            role,
            subject: checked.subject,
            fingerprint: checked.fingerprint,
            steps: checked.steps,
        })
        .collect()
}

/// A root is recognised by its fingerprint: anyone can make a certificate with its name.
fn check_root(
    side: RootSide,
    root: &Certificate,
    known: Option<KnownRoot>,
    other: &Certificate,
    roots: &IdentityRoots,
) -> CheckedRoot {
    let compared = match side {
        RootSide::Aws => roots.aws_sha256.as_deref(),
        RootSide::Manufacturer => roots.manufacturer_sha256.as_deref(),
    };
    let finding = match known {
        _ if compared.is_some_and(|wanted| wanted != root.fingerprint()) => Finding::Failed(format!(
            "its SHA-256 is {}, not the given one",
            root.fingerprint()
        )),
        Some(known) if known.side == side => Finding::Passed(format!("{}, by its SHA-256", known.name)),
        Some(known) => Finding::Failed(format!(
            "it is the {}, a root of {}, not of {}",
            known.name,
            known.side.owner(),
            side.owner()
        )),
        // The same root twice would be the same chain twice.
        None if have_same_key(root, other) => {
            Finding::Failed("AWS's root and the manufacturer's have the same key".to_owned())
        }
        None if compared.is_some() => {
            Finding::Noted("not a known root; trusted because of the given SHA-256".to_owned())
        }
        None => Finding::Failed(format!("its SHA-256 matches no known root of {}", side.owner())),
    };
    // A known root counts only on its own side.
    CheckedRoot {
        known: known.filter(|known| known.side == side),
        finding,
    }
}

fn have_same_key(one: &Certificate, other: &Certificate) -> bool {
    match (one.public_key(), other.public_key()) {
        (Ok(one), Ok(other)) => one.has_numbers_of(&other),
        // A key that cannot be read fails in its own step.
        _ => false,
    }
}

fn check_request(evidence: &IdentityEvidence) -> IdentityPart {
    let request = &evidence.request;
    let possession = match request.clone().verify() {
        Ok(_) => Finding::Passed(format!(
            "{}, verifies under the key it carries",
            request.describe_signature()
        )),
        Err(error) => Finding::Failed(error.to_string()),
    };
    let key = match (request.public_key(), evidence.hsm.public_key()) {
        (Ok(asked), Ok(hsm)) if asked == hsm => {
            Finding::Passed(format!("{}, that of the HSM certificate", hsm.algorithm()))
        }
        (Ok(_), Ok(_)) => {
            Finding::Failed("it is not the HSM certificate's: the CSR is from another HSM".to_owned())
        }
        (Err(error), _) | (_, Err(error)) => Finding::Failed(error.to_string()),
    };
    let steps = vec![
        PathStep {
            what: "signature",
            finding: possession,
        },
        PathStep {
            what: "key",
            finding: key,
        },
    ];
    IdentityPart {
        kind: IdentityPartKind::Csr,
        subjects: vec![IdentitySubject {
            role: CertificateKind::ClusterCsr.name(),
            subject: request.subject().to_string(),
            fingerprint: request.fingerprint(),
            steps,
        }],
    }
}
