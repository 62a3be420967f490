//! The files of one cluster in a directory, under the names of AWS's guide.

use std::path::{Path, PathBuf};

use hsm_ca::cloudhsm::CertificateKind;

use super::CheckCluster;
use crate::cli::cluster::directory::choose_cluster;
use crate::cli::exit::CliError;

/// The name in AWS's guide ("Initialize the cluster") of the certificate that is signed for the cluster. AWS later returns it as
/// `ID_ClusterCertificate.crt`.
const SIGNED: &str = "_CustomerHsmCertificate.crt";
/// The name of the trust anchor in AWS's guide.
const AUTHORITY: &str = "customerCA.crt";

/// The files that are checked.
#[derive(Debug)]
pub(super) struct ClusterFiles {
    pub(super) cluster: Option<String>,
    /// The certificate as AWS returned it.
    pub(super) given: Option<PathBuf>,
    /// The certificate as it was signed.
    pub(super) signed: Option<PathBuf>,
    pub(super) authority: Option<PathBuf>,
}

impl CheckCluster {
    /// Finds the cluster by its files' names.
    pub(super) fn find_files(&self, directory: &Path) -> Result<ClusterFiles, CliError> {
        let wanted = self.cluster.as_deref();
        let there = |name: String| Some(directory.join(name)).filter(|path| path.exists());
        let authority = there(AUTHORITY.to_owned());
        let cluster = choose_cluster(directory, wanted, &[SIGNED])?;
        // A CA certificate alone can be checked too.
        if cluster.is_none() && (wanted.is_some() || authority.is_none()) {
            return Err(CliError::NoClusterFiles {
                directory: directory.to_owned(),
                cluster: wanted.map(str::to_owned),
            });
        }
        let of_cluster = |suffix: &str| there(format!("{}{suffix}", cluster.as_ref()?));
        Ok(ClusterFiles {
            given: of_cluster(CertificateKind::ClusterCertificate.file_suffix()),
            signed: of_cluster(SIGNED),
            cluster,
            authority,
        })
    }
}
