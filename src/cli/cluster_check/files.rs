//! The files of one cluster in a directory, under the names of AWS's guide.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hsm_ca::cloudhsm::{CertificateKind, ClusterId};

use super::CheckCluster;
use crate::cli::exit::CliError;

/// What AWS's guide calls the certificate that is signed for the cluster ("Initialize the cluster"), before AWS gives it back as
/// `ID_ClusterCertificate.crt`.
const SIGNED: &str = "_CustomerHsmCertificate.crt";
/// What AWS's guide calls the trust anchor.
const AUTHORITY: &str = "customerCA.crt";

/// The files that count here.
#[derive(Debug)]
pub(super) struct ClusterFiles {
    pub(super) cluster: Option<ClusterId>,
    /// The certificate as AWS gave it back.
    pub(super) given: Option<PathBuf>,
    /// The certificate as it was signed.
    pub(super) signed: Option<PathBuf>,
    pub(super) authority: Option<PathBuf>,
}

impl CheckCluster {
    /// Finds the cluster by its files' names.
    pub(super) fn find_files(&self, directory: &Path) -> Result<ClusterFiles, CliError> {
        let wanted = self.cluster.as_deref().map(str::parse::<ClusterId>).transpose()?;
        let mut clusters = BTreeSet::new();
        for name in names(directory)? {
            let suffixes = CertificateKind::ALL.map(CertificateKind::file_suffix);
            let stem = suffixes
                .iter()
                .chain([&SIGNED])
                .find_map(|suffix| name.strip_suffix(suffix));
            clusters.extend(stem.and_then(|stem| stem.parse::<ClusterId>().ok()));
        }
        let there = |name: String| Some(directory.join(name)).filter(|path| path.exists());
        let authority = there(AUTHORITY.to_owned());
        let cluster = match (wanted, clusters.len()) {
            (Some(wanted), _) if clusters.contains(&wanted) => Some(wanted),
            (None, 1) => clusters.pop_first(),
            // A CA alone can be looked at too.
            (None, 0) if authority.is_some() => None,
            (None, 2..) => {
                let found: Vec<_> = clusters.iter().map(ClusterId::as_str).collect();
                return Err(CliError::options(format!(
                    "{} has files of several clusters ({}): choose one with --cluster",
                    directory.display(),
                    found.join(", ")
                )));
            }
            (wanted, _) => {
                return Err(CliError::NoClusterFiles {
                    directory: directory.to_owned(),
                    cluster: wanted.map(|wanted| wanted.to_string()),
                });
            }
        };
        let of_cluster = |suffix: &str| there(format!("{}{suffix}", cluster.as_ref()?));
        Ok(ClusterFiles {
            given: of_cluster(CertificateKind::ClusterCertificate.file_suffix()),
            signed: of_cluster(SIGNED),
            cluster,
            authority,
        })
    }
}

/// The names of the entries of a directory, in order.
pub(super) fn names(directory: &Path) -> Result<Vec<String>, CliError> {
    let read = |cause| CliError::read(directory, cause);
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(read)? {
        names.extend(entry.map_err(read)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}
