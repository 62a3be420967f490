//! Checks what a ceremony needs from its tokens, as far as they report it without a login.

use std::collections::BTreeMap;

use super::objects::value;
use super::{CeremonyError, CeremonySource};
use crate::ceremony::{GenerateKey, ImportKey, Step, StepAction};
use crate::signer::KeyAlgorithm;
use crate::token::{KeyDescription, Session, Token};
use crate::workflow::{GenerateError, WorkflowError};

/// Refuses a step that makes a key if its token cannot hold that key: the token does not generate, import or sign with this key type, it is
/// write-protected, or it shows the label already. No login is needed. Objects that need a login to be seen are checked after the login.
///
/// # Errors
/// [`CeremonyError::TokenCannot`] with the step
pub fn check_tokens(source: &CeremonySource, tokens: &BTreeMap<String, Token>) -> Result<(), WorkflowError> {
    for step in &source.file.steps {
        if let Some(token) = step.action.token().and_then(|name| tokens.get(name)) {
            check_token(step, source, token)?;
        }
    }
    Ok(())
}

pub(super) fn check_token(step: &Step, source: &CeremonySource, token: &Token) -> Result<(), WorkflowError> {
    let Some(label) = label_of(&step.action) else {
        return Ok(());
    };
    let refuse = |cause: WorkflowError| cannot(&step.id, cause);
    token.check_writable().map_err(|error| refuse(error.into()))?;
    match &step.action {
        StepAction::GenerateKey(GenerateKey { key_type, .. }) => {
            let kind = key_type.parse::<KeyAlgorithm>();
            let kind = kind.map_err(|error| value(&step.id, "type", error.to_string()))?;
            token
                .check_generation(kind)
                .map_err(|error| refuse(error.into()))?;
        }
        StepAction::ImportKey(import) => {
            let kind = source.inputs.pair_of(&step.id, import)?.spec.algorithm();
            token.choose_route(kind).map_err(|error| refuse(error.into()))?;
        }
        _ => {}
    }
    // Some tokens show nothing before a login. For these, the search after the login finds the label.
    let session = token.open().map_err(|error| refuse(error.into()))?;
    match session.keys_labelled(label) {
        Ok(found) => refuse_found(label, found.into_iter().next()).map_err(refuse),
        Err(_) => Ok(()),
    }
}

/// The label of the key that a step makes.
fn label_of(action: &StepAction) -> Option<&str> {
    match action {
        StepAction::GenerateKey(GenerateKey { label, .. })
        | StepAction::ImportKey(ImportKey { label, .. }) => Some(label),
        _ => None,
    }
}

/// Refuses if either half of another key has the label.
pub(super) fn refuse_label(session: &Session, label: &str) -> Result<(), WorkflowError> {
    refuse_found(label, session.keys_labelled(label)?.into_iter().next())
}

fn refuse_found(label: &str, found: Option<KeyDescription>) -> Result<(), WorkflowError> {
    match found {
        None => Ok(()),
        Some(found) => Err(GenerateError::LabelTaken {
            label: label.to_owned(),
            found,
        }
        .into()),
    }
}

pub(super) fn cannot(step: &str, cause: WorkflowError) -> WorkflowError {
    CeremonyError::TokenCannot {
        step: step.to_owned(),
        cause: Box::new(cause),
    }
    .into()
}
