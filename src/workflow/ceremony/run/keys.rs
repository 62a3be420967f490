//! Makes and destroys keys on a token.

use std::collections::BTreeMap;

use super::{CeremonyRun, Question, RunError, Told};
use crate::ceremony::{Choice, DestroyKey, Digest, Event, GenerateKey, KeyOrigin, Octets, StepAction};
use crate::signer::{Hex, KeyAlgorithm, PublicKey};
use crate::token::{KeyDescription, KeySelector, Session, TokenError, UNFINISHED_LABEL};
use crate::workflow::ceremony::tokens;
use crate::workflow::generate::prove_left_key;
use crate::workflow::record::LeftKey;
use crate::workflow::{GenerateRequest, KeyLog, KeyProof, WorkflowError, delete_key, generate_key};

impl CeremonyRun<'_> {
    pub(super) fn generate_key(
        &mut self,
        step: &str,
        generate: &GenerateKey,
        sessions: &BTreeMap<String, &Session>,
    ) -> Result<(), WorkflowError> {
        let session = self.session_of(step, &generate.token, sessions)?;
        let course = self.course.borrow().step(step);
        if let Some(made) = course.key {
            let key = PublicKey::from_der(&made.public_key.0).map_err(|error| self.cannot(step, error))?;
            self.made_keys.insert(step.to_owned(), key);
            return Ok(());
        }
        let algorithm: KeyAlgorithm = generate
            .key_type
            .parse()
            .map_err(|error| self.cannot(step, error))?;
        session.token().check_writable()?;
        session.token().check_generation(algorithm)?;
        // After an interruption, a key with this label may belong to this step. Before the step begins, it never does.
        if !course.key_begun {
            self.refuse_label(step, &generate.label, session)?;
        }
        self.type_words(step)?;
        if course.key_begun && self.take_what_was_left(step, generate, algorithm, session)? {
            return Ok(());
        }
        self.record(Event::KeyBegin {
            step: step.to_owned(),
            token: generate.token.clone(),
            label: generate.label.clone(),
        })?;
        let request = GenerateRequest {
            algorithm,
            label: generate.label.clone(),
            lock_directory: self.request.lock_directory.clone(),
        };
        let progress = self.progress;
        let summary = self.with_log(|log| generate_key(session, &request, log, progress))?;
        let (key, id) = (summary.proof.public_key, summary.proof.key.id);
        self.keep_key(step, key, &id, KeyOrigin::Generated)
    }

    /// Looks for a key that an interrupted run left, and asks people what to do with it. Returns whether that completes the step.
    fn take_what_was_left(
        &mut self,
        step: &str,
        generate: &GenerateKey,
        algorithm: KeyAlgorithm,
        session: &Session,
    ) -> Result<bool, WorkflowError> {
        let mut left = LeftKey::nothing(&generate.label);
        // An interrupted run may have destroyed only the private half.
        let unnamed = session.keys_labelled(UNFINISHED_LABEL)?;
        if let Some(found) = unnamed.first() {
            left.had_none = true;
            self.found(step, found);
            self.decide(step, &[Choice::DestroyKey])?;
            self.destroy(session, &KeySelector::with_id(&found.id))?;
        }
        let selector = KeySelector::labelled(&generate.label);
        match self.decide_about_left(step, &generate.label, session, &|_| true)? {
            Some(Choice::AdoptKey) => {}
            chosen => {
                left.had_name = chosen.is_some();
                if left.had_name {
                    self.destroy(session, &selector)?;
                }
                self.with_log(|log| log.end_left(session, left))?;
                return Ok(false);
            }
        }
        let proof = prove_left_key(session, &selector, algorithm)?;
        left.had_name = true;
        left.adopted = Some(&proof);
        self.with_log(|log| log.end_left(session, left))?;
        let KeyProof { key, public_key } = proof;
        self.keep_key(step, public_key, &key.id, KeyOrigin::Adopted)?;
        Ok(true)
    }

    /// Refuses if an object on the token already has the label of a key still to be made.
    pub(super) fn refuse_label(
        &self,
        step: &str,
        label: &str,
        session: &Session,
    ) -> Result<(), WorkflowError> {
        tokens::refuse_label(session, label).map_err(|error| tokens::cannot(step, error))
    }

    /// Checks this for every key still to be made, right after the login. Later, people would have worked in vain.
    pub(super) fn refuse_keys_there(
        &self,
        sessions: &BTreeMap<String, &Session>,
    ) -> Result<(), WorkflowError> {
        for step in &self.request.source.file.steps {
            if self.course.borrow().step(&step.id).key_begun {
                continue;
            }
            match &step.action {
                StepAction::GenerateKey(generate) => {
                    let session = self.session_of(&step.id, &generate.token, sessions)?;
                    self.refuse_label(&step.id, &generate.label, session)?;
                }
                StepAction::ImportKey(import) => {
                    let session = self.session_of(&step.id, &import.token, sessions)?;
                    self.refuse_imported(&step.id, import, session)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Shows people the objects with this label on the token, and asks what to do with them. Without any, does nothing.
    pub(super) fn decide_about_left(
        &self,
        step: &str,
        label: &str,
        session: &Session,
        may_adopt: &dyn Fn(&KeyDescription) -> bool,
    ) -> Result<Option<Choice>, WorkflowError> {
        let named = session.keys_labelled(label)?;
        let private = session.private_keys(&KeySelector::labelled(label))?;
        let (found, choices): (_, &[Choice]) = match (named.first(), private.as_slice()) {
            (None, _) => return Ok(None),
            (_, [found]) if may_adopt(found) => (found, &[Choice::AdoptKey, Choice::DestroyKey]),
            (Some(found), [] | [_]) => (found, &[Choice::DestroyKey]),
            (_, several) => {
                let reason = format!("{} keys on the token are labelled {label:?}", several.len());
                return Err(self.cannot(step, reason).into());
            }
        };
        self.found(step, found);
        self.decide(step, choices).map(Some)
    }

    pub(super) fn keep_key(
        &mut self,
        step: &str,
        key: PublicKey,
        id: &[u8],
        how: KeyOrigin,
    ) -> Result<(), WorkflowError> {
        self.record(Event::KeyEnd {
            step: step.to_owned(),
            how,
            public_key: Octets(key.der().to_vec()),
            id: Hex(id).to_string(),
        })?;
        let sha256 = Digest::of(key.der());
        self.room.tell(&Told::Key { step, sha256 });
        self.made_keys.insert(step.to_owned(), key);
        Ok(())
    }

    pub(super) fn destroy_key(
        &mut self,
        step: &str,
        destroy: &DestroyKey,
        sessions: &BTreeMap<String, &Session>,
    ) -> Result<(), WorkflowError> {
        let course = self.course.borrow().step(step);
        if course.destroyed {
            return Ok(());
        }
        let session = self.session_of(step, &destroy.token, sessions)?;
        let key = match self.made_keys.get(&destroy.key) {
            Some(key) => key.clone(),
            None => self.request.source.inputs.public_key(&destroy.key)?,
        };
        self.type_words(step)?;
        if !course.destroy_begun {
            self.record(Event::DestroyBegin {
                step: step.to_owned(),
                key: destroy.key.clone(),
            })?;
        }
        match session.private_key_for(&key) {
            Ok(found) => {
                let objects = session.key_objects(&KeySelector::with_id(&found.description.id))?;
                // Another key can have the same id.
                if objects.public_key() != Some(&key) {
                    return Err(self.cannot(step, "the key under its id is another one").into());
                }
                self.with_log(|log| {
                    delete_key(session, objects, log)?;
                    log.end_deletions(session, &key, true)
                })?;
            }
            Err(TokenError::NoKey { .. }) if course.destroy_begun => {
                // An interrupted run may already have destroyed the private key.
                session.left_public_objects(&key)?.destroy()?;
                self.with_log(|log| log.end_deletions(session, &key, false))?;
            }
            Err(error) => return Err(error.into()),
        }
        self.record(Event::DestroyEnd {
            step: step.to_owned(),
        })
    }

    pub(super) fn destroy(&mut self, session: &Session, selector: &KeySelector) -> Result<(), WorkflowError> {
        let objects = session.key_objects(selector)?;
        self.with_log(|log| delete_key(session, objects, log)).map(drop)
    }

    /// The ledger records the creation and deletion of keys.
    pub(super) fn with_log<T>(
        &mut self,
        work: impl FnOnce(&mut KeyLog) -> Result<T, WorkflowError>,
    ) -> Result<T, WorkflowError> {
        let mut log = match self.recorder.take() {
            Some(recorder) => KeyLog::of(recorder),
            None => KeyLog::nowhere(),
        };
        let outcome = work(&mut log);
        self.recorder = log.into_recorder();
        outcome
    }

    fn found(&self, step: &str, key: &KeyDescription) {
        let attributes = key.attributes.named().into_iter();
        let attributes: Vec<_> = attributes
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        self.room.tell(&Told::FoundKey {
            step,
            key: key.to_string(),
            attributes: attributes.join(" "),
        });
    }

    /// Asks people to choose, and records the choice with their names. Stopping is always a choice.
    pub(super) fn decide(&self, step: &str, choices: &[Choice]) -> Result<Choice, WorkflowError> {
        let mut chosen = None;
        self.retry("a decision", |run| {
            let answer = run.ask(&Question::Decide { step, choices })?;
            let answer = answer.trim();
            if answer.eq_ignore_ascii_case("stop") {
                let step = step.to_owned();
                return Err(RunError::Halted { step }.into());
            }
            chosen = choices.iter().find(|choice| choice.word() == answer).copied();
            match chosen {
                Some(_) => Ok(Ok(())),
                None => Ok(Err(format!("{answer:?} is not one of the choices"))),
            }
        })?;
        let choice = chosen.ok_or(RunError::WrongAnswer { asked: "a decision" })?;
        let people = self.ask_who_decided(&self.deciders(step))?;
        self.record(Event::Decision {
            step: step.to_owned(),
            choice,
            people,
        })?;
        self.deviation(format!("step {step:?}: people chose {}", choice.word()))?;
        Ok(choice)
    }

    pub(super) fn session_of<'s>(
        &self,
        step: &str,
        token: &str,
        sessions: &BTreeMap<String, &'s Session>,
    ) -> Result<&'s Session, WorkflowError> {
        let session = sessions.get(token).copied();
        session.ok_or_else(|| {
            self.cannot(step, format!("nobody is logged in to token {token:?}"))
                .into()
        })
    }

    pub(super) fn cannot(&self, step: &str, reason: impl ToString) -> RunError {
        RunError::CannotDo {
            step: step.to_owned(),
            reason: reason.to_string(),
        }
    }
}
