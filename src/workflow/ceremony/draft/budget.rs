//! Computes how many times each key signs.

use crate::ceremony::{CeremonyFile, GenerateKey, ImportKey, KeyBudget, StepAction};
use crate::workflow::ceremony::objects::signing_key;

/// The signatures of each key. They are the same in each session.
pub(in crate::workflow::ceremony) fn budget(file: &CeremonyFile) -> Vec<KeyBudget> {
    let mut budget: Vec<KeyBudget> = Vec::new();
    for step in &file.steps {
        if let StepAction::GenerateKey(GenerateKey { token, .. })
        | StepAction::ImportKey(ImportKey { token, .. }) = &step.action
        {
            budget.push(KeyBudget {
                key: step.id.clone(),
                token: token.clone(),
                signatures: 0,
                proofs: 1,
            });
        }
        let Some(key) = signing_key(file, step) else {
            continue;
        };
        match budget.iter_mut().find(|known| known.key == key) {
            Some(known) => known.signatures += 1,
            None => budget.push(KeyBudget {
                key: key.to_owned(),
                token: step.action.token().unwrap_or_default().to_owned(),
                signatures: 1,
                proofs: 0,
            }),
        }
    }
    budget
}
