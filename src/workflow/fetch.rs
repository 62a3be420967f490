//! Writes what AWS returns about a cluster to files: the CSR, the certificates and the state.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::WorkflowError;
use crate::cloudhsm::{CertificateKind, Cluster};
use crate::output::{Destination, Encoding, OutputDirectory, Sealed, Verified};
use crate::x509::{Certificate, CertificationRequest, ForeignFile, X509Error};

/// The files of one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchSummary {
    /// The files that were written.
    pub written: Vec<PathBuf>,
    /// The files that existed with the same content.
    pub unchanged: Vec<PathBuf>,
}

/// The end of the state file's name.
pub const CLUSTER_FILE_SUFFIX: &str = "_Cluster.json";

/// Writes the CSR, each certificate that `cluster` has, and its state to `directory`. A file with the same content is left alone. A file with
/// other content is replaced only with `overwrite`; the state file always is, because the state keeps changing. Creates the directory if it is
/// missing. Nothing is written unless everything can be.
///
/// # Errors
/// [`WorkflowError::InAnswer`] for a certificate that cannot be read, [`WorkflowError::Output`]
pub fn fetch_certificates(
    cluster: &Cluster,
    directory: &Path,
    overwrite: bool,
) -> Result<FetchSummary, WorkflowError> {
    let mut files: Vec<(String, Box<dyn Verified>)> = Vec::new();
    for kind in CertificateKind::ALL {
        if let Some(text) = cluster.certificates.get(kind) {
            let file = read(kind, text).map_err(|cause| WorkflowError::InAnswer {
                field: kind.name(),
                cause,
            })?;
            files.push((kind.file_name(&cluster.id), Box::new(file)));
        }
    }
    let state = ClusterFile(describe_cluster(cluster));
    files.push((format!("{}{CLUSTER_FILE_SUFFIX}", cluster.id), Box::new(state)));

    let _made = OutputDirectory::find_or_make(directory)?;
    let mut summary = FetchSummary::default();
    let mut slots = Vec::new();
    for (name, file) in files {
        let path = directory.join(name);
        if holds(&path, &file.content(Encoding::Pem)) {
            summary.unchanged.push(path);
            continue;
        }
        let destination = Destination {
            overwrite: overwrite || is_state(&path),
            ..Destination::new(path)
        };
        slots.push((destination.reserve()?, file));
    }
    for (slot, file) in slots {
        summary.written.push(slot.commit(file.as_ref())?);
    }
    Ok(summary)
}

fn is_state(path: &Path) -> bool {
    path.to_string_lossy().ends_with(CLUSTER_FILE_SUFFIX)
}

/// Whether the file has this content. Not read unless it is a regular file: reading a pipe would block.
fn holds(path: &Path, content: &[u8]) -> bool {
    let length = u64::try_from(content.len()).ok();
    fs::metadata(path).is_ok_and(|found| found.is_file() && Some(found.len()) == length)
        && fs::read(path).is_ok_and(|found| found == content)
}

fn read(kind: CertificateKind, text: &str) -> Result<ForeignFile, X509Error> {
    let file = match kind {
        CertificateKind::ClusterCsr => ForeignFile::request(&CertificationRequest::read(text.as_bytes())?),
        _ => ForeignFile::certificate(&Certificate::read(text.as_bytes())?),
    };
    // Checked before the first file, and again before each one: old and new files mixed belong to no HSM.
    let recheck = file.recheck(&file.content(Encoding::Pem));
    recheck.map_err(|reason| X509Error::Malformed {
        what: kind.name(),
        reason,
    })?;
    Ok(file)
}

/// The cluster's state file, without the certificates.
fn describe_cluster(cluster: &Cluster) -> Value {
    let hsms: Vec<_> = cluster
        .hsms
        .iter()
        .map(|hsm| {
            json!({ "id": hsm.id, "state": hsm.state, "address": hsm.address, "availability_zone": hsm.availability_zone })
        })
        .collect();
    let present: Vec<_> = CertificateKind::ALL
        .into_iter()
        .filter(|kind| cluster.certificates.get(*kind).is_some())
        .map(CertificateKind::name)
        .collect();
    json!({
        "cluster": cluster.id.as_str(), "state": cluster.state.name(), "state_message": cluster.state_message,
        "hsm_type": cluster.hsm_type, "mode": cluster.mode, "vpc": cluster.vpc, "hsms": hsms, "certificates": present,
    })
}

struct ClusterFile(Value);

impl Sealed for ClusterFile {}

impl Verified for ClusterFile {
    fn content(&self, _: Encoding) -> Vec<u8> {
        format!("{:#}\n", self.0).into_bytes()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        match serde_json::from_slice::<Value>(written) {
            Ok(read) if read == self.0 => Ok(()),
            Ok(_) => Err("it reads back differently".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}
