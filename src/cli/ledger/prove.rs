//! `ledger prove`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ledger::{EntryState, Ledger};
use hsm_ca::signer::Signer;
use hsm_ca::transparency::VerifierKey;
use hsm_ca::workflow::{CheckpointSource, prove_event, prove_extension};

use super::checkpoint_options::{SigningKeyOption, TextOutput, describe, read_kept};
use super::{Wanted, find, parse_wanted};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ledger::LedgerProve;
use crate::cli::report::{Fields, Report};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("kept").args(["since", "checkpoint"]).multiple(true))]
pub(in crate::cli) struct Prove {
    /// A certificate's serial number in hex, or '#N', an entry of `ledger list`
    #[arg(value_name = "SERIAL|ENTRY", value_parser = parse_wanted, required_unless_present = "since")]
    wanted: Option<Wanted>,
    /// Prove that the ledger extends this checkpoint, which an auditor kept
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "wanted")]
    since: Option<PathBuf>,
    /// Prove it for this checkpoint, with the signatures in it [default: for the current ledger]
    #[arg(long, value_name = "FILE", conflicts_with = "signing_key")]
    checkpoint: Option<PathBuf>,
    /// The key that must have signed the checkpoints, as `ledger checkpoint` shows it: NAME+ID+KEY
    #[arg(long, value_name = "KEY", requires = "kept")]
    verifier_key: Option<VerifierKey>,
    #[command(flatten)]
    signing_key: SigningKeyOption,
    #[command(flatten)]
    output: TextOutput,
}

impl Prove {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let read = |path: &PathBuf| read_kept(path, self.verifier_key.as_ref());
        let since = self.since.as_ref().map(read).transpose()?;
        let kept = self.checkpoint.as_ref().map(read).transpose()?;
        let key = self.signing_key.read()?;
        let source = match &kept {
            Some(kept) => CheckpointSource::Kept(kept),
            None => CheckpointSource::Now(key.as_ref().map(|key| -> &dyn Signer { key })),
        };
        let ledger = settings.open_ledger()?;
        let ledger = ledger.as_ref();
        match (&since, &self.wanted) {
            (Some(since), _) => self.output.write(
                settings,
                || prove_extension(ledger, since.checkpoint(), source),
                |proof, file| {
                    let (old, new) = (proof.old().size(), proof.checkpoint().checkpoint().size());
                    let text =
                        format!("Proved that the {old} events of the checkpoint are the first of {new}.\n");
                    let json = LedgerProve {
                        event: None,
                        since: Some(old),
                        checkpoint: describe(proof.checkpoint()),
                        file,
                    };
                    (text, json.document())
                },
            ),
            (None, Some(wanted)) => {
                let sequence = event_of(ledger, wanted)?;
                let size = kept.as_ref().map(|kept| kept.checkpoint().size());
                if let Some(size) = size.filter(|size| *size < sequence) {
                    return Err(CliError::AfterCheckpoint { sequence, size });
                }
                self.output.write(
                    settings,
                    || prove_event(ledger, sequence, source),
                    |proof, file| {
                        let head = proof.checkpoint().checkpoint();
                        let mut fields = Fields::default();
                        fields
                            .add("event", sequence)
                            .add("of", head.size())
                            .add("root", head.root());
                        let text = format!("Proved that the ledger has the event.\n{}", fields.render(2));
                        let json = LedgerProve {
                            event: Some(sequence),
                            since: None,
                            checkpoint: describe(proof.checkpoint()),
                            file,
                        };
                        (text, json.document())
                    },
                )
            }
            (None, None) => Err(CliError::options(
                "name a certificate, or a checkpoint with --since",
            )),
        }
    }
}

/// The event that records that it was signed or adopted.
fn event_of(ledger: &dyn Ledger, wanted: &Wanted) -> Result<u64, CliError> {
    let id = find(ledger, wanted, "prove")?;
    let entry = ledger.entry(id)?.ok_or_else(|| CliError::NoEntry {
        wanted: id.to_string(),
    })?;
    entry.object_event().ok_or_else(|| CliError::NothingToProve {
        entry: id.to_string(),
        state: match entry.state {
            EntryState::Adopted { .. } => "known only by its serial number",
            ref other => other.name(),
        },
    })
}
