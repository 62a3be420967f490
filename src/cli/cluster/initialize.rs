//! `cluster initialize`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use hsm_ca::cloudhsm::{CloudHsm, ClusterId, ClusterService, ClusterState};
use hsm_ca::workflow::{
    ClusterCertificates, InitializeSummary, WaitLimits, WhichCertificate, initialize_cluster,
};
use hsm_ca::x509::UnixTime;

use crate::cli::exit::CliError;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::aws_cluster::ClusterInitialize;
use crate::cli::json::common::Fingerprint;
use crate::cli::next_steps::{self, is_under_way};
use crate::cli::number::number;
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
    /// Initialise without asking for confirmation on the terminal; needed where nobody can answer
    #[arg(long)]
    yes: bool,
    /// Give up waiting after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, requires = "wait", value_parser = number::<u32>("a number of seconds", 1..=u32::MAX))]
    wait_seconds: u32,
}

impl InitializeCluster {
    pub(super) fn run(&self, ui: &Ui) -> Result<Report, CliError> {
        let now = UnixTime::from_system(SystemTime::now());
        let certificates = self.read(now)?;
        let service = CloudHsm::connect()?;
        let mut warnings: Vec<_> = certificates
            .doubts(now)
            .iter()
            .filter_map(|doubt| ui.warn(doubt))
            .collect();
        let limits = WaitLimits::up_to(Duration::from_secs(u64::from(self.wait_seconds)));
        let wait = self.wait.then_some(limits);
        ui.announce(&format!("asking CloudHSM in {}", service.region()));
        if !self.yes && self.would_begin(&service)? {
            let question = format!(
                "{} will be initialised with the certificate of \"{}\" under the trust anchor \"{}\".\n\
                 That cannot be undone: another CA needs another cluster. Type the cluster's id to go on: ",
                self.cluster,
                printable(&certificates.signed().subject().to_string()),
                printable(&certificates.anchor().subject().to_string())
            );
            ui.confirm(&question, self.cluster.as_str(), "--yes")
                .map_err(|reason| CliError::NotInitialized { reason })?;
        }
        let summary = initialize_cluster(&service, &self.cluster, &certificates, wait, ui)?;
        let text = format!(
            "{} {}\n{}",
            self.cluster,
            headline(&summary),
            describe(&summary, &certificates).render(2)
        );
        let json = ClusterInitialize {
            cluster: self.cluster.to_string(),
            state: summary.state.name().to_owned(),
            already: summary.already,
            confirmed: summary.confirmed,
            certificate_sha256: Fingerprint::new(certificates.signed().fingerprint()),
            trust_anchor_sha256: Fingerprint::new(certificates.anchor().fingerprint()),
        };
        warnings.extend(summary.remarks);
        let next = next_steps::after_initialize(
            &self.cluster,
            &summary.state,
            &self.signed_cert,
            &self.trust_anchor,
        );
        Ok(Report {
            warnings,
            next: Some(next),
            ..Report::new(text, json.document())
        })
    }

    /// Whether AWS would be asked to initialise. The job itself reports every other state.
    fn would_begin(&self, service: &dyn ClusterService) -> Result<bool, CliError> {
        Ok(service.describe(&self.cluster)?.state == ClusterState::Uninitialized)
    }

    fn read(&self, now: UnixTime) -> Result<ClusterCertificates, CliError> {
        let stdin = Path::new("-");
        if self.signed_cert == stdin && self.trust_anchor == stdin {
            return Err(CliError::options(
                "only one of --signed-cert and --trust-anchor can come from standard input",
            ));
        }
        let signed = input::read(&self.signed_cert)?;
        let anchor = input::read(&self.trust_anchor)?;
        ClusterCertificates::check(&signed, &anchor, now).map_err(|error| match error.which() {
            Some(WhichCertificate::Signed) => CliError::in_file(&self.signed_cert, error),
            Some(WhichCertificate::Anchor) => CliError::in_file(&self.trust_anchor, error),
            None => error.into(),
        })
    }
}

fn headline(summary: &InitializeSummary) -> &'static str {
    if summary.already {
        "already has this certificate"
    } else if is_under_way(&summary.state) {
        "is being initialised"
    } else {
        "is initialised"
    }
}

fn describe(summary: &InitializeSummary, certificates: &ClusterCertificates) -> Fields {
    let mut fields = Fields::default();
    fields.add("state", &summary.state);
    for (what, certificate) in [
        ("certificate", certificates.signed()),
        ("trust anchor", certificates.anchor()),
    ] {
        fields
            .add(what, certificate.subject())
            .add("  SHA-256", certificate.fingerprint())
            .add("  until", certificate.validity().not_after);
    }
    let confirmed = if summary.confirmed {
        "AWS shows this certificate (it never shows the trust anchor)"
    } else {
        "not yet: AWS does not show the cluster's certificate yet"
    };
    fields.add("confirmed", confirmed);
    fields
}
