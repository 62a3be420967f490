//! A service that answers by a script.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::aws::AwsError;
use crate::cloudhsm::{
    CertificateKind, Certificates, CloudHsmError, Cluster, ClusterId, ClusterService, ClusterState, Hsm,
};
use crate::workflow::{Progress, Step};

pub(super) fn id() -> ClusterId {
    "cluster-igklspoyj5v".parse().unwrap()
}

/// The cluster in a state of that name.
pub(super) fn cluster(state: &str) -> Cluster {
    Cluster {
        id: id(),
        state: ClusterState::named(state),
        state_message: None,
        hsm_type: None,
        mode: None,
        vpc: None,
        hsms: vec![Hsm {
            id: "hsm-lgavqitns2a".to_owned(),
            state: "ACTIVE".to_owned(),
            address: None,
            availability_zone: None,
        }],
        certificates: Certificates::default(),
    }
}

/// With one of its certificates.
pub(super) fn with(state: &str, kind: CertificateKind, pem: &str) -> Cluster {
    let mut cluster = cluster(state);
    cluster.certificates = cluster.certificates.with(kind, Some(pem.to_owned()));
    cluster
}

pub(super) fn unreachable() -> CloudHsmError {
    CloudHsmError::Aws(AwsError::Unreachable {
        service: "CloudHSM",
        operation: "InitializeCluster",
        reason: "connection closed".to_owned(),
    })
}

pub(super) fn refused() -> CloudHsmError {
    CloudHsmError::InvalidRequest {
        operation: "InitializeCluster",
        message: "no".to_owned(),
    }
}

pub(super) fn service(code: &str) -> CloudHsmError {
    CloudHsmError::Service {
        operation: "InitializeCluster",
        code: code.to_owned(),
        message: String::new(),
    }
}

pub(super) fn denied() -> CloudHsmError {
    CloudHsmError::AccessDenied {
        operation: "InitializeCluster",
        message: "no".to_owned(),
    }
}

/// Answers in order; the last description is repeated.
#[derive(Debug)]
pub(super) struct Script {
    seen: RefCell<VecDeque<Result<Cluster, CloudHsmError>>>,
    asked: RefCell<Option<Result<ClusterState, CloudHsmError>>>,
    /// How often `InitializeCluster` was called.
    pub(super) calls: Cell<usize>,
    /// How often the cluster was looked at.
    pub(super) looks: Cell<usize>,
}

impl Script {
    pub(super) fn new(
        seen: impl IntoIterator<Item = Result<Cluster, CloudHsmError>>,
        asked: Option<Result<&str, CloudHsmError>>,
    ) -> Self {
        Self {
            seen: RefCell::new(seen.into_iter().collect()),
            asked: RefCell::new(asked.map(|answer| answer.map(ClusterState::named))),
            calls: Cell::new(0),
            looks: Cell::new(0),
        }
    }
}

impl ClusterService for Script {
    fn describe(&self, _: &ClusterId) -> Result<Cluster, CloudHsmError> {
        self.looks.set(self.looks.get() + 1);
        let mut seen = self.seen.borrow_mut();
        match seen.len() {
            1 => seen[0].clone(),
            _ => seen.pop_front().expect("nobody looks without a description"),
        }
    }

    fn initialize(&self, _: &ClusterId, _: &str, _: &str) -> Result<ClusterState, CloudHsmError> {
        self.calls.set(self.calls.get() + 1);
        self.asked.take().expect("nobody asks where nothing is answered")
    }
}

/// What was reported.
#[derive(Debug, Default)]
pub(super) struct Told(pub(super) RefCell<Vec<String>>);

impl Progress for Told {
    fn step(&self, step: &Step<'_>) {
        self.0.borrow_mut().push(match step {
            Step::AskAgain { cause } => format!("asking again: {cause}"),
            Step::ClusterState { cluster, state } => format!("{cluster} is {state}"),
            other => format!("{other:?}"),
        });
    }

    fn unfinished(&self, _: &crate::ledger::Unfinished) {}
}
