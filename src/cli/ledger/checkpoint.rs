//! `ledger checkpoint`.

use std::cell::OnceCell;

use clap::Args;
use hsm_ca::signer::Signer;
use hsm_ca::workflow::make_checkpoint;

use super::checkpoint_options::{SigningKeyOption, TextOutput, describe, verifier_key};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ledger::LedgerCheckpoint;
use crate::cli::report::{Fields, Report};

#[derive(Debug, Args)]
pub(in crate::cli) struct WriteCheckpoint {
    #[command(flatten)]
    signing_key: SigningKeyOption,
    #[command(flatten)]
    output: TextOutput,
}

impl WriteCheckpoint {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let key = self.signing_key.read()?;
        let ledger = settings.open_ledger()?;
        let (head, warning) = settings.kept_head(ledger.as_ref())?;
        let signer = key.as_ref().map(|key| -> &dyn Signer { key });
        // The key comes first, so that its faults are found before anything is written.
        let verifier = OnceCell::new();
        let mut report = self.output.write(
            settings,
            || {
                let made = make_checkpoint(ledger.as_ref(), head.as_ref(), signer)?;
                let _ = verifier.set(verifier_key(&made, key.as_ref())?);
                Ok(made)
            },
            |made, file| {
                let head = made.checkpoint();
                let verifier_key = verifier.get().cloned().flatten();
                let mut fields = Fields::default();
                fields
                    .add("events", head.size())
                    .add("origin", head.origin())
                    .add("root", head.root());
                let mut text = format!("Created a checkpoint of the ledger.\n{}", fields.render(2));
                if let Some(key) = &verifier_key {
                    text.push_str(&format!("  verifier key  {key}\n"));
                }
                let json = LedgerCheckpoint {
                    checkpoint: describe(made),
                    verifier_key,
                    file,
                };
                (text, json.document())
            },
        )?;
        report.warnings.extend(warning);
        Ok(report)
    }
}
