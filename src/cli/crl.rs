//! `crl`.

mod create;
mod show;

use clap::Subcommand;
pub(super) use show::ShowCrl;

use super::exit::CliError;
use super::global::Settings;
use super::report::Report;
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum CrlCommand {
    /// Create a CRL of what was revoked with `cert revoke`, or by `openssl ca`, signed by the CA's key
    Create(create::CreateCrl),
    /// Show a CRL, and whether a CA issued it
    Show(ShowCrl),
}

impl CrlCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::Create(create) => create.run(settings, ui),
            Self::Show(show) => show.run(),
        }
    }
}
