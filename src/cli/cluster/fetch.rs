//! `cluster fetch`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::cloudhsm::{CertificateKind, CloudHsm, CloudHsmError, ClusterId, ClusterService, NoCsr};
use hsm_ca::workflow::fetch_certificates;

use super::identity::missing_roots;
use crate::cli::exit::CliError;
use crate::cli::json::Output as _;
use crate::cli::json::aws_cluster::{self as output, ClusterFetch};
use crate::cli::json::common::FileName;
use crate::cli::next_steps;
use crate::cli::report::{Fields, Report};
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct FetchCluster {
    /// The cluster's id, as cluster-…
    cluster: ClusterId,
    /// The directory for the files; created if it does not exist
    #[arg(long, value_name = "DIR")]
    out_dir: PathBuf,
    /// Replace a CSR or certificate whose content differs; the state is always replaced
    #[arg(long)]
    force: bool,
}

impl FetchCluster {
    pub(super) fn run(&self, ui: &Ui) -> Result<Report, CliError> {
        let service = CloudHsm::connect()?;
        ui.announce(&format!("asking CloudHSM in {}", service.region()));
        let cluster = service.describe(&self.cluster)?;
        let missing = cluster.csr().err();
        // A cluster that never had an HSM has no files.
        let has_files = CertificateKind::ALL
            .into_iter()
            .any(|kind| cluster.certificates.get(kind).is_some());
        if let Some(error @ CloudHsmError::NoCsr { reason, .. }) = &missing
            && *reason != NoCsr::Initialized
            && !has_files
        {
            return Err(error.clone().into());
        }
        let summary = fetch_certificates(&cluster, &self.out_dir, self.force)?;
        let mut fields = Fields::default();
        fields.add("state", &cluster.state);
        for path in &summary.written {
            fields.add("written", path.display());
        }
        for path in &summary.unchanged {
            fields.add("unchanged", path.display());
        }
        let names = |paths: &[PathBuf]| paths.iter().map(|path| FileName::of(path)).collect();
        let json = ClusterFetch {
            cluster: output::Cluster::of(&cluster),
            written: names(&summary.written),
            unchanged: names(&summary.unchanged),
            csr: missing.is_none(),
        };
        let mut report = Report::new(format!("{}\n{}", cluster.id, fields.render(2)), json.document());
        match missing {
            Some(reason) => report.warnings.push(reason.to_string()),
            None => {
                report.next = Some(next_steps::after_fetch(
                    &self.out_dir,
                    &missing_roots(&self.out_dir),
                ))
            }
        }
        Ok(report)
    }
}
