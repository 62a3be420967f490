//! Proofs of an imported key, from this run or an earlier one.

use super::error::LeftBehind;
use super::{ImportRequest, KeyProof, ProofKind, Unproven, WorkflowError, prove_key};
use crate::ledger::LedgerError;
use crate::token::{KeyDescription, KeySelector, NewKey, Session, TokenError};

/// Proves a key that is already there. An interrupted import may have left the private key alone. Once the key proves by signing that it is the
/// pair's, the public-key object is added. Returns whether it was.
pub(super) fn prove_present(
    session: &Session,
    request: &ImportRequest,
    existing: &KeyDescription,
) -> Result<(KeyProof, bool), WorkflowError> {
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
        let found = "its public-key object holds a different key";
        return Err(unproven(Unproven::found(ProofKind::TokenKey, found)));
    }
    let completed = public.is_none();
    let key = match session.private_key_by_names(&KeySelector::with_id(&existing.id)) {
        // The token reads an EC public key only from the object that is missing.
        Err(TokenError::NoPublicKey { .. }) if completed => {
            session.private_key_with_public(existing, expected)?
        }
        other => other?,
    };
    let proof = prove_key(session, key.clone(), expected).map_err(unproven)?;
    if completed {
        session.complete_public_object(&key)?;
    }
    Ok((proof, completed))
}

/// Proves and records a key that was just imported. Destroys it if that fails.
pub(super) fn prove_or_destroy(
    session: &Session,
    request: &ImportRequest,
    mut imported: NewKey<'_>,
    record: impl FnOnce(&KeyProof) -> Result<(), LedgerError>,
) -> Result<KeyProof, WorkflowError> {
    let outcome = prove_imported(session, request, &mut imported)
        .map_err(Failure::Unproven)
        .and_then(|proof| only_one(session, request).map(|()| proof))
        .and_then(|proof| record(&proof).map(|()| proof).map_err(Failure::Unrecorded));
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
        Failure::Unrecorded(cause) => WorkflowError::UnrecordedKey {
            label: request.label.clone(),
            cause,
            left,
        },
    })
}

enum Failure {
    Unproven(Unproven),
    Twice,
    Unrecorded(LedgerError),
}

/// Checks that only one import of this pair ran: another may have run at the same time, unseen by the first search. (SoftHSM 2.6.1 does not show
/// a process that has just written what another wrote a moment before; tokens with one shared state do.)
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
    imported: &mut NewKey<'_>,
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
