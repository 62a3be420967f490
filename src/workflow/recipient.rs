//! `kms recipient-key`: the token's recipient key, to which KMS encrypts on the sealed route.

use super::error::LeftBehind;
use super::generate::GENERATED;
use super::{Delivered, Delivery, KeyLog, Progress, Step, WorkflowError};
use crate::ledger::KeyAct;
use crate::signer::PublicKey;
use crate::token::{ImportRoute, KeyDescription, RECIPIENT_LABEL, RecipientKey, Session};
use crate::x509::PublicKeyFile;

/// The recipient key, and where its public half was delivered.
#[derive(Debug)]
pub struct RecipientSummary {
    /// The private half on the token.
    pub key: KeyDescription,
    /// The public half.
    pub public_key: PublicKey,
    /// False if it was already on the token.
    pub generated: bool,
    /// The file, or the content for the caller.
    pub delivered: Delivered,
}

/// Finds or generates the recipient key, and delivers its public half (DER `SubjectPublicKeyInfo`) for the attestation document. If `delivery`
/// cannot be written, this fails before a key is generated.
///
/// # Errors
/// [`WorkflowError`]. A key that was generated and is not needed is destroyed again.
pub fn prepare_recipient(
    session: &Session,
    delivery: &Delivery,
    log: &mut KeyLog,
    progress: &dyn Progress,
) -> Result<RecipientSummary, WorkflowError> {
    session.token().check_writable()?;
    session.token().check_any(ImportRoute::Sealed)?;
    let reserved = delivery.reserve()?;
    let found = session.recipient_key()?;
    let generated = found.is_none();
    let key = match found {
        Some(key) => key,
        None => {
            progress.step(&Step::GenerateRecipientKey);
            generate_recorded(session, log)?
        }
    };
    let description = key.description().clone();
    let public_key = key.public_key().clone();
    match reserved.deliver(&PublicKeyFile(public_key.clone())) {
        Ok(delivered) => Ok(RecipientSummary {
            key: description,
            public_key,
            generated,
            delivered,
        }),
        Err(error) => {
            if generated {
                destroy_recorded(session, key, log)?;
            }
            Err(error.into())
        }
    }
}

/// Destroys the recipient key on the token, and returns whether it existed.
///
/// # Errors
/// [`WorkflowError`]
pub fn delete_recipient(session: &Session, log: &mut KeyLog) -> Result<bool, WorkflowError> {
    session.token().check_writable()?;
    match session.recipient_key()? {
        Some(key) => {
            destroy_recorded(session, key, log)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// Generates and records a recipient key. If it cannot be recorded, it is deleted from the token again.
fn generate_recorded<'a>(session: &'a Session, log: &mut KeyLog) -> Result<RecipientKey<'a>, WorkflowError> {
    let begun = log.begin(session, KeyAct::Generate, RECIPIENT_LABEL, Some(GENERATED), None)?;
    let key = session
        .generate_recipient_key()
        .inspect_err(|error| log.fail(begun, &error.to_string()))?;
    let Err(cause) = log.complete(begun, key.description(), Some(key.public_key())) else {
        return Ok(key);
    };
    let left = match key.destroy() {
        Ok(()) => LeftBehind::Destroyed,
        Err(error) => LeftBehind::StillThere {
            reason: error.to_string(),
        },
    };
    let label = RECIPIENT_LABEL.to_owned();
    Err(WorkflowError::UnrecordedKey { label, cause, left })
}

/// Deletes a recipient key from the token. The ledger records it before and after.
pub(super) fn destroy_recorded(
    session: &Session,
    key: RecipientKey<'_>,
    log: &mut KeyLog,
) -> Result<(), WorkflowError> {
    let (description, public_key) = (key.description().clone(), key.public_key().clone());
    let begun = log.begin(
        session,
        KeyAct::Delete,
        &description.label,
        None,
        Some(&public_key),
    )?;
    key.destroy()
        .inspect_err(|error| log.fail(begun, &error.to_string()))?;
    log.complete(begun, &description, Some(&public_key))
        .map_err(|cause| WorkflowError::UnrecordedDeletion { cause })
}
