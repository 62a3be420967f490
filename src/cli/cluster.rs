//! `cluster`.

mod check;
mod directory;
#[cfg(feature = "aws")]
mod fetch;
pub(super) mod identity;
#[cfg(feature = "aws")]
mod initialize;
#[cfg(feature = "aws")]
mod list;

use clap::Subcommand;

use super::exit::CliError;
use super::report::Report;
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum ClusterCommand {
    /// List the CloudHSM clusters of the account
    #[cfg(feature = "aws")]
    #[command(visible_alias = "ls")]
    List(list::ListClusters),
    /// Write a cluster's CSR, certificates and state to a directory
    ///
    /// The files have the names of AWS's guide: CLUSTER_ClusterCsr.csr, CLUSTER_HsmCertificate.crt,
    /// CLUSTER_AwsHardwareCertificate.crt, CLUSTER_ManufacturerHardwareCertificate.crt, after initialization
    /// CLUSTER_ClusterCertificate.crt, and CLUSTER_Cluster.json with the state.
    #[cfg(feature = "aws")]
    Fetch(fetch::FetchCluster),
    /// Verify the identity of a cluster's HSM, before anything is signed for it
    ///
    /// AWS's chain and the manufacturer's chain must both end in the HSM's certificate, and the CSR must carry its key. Needs no
    /// network. When all is well the result has a line for each; -v shows every step. Exit code 3 if any step fails.
    Verify(identity::VerifyIdentity),
    /// Initialise a cluster with the certificate that was signed for it
    ///
    /// Both certificates are checked against AWS's requirements. The CSR is fetched again and its key compared: AWS replaces a first HSM
    /// that fails, and a certificate for the old one is useless. Initialising cannot be undone, so AWS is asked only once: if anything goes
    /// wrong, run the same command again. It checks the state first and continues from there.
    #[cfg(feature = "aws")]
    Initialize(initialize::InitializeCluster),
    /// Show which certificates protect client-to-HSM traffic, whether they are valid, and when they expire
    Check(Box<check::CheckCluster>),
}

impl ClusterCommand {
    pub(super) fn run(&self, ui: &Ui) -> Result<Report, CliError> {
        match self {
            #[cfg(feature = "aws")]
            Self::List(list) => list.run(),
            #[cfg(feature = "aws")]
            Self::Fetch(fetch) => fetch.run(ui),
            Self::Verify(verify) => verify.run(ui),
            #[cfg(feature = "aws")]
            Self::Initialize(initialize) => initialize.run(ui),
            Self::Check(check) => check.run(ui),
        }
    }
}
