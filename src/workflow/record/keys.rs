//! Keys that are put on a token or deleted from it. Recorded before, and again after, with the key as read back.

use std::ops::ControlFlow;

use super::Recorder;
use crate::ledger::{
    Digest, EntryId, KeyAct, KeyEntry, KeyFilter, KeyIntent, KeyRecord, KeyState, KeyToken, LedgerError,
};
use crate::signer::{Hex, PublicKey};
use crate::token::{KeyDescription, Session};
use crate::workflow::WorkflowError;

/// Where keys are recorded: in a ledger, or nowhere without one.
#[derive(Debug)]
pub struct KeyLog(Option<Recorder>);

impl KeyLog {
    /// In this ledger.
    #[must_use]
    pub const fn of(recorder: Recorder) -> Self {
        Self(Some(recorder))
    }

    /// Nowhere.
    #[must_use]
    pub const fn nowhere() -> Self {
        Self(None)
    }

    /// Whether nothing is recorded.
    #[must_use]
    pub const fn is_nowhere(&self) -> bool {
        self.0.is_none()
    }

    /// The recorder, for other records.
    #[must_use]
    pub fn into_recorder(self) -> Option<Recorder> {
        self.0
    }

    /// Records what is about to happen to a key. The token is called only after this returns.
    pub(in super::super) fn begin(
        &mut self,
        session: &Session,
        act: KeyAct,
        label: &str,
        route: Option<&str>,
        key: Option<&PublicKey>,
    ) -> Result<Option<EntryId>, WorkflowError> {
        let Self(Some(recorder)) = self else {
            return Ok(None);
        };
        let intent = KeyIntent {
            act,
            label: label.to_owned(),
            token: token_of(session),
            route: route.map(str::to_owned),
            key_sha256: key.map(|key| Digest::of(key.der())),
        };
        let stamp = recorder.checked_stamp()?;
        Ok(Some(recorder.ledger.begin_key(&intent, &stamp)?))
    }

    /// Records that it was done.
    pub(in super::super) fn complete(
        &mut self,
        begun: Option<EntryId>,
        key: &KeyDescription,
        public_key: Option<&PublicKey>,
    ) -> Result<(), LedgerError> {
        let (Self(Some(recorder)), Some(begun)) = (self, begun) else {
            return Ok(());
        };
        let stamp = recorder.stamp();
        recorder
            .ledger
            .complete_key(begun, &record_of(key, public_key), &stamp)
    }

    /// Records that it failed. If that fails too, the entry stays open, and the error to report is the first one.
    pub(in super::super) fn fail(&mut self, begun: Option<EntryId>, reason: &str) {
        if let (Self(Some(recorder)), Some(begun)) = (self, begun) {
            let stamp = recorder.stamp();
            let _ = recorder.ledger.fail_key(begun, reason, &stamp);
        }
    }

    /// The open import of this key to this token, from an interrupted run.
    pub(in super::super) fn open_import(
        &self,
        session: &Session,
        label: &str,
        key: &PublicKey,
    ) -> Result<Option<EntryId>, WorkflowError> {
        let wanted = Some(Digest::of(key.der()));
        let open = self.open_entries(session, &|intent| {
            intent.act == KeyAct::Import && intent.label == label && intent.key_sha256 == wanted
        })?;
        Ok(open.first().map(|(entry, _)| *entry))
    }

    /// The open entries for this token, newest first.
    pub(super) fn open_entries(
        &self,
        session: &Session,
        is_wanted: &dyn Fn(&KeyIntent) -> bool,
    ) -> Result<Vec<(EntryId, KeyIntent)>, WorkflowError> {
        let filter = KeyFilter {
            open: true,
            ..KeyFilter::default()
        };
        let mut found = Vec::new();
        self.each_entry(session, filter, &mut |entry| {
            if entry.state == KeyState::Begun && is_wanted(&entry.intent) {
                found.push((entry.id, entry.intent));
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// How a key came to this token, if the ledger has it.
    pub(super) fn record_of_key(
        &self,
        session: &Session,
        wanted: &KeyIntent,
    ) -> Result<Option<KeyRecord>, WorkflowError> {
        let mut found = None;
        self.each_entry(session, KeyFilter::default(), &mut |entry| match entry.state {
            KeyState::Done { key, .. }
                if entry.intent.act != KeyAct::Delete
                    && key.label == wanted.label
                    && key.key_sha256 == wanted.key_sha256 =>
            {
                found = Some(key);
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        })?;
        Ok(found)
    }

    fn each_entry(
        &self,
        session: &Session,
        filter: KeyFilter,
        each: &mut dyn FnMut(KeyEntry) -> ControlFlow<()>,
    ) -> Result<(), WorkflowError> {
        let Self(Some(recorder)) = self else {
            return Ok(());
        };
        let token = token_of(session);
        recorder
            .ledger
            .keys(&filter, &mut |entry| match entry.intent.token == token {
                true => each(entry),
                false => ControlFlow::Continue(()),
            })?;
        Ok(())
    }

    /// Ends an entry. A failure to record it is an error here.
    pub(super) fn end(&mut self, begun: EntryId, end: Result<&KeyRecord, &str>) -> Result<(), WorkflowError> {
        let Self(Some(recorder)) = self else {
            return Ok(());
        };
        let stamp = recorder.stamp();
        match end {
            Ok(key) => recorder.ledger.complete_key(begun, key, &stamp)?,
            Err(reason) => recorder.ledger.fail_key(begun, reason, &stamp)?,
        }
        Ok(())
    }
}

fn token_of(session: &Session) -> KeyToken {
    let token = session.token().description();
    KeyToken {
        label: token.label.clone(),
        serial: token.serial.clone(),
        manufacturer: token.manufacturer.clone(),
        model: token.model.clone(),
    }
}

pub(super) fn record_of(key: &KeyDescription, public_key: Option<&PublicKey>) -> KeyRecord {
    let attributes = key.attributes.named().into_iter();
    KeyRecord {
        label: key.label.clone(),
        id: Hex(&key.id).to_string(),
        kind: key.kind.clone(),
        key_sha256: public_key.map(|key| Digest::of(key.der())),
        attributes: attributes
            .map(|(name, value)| format!("{name}={value}"))
            .collect(),
    }
}
