//! How often each key signs.

use crate::ceremony::{CeremonyFile, CreateCa, Crl, CrossSign, GenerateKey, ImportKey, SignCsr, StepAction};

/// How often a key signs in one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBudget {
    /// The step that makes the key, or the input with its public half or certificate.
    pub key: String,
    /// Its token.
    pub token: String,
    /// Signatures over certificates and CRLs.
    pub signatures: usize,
    /// The signature that proves a new key.
    pub proofs: usize,
}

/// The signatures of each key, the same in each session.
pub(super) fn budget(file: &CeremonyFile) -> Vec<KeyBudget> {
    let mut budget: Vec<KeyBudget> = Vec::new();
    for step in &file.steps {
        let (key, token) = match &step.action {
            StepAction::GenerateKey(GenerateKey { token, .. })
            | StepAction::ImportKey(ImportKey { token, .. }) => {
                budget.push(KeyBudget {
                    key: step.id.clone(),
                    token: token.clone(),
                    signatures: 0,
                    proofs: 1,
                });
                continue;
            }
            StepAction::CreateCa(CreateCa { key, token, .. }) => (key.as_str(), token),
            StepAction::SignCsr(SignCsr { issuer, token, .. })
            | StepAction::CrossSign(CrossSign { issuer, token, .. })
            | StepAction::Crl(Crl { issuer, token, .. }) => (key_of(file, issuer), token),
            _ => continue,
        };
        match budget.iter_mut().find(|known| known.key == key) {
            Some(known) => known.signatures += 1,
            None => budget.push(KeyBudget {
                key: key.to_owned(),
                token: token.clone().unwrap_or_default(),
                signatures: 1,
                proofs: 0,
            }),
        }
    }
    budget
}

/// The key of a CA that this ceremony makes; the input itself for one that it does not.
fn key_of<'a>(file: &'a CeremonyFile, issuer: &'a str) -> &'a str {
    match file.step(issuer).map(|step| &step.action) {
        Some(StepAction::CreateCa(create)) => &create.key,
        _ => issuer,
    }
}
