//! Following a cluster's states.

use std::time::{Duration, Instant};

use super::InitializeClusterError;
use crate::cloudhsm::{CertificateKind, CloudHsmError, Cluster, ClusterId, ClusterService, ClusterState};
use crate::workflow::poll::{Pauses, poll};
use crate::workflow::{Progress, Step, WorkflowError};

/// How to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitLimits {
    /// When to give up.
    pub longest: Duration,
    /// The first pause between two questions; it grows to fifteen seconds.
    pub first_pause: Duration,
}

/// A cluster takes minutes, and the account's calls are throttled.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A user who watches for half an hour wants to see now and then that it continues.
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

/// Asks until the cluster is initialised. `state` is the last one that is known.
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
        // The account may be asked too often, or the network be away, for a moment: waiting is what this is for.
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
    /// True once the state was seen that the answer to the call may have named already.
    begun: bool,
    /// Why the last look failed.
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
            // It may still be so right after it was asked, but does not become so again.
            ClusterState::Uninitialized if !self.begun => Ok(false),
            ClusterState::InitializeInProgress => {
                self.begun = true;
                Ok(false)
            }
            // Something is being changed, as when an HSM is added: before or after.
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
