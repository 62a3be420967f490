//! Follows a cluster's states.

use std::time::{Duration, Instant};

use super::InitializeClusterError;
use crate::cloudhsm::{CertificateKind, CloudHsmError, Cluster, ClusterId, ClusterService, ClusterState};
use crate::workflow::poll::{Pauses, poll};
use crate::workflow::{Progress, Step, WorkflowError};

/// The limits for waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitLimits {
    /// When to give up.
    pub longest: Duration,
    /// The first pause between two queries. It grows to fifteen seconds.
    pub first_pause: Duration,
}

/// The longest pause. A cluster takes minutes, and AWS throttles the account's calls.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The longest time without a progress message. Waiting can take half an hour.
const SILENCE: Duration = Duration::from_secs(15);

impl WaitLimits {
    /// Gives up after `longest`.
    #[must_use]
    pub const fn up_to(longest: Duration) -> Self {
        Self {
            longest,
            first_pause: Duration::from_millis(500),
        }
    }
}

/// Queries until the cluster is initialised. `state` is the last known one.
pub(super) fn until_initialized(
    service: &dyn ClusterService,
    id: &ClusterId,
    state: ClusterState,
    limits: WaitLimits,
    progress: &dyn Progress,
) -> Result<Cluster, WorkflowError> {
    let mut watch = Watch {
        id,
        progress,
        began: Instant::now(),
        told: Instant::now(),
        state,
        begun: false,
        trouble: None,
    };
    progress.step(&Step::ClusterState {
        cluster: id,
        state: &watch.state,
    });
    progress.step(&Step::WaitForCluster {
        longest: limits.longest,
    });
    let pauses = Pauses {
        first: limits.first_pause,
        longest: LONGEST_PAUSE,
    };
    let found = poll(limits.longest, pauses, || match service.describe(id) {
        Ok(cluster) => Ok(watch.see(&cluster)?.then_some(cluster)),
        // AWS may throttle the account, or the network may fail for a moment: keep waiting.
        Err(error) if error.is_passing() => {
            watch.complain(error);
            Ok(None)
        }
        Err(error) => Err(watch.lose_sight(error)),
    })?;
    found.ok_or_else(|| watch.give_up())
}

struct Watch<'a> {
    id: &'a ClusterId,
    progress: &'a dyn Progress,
    began: Instant,
    told: Instant,
    state: ClusterState,
    /// Whether the cluster has been seen in the state that the call's answer may already name.
    begun: bool,
    /// Why the last query failed.
    trouble: Option<CloudHsmError>,
}

impl Watch<'_> {
    /// True once it is initialised.
    fn see(&mut self, cluster: &Cluster) -> Result<bool, WorkflowError> {
        self.trouble = None;
        let before = std::mem::replace(&mut self.state, cluster.state.clone());
        if before != self.state {
            self.progress.step(&Step::ClusterState {
                cluster: self.id,
                state: &self.state,
            });
            self.told = Instant::now();
        } else if self.told.elapsed() >= SILENCE {
            self.progress.step(&Step::ClusterUnchanged {
                cluster: self.id,
                state: &self.state,
                waited: self.began.elapsed(),
            });
            self.told = Instant::now();
        }
        match &self.state {
            ClusterState::Initialized | ClusterState::Active => Ok(true),
            // The cluster may still be in this state right after the call, but does not return to it.
            ClusterState::Uninitialized if !self.begun => Ok(false),
            ClusterState::InitializeInProgress => {
                self.begun = true;
                Ok(false)
            }
            // A change is in progress, for example adding an HSM, before or after the initialisation.
            ClusterState::Other(_) => {
                let certificate = cluster.certificates.get(CertificateKind::ClusterCertificate);
                Ok(certificate.is_some())
            }
            _ => Err(InitializeClusterError::Failed {
                cluster: self.id.clone(),
                state: self.state.clone(),
                message: cluster.state_message.clone(),
            }
            .into()),
        }
    }

    fn complain(&mut self, error: CloudHsmError) {
        if self.trouble.as_ref() != Some(&error) {
            self.progress.step(&Step::AskAgain { cause: &error });
            self.told = Instant::now();
        }
        self.trouble = Some(error);
    }

    fn lose_sight(&self, cause: CloudHsmError) -> WorkflowError {
        InitializeClusterError::OutOfSight {
            cluster: self.id.clone(),
            state: self.state.clone(),
            cause: Box::new(cause),
        }
        .into()
    }

    fn give_up(mut self) -> WorkflowError {
        let waited = self.began.elapsed();
        match self.trouble.take() {
            Some(cause) => self.lose_sight(cause),
            None => InitializeClusterError::StillInProgress {
                cluster: self.id.clone(),
                state: self.state,
                waited,
            }
            .into(),
        }
    }
}
