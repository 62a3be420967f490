//! `key generate`: the token generates a key pair, which must pass its proofs before it gets its label.

mod error;

pub use error::GenerateError;

use std::path::PathBuf;

use super::error::LeftBehind;
use super::key_lock::KeyLock;
use super::{KeyLog, KeyProof, Progress, ProofKind, Step, Unproven, WorkflowError, prove_key};
use crate::ledger::{EntryId, KeyAct, LedgerError};
use crate::signer::{KeyAlgorithm, KeySearch, PublicKey};
use crate::token::{KeyDescription, KeySelector, NewKey, Session, UNFINISHED_LABEL};

/// 65537, as requested from the token (NIST SP 800-89 section 5.3.3 requires at least this).
const EXPONENT: &[u8] = &[1, 0, 1];

/// A key that is requested.
#[derive(Clone, Debug)]
pub struct GenerateRequest {
    /// Its kind.
    pub algorithm: KeyAlgorithm,
    /// `CKA_LABEL` of both objects.
    pub label: String,
    /// Where this user's processes lock a token against each other: a directory that belongs to the user. `None` locks nothing.
    pub lock_directory: Option<PathBuf>,
}

/// A key that was generated on the token, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateSummary {
    /// The key and its public half.
    pub proof: KeyProof,
    /// What interrupted runs have left on the token.
    pub unfinished: Vec<KeyDescription>,
    /// The entry of the ledger, if a ledger is in use.
    pub recorded: Option<EntryId>,
}

/// How a generated key got to the token, in the ledger's words.
pub(super) const GENERATED: &str = "generated";

/// Has the token generate a key. Then proves that the key has the requested kind, has no known fault, never left the token, can only sign, and
/// does sign. The ledger records it before and after. A key that cannot be recorded is deleted from the token again.
///
/// # Errors
/// [`WorkflowError`]; unless it says otherwise, the token is unchanged.
pub fn generate_key(
    session: &Session,
    request: &GenerateRequest,
    log: &mut KeyLog,
    progress: &dyn Progress,
) -> Result<GenerateSummary, WorkflowError> {
    let token = session.token();
    token.check_writable()?;
    token.check_generation(request.algorithm)?;
    let _alone = KeyLock::take(token.description(), request.lock_directory.as_deref(), || {
        progress.step(&Step::WaitForKeyLock);
    })?;
    refuse_label(session, &request.label)?;
    let unfinished = session.keys_labelled(UNFINISHED_LABEL)?;
    let recorded = log.begin(session, KeyAct::Generate, &request.label, Some(GENERATED), None)?;
    let generated = generate_and_prove(session, request, progress).and_then(|(proof, new)| {
        match log.complete(recorded, &proof.key, Some(&proof.public_key)) {
            Ok(()) => {
                new.keep();
                Ok(proof)
            }
            Err(cause) => Err(Failure::Unrecorded(cause).after(&request.label, new)),
        }
    });
    let proof = generated.inspect_err(|error| log.fail(recorded, &error.to_string()))?;
    Ok(GenerateSummary {
        proof,
        unfinished,
        recorded,
    })
}

/// A key that is destroyed when it is dropped, with its proof.
fn generate_and_prove<'a>(
    session: &'a Session,
    request: &GenerateRequest,
    progress: &dyn Progress,
) -> Result<(KeyProof, NewKey<'a>), WorkflowError> {
    progress.step(&Step::GenerateKey {
        algorithm: request.algorithm,
    });
    let new = session.generate_key_pair(request.algorithm, &request.label)?;
    progress.step(&Step::ProveKey);
    match prove_generated(session, request, &new) {
        Ok(proof) => Ok((proof, new)),
        Err(failure) => Err(failure.after(&request.label, new)),
    }
}

/// Refuses a label that either half of another key has: a later user must not get the wrong key.
fn refuse_label(session: &Session, label: &str) -> Result<(), WorkflowError> {
    match session.keys_labelled(label)?.into_iter().next() {
        None => Ok(()),
        Some(found) => Err(GenerateError::LabelTaken {
            label: label.to_owned(),
            found,
        }
        .into()),
    }
}

enum Failure {
    Unproven(Unproven),
    Twice,
    Unrecorded(LedgerError),
}

impl From<Unproven> for Failure {
    fn from(unproven: Unproven) -> Self {
        Self::Unproven(unproven)
    }
}

impl Failure {
    /// Destroys the key on the token, and reports both errors.
    fn after(self, label: &str, new: NewKey<'_>) -> WorkflowError {
        let left = match new.destroy() {
            Ok(()) => LeftBehind::Destroyed,
            Err(error) => LeftBehind::StillThere {
                reason: error.to_string(),
            },
        };
        let label = label.to_owned();
        match self {
            Self::Unproven(unproven) => GenerateError::Unproven { unproven, left }.into(),
            Self::Twice => GenerateError::Twice { label, left }.into(),
            Self::Unrecorded(cause) => WorkflowError::UnrecordedKey { label, cause, left },
        }
    }
}

fn prove_generated(
    session: &Session,
    request: &GenerateRequest,
    new: &NewKey<'_>,
) -> Result<KeyProof, Failure> {
    let unread = Unproven::token(ProofKind::GeneratedKey);
    let public_key = new.read_public_object().map_err(&unread)?.ok_or_else(|| {
        Unproven::found(
            ProofKind::GeneratedKey,
            "its public-key object contains no public key",
        )
    })?;
    check_kind(request.algorithm, &public_key)?;
    let key = new.read_back().map_err(&unread)?;
    if let Some(unfit) = session.unfit_for_a_generated_key(&key.description.attributes) {
        return Err(Unproven::found(ProofKind::Attributes, unfit.to_string()).into());
    }
    prove_key(session, key, &public_key)?;

    let unnamed = Unproven::token(ProofKind::Attributes);
    new.name(&request.label, &public_key.key_identifier())
        .map_err(&unnamed)?;
    let named = new.read_back().map_err(&unnamed)?;
    if named.public_key != public_key
        || new.read_public_object().map_err(&unnamed)?.as_ref() != Some(&public_key)
    {
        let found = "under its new name it reads back as a different key";
        return Err(Unproven::found(ProofKind::GeneratedKey, found).into());
    }
    let key = named.description;
    let is_named = !session.renames_keys() || key.id == public_key.key_identifier();
    if key.label != request.label || !is_named {
        return Err(
            Unproven::found(ProofKind::Attributes, "CKA_LABEL or CKA_ID read back differently").into(),
        );
    }
    for selector in [KeySelector::labelled(&key.label), KeySelector::with_id(&key.id)] {
        // Another process, on another machine, may have made one in between.
        if session.private_keys(&selector).map_err(&unnamed)?.len() != 1 {
            return Err(Failure::Twice);
        }
    }
    Ok(KeyProof { key, public_key })
}

/// Proves a key that an interrupted run generated and that the operator wants to keep: its kind, no known fault, never outside the token, can
/// only sign. If the token can rename keys, a key with its final label has already signed ([`generate_key`]) and does not sign again. On any
/// other token the label proves nothing, so the key signs now.
///
/// # Errors
/// [`WorkflowError`]; the key is not changed.
pub(super) fn prove_left_key(
    session: &Session,
    selector: &KeySelector,
    algorithm: KeyAlgorithm,
) -> Result<KeyProof, WorkflowError> {
    let key = session.private_key(selector)?;
    let public_key = key.public_key.clone();
    let prove = || {
        if let Some(unfit) = session.unfit_for_a_generated_key(&key.description.attributes) {
            return Err(Unproven::found(ProofKind::Attributes, unfit.to_string()));
        }
        check_kind(algorithm, &public_key)?;
        match session.renames_keys() {
            true => Ok(KeyProof {
                key: key.description,
                public_key,
            }),
            false => prove_key(session, key, &public_key),
        }
    };
    prove().map_err(|unproven| WorkflowError::Unproven {
        unproven,
        left: LeftBehind::Untouched,
    })
}

/// Checks that the key has the requested kind and no known fault.
fn check_kind(asked: KeyAlgorithm, public_key: &PublicKey) -> Result<(), Unproven> {
    let found = public_key.algorithm();
    let wrong = |found: String| Err(Unproven::found(ProofKind::GeneratedKey, found));
    if found != asked {
        return wrong(format!("it is an {found} key, but {asked} was requested"));
    }
    if asked.rsa_bits().is_some() && public_key.rsa_integers().map(|(_, exponent)| exponent) != Some(EXPONENT)
    {
        return wrong("its public exponent is not 65537".to_owned());
    }
    match public_key.find_fault(KeySearch::Short) {
        None => Ok(()),
        Some(fault) => wrong(fault.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: KeyAlgorithm = KeyAlgorithm::Rsa { bits: 2048 };

    /// The reason for which a key with these numbers would be destroyed again.
    fn refusal(asked: KeyAlgorithm, modulus: [u8; 256], exponent: &[u8]) -> String {
        let key = PublicKey::from_rsa(&modulus, exponent).unwrap();
        check_kind(asked, &key).unwrap_err().to_string()
    }

    #[test]
    fn a_key_of_another_kind_or_an_unsound_one_is_refused() {
        // 2²⁰⁴⁸ - 1 is a multiple of 3.
        let ones = [0xff; 256];
        assert!(refusal(RSA, ones, EXPONENT).ends_with("3 divides the modulus"));
        assert!(refusal(RSA, ones, &[3]).ends_with("its public exponent is not 65537"));
        assert!(refusal(RSA, ones, &[1, 0, 3]).ends_with("its public exponent is not 65537"));
        let other = KeyAlgorithm::Rsa { bits: 3072 };
        assert!(
            refusal(other, ones, EXPONENT).ends_with("it is an RSA 2048 key, but RSA 3072 was requested")
        );
        assert!(refusal(KeyAlgorithm::Ed25519, ones, EXPONENT).contains("Ed25519 was requested"));
    }

    #[test]
    fn a_sound_key_is_accepted() {
        // RFC 8032 section 5.1: B, whose y is 4/5.
        let mut point = [0x66; 32];
        point[0] = 0x58;
        let key = PublicKey::from_ed25519(&point).unwrap();
        assert!(check_kind(KeyAlgorithm::Ed25519, &key).is_ok());
        let key = PublicKey::from_ed25519(&[7; 32]).unwrap();
        assert!(check_kind(KeyAlgorithm::Ed25519, &key).is_err());
    }
}
