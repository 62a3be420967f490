//! The KMS key pairs that a ceremony imports, and KMS itself. Everything that can fail there is tried before the ceremony.

use std::collections::BTreeMap;

use super::{CeremonyError, CeremonySource};
use crate::ceremony::{ImportKey, StepAction};
use crate::kms::{KeyPairDecryptor, KeyPairFile, KmsError};
use crate::workflow::{Progress, Step, WorkflowError};

/// The decryptor for the private key of each import step, by step name. This is KMS, if the build supports it.
pub type CeremonyDecryptors = BTreeMap<String, Box<dyn KeyPairDecryptor>>;

/// A key pair that a step imports.
#[derive(Clone, Debug)]
pub struct CeremonyPair {
    /// The step.
    pub step: String,
    /// The token that receives the key.
    pub token: String,
    /// The pair. Its public key is the one that the step accepts.
    pub pair: KeyPairFile,
}

impl CeremonySource {
    /// The pairs of all import steps, in the order of the steps.
    ///
    /// # Errors
    /// [`CeremonyError::InputContent`], [`CeremonyError::Pair`]
    pub fn pairs(&self) -> Result<Vec<CeremonyPair>, CeremonyError> {
        let mut pairs = Vec::new();
        for step in &self.file.steps {
            if let StepAction::ImportKey(import) = &step.action {
                pairs.push(CeremonyPair {
                    step: step.id.clone(),
                    token: import.token.clone(),
                    pair: self.inputs.pair_of(&step.id, import)?,
                });
            }
        }
        Ok(pairs)
    }
}

impl super::CeremonyInputs {
    /// The pair of an import step. If the step names an expected public key, the pair must have it.
    pub(super) fn pair_of(&self, step: &str, import: &ImportKey) -> Result<KeyPairFile, CeremonyError> {
        let pair = self.pair(&import.pair)?;
        if let Some(expected) = &import.expect {
            pair.require(&expected.0.into()).map_err(about(step))?;
        }
        Ok(pair)
    }
}

/// Asks KMS whether it would decrypt the private key of every pair. Nothing is decrypted.
///
/// # Errors
/// [`CeremonyError::NoKms`], [`CeremonyError::Pair`] with the step
pub fn rehearse_imports(
    source: &CeremonySource,
    decryptors: &CeremonyDecryptors,
    progress: &dyn Progress,
) -> Result<(), WorkflowError> {
    for CeremonyPair { step, pair, .. } in source.pairs()? {
        rehearse(&step, &pair, decryptors, progress)?;
    }
    Ok(())
}

pub(super) fn rehearse(
    step: &str,
    pair: &KeyPairFile,
    decryptors: &CeremonyDecryptors,
    progress: &dyn Progress,
) -> Result<(), CeremonyError> {
    let decryptor = find_decryptor(step, decryptors)?;
    progress.step(&Step::RehearseDecrypt { key: &pair.key_id });
    decryptor.rehearse_decrypt(pair).map_err(about(step))
}

pub(super) fn find_decryptor<'a>(
    step: &str,
    decryptors: &'a CeremonyDecryptors,
) -> Result<&'a dyn KeyPairDecryptor, CeremonyError> {
    let decryptor = decryptors.get(step).map(Box::as_ref);
    decryptor.ok_or_else(|| CeremonyError::NoKms {
        step: step.to_owned(),
    })
}

fn about(step: &str) -> impl FnOnce(KmsError) -> CeremonyError {
    let step = step.to_owned();
    move |cause| CeremonyError::Pair { step, cause }
}
