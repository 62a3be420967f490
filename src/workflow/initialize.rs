//! `InitializeCluster`: what it takes is checked first, against the CSR as AWS has it now, because it cannot be taken back.

mod certificates;
mod error;
mod wait;

pub use certificates::{ClusterCertificates, WhichCertificate};
pub use error::InitializeError;
pub use wait::WaitLimits;

use super::{Progress, WorkflowError};
use crate::cloudhsm::{
    CertificateKind, CloudHsmError, Cluster, ClusterId, ClusterService, ClusterState, NoCsr,
};
use crate::x509::{Certificate, CertificationRequest};

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitializeSummary {
    /// The cluster's state at the end.
    pub state: ClusterState,
    /// True if it had been initialised with this certificate before.
    pub already: bool,
    /// True once AWS shows the cluster's certificate, and it is the one that was given.
    pub confirmed: bool,
    /// What should be known: an answer that got lost.
    pub remark: Option<String>,
}

/// Fetches the CSR again and compares its key (AWS replaces a first HSM that fails, and with it the CSR: a certificate for the old one
/// binds nothing), initialises the cluster, and with `wait` follows its states until it is initialised.
///
/// A second run after one that was cut off goes on where that one was.
///
/// # Errors
/// [`InitializeError`] and [`CloudHsmError`] as [`WorkflowError`]
pub fn initialize_cluster(
    service: &dyn ClusterService,
    id: &ClusterId,
    certificates: &ClusterCertificates,
    wait: Option<WaitLimits>,
    progress: &dyn Progress,
) -> Result<InitializeSummary, WorkflowError> {
    progress.step(&format!("fetching the CSR of {id} again"));
    let cluster = service.describe(id)?;
    let asked = match cluster.csr() {
        Ok(csr) => {
            check_key(&cluster, csr, certificates)?;
            progress.step("AWS initialises the cluster");
            Some(ask(service, id, certificates)?)
        }
        Err(CloudHsmError::NoCsr {
            reason: NoCsr::Initialized,
            ..
        }) => None,
        Err(error) => return Err(error.into()),
    };
    let mut summary = match asked {
        Some(Asked { state, remark }) => InitializeSummary {
            state,
            already: false,
            confirmed: false,
            remark,
        },
        None => InitializeSummary {
            confirmed: confirm(&cluster, certificates)?,
            state: cluster.state,
            already: true,
            remark: None,
        },
    };
    if let Some(limits) = wait {
        let cluster = wait::until_initialized(service, id, summary.state.clone(), limits, progress)?;
        summary.confirmed = confirm(&cluster, certificates)?;
        summary.state = cluster.state;
    }
    Ok(summary)
}

fn check_key(cluster: &Cluster, csr: &str, certificates: &ClusterCertificates) -> Result<(), WorkflowError> {
    let field = CertificateKind::ClusterCsr.name();
    let in_answer = |cause| WorkflowError::InAnswer { field, cause };
    let request = CertificationRequest::read(csr.as_bytes()).map_err(in_answer)?;
    let request = request.verify().map_err(in_answer)?;
    let certificate = certificates.signed();
    if certificate.public_key().map_err(WorkflowError::X509)? != *request.public_key() {
        return Err(InitializeError::OtherKey {
            cluster: cluster.id.clone(),
            certificate: certificate.subject().to_string(),
            request: request.subject().to_string(),
        }
        .into());
    }
    Ok(())
}

struct Asked {
    state: ClusterState,
    remark: Option<String>,
}

/// Asks once. Where the answer gets lost, the state tells what became of it; it is not asked again.
fn ask(
    service: &dyn ClusterService,
    id: &ClusterId,
    certificates: &ClusterCertificates,
) -> Result<Asked, WorkflowError> {
    let error = match service.initialize(id, certificates.signed_pem(), certificates.anchor_pem()) {
        Ok(state) => return Ok(Asked { state, remark: None }),
        Err(error) if error.is_answered() => return Err(error.into()),
        Err(error) => error,
    };
    match service.describe(id) {
        Ok(cluster) if cluster.state == ClusterState::Uninitialized => Err(InitializeError::NotDone {
            cause: Box::new(error),
        }
        .into()),
        Ok(cluster) => Ok(Asked {
            remark: Some(format!(
                "{error}; yet AWS did it: the cluster is {}",
                cluster.state
            )),
            state: cluster.state,
        }),
        Err(second) => Err(InitializeError::Unknown {
            cluster: id.clone(),
            cause: Box::new(error),
            second: Box::new(second),
        }
        .into()),
    }
}

/// Whether AWS shows the certificate that was given; another one is a refusal.
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
    Err(InitializeError::OtherCertificate {
        cluster: cluster.id.clone(),
        state: cluster.state.clone(),
        found: found.fingerprint(),
    }
    .into())
}
