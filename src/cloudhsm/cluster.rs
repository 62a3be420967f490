//! A cluster as `DescribeClusters` describes it.

use std::fmt;

use super::{CertificateKind, Certificates, CloudHsmError, ClusterId};

/// `Cluster.State` of the API reference.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterState {
    /// It is being made.
    CreateInProgress,
    /// It exists and has no owner's certificate yet: the only state with a CSR, once it has an HSM.
    Uninitialized,
    /// It is being initialised.
    InitializeInProgress,
    /// It has its certificate; the administrator's password is not set yet.
    Initialized,
    /// It is in use.
    Active,
    /// Its hardware cannot be reached, wholly or in part.
    Degraded,
    /// It is being deleted.
    DeleteInProgress,
    /// It is gone.
    Deleted,
    /// Any other state, by its name: the cluster is being changed.
    Other(String),
}

impl ClusterState {
    const NAMED: [(Self, &str); 8] = [
        (Self::CreateInProgress, "CREATE_IN_PROGRESS"),
        (Self::Uninitialized, "UNINITIALIZED"),
        (Self::InitializeInProgress, "INITIALIZE_IN_PROGRESS"),
        (Self::Initialized, "INITIALIZED"),
        (Self::Active, "ACTIVE"),
        (Self::Degraded, "DEGRADED"),
        (Self::DeleteInProgress, "DELETE_IN_PROGRESS"),
        (Self::Deleted, "DELETED"),
    ];

    /// The state with that name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let known = Self::NAMED.into_iter().find(|(_, known)| *known == name);
        known.map_or_else(|| Self::Other(name.to_owned()), |(state, _)| state)
    }

    /// Its name in the API.
    #[must_use]
    pub fn name(&self) -> &str {
        if let Self::Other(name) = self {
            return name;
        }
        let known = Self::NAMED.iter().find(|(state, _)| state == self);
        known.map_or("", |(_, name)| name)
    }
}

impl fmt::Display for ClusterState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One HSM of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hsm {
    /// `HsmId`
    pub id: String,
    /// `State`, as the API names it.
    pub state: String,
    /// `EniIp`: the address inside the VPC at which the server in front of the HSM listens.
    pub address: Option<String>,
    /// `AvailabilityZone`
    pub availability_zone: Option<String>,
}

/// What `DescribeClusters` reports about a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// `ClusterId`
    pub id: ClusterId,
    /// `State`
    pub state: ClusterState,
    /// `StateMessage`: the reason for the state, if AWS gives one.
    pub state_message: Option<String>,
    /// `HsmType`, as `hsm2m.medium`
    pub hsm_type: Option<String>,
    /// `Mode`: `FIPS` or `NON_FIPS`
    pub mode: Option<String>,
    /// `VpcId`
    pub vpc: Option<String>,
    /// `Hsms`
    pub hsms: Vec<Hsm>,
    /// `Certificates`
    pub certificates: Certificates,
}

/// Why a cluster has no CSR.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoCsr {
    /// The cluster itself is being created.
    ClusterInCreation,
    /// It has no HSM yet, and the first HSM makes the CSR.
    NoHsm,
    /// Its first HSM is not ready.
    HsmInCreation {
        /// The HSM's id.
        hsm: String,
        /// Its state.
        state: String,
    },
    /// The cluster has its certificate, or is just getting it.
    Initialized,
    /// The cluster is being changed, and no certificate is reported either.
    Changing,
    /// It is being deleted, or broken.
    Unusable,
    /// It should have a CSR.
    Missing,
}

impl Cluster {
    /// The CSR. API reference, `Certificates`: it "exists only when the cluster's state is UNINITIALIZED".
    ///
    /// # Errors
    /// [`CloudHsmError::NoCsr`] with the reason.
    pub fn csr(&self) -> Result<&str, CloudHsmError> {
        if self.state == ClusterState::Uninitialized
            && let Some(csr) = self.certificates.get(CertificateKind::ClusterCsr)
        {
            return Ok(csr);
        }
        Err(CloudHsmError::NoCsr {
            cluster: self.id.clone(),
            state: self.state.clone(),
            reason: self.why_no_csr(),
        })
    }

    fn why_no_csr(&self) -> NoCsr {
        match &self.state {
            ClusterState::CreateInProgress => NoCsr::ClusterInCreation,
            ClusterState::Uninitialized => match self.hsms.first() {
                None => NoCsr::NoHsm,
                Some(hsm) if hsm.state != "ACTIVE" => NoCsr::HsmInCreation {
                    hsm: hsm.id.clone(),
                    state: hsm.state.clone(),
                },
                Some(_) => NoCsr::Missing,
            },
            ClusterState::DeleteInProgress | ClusterState::Deleted | ClusterState::Degraded => {
                NoCsr::Unusable
            }
            // A change in progress, or one rolled back, does not show the state before it.
            ClusterState::Other(_)
                if self
                    .certificates
                    .get(CertificateKind::ClusterCertificate)
                    .is_none() =>
            {
                NoCsr::Changing
            }
            _ => NoCsr::Initialized,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_of_the_api_reference() {
        for id in ["cluster-igklspoyj5v", "cluster-ABCDEFGHIJ234567"] {
            assert!(id.parse::<ClusterId>().is_ok(), "{id}");
        }
        for id in [
            "",
            "cluster-",
            "cluster-short",
            "cluster-igklspoyj51",
            "cluster-ABCDEFGHIJK234567",
            "cluster-../../../etc",
            "igklspoyj5v",
        ] {
            assert!(id.parse::<ClusterId>().is_err(), "{id}");
        }
    }

    #[test]
    fn states_keep_their_names() {
        for name in ["UNINITIALIZED", "INITIALIZED", "ACTIVE", "ROLLBACK_IN_PROGRESS"] {
            assert_eq!(ClusterState::named(name).name(), name);
        }
    }
}
