//! `cluster list`.

use clap::Args;
use hsm_ca::cloudhsm::{CloudHsm, Cluster, Hsm};

use crate::cli::exit::CliError;
use crate::cli::json::Output as _;
use crate::cli::json::aws_cluster::{self as output, ClusterList};
use crate::cli::next_steps;
use crate::cli::report::Report;
use crate::cli::table::{self, Cell, Column, Fit, TableOptions};

#[derive(Debug, Args)]
pub(in crate::cli) struct ListClusters {
    #[command(flatten)]
    table: TableOptions,
}

/// The cluster's id and an HSM's address stay whole: the next command needs them.
const COLUMNS: [Column; 5] = [
    ("CLUSTER", Fit::Whole),
    ("STATE", Fit::Whole),
    ("TYPE", Fit::Folded),
    ("MODE", Fit::Folded),
    ("HSMS", Fit::Folded),
];

impl ListClusters {
    pub(super) fn run(&self) -> Result<Report, CliError> {
        let service = CloudHsm::connect()?;
        let clusters = service.list()?;
        let region = service.region();
        let rows: Vec<_> = clusters.iter().map(row).collect();
        let mut text = match rows.is_empty() {
            true => format!("No cluster in {region}.\n"),
            false => table::render(&COLUMNS, &rows, self.table.wide),
        };
        for cluster in &clusters {
            if let Some(message) = &cluster.state_message {
                text.push_str(&table::below(&format!("{}: {message}", cluster.id)));
            }
        }
        let json = ClusterList {
            region: region.to_owned(),
            clusters: clusters.iter().map(output::Cluster::of).collect(),
        };
        Ok(Report {
            next: next_steps::after_clusters(&clusters),
            ..Report::laid_out(text, json.document())
        })
    }
}

fn row(cluster: &Cluster) -> table::Row {
    let mut row = table::row([
        cluster.id.to_string(),
        cluster.state.to_string(),
        cluster.hsm_type.clone().unwrap_or_default(),
        cluster.mode.clone().unwrap_or_default(),
    ]);
    row.push(Cell(match cluster.hsms.is_empty() {
        true => vec!["none".to_owned()],
        false => cluster.hsms.iter().map(line).collect(),
    }));
    row
}

fn line(hsm: &Hsm) -> String {
    let known = [hsm.address.clone(), hsm.availability_zone.clone()];
    let words = [hsm.id.clone(), hsm.state.clone()];
    let words: Vec<_> = words.into_iter().chain(known.into_iter().flatten()).collect();
    words.join(" ")
}
