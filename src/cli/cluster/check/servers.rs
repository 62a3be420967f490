//! `--connect`: fetches the servers' certificates.

use std::thread;

use hsm_ca::cloudhsm::{Cluster, ClusterId, ServerAddress};
use hsm_ca::workflow::{Missing, ServerEvidence};
use hsm_ca::x509::Certificate;

use super::{CheckCluster, Circumstances};
use crate::cli::exit::CliError;
use crate::cli::ui::Ui;

impl CheckCluster {
    /// The named servers, or every HSM that AWS lists for the cluster.
    pub(super) fn server_addresses(&self, cluster: Option<&Cluster>) -> Result<Vec<ServerAddress>, CliError> {
        let parse = |text: &str| text.parse().map_err(|cause| CliError::Server { cause });
        let mut addresses = Vec::new();
        for named in &self.connect {
            if named.parse::<ClusterId>().is_ok() {
                let reason = format!("{named} is a cluster: write it before --connect");
                return Err(CliError::options(reason));
            }
            match (named.is_empty(), cluster) {
                (false, _) => addresses.push(parse(named)?),
                (true, Some(cluster)) => {
                    for address in cluster.hsms.iter().filter_map(|hsm| hsm.address.as_deref()) {
                        addresses.push(parse(address)?);
                    }
                }
                (true, None) => {
                    return Err(CliError::options(
                        "--connect without HOST needs a CLUSTER; with --dir, name the host",
                    ));
                }
            }
        }
        if addresses.is_empty() {
            return Err(CliError::options(
                "the cluster has no HSM with an address to connect to",
            ));
        }
        Ok(addresses)
    }
}

/// Connects to all of them at the same time, so that several without an answer take no longer than one.
pub(super) fn ask(
    addresses: &[ServerAddress],
    circumstances: &mut Circumstances,
    ui: &Ui,
) -> Vec<ServerEvidence> {
    for address in addresses {
        ui.announce(&format!("fetching the certificate of {address}"));
    }
    let answers: Vec<_> = thread::scope(|scope| {
        let asked: Vec<_> = addresses
            .iter()
            .map(|address| scope.spawn(|| ask_one(address)))
            .collect();
        asked.into_iter().filter_map(|one| one.join().ok()).collect()
    });
    let mut servers = Vec::new();
    for (address, answer) in addresses.iter().zip(answers) {
        let name = address.to_string();
        let certificate = answer.map_err(|error| {
            let refusal = error.explain();
            let missing = Missing {
                why: refusal.message.clone(),
                obtain: String::new(),
            };
            circumstances.silent.push((name.clone(), refusal));
            missing
        });
        servers.push(ServerEvidence {
            name,
            asked: true,
            certificate,
        });
    }
    servers
}

fn ask_one(address: &ServerAddress) -> Result<Certificate, CliError> {
    let shown = address
        .ask_for_certificates()
        .map_err(|cause| CliError::Server { cause })?;
    let first = shown.first().map(Vec::as_slice).unwrap_or_default();
    Ok(Certificate::from_der(first)?)
}
