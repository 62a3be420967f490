//! AWS CloudHSM: its clusters, the certificates that come with them, and the roots that certify the hardware.

#[cfg(feature = "aws")]
mod api;
mod certificates;
mod cluster;
mod cluster_id;
mod error;
#[cfg(feature = "aws")]
mod exception;
mod limits;
mod root;
#[cfg(feature = "aws")]
mod server;
#[cfg(feature = "aws")]
mod server_error;

#[cfg(feature = "aws")]
pub use api::CloudHsm;
pub use certificates::{CertificateKind, Certificates};
pub use cluster::{Cluster, ClusterState, Hsm, NoCsr};
pub use cluster_id::ClusterId;
pub use error::CloudHsmError;
pub use limits::{LONGEST_CERTIFICATE, check_characters};
pub use root::{KnownRoot, RootSide, Successor};
#[cfg(feature = "aws")]
pub use server::ServerAddress;
#[cfg(feature = "aws")]
pub use server_error::ServerError;

/// A service that knows the clusters of an account, and can initialise one of them.
pub trait ClusterService {
    /// The current state of the cluster.
    ///
    /// # Errors
    /// [`CloudHsmError`]; [`CloudHsmError::NotFound`] if the account has no such cluster.
    fn describe(&self, cluster: &ClusterId) -> Result<Cluster, CloudHsmError>;

    /// `InitializeCluster`, called once: `signed_cert` is the cluster's certificate, `trust_anchor` that of the CA, both PEM.
    ///
    /// # Errors
    /// [`CloudHsmError`]; [`CloudHsmError::is_answered`] tells whether the cluster may have been initialised anyway.
    fn initialize(
        &self,
        cluster: &ClusterId,
        signed_cert: &str,
        trust_anchor: &str,
    ) -> Result<ClusterState, CloudHsmError>;
}
