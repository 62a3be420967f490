//! Imports a KMS key into a token, with the same code as `kms import`.

use std::collections::BTreeMap;

use super::{CeremonyRun, Told};
use crate::ceremony::{Choice, Event, ImportKey, KeyOrigin};
use crate::kms::KeyPairFile;
use crate::signer::PublicKey;
use crate::token::{KeySelector, Session};
use crate::workflow::ceremony::imports::{CeremonyPair, find_decryptor, rehearse};
use crate::workflow::record::LeftKey;
use crate::workflow::{ImportOutcome, ImportRequest, WorkflowError, import_key_pair};

impl CeremonyRun<'_> {
    /// Tries KMS before anyone types a word. If a step was begun, its key may already be on the token and need no KMS: then people are only informed.
    pub(super) fn try_kms(&self) -> Result<(), WorkflowError> {
        for CeremonyPair { step, pair, .. } in self.request.source.pairs()? {
            let course = self.course.borrow().step(&step);
            if course.key.is_some() {
                continue;
            }
            match rehearse(&step, &pair, &self.request.decryptors, self.progress) {
                Err(error) if course.key_begun => {
                    let reason = error.to_string();
                    self.room.tell(&Told::NoKms {
                        step: &step,
                        reason: &reason,
                    });
                }
                tried => tried?,
            }
        }
        Ok(())
    }

    pub(super) fn import_key(
        &mut self,
        step: &str,
        import: &ImportKey,
        sessions: &BTreeMap<String, &Session>,
    ) -> Result<(), WorkflowError> {
        let course = self.course.borrow().step(step);
        if let Some(made) = course.key {
            let key = PublicKey::from_der(&made.public_key.0).map_err(|error| self.cannot(step, error))?;
            self.made_keys.insert(step.to_owned(), key);
            return Ok(());
        }
        let session = self.session_of(step, &import.token, sessions)?;
        let pair = self.request.source.inputs.pair_of(step, import)?;
        if !course.key_begun {
            self.refuse_imported(step, import, session)?;
            // KMS may have become unreachable since the opening. Nobody should type words for a step that cannot be carried out.
            self.try_kms_for(step, &pair)?;
        }
        self.type_words(step)?;
        if course.key_begun {
            if self.adopts_what_was_left(step, import, &pair, session)? {
                return self.bring(step, import, pair, session, KeyOrigin::Adopted);
            }
            self.try_kms_for(step, &pair)?;
        }
        self.record(Event::KeyBegin {
            step: step.to_owned(),
            token: import.token.clone(),
            label: import.label.clone(),
        })?;
        self.bring(step, import, pair, session, KeyOrigin::Imported)
    }

    /// Before the step begins, neither its label nor its key may be on the token.
    pub(super) fn refuse_imported(
        &self,
        step: &str,
        import: &ImportKey,
        session: &Session,
    ) -> Result<(), WorkflowError> {
        self.refuse_label(step, &import.label, session)?;
        let pair = self.request.source.inputs.pair_of(step, import)?;
        self.refuse_id(step, &pair, session)
    }

    fn try_kms_for(&self, step: &str, pair: &KeyPairFile) -> Result<(), WorkflowError> {
        Ok(rehearse(step, pair, &self.request.decryptors, self.progress)?)
    }

    /// Imports the key, or makes an existing key prove that it belongs to the pair. Either way, it signs a random text once.
    fn bring(
        &mut self,
        step: &str,
        import: &ImportKey,
        pair: KeyPairFile,
        session: &Session,
        how: KeyOrigin,
    ) -> Result<(), WorkflowError> {
        let decryptor = find_decryptor(step, &self.request.decryptors)?;
        let request = ImportRequest {
            // The plan contains this public key, and people approved the plan.
            expected: Some(pair.public_key.fingerprint()),
            pair,
            label: import.label.clone(),
            route: None,
            attestation: None,
            keep_recipient_key: false,
            lock_directory: self.request.lock_directory.clone(),
        };
        let progress = self.progress;
        let summary = self.with_log(|log| import_key_pair(session, decryptor, &request, log, progress))?;
        match (&summary.outcome, how) {
            (ImportOutcome::Imported { route, .. }, KeyOrigin::Imported) => {
                let text = format!(
                    "step {step:?}: the key came by the route {route}: {}",
                    route.exposure()
                );
                self.note(text)?;
            }
            (ImportOutcome::AlreadyThere { .. }, KeyOrigin::Adopted) => {
                let left = LeftKey {
                    had_name: true,
                    adopted: Some(&summary.proof),
                    ..LeftKey::nothing(&import.label)
                };
                self.with_log(|log| log.end_left(session, left))?;
            }
            // Another process changed the token in the meantime. The next run shows the key to people.
            _ => {
                let reason = "another process put the key on the token, or took it off, at the same time";
                return Err(self.cannot(step, reason).into());
            }
        }
        let (key, id) = (summary.proof.public_key, summary.proof.key.id);
        self.keep_key(step, key, &id, how)
    }

    /// Looks for a key that an interrupted run left on the token. Returns whether people adopt it.
    fn adopts_what_was_left(
        &mut self,
        step: &str,
        import: &ImportKey,
        pair: &KeyPairFile,
        session: &Session,
    ) -> Result<bool, WorkflowError> {
        let id = pair.public_key.key_identifier();
        let mut left = LeftKey::nothing(&import.label);
        // A key with another id does not belong to the pair. It can only be destroyed.
        match self.decide_about_left(step, &import.label, session, &|found| found.id == id)? {
            Some(Choice::AdoptKey) => return Ok(true),
            Some(_) => {
                left.had_name = true;
                self.destroy(session, &KeySelector::labelled(&import.label))?;
            }
            None => {}
        }
        self.with_log(|log| log.end_left(session, left))?;
        self.refuse_id(step, pair, session)?;
        Ok(false)
    }

    /// The pair's key under another label was not made by this step.
    fn refuse_id(&self, step: &str, pair: &KeyPairFile, session: &Session) -> Result<(), WorkflowError> {
        let selector = KeySelector::with_id(&pair.public_key.key_identifier());
        match session.private_keys(&selector)?.into_iter().next() {
            None => Ok(()),
            Some(found) => {
                let reason = format!("the key is on the token already: {found}");
                Err(self.cannot(step, reason).into())
            }
        }
    }
}
