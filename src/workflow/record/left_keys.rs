//! Ends what interrupted runs began about keys, according to what the token shows and what people chose.

use super::KeyLog;
use super::keys::record_of;
use crate::ledger::{Digest, EntryId, KeyAct, KeyIntent, KeyRecord};
use crate::signer::PublicKey;
use crate::token::{Session, UNFINISHED_LABEL};
use crate::workflow::{KeyProof, WorkflowError};

/// What a run found on the token after an earlier run had begun to make a key.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct LeftKey<'a> {
    /// The label that the key has or would have.
    pub(in super::super) label: &'a str,
    /// A key with that label was on the token.
    pub(in super::super) had_name: bool,
    /// A key without its final label was on the token.
    pub(in super::super) had_none: bool,
    /// The key that stays, with its proof. The others were destroyed.
    pub(in super::super) adopted: Option<&'a KeyProof>,
}

impl<'a> LeftKey<'a> {
    /// Nothing was found.
    pub(in super::super) const fn nothing(label: &'a str) -> Self {
        Self {
            label,
            had_name: false,
            had_none: false,
            adopted: None,
        }
    }
}

impl KeyLog {
    /// Ends the open entries about the key. One entry gets the key that stays; the others record what happened to theirs.
    ///
    /// # Errors
    /// Errors of the ledger. The entries stay open, and the next run ends them.
    pub(in super::super) fn end_left(
        &mut self,
        session: &Session,
        left: LeftKey<'_>,
    ) -> Result<(), WorkflowError> {
        let open = self.open_entries(session, &|intent| match intent.act {
            KeyAct::Delete => [left.label, UNFINISHED_LABEL].contains(&intent.label.as_str()),
            KeyAct::Generate | KeyAct::Import => intent.label == left.label,
        })?;
        let mut adopted = left.adopted;
        for (entry, intent) in open {
            if intent.act == KeyAct::Delete {
                let was_there = match intent.label == UNFINISHED_LABEL {
                    true => left.had_none,
                    false => left.had_name,
                };
                self.end_deletion(session, entry, &intent, was_there)?;
                continue;
            }
            // The newest entry gets the key.
            match adopted.take() {
                Some(KeyProof { key, public_key }) => {
                    self.end(entry, Ok(&record_of(key, Some(public_key))))?;
                }
                None => {
                    let reason = match (left.adopted, left.had_name || left.had_none) {
                        (Some(_), _) => "the run was interrupted, and made no key; a later one did",
                        (None, true) => "the run was interrupted, and the key that it left was destroyed",
                        (None, false) => "the run was interrupted, and no key of it was on the token",
                    };
                    self.end(entry, Err(reason))?;
                }
            }
        }
        Ok(())
    }

    /// Ends the open deletions of a key, once the key is gone.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub(in super::super) fn end_deletions(
        &mut self,
        session: &Session,
        key: &PublicKey,
        was_there: bool,
    ) -> Result<(), WorkflowError> {
        let wanted = Some(Digest::of(key.der()));
        let open = self.open_entries(session, &|intent| {
            intent.act == KeyAct::Delete && intent.key_sha256 == wanted
        })?;
        for (entry, intent) in open {
            self.end_deletion(session, entry, &intent, was_there)?;
        }
        Ok(())
    }

    /// If the key was still there, the interrupted run did not delete it. If it was gone, that run did.
    fn end_deletion(
        &mut self,
        session: &Session,
        entry: EntryId,
        intent: &KeyIntent,
        was_there: bool,
    ) -> Result<(), WorkflowError> {
        if was_there {
            return self.end(
                entry,
                Err("the run was interrupted, and the key was still on the token"),
            );
        }
        let known = self.record_of_key(session, intent)?;
        self.end(entry, Ok(&known.unwrap_or_else(|| unread(intent))))
    }
}

/// A deleted key that cannot be read any more. Only what was recorded before the deletion is known.
fn unread(intent: &KeyIntent) -> KeyRecord {
    KeyRecord {
        label: intent.label.clone(),
        id: String::new(),
        kind: "unknown".to_owned(),
        key_sha256: intent.key_sha256,
        attributes: Vec::new(),
    }
}
