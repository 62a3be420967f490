//! `kms import`: a KMS-generated key pair into the token.

use super::error::LeftBehind;
use super::proof::Failed;
use super::{KeyProof, Progress, ProofKind, WorkflowError, prove_key};
use crate::kms::{KeyPairDecryptor, KeyPairFile};
use crate::secret::{MemoryGuard, PrivateKeyDer};
use crate::token::{ImportRoute, ImportedKey, KeyDescription, KeySelector, PrivateKey, Session, WrappingKey};

/// What to import, and under which name.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The pair.
    pub pair: KeyPairFile,
    /// `CKA_LABEL` of both objects.
    pub label: String,
    /// How the key gets into the token.
    pub route: ImportRoute,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The key was decrypted and unwrapped into the token.
    Imported {
        /// How.
        route: ImportRoute,
        /// Whether all of the process's memory was kept from swap, or the key's own pages only.
        all_memory_locked: bool,
    },
    /// The key was on the token; it was checked again and nothing was decrypted.
    AlreadyThere {
        /// True if its public-key object was missing and has been added: an import that was cut off.
        completed: bool,
    },
}

/// The key on the token, proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSummary {
    /// The key and its public half.
    pub proof: KeyProof,
    /// What was done.
    pub outcome: ImportOutcome,
}

/// Decrypts the private key of a pair and unwraps it into the token, or finds it there; either way the key then proves that
/// it is the pair's, that it can only sign, and that it does sign.
///
/// # Errors
/// [`WorkflowError`]; unless it says otherwise, the token is as it was.
pub fn import_key_pair(
    session: &Session,
    decryptor: &dyn KeyPairDecryptor,
    request: &ImportRequest,
    progress: &dyn Progress,
) -> Result<ImportSummary, WorkflowError> {
    session.token().check_writable()?;
    if let Some(existing) = find_existing(session, request)? {
        progress.step("the key is on the token already, checking it again");
        return check_existing(session, request, existing);
    }

    progress.step("generating a wrapping key on the token");
    let wrapping = WrappingKey::generate(session, request.route)?;
    let guard = MemoryGuard::engage().map_err(WorkflowError::Memory)?;
    progress.step("KMS decrypts the private key");
    let private_key = decryptor.decrypt(&request.pair, &guard)?;
    check_decrypted(&private_key, &request.pair)?;

    progress.step("unwrapping it into the token");
    let imported = wrapping.import(private_key, &request.pair.public_key, &request.label)?;
    progress.step("proving the key on the token");
    let proof = prove_or_destroy(session, request, imported)?;
    let outcome = ImportOutcome::Imported {
        route: request.route,
        all_memory_locked: guard.locks_everything(),
    };
    Ok(ImportSummary { proof, outcome })
}

/// The key that has the label and the pair's key identifier. A label on another key, or the key under another label, is
/// refused: neither is what the operator thinks it is.
fn find_existing(
    session: &Session,
    request: &ImportRequest,
) -> Result<Option<KeyDescription>, WorkflowError> {
    let id = request.pair.public_key.key_identifier();
    let labelled = session.private_keys(&KeySelector::labelled(&request.label))?;
    let (same, other): (Vec<_>, Vec<_>) = labelled.into_iter().partition(|key| key.id == id);
    if let Some(found) = other.into_iter().next() {
        return Err(WorkflowError::LabelTaken {
            label: request.label.clone(),
            found,
        });
    }
    if let Some(found) = same.into_iter().next() {
        return Ok(Some(found));
    }
    match session
        .private_keys(&KeySelector::with_id(&id))?
        .into_iter()
        .next()
    {
        Some(found) => Err(WorkflowError::OtherLabel {
            label: request.label.clone(),
            found,
        }),
        None => Ok(None),
    }
}

/// An import that was cut off between its two objects leaves a private key alone; it is completed once the key has proven,
/// by signing, that it is the pair's.
fn check_existing(
    session: &Session,
    request: &ImportRequest,
    existing: KeyDescription,
) -> Result<ImportSummary, WorkflowError> {
    let untouched = |(proof, reason): Failed| WorkflowError::Proof {
        proof,
        reason,
        left: LeftBehind::Untouched,
    };
    let expected = &request.pair.public_key;
    let completed = !session.has_public_object(&existing)?;
    let key = if completed {
        session.private_key_with_public(&existing, expected)?
    } else {
        session.private_key(&KeySelector::with_id(&existing.id))?
    };
    let proof = prove_key(session, key.clone(), expected).map_err(untouched)?;
    if completed {
        session.complete_public_object(&key)?;
    }
    Ok(ImportSummary {
        proof,
        outcome: ImportOutcome::AlreadyThere { completed },
    })
}

/// The first proof, before anything reaches the token.
fn check_decrypted(private_key: &PrivateKeyDer, pair: &KeyPairFile) -> Result<(), WorkflowError> {
    let derived = private_key
        .derive_public_key(pair.spec.algorithm())
        .map_err(WorkflowError::PrivateKey)?;
    if derived == pair.public_key {
        return Ok(());
    }
    Err(WorkflowError::Proof {
        proof: ProofKind::DecryptedKey,
        reason: "the PublicKey in the pair file belongs to another private key".to_owned(),
        left: LeftBehind::NothingImported,
    })
}

fn prove_or_destroy(
    session: &Session,
    request: &ImportRequest,
    mut imported: ImportedKey,
) -> Result<KeyProof, WorkflowError> {
    match prove_imported(session, request, &mut imported) {
        Ok(proof) => {
            imported.keep();
            Ok(proof)
        }
        Err((proof, reason)) => {
            let left = match imported.destroy(session) {
                Ok(()) => LeftBehind::Destroyed,
                Err(error) => LeftBehind::StillThere {
                    reason: error.to_string(),
                },
            };
            Err(WorkflowError::Proof { proof, reason, left })
        }
    }
}

fn prove_imported(
    session: &Session,
    request: &ImportRequest,
    imported: &mut ImportedKey,
) -> Result<KeyProof, Failed> {
    let expected = &request.pair.public_key;
    let failed = |error: crate::token::TokenError| (ProofKind::TokenKey, error.to_string());
    imported
        .add_public_object(session, expected, &request.label)
        .map_err(failed)?;
    if imported.read_public_object(session).map_err(failed)?.as_ref() != Some(expected) {
        return Err((
            ProofKind::TokenKey,
            "the public-key object reads back differently".to_owned(),
        ));
    }
    let key: PrivateKey = imported.read_back(session).map_err(failed)?;
    if key.description.id != expected.key_identifier() || key.description.label != request.label {
        return Err((
            ProofKind::Attributes,
            "CKA_LABEL or CKA_ID read back differently".to_owned(),
        ));
    }
    prove_key(session, key, expected)
}
