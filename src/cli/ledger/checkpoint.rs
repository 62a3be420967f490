//! `ledger checkpoint`.

use clap::Args;
use hsm_ca::signer::Signer;
use hsm_ca::workflow::make_checkpoint;
use serde_json::json;

use super::checkpoint_options::{SigningKeyOption, TextOutput, describe, verifier_key};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
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
        let mut verifier = None;
        let mut report = self.output.write(
            settings,
            || {
                let made = make_checkpoint(ledger.as_ref(), head.as_ref(), signer)?;
                verifier = verifier_key(&made, key.as_ref())?;
                Ok(made)
            },
            |made| {
                let head = made.checkpoint();
                let mut fields = Fields::default();
                fields
                    .add("events", head.size())
                    .add("origin", head.origin())
                    .add("root", head.root());
                (
                    format!("Made a checkpoint of the ledger.\n{}", fields.render(2)),
                    json!({ "checkpoint": describe(made) }),
                )
            },
        )?;
        if let Some(verifier) = &verifier {
            report.text.push_str(&format!("  verifier key  {verifier}\n"));
        }
        report.json["verifier_key"] = json!(verifier);
        report.warnings.extend(warning);
        Ok(report)
    }
}
