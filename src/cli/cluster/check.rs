//! `cluster check`.

mod drawing;
mod evidence;
mod files;
#[cfg(feature = "aws")]
mod servers;
mod telling;

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use hsm_ca::workflow::{StepState, TlsReport, check_tls};
use hsm_ca::x509::UnixTime;

use crate::cli::exit::{CliError, NotPassed, Refusal};
use crate::cli::json::Output as _;
use crate::cli::json::cluster::{ClusterCheck, SilentServer};
use crate::cli::json::error::ErrorBody;
use crate::cli::next_steps;
use crate::cli::number::number;
use crate::cli::report::Report;
use crate::cli::ui::Ui;
use crate::cli::wrap::{below, width_of};

/// Traffic between client and HSM goes through two TLS connections, one inside the other: with the server that hosts the HSM, and with the
/// HSM. Every available certificate of both is checked; for each missing one, the result says how to get it. Exit code 3 if any check
/// fails.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(in crate::cli) struct CheckCluster {
    /// The cluster to ask AWS about, as cluster-…
    #[cfg(feature = "aws")]
    #[arg(value_name = "CLUSTER", group = "what")]
    cluster_id: Option<String>,
    /// Read the files in this directory instead: ID_ClusterCertificate.crt or ID_CustomerHsmCertificate.crt, and customerCA.crt
    #[arg(long, value_name = "DIR", group = "what")]
    dir: Option<PathBuf>,
    /// The cluster, if DIR has files of several
    #[cfg_attr(
        feature = "aws",
        arg(long, value_name = "ID", requires = "dir", conflicts_with = "cluster_id")
    )]
    #[cfg_attr(not(feature = "aws"), arg(long, value_name = "ID", requires = "dir"))]
    cluster: Option<String>,
    /// The CA certificate that the clients have [default: customerCA.crt in DIR or in /opt/cloudhsm/etc]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The client package's directory of server certificates [default: /opt/cloudhsm/etc/certs, if it exists]
    #[arg(long, value_name = "DIR")]
    client_dir: Option<PathBuf>,
    /// The certificate of the server that hosts the HSM: the output of `openssl s_client -connect IP:2223` is accepted
    #[cfg_attr(feature = "aws", arg(long, value_name = "FILE", conflicts_with = "connect"))]
    #[cfg_attr(not(feature = "aws"), arg(long, value_name = "FILE"))]
    server_cert: Option<PathBuf>,
    /// Connect to the server, read its certificate and disconnect [default: every HSM of CLUSTER, port 2223]; may be given more than once
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "HOST[:PORT]", num_args = 0..=1, default_missing_value = "")]
    connect: Vec<String>,
    /// Your own client certificate, with its chain [default: the package's, client.crt beside the client directory, if it exists]
    #[arg(long, value_name = "FILE")]
    client_cert: Option<PathBuf>,
    /// The CA of your client certificate, if that is not customerCA.crt: a trust anchor registered for mutual TLS
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    client_ca: Option<PathBuf>,
    /// Warn about certificates that expire in fewer than this many days
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = number::<u32>("a number of days", 0..=u32::MAX))]
    warn_days: u32,
}

/// The text of the heading, and the servers that could not be asked.
#[derive(Debug, Default)]
struct Circumstances {
    cluster: Option<String>,
    /// Servers that showed no certificate.
    silent: Vec<(String, Refusal)>,
    warnings: Vec<String>,
}

impl CheckCluster {
    pub(super) fn run(&self, ui: &Ui) -> Result<Report, CliError> {
        let mut circumstances = Circumstances::default();
        let evidence = self.gather(&mut circumstances, ui)?;
        let now = UnixTime::from_system(SystemTime::now());
        let report = check_tls(&evidence, self.warn_days, now);
        let failure = failure(&report, &circumstances);
        let canvas = ui.canvas();
        let mut text = drawing::draw(&report, &evidence, circumstances.cluster.as_deref(), canvas);
        text.push_str(&telling::tell(&report, canvas));
        for (_, refusal) in &circumstances.silent {
            text.extend(
                refusal
                    .hint
                    .iter()
                    .map(|hint| below("hint: ", hint, width_of(io::stdout()))),
            );
        }
        Ok(Report {
            next: failure.is_none().then(next_steps::after_check),
            failure,
            warnings: circumstances.warnings.clone(),
            ..Report::laid_out(text, describe(&report, circumstances).document())
        })
    }
}

/// The first failed check, or else the first server that did not answer.
fn failure(report: &TlsReport, circumstances: &Circumstances) -> Option<CliError> {
    if report.fits() == Some(false) {
        let what = match &circumstances.cluster {
            Some(cluster) => format!("the TLS path to {cluster}"),
            None => "the TLS path".to_owned(),
        };
        let first = report.in_state(StepState::Failed).next();
        let first = first.map(|step| format!("{}: {}: {}", step.role, step.name, step.found));
        return Some(CliError::not_verified(what, first.unwrap_or_default()));
    }
    let (server, refusal) = circumstances.silent.first()?;
    Some(CliError::NotPassed(NotPassed::Unreachable {
        server: server.clone(),
        reason: refusal.message.clone(),
    }))
}

fn describe(report: &TlsReport, circumstances: Circumstances) -> ClusterCheck {
    let silent = circumstances.silent.into_iter();
    let silent = silent.map(|(server, refusal)| SilentServer {
        server,
        error: ErrorBody::of(refusal),
    });
    ClusterCheck::of(report, circumstances.cluster.as_deref(), silent.collect())
}
