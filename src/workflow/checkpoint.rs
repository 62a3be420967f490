//! Makes checkpoints of the ledger and proofs about its events, and checks them before they are returned.

use crate::ledger::{Digest, Head, Ledger, current_checkpoint, event_path, extension_path};
use crate::signer::Signer;
use crate::transparency::{Checkpoint, ConsistencyProof, InclusionProof, SignedCheckpoint};

use super::{WorkflowError, require_head};

/// The head that a proof leads to.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "a signer has none")]
#[non_exhaustive]
pub enum CheckpointSource<'a> {
    /// The current head of the ledger, signed if a signer is given.
    Now(Option<&'a dyn Signer>),
    /// An earlier one, with its signatures.
    Kept(&'a SignedCheckpoint),
}

impl CheckpointSource<'_> {
    fn kept(&self) -> Option<&Checkpoint> {
        match self {
            Self::Now(_) => None,
            Self::Kept(kept) => Some(kept.checkpoint()),
        }
    }

    fn finish(&self, ledger: &dyn Ledger, found: &Checkpoint) -> Result<SignedCheckpoint, WorkflowError> {
        match self {
            Self::Now(None) => Ok(found.unsigned()),
            Self::Now(Some(signer)) => sign(ledger, found, *signer),
            Self::Kept(kept) => Ok((*kept).clone()),
        }
    }
}

/// A checkpoint of the current ledger. `head` is one that was kept elsewhere: an older copy of the ledger gets no checkpoint.
///
/// # Errors
/// [`KeptHeadError::Older`](super::KeptHeadError::Older), [`WorkflowError::CheckpointKey`], and errors of the ledger and the signer.
pub fn make_checkpoint(
    ledger: &dyn Ledger,
    head: Option<&Head>,
    signer: Option<&dyn Signer>,
) -> Result<SignedCheckpoint, WorkflowError> {
    head.map_or(Ok(()), |head| require_head(ledger, head))?;
    CheckpointSource::Now(signer).finish(ledger, &current_checkpoint(ledger)?)
}

/// A proof that the ledger has an event.
///
/// # Errors
/// [`WorkflowError::CheckpointKey`], and errors of the ledger and the signer.
pub fn prove_event(
    ledger: &dyn Ledger,
    sequence: u64,
    source: CheckpointSource<'_>,
) -> Result<InclusionProof, WorkflowError> {
    let path = event_path(ledger, sequence, source.kept())?;
    let checkpoint = source.finish(ledger, &path.checkpoint)?;
    Ok(InclusionProof::new(
        path.event,
        path.index,
        path.hashes,
        checkpoint,
    )?)
}

/// A proof that the ledger extends a checkpoint.
///
/// # Errors
/// [`LedgerError::NotExtended`](crate::ledger::LedgerError::NotExtended), [`WorkflowError::CheckpointKey`], and errors of the
/// ledger and the signer.
pub fn prove_extension(
    ledger: &dyn Ledger,
    since: &Checkpoint,
    source: CheckpointSource<'_>,
) -> Result<ConsistencyProof, WorkflowError> {
    let path = extension_path(ledger, since, source.kept())?;
    let checkpoint = source.finish(ledger, &path.checkpoint)?;
    Ok(ConsistencyProof::new(since, path.hashes, checkpoint)?)
}

/// Refuses a key that signs certificates: it must sign nothing that the ledger does not record.
fn sign(
    ledger: &dyn Ledger,
    checkpoint: &Checkpoint,
    signer: &dyn Signer,
) -> Result<SignedCheckpoint, WorkflowError> {
    let key = Digest::of(signer.public_key().der());
    let owner = ledger
        .authorities()?
        .into_iter()
        .find(|one| one.key_sha256 == key);
    match owner {
        Some(authority) => Err(WorkflowError::CheckpointKey {
            subject: authority.subject.text,
        }),
        None => Ok(checkpoint.sign(signer)?),
    }
}
