//! The CloudHSM client.

use std::collections::BTreeSet;

use aws_sdk_cloudhsmv2::Client;
use aws_sdk_cloudhsmv2::config::retry::RetryConfig;
use aws_sdk_cloudhsmv2::types::{Cluster as AwsCluster, Hsm as AwsHsm};
use tokio::runtime::Runtime;

use super::exception::translate;
use super::{
    CertificateKind, Certificates, CloudHsmError, Cluster, ClusterId, ClusterService, ClusterState, Hsm,
};
use crate::aws::{AwsSettings, SdkConfig};

const DESCRIBE: &str = "DescribeClusters";

/// Limit on the pages of an answer: an account has a few clusters, and a page takes 100.
const MOST_PAGES: usize = 100;
const INITIALIZE: &str = "InitializeCluster";

/// A connection to CloudHSM, with the settings of the usual AWS chain (environment, profile, SSO, IMDS) or of the caller.
#[derive(Debug)]
pub struct CloudHsm {
    runtime: Runtime,
    client: Client,
    region: String,
}

impl CloudHsm {
    /// Loads the AWS settings, without a call to CloudHSM.
    ///
    /// # Errors
    /// [`CloudHsmError::Aws`]
    pub fn connect() -> Result<Self, CloudHsmError> {
        Ok(Self::of(AwsSettings::load(None).map_err(CloudHsmError::Aws)?))
    }

    /// With settings that the caller has loaded or made, without a call to CloudHSM.
    ///
    /// The limits of this library are added: an answer ends after 4 MiB, an unencrypted endpoint is refused unless it is on this machine,
    /// and a timeout that is not set gets a value.
    ///
    /// The methods block, on a runtime of their own: async code calls them, and drops the value, on a blocking thread.
    ///
    /// # Errors
    /// [`CloudHsmError::Aws`]
    pub fn with_config(config: &SdkConfig) -> Result<Self, CloudHsmError> {
        let settings = AwsSettings::of_caller(config, None);
        Ok(Self::of(settings.map_err(CloudHsmError::Aws)?))
    }

    fn of(settings: AwsSettings) -> Self {
        let config = aws_sdk_cloudhsmv2::config::Builder::from(&settings.sdk)
            .interceptor(AwsSettings::interceptor())
            .retry_classifier(AwsSettings::retry_classifier())
            .build();
        Self {
            runtime: settings.runtime,
            client: Client::from_conf(config),
            region: settings.region,
        }
    }

    /// The region of the calls.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Every cluster of the account in this region, by id.
    ///
    /// # Errors
    /// [`CloudHsmError`]
    pub fn list(&self) -> Result<Vec<Cluster>, CloudHsmError> {
        let mut clusters = self.describe_all(None)?;
        clusters.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(clusters)
    }

    fn describe_all(&self, only: Option<&ClusterId>) -> Result<Vec<Cluster>, CloudHsmError> {
        let mut clusters = Vec::new();
        let mut page = None;
        let mut asked = BTreeSet::new();
        loop {
            let mut request = self.client.describe_clusters().set_next_token(page);
            if let Some(cluster) = only {
                request = request.filters("clusterIds", vec![cluster.to_string()]);
            }
            let answer = self.runtime.block_on(request.send());
            let answer = answer.map_err(|error| translate(DESCRIBE, error))?;
            for cluster in answer.clusters.unwrap_or_default() {
                clusters.push(read_cluster(cluster)?);
            }
            let next = answer.next_token.filter(|token| !token.is_empty());
            // A faulty service could answer with pages without end.
            let endless = |field| {
                Err(CloudHsmError::Incomplete {
                    operation: DESCRIBE,
                    field,
                })
            };
            if next.clone().is_some_and(|token| !asked.insert(token)) {
                return endless("end: its NextToken repeats an earlier one");
            }
            if asked.len() > MOST_PAGES {
                return endless("end: it continues after 100 pages");
            }
            page = next;
            if page.is_none() {
                return Ok(clusters);
            }
        }
    }

    fn not_found(&self, cluster: &ClusterId) -> CloudHsmError {
        CloudHsmError::NotFound {
            cluster: cluster.clone(),
            region: self.region.clone(),
        }
    }

    /// Some operations have an exception for an unknown cluster, others answer with an empty list.
    fn name_the_missing(&self, cluster: &ClusterId, error: CloudHsmError) -> CloudHsmError {
        match error {
            CloudHsmError::Service { code, .. } if code == "CloudHsmResourceNotFoundException" => {
                self.not_found(cluster)
            }
            other => other,
        }
    }
}

impl ClusterService for CloudHsm {
    fn describe(&self, cluster: &ClusterId) -> Result<Cluster, CloudHsmError> {
        let found = self.describe_all(Some(cluster));
        let found = found.map_err(|error| self.name_the_missing(cluster, error))?;
        // A service that ignores the filter must not pass another cluster off as this one.
        found
            .into_iter()
            .find(|one| one.id == *cluster)
            .ok_or_else(|| self.not_found(cluster))
    }

    fn initialize(
        &self,
        cluster: &ClusterId,
        signed_cert: &str,
        trust_anchor: &str,
    ) -> Result<ClusterState, CloudHsmError> {
        // Not repeated: the call cannot be undone, and after a lost answer the cluster's state shows whether it took effect.
        let once = aws_sdk_cloudhsmv2::config::Builder::new().retry_config(RetryConfig::disabled());
        let request = self
            .client
            .initialize_cluster()
            .cluster_id(cluster.as_str())
            .signed_cert(signed_cert)
            .trust_anchor(trust_anchor);
        let answer = self
            .runtime
            .block_on(request.customize().config_override(once).send());
        let answer = answer.map_err(|error| self.name_the_missing(cluster, translate(INITIALIZE, error)))?;
        let state = answer.state.ok_or(CloudHsmError::Incomplete {
            operation: INITIALIZE,
            field: "State",
        })?;
        Ok(ClusterState::named(state.as_str()))
    }
}

fn read_cluster(cluster: AwsCluster) -> Result<Cluster, CloudHsmError> {
    let incomplete = |field| CloudHsmError::Incomplete {
        operation: DESCRIBE,
        field,
    };
    let given = cluster
        .certificates
        .unwrap_or_else(|| aws_sdk_cloudhsmv2::types::Certificates::builder().build());
    let certificates = Certificates::default()
        .with(CertificateKind::ClusterCsr, given.cluster_csr)
        .with(CertificateKind::HsmCertificate, given.hsm_certificate)
        .with(
            CertificateKind::AwsHardwareCertificate,
            given.aws_hardware_certificate,
        )
        .with(
            CertificateKind::ManufacturerHardwareCertificate,
            given.manufacturer_hardware_certificate,
        )
        .with(CertificateKind::ClusterCertificate, given.cluster_certificate);
    let state = cluster.state.ok_or_else(|| incomplete("State"))?;
    Ok(Cluster {
        id: cluster
            .cluster_id
            .ok_or_else(|| incomplete("ClusterId"))?
            .parse()?,
        state: ClusterState::named(state.as_str()),
        state_message: cluster.state_message.filter(|message| !message.is_empty()),
        hsm_type: cluster.hsm_type,
        mode: cluster.mode.map(|mode| mode.as_str().to_owned()),
        vpc: cluster.vpc_id,
        hsms: cluster
            .hsms
            .unwrap_or_default()
            .into_iter()
            .map(read_hsm)
            .collect(),
        certificates,
    })
}

fn read_hsm(hsm: AwsHsm) -> Hsm {
    Hsm {
        id: hsm.hsm_id,
        state: hsm
            .state
            .map(|state| state.as_str().to_owned())
            .unwrap_or_default(),
        address: hsm.eni_ip,
        availability_zone: hsm.availability_zone,
    }
}
