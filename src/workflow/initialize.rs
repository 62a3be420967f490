//! `InitializeCluster`. It cannot be undone, so its input is checked first, against the CSR that AWS has now.

mod ask;
mod certificates;
mod error;
mod file;
#[cfg(test)]
mod tests;
mod wait;
mod which;
mod words;

pub use certificates::ClusterCertificates;
pub use error::InitializeClusterError;
pub use wait::WaitLimits;
pub use which::WhichCertificate;

use super::{Progress, Step, WorkflowError};
use crate::cloudhsm::{
    CertificateKind, CloudHsmError, Cluster, ClusterId, ClusterService, ClusterState, NoCsr,
};
use crate::x509::{Certificate, CertificationRequest};

/// The result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitializeSummary {
    /// The cluster's state at the end.
    pub state: ClusterState,
    /// True if this call did not do it: it was done before, or another caller did it at the same time.
    pub already: bool,
    /// True if AWS shows the cluster's certificate and it is the given one.
    pub confirmed: bool,
    /// What the operator should know, such as a lost answer or a certificate for a name other than the CSR's.
    pub remarks: Vec<String>,
}

/// Fetches the CSR again and compares its key. (AWS replaces a first HSM that fails, and the CSR with it; a certificate for the old CSR is
/// useless.) Then initialises the cluster, and with `wait` polls its state until it is initialised.
///
/// If it runs again after an interruption, it continues where the first run stopped. It calls `InitializeCluster` at most once. If another
/// caller initialised the cluster, it succeeds only if AWS shows this certificate.
///
/// # Errors
/// [`InitializeClusterError`] and [`CloudHsmError`] as [`WorkflowError`]
pub fn initialize_cluster(
    service: &dyn ClusterService,
    id: &ClusterId,
    certificates: &ClusterCertificates,
    wait: Option<WaitLimits>,
    progress: &dyn Progress,
) -> Result<InitializeSummary, WorkflowError> {
    progress.step(&Step::DescribeCluster { cluster: id });
    let cluster = service.describe(id)?;
    let mut summary = match cluster.csr() {
        Ok(csr) => {
            let doubt = check_request(&cluster, csr, certificates)?;
            progress.step(&Step::InitializeCluster { cluster: id });
            let mut summary = ask::ask(service, &cluster, certificates)?;
            summary.remarks.extend(doubt);
            summary
        }
        Err(CloudHsmError::NoCsr {
            reason: NoCsr::Initialized,
            ..
        }) => InitializeSummary {
            confirmed: confirm(&cluster, certificates)?,
            state: cluster.state,
            already: true,
            remarks: Vec::new(),
        },
        Err(error) => return Err(error.into()),
    };
    let is_under_way = matches!(
        summary.state,
        ClusterState::InitializeInProgress | ClusterState::Uninitialized
    );
    if let Some(limits) = wait
        && is_under_way
    {
        let cluster = wait::until_initialized(service, id, summary.state.clone(), limits, progress)?;
        summary.confirmed = confirm(&cluster, certificates)?;
        summary.state = cluster.state;
    }
    if summary.already && !summary.confirmed {
        return Err(InitializeClusterError::Unconfirmed {
            cluster: id.clone(),
            state: summary.state,
        }
        .into());
    }
    Ok(summary)
}

/// Checks that the certificate is for the CSR's key. AWS compares nothing else, so a different name is only reported.
fn check_request(
    cluster: &Cluster,
    csr: &str,
    certificates: &ClusterCertificates,
) -> Result<Option<String>, WorkflowError> {
    let field = CertificateKind::ClusterCsr.name();
    let in_answer = |cause| WorkflowError::InAnswer { field, cause };
    let request = CertificationRequest::read(csr.as_bytes()).map_err(in_answer)?;
    let request = request.verify().map_err(in_answer)?;
    let certificate = certificates.signed();
    if certificate.public_key().map_err(WorkflowError::X509)? != *request.public_key() {
        return Err(InitializeClusterError::OtherKey {
            cluster: cluster.id.clone(),
            certificate: certificate.subject().to_string(),
            request: request.subject().to_string(),
        }
        .into());
    }
    let is_renamed = !certificate.subject().is_like(request.subject());
    Ok(is_renamed.then(|| {
        format!(
            "the certificate has the CSR's key but a different name: \"{}\" instead of \"{}\"",
            certificate.subject(),
            request.subject()
        )
    }))
}

/// Whether AWS shows the given certificate. Refuses a different one.
fn confirm(cluster: &Cluster, certificates: &ClusterCertificates) -> Result<bool, WorkflowError> {
    let kind = CertificateKind::ClusterCertificate;
    let Some(text) = cluster.certificates.get(kind) else {
        return Ok(false);
    };
    let found = Certificate::read(text.as_bytes()).map_err(|cause| WorkflowError::InAnswer {
        field: kind.name(),
        cause,
    })?;
    if found.der() == certificates.signed().der() {
        return Ok(true);
    }
    Err(InitializeClusterError::OtherCertificate {
        cluster: cluster.id.clone(),
        state: cluster.state.clone(),
        found: found.fingerprint(),
        issuer: found.issuer().to_string(),
    }
    .into())
}
