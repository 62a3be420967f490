//! A directory with the files that `cluster fetch` wrote, or that were saved by hand as in AWS's guide.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hsm_ca::cloudhsm::CertificateKind;

use crate::cli::exit::CliError;

/// The files of one cluster in a directory.
#[derive(Debug)]
pub(super) struct ClusterDirectory {
    path: PathBuf,
    cluster: String,
}

impl ClusterDirectory {
    /// Finds the cluster by its files' names. `wanted` chooses one of several.
    pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Self, CliError> {
        match choose_cluster(path, wanted, &[])? {
            Some(cluster) => Ok(Self {
                path: path.to_owned(),
                cluster,
            }),
            None => Err(CliError::NoClusterFiles {
                directory: path.to_owned(),
                cluster: wanted.map(str::to_owned),
            }),
        }
    }

    /// The cluster's id.
    pub(super) fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The file of that kind, which must exist. Only a regular file is read: a pipe could block, and a device may have no end.
    pub(super) fn file(&self, kind: CertificateKind) -> Result<PathBuf, CliError> {
        let file = self.path.join(format!("{}{}", self.cluster, kind.file_suffix()));
        match fs::metadata(&file) {
            Ok(found) if found.is_file() => Ok(file),
            Ok(_) => Err(CliError::read(
                &file,
                io::Error::other("it is not a regular file"),
            )),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Err(CliError::MissingEvidence { file }),
            Err(cause) => Err(CliError::read(&file, cause)),
        }
    }
}

/// The cluster whose files are in a directory, under the names of AWS's guide or with one of the `more` suffixes. `wanted` chooses one of
/// several. `None` if the directory has none.
pub(super) fn choose_cluster(
    path: &Path,
    wanted: Option<&str>,
    more: &[&str],
) -> Result<Option<String>, CliError> {
    let suffixes = CertificateKind::ALL.map(CertificateKind::file_suffix);
    let mut clusters = BTreeSet::new();
    for name in names(path)? {
        let stem = suffixes
            .iter()
            .chain(more)
            .find_map(|suffix| name.strip_suffix(suffix));
        clusters.extend(stem.filter(|stem| !stem.is_empty()).map(str::to_owned));
    }
    match wanted {
        Some(wanted) => Ok(clusters.take(wanted)),
        None if clusters.len() > 1 => {
            let found: Vec<_> = clusters.into_iter().collect();
            Err(CliError::options(format!(
                "{} has files of several clusters ({}): choose one with --cluster",
                path.display(),
                found.join(", ")
            )))
        }
        None => Ok(clusters.pop_first()),
    }
}

/// The names of the files in a directory, in order.
pub(super) fn names(directory: &Path) -> Result<Vec<String>, CliError> {
    let read = |cause| CliError::read(directory, cause);
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(read)? {
        names.extend(entry.map_err(read)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}
