//! Generating, importing and deleting keys: what began ends once.

use super::Recording;
use crate::ledger::event::What;
use crate::ledger::store::{Contradiction, Store};
use crate::ledger::{EntryId, KeyIntent, KeyRecord, LedgerError};

impl<S: Store> Recording<'_, S> {
    pub(in super::super) fn begin_key(&mut self, intent: &KeyIntent) -> Result<EntryId, S::Error> {
        self.append(What::KeyBegun(intent.clone())).map(EntryId)
    }

    pub(in super::super) fn complete_key(&mut self, begun: EntryId, key: &KeyRecord) -> Result<(), S::Error> {
        let what = self.open_key(begun)?.act.into();
        let key = key.clone();
        self.append(What::Key { begun, what, key }).map(drop)
    }

    pub(in super::super) fn fail_key(&mut self, begun: EntryId, reason: &str) -> Result<(), S::Error> {
        self.open_key(begun)?;
        let reason = reason.to_owned();
        self.append(What::KeyFailed { begun, reason }).map(drop)
    }

    /// The intent, if it has not ended yet.
    fn open_key(&self, begun: EntryId) -> Result<KeyIntent, S::Error> {
        let Some(What::KeyBegun(intent)) = self.store.event(begun.0)?.map(|event| event.event) else {
            return Err(LedgerError::NoEntry { entry: begun }.into());
        };
        let Some(end) = self.store.end_of_key(begun)? else {
            return Ok(intent);
        };
        let state = match self.store.event(end)?.map(|event| event.event) {
            Some(What::Key { .. }) => intent.act.done(),
            Some(What::KeyFailed { .. }) => "failed",
            _ => return Err(Contradiction(format!("event {end} does not end {begun}")).into()),
        };
        Err(LedgerError::Ended { entry: begun, state }.into())
    }
}
