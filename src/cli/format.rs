//! `--format`.

use clap::ValueEnum;
use serde::Deserialize;

/// The form of the result on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    Text,
    Json,
}
