//! `ledger verify-proof`: needs no ledger, no token and no settings.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ledger::{Digest, ProvenEvent};
use hsm_ca::transparency::{
    ConsistencyProof, InclusionProof, SignedCheckpoint, TransparencyError, VerifierKey,
};

use super::checkpoint_options::{describe, read_kept};
use crate::cli::exit::CliError;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::ledger::{LedgerVerifyProof, Proven, ProvenEntry};
use crate::cli::report::{Fields, Report, printable};

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyProof {
    /// The proof
    file: PathBuf,
    /// The certificate that the proof must be about
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The kept checkpoint that the proof must refer to
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The older kept checkpoint, for a proof of `ledger prove --since`
    #[arg(long, value_name = "FILE", conflicts_with = "certificate")]
    since: Option<PathBuf>,
    /// The key that must have signed the checkpoints, as `ledger checkpoint` shows it: NAME+ID+KEY
    #[arg(long, value_name = "KEY")]
    verifier_key: Option<VerifierKey>,
}

impl VerifyProof {
    pub(super) fn run(&self) -> Result<Report, CliError> {
        let bytes = input::read(&self.file)?;
        match &self.since {
            Some(_) if InclusionProof::is_in(&bytes) => Err(CliError::options(
                "--since is for a proof that one checkpoint extends another, and this one is about one event",
            )),
            Some(since) => self.extension(&bytes, since),
            None if ConsistencyProof::is_in(&bytes) => Err(CliError::options(
                "this proof is about two checkpoints: give the older one, which you kept, with --since FILE",
            )),
            None => self.inclusion(&bytes),
        }
    }

    /// The checkpoint in the proof must be the kept one, or signed by the key: anyone can make a proof for their own checkpoint.
    fn check_checkpoint(&self, found: &SignedCheckpoint) -> Result<(), CliError> {
        if let Some(path) = &self.checkpoint {
            let kept = read_kept(path, self.verifier_key.as_ref())?;
            if kept.checkpoint() != found.checkpoint() {
                let error = TransparencyError::OtherCheckpoint {
                    kept: kept.checkpoint().size(),
                    found: found.checkpoint().size(),
                };
                return Err(CliError::in_file(&self.file, error));
            }
        }
        let verified = self.verifier_key.as_ref().map_or(Ok(()), |key| found.verify(key));
        verified.map_err(|error| CliError::in_file(&self.file, error))
    }

    fn inclusion(&self, bytes: &[u8]) -> Result<Report, CliError> {
        if self.checkpoint.is_none() && self.verifier_key.is_none() {
            return Err(CliError::options(
                "a proof alone shows nothing: give the checkpoint that you kept (--checkpoint FILE), or the key that signs them (--verifier-key KEY)",
            ));
        }
        let refused = |error| CliError::in_file(&self.file, error);
        let proof = InclusionProof::read(bytes).map_err(refused)?;
        self.check_checkpoint(proof.checkpoint())?;
        let malformed = |reason: &str| {
            refused(TransparencyError::Malformed {
                what: "a proof about a ledger",
                reason: reason.to_owned(),
            })
        };
        let event = ProvenEvent::read(proof.leaf())
            .ok_or_else(|| malformed("its event does not record that an object was signed or adopted"))?;
        if event.sequence.checked_sub(1) != Some(proof.index()) {
            return Err(malformed("its event has another number"));
        }
        if let Some(path) = &self.certificate {
            let found = Digest::of(input::certificate(path)?.der());
            if found != event.sha256 {
                return Err(CliError::OtherProof {
                    certificate: path.clone(),
                    found: found.to_string(),
                    proven: event.sha256.to_string(),
                });
            }
        }
        let mut fields = Fields::default();
        fields
            .add("event", event.sequence)
            .add("says", event.what)
            .add("SHA-256", event.sha256)
            .add("recorded", format!("{} by {}", event.time, event.by))
            .add("ledger", proof.checkpoint().checkpoint().origin());
        let verdict = match &self.certificate {
            Some(path) => format!(
                "The ledger has the certificate {}.\n",
                printable(&path.display().to_string())
            ),
            None => "The ledger has an object with this SHA-256.\n".to_owned(),
        };
        let json = LedgerVerifyProof {
            proven: Proven::Inclusion(ProvenEntry::of(event)),
            checkpoint: describe(proof.checkpoint()),
        };
        Ok(Report::new(
            format!("{verdict}{}", fields.render(2)),
            json.document(),
        ))
    }

    fn extension(&self, bytes: &[u8], since: &std::path::Path) -> Result<Report, CliError> {
        let old = read_kept(since, self.verifier_key.as_ref())?;
        let proof = ConsistencyProof::read(bytes, old.checkpoint());
        let proof = proof.map_err(|error| CliError::in_file(&self.file, error))?;
        self.check_checkpoint(proof.checkpoint())?;
        let (old, new) = (old.checkpoint().size(), proof.checkpoint().checkpoint());
        let mut fields = Fields::default();
        fields
            .add("events", new.size())
            .add("before", old)
            .add("root", new.root())
            .add("ledger", new.origin());
        let json = LedgerVerifyProof {
            proven: Proven::Consistency { since: old },
            checkpoint: describe(proof.checkpoint()),
        };
        Ok(Report::new(
            format!("The newer checkpoint extends the kept one.\n{}", fields.render(2)),
            json.document(),
        ))
    }
}
