//! `kms import`: a KMS-generated key pair into the token.

use super::error::LeftBehind;
use super::{KeyProof, Progress, ProofKind, Unproven, WorkflowError, prove_key};
use crate::kms::{KeyPairDecryptor, KeyPairFile};
use crate::secret::{MemoryGuard, PrivateKeyDer};
use crate::token::{ImportRoute, ImportedKey, KeyDescription, KeySelector, Session, TokenError, WrappingKey};

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
    let _alone = session
        .token()
        .lock_imports(|| progress.step("another import on this machine is under way, waiting for it"))?;
    if let Some(existing) = find_existing(session, request)? {
        progress.step("the key is on the token already, checking it again");
        return check_existing(session, request, &existing);
    }

    progress.step("generating a wrapping key on the token");
    let wrapping = WrappingKey::generate(session, request.route)?;
    // Generating takes long enough for another import of the same pair to come in between.
    if find_existing(session, request)?.is_some() {
        return Err(WorkflowError::ImportedTwice {
            label: request.label.clone(),
            left: LeftBehind::NothingImported,
        });
    }
    let guard = MemoryGuard::engage()?;
    let all_memory_locked = guard.lock_everything();
    progress.step("KMS decrypts the private key");
    let private_key = decryptor.decrypt(&request.pair, &guard)?;
    check_decrypted(&private_key, &request.pair)?;

    progress.step("unwrapping it into the token");
    let imported = wrapping.import(private_key, &request.pair.public_key, &request.label)?;
    progress.step("proving the key on the token");
    let proof = prove_or_destroy(session, request, imported)?;
    Ok(ImportSummary {
        proof,
        outcome: ImportOutcome::Imported {
            route: request.route,
            all_memory_locked,
        },
    })
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
    existing: &KeyDescription,
) -> Result<ImportSummary, WorkflowError> {
    let unproven = |unproven| WorkflowError::Unproven {
        unproven,
        left: LeftBehind::Untouched,
    };
    let expected = &request.pair.public_key;
    let public = session
        .public_object_of(existing)
        .map_err(Unproven::token(ProofKind::TokenKey))
        .map_err(unproven)?;
    if public.as_ref().is_some_and(|found| found != expected) {
        let found = "the public-key object beside it holds another key";
        return Err(unproven(Unproven::found(ProofKind::TokenKey, found)));
    }
    let completed = public.is_none();
    let key = match session.private_key(&KeySelector::with_id(&existing.id)) {
        // An EC private key tells its public half only through the object that is missing.
        Err(TokenError::NoPublicKey { .. }) if completed => {
            session.private_key_with_public(existing, expected)?
        }
        other => other?,
    };
    let proof = prove_key(session, key.clone(), expected).map_err(unproven)?;
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
    Err(WorkflowError::Unproven {
        unproven: Unproven::found(
            ProofKind::DecryptedKey,
            "the PublicKey in the pair file belongs to another private key",
        ),
        left: LeftBehind::NothingImported,
    })
}

fn prove_or_destroy(
    session: &Session,
    request: &ImportRequest,
    mut imported: ImportedKey<'_>,
) -> Result<KeyProof, WorkflowError> {
    let outcome = prove_imported(session, request, &mut imported)
        .map_err(Failure::Unproven)
        .and_then(|proof| only_one(session, request).map(|()| proof));
    let failure = match outcome {
        Ok(proof) => {
            imported.keep();
            return Ok(proof);
        }
        Err(failure) => failure,
    };
    let left = match imported.destroy() {
        Ok(()) => LeftBehind::Destroyed,
        Err(error) => LeftBehind::StillThere {
            reason: error.to_string(),
        },
    };
    Err(match failure {
        Failure::Unproven(unproven) => WorkflowError::Unproven { unproven, left },
        Failure::Twice => WorkflowError::ImportedTwice {
            label: request.label.clone(),
            left,
        },
    })
}

enum Failure {
    Unproven(Unproven),
    Twice,
}

/// Another import of the same pair may have run at the same time, unseen by [`find_existing`]. (SoftHSM 2.6.1 does not show a
/// process that has just written what another wrote a moment before; tokens with one state for all do.)
fn only_one(session: &Session, request: &ImportRequest) -> Result<(), Failure> {
    let id = request.pair.public_key.key_identifier();
    let found = session
        .private_keys(&KeySelector::with_id(&id))
        .map_err(Unproven::token(ProofKind::TokenKey))
        .map_err(Failure::Unproven)?;
    if found.len() == 1 {
        Ok(())
    } else {
        Err(Failure::Twice)
    }
}

fn prove_imported(
    session: &Session,
    request: &ImportRequest,
    imported: &mut ImportedKey<'_>,
) -> Result<KeyProof, Unproven> {
    let expected = &request.pair.public_key;
    let token = Unproven::token(ProofKind::TokenKey);
    imported
        .add_public_object(expected, &request.label)
        .map_err(&token)?;
    if imported.read_public_object().map_err(&token)?.as_ref() != Some(expected) {
        let found = "the public-key object reads back differently";
        return Err(Unproven::found(ProofKind::TokenKey, found));
    }
    let key = imported.read_back().map_err(&token)?;
    if key.description.id != expected.key_identifier() || key.description.label != request.label {
        let found = "CKA_LABEL or CKA_ID read back differently";
        return Err(Unproven::found(ProofKind::Attributes, found));
    }
    prove_key(session, key, expected)
}
