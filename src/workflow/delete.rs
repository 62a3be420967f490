//! `key delete`: deletes a key from the token; the ledger records it before and after.

use super::{KeyLog, WorkflowError, forget_kept_head};
use crate::ledger::{Digest, EntryId, KeyAct};
use crate::token::{KeyDescription, KeyObjects, Session};

/// What was deleted.
#[derive(Clone, Debug)]
pub struct DeleteSummary {
    /// The objects, the private one first.
    pub deleted: Vec<KeyDescription>,
    /// The entry of the ledger, if a ledger is in use.
    pub recorded: Option<EntryId>,
    /// Why the ledger's head for the key may still be on the token.
    pub head_left: Option<String>,
}

/// Destroys the objects of a key on the token, after the ledger has recorded that this is about to happen.
///
/// # Errors
/// [`WorkflowError::Token`], which says what is left; [`WorkflowError::UnrecordedDeletion`] if the key is deleted but the ledger could not record
/// that.
pub fn delete_key(
    session: &Session,
    objects: KeyObjects<'_>,
    log: &mut KeyLog,
) -> Result<DeleteSummary, WorkflowError> {
    let public_key = objects.public_key().cloned();
    let label = objects.descriptions().next().map(|key| key.label.clone());
    let begun = log.begin(
        session,
        KeyAct::Delete,
        &label.unwrap_or_default(),
        None,
        public_key.as_ref(),
    )?;
    let deleted = objects
        .destroy()
        .inspect_err(|error| log.fail(begun, &error.to_string()))?;
    if let Some(key) = deleted.first() {
        log.complete(begun, key, public_key.as_ref())
            .map_err(|cause| WorkflowError::UnrecordedDeletion { cause })?;
    }
    // The key is deleted, even if the head that was kept for it stays.
    let forgotten = public_key
        .as_ref()
        .map(|key| forget_kept_head(session, Digest::of(key.der())));
    Ok(DeleteSummary {
        deleted,
        recorded: begun,
        head_left: forgotten.and_then(Result::err).map(|error| error.to_string()),
    })
}
