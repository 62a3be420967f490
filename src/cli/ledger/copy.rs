//! `ledger copy`.

use clap::Args;
use hsm_ca::ledger::{LedgerError, copy_ledger};

use super::describe_new;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ledger::LedgerCopy;
use crate::cli::report::Report;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct CopyLedger {
    /// The ledger to copy: sqlite:PATH or postgres://HOST/DATABASE
    from: String,
    /// Where to create the new one; nothing may be there yet
    to: String,
}

impl CopyLedger {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let from = settings.ledger_of("FROM", &self.from)?;
        let to = settings.ledger_of("TO", &self.to)?;
        let _busy = ui.busy("checking the ledger, copying it, and checking the copy");
        let head = match copy_ledger(&from, &to, settings.guards().head) {
            Err(LedgerError::NotFound { .. }) => {
                let origin = "the argument FROM".to_owned();
                return Err(CliError::NoLedger {
                    place: Box::new(from),
                    origin,
                });
            }
            other => other?,
        };
        let (text, json) = describe_new(&to, head);
        Ok(Report::new(text, LedgerCopy(json).document()))
    }
}
