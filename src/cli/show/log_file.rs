//! Checkpoints and proofs of a ledger, and of a transcript's lines.

use std::path::Path;

use hsm_ca::ledger::ProvenEvent;
use hsm_ca::transparency::{ConsistencyProof, InclusionProof, SignedCheckpoint, TransparencyError};

use crate::cli::exit::CliError;
use crate::cli::json::Output as _;
use crate::cli::json::ledger::ProvenEntry;
use crate::cli::json::show::{Checkpoint, Proof, ShownProof};
use crate::cli::ledger::describe_checkpoint;
use crate::cli::report::{Fields, Report};

/// The second line of a checkpoint is a number (C2SP tlog-checkpoint).
pub(super) fn is_checkpoint(beginning: &[u8]) -> bool {
    let mut lines = beginning.split(|byte| *byte == b'\n');
    let size = lines.nth(1).unwrap_or_default();
    !size.is_empty() && size.iter().all(u8::is_ascii_digit)
}

pub(super) fn show_checkpoint(path: &Path, bytes: &[u8]) -> Result<Report, CliError> {
    let read = SignedCheckpoint::read(bytes).map_err(|error| CliError::in_file(path, error))?;
    let mut fields = Fields::default();
    add_checkpoint(&mut fields, &read);
    let json = Checkpoint {
        checkpoint: describe_checkpoint(&read),
    };
    let text = format!(
        "A checkpoint; its signatures are not verified\n{}`hsm-ca ledger verify --checkpoint FILE` compares a ledger with it.\n",
        fields.render(2)
    );
    Ok(Report::new(text, json.document()))
}

pub(super) fn is_proof(beginning: &[u8]) -> bool {
    InclusionProof::is_in(beginning) || ConsistencyProof::is_in(beginning)
}

pub(super) fn show_proof(path: &Path, bytes: &[u8]) -> Result<Report, CliError> {
    let refused = |error| CliError::in_file(path, error);
    let mut fields = Fields::default();
    let (title, proof, checkpoint) = if InclusionProof::is_in(bytes) {
        let read = InclusionProof::read(bytes).map_err(refused)?;
        let event = ProvenEvent::read(read.leaf()).ok_or_else(|| {
            refused(TransparencyError::Malformed {
                what: "a proof about a ledger",
                reason: "its event does not record that an object was signed or adopted".to_owned(),
            })
        })?;
        fields
            .add("event", event.sequence)
            .add("says", event.what)
            .add("SHA-256", event.sha256)
            .add("recorded", format!("{} by {}", event.time, event.by));
        let title = "A proof that a ledger has an event";
        (
            title,
            ShownProof::Inclusion(ProvenEntry::of(event)),
            read.checkpoint().clone(),
        )
    } else {
        let (old, newer) = ConsistencyProof::claim(bytes).map_err(refused)?;
        fields.add(
            "older",
            format!("a checkpoint of {old} events, which is not in the file"),
        );
        let title = "A proof that one checkpoint extends another";
        (title, ShownProof::Consistency { since: old }, newer)
    };
    add_checkpoint(&mut fields, &checkpoint);
    let json = Proof {
        proof,
        checkpoint: describe_checkpoint(&checkpoint),
    };
    let text = format!(
        "{title}; what it proves depends on the checkpoint that you have kept\n{}`hsm-ca ledger verify-proof` compares the two.\n",
        fields.render(2)
    );
    Ok(Report::new(text, json.document()))
}

fn add_checkpoint(fields: &mut Fields, read: &SignedCheckpoint) {
    let head = read.checkpoint();
    let signers: Vec<_> = read
        .signatures()
        .iter()
        .map(|one| one.name().to_owned())
        .collect();
    fields
        .add("ledger", head.origin())
        .add("events", head.size())
        .add("root", head.root())
        .add(
            "signed by",
            match signers.is_empty() {
                true => "nothing: it has no signature".to_owned(),
                false => signers.join(", "),
            },
        );
}
