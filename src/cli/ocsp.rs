//! `ocsp`.

mod respond;
mod show;

use clap::Subcommand;

use super::exit::CliError;
use super::global::Settings;
use super::report::Report;
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum OcspCommand {
    /// Answer an OCSP request, signed by the key on the token; the statuses are the ledger's
    Respond(respond::Respond),
    /// Show an OCSP request or response, and whether it verifies
    Show(show::ShowOcsp),
}

impl OcspCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::Respond(respond) => respond.run(settings, ui),
            Self::Show(show) => show.run(),
        }
    }
}
