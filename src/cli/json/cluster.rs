//! `cluster verify` and `cluster check`, which can run without AWS.

use hsm_ca::cloudhsm::CertificateKind;
use hsm_ca::workflow::{
    Expiry, IdentityPart, IdentityPartKind, IdentityReport, IdentitySubject, StepState, TlsCertificate,
    TlsReport, TlsRole, TlsStep,
};
use hsm_ca::x509::{Finding, PathStep};
use serde::Serialize;

use super::Output;
use super::check::{Check, CheckName, State};
use super::common::{Fingerprint, Time};
use super::error::ErrorBody;

/// `cluster verify`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ClusterVerify {
    pub(in crate::cli) verified: bool,
    /// The cluster's id.
    pub(in crate::cli) cluster: String,
    pub(in crate::cli) failed_checks: usize,
    /// Roots that were trusted because of the given SHA-256.
    pub(in crate::cli) unknown_roots: Vec<UnknownRoot>,
    /// AWS's chain, the manufacturer's chain, and the CSR.
    pub(in crate::cli) parts: Vec<Part>,
}

impl ClusterVerify {
    pub(in crate::cli) fn of(cluster: &str, report: &IdentityReport) -> Self {
        Self {
            verified: report.verified().is_some(),
            cluster: cluster.to_owned(),
            failed_checks: report.failures().count(),
            unknown_roots: report.unknown_roots().iter().map(UnknownRoot::of).collect(),
            parts: report.parts().iter().map(Part::of).collect(),
        }
    }
}

impl Output for ClusterVerify {
    const NAME: &'static str = "cluster-verify";
}

/// A root whose certificate is not one of the known ones.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct UnknownRoot {
    subject: String,
    sha256: Fingerprint,
}

impl UnknownRoot {
    fn of(root: &hsm_ca::workflow::UnknownRoot) -> Self {
        Self {
            subject: root.subject.clone(),
            sha256: Fingerprint::new(&root.fingerprint),
        }
    }
}

/// Which part of an HSM's identity it is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum PartName {
    AwsChain,
    ManufacturerChain,
    Csr,
}

impl PartName {
    const fn of(kind: IdentityPartKind) -> Self {
        match kind {
            IdentityPartKind::AwsChain => Self::AwsChain,
            IdentityPartKind::ManufacturerChain => Self::ManufacturerChain,
            IdentityPartKind::Csr => Self::Csr,
        }
    }
}

/// One of the chains, or the CSR.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Part {
    part: PartName,
    /// For people.
    title: &'static str,
    /// In order, from the HSM upwards.
    subjects: Vec<PartSubject>,
}

/// A certificate, or the CSR.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PartSubject {
    /// Which file it is.
    #[cfg_attr(test, schemars(extend("enum" = [
        "cluster-csr",
        "hsm-certificate",
        "aws-hardware-certificate",
        "aws-root",
        "manufacturer-hardware-certificate",
        "manufacturer-root",
    ])))]
    file_kind: String,
    subject: String,
    sha256: Fingerprint,
    checks: Vec<Check>,
}

impl Part {
    fn of(part: &IdentityPart) -> Self {
        Self {
            part: PartName::of(part.kind),
            title: part.kind.title(),
            subjects: part.subjects.iter().map(PartSubject::of).collect(),
        }
    }
}

/// The name of a file that AWS shows for a cluster.
pub(super) const fn file_kind(kind: CertificateKind) -> &'static str {
    match kind {
        CertificateKind::ClusterCsr => "cluster-csr",
        CertificateKind::HsmCertificate => "hsm-certificate",
        CertificateKind::AwsHardwareCertificate => "aws-hardware-certificate",
        CertificateKind::ManufacturerHardwareCertificate => "manufacturer-hardware-certificate",
        CertificateKind::ClusterCertificate => "cluster-certificate",
        _ => "other",
    }
}

impl PartSubject {
    fn of(subject: &IdentitySubject) -> Self {
        let check = |step: &PathStep| Check {
            check: CheckName::of(step.what),
            state: match step.finding {
                Finding::Passed(_) => State::Ok,
                Finding::Noted(_) => State::Note,
                Finding::Failed(_) => State::Failed,
            },
            found: step.finding.text().to_owned(),
        };
        Self {
            file_kind: match subject.role {
                role if role == CertificateKind::ClusterCsr.name() => {
                    file_kind(CertificateKind::ClusterCsr).to_owned()
                }
                role => role.to_lowercase().replace(' ', "-"),
            },
            subject: subject.subject.clone(),
            sha256: Fingerprint::new(&subject.fingerprint),
            checks: subject.steps.iter().map(check).collect(),
        }
    }
}

/// `cluster check`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ClusterCheck {
    /// Null if nothing failed but something was not checked.
    pub(in crate::cli) verified: Option<bool>,
    /// The cluster's id.
    pub(in crate::cli) cluster: Option<String>,
    pub(in crate::cli) checks: Vec<TlsCheck>,
    pub(in crate::cli) certificates: Vec<CheckedCertificate>,
    /// In order of their dates.
    pub(in crate::cli) expiries: Vec<ShownExpiry>,
    /// Servers that did not show a certificate.
    pub(in crate::cli) unreachable: Vec<SilentServer>,
}

impl ClusterCheck {
    pub(in crate::cli) fn of(
        report: &TlsReport,
        cluster: Option<&str>,
        unreachable: Vec<SilentServer>,
    ) -> Self {
        Self {
            verified: report.fits(),
            cluster: cluster.map(str::to_owned),
            checks: report
                .steps
                .iter()
                .map(|step| TlsCheck::of(report, step))
                .collect(),
            certificates: report.certificates.iter().map(CheckedCertificate::of).collect(),
            expiries: report.expiries().iter().map(ShownExpiry::of).collect(),
            unreachable,
        }
    }
}

impl Output for ClusterCheck {
    const NAME: &'static str = "cluster-check";
}

/// A part of the path from the client to the HSM.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Component {
    ClientDirectory,
    ServerCertificate,
    ClientCertificate,
    /// customerCA.crt
    CustomerCa,
    ClusterCertificate,
}

impl Component {
    const fn of(role: TlsRole) -> Self {
        match role {
            TlsRole::ClientDirectory => Self::ClientDirectory,
            TlsRole::Server => Self::ServerCertificate,
            TlsRole::Client => Self::ClientCertificate,
            TlsRole::CustomerAuthority => Self::CustomerCa,
            TlsRole::Cluster => Self::ClusterCertificate,
        }
    }
}

const fn state(state: StepState) -> State {
    match state {
        StepState::Passed => State::Ok,
        StepState::Noted => State::Note,
        StepState::Warning => State::Warning,
        StepState::NotChecked => State::NotChecked,
        StepState::Failed => State::Failed,
    }
}

/// A check of one part.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct TlsCheck {
    component: Component,
    #[serde(flatten)]
    check: Check,
    /// How to get what is missing, for people.
    hint: Option<String>,
    /// Absent if the check is not about a certificate.
    #[serde(flatten)]
    certificate: Option<CertificateInBrief>,
}

/// The certificate that a check is about.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CertificateInBrief {
    /// Where it comes from.
    source: String,
    subject: String,
    sha256: Fingerprint,
    not_before: Time,
    not_after: Time,
}

impl CertificateInBrief {
    fn of(listed: &TlsCertificate) -> Self {
        let (certificate, validity) = (&listed.certificate, listed.certificate.validity());
        Self {
            source: listed.source.clone(),
            subject: certificate.subject().to_string(),
            sha256: Fingerprint::new(certificate.fingerprint()),
            not_before: Time::of(validity.not_before),
            not_after: Time::of(validity.not_after),
        }
    }
}

impl TlsCheck {
    fn of(report: &TlsReport, step: &TlsStep) -> Self {
        let certificate = step.certificate.and_then(|at| report.certificates.get(at));
        Self {
            component: Component::of(step.role),
            check: Check {
                check: CheckName::of(step.name),
                state: state(step.state),
                found: step.found.clone(),
            },
            hint: step.obtain.clone(),
            certificate: certificate.map(CertificateInBrief::of),
        }
    }
}

/// A certificate that protects traffic.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CheckedCertificate {
    component: Component,
    #[serde(flatten)]
    brief: CertificateInBrief,
    issuer: String,
    serial_number: String,
    /// As "RSA 2048" or "EC P-256".
    key_type: String,
    signature_algorithm: String,
}

impl CheckedCertificate {
    fn of(listed: &TlsCertificate) -> Self {
        let certificate = &listed.certificate;
        Self {
            component: Component::of(listed.role),
            brief: CertificateInBrief::of(listed),
            issuer: certificate.issuer().to_string(),
            serial_number: certificate.serial_number().to_string(),
            key_type: certificate.describe_key(),
            signature_algorithm: certificate.describe_signature(),
        }
    }
}

/// A date at which something stops working.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ShownExpiry {
    component: Component,
    not_after: Time,
    /// Zero or less if it has expired.
    days_left: i64,
    sha256: Fingerprint,
    state: State,
    /// What stops working, for people.
    effect: &'static str,
}

impl ShownExpiry {
    fn of(expiry: &Expiry) -> Self {
        Self {
            component: Component::of(expiry.role),
            not_after: Time::of(expiry.date),
            days_left: expiry.days_left,
            sha256: Fingerprint::new(&expiry.sha256),
            state: state(expiry.state),
            effect: expiry.effect,
        }
    }
}

/// A server that did not show a certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct SilentServer {
    pub(in crate::cli) server: String,
    pub(in crate::cli) error: ErrorBody,
}
