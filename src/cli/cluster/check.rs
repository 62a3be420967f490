//! `cluster check`.

mod drawing;
mod evidence;
mod files;
#[cfg(feature = "aws")]
mod servers;
mod telling;

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use hsm_ca::workflow::{TlsReport, check_tls};
use hsm_ca::x509::UnixTime;
use serde_json::{Value, json};

use crate::cli::exit::{CliError, REFUSED, Refusal, UNAVAILABLE};
use crate::cli::next_steps;
use crate::cli::report::Report;
use crate::cli::ui::Ui;
use crate::cli::wrap::below;

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
    #[arg(long, value_name = "ID", requires = "dir")]
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
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    warn_days: u32,
}

/// What the heading says, and what could not be asked.
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
        let exit_code = match (report.fits(), circumstances.silent.is_empty()) {
            (Some(false), _) => REFUSED,
            // What was requested is missing.
            (_, false) => UNAVAILABLE,
            _ => 0,
        };
        let canvas = ui.canvas();
        let mut text = drawing::draw(&report, &evidence, circumstances.cluster.as_deref(), canvas);
        text.push_str(&telling::tell(&report, canvas));
        for (_, refusal) in &circumstances.silent {
            text.extend(refusal.hint.iter().map(|hint| below("hint: ", hint)));
        }
        Ok(Report {
            exit_code,
            next: (exit_code == 0).then(next_steps::after_check),
            warnings: circumstances.warnings.clone(),
            ..Report::laid_out(text, describe(&report, &circumstances))
        })
    }
}

fn describe(report: &TlsReport, circumstances: &Circumstances) -> Value {
    let silent: Vec<_> = circumstances
        .silent
        .iter()
        .map(|(server, refusal)| {
            json!({ "server": server, "kind": refusal.kind, "message": refusal.message, "hint": refusal.hint })
        })
        .collect();
    let mut json = telling::describe(report);
    json["cluster"] = json!(circumstances.cluster);
    json["unreachable"] = json!(silent);
    json
}
