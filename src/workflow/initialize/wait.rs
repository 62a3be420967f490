//! Following a cluster's states.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::InitializeError;
use crate::cloudhsm::{Cluster, ClusterId, ClusterService, ClusterState};
use crate::workflow::{Progress, WorkflowError};

/// How to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitLimits {
    /// When to give up.
    pub longest: Duration,
    /// The first pause between two questions; it grows to [`LONGEST_PAUSE`].
    pub first_pause: Duration,
}

/// A cluster takes minutes, and the account's calls are throttled.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

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

/// Asks until the cluster is initialised.
pub(super) fn until_initialized(
    service: &dyn ClusterService,
    id: &ClusterId,
    state: ClusterState,
    limits: WaitLimits,
    progress: &dyn Progress,
) -> Result<Cluster, WorkflowError> {
    let began = Instant::now();
    let mut pause = limits.first_pause;
    let mut last = state;
    loop {
        // The account may be asked too often, or the network be away, for a moment: waiting is what this is for.
        match service.describe(id) {
            Ok(cluster) => {
                if cluster.state != last {
                    progress.step(&format!("{id} is {}", cluster.state));
                    last = cluster.state.clone();
                }
                match cluster.state {
                    ClusterState::Initialized | ClusterState::Active => return Ok(cluster),
                    // It may still be so right after it was asked; any other state leads nowhere.
                    ClusterState::InitializeInProgress | ClusterState::Uninitialized => {}
                    state => {
                        return Err(InitializeError::Failed {
                            cluster: id.clone(),
                            state,
                            message: cluster.state_message,
                        }
                        .into());
                    }
                }
            }
            Err(error) if began.elapsed() + pause < limits.longest => {
                progress.step(&format!("asking again: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        if began.elapsed() + pause > limits.longest {
            return Err(InitializeError::StillInProgress {
                cluster: id.clone(),
                state: last,
                waited: began.elapsed(),
            }
            .into());
        }
        sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
