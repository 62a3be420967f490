//! `cluster list`, `fetch` and `initialize`: a cluster as AWS describes it.

use hsm_ca::cloudhsm::CertificateKind;
use serde::Serialize;

use super::Output;
use super::common::{FileName, Fingerprint};

/// A CloudHSM cluster, as AWS describes it. States and types are as the API names them.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Cluster {
    /// The cluster's id.
    cluster: String,
    state: String,
    /// The reason for the state, if AWS gives one.
    state_message: Option<String>,
    hsm_type: Option<String>,
    mode: Option<String>,
    vpc: Option<String>,
    hsms: Vec<Hsm>,
    /// The CSR and certificates that AWS shows.
    #[cfg_attr(test, schemars(extend("items" = {
        "type": "string",
        "enum": CertificateKind::ALL.map(super::cluster::file_kind),
    })))]
    certificates: Vec<&'static str>,
}

/// An HSM of a cluster.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Hsm {
    id: String,
    state: String,
    /// Its address inside the VPC.
    address: Option<String>,
    availability_zone: Option<String>,
}

impl Cluster {
    pub(in crate::cli) fn of(cluster: &hsm_ca::cloudhsm::Cluster) -> Self {
        let kinds = CertificateKind::ALL.into_iter();
        Self {
            cluster: cluster.id.to_string(),
            state: cluster.state.name().to_owned(),
            state_message: cluster.state_message.clone(),
            hsm_type: cluster.hsm_type.clone(),
            mode: cluster.mode.clone(),
            vpc: cluster.vpc.clone(),
            hsms: cluster
                .hsms
                .iter()
                .map(|hsm| Hsm {
                    id: hsm.id.clone(),
                    state: hsm.state.clone(),
                    address: hsm.address.clone(),
                    availability_zone: hsm.availability_zone.clone(),
                })
                .collect(),
            certificates: kinds
                .filter(|kind| cluster.certificates.get(*kind).is_some())
                .map(super::cluster::file_kind)
                .collect(),
        }
    }
}

/// `cluster list`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ClusterList {
    pub(in crate::cli) region: String,
    pub(in crate::cli) clusters: Vec<Cluster>,
}

impl Output for ClusterList {
    const NAME: &'static str = "cluster-list";
}

/// `cluster fetch`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ClusterFetch {
    #[serde(flatten)]
    pub(in crate::cli) cluster: Cluster,
    /// The files that were written.
    pub(in crate::cli) written: Vec<FileName>,
    /// The files that already had the same content.
    pub(in crate::cli) unchanged: Vec<FileName>,
    /// Whether AWS shows a CSR to sign.
    pub(in crate::cli) csr: bool,
}

impl Output for ClusterFetch {
    const NAME: &'static str = "cluster-fetch";
}

/// `cluster initialize`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ClusterInitialize {
    /// The cluster's id.
    pub(in crate::cli) cluster: String,
    /// The state at the end, as the API names it.
    pub(in crate::cli) state: String,
    /// Whether it had already been initialised with this certificate.
    pub(in crate::cli) already: bool,
    /// Whether AWS shows this certificate as the cluster's.
    pub(in crate::cli) confirmed: bool,
    pub(in crate::cli) certificate_sha256: Fingerprint,
    pub(in crate::cli) trust_anchor_sha256: Fingerprint,
}

impl Output for ClusterInitialize {
    const NAME: &'static str = "cluster-initialize";
}
