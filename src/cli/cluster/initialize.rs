//! `cluster initialize`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use hsm_ca::cloudhsm::{CloudHsm, ClusterId};
use hsm_ca::workflow::{ClusterCertificates, InitializeSummary, Progress, WaitLimits, initialize_cluster};
use hsm_ca::x509::UnixTime;
use serde_json::json;

use crate::cli::exit::CliError;
use crate::cli::input;
use crate::cli::report::{Fields, Report, printable};
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct InitializeCluster {
    /// The cluster's id, as cluster-…
    cluster: ClusterId,
    /// The certificate that was signed for the cluster's CSR
    #[arg(long, value_name = "FILE")]
    signed_cert: PathBuf,
    /// The self-signed certificate of the CA that signed it
    #[arg(long, value_name = "FILE")]
    trust_anchor: PathBuf,
    /// Follow the cluster's states until it is initialised
    #[arg(long)]
    wait: bool,
    /// Give up waiting after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, requires = "wait", value_parser = clap::value_parser!(u32).range(1..))]
    wait_seconds: u32,
}

impl InitializeCluster {
    pub(super) fn run(&self, ui: &Ui) -> Result<Report, CliError> {
        let certificates = ClusterCertificates::check(
            &input::read(&self.signed_cert)?,
            &input::read(&self.trust_anchor)?,
            UnixTime::from_system(SystemTime::now()),
        )?;
        let service = CloudHsm::connect()?;
        let limits = WaitLimits::up_to(Duration::from_secs(u64::from(self.wait_seconds)));
        let wait = self.wait.then_some(limits);
        ui.step(&format!("asking CloudHSM in {}", service.region()));
        let summary = initialize_cluster(&service, &self.cluster, &certificates, wait, ui)?;
        let mut fields = Fields::default();
        fields
            .add("state", &summary.state)
            .add("certificate", certificates.signed().subject())
            .add("SHA-256", certificates.signed().fingerprint())
            .add("trust anchor", certificates.anchor().subject())
            .add("SHA-256", certificates.anchor().fingerprint())
            .add(
                "confirmed",
                if summary.confirmed {
                    "AWS shows this certificate as the cluster's"
                } else {
                    "not yet: AWS does not show the cluster's certificate so far"
                },
            );
        let headline = match summary {
            InitializeSummary { already: true, .. } => "was initialised with this certificate before",
            _ if self.wait => "is initialised",
            _ => "is being initialised",
        };
        let text = format!(
            "{} {headline}\n{}{}",
            self.cluster,
            fields.render(2),
            next_steps(&self.cluster, &self.trust_anchor, self.wait)
        );
        let json = json!({
            "cluster": self.cluster.as_str(), "state": summary.state.name(), "already": summary.already,
            "confirmed": summary.confirmed, "remark": summary.remark,
            "certificate_sha256": certificates.signed().fingerprint(), "trust_anchor_sha256": certificates.anchor().fingerprint(),
        });
        Ok(Report {
            warnings: summary.remark.into_iter().collect(),
            ..Report::new(text, json)
        })
    }
}

/// AWS CloudHSM User Guide, "Install and configure CloudHSM CLI", "Activate the cluster".
fn next_steps(cluster: &ClusterId, anchor: &Path, waited: bool) -> String {
    let anchor = printable(&anchor.display().to_string());
    let wait = if waited {
        ""
    } else {
        "  the same command with --wait, which follows the states\n"
    };
    format!(
        "Next, on a client instance in the cluster's VPC:\n{wait}  \
         sudo cp {anchor} /opt/cloudhsm/etc/customerCA.crt\n  \
         sudo /opt/cloudhsm/bin/configure-cli --cluster-id {cluster}\n  \
         /opt/cloudhsm/bin/cloudhsm-cli interactive     then: cluster activate\n  \
         hsm-ca cluster check {cluster}\n"
    )
}
