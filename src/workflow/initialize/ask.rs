//! The call of `InitializeCluster`: made once, and followed by a look at the cluster if the answer leaves its effect open.

use super::{ClusterCertificates, InitializeClusterError, InitializeSummary, check_request, confirm};
use crate::cloudhsm::{CloudHsmError, Cluster, ClusterService, ClusterState};
use crate::workflow::WorkflowError;

/// Calls once, whatever happens, because the effect cannot be undone.
pub(super) fn ask(
    service: &dyn ClusterService,
    cluster: &Cluster,
    certificates: &ClusterCertificates,
) -> Result<InitializeSummary, WorkflowError> {
    let id = &cluster.id;
    let error = match service.initialize(id, certificates.signed_pem(), certificates.anchor_pem()) {
        Ok(state) if leads_on(&state) || state == ClusterState::Uninitialized => {
            return Ok(InitializeSummary {
                state,
                already: false,
                confirmed: false,
                remarks: Vec::new(),
            });
        }
        Ok(state) => {
            return Err(InitializeClusterError::Failed {
                cluster: id.clone(),
                state,
                message: None,
            }
            .into());
        }
        Err(error) => error,
    };
    // Neither who asks nor the cluster is known there: the state has nothing to add.
    if error.is_answered() && !is_refused(&error) && !error.is_throttled() {
        return Err(error.into());
    }
    match service.describe(id) {
        Ok(now) => look(&now, certificates, error),
        Err(_) if error.is_answered() => Err(error.into()),
        Err(second) => Err(InitializeClusterError::Unknown {
            cluster: id.clone(),
            cause: Box::new(error),
            second: Box::new(second),
        }
        .into()),
    }
}

/// The effect of a failed call, according to the cluster's current state.
fn look(
    now: &Cluster,
    certificates: &ClusterCertificates,
    error: CloudHsmError,
) -> Result<InitializeSummary, WorkflowError> {
    let state = now.state.clone();
    if leads_on(&state) {
        let remark = if error.is_answered() {
            format!("{error}; someone else made the same request at the same time")
        } else {
            format!("{error}; AWS did it anyway: the cluster is {state}")
        };
        return Ok(InitializeSummary {
            already: error.is_answered(),
            confirmed: confirm(now, certificates)?,
            state,
            remarks: vec![remark],
        });
    }
    if state != ClusterState::Uninitialized && !error.is_answered() {
        return Err(InitializeClusterError::Failed {
            cluster: now.id.clone(),
            state,
            message: now.state_message.clone(),
        }
        .into());
    }
    // The HSM may have been replaced a moment ago: that explains the refusal better than AWS does.
    if let Ok(csr) = now.csr() {
        check_request(now, csr, certificates)?;
    }
    let is_refused = is_refused(&error);
    let cause = Box::new(error);
    Err(if is_refused {
        InitializeClusterError::Refused { cause, state }.into()
    } else {
        InitializeClusterError::NotDone { cause, state }.into()
    })
}

const fn is_refused(error: &CloudHsmError) -> bool {
    matches!(error, CloudHsmError::InvalidRequest { .. })
}

const fn leads_on(state: &ClusterState) -> bool {
    matches!(
        state,
        ClusterState::InitializeInProgress | ClusterState::Initialized | ClusterState::Active
    )
}
