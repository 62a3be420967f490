//! `cluster list`.

use hsm_ca::cloudhsm::{CloudHsm, Cluster, Hsm};
use hsm_ca::workflow::describe_cluster;
use serde_json::{Value, json};

use crate::cli::exit::CliError;
use crate::cli::report::{Report, printable};

pub(super) fn run() -> Result<Report, CliError> {
    let service = CloudHsm::connect()?;
    let clusters = service.list()?;
    let region = service.region();
    let mut text: String = clusters.iter().map(lines).collect();
    if clusters.is_empty() {
        text = format!("No cluster in {region}.\n");
    }
    let list: Vec<Value> = clusters.iter().map(describe_cluster).collect();
    Ok(Report::new(text, json!({ "region": region, "clusters": list })))
}

fn lines(cluster: &Cluster) -> String {
    let mut about = vec![cluster.state.to_string()];
    about.extend(cluster.hsm_type.clone());
    about.extend(cluster.mode.clone());
    if cluster.hsms.is_empty() {
        about.push("no HSM".to_owned());
    }
    let mut text = format!("{}  {}\n", cluster.id, printable(&about.join(", ")));
    if let Some(message) = &cluster.state_message {
        text.push_str(&format!("  {}\n", printable(message)));
    }
    text.extend(cluster.hsms.iter().map(line));
    text
}

fn line(hsm: &Hsm) -> String {
    let mut about = vec![hsm.state.clone()];
    about.extend(hsm.address.clone());
    about.extend(hsm.availability_zone.clone());
    format!("  {}  {}\n", printable(&hsm.id), printable(&about.join(", ")))
}
