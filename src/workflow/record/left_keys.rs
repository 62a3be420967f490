//! What runs that were cut off began about keys and did not end. It ends with what the token shows, and with what people chose.

use super::KeyLog;
use super::keys::record_of;
use crate::ledger::{Digest, EntryId, KeyAct, KeyIntent, KeyRecord};
use crate::signer::PublicKey;
use crate::token::{Session, UNFINISHED_LABEL};
use crate::workflow::{KeyProof, WorkflowError};

/// What a run found where an earlier one had begun to make a key.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct LeftKey<'a> {
    /// The label that the key has or would have.
    pub(in super::super) label: &'a str,
    /// A key with that label was on the token.
    pub(in super::super) had_name: bool,
    /// A key that had no name yet was on the token.
    pub(in super::super) had_none: bool,
    /// The key that stays, as it proved itself. What is not kept was destroyed.
    pub(in super::super) adopted: Option<&'a KeyProof>,
}

impl<'a> LeftKey<'a> {
    /// Nothing was there.
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
    /// Ends what was begun about the key. One entry has the key that stays; every other one says what became of it.
    ///
    /// # Errors
    /// Those of the ledger: the entries stay open, and the next run ends them.
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
            // The newest one.
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

    /// Ends the deletions of a key that were begun, once the key is gone.
    ///
    /// # Errors
    /// Those of the ledger.
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

    /// A key that was still there was not deleted by the run that was interrupted. One that was not there was.
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

/// A key that nobody can read any more, of which nothing is known but what was recorded before it was deleted.
fn unread(intent: &KeyIntent) -> KeyRecord {
    KeyRecord {
        label: intent.label.clone(),
        id: String::new(),
        kind: "unknown".to_owned(),
        key_sha256: intent.key_sha256,
        attributes: Vec::new(),
    }
}
