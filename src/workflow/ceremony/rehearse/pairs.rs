//! Stand-ins for KMS key pairs. The import step runs the same code as on the day, and nothing is sent to KMS.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::RehearsalError;
use crate::ceremony::{Digest, StepAction};
use crate::kms::{AttestationDocument, KeyPairDecryptor, KeyPairFile, KmsError, RecipientEnvelope};
use crate::output::{Encoding, Verified};
use crate::secret::{MemoryGuard, PracticeKeyPair, PrivateKeyDer};
use crate::signer::PublicKey;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::{CeremonyDecryptors, CeremonySource};

/// Replaces the ciphertext from KMS. It contains no key, so the practice's file reveals nothing.
const CIPHERTEXT: &[u8] = b"hsm-ca practice: no ciphertext of KMS, and no key";

/// A pair file of a rehearsal, with its private key in this process. An import step sees it as KMS.
#[derive(Clone, Debug)]
pub(super) struct PracticePair {
    /// The public key of the ceremony's own pair.
    pub(super) real: PublicKey,
    /// The pair file of the practice.
    pub(super) pair: KeyPairFile,
    key: Rc<PracticeKeyPair>,
}

/// One stand-in for each pair that the ceremony imports.
pub(super) struct PracticePairs {
    pairs: Vec<PracticePair>,
    /// The index in `pairs` and the token, by step.
    steps: BTreeMap<String, (usize, String)>,
}

impl PracticePairs {
    /// Makes a key pair of the same spec for each pair of the ceremony. A pair that is imported twice gets one stand-in.
    pub(super) fn make(source: &CeremonySource) -> Result<Self, WorkflowError> {
        let mut made = Self {
            pairs: Vec::new(),
            steps: BTreeMap::new(),
        };
        for planned in source.pairs()? {
            let real = &planned.pair.public_key;
            let found = made
                .pairs
                .iter()
                .position(|other| other.real.has_numbers_of(real));
            let place = match found {
                Some(place) => place,
                None => {
                    made.pairs.push(PracticePair::for_pair(&planned.pair)?);
                    made.pairs.len() - 1
                }
            };
            made.steps.insert(planned.step, (place, planned.token));
        }
        Ok(made)
    }

    /// The stand-in for the pair with this public key.
    pub(super) fn stand_in_for(&self, real: &PublicKey) -> Option<&PracticePair> {
        self.pairs.iter().find(|pair| pair.real.has_numbers_of(real))
    }

    /// Whether a step imports the pair into the token.
    pub(super) fn comes_to(&self, pair: &PracticePair, token: &str) -> bool {
        let mut steps = self.steps.values();
        steps.any(|(place, to)| to == token && self.pairs.get(*place).is_some_and(|other| other.is(pair)))
    }

    /// The decryptors that the run uses in place of KMS.
    pub(super) fn decryptors(&self) -> CeremonyDecryptors {
        let mut decryptors = CeremonyDecryptors::new();
        for (step, (place, _)) in &self.steps {
            if let Some(pair) = self.pairs.get(*place) {
                decryptors.insert(step.clone(), Box::new(pair.clone()));
            }
        }
        decryptors
    }

    /// The only public key that each step accepts, if its file names one.
    pub(super) fn pins(&self, source: &CeremonySource) -> BTreeMap<String, Digest> {
        let mut pins = BTreeMap::new();
        for step in &source.file.steps {
            if let StepAction::ImportKey(import) = &step.action
                && import.expect.is_some()
                && let Some((place, _)) = self.steps.get(&step.id)
                && let Some(pair) = self.pairs.get(*place)
            {
                pins.insert(step.id.clone(), Digest::of(pair.pair.public_key.der()));
            }
        }
        pins
    }
}

impl PracticePair {
    fn for_pair(real: &KeyPairFile) -> Result<Self, WorkflowError> {
        let guard = MemoryGuard::engage()?;
        let key = PracticeKeyPair::generate(&guard, real.spec.algorithm());
        let key = key.map_err(|cause| RehearsalError::PracticeKey {
            reason: cause.to_string(),
        })?;
        Ok(Self {
            real: real.public_key.clone(),
            pair: KeyPairFile {
                private_key_ciphertext: CIPHERTEXT.to_vec(),
                public_key: key.public_key().clone(),
                ..real.clone()
            },
            key: Rc::new(key),
        })
    }

    /// The pair file, as `kms generate-key-pair` writes it.
    pub(super) fn file(&self) -> Vec<u8> {
        self.pair.content(Encoding::Pem)
    }

    fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.key, &other.key)
    }

    /// Like KMS, decrypts only its own ciphertext, under the encryption context of the pair.
    fn require(&self, pair: &KeyPairFile) -> Result<(), KmsError> {
        match *pair == self.pair {
            true => Ok(()),
            false => Err(KmsError::InvalidCiphertext {
                with_context: !pair.encryption_context.is_empty(),
            }),
        }
    }
}

impl KeyPairDecryptor for PracticePair {
    fn rehearse_decrypt(&self, pair: &KeyPairFile) -> Result<(), KmsError> {
        self.require(pair)
    }

    fn decrypt(&self, pair: &KeyPairFile, guard: &MemoryGuard) -> Result<PrivateKeyDer, KmsError> {
        self.require(pair)?;
        self.key.private_key(guard).map_err(KmsError::Memory)
    }

    /// A ceremony does not use the sealed route.
    fn decrypt_for_recipient(
        &self,
        _: &KeyPairFile,
        _: &AttestationDocument,
    ) -> Result<RecipientEnvelope, KmsError> {
        Err(KmsError::Service {
            operation: "Decrypt",
            code: "Rehearsal".to_owned(),
            message: "a rehearsal has no sealed route".to_owned(),
        })
    }
}
